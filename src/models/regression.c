/* A ridge map is linear in its window but for the spread, and so is its error e: with the columns and their
 * means as features f of a row, e(y - f'b) = e(y) - e(f)'b. What the map cannot forecast of y is therefore
 * regressed on what it cannot forecast of f,
 *
 *     b = argmin sum over windows and steps of (e(y) - e(f)'b)^2 + penalty b'b,
 *
 * and the map is solved again for y - f'b, in turn: Cochrane & Orcutt (1949), section 4, with a whole horizon
 * of errors in place of one step. The windows of each series in their order are cut into folds; each but the
 * first is judged by the regression on those before it, as forecasts are. By the sum of these squared errors
 * are chosen the penalty, whether the columns of the row alone speak or their means as well, and whether
 * anything is taken off at all.
 *
 * Known value: y = 2 x + noise with x white gives b = 2 within its standard error. */
#include "models/regression.h"

#include "models/gaussian.h"
#include <lapacke.h>
#include <math.h>
#include <string.h>

enum { PASSES = 3, FOLDS = 5, MOST_WINDOWS = 1000, MOST = SSMI_REGRESSION_SPANS * SSMI_REGRESSION_COLUMNS };
static const size_t span[SSMI_REGRESSION_SPANS] = {1, 4, 16, SSMI_REGRESSION_BACK + 1};
static const double WORTH = 0.995; /* of the error, what is less simple must come below */
static const double penalty[] = {1e-8, 1e-4, 1e-3, 1e-2, 1e-1}; /* of the trace */

/* Of the last `rows` of a column. */
static double mean_of(const double *x, size_t rows, size_t stride)
{
    double sum = 0;
    for (size_t lag = 0; lag < rows; lag++) sum += x[-(ptrdiff_t)(lag * stride)];
    return sum / (double)rows;
}

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
                         SSMI_ALLOC(mem, double, SSMI_REGRESSION_SPANS *n)};
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
    for (size_t k = 0; k < SSMI_REGRESSION_SPANS * r->n; k++)
        if (r->effect[k] != 0) sum += r->effect[k] * mean_of(x + k % r->n, span[k / r->n], r->n);
    return sum;
}

