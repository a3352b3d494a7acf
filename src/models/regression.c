/* A ridge map is linear in its window but for the spread, and so is its error e: e(y - x'b) = e(y) - e(x)'b.
 * What the map cannot forecast of y is therefore regressed on what it cannot forecast of x,
 *
 *     b = argmin sum over windows and steps of (e(y) - e(x)'b)^2,
 *
 * and the map is solved again for y - x'b, in turn: Cochrane & Orcutt (1949), section 4, with a whole horizon
 * of errors in place of one step. The columns are kept where regressions on four fifths of the windows lower
 * the squared error on the fifth left out.
 *
 * Known value: y = 2 x + noise with x white gives b = 2 within its standard error. */
#include "models/regression.h"

#include "models/gaussian.h"
#include <lapacke.h>
#include <math.h>
#include <string.h>

enum { PASSES = 3, FOLDS = 5, MOST_WINDOWS = 1000 };

static size_t rows_trained_on(const ssm_series *series, size_t n_validation)
{
    return series->length > n_validation ? series->length - n_validation : series->length;
}

/* Mean and population standard deviation of column k over all series. */
static void measure(double *mean, double *scale, const ssm_series *series, size_t n_series,
                    size_t n_validation, size_t k)
{
    const size_t n = series->n_exogenous;
    ssmi_spread spread = {0};
    double count = 0;
    *mean = 0;
    for (size_t i = 0; i < n_series; i++)
        for (size_t t = 0; t < rows_trained_on(&series[i], n_validation); t++) {
            count++;
            *mean += series[i].exogenous[t * n + k] / count - *mean / count;
        }
    for (size_t i = 0; i < n_series; i++)
        for (size_t t = 0; t < rows_trained_on(&series[i], n_validation); t++)
            ssmi_spread_add(&spread, series[i].exogenous[t * n + k] - *mean);
    *scale = ssmi_spread_sd(&spread, 0);
    if (!(*scale > 1e-12 * fabs(*mean))) *scale = 1;
}

ssm_status ssmi_regression_open(ssmi_regression *out, const ssm_series *series, size_t n_series,
                                size_t n_validation, ssm_arena *mem)
{
    const size_t n = series->n_exogenous;
    ssmi_regression r = {n, SSMI_ALLOC(mem, double, n), SSMI_ALLOC(mem, double, n),
                         SSMI_ALLOC(mem, double, n)};
    if (r.mean == NULL || r.scale == NULL || r.effect == NULL) return SSM_E_MEMORY;
    if (n > SSMI_REGRESSION_COLUMNS)
        return ssmi_fail(mem->ctx, SSM_E_UNSUPPORTED, "%zu exogenous columns, at most %d can be used", n,
                         SSMI_REGRESSION_COLUMNS);
    for (size_t i = 1; i < n_series; i++)
        if (series[i].n_exogenous != n)
            return ssmi_fail(mem->ctx, SSM_E_ARGUMENT,
                             "series %zu has %zu exogenous columns, the first has %zu", i + 1,
                             series[i].n_exogenous, n);
    for (size_t k = 0; k < n; k++) measure(&r.mean[k], &r.scale[k], series, n_series, n_validation, k);
    *out = r;
    return SSM_OK;
}

void ssmi_regression_rows(double *out, const ssmi_regression *r, const ssm_series *series, int64_t from,
                          size_t rows)
{
    const int64_t last = (int64_t)series->exogenous_rows - 1;
    for (size_t i = 0; i < rows * r->n; i++) {
        const int64_t t = from + (int64_t)(i / r->n), row = t < 0 ? 0 : t > last ? last : t;
        const size_t k = i % r->n;
        out[i] = (series->exogenous[(size_t)row * r->n + k] - r->mean[k]) / r->scale[k];
    }
}

double ssmi_regression_effect(const ssmi_regression *r, const double *x)
{
    double sum = 0;
    for (size_t k = 0; k < r->n; k++) sum += r->effect[k] * x[k];
    return sum;
}

ssm_status ssmi_regression_attach(ssmi_window_series *windows, const ssmi_regression *r,
                                  const ssm_series *series, ssm_arena *arena)
{
    double *x = ssmi_arena_alloc(arena, windows->length, r->n * sizeof *x);
    if (x == NULL) return SSM_E_MEMORY;
    ssmi_regression_rows(x, r, series, 0, windows->length);
    windows->n_columns = r->n;
    windows->column = x;
    return SSM_OK;
}

