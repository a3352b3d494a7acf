/* Closed-form ridge regression on look-back windows; see the header for the model.
 *
 * Everything is computed from sums over windows (ridge_moments.h). That holds for the choice on validation
 * windows too: with the validation sums G, C and t of these windows, the squared error of a map W is
 *
 *     sum |y - c - W'z|^2 = t - 2 <W, C> + <W, G W>,
 *
 * which costs L^2 H whatever the number of windows. Look-backs and centres are tried in parallel.
 * Hoerl & Kennard (1970), Technometrics 12(1), eq. 2.1; as a forecaster of long horizons: Toner & Darlow
 * (2024), An Analysis of Linear Time Series Forecasting Models, section 4. */
#include "models/ridge.h"

#include "base/parallel.h"
#include "models/gaussian.h"
#include "models/ridge_moments.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

enum { MAX_LOOKBACKS = 20, N_ALPHAS = 6, LONGEST = 720, LONGEST_SEASON = 1536, MAX_STEPS = 64 };

/* Per training window, tried from the strongest. */
static const double relative_alpha[N_ALPHAS] = {10, 1, 1e-1, 1e-2, 1e-4, 1e-6};
static const double default_alpha = 0.1;

typedef enum part { TRAINING, VALIDATION, BOTH } part;

/* One look-back, and the best centre and alpha found for it. */
typedef struct candidate {
    const ssmi_ridge_task *task;
    size_t lookback;
    ssmi_ridge_centre centre;
    double alpha, mse; /* mse NaN: no training or no validation window */
    size_t n_training, n_validation;
} candidate;

/* Origins [first, last] of series i, less those whose window touches the fold left out. */
static ssm_status sum_series(ssmi_ridge_sums *out, const ssmi_ridge_task *task, size_t i, size_t first,
                             size_t last, ssm_arena *tmp)
{
    const ssmi_window_series *series = &task->panel[i];
    if (task->n_folds < 2) return ssmi_ridge_sums_add(out, series, first, last, tmp);
    size_t from = series->length / task->n_folds * task->fold, to = from + series->length / task->n_folds;
    if (task->fold + 1 == task->n_folds) to = series->length;
    if (from >= out->horizon) SSMI_TRY(ssmi_ridge_sums_add(out, series, first, from - out->horizon, tmp));
    return ssmi_ridge_sums_add(out, series, to + out->lookback, last, tmp);
}

static ssm_status sum_windows(ssmi_ridge_sums *out, const ssmi_ridge_task *task, size_t lookback, part of,
                              ssm_arena *arena)
{
    SSMI_TRY(ssmi_ridge_sums_new(out, lookback, task->horizon, arena));
    for (size_t i = 0; i < task->n_series; i++) {
        size_t length = task->panel[i].length, held = task->n_validation, H = task->horizon;
        if (held >= length && of != BOTH) continue;
        size_t first = of == VALIDATION ? length - held : 1;
        if (of == TRAINING) length -= held;
        if (length > H) SSMI_TRY(sum_series(out, task, i, first, length - H, arena));
    }
    return SSM_OK;
}

static double largest_diagonal(const double *gram, size_t width)
{
    double largest = 0;
    for (size_t i = 0; i < width; i++) largest = fmax(largest, gram[i * width + i]);
    return largest;
}

/* weight (width, H) = (gram + alpha I)^-1 cross; factor (width, width) is scratch. Where rounding leaves
 * the sum without a Cholesky factor, alpha is raised to what can be resolved; the alpha used comes back. */
