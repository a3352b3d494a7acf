/* Parts from parameters, and maximum likelihood over them: variances, rates and turns on the log scale within
 * bounds, by values alone. A variance that ends at the bottom becomes zero where that costs nothing. */
#include "models/flow.h"

#include "core/climb.h"

#include <math.h>
#include <string.h>

/* Harmonics whose period is longer, in units of time, start with a wide distribution, not diffuse: over the
 * few rows that an exact diffuse start takes they can hardly be told from each other. */
static const double longest_diffuse_period = 24.0, wide_start = 4.0;
static const double smallest_log = -32.0, largest_log = 5.0; /* of a variance, when that of y is 1 */
static const double zero_log = -18.0, zero_cost = 0.01; /* below this, zero is tried; its price at most */
static const double precision = 1e-5;                   /* of the log-likelihood */
/* Of central differences: half of the digits would be lost at 1e-8, a log-likelihood bends little over 1e-4.
 */
static const double difference = 1e-4;

typedef struct range {
    double low, high; /* logarithms */
} range;

/* A decay slower than 1e-4 a unit is a level that wanders, one faster than 3 is noise. */
static range range_of(size_t parameter)
{
    switch (parameter) {
    case SSMI_FLOW_DAMPING:
    case SSMI_FLOW_DECAY:
        return (range){-9.2, 1.1};
    case SSMI_FLOW_TURN:
        return (range){-9.2, -0.7};
    default:
        return (range){smallest_log, largest_log};
    }
}

static int is_variance(size_t parameter)
{
    return parameter != SSMI_FLOW_DAMPING && parameter != SSMI_FLOW_DECAY && parameter != SSMI_FLOW_TURN;
}

int ssmi_flow_uses(const ssmi_flow *flow, size_t i)
{
    switch (i) {
    case SSMI_FLOW_IRREGULAR:
    case SSMI_FLOW_LEVEL:
        return 1;
    case SSMI_FLOW_SLOPE:
        return flow->trend != SSMI_FLOW_WANDER;
    case SSMI_FLOW_DAMPING:
        return flow->trend == SSMI_FLOW_DAMPED;
    case SSMI_FLOW_CYCLE:
    case SSMI_FLOW_DECAY:
        return flow->cycle != SSMI_FLOW_NONE;
    case SSMI_FLOW_TURN:
        return flow->cycle == SSMI_FLOW_TURNING;
    default:
        return i - SSMI_FLOW_SEASON < flow->n_seasons;
    }
}

size_t ssmi_flow_parts(ssmi_part *part, const ssmi_flow *flow)
{
    static const ssmi_motion trend[] = {SSMI_WIENER, SSMI_TREND, SSMI_DAMPED};
    const double *p = flow->parameter;
    size_t n = 0;
    part[n++] = (ssmi_part){.motion = trend[flow->trend],
                            .variance = p[SSMI_FLOW_LEVEL],
                            .slope = p[SSMI_FLOW_SLOPE],
                            .rate = p[SSMI_FLOW_DAMPING]};
    if (flow->cycle != SSMI_FLOW_NONE)
        part[n++] = (ssmi_part){.motion = flow->cycle == SSMI_FLOW_TURNING ? SSMI_TURNING : SSMI_REVERTING,
                                .variance = p[SSMI_FLOW_CYCLE],
                                .rate = p[SSMI_FLOW_DECAY],
                                .turn = p[SSMI_FLOW_TURN]};
    for (size_t s = 0; s < flow->n_seasons; s++) {
        for (size_t k = 1; k <= flow->harmonics[s]; k++) {
            const double period = flow->period[s] / (double)k;
            part[n++] = (ssmi_part){.motion = SSMI_HARMONIC,
                                    .variance = p[SSMI_FLOW_SEASON + s],
                                    .turn = 1.0 / period,
                                    .start = period > longest_diffuse_period ? wide_start : 0.0};
        }
    }
    return n;
}

/* ---- estimation ---- */

