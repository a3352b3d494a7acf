#include "models/structural_compose.h"

#include "models/gaussian.h"

#include <math.h>
#include <string.h>

enum {
    all_harmonics_up_to = 13, /* rows: months, weeks of four, days of a week */
    lines_in_state = 10,
    most_lines = 160,
    cycles_for_lines = 40, /* enough to see a line; more would show how it changes over the years */
    least_rows_for_lines = 2000
};

/* ---- plan ---- */

static ssm_status plan_dummies(ssmi_structural_plan *plan, const ssmi_structural_wishes *o, size_t length,
                               ssm_context *ctx)
{
    size_t states = 0;
    for (size_t k = 0; k < o->n_periods; k++) {
        if (length >= 2 * o->period[k]) {
            plan->dummies[plan->n_dummies++] = o->period[k];
            states += o->period[k];
        }
        if (states > SSMI_MOST_DUMMIES)
            return ssmi_fail(ctx, SSM_E_ARGUMENT,
                             "seasonal: periods of more than %d rows are too long for dummies",
                             SSMI_MOST_DUMMIES);
    }
    return SSM_OK;
}

ssm_status ssmi_structural_plan_seasons(ssmi_structural_plan *plan, const ssmi_structural_wishes *wishes,
                                        const double *x, size_t length, ssm_arena *tmp)
{
    ssmi_harmonics_plan rule = {
        .n_periods = wishes->n_periods, .all_up_to = all_harmonics_up_to, .most = most_lines};
    size_t rows = least_rows_for_lines, most = wishes->harmonics > 0 ? wishes->harmonics : lines_in_state;
    *plan = (ssmi_structural_plan){0};
    if (wishes->dummies) SSMI_TRY(plan_dummies(plan, wishes, length, tmp->ctx));
    memcpy(rule.period, wishes->period, sizeof rule.period);
    plan->line = SSMI_ALLOC(tmp, ssmi_line, most_lines);
    if (plan->line == NULL) return SSM_E_MEMORY;
    if (wishes->n_periods > 0 && wishes->period[wishes->n_periods - 1] * cycles_for_lines > rows)
        rows = wishes->period[wishes->n_periods - 1] * cycles_for_lines;
    if (rows > length) rows = length;
    SSMI_TRY(ssmi_harmonics_choose(&rule, x + (length - rows), rows, plan->line, &plan->n_lines, tmp));
    for (size_t k = 0; k < plan->n_lines && wishes->harmonics == 0; k++) {
        if (plan->line[k].period <= all_harmonics_up_to && k >= most) most = k + 1;
    }
    if (most > SSMI_STRUCTURAL_LINES) most = SSMI_STRUCTURAL_LINES;
    plan->n_kept = plan->n_lines < most ? plan->n_lines : most;
    return SSM_OK;
}

/* Mean and spread of one column; a coefficient that walks is read without a mean, which would walk too. */
static void plan_column(ssmi_structural_plan *plan, size_t j, int walks, const ssmi_structural_rows *rows,
                        const double *y, size_t length)
{
    ssmi_spread spread = {0};
    double mean = 0.0, n = 0.0;
    for (size_t t = 0; t < length && !walks; t++) {
        if (!isnan(y[t])) mean += (rows->x[t * rows->n_x + j] - mean) / ++n;
    }
    for (size_t t = 0; t < length; t++) {
        if (!isnan(y[t])) ssmi_spread_add(&spread, rows->x[t * rows->n_x + j] - mean);
    }
    plan->center[j] = mean;
    plan->spread[j] = ssmi_spread_sd(&spread, 0);
    if (!(plan->spread[j] > 1e-12 * fabs(mean))) plan->spread[j] = 0.0; /* does not vary: left out */
}

void ssmi_structural_plan_columns(ssmi_structural_plan *plan, const ssmi_structural_wishes *wishes,
                                  const ssmi_structural_rows *rows, const double *y, size_t length)
{
    plan->n_columns = wishes->columns == SSMI_COLUMNS_OFF ? 0 : rows->n_x;
    for (size_t j = 0; j < plan->n_columns; j++)
        plan_column(plan, j, wishes->columns == SSMI_COLUMNS_WALK, rows, y, length);
}

/* ---- composition ---- */