static ssm_status solve(double *weight, double *factor, double *alpha, const ssmi_ridge_moments *m,
                        ssm_context *ctx)
{
    int n = (int)m->width, H = (int)m->horizon;
    double least = 1e-14 * largest_diagonal(m->gram, m->width) + 1e-300;
    for (int tries = 0; tries < 8; tries++) {
        memcpy(factor, m->gram, m->width * m->width * sizeof *factor);
        for (size_t i = 0; i < m->width; i++) factor[i * m->width + i] += *alpha;
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

/* Mean squared error of a map over the windows behind `m`; image (width, H) is scratch. */
static double mean_square_error(const double *weight, double *image, const ssmi_ridge_moments *m)
{
    int n = (int)m->width, H = (int)m->horizon;
    cblas_dsymm(CblasRowMajor, CblasLeft, CblasUpper, n, H, 1, m->gram, n, weight, H, 0, image, H);
    double sum = 0;
    for (size_t h = 0; h < m->horizon; h++) sum += m->target[h];
    for (size_t i = 0; i < m->width * m->horizon; i++) sum += weight[i] * (image[i] - 2 * m->cross[i]);
    return fmax(sum, 0) / ((double)m->n_windows * (double)m->horizon);
}

static ssm_status try_alphas(candidate *c, ssmi_ridge_centre centre, const ssmi_ridge_moments *training,
                             const ssmi_ridge_moments *validation, ssm_arena *tmp)
{
    size_t width = training->width, row = training->horizon * sizeof(double);
    double *factor = ssmi_arena_alloc(tmp, width, width * sizeof(double));
    double *weight = ssmi_arena_alloc(tmp, width, row), *image = ssmi_arena_alloc(tmp, width, row);
    if (factor == NULL || weight == NULL || image == NULL) return SSM_E_MEMORY;
    int fixed = c->task->alpha > 0;
    for (size_t k = 0; k < (fixed ? 1 : N_ALPHAS); k++) {
        double alpha = fixed ? c->task->alpha : relative_alpha[k] * (double)training->n_windows;
        SSMI_TRY(solve(weight, factor, &alpha, training, tmp->ctx));
        double mse = mean_square_error(weight, image, validation);
        if (!(mse < c->mse) && !isnan(c->mse)) continue;
        c->mse = mse;
        c->alpha = alpha;
        c->centre = centre;
    }
    return SSM_OK;
}

/* The columns of W are independent, so a look-back is judged on at most MAX_STEPS steps spread over the
 * horizon. */
static ssm_status try_candidate(void *candidates, size_t i, ssm_arena *scratch)
{
    candidate *c = (candidate *)candidates + i;
    ssmi_ridge_sums training, validation;
    SSMI_TRY(sum_windows(&training, c->task, c->lookback, TRAINING, scratch));
    SSMI_TRY(sum_windows(&validation, c->task, c->lookback, VALIDATION, scratch));
    c->n_training = training.n_windows;
    c->n_validation = validation.n_windows;
    if (training.n_windows == 0 || validation.n_windows == 0) return SSM_OK;
    size_t step = (c->task->horizon + MAX_STEPS - 1) / MAX_STEPS;
    for (int k = SSMI_RIDGE_MEAN; k <= SSMI_RIDGE_LAST; k++) {
        ssmi_ridge_centre centre = (ssmi_ridge_centre)k;
        if (c->task->centre != SSMI_RIDGE_AUTO && c->task->centre != centre) continue;
        ssmi_mark mark = ssmi_arena_mark(scratch);
        ssmi_ridge_moments train, valid;
        SSMI_TRY(ssmi_ridge_centre_sums(&train, &training, centre, step, scratch));
        SSMI_TRY(ssmi_ridge_centre_sums(&valid, &validation, centre, step, scratch));
        SSMI_TRY(try_alphas(c, centre, &train, &valid, scratch));
        ssmi_arena_rewind(scratch, mark);
    }
    return SSM_OK;
}

static size_t insert_sorted(size_t *list, size_t n, size_t value)
{
    size_t at = 0;
    while (at < n && list[at] < value) at++;
    if (n == MAX_LOOKBACKS || (at < n && list[at] == value)) return n;
    memmove(list + at + 1, list + at, (n - at) * sizeof *list);
    list[at] = value;
    return n + 1;
}

/* A ladder and the first multiples of the season, as far as two thirds of the training rows before one
 * horizon of targets reach. */
static size_t list_lookbacks(size_t *list, const ssmi_ridge_task *task)
{
    static const size_t ladder[] = {1, 2, 3, 6, 12, 24, 48, 96, 192, 336, 512, LONGEST};
    size_t n = 0, longest = 0;
    if (task->lookback > 0) {
        list[0] = task->lookback;
        return 1;
    }
    for (size_t i = 0; i < task->n_series; i++)
        if (task->panel[i].length > longest) longest = task->panel[i].length;
    size_t taken = task->n_validation + task->horizon;
    size_t bound = longest > taken ? (longest - taken) / 3 * 2 : 1;
    if (bound < 1) bound = 1;
    for (size_t k = 0; k < sizeof ladder / sizeof *ladder; k++)
        if (ladder[k] <= bound) n = insert_sorted(list, n, ladder[k]);
    for (size_t k = 1; k <= 3 && task->period > 1; k++) {
        size_t multiple = k * task->period;
        if (multiple <= bound && multiple <= (k == 1 ? LONGEST_SEASON : LONGEST))
            n = insert_sorted(list, n, multiple);
    }
    return n;
}

/* Without validation: the longest look-back that its own number of windows can carry, centred at the last
 * value unless told otherwise. */
static candidate by_default(const candidate *list, size_t n)
{
    candidate chosen = list[0];
    for (size_t k = 0; k < n; k++) {
        if (list[k].n_training == 0) continue;
        if (chosen.n_training == 0 || list[k].n_training >= 2 * list[k].lookback) chosen = list[k];
    }
    const ssmi_ridge_task *task = chosen.task;
    chosen.alpha = task->alpha > 0 ? task->alpha : default_alpha * (double)chosen.n_training;
    chosen.centre = task->centre != SSMI_RIDGE_AUTO ? task->centre : SSMI_RIDGE_LAST;
    return chosen;
}

static ssm_status choose(candidate *chosen, const ssmi_ridge_task *task, ssm_arena *tmp)
{
    size_t lookback[MAX_LOOKBACKS], n = list_lookbacks(lookback, task);
    candidate *list = SSMI_ALLOC(tmp, candidate, MAX_LOOKBACKS);
    if (list == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++) list[k] = (candidate){.task = task, .lookback = lookback[k], .mse = NAN};
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, n, try_candidate, list));
    const candidate *best = NULL;
    for (size_t k = 0; k < n; k++) {
        if (!isnan(list[k].mse) && (best == NULL || list[k].mse < best->mse)) best = &list[k];
    }
    *chosen = best != NULL ? *best : by_default(list, n);
    if (chosen->n_training > 0) return SSM_OK;
    return ssmi_fail(tmp->ctx, SSM_E_DATA,
                     "no series is long enough: a look-back of %zu and a horizon of %zu need %zu rows before "
                     "validation, few of them missing",
                     chosen->lookback, task->horizon, chosen->lookback + task->horizon);
}

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
    SSMI_TRY(sum_windows(&sums, task, ridge->lookback, task->refit_all ? BOTH : TRAINING, tmp));
    if (sums.n_windows == 0) return ssmi_fail(tmp->ctx, SSM_E_DATA, "no window is left to learn from");
    SSMI_TRY(ssmi_ridge_centre_sums(&moments, &sums, ridge->centre, 1, tmp));
    double *factor = ssmi_arena_alloc(tmp, moments.width, moments.width * sizeof(double));
    double *weight = ssmi_arena_alloc(mem, moments.width, task->horizon * sizeof(double));
    if (factor == NULL || weight == NULL) return SSM_E_MEMORY;
    double alpha = ridge->alpha;
    if (!(task->alpha > 0)) alpha *= (double)sums.n_windows / (double)ridge->n_windows;
    SSMI_TRY(solve(weight, factor, &alpha, &moments, tmp->ctx));
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
    candidate chosen;
    SSMI_TRY(choose(&chosen, task, tmp));
    ssmi_ridge ridge = {.lookback = chosen.lookback,
                        .centre = chosen.centre,
                        .alpha = chosen.alpha,
                        .n_windows = chosen.n_training,
                        .n_validation = chosen.n_validation,
                        .validation_mse = chosen.mse};
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
