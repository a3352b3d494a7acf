/* Closed-form ridge regression on look-back windows; see the header for the model.
 *
 * Everything is computed from sums over windows (ridge_moments.h). Hoerl & Kennard (1970), Technometrics
 * 12(1), eq. 2.1; as a forecaster of long horizons: Toner & Darlow (2024), An Analysis of Linear Time Series
 * Forecasting Models, section 4. */
#include "models/ridge.h"

#include "models/gaussian.h"
#include "models/ridge_choice.h"
#include "models/ridge_solve.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>

/* trace((G + alpha P)^-1 G) = width - alpha |P^1/2 U^-1|^2 for the Cholesky factor U, which is overwritten.
 */
static double effective_parameters(double *factor, double alpha, const double *penalty, size_t width)
{
    int n = (int)width;
    double sum = 0;
    LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'L', 'N', n, factor, n);
    for (size_t i = 0; i < width; i++)
        for (size_t j = i; j < width; j++) sum += penalty[i] * factor[i * width + j] * factor[i * width + j];
    return fmin(fmax((double)width - alpha * sum, 0), (double)width);
}

size_t ssmi_ridge_width(const ssmi_ridge *ridge)
{
    return ridge->lookback + ridge->n_parts;
}

void ssmi_ridge_held(size_t *from, size_t *to, const ssmi_ridge_task *task, size_t i)
{
    const size_t length = task->panel[i].length, size = length / (task->n_folds > 1 ? task->n_folds : 1);
    const size_t held = task->n_validation < length ? task->n_validation : 0;
    const int folded = task->n_folds > 1;
    *from = folded ? task->fold * size : length - held;
    *to = folded && task->fold + 1 < task->n_folds ? *from + size : length;
}

void ssmi_ridge_lean(ssmi_ridge *ridge)
{
    const size_t L = ridge->lookback, H = ridge->horizon, season = ridge->season;
    if (season == 0) return;
    for (size_t i = 0; i < ssmi_ridge_width(ridge) * H; i++) ridge->weight[i] *= 1 - ridge->share;
    for (size_t h = 0; h < H; h++) ridge->weight[(L - season + h % season) * H + h] += ridge->share;
}

/* Solves one part; weight (lookback + 1, horizon) in tmp. alpha and n_windows become those of the sums. */
static ssm_status solve_part(double **weight, ssmi_ridge_part *part, double *freedom,
                             const ssmi_ridge_task *task, ssm_arena *tmp)
{
    ssmi_ridge_sums sums;
    ssmi_ridge_moments moments;
    const ssmi_ridge_range range = task->refit_all ? SSMI_RIDGE_ALL : SSMI_RIDGE_TRAINING;
    SSMI_TRY(ssmi_ridge_sum_windows(&sums, task, part->lookback, range, tmp));
    if (sums.n_windows == 0) return ssmi_fail(tmp->ctx, SSM_E_DATA, "no window is left to learn from");
    SSMI_TRY(ssmi_ridge_centre_sums(&moments, &sums, part->centre, 1, tmp));
    double *factor = ssmi_arena_alloc(tmp, moments.width, moments.width * sizeof(double));
    double *penalty = SSMI_ALLOC(tmp, double, moments.width);
    *weight = ssmi_arena_alloc(tmp, moments.width, task->horizon * sizeof(double));
    if (factor == NULL || penalty == NULL || *weight == NULL) return SSM_E_MEMORY;
    ssmi_ridge_penalty(penalty, part->lookback, task->fade);
    if (!(task->alpha > 0)) part->alpha *= (double)sums.n_windows / (double)part->n_windows;
    part->n_windows = sums.n_windows;
    SSMI_TRY(ssmi_ridge_solve(*weight, factor, &part->alpha, penalty, &moments, tmp->ctx));
    *freedom = fmax(*freedom, effective_parameters(factor, part->alpha, penalty, moments.width));
    return SSM_OK;
}

/* Writes the centre into the weights (lookback, horizon) of a part, so that c + W'(w - c) = M'w: what the
 * columns of W lack to one goes to the last row, or in equal parts to all. */
