#include "cli/smoothing.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

const char *const cli_finding_names[] = {"outlier", "level shift"};

/* ---- what stands out ---- */

/* Neighbours of a large residual are large with it: of rows in a row beyond the threshold only the largest
 * counts. */
static size_t find_peaks(cli_finding *out, const double *residual, size_t length, double threshold,
                         cli_finding_kind kind)
{
    size_t n = 0;
    for (size_t t = 0; t < length; t++) {
        if (!(fabs(residual[t]) > threshold)) continue;
        size_t peak = t;
        for (; t < length && fabs(residual[t]) > threshold; t++) {
            if (fabs(residual[t]) > fabs(residual[peak])) peak = t;
        }
        const double p = 4.0 * (double)length * gsl_cdf_ugaussian_Q(fabs(residual[peak]));
        out[n++] = (cli_finding){kind, peak, residual[peak], fmin(p, 1.0)};
    }
    return n;
}

/* Merges both kinds in the order of the rows. */
static ssm_status find(cli_smoothed *s, double threshold, ssm_arena *arena)
{
    const size_t length = s->series->length;
    cli_finding *outlier = SSMI_ALLOC(arena, cli_finding, 4 * length);
    if (outlier == NULL) return SSM_E_MEMORY;
    cli_finding *shift = outlier + length, *all = shift + length;
    const size_t n = find_peaks(outlier, s->result.outlier, length, threshold, CLI_FINDING_OUTLIER);
    const size_t m = find_peaks(shift, s->result.shift, length, threshold, CLI_FINDING_SHIFT);
    for (size_t i = 0, j = 0; i + j < n + m;) {
        const int first = j == m || (i < n && outlier[i].row <= shift[j].row);
        all[s->n_findings++] = first ? outlier[i++] : shift[j++];
    }
    s->finding = all;
    return SSM_OK;
}

/* ---- smoothing ---- */

static ssm_status make_room(cli_smoothed *s, size_t horizon, ssm_arena *arena)
{
    const size_t length = s->series->length, rows = length + horizon;
    ssm_decomposition *d = &s->result;
    *d = (ssm_decomposition){.horizon = horizon,
                             .signal = SSMI_ALLOC(arena, double, rows),
                             .signal_sd = SSMI_ALLOC(arena, double, rows),
                             .observation_sd = SSMI_ALLOC(arena, double, rows),
                             .component = ssmi_arena_alloc(arena, rows, s->n_components * sizeof(double)),
                             .component_sd = ssmi_arena_alloc(arena, rows, s->n_components * sizeof(double)),
                             .innovation = SSMI_ALLOC(arena, double, length),
                             .outlier = SSMI_ALLOC(arena, double, length),
                             .shift = SSMI_ALLOC(arena, double, length)};
    return d->signal && d->signal_sd && d->observation_sd && d->component && d->component_sd &&
                   d->innovation && d->outlier && d->shift
               ? SSM_OK
               : SSM_E_MEMORY;
}

