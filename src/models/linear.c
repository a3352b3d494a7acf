/* Linear: closed-form ridge regression from a normalised window to the whole horizon (models/ridge.h).
 *
 *     forecast = c + W' (w - c, s),   quantile = forecast + scale (s / scale)^gamma lately^power * offset
 *
 * Offsets are conformal (forecast/conformal.h) from errors on windows that the weights had not seen
 * (models/ridge_errors.h); the weights in use may then be solved again on all rows. s is the window's
 * standard deviation, scale the series' (of several series: that of the history shown), `lately` the size of
 * the errors that the history tells of (models/ridge_recent.h); the powers are chosen (models/ridge_unit.h).
 * What known columns drive by a fixed response is taken off first, where that helps
 * (models/regression.h). The first steps have settings of their own; where several are about as good, the
 * map is their mean.
 * Known value: ETTh1, look-back 512, alpha 5e4, fade 0, mean, training rows only: MSE .3669 at horizon 96. */
#include "forecast/conformal.h"
#include "models/gaussian.h"
#include "models/regression_archive.h"
#include "models/ridge_archive.h"
#include "models/ridge_unit.h"

#include <math.h>
#include <stddef.h>

enum { MAX_ERRORS = 2000, MAX_PERIOD = 1000000 };

typedef struct options {
    size_t lookback;
    double alpha, fade;
    size_t bands;
    int normalise; /* the values of ssmi_ridge_centre */
    int refit_all, adapt;
} options;

typedef struct linear {
    options options;
    ssmi_ridge ridge; /* of what the columns leave */
    ssmi_regression regression;
    double scale; /* raw units of one of the panel's; 0: the standard deviation of each history */
    ssmi_conformal interval;
    double gamma; /* the intervals' unit is scale (spread / scale)^gamma lately^power, spread the window's */
    ssmi_ridge_recent recent; /* `lately`, and its power */
    size_t period;            /* season that fills gaps; 0: none */
    double *z;                /* (width) regressors of the history */
    double *known;            /* (horizon) what the columns add to the rows to come; NULL: nothing */
    double centre;
    double shown, unit; /* `scale` and the intervals' unit of this history */
} linear;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    (void)mem;
    linear *self = self_;
    self->options = *(const options *)options_;
    return SSM_OK;
}

static ssm_status calibrate(linear *self, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_errors e;
    ssmi_ridge_recent *recent = self->options.adapt ? &self->recent : NULL;
    SSMI_TRY(ssmi_ridge_recent_open(&self->recent, &self->ridge, mem));
    SSMI_TRY(ssmi_ridge_errors_collect(&e, &self->ridge, task, MAX_ERRORS, recent, tmp, tmp));
    SSMI_TRY(ssmi_ridge_errors_scale(&self->gamma, &self->recent.power, &e, tmp));
    return ssmi_conformal_fit(&self->interval, e.error, e.n, e.horizon, e.independent, mem, tmp);
}

static size_t longest_period(const ssm_series *series)
{
    return series->n_periods > 0 ? series->period[series->n_periods - 1] : 0;
}

/* Rows held back for choosing when the caller names none: what the shortest series can spare. */
static size_t validation_rows(const ssm_fit_task *task)
{
    size_t shortest = task->panel[0].length, longest = shortest;
    if (task->n_validation > 0) return task->n_validation;
    for (size_t i = 1; i < task->n_series; i++) {
        size_t length = task->panel[i].length;
        if (length < shortest) shortest = length;
        if (length > longest) longest = length;
    }
    size_t rows = ssmi_windows_validation(shortest, task->horizon);
    return rows > 0 ? rows : ssmi_windows_validation(longest, task->horizon);
}

