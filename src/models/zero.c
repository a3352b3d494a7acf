/* Zero: a pretrained selective state-space network that forecasts a series it has never seen.
 *
 *     u = (y - loc) / scale,  a = asinh(u)        one pass over patches of 16 rows, the future masked
 *     nine quantiles of a for every future row    -> sorted, back to data units
 *
 * Nothing is estimated, unless `tune` asks for weights trained further on the series (models/zero_tuning.h)
 * or a linear map beside the network (models/zero_adapter.h), or `calibrate` for quantiles corrected by past
 * forecasts. The point forecast
 * (`mean`) is the median, which the network's loss (mean pinball) estimates directly. Beyond
 * SSMI_ZERO_HORIZON rows the forecast goes on from its own median, and spreads add as in models/zero_fan.h.
 * With `flip` the forecast is averaged with the turned forecast of the turned series, f(y) and -f(-y). Known
 * value: ETTh1, context 2048, horizon 96, all test windows: MSE 0.344. */
#include "forecast/archive.h"
#include "models/zero_adapter_fit.h"
#include "models/zero_calibration.h"
#include "models/zero_stream.h"
#include "models/zero_tuning.h"
#include "models/zero_weights.h"

#include <gsl/gsl_cdf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LEVELS = SSMI_FAN_LEVELS, LONGEST_PERIOD = 1000000 };

typedef struct options {
    size_t context, period, refresh, tune_windows;
    int flip, precision, calibrate, tune, fresh;
    double tune_rate;
    char weights[SSM_OPTION_TEXT_SIZE], checkpoint[SSM_OPTION_TEXT_SIZE];
} options;

enum { FLOAT32, INT8 };

typedef struct zero {
    options options;
    ssmi_zero_model model;
    const ssmi_zero_network *pretrained;
    ssmi_zero_tuning tuning;
    ssmi_zero_adapter adapter;
    ssmi_trust adapter_trust;
    ssmi_zero_calibration calibration;
    size_t horizon;      /* of the fit */
    ssmi_zero_view view; /* of the history, for the horizon of the fit; not of rows added since */
    int added;           /* with `fresh`: the view is not that of all rows */
    ssmi_zero_stream stream;
} zero;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    zero *self = self_;
    const options *o = options_;
    self->options = *o;
    self->model = (ssmi_zero_model){.context = o->context, .period = o->period, .flip = o->flip};
    SSMI_TRY(ssmi_zero_share(&self->pretrained, o->weights, o->precision == INT8, mem->ctx));
    self->model.network = self->pretrained;
    return ssmi_zero_stream_open(&self->stream, &self->model, o->refresh, mem);
}

/* Forecasts with the weights that were tuned, if any were kept. */
static ssm_status use_tuned(zero *self, ssm_arena *mem)
{
    const options *o = &self->options;
    if (self->tuning.params == NULL) return SSM_OK;
    ssmi_zero_network *network = SSMI_ALLOC(mem, ssmi_zero_network, 1);
    if (network == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_zero_load_tuned(network, o->weights, o->precision == INT8, self->tuning.table,
                                  self->tuning.params, mem));
    self->model.network = network;
    return SSM_OK;
}

static int trains(const options *o)
{
    return o->tune == SSMI_TUNE_HEAD || o->tune == SSMI_TUNE_ALL;
}

static ssm_status train(zero *self, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    const options *o = &self->options;
    const ssmi_zero_tuning_options how = {.what = (ssmi_zero_tune)o->tune,
                                          .windows = o->tune_windows,
                                          .rate = o->tune_rate,
                                          .checkpoint = o->checkpoint,
                                          .weights = o->weights};
    self->tuning = (ssmi_zero_tuning){0};
    if (!trains(o)) return SSM_OK;
    SSMI_TRY(ssmi_zero_tune_on(&self->tuning, &self->model, task, &how, mem, tmp));
    return use_tuned(self, mem);
}

static void use_adapter(zero *self)
{
    self->model.adapter = self->adapter.share > 0 ? &self->adapter : NULL;
}

/* The linear map is tried where no other weights are kept. */
static ssm_status tune(zero *self, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    self->model.network = self->pretrained;
    self->adapter = (ssmi_zero_adapter){0};
    use_adapter(self);
    SSMI_TRY(train(self, task, mem, tmp));
    if (self->options.tune == SSMI_TUNE_NO || self->tuning.params != NULL) return SSM_OK;
    SSMI_TRY(ssmi_zero_adapter_fit(&self->adapter, &self->adapter_trust, &self->model, task, mem, tmp));
    use_adapter(self);
    return SSM_OK;
}

