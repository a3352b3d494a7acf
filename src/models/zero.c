/* Zero: a pretrained selective state-space network that forecasts a series it has never seen.
 *
 *     u = (y - loc) / scale,  a = asinh(u)        one pass over patches of 16 rows, the future masked
 *     nine quantiles of a for every future row    -> sorted, back to data units
 *
 * Nothing is estimated, unless `calibrate` asks for quantiles corrected by past forecasts. The point forecast
 * (`mean`) is the median, which the network's loss (mean pinball) estimates directly. Beyond
 * SSMI_ZERO_HORIZON rows the forecast goes on from its own median, and spreads add as in models/zero_fan.h.
 * With `flip` the forecast is averaged with the turned forecast of the turned series, f(y) and -f(-y). Known
 * value: ETTh1, context 2048, horizon 96, all test windows: MSE 0.344. */
#include "forecast/archive.h"
#include "models/zero_calibration.h"
#include "models/zero_weights.h"

#include <gsl/gsl_cdf.h>
#include <stddef.h>
#include <stdio.h>

enum { LEVELS = SSMI_FAN_LEVELS, LONGEST_PERIOD = 1000000 };

typedef struct options {
    size_t context, period;
    int flip, precision, calibrate;
    char weights[SSM_OPTION_TEXT_SIZE];
} options;

enum { FLOAT32, INT8 };

typedef struct zero {
    options options;
    ssmi_zero_model model;
    ssmi_zero_calibration calibration;
    size_t horizon;        /* of the fit */
    const double *history; /* (length) borrowed */
    size_t length;
    ssmi_zero_view view; /* of the history, for the horizon of the fit */
} zero;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    zero *self = self_;
    const options *o = options_;
    self->options = *o;
    self->model = (ssmi_zero_model){.context = o->context, .period = o->period, .flip = o->flip};
    return ssmi_zero_share(&self->model.network, o->weights, o->precision == INT8, mem->ctx);
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    zero *self = self_;
    self->horizon = task->horizon;
    return self->options.calibrate ? ssmi_zero_calibrate(&self->calibration, &self->model, task, mem, tmp)
                                   : SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)tmp;
    zero *self = self_;
    self->history = history->value;
    self->length = history->length;
    return ssmi_zero_view_of(&self->model, self->history, self->length, self->horizon, &self->view, mem);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const zero *self = self_;
    const double loc = self->view.loc, scale = self->view.scale;
    const size_t n = out->n_levels;
    double *fan = SSMI_ALLOC(tmp, double, out->horizon *LEVELS), *z = SSMI_ALLOC(tmp, double, n);
    if (fan == NULL || z == NULL) return SSM_E_MEMORY;
    SSMI_TRY(
        ssmi_zero_forecast(&self->model, fan, self->history, self->length, out->horizon, &self->view, tmp));
    for (size_t k = 0; k < n; k++) z[k] = gsl_cdf_ugaussian_Pinv(out->level[k]);
    for (size_t h = 0; h < out->horizon; h++) {
        const double *q = fan + h * LEVELS;
        out->mean[h] = ssmi_zero_calibrated(&self->calibration, q, 0.5, 0, loc, scale);
        for (size_t k = 0; k < n; k++)
            out->quantile[h * n + k] =
                ssmi_zero_calibrated(&self->calibration, q, out->level[k], z[k], loc, scale);
    }
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    zero *self = self_;
    ssmi_zero_calibration *c = &self->calibration;
    SSMI_TRY(ssmi_archive_size(archive, "horizon", &self->horizon));
    if (self->horizon == 0) return ssmi_archive_reject(archive, "\"horizon\" is 0");
    if (!self->options.calibrate) return SSM_OK;
    c->positions.horizon = 1;
    SSMI_TRY(ssmi_archive_real(archive, "weight", &c->weight));
    if (!(c->weight >= 0 && c->weight <= 1))
        return ssmi_archive_reject(archive, "\"weight\" is not in [0, 1]");
    return ssmi_archive_f64(archive, "positions", &c->positions.offset, 2,
                            (size_t[]){1, SSMI_CONFORMAL_POINTS});
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const zero *self = self_;
    const ssmi_zero_view *view = &self->view;
    char season[64] = "", quantiles[64] = "";
    const size_t rows = self->length < self->model.context ? self->length : self->model.context;
    if (view->tokens > 0 && view->periods.main_strength > 0)
        snprintf(season, sizeof season, ", main period %zu (r %.2f)", view->periods.main,
                 view->periods.main_strength);
    if (self->options.calibrate)
        snprintf(quantiles, sizeof quantiles, ", past errors count %.0f %%", 100 * self->calibration.weight);
    snprintf(text, size, "pretrained, nothing fitted; context of %zu rows%s%s",
             view->tokens > 0 ? rows : self->model.context, season, quantiles);
    return SSM_OK;
}

static const char *const precision_choices[] = {"float32", "int8", NULL};

static const ssm_option option_table[] = {
    {"context", "rows of history that a forecast is made from, at most", SSM_OPTION_SIZE,
     offsetof(options, context), "2048", SSMI_ZERO_PATCH, SSMI_ZERO_CONTEXT, NULL},
    {"flip", "average with the turned forecast of the turned series: twice the time, a little better",
     SSM_OPTION_FLAG, offsetof(options, flip), "false", 0, 1, NULL},
    {"period", "main period in rows; 0 finds it in the context", SSM_OPTION_SIZE, offsetof(options, period),
     "0", 0, LONGEST_PERIOD, NULL},
    {"calibrate", "correct the quantiles by forecasts of the series' own past", SSM_OPTION_FLAG,
     offsetof(options, calibrate), "false", 0, 1, NULL},
    {"precision", "arithmetic of the large products", SSM_OPTION_CHOICE, offsetof(options, precision),
     "float32", 0, 0, precision_choices},
    {"weights", "file of other weights of the same kind (safetensors)", SSM_OPTION_TEXT,
     offsetof(options, weights), "", 0, 0, NULL},
    {0},
};

const ssm_forecaster_type ssmi_model_zero = {
    .name = "zero",
    .summary = "pretrained selective state-space network: forecasts at once, nothing is trained",
    .reference = "Dao & Gu (2024), Transformers are SSMs; trained on synthetic series only",
    .caps = SSM_CAP_MISSING | SSM_CAP_GLOBAL,
    .self_size = sizeof(zero),
    .options_size = sizeof(options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .predict = predict,
    .params = params,
    .note = note,
};
