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

enum { RATIO = 4, SHORTEST = 12 /* bands */ };

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

static size_t parts_before(const ssmi_ridge *ridge, size_t n_bands)
{
    size_t n = 0;
    for (size_t b = 0; b < n_bands; b++) n += ridge->band[b].n_parts;
    return n;
}

size_t ssmi_ridge_width(const ssmi_ridge *ridge)
{
    return ridge->lookback + parts_before(ridge, ridge->n_bands);
}

const ssmi_ridge_part *ssmi_ridge_main(const ssmi_ridge *ridge)
{
    return &ridge->band[ridge->n_bands - 1].part[0];
}

double ssmi_ridge_spread_of(const double *z, const ssmi_ridge *ridge)
{
    return z[ridge->lookback + parts_before(ridge, ridge->n_bands - 1)];
}

void ssmi_ridge_held(size_t *from, size_t *to, const ssmi_ridge_task *task, size_t i)
{
    const size_t length = task->panel[i].length, size = length / (task->n_folds > 1 ? task->n_folds : 1);
    const size_t held = task->n_validation < length ? task->n_validation : 0;
    const int folded = task->n_folds > 1;
    *from = folded ? task->fold * size : length - held;
    *to = folded && task->fold + 1 < task->n_folds ? *from + size : length;
}

/* Solves one part for the steps [first, horizon) of a band's task; weight (lookback + 1, steps) in tmp. alpha
 * and n_windows become those of the sums. */
static ssm_status solve_part(double **weight, ssmi_ridge_part *part, double *freedom,
                             const ssmi_ridge_task *task, ssm_arena *tmp)
{
    ssmi_ridge_sums sums;
    ssmi_ridge_moments moments;
    const ssmi_ridge_range range = task->refit_all ? SSMI_RIDGE_ALL : SSMI_RIDGE_TRAINING;
    SSMI_TRY(ssmi_ridge_sum_windows(&sums, task, part->lookback, range, tmp));
    if (sums.n_windows == 0) return ssmi_fail(tmp->ctx, SSM_E_DATA, "no window is left to learn from");
    SSMI_TRY(ssmi_ridge_centre_sums(&moments, &sums, part->centre, task->first, 1, tmp));
    double *factor = ssmi_arena_alloc(tmp, moments.width, moments.width * sizeof(double));
    double *penalty = SSMI_ALLOC(tmp, double, moments.width);
    *weight = ssmi_arena_alloc(tmp, moments.width, moments.horizon * sizeof(double));
    if (factor == NULL || penalty == NULL || *weight == NULL) return SSM_E_MEMORY;
    ssmi_ridge_penalty(penalty, part->lookback, task->fade);
    if (!(task->alpha > 0)) part->alpha *= (double)sums.n_windows / (double)part->n_windows;
    part->n_windows = sums.n_windows;
    SSMI_TRY(ssmi_ridge_solve(*weight, factor, &part->alpha, penalty, &moments, tmp->ctx));
    *freedom = fmax(*freedom, effective_parameters(factor, part->alpha, penalty, moments.width));
    return SSM_OK;
}

/* Writes the centre into the weights (lookback, steps) of a part, so that c + W'(w - c) = M'w: what the
 * columns of W lack to one goes to the last row, or in equal parts to all. */
static void absorb_centre(double *weight, const ssmi_ridge_part *part, size_t steps)
{
    const size_t L = part->lookback, first = part->centre == SSMI_RIDGE_LAST ? L - 1 : 0;
    for (size_t h = 0; h < steps; h++) {
        double rest = 1;
        for (size_t i = 0; i < L; i++) rest -= weight[i * steps + h];
        for (size_t i = first; i < L; i++) weight[i * steps + h] += rest / (double)(L - first);
    }
}

/* Adds a part to the steps [first, end) of the map, at the end of the window; spread number k is its own. */
static void add_part(ssmi_ridge *ridge, const ssmi_ridge_part *part, double share, size_t k, size_t first,
                     size_t end, const double *weight)
{
    const size_t L = part->lookback, H = ridge->horizon, steps = end - first;
    double *rows = ridge->weight + (ridge->lookback - L) * H + first,
           *spread = ridge->weight + (ridge->lookback + k) * H + first;
    for (size_t i = 0; i < L; i++)
        for (size_t h = 0; h < steps; h++) rows[i * H + h] += share * weight[i * steps + h];
    for (size_t h = 0; h < steps; h++) spread[h] = share * weight[L * steps + h];
}

/* What fits band b: the steps before are another's, and so are those after. */
static ssmi_ridge_task task_of_band(const ssmi_ridge_task *task, const ssmi_ridge *ridge, size_t b)
{
    ssmi_ridge_task own = *task;
    own.first = b > 0 ? ridge->band[b - 1].end : 0;
    own.horizon = ridge->band[b].end;
    return own;
}