static ssm_status prepare(ssmi_window_series **panel, const ssmi_regression *regression,
                          const ssm_fit_task *task, size_t held, ssm_arena *tmp)
{
    *panel = SSMI_ALLOC(tmp, ssmi_window_series, task->n_series);
    if (*panel == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < task->n_series; i++) {
        size_t length = task->panel[i].length;
        SSMI_TRY(
            ssmi_windows_prepare(&(*panel)[i], &task->panel[i], length > held ? length - held : length, tmp));
        if (regression->n > 0)
            SSMI_TRY(ssmi_regression_attach(&(*panel)[i], regression, &task->panel[i], tmp));
    }
    return SSM_OK;
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    linear *self = self_;
    size_t held = validation_rows(task);
    ssmi_window_series *panel;
    SSMI_TRY(ssmi_progress(tmp->ctx, "fitting", 0, NAN));
    SSMI_TRY(ssmi_regression_open(&self->regression, task->panel, task->n_series, held, mem));
    SSMI_TRY(prepare(&panel, &self->regression, task, held, tmp));
    self->scale = task->n_series == 1 ? panel[0].scale : 0;
    self->period = task->panel[0].n_periods > 0 ? task->panel[0].period[0] : 0;
    ssmi_ridge_task ridge = {.panel = panel,
                             .n_series = task->n_series,
                             .horizon = task->horizon,
                             .n_validation = held,
                             .lookback = self->options.lookback,
                             .period = longest_period(&task->panel[0]),
                             .alpha = self->options.alpha,
                             .fade = self->options.fade,
                             .bands = self->options.bands,
                             .centre = (ssmi_ridge_centre)self->options.normalise};
    SSMI_TRY(ssmi_regression_leave_rest(panel, &self->regression, &ridge, self->period, tmp));
    SSMI_TRY(ssmi_ridge_fit(&self->ridge, &ridge, mem, tmp));
    SSMI_TRY(ssmi_progress(tmp->ctx, "calibrating", 0.5, self->ridge.mse));
    SSMI_TRY(calibrate(self, &ridge, mem, tmp));
    if (!self->options.refit_all || held == 0) return SSM_OK;
    ridge.refit_all = 1;
    return ssmi_ridge_refit(&self->ridge, &ridge, mem, tmp);
}

/* Raw units of one of the panel's. */
static ssm_status unit_of(double *unit, const linear *self, const ssm_series *history, ssm_arena *tmp)
{
    ssmi_window_series whole = {.scale = self->scale};
    if (!(self->scale > 0)) SSMI_TRY(ssmi_windows_prepare(&whole, history, history->length, tmp));
    *unit = whole.scale;
    return SSM_OK;
}

/* x'b of rows [from, from + rows) in raw units. */
static ssm_status effects(double **out, const linear *self, const ssm_series *history, size_t from,
                          size_t rows, ssm_arena *mem, ssm_arena *tmp)
{
    const ssmi_regression *r = &self->regression;
    const size_t back = SSMI_REGRESSION_BACK;
    double unit, *x = ssmi_arena_alloc(tmp, back + rows, r->n * sizeof *x);
    *out = SSMI_ALLOC(mem, double, rows);
    if (*out == NULL || x == NULL) return SSM_E_MEMORY;
    SSMI_TRY(unit_of(&unit, self, history, tmp));
    ssmi_regression_rows(x, r, history, (int64_t)from - (int64_t)back, back + rows);
    for (size_t t = 0; t < rows; t++) (*out)[t] = unit * ssmi_regression_effect(r, x + (back + t) * r->n);
    return SSM_OK;
}

/* The last window, and the rows that it and a look back want, without the known and without gaps; `missing`
 * says where these were. */
static ssm_status last_rows(double *window, ssmi_window_series *out, const linear *self,
                            const ssm_series *history, ssm_arena *tmp)
{
    const size_t length = history->length, back = ssmi_ridge_recent_reach(&self->recent),
                 wanted = self->ridge.lookback + (self->recent.power > 0 ? back : 0),
                 rows = ssmi_windows_last_rows(history->value, length, wanted, self->period);
    double *filled = SSMI_ALLOC(tmp, double, rows), *known = NULL;
    size_t *missing = SSMI_ALLOC(tmp, size_t, rows + 1);
    if (filled == NULL || missing == NULL) return SSM_E_MEMORY;
    if (self->regression.n > 0) SSMI_TRY(effects(&known, self, history, length - rows, rows, tmp, tmp));
    for (size_t t = 0; t < rows; t++) {
        filled[t] = history->value[length - rows + t] - (known != NULL ? known[t] : 0);
        missing[t + 1] = missing[t] + (isnan(filled[t]) != 0);
    }
    ssmi_windows_last(window, filled, rows, self->ridge.lookback, self->period);
    *out = (ssmi_window_series){.length = rows, .value = filled, .missing = missing};
    return SSM_OK;
}

