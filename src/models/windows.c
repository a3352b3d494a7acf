#include "models/windows.h"

#include "models/gaussian.h"

#include <math.h>

/* Rows (a, b) are a gap with a observed and b observed or the end. */
typedef struct gap {
    size_t a, b;
    int open; /* nothing observed after it */
} gap;

static double ramp(double from, double to, size_t i, size_t n)
{
    double share = (double)i / (double)n;
    return (1 - share) * from + share * to;
}

static void fill_straight(double *x, gap g)
{
    for (size_t t = g.a + 1; t < g.b; t++) x[t] = g.open ? x[g.a] : ramp(x[g.a], x[g.b], t - g.a, g.b - g.a);
}

/* Copies the season before, then adds the straight line through the errors of that copy at both ends. */
static void fill_seasonal(double *x, gap g, size_t period)
{
    for (size_t t = g.a + 1; t < g.b; t++) x[t] = x[t - period];
    if (g.open) return;
    double left = x[g.a] - x[g.a - period], right = x[g.b] - x[g.b - period];
    for (size_t t = g.a + 1; t < g.b; t++) x[t] += ramp(left, right, t - g.a, g.b - g.a);
}

/* A season is a better guide than a line once the gap is not small against it. */
static int is_seasonal(gap g, size_t period)
{
    return period > 1 && g.a >= period && 4 * (g.b - g.a - 1) >= period;
}

static void fill_gap(double *x, gap g, size_t period)
{
    if (is_seasonal(g, period))
        fill_seasonal(x, g, period);
    else
        fill_straight(x, g);
}

void ssmi_windows_fill(double *out, const double *value, size_t length, size_t period)
{
    size_t first = 0, before;
    while (isnan(value[first])) first++;
    for (size_t t = 0; t < first; t++) out[t] = value[first];
    before = first;
    for (size_t t = first; t < length; t++) {
        if (isnan(value[t])) continue;
        out[t] = value[t];
        if (t > before + 1) fill_gap(out, (gap){before, t, 0}, period);
        before = t;
    }
    if (before + 1 < length) fill_gap(out, (gap){before, length, 1}, period);
}

size_t ssmi_windows_last_rows(const double *value, size_t length, size_t lookback, size_t period)
{
    const size_t rows = lookback + 2 * period;
    if (rows < length && ssmi_last_observed(value + length - rows, rows) < rows) return rows;
    return ssmi_last_observed(value, length) < length ? length : 0;
}

void ssmi_windows_last(double *window, double *value, size_t rows, size_t lookback, size_t period)
{
    ssmi_windows_fill(value, value, rows, period);
    for (size_t i = 0; i < lookback; i++)
        window[i] = i + rows < lookback ? value[0] : value[i + rows - lookback];
}

const double *ssmi_windows_known(double *room, const ssmi_window_series *s, size_t origin, size_t lookback,
                                 size_t period)
{
    size_t end = origin;
    while (end > 0 && s->missing[end] > s->missing[end - 1]) end--;
    if (end == origin) return s->value + origin - lookback;
    const gap g = {end - 1, origin, 1};
    for (size_t i = 0; i < lookback; i++) {
        const size_t t = origin - lookback + i, season = end > 0 && is_seasonal(g, period) ? period : 1;
        /* in whole seasons back to what was observed; a season of one row is the last value */
        room[i] = end == 0  ? 0
                  : t < end ? s->value[t]
                            : s->value[t - (t - g.a + season - 1) / season * season];
    }
    return room;
}

static void standardise(ssmi_window_series *out, const double *value, size_t length)
{
    size_t n;
    out->mean = ssmi_mean(value, length, &n);
    ssmi_spread spread = {0};
    for (size_t t = 0; t < length; t++) ssmi_spread_add(&spread, value[t] - out->mean);
    out->scale = ssmi_spread_sd(&spread, 0);
    if (!(out->scale > 0)) out->scale = 1;
}

static size_t count_observed(const double *value, size_t length)
{
    size_t n = 0;
    for (size_t t = 0; t < length; t++) n += !isnan(value[t]);
    return n;
}

ssm_status ssmi_windows_prepare(ssmi_window_series *out, const ssm_series *series, size_t n_train,
                                ssm_arena *arena)
{
    size_t length = series->length;
    double *x = SSMI_ALLOC(arena, double, length);
    size_t *missing = SSMI_ALLOC(arena, size_t, length + 1);
    if (x == NULL || missing == NULL) return SSM_E_MEMORY;
    if (count_observed(series->value, length) == 0)
        return ssmi_fail(arena->ctx, SSM_E_DATA, "series \"%s\" has no observed value",
                         series->name != NULL ? series->name : "");
    if (n_train > length || count_observed(series->value, n_train) < 2) n_train = length;
    standardise(out, series->value, n_train);
    for (size_t t = 0; t < length; t++) {
        missing[t + 1] = missing[t] + (isnan(series->value[t]) != 0);
        x[t] = (series->value[t] - out->mean) / out->scale;
    }
    ssmi_windows_fill(x, x, length, series->n_periods > 0 ? series->period[0] : 0);
    out->length = length;
    out->value = x;
    out->missing = missing;
    out->column = NULL;
    out->n_columns = 0;
    return SSM_OK;
}

int ssmi_windows_usable(const ssmi_window_series *series, size_t origin, size_t lookback, size_t horizon)
{
    const size_t *missing = series->missing;
    if (origin < lookback || origin == 0 || origin > series->length) return 0;
    if (horizon > series->length - origin) return 0;
    if (missing[origin] > missing[origin - 1]) return 0;
    if (2 * (missing[origin] - missing[origin - lookback]) > lookback) return 0;
    return 4 * (missing[origin + horizon] - missing[origin]) <= horizon;
}

size_t ssmi_windows_validation(size_t length, size_t horizon)
{
    size_t rows = length / 5;
    if (rows < horizon) rows = horizon;
    return rows < length && (length - rows) / 2 >= horizon ? rows : 0;
}
