#include "models/ridge_errors.h"

#include "models/gaussian.h"

#include <math.h>

enum { ENOUGH_HORIZONS = 20, MAX_FOLDS = 5 };

/* A walk over windows in a fixed order that takes every skip-th usable one. */
typedef struct walk {
    ssmi_ridge_errors *out;
    const ssmi_ridge_task *task;
    const ssmi_ridge *ridge;
    size_t capacity, skip, seen;
    double widen;
    double *z;                       /* (width) */
    ssmi_ridge_recent *recent;       /* NULL: not wanted */
    ssmi_ridge_recent look;          /* by the map at hand */
    ssmi_ridge_recent_errors *known; /* (capacity) */
} walk;

static void take(walk *w, const ssmi_window_series *s, size_t origin)
{
    ssmi_ridge_errors *out = w->out;
    double *row = out->error + out->n * out->horizon, centre;
    ssmi_ridge_regressors(w->z, &centre, s->value + origin - w->ridge->lookback, w->ridge);
    ssmi_ridge_apply(row, w->z, w->ridge, 1, out->horizon);
    for (size_t h = 0; h < out->horizon; h++) {
        int missing = s->missing[origin + h + 1] > s->missing[origin + h];
        row[h] = missing ? NAN : w->widen * (s->value[origin + h] - centre - row[h]);
    }
    out->spread[out->n] = ssmi_ridge_spread_of(w->z, w->ridge);
    if (w->recent != NULL) ssmi_ridge_recent_look(&w->known[out->n], &w->look, s, origin, w->widen, w->z);
    out->n++;
}

/* Windows of one series whose targets lie in rows [from, to); without room (capacity 0) they are counted. */
static void walk_rows(walk *w, const ssmi_window_series *s, size_t from, size_t to)
{
    for (size_t o = from; o + w->out->horizon <= to; o++) {
        if (!ssmi_windows_usable(s, o, w->ridge->lookback, w->out->horizon)) continue;
        if (w->seen++ % w->skip == 0 && w->out->n < w->capacity) take(w, s, o);
    }
}

static void walk_fold(walk *w, size_t fold, size_t n_folds)
{
    for (size_t i = 0; i < w->task->n_series; i++) {
        size_t length = w->task->panel[i].length, size = length / n_folds, from = size * fold;
        walk_rows(w, &w->task->panel[i], from, fold + 1 == n_folds ? length : from + size);
    }
}

static void walk_validation(walk *w)
{
    for (size_t i = 0; i < w->task->n_series; i++) {
        size_t length = w->task->panel[i].length, held = w->task->n_validation;
        if (held < length) walk_rows(w, &w->task->panel[i], length - held, length);
    }
}

/* Counts with `count`, then makes room for that many errors, thinned to at_most. */
static ssm_status make_room(walk *w, size_t at_most, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_errors *out = w->out;
    w->skip = (w->seen + at_most - 1) / at_most;
    w->capacity = w->seen > 0 ? (w->seen + w->skip - 1) / w->skip : 0;
    w->seen = 0;
    out->error = ssmi_arena_alloc(mem, w->capacity, out->horizon * sizeof(double));
    out->spread = SSMI_ALLOC(mem, double, w->capacity);
    w->z = SSMI_ALLOC(tmp, double, ssmi_ridge_width(w->ridge));
    if (w->recent != NULL) w->known = SSMI_ALLOC(tmp, ssmi_ridge_recent_errors, w->capacity);
    return out->error && out->spread && w->z && (w->known || !w->recent) ? SSM_OK : SSM_E_MEMORY;
}

/* As many folds as leave each of them room for a window, and the rest for a look-back and a horizon. */
static size_t count_folds(const ssmi_ridge *ridge, const ssmi_ridge_task *task)
{
    size_t longest = 0;
    for (size_t i = 0; i < task->n_series; i++)
        if (task->panel[i].length > longest) longest = task->panel[i].length;
    size_t folds = MAX_FOLDS, window = ridge->lookback + task->horizon;
    while (folds > 1 && longest / folds < task->horizon) folds--;
    return folds > 1 && longest / folds * (folds - 1) / 2 > window ? folds : 0;
}

