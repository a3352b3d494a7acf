/* With the sums G, C and t of some windows, the squared error of a map W is
 *
 *     sum |y - c - W'z|^2 = t - 2 <W, C> + <W, G W>,
 *
 * which costs L^2 H whatever the number of windows. Hoerl & Kennard (1970), Technometrics 12(1), eq. 2.1;
 * with a penalty of its own for each weight: their general form, section 5. */
#include "models/ridge_solve.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

/* What the newest lags are penalised like: a lag of a tenth of the look-back at fade 1. */
static const double newest = 0.1;

/* Origins [first, last] of series i, less those whose window touches the fold left out. */
static ssm_status sum_series(ssmi_ridge_sums *out, const ssmi_ridge_task *task, size_t i, size_t first,
                             size_t last, ssm_arena *tmp)
{
    const ssmi_window_series *series = &task->panel[i];
    if (task->n_folds < 2) return ssmi_ridge_sums_add(out, series, first, last, tmp);
    size_t from, to;
    ssmi_ridge_held(&from, &to, task, i);
    if (from >= out->horizon) SSMI_TRY(ssmi_ridge_sums_add(out, series, first, from - out->horizon, tmp));
    return ssmi_ridge_sums_add(out, series, to + out->lookback, last, tmp);
}

ssm_status ssmi_ridge_sum_windows(ssmi_ridge_sums *out, const ssmi_ridge_task *task, size_t lookback,
                                  ssmi_ridge_range range, ssm_arena *arena)
{
    const size_t held = range == SSMI_RIDGE_ALL ? 0 : task->n_validation, H = task->horizon;
    SSMI_TRY(ssmi_ridge_sums_new(out, lookback, H, arena));
    for (size_t i = 0; i < task->n_series; i++) {
        const size_t length = task->panel[i].length;
        if (length > held + H) SSMI_TRY(sum_series(out, task, i, 1, length - held - H, arena));
    }
    return SSM_OK;
}

size_t ssmi_ridge_count_windows(const ssmi_ridge_task *task, size_t lookback)
{
    size_t n = 0;
    for (size_t i = 0; i < task->n_series; i++) {
        const ssmi_window_series *series = &task->panel[i];
        for (size_t o = lookback; o + task->horizon + task->n_validation <= series->length; o++)
            n += (size_t)ssmi_windows_usable(series, o, lookback, task->horizon);
    }
    return n;
}

static void take_off(double *sum, const double *part, size_t n)
{
    for (size_t i = 0; i < n; i++) sum[i] -= part[i];
}

ssm_status ssmi_ridge_leave_out(ssmi_ridge_sums *out, const ssmi_ridge_sums *whole,
                                const ssmi_ridge_task *task, ssm_arena *arena)
{
    const size_t L = whole->lookback, H = whole->horizon, span = L + H;
    ssmi_ridge_sums touched;
    SSMI_TRY(ssmi_ridge_sums_new(&touched, L, H, arena));
    for (size_t i = 0; i < task->n_series; i++) {
        const size_t length = task->panel[i].length;
        size_t from, to;
        if (length < H) continue;
        ssmi_ridge_held(&from, &to, task, i);
        const size_t first = from >= H ? from - H + 1 : 1,
                     end = to + L + H < length ? to + L : length - H + 1;
        SSMI_TRY(ssmi_ridge_sums_add(&touched, &task->panel[i], first, end - 1, arena));
    }
    SSMI_TRY(ssmi_ridge_sums_new(out, L, H, arena));
    memcpy(out->product, whole->product, L * span * sizeof *out->product);
    memcpy(out->square, whole->square, H * sizeof *out->square);
    memcpy(out->by_sd, whole->by_sd, span * sizeof *out->by_sd);
    take_off(out->product, touched.product, L * span);
    take_off(out->square, touched.square, H);
    take_off(out->by_sd, touched.by_sd, span);
    out->sd_sd = whole->sd_sd - touched.sd_sd;
    out->n_windows = whole->n_windows - touched.n_windows;
    return SSM_OK;
}

void ssmi_ridge_penalty(double *penalty, size_t lookback, double fade)
{
    const double L = (double)lookback;
    double mean = 0;
    for (size_t i = 0; i < lookback; i++) {
        penalty[i] = pow((double)(lookback - i) / L + newest, fade);
        mean += penalty[i] / L;
    }
    for (size_t i = 0; i < lookback; i++) penalty[i] /= mean;
    penalty[lookback] = 1;
}

static double largest_diagonal(const double *gram, size_t width)
{
    double largest = 0;
    for (size_t i = 0; i < width; i++) largest = fmax(largest, gram[i * width + i]);
    return largest;
}

ssm_status ssmi_ridge_solve(double *weight, double *factor, double *alpha, const double *penalty,
                            const ssmi_ridge_moments *m, ssm_context *ctx)
{
    int n = (int)m->width, H = (int)m->horizon;
    double least = 1e-14 * largest_diagonal(m->gram, m->width) + 1e-300;
    for (int tries = 0; tries < 8; tries++) {
        memcpy(factor, m->gram, m->width * m->width * sizeof *factor);
        for (size_t i = 0; i < m->width; i++) factor[i * m->width + i] += *alpha * penalty[i];
        if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', n, factor, n) == 0) {
            memcpy(weight, m->cross, m->width * m->horizon * sizeof *weight);
            cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasTrans, CblasNonUnit, n, H, 1, factor, n,
                        weight, H);
            cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, n, H, 1, factor, n,
                        weight, H);
            return SSM_OK;
        }
        *alpha = fmax(*alpha * 10, least * pow(10, tries));
    }
    return ssmi_fail(ctx, SSM_E_NUMERIC, "ridge regression: the windows' Gram matrix cannot be factored");
}

double ssmi_ridge_square_error(const double *weight, double *image, const ssmi_ridge_moments *m)
{
    int n = (int)m->width, H = (int)m->horizon;
    cblas_dsymm(CblasRowMajor, CblasLeft, CblasUpper, n, H, 1, m->gram, n, weight, H, 0, image, H);
    double sum = 0;
    for (size_t h = 0; h < m->horizon; h++) sum += m->target[h];
    for (size_t i = 0; i < m->width * m->horizon; i++) sum += weight[i] * (image[i] - 2 * m->cross[i]);
    return fmax(sum, 0);
}
