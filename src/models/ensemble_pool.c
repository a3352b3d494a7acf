/* Pooled forecasts: points and spreads apart.
 *
 *     m = sum_i w_i clip(m_i, l, u),      q(p) = m + sum_i v_i (q_i(p) - m_i),      v_i = w_i t_i / sum_j w_j
 * t_j
 *
 * l, u: the 0.025 and 0.975 quantiles of the judge, at the same step. A member that leaves them has more
 * likely lost its way (a trend carried on for a thousand rows) than seen what the judge cannot; it counts for
 * the bound it went through. Spreads are averaged by quantiles (Lichtendahl, Grushka-Cockayne & Winkler 2013,
 * Management Science 59(7), section 2) around the common centre, not around each member's: what the members
 * disagree about is the centre's business. They count by weight and trust t, because weights come from point
 * forecasts, and how well a spread fits is another matter. Without a judge and with equal trust both are the
 * members' weighted averages. Known value: points 0 and 8, bounds -1 and 2, equal weights: m = 1. */
#include "models/ensemble_pool.h"

#include <math.h>

const double ssmi_ensemble_bounds[SSMI_ENSEMBLE_BOUNDS] = {0.025, 0.975};

double ssmi_ensemble_within(double forecast, const double *bounds)
{
    return bounds == NULL ? forecast : fmin(fmax(forecast, bounds[0]), bounds[1]);
}

/* Where `level` is or belongs in an ascending list. */
static size_t place_of(double level, const double *list, size_t n)
{
    size_t at = 0;
    while (at < n && list[at] < level) at++;
    return at;
}

ssm_status ssmi_ensemble_request(ssm_forecast *request, const ssmi_ensemble_pool *pool,
                                 const ssm_forecast *out, ssm_arena *tmp)
{
    *request = (ssm_forecast){.horizon = out->horizon, .n_levels = out->n_levels, .level = out->level};
    if (pool->judge == pool->n) return SSM_OK;
    size_t n = out->n_levels;
    double *level = SSMI_ALLOC(tmp, double, n + SSMI_ENSEMBLE_BOUNDS);
    if (level == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++) level[k] = out->level[k];
    for (size_t b = 0; b < SSMI_ENSEMBLE_BOUNDS; b++) {
        const double bound = ssmi_ensemble_bounds[b];
        const size_t at = place_of(bound, level, n);
        if (at < n && level[at] == bound) continue;
        for (size_t k = n++; k > at; k--) level[k] = level[k - 1];
        level[at] = bound;
    }
    request->n_levels = n;
    request->level = level;
    return SSM_OK;
}

static void bounds_at(double *bounds, const ssm_forecast *judge, size_t h)
{
    for (size_t b = 0; b < SSMI_ENSEMBLE_BOUNDS; b++) {
        const size_t at = place_of(ssmi_ensemble_bounds[b], judge->level, judge->n_levels);
        bounds[b] = judge->quantile[h * judge->n_levels + at];
    }
}

static double point(const ssmi_ensemble_pool *pool, const ssm_forecast *part, size_t h)
{
    const int judged = pool->judge < pool->n;
    double bounds[SSMI_ENSEMBLE_BOUNDS], sum = 0;
    if (judged) bounds_at(bounds, &part[pool->judge], h);
    for (size_t i = 0; i < pool->n; i++)
        sum += pool->weight[i] * ssmi_ensemble_within(part[i].mean[h], judged ? bounds : NULL);
    return sum;
}

static double spread(const ssmi_ensemble_pool *pool, const ssm_forecast *part, size_t h, size_t level)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < pool->n; i++) {
        const double v = pool->weight[i] * pool->trust[i];
        sum += v * (part[i].quantile[h * part[i].n_levels + level] - part[i].mean[h]);
        all += v;
    }
    return sum / all;
}

void ssmi_ensemble_combine(ssm_forecast *out, const ssmi_ensemble_pool *pool, const ssm_forecast *part)
{
    for (size_t h = 0; h < out->horizon; h++) {
        out->mean[h] = point(pool, part, h);
        for (size_t k = 0; k < out->n_levels; k++) {
            const size_t at = place_of(out->level[k], part[0].level, part[0].n_levels);
            out->quantile[h * out->n_levels + k] = out->mean[h] + spread(pool, part, h, at);
        }
    }
}