/* The unit of the intervals; z (width) is scratch. */
static double interval_unit(const linear *self, const ssmi_window_series *rows, double *z)
{
    const double spread = ssmi_ridge_spread_of(self->z, &self->ridge) / self->shown,
                 unit = self->shown * ssmi_ridge_unit(spread, self->gamma);
    ssmi_ridge_recent_errors errors;
    if (!(self->recent.power > 0)) return unit;
    ssmi_ridge_recent_look(&errors, &self->recent, rows, rows->length, 1, z);
    return unit * pow(ssmi_ridge_recent_size(&self->recent, &errors, self->shown), self->recent.power);
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    linear *self = self_;
    const size_t width = ssmi_ridge_width(&self->ridge);
    ssmi_window_series rows;
    if (self->regression.n > 0 && history->n_exogenous != self->regression.n) /* only a damaged file asks */
        return ssmi_fail(tmp->ctx, SSM_E_FORMAT, "the model wants %zu exogenous columns, there are %zu",
                         self->regression.n, history->n_exogenous);
    self->z = SSMI_ALLOC(mem, double, width);
    double *window = SSMI_ALLOC(tmp, double, self->ridge.lookback), *z = SSMI_ALLOC(tmp, double, width);
    if (window == NULL || z == NULL || self->z == NULL) return SSM_E_MEMORY;
    SSMI_TRY(last_rows(window, &rows, self, history, tmp));
    ssmi_ridge_regressors(self->z, &self->centre, window, &self->ridge);
    SSMI_TRY(unit_of(&self->shown, self, history, tmp));
    self->unit = interval_unit(self, &rows, z);
    self->known = NULL;
    if (self->regression.n == 0) return SSM_OK;
    return effects(&self->known, self, history, history->length, self->ridge.horizon, mem, tmp);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    (void)tmp;
    const linear *self = self_;
    ssmi_ridge_apply(out->mean, self->z, &self->ridge, 1, out->horizon);
    for (size_t h = 0; h < out->horizon; h++)
        out->mean[h] += self->centre + (self->known != NULL ? self->known[h] : 0);
    ssmi_conformal_quantiles(out, &self->interval, self->unit);
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *a)
{
    linear *self = self_;
    SSMI_TRY(ssmi_ridge_archive(&self->ridge, a));
    SSMI_TRY(ssmi_regression_archive(&self->regression, a));
    SSMI_TRY(ssmi_archive_spread(a, "scale", &self->scale));
    SSMI_TRY(ssmi_archive_size(a, "period", &self->period));
    if (self->period > MAX_PERIOD) return ssmi_archive_reject(a, "a season of %zu rows", self->period);
    self->interval.horizon = self->ridge.horizon;
    SSMI_TRY(ssmi_archive_spread(a, "gamma", &self->gamma));
    if (!(self->gamma <= 1)) return ssmi_archive_reject(a, "a power of the spread of %g", self->gamma);
    SSMI_TRY(ssmi_ridge_recent_archive(&self->recent, &self->ridge, a));
    return ssmi_archive_f64(a, "offset", &self->interval.offset, 2,
                            (size_t[]){self->ridge.horizon, SSMI_CONFORMAL_POINTS});
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const linear *self = self_;
    const int used = ssmi_regression_describe(&self->regression, text, size);
    if (used >= 0 && (size_t)used < size) ssmi_ridge_describe(&self->ridge, text + used, size - (size_t)used);
    return SSM_OK;
}

static const char *const normalise_choices[] = {"auto", "mean", "last", NULL};

static const ssm_option option_table[] = {
    {"lookback", "rows of history that a forecast is made from; 0 chooses over folds", SSM_OPTION_SIZE,
     offsetof(options, lookback), "0", 0, SSMI_RIDGE_LONGEST, NULL},
    {"alpha", "ridge penalty on the sums over all windows; 0 chooses over folds", SSM_OPTION_REAL,
     offsetof(options, alpha), "0", 0, 1e300, NULL},
    {"fade", "how fast the penalty grows with the lag; 0: the same for all", SSM_OPTION_REAL,
     offsetof(options, fade), "1", 0, 10, NULL},
    {"bands", "most parts of the horizon with settings of their own, ending at all, 1/4, 1/16 of it",
     SSM_OPTION_SIZE, offsetof(options, bands), "3", 1, SSMI_RIDGE_BANDS, NULL},
    {"normalise", "what is subtracted from each window", SSM_OPTION_CHOICE, offsetof(options, normalise),
     "auto", 0, 0, normalise_choices},
    {"refit_all", "after choosing, solve again on training and validation rows", SSM_OPTION_FLAG,
     offsetof(options, refit_all), "true", 0, 1, NULL},
    {"adapt", "scale the intervals by how large the errors known at the origin are", SSM_OPTION_FLAG,
     offsetof(options, adapt), "true", 0, 1, NULL},
    {0},
};

const ssm_forecaster_type ssmi_model_linear = {
    .name = "linear",
    .summary = "closed-form ridge regression from a window to the whole horizon",
    .reference = "Toner & Darlow (2024), An Analysis of Linear Time Series Forecasting Models",
    .caps = SSM_CAP_GLOBAL | SSM_CAP_MISSING | SSM_CAP_DIRECT | SSM_CAP_EXOGENOUS,
    .self_size = sizeof(linear),
    .options_size = sizeof(options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .predict = predict,
    .params = params,
    .note = note,
};