ssm_status ssmi_regression_attach(ssmi_window_series *windows, const ssmi_regression *r,
                                  const ssm_series *series, ssm_arena *arena)
{
    const size_t back = SSMI_REGRESSION_BACK;
    double *x = ssmi_arena_alloc(arena, back + windows->length, r->n * sizeof *x);
    if (x == NULL) return SSM_E_MEMORY;
    ssmi_regression_rows(x, r, series, -(int64_t)back, back + windows->length);
    windows->n_columns = r->n;
    windows->column = x + back * r->n;
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

/* Sums of one fold's windows: over errors e of y and f (m) of the features. */
typedef struct sums {
    double ff[MOST * MOST], fe[MOST], ee;
} sums;

typedef struct search {
    const ssmi_ridge_task *task; /* its panel: y */
    ssmi_window_series *rest;    /* (n_series) y without what the features explain */
    double **feature;            /* (n_series) of (length, m): means of the columns, span after span */
    ssmi_regression *regression; /* its effect is what is tried */
    const ssmi_ridge *ridge;     /* solved for rest */
    size_t m, skip;              /* features in use; of so many windows one is looked at */
    sums fold[FOLDS], before;
    double factor[MOST * MOST];
    double *window, *z, *centre, *error; /* (lookback), (1 + m, width), (1 + m), (1 + m, horizon) */
} search;

static double *features_of(const ssmi_window_series *series, size_t n, ssm_arena *tmp)
{
    const size_t m = SSMI_REGRESSION_SPANS * n;
    double *out = ssmi_arena_alloc(tmp, series->length, m * sizeof *out);
    for (size_t i = 0; out != NULL && i < series->length * m; i++) {
        const size_t t = i / m, k = i % m % n, j = i % m / n;
        out[i] = mean_of(series->column + t * n + k, span[j], n);
    }
    return out;
}

/* What the map is told of one window of values at distance `stride`, z, without the spread unless wanted, and
 * the centre that its forecast begins from. */
static void look(double *z, double *centre, search *s, const double *x, size_t stride, int with_spread)
{
    const size_t L = s->ridge->lookback;
    for (size_t i = 0; i < L; i++) s->window[i] = x[i * stride];
    ssmi_ridge_regressors(z, centre, s->window, s->ridge);
    for (size_t k = L; k < ssmi_ridge_width(s->ridge) && !with_spread; k++) z[k] = 0;
}

/* The map's errors for the window before `origin`: of the rest of y, and of the m features. */
static void errors_of(search *s, size_t series, size_t origin)
{
    const size_t L = s->ridge->lookback, H = s->ridge->horizon, width = ssmi_ridge_width(s->ridge),
                 stride = SSMI_REGRESSION_SPANS * s->regression->n;
    const double *y = s->rest[series].value + origin, *f = s->feature[series] + origin * stride;
    look(s->z, &s->centre[0], s, y - L, 1, 1);
    for (size_t k = 0; k < s->m; k++)
        look(s->z + (1 + k) * width, &s->centre[1 + k], s, f - L * stride + k, stride, 0);
    ssmi_ridge_apply(s->error, s->z, s->ridge, 1 + s->m, H);
    for (size_t h = 0; h < H; h++) {
        s->error[h] = y[h] - s->centre[0] - s->error[h];
        for (size_t k = 0; k < s->m; k++) {
            double *e = &s->error[(1 + k) * H + h];
            *e = f[h * stride + k] - s->centre[1 + k] - *e;
        }
    }
}

/* e(y) is had as e(rest) + e(f)'b, so that the spread is that of the rest. */
static void add_window(sums *to, search *s, size_t series, size_t origin)
{
    const size_t *missing = s->rest[series].missing + origin, H = s->ridge->horizon, m = s->m;
    const double *f = s->error + H;
    errors_of(s, series, origin);
    for (size_t h = 0; h < H; h++) {
        if (missing[h + 1] > missing[h]) continue;
        double e = s->error[h];
        for (size_t k = 0; k < m; k++) e += f[k * H + h] * s->regression->effect[k];
        to->ee += e * e;
        for (size_t i = 0; i < m; i++) {
            to->fe[i] += f[i * H + h] * e;
            for (size_t j = 0; j <= i; j++) to->ff[i * m + j] += f[i * H + h] * f[j * H + h];
        }
    }
}

static void add_sums(sums *to, const sums *more, size_t m)
{
    to->ee += more->ee;
    for (size_t i = 0; i < m; i++) to->fe[i] += more->fe[i];
    for (size_t i = 0; i < m * m; i++) to->ff[i] += more->ff[i];
}

/* Counts the training windows of a series, or adds some to the folds, which are blocks of its `count`; other
 * ones of each series, lest all of few windows are in one fold. */
static size_t walk(search *s, size_t series, size_t count)
{
    const ssmi_ridge_task *task = s->task;
    const ssmi_window_series *rest = &s->rest[series];
    const size_t held = task->n_validation < rest->length ? task->n_validation : 0;
    size_t seen = 0;
    for (size_t o = s->ridge->lookback; o + task->horizon + held <= rest->length; o++) {
        if (!ssmi_windows_usable(rest, o, s->ridge->lookback, task->horizon)) continue;
        if (count > 0 && (seen + series) % s->skip == 0)
            add_window(&s->fold[seen * FOLDS / count], s, series, o);
        seen++;
    }
    return seen;
}

static void collect(search *s)
{
    size_t all = 0;
    memset(s->fold, 0, sizeof s->fold);
    for (size_t i = 0; i < s->task->n_series; i++) all += walk(s, i, 0);
    s->skip = all / MOST_WINDOWS + 1;
    for (size_t i = 0; i < s->task->n_series; i++) {
        const size_t count = walk(s, i, 0);
        if (count > 0) walk(s, i, count);
    }
}

static void solve(double *b, const sums *s, size_t m, double share, double *a)
{
    double trace = 0;
    for (size_t i = 0; i < m; i++) trace += s->ff[i * m + i];
    memcpy(a, s->ff, m * m * sizeof *a);
    memcpy(b, s->fe, m * sizeof *b);
    for (size_t i = 0; i < m; i++) a[i * m + i] += share * trace;
    if (!(trace > 0) || LAPACKE_dposv_work(LAPACK_COL_MAJOR, 'U', (int)m, 1, a, (int)m, b, (int)m) != 0)
        memset(b, 0, m * sizeof *b);
}

/* Of a fold, with b. */
static double squared_error(const sums *s, const double *b, size_t m)
{
    double total = s->ee;
    for (size_t i = 0; i < m; i++) {
        total -= 2 * b[i] * s->fe[i];
        for (size_t j = 0; j <= i; j++) total += (i == j ? 1 : 2) * b[i] * b[j] * s->ff[i * m + j];
    }
    return total;
}

/* Of all folds but the first, each with the regression on those before it. */
static double error_ahead(search *s, double share)
{
    double b[MOST], total = 0;
    s->before = s->fold[0];
    for (size_t f = 1; f < FOLDS; f++) {
        solve(b, &s->before, s->m, share, s->factor);
        total += squared_error(&s->fold[f], b, s->m);
        add_sums(&s->before, &s->fold[f], s->m);
    }
    return total;
}

/* The regression on all windows with the penalty that is best ahead, and its error there. */
static double regress(double *b, search *s)
{
    double best = 0, error = INFINITY;
    for (size_t i = 0; i < sizeof penalty / sizeof *penalty; i++) {
        const double e = error_ahead(s, penalty[i]);
        if (e < WORTH * error) error = e, best = penalty[i];
    }
    solve(b, &s->before, s->m, best, s->factor); /* which holds all folds now */
    return error;
}

static ssm_status open_search(search *s, ssm_arena *tmp)
{
    const size_t most = SSMI_REGRESSION_SPANS * s->regression->n;
    s->rest = SSMI_ALLOC(tmp, ssmi_window_series, s->task->n_series);
    s->feature = SSMI_ALLOC(tmp, double *, s->task->n_series);
    s->window = SSMI_ALLOC(tmp, double, s->ridge->lookback);
    s->z = ssmi_arena_alloc(tmp, 1 + most, ssmi_ridge_width(s->ridge) * sizeof(double));
    s->centre = SSMI_ALLOC(tmp, double, 1 + most);
    s->error = ssmi_arena_alloc(tmp, 1 + most, s->task->horizon * sizeof(double));
    if (s->rest == NULL || s->feature == NULL || s->window == NULL || s->z == NULL || s->centre == NULL ||
        s->error == NULL)
        return SSM_E_MEMORY;
    memcpy(s->rest, s->task->panel, s->task->n_series * sizeof *s->rest);
    for (size_t i = 0; i < s->task->n_series; i++)
        if ((s->feature[i] = features_of(&s->task->panel[i], s->regression->n, tmp)) == NULL)
            return SSM_E_MEMORY;
    return SSM_OK;
}

/* Solves the map again for what is left. */
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

/* Maps and regressions in turn, of the first m features: the last error ahead. */
static ssm_status alternate(double *error, search *s, size_t m, ssmi_ridge *ridge, size_t period,
                            ssm_arena *tmp)
{
    const size_t most = SSMI_REGRESSION_SPANS * s->regression->n;
    double *b = s->regression->effect;
    s->m = m;
    memset(b, 0, most * sizeof *b);
    for (int pass = 0; pass <= PASSES; pass++) {
        SSMI_TRY(follow(s, ridge, period, tmp));
        collect(s);
        *error = regress(b, s);
    }
    return SSM_OK;
}

ssm_status ssmi_regression_fit(ssmi_regression *r, const ssmi_ridge_task *task, size_t period, ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    const size_t most = SSMI_REGRESSION_SPANS * r->n;
    search *s = SSMI_ALLOC(tmp, search, 1);
    double *kept = SSMI_ALLOC(tmp, double, most), best, error;
    ssmi_ridge ridge;
    if (s == NULL || kept == NULL) return SSM_E_MEMORY;
    *s = (search){.task = task, .regression = r, .ridge = &ridge};
    SSMI_TRY(ssmi_ridge_fit(&ridge, task, tmp, tmp));
    SSMI_TRY(open_search(s, tmp));
    collect(s);
    best = error_ahead(s, 0);
    for (size_t m = r->n; m <= most; m += most - r->n) {
        SSMI_TRY(alternate(&error, s, m, &ridge, period, tmp));
        if (error < WORTH * best) best = error, memcpy(kept, r->effect, most * sizeof *kept);
    }
    memcpy(r->effect, kept, most * sizeof *kept);
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
