/* Which parts a series in continuous time needs: trend and cycle first, then season after season with more
 * and more harmonics, each step kept when AICc falls (Burnham & Anderson 2002, eq. 7.20) on the rows behind a
 * few at the beginning, which all structures may use up for their start. */
#include "models/flow.h"

#include <math.h>
#include <string.h>

/* Rows times squared states that one evaluation may cost, and rows at most: a second or two for the whole
 * search. Seasons need rows more than precision needs them. */
static const double evaluation_budget = 7e5;
enum { most_rows = 3000, most_burn = 40, least_rows = 8 };

static const size_t harmonic_steps[] = {1, 2, 4, 8, SSMI_FLOW_HARMONICS};

typedef struct search {
    const ssmi_flow_wishes *wishes;
    const double *y, *gap;
    size_t length, observed, burn;
    ssm_arena *tmp;
} search;

typedef struct verdict {
    ssmi_flow flow;
    double criterion;
    int converged;
} verdict;

static size_t count_observed(const double *y, size_t length)
{
    size_t n = 0;
    for (size_t t = 0; t < length; t++) n += isnan(y[t]) ? 0 : 1;
    return n;
}

static size_t count_states(const ssmi_flow *flow)
{
    ssmi_part part[SSMI_FLOW_PARTS];
    const size_t n = ssmi_flow_parts(part, flow);
    size_t states = 0;
    for (size_t k = 0; k < n; k++) states += ssmi_part_states(part[k].motion);
    return states;
}

/* The last rows that the budget allows. */
static search last_rows(const search *whole, size_t states)
{
    search w = *whole;
    const size_t budget = (size_t)(evaluation_budget / (double)((states + 2) * (states + 2)));
    const size_t rows = budget < most_rows ? budget : most_rows, drop = w.length > rows ? w.length - rows : 0;
    if (drop > 0 && count_observed(w.y + drop, rows) >= rows / 4) {
        w.y += drop;
        w.gap += drop;
        w.length = rows;
    }
    w.observed = count_observed(w.y, w.length);
    w.burn = w.observed / 4 < most_burn ? w.observed / 4 : most_burn;
    return w;
}

static double criterion(const ssmi_flow *flow, const ssmi_continuous_fit *fit)
{
    double k = 0.0;
    const double n = (double)fit->n_conditional;
    for (size_t i = 0; i < SSMI_FLOW_PARAMETERS; i++) k += ssmi_flow_uses(flow, i) ? 1.0 : 0.0;
    return 2.0 * k + 2.0 * k * (k + 1.0) / fmax(n - k - 1.0, 1.0) - 2.0 * fit->conditional;
}

static ssm_status consider(const search *w, verdict *best, ssmi_flow flow, int *better)
{
    ssmi_continuous_fit fit;
    int converged;
    *better = 0;
    if (w->observed < count_states(&flow) + 5) return SSM_OK;
    for (size_t i = 0; i < SSMI_FLOW_PARAMETERS; i++) { /* a zero cannot be left on the log scale */
        if (ssmi_flow_uses(&flow, i)) flow.parameter[i] = fmax(flow.parameter[i], 1e-7);
    }
    const ssm_status status =
        ssmi_flow_estimate(&flow, w->y, w->gap, w->length, w->burn, &fit, &converged, w->tmp);
    if (status == SSM_E_MEMORY || status == SSM_E_CANCELLED) return status;
    if (status != SSM_OK) return SSM_OK; /* another structure may do */
    const double value = criterion(&flow, &fit);
    *better = value < best->criterion;
    if (*better) *best = (verdict){flow, value, converged};
    return SSM_OK;
}

/* Values to start from, in units of the variance of the series; a cycle that turns has several. */
static const double first_value[SSMI_FLOW_PARAMETERS] = {
    [SSMI_FLOW_IRREGULAR] = 0.05, [SSMI_FLOW_LEVEL] = 0.02, [SSMI_FLOW_SLOPE] = 1e-5,
    [SSMI_FLOW_DAMPING] = 0.05,   [SSMI_FLOW_CYCLE] = 0.3,  [SSMI_FLOW_DECAY] = 0.2,
    [SSMI_FLOW_TURN] = 0.1,       [SSMI_FLOW_SEASON] = 1e-4};