static ssm_status cross_fit(walk *w, size_t n_folds, ssm_arena *tmp)
{
    ssmi_ridge_task task = *w->task;
    task.refit_all = 1;
    task.n_folds = n_folds;
    for (task.fold = 0; task.fold < n_folds; task.fold++) {
        ssmi_mark mark = ssmi_arena_mark(tmp);
        ssmi_ridge without = *w->ridge;
        SSMI_TRY(ssmi_ridge_refit(&without, &task, tmp, tmp));
        const ssmi_ridge *kept = w->ridge;
        w->ridge = &without;
        if (w->recent != NULL) SSMI_TRY(ssmi_ridge_recent_open(&w->look, &without, tmp));
        walk_fold(w, task.fold, n_folds);
        w->ridge = kept;
        ssmi_arena_rewind(tmp, mark);
    }
    return SSM_OK;
}

/* Integrated autocorrelation time of |error| at one step, in rows of the walk: 1 + 2 sum of the
 * autocorrelations up to the first that is not positive (Geyer 1992, section 3.3, in its simplest form).
 * size (n) is scratch. */
static double correlation_time(double *size, const ssmi_ridge_errors *e, size_t step)
{
    size_t n = 0;
    double mean = 0, variance = 0, time = 1;
    for (size_t i = 0; i < e->n; i++)
        if (!isnan(e->error[i * e->horizon + step])) size[n++] = fabs(e->error[i * e->horizon + step]);
    for (size_t i = 0; i < n; i++) mean += (size[i] - mean) / (double)(i + 1);
    for (size_t i = 0; i < n; i++) variance += (size[i] - mean) * (size[i] - mean);
    for (size_t lag = 1; lag < n && variance > 0; lag++) {
        double sum = 0;
        for (size_t i = lag; i < n; i++) sum += (size[i] - mean) * (size[i - lag] - mean);
        if (!(sum > 0)) break;
        time += 2 * sum / variance;
    }
    return time;
}

static ssm_status count_independent(ssmi_ridge_errors *e, ssm_arena *tmp)
{
    double *size = SSMI_ALLOC(tmp, double, e->n), time = 1;
    if (size == NULL) return SSM_E_MEMORY;
    time = fmax(correlation_time(size, e, e->horizon / 2), correlation_time(size, e, e->horizon - 1));
    e->independent = fmax((double)e->n / time, 1);
    return SSM_OK;
}

/* Of the folds, or of the training windows where there are no folds. */
static ssm_status collect_folds(walk *w, size_t at_most, ssm_arena *mem, ssm_arena *tmp)
{
    const size_t n_folds = count_folds(w->ridge, w->task);
    w->seen = 0;
    for (size_t fold = 0; fold < n_folds; fold++) walk_fold(w, fold, n_folds);
    if (w->seen > 0) {
        SSMI_TRY(make_room(w, at_most, mem, tmp));
        return cross_fit(w, n_folds, tmp);
    }
    w->widen = 1 / (1 - fmin(w->ridge->freedom / (double)ssmi_ridge_main(w->ridge)->n_windows, 0.5));
    walk_fold(w, 0, 1);
    SSMI_TRY(make_room(w, at_most, mem, tmp));
    walk_fold(w, 0, 1);
    return SSM_OK;
}

/* What the errors of a step are as a rule, and against that the ones known before each window. */
static ssm_status compare_recent(walk *w, ssm_arena *mem)
{
    ssmi_ridge_errors *out = w->out;
    if (w->recent == NULL) return SSM_OK;
    out->lately = SSMI_ALLOC(mem, double, out->n);
    if (out->lately == NULL) return SSM_E_MEMORY;
    ssmi_ridge_recent_learn(w->recent, out->error, out->n, out->horizon);
    for (size_t i = 0; i < out->n; i++) out->lately[i] = ssmi_ridge_recent_size(w->recent, &w->known[i], 1);
    return SSM_OK;
}

static ssm_status collect(walk *w, size_t at_most, ssm_arena *mem, ssm_arena *tmp)
{
    walk_validation(w);
    if (w->seen < ENOUGH_HORIZONS * w->ridge->horizon) return collect_folds(w, at_most, mem, tmp);
    SSMI_TRY(make_room(w, at_most, mem, tmp));
    walk_validation(w);
    return SSM_OK;
}

ssm_status ssmi_ridge_errors_collect(ssmi_ridge_errors *out, const ssmi_ridge *ridge,
                                     const ssmi_ridge_task *task, size_t at_most, ssmi_ridge_recent *recent,
                                     ssm_arena *mem, ssm_arena *tmp)
{
    *out = (ssmi_ridge_errors){.horizon = ridge->horizon};
    walk w = {.out = out, .task = task, .ridge = ridge, .skip = 1, .widen = 1, .recent = recent};
    if (recent != NULL) w.look = *recent;
    SSMI_TRY(collect(&w, at_most, mem, tmp));
    SSMI_TRY(compare_recent(&w, mem));
    return count_independent(out, tmp);
}