static void add_cycle(ssmi_structural *s, const ssmi_structural_wishes *o)
{
    ssmi_part *part = ssmi_structural_add(s, SSMI_CYCLE);
    const double season = o->n_periods > 0 ? (double)o->period[o->n_periods - 1] : 2.0;
    part->form = o->undamped_cycle ? 1 : 0;
    part->shortest = o->shortest_cycle > 0.0 ? o->shortest_cycle : 1.5 * season;
    part->longest = o->longest_cycle > 0.0 ? o->longest_cycle : 12.0 * season;
}

/* The lines of the state, one part for each period. */
static void add_harmonics(ssmi_structural *s, const ssmi_structural_plan *plan,
                          const ssmi_structural_wishes *o)
{
    for (size_t season = 0; season < o->n_periods; season++) {
        const size_t from = s->n_lines;
        for (size_t k = 0; k < plan->n_kept; k++) {
            if (plan->line[k].season == season) s->line[s->n_lines++] = plan->line[k];
        }
        if (s->n_lines == from) continue;
        ssmi_part *part = ssmi_structural_add(s, SSMI_HARMONICS);
        part->period = o->period[season];
        part->from = from;
        part->count = s->n_lines - from;
        part->form = o->own_variances ? 1 : 0;
    }
}

static void add_dummies(ssmi_structural *s, const ssmi_structural_plan *plan)
{
    for (size_t k = 0; k < plan->n_dummies; k++) {
        ssmi_part *part = ssmi_structural_add(s, SSMI_DUMMIES);
        part->period = part->count = plan->dummies[k];
    }
}

static void add_columns(ssmi_structural *s, const ssmi_structural_plan *plan, const ssmi_structural_wishes *o)
{
    if (plan->n_columns > 0) {
        ssmi_part *part = ssmi_structural_add(s, SSMI_REGRESSION);
        part->count = s->n_columns = plan->n_columns;
        part->form = o->columns == SSMI_COLUMNS_WALK;
        memcpy(s->center, plan->center, sizeof s->center);
        memcpy(s->spread, plan->spread, sizeof s->spread);
    }
    if (o->n_interventions == 0) return;
    s->n_interventions = o->n_interventions;
    memcpy(s->intervention, o->intervention, sizeof s->intervention);
    ssmi_structural_add(s, SSMI_INTERVENTIONS)->count = o->n_interventions;
}

static void hold_at_zero(ssmi_structural *s, size_t parameter)
{
    s->held[parameter] = 1;
    s->parameter[parameter] = 0.0;
}

/* Variances of columns that do not vary have no estimate. */
static void hold_columns(ssmi_structural *s)
{
    const ssmi_part *part = ssmi_structural_part(s, SSMI_REGRESSION);
    for (size_t j = 0; part != NULL && j < part->n_parameters; j++) {
        if (s->spread[j] == 0.0) hold_at_zero(s, part->parameter + j);
    }
}

void ssmi_structural_compose(ssmi_structural *s, const ssmi_structural_plan *plan,
                             const ssmi_structural_wishes *wishes, ssmi_seasons seasons, ssmi_slope slope,
                             size_t order, int cycle)
{
    *s = (ssmi_structural){0};
    ssmi_structural_add(s, SSMI_TREND)->form = slope;
    if (cycle) add_cycle(s, wishes);
    if (order > 0) ssmi_structural_add(s, SSMI_AUTOREGRESSION)->count = order;
    if (seasons == SSMI_SEASONS_HARMONICS) add_harmonics(s, plan, wishes);
    if (seasons == SSMI_SEASONS_DUMMIES) add_dummies(s, plan);
    add_columns(s, plan, wishes);
    ssmi_structural_lay_out(s);
    ssmi_structural_start(s, 0);
    if (wishes->no_irregular) hold_at_zero(s, 0);
    if (wishes->fixed_level) hold_at_zero(s, s->part[0].parameter);
    if (wishes->slope == SSMI_FIXED && slope != SSMI_SLOPE_NONE) hold_at_zero(s, s->part[0].parameter + 1);
    hold_columns(s);
}

void ssmi_structural_quiet_seasons(ssmi_structural *s, double variance)
{
    for (size_t k = 0; k < s->n_parts; k++) {
        const ssmi_part *part = s->part + k;
        for (size_t i = 0; part->period > 0 && i < part->n_parameters; i++)
            s->parameter[part->parameter + i] = variance;
    }
}