ssm_status ssmi_regression_take_off(ssmi_window_series *windows, const ssmi_regression *r, double unit,
                                    size_t period, ssm_arena *arena)
{
    double *rest = SSMI_ALLOC(arena, double, windows->length);
    if (rest == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < windows->length; t++) {
        const int missing = windows->missing[t + 1] > windows->missing[t];
        rest[t] =
            missing ? NAN : windows->value[t] - unit * ssmi_regression_effect(r, windows->column + t * r->n);
    }
    ssmi_windows_fill(rest, rest, windows->length, period);
    windows->value = rest;
    return SSM_OK;
}

/* Sums of one fold's windows: over errors e of y and f (n) of x. */
typedef struct sums {
    double ff[SSMI_REGRESSION_COLUMNS * SSMI_REGRESSION_COLUMNS], fe[SSMI_REGRESSION_COLUMNS], ee;
} sums;

typedef struct search {
    const ssmi_ridge_task *task; /* its panel: y */
    ssmi_window_series *rest;    /* (n_series) y - x'b */
    const ssmi_regression *regression;
    const ssmi_ridge *ridge; /* solved for rest */
    size_t n_windows;
    sums fold[FOLDS], all;
    double *window, *z, *error, *e_x; /* (lookback), (width), (horizon), (n, horizon) */
} search;

/* The map's errors for one window of values at distance `stride`, without what the spread adds unless wanted.
 */
static void errors_of(double *error, search *s, const double *x, size_t stride, int with_spread)
{
    const size_t L = s->ridge->lookback, H = s->ridge->horizon;
    double centre;
    for (size_t i = 0; i < L; i++) s->window[i] = x[i * stride];
    ssmi_ridge_regressors(s->z, &centre, s->window, s->ridge);
    for (size_t k = L; k < ssmi_ridge_width(s->ridge) && !with_spread; k++) s->z[k] = 0;
    ssmi_ridge_apply(error, s->z, s->ridge, 1, H);
    for (size_t h = 0; h < H; h++) error[h] = x[(L + h) * stride] - centre - error[h];
}

/* e(y) is had as e(rest) + e(x)'b, so that the spread is that of the rest. */
static void add_window(sums *to, search *s, const ssmi_window_series *rest, size_t origin)
{
    const size_t L = s->ridge->lookback, H = s->ridge->horizon, n = s->regression->n;
    errors_of(s->error, s, rest->value + origin - L, 1, 1);
    for (size_t k = 0; k < n; k++) errors_of(s->e_x + k * H, s, rest->column + (origin - L) * n + k, n, 0);
    for (size_t h = 0; h < H; h++) {
        if (rest->missing[origin + h + 1] > rest->missing[origin + h]) continue;
        double e = s->error[h];
        for (size_t k = 0; k < n; k++) e += s->e_x[k * H + h] * s->regression->effect[k];
        to->ee += e * e;
        for (size_t i = 0; i < n; i++) {
            to->fe[i] += s->e_x[i * H + h] * e;
            for (size_t j = 0; j <= i; j++) to->ff[i * n + j] += s->e_x[i * H + h] * s->e_x[j * H + h];
        }
    }
}

static void add_sums(sums *to, const sums *more, double sign)
{
    to->ee += sign * more->ee;
    for (size_t i = 0; i < SSMI_REGRESSION_COLUMNS; i++) to->fe[i] += sign * more->fe[i];
    for (size_t i = 0; i < SSMI_REGRESSION_COLUMNS * SSMI_REGRESSION_COLUMNS; i++)
        to->ff[i] += sign * more->ff[i];
}

/* Walks the training windows; fills the folds, blocks of windows in their order, when `count` is known. */
static size_t walk(search *s, size_t count)
{
    const ssmi_ridge_task *task = s->task;
    const size_t skip = count / MOST_WINDOWS + 1;
    size_t seen = 0;
    for (size_t i = 0; i < task->n_series; i++) {
        const size_t length = task->panel[i].length,
                     held = task->n_validation < length ? task->n_validation : 0;
        for (size_t o = s->ridge->lookback; o + task->horizon + held <= length; o++) {
            if (!ssmi_windows_usable(&s->rest[i], o, s->ridge->lookback, task->horizon)) continue;
            if (count > 0 && seen % skip == 0) add_window(&s->fold[seen * FOLDS / count], s, &s->rest[i], o);
            seen++;
        }
    }
    return seen;
}

