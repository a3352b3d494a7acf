#include "cli/prediction.h"

#include "base/parallel.h"
#include "eval/document.h"
#include "forecast/handle.h"

#include <string.h>

int cli_can_share(const cli_request *request, const cli_data *data)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(request->model);
    return data->n_series == 1 || (type != NULL && (type->caps & (SSM_CAP_GLOBAL | SSM_CAP_MULTIVARIATE)));
}

ssm_status cli_fit_shared(const cli_request *request, const cli_data *data, size_t horizon, ssm_arena *arena,
                          ssm_forecaster **out)
{
    ssm_forecaster *f;
    SSMI_TRY(cli_make_forecaster(request, arena, &f));
    SSMI_TRY(ssm_forecaster_fit(f, &(ssm_fit_task){.panel = data->series,
                                                   .n_series = data->n_series,
                                                   .horizon = horizon,
                                                   .n_validation = request->validation}));
    *out = f;
    return SSM_OK;
}

typedef struct prediction_task {
    const cli_request *request;
    size_t horizon;
    cli_prediction *prediction;
} prediction_task;

/* The series of `width` predictions in a row, which are neighbours in memory, with one fitted handle. */
static ssm_status predict_with(ssm_forecaster *f, cli_prediction *p, size_t width, ssm_arena *scratch)
{
    ssm_forecast *forecast = SSMI_ALLOC(scratch, ssm_forecast, width);
    if (forecast == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < width; i++) {
        forecast[i] = p[i].forecast; /* the arrays are the prediction's own */
        p[i].model = ssm_forecaster_type_of(f)->name;
    }
    SSMI_TRY(ssm_forecaster_condition(f, p->series));
    SSMI_TRY(ssm_forecaster_predict(f, forecast));
    return ssm_forecaster_note(f, p->note, sizeof p->note);
}

static ssm_status predict_alone(prediction_task *task, cli_prediction *p, ssm_arena *scratch)
{
    ssm_forecaster *f;
    cli_data one = {.n_series = 1, .series = (ssm_series *)p->series};
    SSMI_TRY(cli_fit_shared(task->request, &one, task->horizon, scratch, &f));
    return predict_with(f, p, 1, scratch);
}

static void record(cli_prediction *p, ssm_status status, const ssm_context *ctx)
{
    p->status = status;
    if (status != SSM_OK) memcpy(p->message, ssm_context_message(ctx), sizeof p->message);
}

static ssm_status predict_item(void *task_, size_t i, ssm_arena *scratch)
{
    prediction_task *task = task_;
    cli_prediction *p = &task->prediction[i];
    record(p, predict_alone(task, p, scratch), scratch->ctx);
    return p->status == SSM_E_CANCELLED ? SSM_E_CANCELLED : SSM_OK;
}

static void predict_shared(ssm_forecaster *f, cli_prediction *prediction, size_t n, ssm_arena *arena)
{
    const size_t width = ssm_forecaster_width(f);
    for (size_t i = 0; i + width <= n; i += width) {
        const ssm_status status = predict_with(f, prediction + i, width, arena);
        for (size_t k = 0; k < width; k++) record(&prediction[i + k], status, arena->ctx);
    }
}

static cli_prediction *make_predictions(const cli_data *data, const cli_levels *levels, size_t horizon,
                                        ssm_arena *arena)
{
    cli_prediction *prediction = SSMI_ALLOC(arena, cli_prediction, data->n_series);
    for (size_t i = 0; prediction != NULL && i < data->n_series; i++) {
        prediction[i].series = &data->series[i];
        prediction[i].forecast = (ssm_forecast){.horizon = horizon,
                                                .n_levels = levels->n,
                                                .level = levels->level,
                                                .mean = SSMI_ALLOC(arena, double, horizon),
                                                .quantile = SSMI_ALLOC(arena, double, horizon * levels->n)};
        if (prediction[i].forecast.mean == NULL || prediction[i].forecast.quantile == NULL) return NULL;
    }
    return prediction;
}