/* By forecasts of the network without the map, which was fitted to the rows that are forecast. */
static ssm_status calibrate(zero *self, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    const size_t unseen = self->tuning.params != NULL ? ssmi_zero_held(task) : 0;
    ssmi_zero_model alone = self->model;
    alone.adapter = NULL;
    return ssmi_zero_calibrate(&self->calibration, &alone, task, unseen, mem, tmp);
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    zero *self = self_;
    self->horizon = task->horizon;
    SSMI_TRY(tune(self, task, mem, tmp));
    return self->options.calibrate ? calibrate(self, task, mem, tmp) : SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)tmp;
    zero *self = self_;
    self->added = 0;
    SSMI_TRY(
        ssmi_zero_view_of(&self->model, history->value, history->length, self->horizon, &self->view, mem));
    ssmi_zero_stream_start(&self->stream, history->value, history->length, self->horizon, &self->view.frame);
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y)
{
    zero *self = self_;
    if (!self->options.fresh) return ssmi_zero_stream_update(&self->stream, *y);
    ssmi_zero_stream_keep(&self->stream, *y);
    self->added = 1;
    return SSM_OK;
}

/* fan (horizon, LEVELS) in data units, and the frame it was made in. */
static ssm_status forecast(const zero *self, double *fan, ssmi_zero_frame *frame, size_t horizon,
                           ssm_arena *tmp)
{
    const ssmi_zero_stream *s = &self->stream;
    ssmi_zero_view view = self->view;
    *frame = s->frame;
    if (s->running) return ssmi_zero_stream_forecast(s, fan, horizon, tmp);
    if (self->added) {
        SSMI_TRY(ssmi_zero_view_of(&self->model, s->value, s->length, self->horizon, &view, tmp));
        *frame = view.frame;
    }
    return ssmi_zero_forecast(&self->model, fan, s->value, s->length, horizon, &view, tmp);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const zero *self = self_;
    const size_t n = out->n_levels;
    ssmi_zero_frame frame;
    double *fan = SSMI_ALLOC(tmp, double, out->horizon *LEVELS), *z = SSMI_ALLOC(tmp, double, n);
    if (fan == NULL || z == NULL) return SSM_E_MEMORY;
    SSMI_TRY(forecast(self, fan, &frame, out->horizon, tmp));
    for (size_t k = 0; k < n; k++) z[k] = gsl_cdf_ugaussian_Pinv(out->level[k]);
    for (size_t h = 0; h < out->horizon; h++) {
        const double *q = fan + h * LEVELS;
        out->mean[h] = ssmi_zero_calibrated(&self->calibration, q, 0.5, 0, frame.loc, frame.scale);
        for (size_t k = 0; k < n; k++)
            out->quantile[h * n + k] =
                ssmi_zero_calibrated(&self->calibration, q, out->level[k], z[k], frame.loc, frame.scale);
    }
    return SSM_OK;
}

static ssm_status archive_tuning(zero *self, ssm_archive *archive)
{
    const options *o = &self->options;
    if (o->tune == SSMI_TUNE_NO) return SSM_OK;
    if (trains(o))
        SSMI_TRY(ssmi_zero_tuning_archive(&self->tuning, (ssmi_zero_tune)o->tune, self->pretrained, archive));
    if (ssmi_archive_loading(archive)) SSMI_TRY(use_tuned(self, ssmi_archive_memory(archive)));
    if (self->tuning.params != NULL) return SSM_OK;
    SSMI_TRY(ssmi_zero_adapter_archive(&self->adapter, &self->adapter_trust, archive));
    use_adapter(self);
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    zero *self = self_;
    ssmi_zero_calibration *c = &self->calibration;
    SSMI_TRY(ssmi_archive_size(archive, "horizon", &self->horizon));
    if (self->horizon == 0) return ssmi_archive_reject(archive, "\"horizon\" is 0");
    SSMI_TRY(archive_tuning(self, archive));
    if (!self->options.calibrate) return SSM_OK;
    c->positions.horizon = 1;
    SSMI_TRY(ssmi_archive_real(archive, "weight", &c->weight));
    if (!(c->weight >= 0 && c->weight <= 1))
        return ssmi_archive_reject(archive, "\"weight\" is not in [0, 1]");
    return ssmi_archive_f64(archive, "positions", &c->positions.offset, 2,
                            (size_t[]){1, SSMI_CONFORMAL_POINTS});
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    zero *self = self_;
    ssmi_zero_stream *s = &self->stream;
    SSMI_TRY(ssmi_zero_stream_archive(s, archive));
    if (!ssmi_archive_loading(archive) || s->running) return SSM_OK;
    self->added = self->options.fresh;
    if (self->added) return SSM_OK;
    return ssmi_zero_view_of(&self->model, s->value, s->length, s->horizon, &self->view,
                             ssmi_archive_memory(archive));
}

static size_t training(const void *self_, ssm_training_point *out, size_t room)
{
    return ssmi_training_curve(out, &((const zero *)self_)->tuning.result, room);
}

