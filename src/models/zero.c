/* Zero: a pretrained selective state-space network that forecasts a series it has never seen.
 *
 *     u = (y - loc) / scale,  a = asinh(u)        one pass over patches of 16 rows, the future masked
 *     nine quantiles of a for every future row    -> sorted, back to data units
 *
 * Nothing is estimated: fit keeps the horizon and no more. The point forecast (`mean`) is the median, which
 * the network's loss (mean pinball) estimates directly. Beyond SSMI_ZERO_HORIZON rows the forecast goes on
 * from its own median, and spreads add as in models/zero_fan.h. With `flip` the forecast is averaged with the
 * turned forecast of the turned series, f(y) and -f(-y). Known value: ETTh1, context 2048, horizon 96, all
 * test windows: MSE 0.344. */
#include "forecast/archive.h"
#include "models/zero_fan.h"
#include "models/zero_weights.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LEVELS = SSMI_FAN_LEVELS, LONGEST_PERIOD = 1000000 };

typedef struct options {
    size_t context, period;
    int flip, precision;
    char weights[SSM_OPTION_TEXT_SIZE];
} options;

enum { FLOAT32, INT8 };

typedef struct zero {
    options options;
    ssmi_zero_network network;
    size_t horizon;       /* of the fit */
    const double *recent; /* (length) last rows of the history, borrowed */
    size_t length;
    ssmi_zero_view view; /* of `recent`, for the horizon of the fit */
} zero;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    zero *self = self_;
    self->options = *(const options *)options_;
    return ssmi_zero_load(&self->network, self->options.weights, self->options.precision == INT8, mem);
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    ((zero *)self_)->horizon = task->horizon;
    return SSM_OK;
}

static size_t rows_at_once(size_t horizon)
{
    return horizon < SSMI_ZERO_HORIZON ? horizon : SSMI_ZERO_HORIZON;
}

static ssm_status look(const zero *self, const double *recent, size_t length, size_t horizon,
                       ssmi_zero_view *view, ssm_arena *arena)
{
    const ssmi_zero_context context = {recent, length, horizon, self->options.period};
    return ssmi_zero_look(&context, view, arena);
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)tmp;
    zero *self = self_;
    self->length = history->length < self->options.context ? history->length : self->options.context;
    self->recent = history->value + history->length - self->length;
    return look(self, self->recent, self->length, rows_at_once(self->horizon), &self->view, mem);
}

/* q (n_future * patch, LEVELS) in units of scale around loc. */
static void unwind(double *q, const float *quantile, size_t rows)
{
    const ssmi_zero_view unit = {.loc = 0, .scale = 1};
    for (size_t h = 0; h < rows; h++, q += LEVELS, quantile += LEVELS) {
        for (size_t k = 0; k < LEVELS; k++) q[k] = ssmi_zero_restore(&unit, quantile[k]);
        ssmi_fan_sort(q);
    }
}

static void average_with_turned(double *q, const double *turned, size_t rows)
{
    for (size_t h = 0; h < rows; h++, q += LEVELS, turned += LEVELS) {
        for (size_t k = 0; k < LEVELS; k++) q[k] = 0.5 * (q[k] - turned[LEVELS - 1 - k]);
    }
}

/* fan (rows, LEVELS) in data units, from one run of the network. */
static ssm_status forecast_once(const zero *self, double *fan, const ssmi_zero_view *view, size_t rows,
                                ssm_arena *tmp)
{
    const size_t batch = self->options.flip ? 2 : 1, size = view->tokens * SSMI_ZERO_FEATURES;
    const size_t out = view->n_future * SSMI_ZERO_PATCH;
    float *both = SSMI_ALLOC(tmp, float, 2 * size), *quantile = SSMI_ALLOC(tmp, float, batch *out *LEVELS);
    double *q = SSMI_ALLOC(tmp, double, batch *out *LEVELS);
    if (both == NULL || quantile == NULL || q == NULL) return SSM_E_MEMORY;
    memcpy(both, view->feature, size * sizeof *both);
    if (batch == 2) ssmi_zero_flip(both + size, both, view->tokens);
    const ssmi_zero_pass pass = {batch, view->tokens, view->from, both, quantile, NULL};
    SSMI_TRY(ssmi_zero_forward(&self->network, &pass, ssmi_cpu_isa(), tmp));
    unwind(q, quantile, batch * out);
    if (batch == 2) average_with_turned(q, q + out * LEVELS, out);
    for (size_t i = 0; i < rows * LEVELS; i++)
        fan[i] = fmin(fmax(q[i] * view->scale + view->loc, -DBL_MAX), DBL_MAX);
    return SSM_OK;
}