static const double first_turn[] = {0.1, 0.02, 0.3};

static void set_first(ssmi_flow *flow)
{
    memcpy(flow->parameter, first_value, sizeof first_value);
    for (size_t s = 1; s < SSM_MAX_PERIODS; s++)
        flow->parameter[SSMI_FLOW_SEASON + s] = first_value[SSMI_FLOW_SEASON];
}

static int allows(int wish, int value)
{
    return wish < 0 || wish == value;
}

/* A turning cycle only when it is asked for: it takes several starts. */
static ssm_status search_plain(const search *w, verdict *best)
{
    int better;
    for (int cycle = SSMI_FLOW_NONE; cycle <= SSMI_FLOW_TURNING; cycle++) {
        if (!allows(w->wishes->cycle, cycle) || (cycle == SSMI_FLOW_TURNING && w->wishes->cycle < 0))
            continue;
        for (int trend = SSMI_FLOW_WANDER; trend <= SSMI_FLOW_DAMPED; trend++) {
            if (!allows(w->wishes->trend, trend)) continue;
            const size_t starts = cycle == SSMI_FLOW_TURNING ? sizeof first_turn / sizeof *first_turn : 1;
            for (size_t k = 0; k < starts; k++) {
                ssmi_flow flow = {.trend = (ssmi_flow_trend)trend, .cycle = (ssmi_flow_cycle)cycle};
                set_first(&flow);
                flow.parameter[SSMI_FLOW_TURN] = first_turn[k];
                SSMI_TRY(consider(w, best, flow, &better));
            }
        }
    }
    return SSM_OK;
}

/* One season more, with as many harmonics as pay. The rows are those that the largest of them allows, and the
 * structure without the season is judged on the same ones. */
static ssm_status search_season(const search *whole, verdict *best, double period)
{
    ssmi_flow flow = best->flow;
    const size_t s = flow.n_seasons++;
    int better, missed = 0;
    flow.period[s] = period;
    flow.harmonics[s] = SSMI_FLOW_HARMONICS;
    const search w = last_rows(whole, count_states(&flow));
    verdict here = {.criterion = INFINITY};
    SSMI_TRY(consider(&w, &here, best->flow, &better));
    flow.parameter[SSMI_FLOW_SEASON + s] = first_value[SSMI_FLOW_SEASON];
    for (size_t k = 0; k < sizeof harmonic_steps / sizeof *harmonic_steps && missed < 2; k++) {
        if (!w.wishes->uneven && 2.0 * (double)harmonic_steps[k] > period) break;
        flow.harmonics[s] = harmonic_steps[k];
        SSMI_TRY(consider(&w, &here, flow, &better));
        missed = better ? 0 : missed + 1;
    }
    if (here.flow.n_seasons > s) *best = here;
    return SSM_OK;
}

/* Too little to estimate: a level that wanders by the variance of the values. */
static void fall_back(ssmi_flow *flow, size_t observed)
{
    *flow = (ssmi_flow){.trend = SSMI_FLOW_WANDER};
    flow->parameter[SSMI_FLOW_LEVEL] = observed > 1 ? 1.0 : 0.0;
}

ssm_status ssmi_flow_search(ssmi_flow *flow, const ssmi_flow_wishes *wishes, const double *y,
                            const double *gap, size_t length, int *converged, ssm_arena *tmp)
{
    const search whole = {.wishes = wishes, .y = y, .gap = gap, .length = length, .tmp = tmp};
    const search w = last_rows(&whole, 4);
    verdict best = {.criterion = INFINITY, .converged = 1};
    if (w.observed >= least_rows) SSMI_TRY(search_plain(&w, &best));
    if (isinf(best.criterion)) {
        fall_back(&best.flow, w.observed);
        wishes = NULL;
    }
    for (size_t k = 0; wishes != NULL && k < wishes->n_periods; k++)
        SSMI_TRY(search_season(&whole, &best, wishes->period[k]));
    *flow = best.flow;
    *converged = best.converged;
    return SSM_OK;
}
