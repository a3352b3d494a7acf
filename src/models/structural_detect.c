/* Detection by auxiliary residuals (Harvey & Koopman 1992; Durbin & Koopman 2012, sec. 7.5): the smoothed
 * irregular shows outliers, the smoothed shock to the level shows shifts. The larger of the two decides what
 * a row is; one row at a time is taken, because each distorts the residuals of its neighbours.
 *
 * Known value: the Nile at its maximum of the likelihood has its largest shift in 1899, beyond 3. */
#include "models/structural_detect.h"

#include "models/structural_smooth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void ssmi_structural_intervene(ssmi_structural *s, const ssmi_intervention *event)
{
    ssmi_part *part = s->part;
    while (part < s->part + s->n_parts && part->kind != SSMI_INTERVENTIONS) part++;
    if (part == s->part + s->n_parts) part = ssmi_structural_add(s, SSMI_INTERVENTIONS);
    s->intervention[s->n_interventions++] = *event;
    part->count = s->n_interventions;
    ssmi_structural_lay_out(s); /* the part is the last one and has no parameters: nothing moves */
}

static int is_taken(const ssmi_structural *s, ssmi_intervention_kind kind, int64_t row)
{
    for (size_t k = 0; k < s->n_interventions; k++) {
        if (s->intervention[k].kind == kind && s->intervention[k].row == row) return 1;
    }
    return 0;
}

typedef struct peak {
    double size;
    size_t row;
    ssmi_intervention_kind kind;
} peak;

static void find_peak(peak *best, const double *residual, size_t length, ssmi_intervention_kind kind,
                      const ssmi_structural *s, int64_t first)
{
    for (size_t t = 0; t < length; t++) {
        if (!(fabs(residual[t]) > best->size) || is_taken(s, kind, first + (int64_t)t)) continue;
        *best = (peak){fabs(residual[t]), t, kind};
    }
}

static ssm_status largest(peak *best, const ssmi_structural *s, const ssmi_structural_data *data,
                          ssm_arena *tmp)
{
    ssmi_structural_matrices m;
    const ssmi_structural_smooth out = {.outlier = SSMI_ALLOC(tmp, double, data->length),
                                        .shift = SSMI_ALLOC(tmp, double, data->length)};
    if (out.outlier == NULL || out.shift == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_structural_build(&m, s, &data->rows, tmp));
    SSMI_TRY(ssmi_structural_smooth_run(&out, &m, NULL, 0, data->y, data->length, 0, tmp));
    find_peak(best, out.outlier, data->length, SSMI_OUTLIER, s, data->rows.first);
    find_peak(best, out.shift, data->length, SSMI_LEVEL_SHIFT, s, data->rows.first);
    return SSM_OK;
}

static void label(ssmi_intervention *event, const ssm_series *series, size_t row)
{
    char text[SSM_TIME_TEXT_SIZE];
    ssm_time_text(series->time, (int64_t)row, text, sizeof text);
    snprintf(event->label, sizeof event->label, "%s_%s", event->kind == SSMI_OUTLIER ? "outlier" : "level",
             text);
}

/* Takes back found interventions whose coefficient is below the threshold; returns whether there were any. */
static int prune(ssmi_structural *s, size_t given, double threshold)
{
    const size_t before = s->n_interventions;
    size_t kept = given;
    for (size_t k = given; k < before; k++) {
        const size_t at = SSMI_STRUCTURAL_COLUMNS + k;
        if (!(fabs(s->coefficient[at]) > threshold * s->deviation[at])) continue;
        s->intervention[kept++] = s->intervention[k];
    }
    s->n_interventions = kept;
    if (kept == before) return 0;
    if (kept == 0)
        s->n_parts--; /* the interventions are the last part */
    else
        s->part[s->n_parts - 1].count = kept;
    ssmi_structural_lay_out(s);
    return 1;
}

ssm_status ssmi_structural_detect(ssmi_structural *s, const ssmi_structural_data *data,
                                  const ssm_series *series, size_t first, double threshold, double precision,
                                  size_t *n_found, ssm_arena *tmp)
{
    const size_t given = s->n_interventions;
    ssmi_structural_fit fit;
    while (s->n_interventions < SSMI_STRUCTURAL_INTERVENTIONS) {
        peak best = {.size = threshold};
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        const ssm_status status = largest(&best, s, data, tmp);
        ssmi_arena_rewind(tmp, mark);
        SSMI_TRY(status);
        if (!(best.size > threshold)) break;
        ssmi_intervention event = {.kind = best.kind, .row = data->rows.first + (int64_t)best.row};
        label(&event, series, first + best.row);
        ssmi_structural_intervene(s, &event);
        ssmi_structural_inherit(s, s, 1e-7);
        SSMI_TRY(ssmi_structural_estimate(s, data, 0, 1, precision, &fit, tmp));
    }
    if (prune(s, given, threshold)) SSMI_TRY(ssmi_structural_estimate(s, data, 0, 1, precision, &fit, tmp));
    *n_found = s->n_interventions - given;
    return SSM_OK;
}