ssm_status cli_predict(const cli_request *request, const cli_data *data, const cli_levels *levels,
                       size_t horizon, ssm_forecaster *f, ssm_arena *arena, cli_prediction **out)
{
    if (f != NULL && ssm_forecaster_type_of(f)->caps & SSM_CAP_MULTIVARIATE &&
        ssm_forecaster_width(f) != data->n_series) {
        return ssmi_fail(arena->ctx, SSM_E_ARGUMENT,
                         "the model was fitted on %zu series together, here are %zu; choose with --column",
                         ssm_forecaster_width(f), data->n_series);
    }
    cli_prediction *prediction = make_predictions(data, levels, horizon, arena);
    if (prediction == NULL) return SSM_E_MEMORY;
    if (f == NULL) {
        prediction_task task = {request, horizon, prediction};
        SSMI_TRY(ssmi_parallel_for(arena->ctx, data->n_series, predict_item, &task));
    }
    if (f != NULL) predict_shared(f, prediction, data->n_series, arena);
    *out = prediction;
    return SSM_OK;
}

/* "load": the only series; "load, wind": those of one vector. NULL: out of memory. */
static const char *names_of(const ssm_forecaster *f, const cli_data *data, ssm_arena *arena)
{
    const char *names = data->series[0].name;
    for (size_t i = 1; i < ssm_forecaster_width(f) && i < data->n_series && names != NULL; i++)
        names = ssmi_arena_printf(arena, "%s, %s", names, data->series[i].name);
    return names;
}

static const char no_grid[] = "irregular";

static void step_of(const ssm_series *series, char *text, size_t size)
{
    if (series->stamp != NULL)
        snprintf(text, size, "%s", no_grid);
    else
        ssm_step_text(series->time.step, text, size);
}

/* Facts that travel with a saved model, so that loading can tell whether the new data fit it. */
static ssm_status annotate(ssm_forecaster *f, const cli_data *data, ssm_arena *arena)
{
    char step[64];
    const char *names = names_of(f, data, arena);
    if (names == NULL) return SSM_E_MEMORY;
    step_of(&data->series[0], step, sizeof step);
    SSMI_TRY(ssm_forecaster_annotate(f, "data", data->table->path));
    SSMI_TRY(ssm_forecaster_annotate(f, "data.sha256", data->table->digest));
    SSMI_TRY(ssm_forecaster_annotate(f, "step", step));
    return ssm_forecaster_annotate(f, "series", names);
}

ssm_status cli_save(const char *path, const cli_data *data, ssm_forecaster *f, ssm_arena *arena)
{
    SSMI_TRY(annotate(f, data, arena));
    return ssm_forecaster_save(f, path);
}

/* Tells where the data are not like those of the fit; the model is used all the same. */
static ssm_status warn_of_differences(cli_session *session, const char *path, const cli_data *data,
                                      const ssm_forecaster *f, ssm_arena *arena)
{
    char step[64];
    const char *expected = ssm_forecaster_annotation(f, "step");
    step_of(&data->series[0], step, sizeof step);
    const int on_grids = data->series[0].stamp == NULL && expected != NULL && strcmp(expected, no_grid) != 0;
    if (on_grids && strcmp(expected, step) != 0)
        cli_warn(session, "%s was fitted on rows every %s, these are every %s", path, expected, step);
    const char *names = names_of(f, data, arena), *fitted = ssm_forecaster_annotation(f, "series");
    if (names == NULL) return SSM_E_MEMORY;
    if (ssm_forecaster_width(f) < 2 || fitted == NULL || strcmp(fitted, names) == 0) return SSM_OK;
    names = cli_printable(arena, names);
    fitted = cli_printable(arena, fitted);
    if (names == NULL || fitted == NULL) return SSM_E_MEMORY;
    cli_warn(session, "%s was fitted on %s, these are %s", path, fitted, names);
    return SSM_OK;
}

ssm_status cli_load(cli_session *session, const char *path, const cli_data *data, ssm_arena *arena,
                    ssm_forecaster **out)
{
    ssm_forecaster *f;
    SSMI_TRY(ssm_forecaster_load(session->ctx, path, &f));
    SSMI_TRY(ssmi_forecaster_own(arena, f));
    SSMI_TRY(warn_of_differences(session, path, data, f, arena));
    *out = f;
    return SSM_OK;
}
