#include "cli/prediction.h"

#include "base/parallel.h"
#include "forecast/handle.h"

#include <string.h>

int cli_can_share(const cli_request *request, const cli_data *data)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(request->model);
    return data->n_series == 1 || (type != NULL && (type->caps & SSM_CAP_GLOBAL));
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

static ssm_status predict_with(ssm_forecaster *f, cli_prediction *p)
{
    p->model = ssm_forecaster_type_of(f)->name;
    SSMI_TRY(ssm_forecaster_condition(f, p->series));
    SSMI_TRY(ssm_forecaster_predict(f, &p->forecast));
    return ssm_forecaster_note(f, p->note, sizeof p->note);
}

static ssm_status predict_alone(prediction_task *task, cli_prediction *p, ssm_arena *scratch)
{
    ssm_forecaster *f;
    cli_data one = {.n_series = 1, .series = (ssm_series *)p->series};
    SSMI_TRY(cli_fit_shared(task->request, &one, task->horizon, scratch, &f));
    return predict_with(f, p);
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
    cli_prediction *prediction = make_predictions(data, levels, horizon, arena);
    if (prediction == NULL) return SSM_E_MEMORY;
    if (f == NULL) {
        prediction_task task = {request, horizon, prediction};
        SSMI_TRY(ssmi_parallel_for(arena->ctx, data->n_series, predict_item, &task));
    }
    for (size_t i = 0; f != NULL && i < data->n_series; i++) {
        record(&prediction[i], predict_with(f, &prediction[i]), arena->ctx);
    }
    *out = prediction;
    return SSM_OK;
}

/* Facts that travel with a saved model, so that loading can tell whether the new data fit it. */
static ssm_status annotate(ssm_forecaster *f, const cli_data *data)
{
    char step[64];
    ssm_step_text(data->series[0].time.step, step, sizeof step);
    SSMI_TRY(ssm_forecaster_annotate(f, "data", data->table->path));
    SSMI_TRY(ssm_forecaster_annotate(f, "data.sha256", data->table->digest));
    SSMI_TRY(ssm_forecaster_annotate(f, "step", step));
    return ssm_forecaster_annotate(f, "series", data->series[0].name);
}

ssm_status cli_save(const char *path, const cli_data *data, ssm_forecaster *f)
{
    SSMI_TRY(annotate(f, data));
    return ssm_forecaster_save(f, path);
}