static ssm_status name_components(const ssm_forecaster *f, cli_smoothed *s, ssm_arena *arena)
{
    while (ssm_forecaster_component(f, s->n_components) != NULL) s->n_components++;
    s->component = SSMI_ALLOC(arena, const char *, s->n_components);
    if (s->component == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < s->n_components; i++) {
        s->component[i] = ssmi_arena_strdup(arena, ssm_forecaster_component(f, i));
        if (s->component[i] == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

/* The series of `width` results in a row with one fitted handle. */
static ssm_status smooth_with(ssm_forecaster *f, cli_smoothed *s, size_t width,
                              const cli_smoothing_task *task, ssm_arena *arena)
{
    ssm_decomposition *all = SSMI_ALLOC(arena, ssm_decomposition, width);
    if (all == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssm_forecaster_condition(f, s->series));
    for (size_t i = 0; i < width; i++) {
        s[i].model = ssm_forecaster_type_of(f)->name;
        SSMI_TRY(name_components(f, s + i, arena));
        SSMI_TRY(make_room(s + i, task->horizon, arena));
        all[i] = s[i].result;
    }
    SSMI_TRY(ssm_forecaster_decompose(f, all));
    for (size_t i = 0; i < width; i++) {
        s[i].result = all[i];
        SSMI_TRY(find(s + i, task->threshold, arena));
        SSMI_TRY(ssm_forecaster_note(f, s[i].note, sizeof s[i].note));
    }
    return SSM_OK;
}

static void record(cli_smoothed *s, size_t width, ssm_status status, const ssm_context *ctx)
{
    for (size_t i = 0; i < width; i++) {
        s[i].status = status;
        if (status != SSM_OK) memcpy(s[i].message, ssm_context_message(ctx), sizeof s[i].message);
    }
}

static ssm_status smooth_shared(ssm_forecaster *f, const cli_smoothing_task *task, cli_smoothed *s, size_t n,
                                ssm_arena *arena)
{
    const size_t width = ssm_forecaster_width(f);
    if (n % width != 0)
        return ssmi_fail(arena->ctx, SSM_E_ARGUMENT,
                         "the model was fitted on %zu series together, here are %zu; choose with --column",
                         width, n);
    for (size_t i = 0; i < n; i += width)
        record(s + i, width, smooth_with(f, s + i, width, task, arena), arena->ctx);
    return SSM_OK;
}

/* A handle for each series. Progress may ask to stop. */
static ssm_status smooth_each(const cli_smoothing_task *task, cli_smoothed *s, const cli_data *data,
                              ssm_arena *arena)
{
    for (size_t i = 0; i < data->n_series; i++) {
        ssm_forecaster *f;
        const cli_data one = {.table = data->table, .n_series = 1, .series = data->series + i};
        ssm_status status =
            cli_fit_shared(task->request, &one, task->horizon > 0 ? task->horizon : 1, arena, &f);
        if (status == SSM_E_CANCELLED) return status;
        if (status == SSM_OK) status = smooth_with(f, s + i, 1, task, arena);
        record(s + i, 1, status, arena->ctx);
    }
    return SSM_OK;
}

static ssm_status check_model(const ssm_forecaster_type *type, ssm_context *ctx)
{
    if (type == NULL || type->caps & SSM_CAP_DECOMPOSE) return SSM_OK; /* an unknown name fails with advice */
    return ssmi_fail(ctx, SSM_E_UNSUPPORTED,
                     "\"%s\" has no components; \"ssmcast models\" lists those that decompose", type->name);
}

ssm_status cli_smooth(cli_session *session, const cli_smoothing_task *task, const cli_data *data,
                      ssm_arena *arena, cli_smoothed **out)
{
    ssm_forecaster *f = NULL;
    cli_smoothed *s = SSMI_ALLOC(arena, cli_smoothed, data->n_series);
    if (s == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < data->n_series; i++) s[i].series = data->series + i;
    if (task->load != NULL) {
        SSMI_TRY(cli_load(session, task->load, data, arena, &f));
        SSMI_TRY(check_model(ssm_forecaster_type_of(f), session->ctx));
    } else {
        SSMI_TRY(check_model(ssm_forecaster_type_find(task->request->model), session->ctx));
        if (cli_can_share(task->request, data))
            SSMI_TRY(cli_fit_shared(task->request, data, task->horizon > 0 ? task->horizon : 1, arena, &f));
    }
    if (task->save != NULL && f == NULL)
        return ssmi_fail(session->ctx, SSM_E_ARGUMENT,
                         "\"%s\" fits each series for itself; choose one with --column to save it",
                         task->request->model);
    if (task->save != NULL) SSMI_TRY(cli_save(task->save, data, f, arena));
    SSMI_TRY(f != NULL ? smooth_shared(f, task, s, data->n_series, arena)
                       : smooth_each(task, s, data, arena));
    *out = s;
    return SSM_OK;
}