static void absorb_centre(double *weight, const ssmi_ridge_part *part, size_t H)
{
    const size_t L = part->lookback, first = part->centre == SSMI_RIDGE_LAST ? L - 1 : 0;
    for (size_t h = 0; h < H; h++) {
        double rest = 1;
        for (size_t i = 0; i < L; i++) rest -= weight[i * H + h];
        for (size_t i = first; i < L; i++) weight[i * H + h] += rest / (double)(L - first);
    }
}

/* Adds part k to the map, at the end of the window. */
static void add_part(ssmi_ridge *ridge, size_t k, const double *weight)
{
    const size_t L = ridge->part[k].lookback, H = ridge->horizon;
    double *rows = ridge->weight + (ridge->lookback - L) * H,
           *spread = ridge->weight + (ridge->lookback + k) * H;
    const double share = 1 / (double)ridge->n_parts;
    for (size_t i = 0; i < L * H; i++) rows[i] += share * weight[i];
    for (size_t h = 0; h < H; h++) spread[h] = share * weight[L * H + h];
}

ssm_status ssmi_ridge_refit(ssmi_ridge *ridge, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge made = *ridge;
    made.horizon = task->horizon;
    made.freedom = 0;
    made.weight = ssmi_arena_alloc(mem, ssmi_ridge_width(&made), task->horizon * sizeof(double));
    if (made.weight == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < made.n_parts; k++) {
        double *weight = NULL;
        SSMI_TRY(solve_part(&weight, &made.part[k], &made.freedom, task, tmp));
        if (made.n_parts > 1) absorb_centre(weight, &made.part[k], made.horizon);
        add_part(&made, k, weight);
    }
    ssmi_ridge_lean(&made);
    *ridge = made;
    return SSM_OK;
}

ssm_status ssmi_ridge_fit(ssmi_ridge *out, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_choice chosen[SSMI_RIDGE_PARTS];
    ssmi_ridge ridge = {.mse = 0};
    SSMI_TRY(ssmi_ridge_choose(chosen, &ridge.n_parts, task, tmp));
    for (size_t k = 0; k < ridge.n_parts; k++) {
        ridge.part[k] = chosen[k].part;
        if (chosen[k].part.lookback > ridge.lookback) ridge.lookback = chosen[k].part.lookback;
        ridge.mse += chosen[k].mse / (double)ridge.n_parts;
    }
    ridge.centre = ridge.n_parts == 1 ? ridge.part[0].centre : SSMI_RIDGE_LAST;
    ridge.n_judged = chosen[0].n_judged;
    SSMI_TRY(ssmi_ridge_refit(&ridge, task, mem, tmp));
    *out = ridge;
    return SSM_OK;
}

static double window_spread(const double *window, size_t length, double *mean)
{
    ssmi_spread spread = {0};
    *mean = ssmi_mean(window, length, NULL);
    for (size_t i = 0; i < length; i++) ssmi_spread_add(&spread, window[i] - *mean);
    return ssmi_spread_sd(&spread, 0);
}

void ssmi_ridge_regressors(double *z, double *centre, const double *window, const ssmi_ridge *ridge)
{
    const size_t L = ridge->lookback;
    double mean = 0;
    for (size_t k = 0; k < ridge->n_parts; k++)
        z[L + k] = window_spread(window + L - ridge->part[k].lookback, ridge->part[k].lookback, &mean);
    *centre = ridge->centre == SSMI_RIDGE_LAST ? window[L - 1] : mean;
    for (size_t i = 0; i < L; i++) z[i] = window[i] - *centre;
}

void ssmi_ridge_apply(double *y, const double *z, const ssmi_ridge *ridge, size_t n, size_t horizon)
{
    int width = (int)ssmi_ridge_width(ridge), H = (int)horizon, row = (int)ridge->horizon;
    if (n == 1)
        cblas_dgemv(CblasRowMajor, CblasTrans, width, H, 1, ridge->weight, row, z, 1, 0, y, 1);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, H, width, 1, z, width, ridge->weight,
                    row, 0, y, H);
}
