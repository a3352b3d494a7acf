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

/* trace((G + alpha I)^-1 G) = width - alpha |U^-1|^2 for the Cholesky factor U, which is overwritten. */
static double effective_parameters(double *factor, double alpha, size_t width)
{
    int n = (int)width;
    double sum = 0;
    LAPACKE_dtrtri_work(LAPACK_COL_MAJOR, 'L', 'N', n, factor, n);
    for (size_t i = 0; i < width; i++)
        for (size_t j = i; j < width; j++) sum += factor[i * width + j] * factor[i * width + j];
    return fmin(fmax((double)width - alpha * sum, 0), (double)width);
}

void ssmi_ridge_lean(ssmi_ridge *ridge)
{
    const size_t L = ridge->lookback, H = ridge->horizon, season = ridge->season;
    if (season == 0) return;
    for (size_t i = 0; i < (L + 1) * H; i++) ridge->weight[i] *= 1 - ridge->share;
    for (size_t h = 0; h < H; h++) ridge->weight[(L - season + h % season) * H + h] += ridge->share;
}

ssm_status ssmi_ridge_refit(ssmi_ridge *ridge, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_sums sums;
    ssmi_ridge_moments moments;
    const ssmi_ridge_part part = task->refit_all ? SSMI_RIDGE_ALL : SSMI_RIDGE_TRAINING;
    SSMI_TRY(ssmi_ridge_sum_windows(&sums, task, ridge->lookback, part, tmp));
    if (sums.n_windows == 0) return ssmi_fail(tmp->ctx, SSM_E_DATA, "no window is left to learn from");
    SSMI_TRY(ssmi_ridge_centre_sums(&moments, &sums, ridge->centre, 1, tmp));
    double *factor = ssmi_arena_alloc(tmp, moments.width, moments.width * sizeof(double));
    double *weight = ssmi_arena_alloc(mem, moments.width, task->horizon * sizeof(double));
    if (factor == NULL || weight == NULL) return SSM_E_MEMORY;
    double alpha = ridge->alpha;
    if (!(task->alpha > 0)) alpha *= (double)sums.n_windows / (double)ridge->n_windows;
    SSMI_TRY(ssmi_ridge_solve(weight, factor, &alpha, &moments, tmp->ctx));
    ridge->horizon = task->horizon;
    ridge->alpha = alpha;
    ridge->weight = weight;
    ridge->n_windows = sums.n_windows;
    ridge->freedom = effective_parameters(factor, alpha, moments.width);
    ssmi_ridge_lean(ridge);
    return SSM_OK;
}

ssm_status ssmi_ridge_fit(ssmi_ridge *out, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_choice chosen;
    SSMI_TRY(ssmi_ridge_choose(&chosen, task, tmp));
    ssmi_ridge ridge = {.lookback = chosen.lookback,
                        .centre = chosen.centre,
                        .alpha = chosen.alpha,
                        .n_windows = chosen.n_windows,
                        .n_judged = chosen.n_judged,
                        .mse = chosen.mse};
    SSMI_TRY(ssmi_ridge_refit(&ridge, task, mem, tmp));
    *out = ridge;
    return SSM_OK;
}

void ssmi_ridge_regressors(double *z, double *centre, const double *window, const ssmi_ridge *ridge)
{
    size_t L = ridge->lookback;
    double mean = ssmi_mean(window, L, NULL);
    ssmi_spread spread = {0};
    for (size_t i = 0; i < L; i++) ssmi_spread_add(&spread, window[i] - mean);
    *centre = ridge->centre == SSMI_RIDGE_LAST ? window[L - 1] : mean;
    for (size_t i = 0; i < L; i++) z[i] = window[i] - *centre;
    z[L] = ssmi_spread_sd(&spread, 0);
}

void ssmi_ridge_apply(double *y, const double *z, const ssmi_ridge *ridge, size_t n, size_t horizon)
{
    int width = (int)ridge->lookback + 1, H = (int)horizon, row = (int)ridge->horizon;
    if (n == 1)
        cblas_dgemv(CblasRowMajor, CblasTrans, width, H, 1, ridge->weight, row, z, 1, 0, y, 1);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, H, width, 1, z, width, ridge->weight,
                    row, 0, y, H);
}