static void collect(search *s)
{
    memset(s->fold, 0, sizeof s->fold);
    memset(&s->all, 0, sizeof s->all);
    s->n_windows = walk(s, 0);
    if (s->n_windows > 0) walk(s, s->n_windows);
    for (size_t k = 0; k < FOLDS; k++) add_sums(&s->all, &s->fold[k], 1);
}

/* Columns that say the same get equal parts: a trace of a ridge is on the diagonal. */
static void solve(double *b, const sums *s, size_t n)
{
    double a[SSMI_REGRESSION_COLUMNS * SSMI_REGRESSION_COLUMNS], trace = 0;
    for (size_t i = 0; i < n; i++) trace += s->ff[i * n + i];
    memcpy(a, s->ff, n * n * sizeof *a);
    memcpy(b, s->fe, n * sizeof *b);
    for (size_t i = 0; i < n; i++) a[i * n + i] += 1e-8 * trace;
    if (!(trace > 0) || LAPACKE_dposv_work(LAPACK_COL_MAJOR, 'U', (int)n, 1, a, (int)n, b, (int)n) != 0)
        memset(b, 0, n * sizeof *b);
}

/* Squared error on each fold with the regression of the others. */
static double error_across_folds(const search *s)
{
    const size_t n = s->regression->n;
    double b[SSMI_REGRESSION_COLUMNS], total = 0;
    for (size_t f = 0; f < FOLDS; f++) {
        sums others = s->all;
        const sums *own = &s->fold[f];
        add_sums(&others, own, -1);
        solve(b, &others, n);
        total += own->ee;
        for (size_t i = 0; i < n; i++) {
            total -= 2 * b[i] * own->fe[i];
            for (size_t j = 0; j <= i; j++) total += (i == j ? 1 : 2) * b[i] * b[j] * own->ff[i * n + j];
        }
    }
    return total;
}

static ssm_status open_search(search *s, ssm_arena *tmp)
{
    const size_t H = s->task->horizon;
    s->rest = SSMI_ALLOC(tmp, ssmi_window_series, s->task->n_series);
    s->window = SSMI_ALLOC(tmp, double, s->ridge->lookback);
    s->z = SSMI_ALLOC(tmp, double, ssmi_ridge_width(s->ridge));
    s->error = SSMI_ALLOC(tmp, double, H);
    s->e_x = ssmi_arena_alloc(tmp, s->regression->n, H * sizeof(double));
    const int made =
        s->rest != NULL && s->window != NULL && s->z != NULL && s->error != NULL && s->e_x != NULL;
    if (made) memcpy(s->rest, s->task->panel, s->task->n_series * sizeof *s->rest);
    return made ? SSM_OK : SSM_E_MEMORY;
}

/* Solves the map again for y - x'b. */
static ssm_status follow(search *s, ssmi_ridge *ridge, size_t period, ssm_arena *tmp)
{
    ssmi_ridge_task task = *s->task;
    for (size_t i = 0; i < task.n_series; i++) {
        s->rest[i] = task.panel[i];
        SSMI_TRY(ssmi_regression_take_off(&s->rest[i], s->regression, 1, period, tmp));
    }
    task.panel = s->rest;
    return ssmi_ridge_refit(ridge, &task, tmp, tmp);
}

ssm_status ssmi_regression_fit(ssmi_regression *r, const ssmi_ridge_task *task, size_t period, ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    search *s = SSMI_ALLOC(tmp, search, 1);
    ssmi_ridge ridge;
    if (s == NULL) return SSM_E_MEMORY;
    *s = (search){.task = task, .regression = r, .ridge = &ridge};
    SSMI_TRY(ssmi_ridge_fit(&ridge, task, tmp, tmp));
    SSMI_TRY(open_search(s, tmp));
    collect(s);
    const double without = s->all.ee;
    for (int pass = 0; pass < PASSES; pass++) {
        solve(r->effect, &s->all, r->n);
        SSMI_TRY(follow(s, &ridge, period, tmp));
        collect(s);
    }
    const double with = error_across_folds(s);
    solve(r->effect, &s->all, r->n);
    if (!(with < without)) memset(r->effect, 0, r->n * sizeof *r->effect);
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}

ssm_status ssmi_regression_leave_rest(ssmi_window_series *panel, ssmi_regression *r,
                                      const ssmi_ridge_task *task, size_t period, ssm_arena *tmp)
{
    if (r->n == 0) return SSM_OK;
    SSMI_TRY(ssmi_regression_fit(r, task, period, tmp));
    for (size_t i = 0; i < task->n_series; i++)
        SSMI_TRY(ssmi_regression_take_off(&panel[i], r, 1, period, tmp));
    return SSM_OK;
}
