#include "models/ridge_recent.h"

#include <math.h>

enum { ORIGINS = SSMI_RIDGE_RECENT_ORIGINS, STEPS = SSMI_RIDGE_RECENT_STEPS };

/* Leaves out the bands before the first step: their spreads are not wanted. */
static void leave_early_bands(ssmi_ridge *map, size_t first)
{
    size_t early = 0;
    while (early + 1 < map->n_bands && map->band[early].end <= first) early++;
    map->n_bands -= early;
    for (size_t b = 0; b < map->n_bands; b++) map->band[b] = map->band[b + early];
}

void ssmi_ridge_recent_plan(ssmi_ridge_recent *out, const ssmi_ridge *ridge)
{
    const size_t H = ridge->horizon;
    *out = (ssmi_ridge_recent){.apart = (H - 1) / ORIGINS + 1, .map = *ridge};
    for (size_t k = 1; k <= STEPS; k++) {
        const size_t step = H / STEPS * k + (H % STEPS * k + STEPS - 1) / STEPS; /* H k / STEPS, rounded up */
        if (out->n_steps == 0 || step - 1 > out->step[out->n_steps - 1]) out->step[out->n_steps++] = step - 1;
    }
    leave_early_bands(&out->map, out->step[0]);
    out->map.horizon = out->n_steps;
}

ssm_status ssmi_ridge_recent_open(ssmi_ridge_recent *out, const ssmi_ridge *ridge, ssm_arena *mem)
{
    ssmi_ridge_recent made;
    ssmi_ridge_recent_plan(&made, ridge);
    const size_t width = ssmi_ridge_width(&made.map), left = ssmi_ridge_width(ridge) - width,
                 n = made.n_steps;
    made.map.weight = ssmi_arena_alloc(mem, width, n * sizeof(double));
    if (made.map.weight == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < width; i++) {
        const double *row = ridge->weight + (i < ridge->lookback ? i : i + left) * ridge->horizon;
        for (size_t k = 0; k < n; k++) made.map.weight[i * n + k] = row[made.step[k]];
    }
    *out = made;
    return SSM_OK;
}

size_t ssmi_ridge_recent_reach(const ssmi_ridge_recent *recent)
{
    return ORIGINS * recent->apart;
}

static int is_missing(const ssmi_window_series *s, size_t t)
{
    return s->missing[t + 1] > s->missing[t];
}

/* Adds the errors of the forecast from `origin` whose truth lies before row `end`. */
static void add_forecast(ssmi_ridge_recent_errors *out, const ssmi_ridge_recent *r,
                         const ssmi_window_series *s, size_t origin, size_t end, double *z)
{
    double y[STEPS], centre;
    size_t n = 0;
    while (n < r->n_steps && origin + r->step[n] < end) n++;
    if (n == 0 || is_missing(s, origin - 1)) return;
    ssmi_ridge_regressors(z, &centre, s->value + origin - r->map.lookback, &r->map);
    ssmi_ridge_apply(y, z, &r->map, 1, n);
    for (size_t k = 0; k < n; k++) {
        const size_t t = origin + r->step[k];
        if (is_missing(s, t)) continue;
        out->size[k] += fabs(s->value[t] - centre - y[k]);
        out->known[k]++;
    }
}

void ssmi_ridge_recent_look(ssmi_ridge_recent_errors *out, const ssmi_ridge_recent *recent,
                            const ssmi_window_series *series, size_t origin, double widen, double *z)
{
    *out = (ssmi_ridge_recent_errors){{0}, {0}};
    for (size_t a = 1; a <= ORIGINS; a++) {
        const size_t back = a * recent->apart;
        if (back + recent->map.lookback > origin) break;
        add_forecast(out, recent, series, origin - back, origin, z);
    }
    for (size_t k = 0; k < recent->n_steps; k++) {
        const double possible = (double)(ORIGINS - recent->step[k] / recent->apart);
        out->size[k] *= widen / possible;
        out->known[k] /= possible;
    }
}

void ssmi_ridge_recent_learn(ssmi_ridge_recent *recent, const double *error, size_t n, size_t horizon)
{
    for (size_t k = 0; k < recent->n_steps; k++) {
        double mean = 0, count = 0;
        for (size_t i = 0; i < n; i++) {
            const double e = error[i * horizon + recent->step[k]];
            if (!isnan(e)) mean += (fabs(e) - mean) / ++count;
        }
        recent->usual[k] = mean;
    }
}

double ssmi_ridge_recent_size(const ssmi_ridge_recent *recent, const ssmi_ridge_recent_errors *errors,
                              double unit)
{
    double size = 1, weight = 1;
    for (size_t k = 0; k < recent->n_steps; k++) {
        if (!(recent->usual[k] > 0)) continue;
        size += errors->size[k] / (unit * recent->usual[k]);
        weight += errors->known[k];
    }
    return size / weight;
}