typedef struct estimation {
    ssmi_flow *flow; /* trial values */
    ssmi_part part[SSMI_FLOW_PARTS];
    ssmi_continuous filter;
    ssmi_continuous_rows rows;
    size_t burn, n, index[SSMI_FLOW_PARAMETERS];
} estimation;

static ssmi_continuous_fit run(estimation *e)
{
    ssmi_flow_parts(e->part, e->flow);
    e->filter.irregular = e->flow->parameter[SSMI_FLOW_IRREGULAR];
    return ssmi_continuous_run(&e->filter, &e->rows, e->burn);
}

static double value(void *user, const double *theta, double *gradient, int *stop)
{
    (void)gradient;
    (void)stop;
    estimation *e = user;
    for (size_t k = 0; k < e->n; k++) e->flow->parameter[e->index[k]] = exp(theta[k]);
    return run(e).loglik;
}

/* Variances at the bottom become zero where the likelihood does not mind. */
static void clear_zeros(estimation *e, double best)
{
    double *p = e->flow->parameter;
    for (size_t k = 0; k < e->n; k++) {
        const double kept = p[e->index[k]];
        if (!is_variance(e->index[k]) || kept > exp(zero_log)) continue;
        p[e->index[k]] = 0.0;
        const double loglik = run(e).loglik;
        if (loglik >= best - zero_cost)
            best = loglik;
        else
            p[e->index[k]] = kept;
    }
}

/* The likelihood has local maxima. A small first step and a large one lead to different ones; the better
 * counts. */
static ssm_status climb(estimation *e, int *converged)
{
    double start[SSMI_FLOW_PARAMETERS], theta[SSMI_FLOW_PARAMETERS], best_theta[SSMI_FLOW_PARAMETERS];
    double low[SSMI_FLOW_PARAMETERS], high[SSMI_FLOW_PARAMETERS], best = -INFINITY;
    double work[3 * SSMI_FLOW_PARAMETERS];
    const double size[2] = {(double)e->rows.length, 1.0};
    for (size_t k = 0; k < e->n; k++) {
        const range r = range_of(e->index[k]);
        low[k] = r.low;
        high[k] = r.high;
        start[k] = log(fmax(e->flow->parameter[e->index[k]], 1e-300));
    }
    ssmi_climb_task task = {.n = e->n,
                            .objective = value,
                            .user = e,
                            .low = low,
                            .high = high,
                            .precision = precision,
                            .smallest_step = 1e-5,
                            .difference = difference,
                            .most_evaluations = 60};
    for (size_t k = 0; k < 2; k++) {
        task.size = size[k];
        memcpy(theta, start, sizeof theta);
        const ssmi_climb_result found = ssmi_climb(theta, &task, work);
        if (!(found.value > best)) continue;
        best = found.value;
        *converged = found.converged;
        memcpy(best_theta, theta, sizeof theta);
    }
    if (isinf(best)) return SSM_E_NUMERIC;
    value(e, best_theta, NULL, NULL);
    clear_zeros(e, best);
    return SSM_OK;
}

ssm_status ssmi_flow_estimate(ssmi_flow *flow, const double *y, const double *gap, size_t length, size_t burn,
                              ssmi_continuous_fit *fit, int *converged, ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    estimation *e = SSMI_ALLOC(tmp, estimation, 1);
    if (e == NULL) return SSM_E_MEMORY;
    *e = (estimation){.flow = flow, .burn = burn};
    for (size_t i = 0; i < SSMI_FLOW_PARAMETERS; i++) {
        if (ssmi_flow_uses(flow, i)) e->index[e->n++] = i;
    }
    ssm_status status = ssmi_continuous_init(&e->filter, e->part, ssmi_flow_parts(e->part, flow), tmp);
    if (status == SSM_OK) status = ssmi_continuous_rows_init(&e->rows, &e->filter, y, gap, length, tmp);
    if (status == SSM_OK) {
        status = climb(e, converged);
        if (status != SSM_OK) ssmi_fail(tmp->ctx, status, "the likelihood cannot be evaluated");
    }
    if (status == SSM_OK) *fit = run(e);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