static void describe_tuning(const zero *self, char *text, size_t size)
{
    const options *o = &self->options;
    size_t used = 0;
    snprintf(text, size, "pretrained, nothing fitted");
    if (o->tune == SSMI_TUNE_NO) return;
    if (trains(o)) {
        ssmi_zero_tuning_note(&self->tuning, (ssmi_zero_tune)o->tune, text, size);
        used = strlen(text);
        if (self->tuning.params != NULL || used + 3 > size) return;
        used += (size_t)snprintf(text + used, size - used, "; ");
    }
    ssmi_zero_adapter_note(&self->adapter, &self->adapter_trust, text + used, size - used);
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const zero *self = self_;
    const size_t most = self->model.context, length = self->stream.length;
    const ssmi_zero_periods *periods = &self->stream.frame.periods;
    char season[64] = "", quantiles[64] = "", tuned[512];
    if (length > 0 && periods->main_strength > 0)
        snprintf(season, sizeof season, ", main period %zu (r %.2f)", periods->main, periods->main_strength);
    if (self->options.calibrate)
        snprintf(quantiles, sizeof quantiles, ", past errors count %.0f %%", 100 * self->calibration.weight);
    describe_tuning(self, tuned, sizeof tuned);
    snprintf(text, size, "%s; context of %zu rows%s%s", tuned, length > 0 && length < most ? length : most,
             season, quantiles);
    return SSM_OK;
}

static const char *const precision_choices[] = {"float32", "int8", NULL};
static const char *const tune_choices[] = {"no", "linear", "head", "all", NULL};

static const ssm_option option_table[] = {
    {"context", "rows of history that a forecast is made from, at most", SSM_OPTION_SIZE,
     offsetof(options, context), "2048", SSMI_ZERO_PATCH, SSMI_ZERO_CONTEXT, NULL},
    {"flip", "average with the turned forecast of the turned series: twice the time, a little better",
     SSM_OPTION_FLAG, offsetof(options, flip), "false", 0, 1, NULL},
    {"period", "main period in rows; 0 finds it in the context", SSM_OPTION_SIZE, offsetof(options, period),
     "0", 0, LONGEST_PERIOD, NULL},
    {"refresh", "rows after which location, scale and periods are found anew when rows are added one by one",
     SSM_OPTION_SIZE, offsetof(options, refresh), "128", 1, SSMI_ZERO_CONTEXT, NULL},
    {"fresh",
     "once rows were added one by one, make each forecast by a new pass over the context rather than from "
     "the "
     "state carried along: what a new fit says, in the time of one, while rows cost next to nothing",
     SSM_OPTION_FLAG, offsetof(options, fresh), "false", 0, 1, NULL},
    {"calibrate", "correct the quantiles by forecasts of the series' own past", SSM_OPTION_FLAG,
     offsetof(options, calibrate), "false", 0, 1, NULL},
    {"precision", "arithmetic of the large products", SSM_OPTION_CHOICE, offsetof(options, precision),
     "float32", 0, 0, precision_choices},
    {"tune",
     "train on the series: `linear` lets a ridge map count beside the network (seconds), `head` trains the "
     "network's head further, `all` the whole of it (minutes); the map counts as much as would have been "
     "best in blocks of the past, a half at most, and nothing where its gain there is within chance; weights "
     "are kept only where they would have gained in every block, and where they are not, the map is tried",
     SSM_OPTION_CHOICE, offsetof(options, tune), "no", 0, 0, tune_choices},
    {"tune_windows", "windows shown in tuning; 0: 16384 for the head, 2048 for all", SSM_OPTION_SIZE,
     offsetof(options, tune_windows), "0", 0, 1e9, NULL},
    {"tune_rate", "largest step of tuning; 0: 0.001 for the head, 0.0001 for all", SSM_OPTION_REAL,
     offsetof(options, tune_rate), "0", 0, 1, NULL},
    {"checkpoint", "file from which tuning goes on after it was stopped", SSM_OPTION_TEXT,
     offsetof(options, checkpoint), "", 0, 0, NULL},
    {"weights", "file of other weights of the same kind (safetensors)", SSM_OPTION_TEXT,
     offsetof(options, weights), "", 0, 0, NULL},
    {0},
};

const ssm_forecaster_type ssmi_model_zero = {
    .name = "zero",
    .summary = "pretrained selective state-space network: forecasts at once, nothing is trained",
    .reference = "Dao & Gu (2024), Transformers are SSMs; trained on synthetic series only",
    .caps = SSM_CAP_MISSING | SSM_CAP_GLOBAL | SSM_CAP_ONLINE | SSM_CAP_FROZEN,
    .self_size = sizeof(zero),
    .options_size = sizeof(options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .update = update,
    .predict = predict,
    .params = params,
    .state = state,
    .training = training,
    .note = note,
};