/* The first rows_at_once rows; the view of the last condition serves when it has as many patches. */
static ssm_status forecast_first(const zero *self, double *fan, size_t horizon, ssm_arena *tmp)
{
    const size_t rows = rows_at_once(horizon), patches = (rows + SSMI_ZERO_PATCH - 1) / SSMI_ZERO_PATCH;
    ssmi_zero_view view = self->view;
    if (patches != view.n_future) SSMI_TRY(look(self, self->recent, self->length, rows, &view, tmp));
    return forecast_once(self, fan, &view, rows, tmp);
}

/* Rows [done, horizon) from the history and the medians so far. */
static ssm_status go_on(const zero *self, double *fan, size_t done, size_t horizon, ssm_arena *tmp)
{
    const size_t total = self->length + horizon;
    double *past = SSMI_ALLOC(tmp, double, total);
    if (past == NULL) return SSM_E_MEMORY;
    memcpy(past, self->recent, self->length * sizeof *past);
    for (size_t from = 0; done < horizon;) {
        for (; from < done; from++) past[self->length + from] = fan[from * LEVELS + SSMI_FAN_MIDDLE];
        const size_t known = self->length + done, rows = rows_at_once(horizon - done);
        const size_t length = known < self->options.context ? known : self->options.context;
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        ssmi_zero_view view;
        SSMI_TRY(look(self, past + known - length, length, rows, &view, tmp));
        SSMI_TRY(forecast_once(self, fan + done * LEVELS, &view, rows, tmp));
        ssmi_arena_rewind(tmp, mark);
        for (size_t h = done; h < done + rows; h++)
            ssmi_fan_widen(fan + h * LEVELS, fan + (done - 1) * LEVELS);
        done += rows;
    }
    return SSM_OK;
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const zero *self = self_;
    const size_t first = rows_at_once(out->horizon), n = out->n_levels;
    double *fan = SSMI_ALLOC(tmp, double, out->horizon *LEVELS), *z = SSMI_ALLOC(tmp, double, n);
    if (fan == NULL || z == NULL) return SSM_E_MEMORY;
    SSMI_TRY(forecast_first(self, fan, out->horizon, tmp));
    if (first < out->horizon) SSMI_TRY(go_on(self, fan, first, out->horizon, tmp));
    for (size_t k = 0; k < n; k++) z[k] = gsl_cdf_ugaussian_Pinv(out->level[k]);
    for (size_t h = 0; h < out->horizon; h++) {
        const double *q = fan + h * LEVELS;
        out->mean[h] = q[SSMI_FAN_MIDDLE];
        for (size_t k = 0; k < n; k++)
            out->quantile[h * n + k] =
                ssmi_fan_quantile(q, out->level[k], z[k], self->view.loc, self->view.scale);
    }
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    zero *self = self_;
    SSMI_TRY(ssmi_archive_size(archive, "horizon", &self->horizon));
    return self->horizon > 0 ? SSM_OK : ssmi_archive_reject(archive, "\"horizon\" is 0");
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const zero *self = self_;
    const ssmi_zero_periods *p = &self->view.periods;
    if (self->view.tokens == 0) {
        snprintf(text, size, "pretrained, nothing fitted; context up to %zu rows", self->options.context);
    } else if (p->main_strength <= 0) {
        snprintf(text, size, "pretrained, nothing fitted; context of %zu rows, no period seen", self->length);
    } else {
        snprintf(text, size, "pretrained, nothing fitted; context of %zu rows, main period %zu (r %.2f)",
                 self->length, p->main, p->main_strength);
    }
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