static ssm_status solve_band(ssmi_ridge *ridge, size_t b, const ssmi_ridge_task *whole, ssm_arena *tmp)
{
    ssmi_ridge_band *band = &ridge->band[b];
    const ssmi_ridge_task task = task_of_band(whole, ridge, b);
    const size_t before = parts_before(ridge, b), total = parts_before(ridge, ridge->n_bands);
    for (size_t k = 0; k < band->n_parts; k++) {
        double *weight = NULL;
        SSMI_TRY(solve_part(&weight, &band->part[k], &ridge->freedom, &task, tmp));
        if (total > 1) absorb_centre(weight, &band->part[k], task.horizon - task.first);
        add_part(ridge, &band->part[k], 1 / (double)band->n_parts, before + k, task.first, task.horizon,
                 weight);
    }
    return SSM_OK;
}

ssm_status ssmi_ridge_refit(ssmi_ridge *ridge, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge made = *ridge;
    made.freedom = 0;
    made.weight = ssmi_arena_alloc(mem, ssmi_ridge_width(&made), made.horizon * sizeof(double));
    if (made.weight == NULL) return SSM_E_MEMORY;
    for (size_t b = 0; b < made.n_bands && !made.last; b++) SSMI_TRY(solve_band(&made, b, task, tmp));
    for (size_t h = 0; h < made.horizon && made.last; h++)
        made.weight[(made.lookback - 1) * made.horizon + h] = 1;
    *ridge = made;
    return SSM_OK;
}

/* Ends at H, H/4, H/16; one band where all settings are given. */
static void cut_bands(ssmi_ridge *ridge, const ssmi_ridge_task *task)
{
    const int given = task->lookback > 0 && task->alpha > 0 && task->centre != SSMI_RIDGE_AUTO;
    size_t n = 1;
    for (size_t end = task->horizon / RATIO; !given && n < task->bands && end >= SHORTEST; end /= RATIO) n++;
    ridge->n_bands = n;
    for (size_t end = task->horizon; n-- > 0; end /= RATIO) ridge->band[n].end = end;
}

static ssm_status choose_band(ssmi_ridge *ridge, size_t b, const ssmi_ridge_task *whole, ssm_arena *tmp)
{
    ssmi_ridge_choice chosen[SSMI_RIDGE_PARTS];
    ssmi_ridge_band *band = &ridge->band[b];
    const ssmi_ridge_task task = task_of_band(whole, ridge, b);
    const double weight = (double)(task.horizon - task.first) / (double)whole->horizon;
    SSMI_TRY(ssmi_ridge_choose(chosen, &band->n_parts, &task, tmp));
    for (size_t k = 0; k < band->n_parts; k++) {
        band->part[k] = chosen[k].part;
        if (chosen[k].part.lookback > ridge->lookback) ridge->lookback = chosen[k].part.lookback;
        ridge->mse += weight * chosen[k].mse / (double)band->n_parts;
    }
    ridge->n_judged = chosen[0].n_judged;
    return SSM_OK;
}

ssm_status ssmi_ridge_fit(ssmi_ridge *out, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge ridge = {.horizon = task->horizon};
    cut_bands(&ridge, task);
    for (size_t b = 0; b < ridge.n_bands; b++) SSMI_TRY(choose_band(&ridge, b, task, tmp));
    ridge.centre =
        parts_before(&ridge, ridge.n_bands) == 1 ? ssmi_ridge_main(&ridge)->centre : SSMI_RIDGE_LAST;
    SSMI_TRY(ssmi_ridge_refit(&ridge, task, mem, tmp));
    *out = ridge;
    return SSM_OK;
}

/* sum_i (x_i - shift)^power, power 1 or 2; four sums, so that no addition waits for the one before. */
static double sum_from(const double *x, size_t n, double shift, int power)
{
    double sum[4] = {0};
    for (size_t i = 0; i < n; i++) {
        const double d = x[i] - shift;
        sum[i % 4] += power == 2 ? d * d : d;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Where squares leave the range of numbers. */
static double careful_spread(const double *window, size_t length, double *mean)
{
    ssmi_spread spread = {0};
    *mean = ssmi_mean(window, length, NULL);
    for (size_t i = 0; i < length; i++) ssmi_spread_add(&spread, window[i] - *mean);
    return ssmi_spread_sd(&spread, 0);
}

static double window_spread(const double *window, size_t length, double *mean)
{
    const double n = (double)length;
    *mean = window[0] + sum_from(window, length, window[0], 1) / n;
    const double square = sum_from(window, length, *mean, 2) / n;
    return square > 1e-280 && square < 1e280 ? sqrt(square) : careful_spread(window, length, mean);
}

void ssmi_ridge_regressors(double *z, double *centre, const double *window, const ssmi_ridge *ridge)
{
    const size_t L = ridge->lookback;
    double mean = 0, *spread = z + L;
    for (size_t b = 0; b < ridge->n_bands; b++)
        for (size_t k = 0; k < ridge->band[b].n_parts; k++) {
            const size_t own = ridge->band[b].part[k].lookback;
            *spread++ = window_spread(window + L - own, own, &mean);
        }
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
