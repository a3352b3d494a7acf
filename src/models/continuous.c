/* Structural time series in continuous time: rows at any times, filtered as they are.
 *
 * The parts are those of kalman/continuous.h, chosen and estimated by flow_search.c, with time in units of
 * the typical gap of the series that was fitted. A history is filtered from an exact diffuse start and never
 * refitted; a new row is one step of the same filter at its own time. Rows of a grid are a step apart, months
 * counted as equally long.
 *
 * Known value: on a grid a wandering level alone is the discrete local level; its maximum on the Nile has the
 * variances 15099 and 1469.1. */
#include "forecast/archive_clock.h"
#include "models/flow_decompose.h"
#include "models/gaussian.h"
#include "models/kalman_state.h"
#include "series/clock.h"
#include "series/time.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_condition_rows = 20000 };
/* Prior variance, in units of that of the series, of directions that the history leaves open. */
static const double open_variance = 100.0;
/* A calendar season is looked for when its period has so many typical gaps, and the series so many periods.
 */
static const double gaps_per_period = 4.0, periods_per_series = 2.5;

typedef struct continuous_options {
    char periods[SSM_OPTION_TEXT_SIZE];
    int trend, cycle;
} continuous_options;

/* One more than in ssmi_flow_trend and ssmi_flow_cycle. */
static const char *const trend_choices[] = {"auto", "level", "linear", "damped", NULL};
static const char *const cycle_choices[] = {"auto", "off", "reverting", "turning", NULL};

static const ssm_option option_table[] = {
    {"trend", "a level that wanders, one with a slope, or one with a slope that dies out", SSM_OPTION_CHOICE,
     offsetof(continuous_options, trend), "auto", 0, 0, trend_choices},
    {"cycle", "stationary part: one that reverts to zero (Ornstein-Uhlenbeck), or turns as well",
     SSM_OPTION_CHOICE, offsetof(continuous_options, cycle), "auto", 0, 0, cycle_choices},
    {"periods",
     "seasons such as \"1 d, 7 d\", or in rows; \"none\"; empty: those of the series, else of the calendar",
     SSM_OPTION_TEXT, offsetof(continuous_options, periods), "", 0, 0, NULL},
    {0},
};

/* Seasons as the options name them. */
typedef struct wished_seasons {
    int none;
    size_t n;
    double length[SSM_MAX_PERIODS];
    int in_rows[SSM_MAX_PERIODS]; /* else in nanoseconds */
} wished_seasons;

typedef struct continuous {
    continuous_options options;
    wished_seasons seasons;
    /* the fit */
    ssmi_flow flow;
    double unit, center, scale; /* of time in nanoseconds (rows); of the values */
    size_t converged;
    double season[2 * SSM_MAX_PERIODS]; /* its seasons as numbers, while they are saved */
    /* the history */
    ssm_series history;
    ssmi_part part[SSMI_FLOW_PARTS];
    ssmi_continuous filter;
    ssmi_clock clock;
} continuous;

/* ---- options ---- */

static const char *read_season(const char *text, wished_seasons *out)
{
    ssm_step step;
    char *end;
    const char *rest = ssmi_step_read(text, &step);
    const double rows = strtod(text, &end);
    const char *after = end + strspn(end, " ");
    if (end != text && (*after == '\0' || *after == ',')) {
        out->in_rows[out->n] = 1;
        out->length[out->n] = rows;
        return after;
    }
    if (rest == NULL) return NULL;
    out->length[out->n] = ssmi_step_length(step);
    return rest + strspn(rest, " ");
}

static ssm_status init(void *self_, const void *options, ssm_arena *mem)
{
    continuous *self = self_;
    wished_seasons *s = &self->seasons;
    self->options = *(const continuous_options *)options;
    *s = (wished_seasons){.none = strcmp(self->options.periods, "none") == 0};
    for (const char *text = self->options.periods; *text != '\0' && !s->none;) {
        const char *rest = s->n < SSM_MAX_PERIODS ? read_season(text, s) : NULL;
        if (rest == NULL || (*rest != '\0' && (*rest != ',' || rest[1] == '\0')) ||
            !(s->length[s->n] > 0.0 && s->length[s->n] < 1e19))
            return ssmi_fail(mem->ctx, SSM_E_ARGUMENT,
                             "periods: \"%s\" is not a list of at most %d seasons such as \"1 d, 7 d\"",
                             self->options.periods, SSM_MAX_PERIODS);
        s->n++;
        text = *rest == ',' ? rest + 1 : rest;
    }
    return SSM_OK;
}

/* ---- fit ---- */

/* Day, week and year, where the series has enough of them and enough rows in them. */
static void calendar_seasons(ssmi_flow_wishes *wishes, double unit, double span)
{
    static const double calendar[] = {86400e9, 7 * 86400e9, 12 * 2629746e9};
    for (size_t k = 0; k < sizeof calendar / sizeof *calendar; k++) {
        if (calendar[k] < gaps_per_period * unit || calendar[k] * periods_per_series > span * unit) continue;
        wishes->period[wishes->n_periods++] = calendar[k] / unit;
    }
}

static int ascending(const void *a_, const void *b_)
{
    const double *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

static void wish_seasons(const continuous *self, ssmi_flow_wishes *wishes, const ssm_series *series,
                         double span)
{
    const wished_seasons *s = &self->seasons;
    if (s->none) return;
    for (size_t k = 0; k < s->n; k++)
        wishes->period[wishes->n_periods++] = s->in_rows[k] ? s->length[k] : s->length[k] / self->unit;
    for (size_t k = 0; k < series->n_periods && s->n == 0; k++)
        wishes->period[wishes->n_periods++] = (double)series->period[k];
    if (wishes->n_periods == 0 && series->stamp != NULL && series->time.step.unit != SSM_STEP_NONE)
        calendar_seasons(wishes, self->unit, span);
    qsort(wishes->period, wishes->n_periods, sizeof *wishes->period, ascending);
}

static void fill_gaps(const continuous *self, double *gap, const ssm_series *series)
{
    for (size_t t = 1; t < series->length; t++) gap[t] = ssmi_series_gap(series, t) / self->unit;
}

static double to_model(const continuous *self, double y)
{
    const double x = y - self->center;
    return self->scale > 0.0 ? x / self->scale : x;
}

static void standardise(continuous *self, double *x, const ssm_series *series)
{
    ssmi_spread spread = {0};
    self->center = ssmi_mean(series->value, series->length, NULL);
    for (size_t t = 0; t < series->length; t++) ssmi_spread_add(&spread, series->value[t] - self->center);
    self->scale = ssmi_spread_sd(&spread, 0);
    if (!(self->scale > 1e-14 * fabs(self->center))) self->scale = 0.0;
    for (size_t t = 0; t < series->length; t++) x[t] = to_model(self, series->value[t]);
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    continuous *self = self_;
    const ssm_series *series = task->panel;
    const size_t n = series->length;
    double *x = SSMI_ALLOC(tmp, double, n), *gap = SSMI_ALLOC(tmp, double, n), span = 0.0;
    ssmi_flow_wishes wishes = {
        .trend = self->options.trend - 1, .cycle = self->options.cycle - 1, .uneven = series->stamp != NULL};
    int converged = 1;
    (void)mem;
    if (x == NULL || gap == NULL) return SSM_E_MEMORY;
    self->unit = ssmi_step_length(series->time.step);
    standardise(self, x, series);
    fill_gaps(self, gap, series);
    for (size_t t = 1; t < n; t++) span += gap[t];
    wish_seasons(self, &wishes, series, span);
    if (self->scale == 0.0) {
        self->flow = (ssmi_flow){.trend = SSMI_FLOW_WANDER};
    } else {
        SSMI_TRY(ssmi_flow_search(&self->flow, &wishes, x, gap, n, &converged, tmp));
    }
    self->converged = converged != 0;
    return SSM_OK;
}

/* ---- condition, update, predict ---- */

static ssm_status start(continuous *self, ssm_arena *mem)
{
    SSMI_TRY(ssmi_continuous_init(&self->filter, self->part, ssmi_flow_parts(self->part, &self->flow), mem));
    self->filter.irregular = self->flow.parameter[SSMI_FLOW_IRREGULAR];
    ssmi_continuous_start(&self->filter);
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    continuous *self = self_;
    const size_t from = history->length > most_condition_rows ? history->length - most_condition_rows : 0;
    (void)tmp;
    SSMI_TRY(start(self, mem));
    for (size_t t = from; t < history->length; t++) {
        if (t > from) ssmi_continuous_advance(&self->filter, ssmi_series_gap(history, t) / self->unit);
        ssmi_continuous_take(&self->filter, to_model(self, history->value[t]));
    }
    self->history = *history;
    ssmi_clock_start(&self->clock, history);
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y)
{
    continuous *self = self_;
    ssmi_continuous_advance(&self->filter, ssmi_clock_gap(&self->clock, 1) / self->unit);
    ssmi_continuous_take(&self->filter, to_model(self, *y));
    ssmi_clock_step(&self->clock);
    return SSM_OK;
}

static ssm_status update_at(void *self_, int64_t time, const double *y)
{
    continuous *self = self_;
    ssmi_continuous_advance(&self->filter, ssmi_clock_gap_to(&self->clock, time) / self->unit);
    ssmi_continuous_take(&self->filter, to_model(self, *y));
    ssmi_clock_set(&self->clock, time);
    return SSM_OK;
}

/* The row of a gap, in nanoseconds, after the last one and those that follow it. */
static ssm_status predict_from(const continuous *self, double first_gap, ssm_forecast *out, ssm_arena *tmp)
{
    const double scale = self->scale > 0.0 ? self->scale : 1.0;
    ssmi_continuous ahead;
    double *sd = SSMI_ALLOC(tmp, double, out->horizon);
    if (sd == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_continuous_init(&ahead, self->part, self->filter.n_parts, tmp));
    ssmi_kalman_state_copy(&ahead.state, &self->filter.state);
    ssmi_kalman_close_diffuse(&ahead.state, open_variance);
    for (size_t h = 0; h < out->horizon; h++) {
        double mean, variance;
        const double gap = h == 0 ? first_gap : ssmi_clock_gap(&self->clock, h + 1);
        ssmi_continuous_advance(&ahead, gap / self->unit);
        ssmi_continuous_read(&ahead, &mean, &variance);
        out->mean[h] = self->center + scale * mean;
        sd[h] = scale * sqrt(variance + self->filter.irregular);
    }
    return ssmi_gaussian_quantiles(out, sd, tmp);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const continuous *self = self_;
    return predict_from(self, ssmi_clock_gap(&self->clock, 1), out, tmp);
}

static ssm_status predict_at(const void *self_, int64_t time, ssm_forecast *out, ssm_arena *tmp)
{
    const continuous *self = self_;
    return predict_from(self, ssmi_clock_gap_to(&self->clock, time), out, tmp);
}

/* ---- components ---- */

static ssm_status decompose(const void *self_, ssm_decomposition *out, ssm_arena *tmp)
{
    const continuous *self = self_;
    const size_t length = self->history.length;
    double *x = SSMI_ALLOC(tmp, double, length), *gap = SSMI_ALLOC(tmp, double, length + out->horizon);
    if (x == NULL || gap == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < length; t++) x[t] = to_model(self, self->history.value[t]);
    fill_gaps(self, gap, &self->history);
    for (size_t h = 0; h < out->horizon; h++)
        gap[length + h] = ssmi_clock_gap(&self->clock, h + 1) / self->unit;
    const ssmi_flow_view view = {.flow = &self->flow,
                                 .x = x,
                                 .gap = gap,
                                 .length = length,
                                 .center = self->center,
                                 .scale = self->scale > 0.0 ? self->scale : 1.0,
                                 .open = self->filter.state.n_diffuse > 0 ? open_variance : 0.0};
    return ssmi_flow_decompose(&view, out, tmp);
}

static const char *component(const void *self, size_t i)
{
    return ssmi_flow_component(&((const continuous *)self)->flow, i);
}

/* ---- save, load, tell ---- */

static ssm_status archive_seasons(continuous *self, ssm_archive *archive)
{
    ssmi_flow *flow = &self->flow;
    double *data = self->season;
    SSMI_TRY(ssmi_archive_size(archive, "n_seasons", &flow->n_seasons));
    if (flow->n_seasons > SSM_MAX_PERIODS) return ssmi_archive_reject(archive, "too many seasons");
    if (flow->n_seasons == 0) return SSM_OK;
    for (size_t s = 0; s < flow->n_seasons; s++) {
        data[2 * s] = flow->period[s];
        data[2 * s + 1] = (double)flow->harmonics[s];
    }
    SSMI_TRY(ssmi_archive_f64(archive, "seasons", &data, 2, (size_t[]){flow->n_seasons, 2}));
    for (size_t s = 0; s < flow->n_seasons; s++) {
        const double period = data[2 * s], harmonics = data[2 * s + 1];
        if (!(period > 0.0 && harmonics >= 1 && harmonics <= SSMI_FLOW_HARMONICS))
            return ssmi_archive_reject(archive, "season %zu is none", s);
        flow->period[s] = period;
        flow->harmonics[s] = (size_t)harmonics;
    }
    return SSM_OK;
}

static ssm_status check(const continuous *self, ssm_archive *archive)
{
    for (size_t i = 0; i < SSMI_FLOW_PARAMETERS; i++) {
        if (!(self->flow.parameter[i] >= 0.0)) return ssmi_archive_reject(archive, "a parameter is negative");
    }
    if (!(self->unit > 0.0 && self->scale >= 0.0))
        return ssmi_archive_reject(archive, "a unit is not positive");
    if (self->flow.trend == SSMI_FLOW_DAMPED && self->flow.parameter[SSMI_FLOW_DAMPING] == 0.0)
        return ssmi_archive_reject(archive, "the slope dies out at no rate");
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    continuous *self = self_;
    size_t trend = (size_t)self->flow.trend, cycle = (size_t)self->flow.cycle;
    double *value = self->flow.parameter;
    SSMI_TRY(ssmi_archive_size(archive, "trend", &trend));
    SSMI_TRY(ssmi_archive_size(archive, "cycle", &cycle));
    if (trend > SSMI_FLOW_DAMPED || cycle > SSMI_FLOW_TURNING)
        return ssmi_archive_reject(archive, "trend or cycle is out of range");
    self->flow.trend = (ssmi_flow_trend)trend;
    self->flow.cycle = (ssmi_flow_cycle)cycle;
    SSMI_TRY(ssmi_archive_size(archive, "converged", &self->converged));
    SSMI_TRY(ssmi_archive_real(archive, "unit", &self->unit));
    SSMI_TRY(ssmi_archive_real(archive, "center", &self->center));
    SSMI_TRY(ssmi_archive_real(archive, "scale", &self->scale));
    SSMI_TRY(ssmi_archive_f64(archive, "parameter", &value, 1, (size_t[]){SSMI_FLOW_PARAMETERS}));
    memmove(self->flow.parameter, value, sizeof self->flow.parameter);
    SSMI_TRY(archive_seasons(self, archive));
    return check(self, archive);
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    continuous *self = self_;
    if (ssmi_archive_loading(archive)) SSMI_TRY(start(self, ssmi_archive_memory(archive)));
    SSMI_TRY(ssmi_archive_clock(archive, "state.clock", &self->clock));
    return ssmi_archive_state(archive, &self->filter.state);
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    static const char *const trend[] = {"level", "linear trend", "damped trend"};
    static const char *const cycle[] = {"", ", reverting part", ", cycle"};
    const continuous *self = self_;
    const ssmi_flow *flow = &self->flow;
    int used = snprintf(text, size, "%s%s", trend[flow->trend], cycle[flow->cycle]);
    for (size_t s = 0; s < flow->n_seasons && used >= 0 && (size_t)used < size; s++)
        used += snprintf(text + used, size - (size_t)used, ", %zu harmonics of %.4g typical gaps",
                         flow->harmonics[s], flow->period[s]);
    if (used < 0 || (size_t)used >= size) return SSM_OK;
    snprintf(text + used, size - (size_t)used,
             "; standard deviations: irregular %.4g, level %.4g a typical gap%s",
             self->scale * sqrt(flow->parameter[SSMI_FLOW_IRREGULAR]),
             self->scale * sqrt(flow->parameter[SSMI_FLOW_LEVEL]),
             self->converged ? "" : " (the optimiser stopped early)");
    return SSM_OK;
}

const ssm_forecaster_type ssmi_model_continuous = {
    .name = "continuous",
    .summary =
        "structural model in continuous time, for rows at any times: level, slope, cycle, calendar seasons",
    .reference = "Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter, chapter 9",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE | SSM_CAP_IRREGULAR | SSM_CAP_DECOMPOSE,
    .self_size = sizeof(continuous),
    .options_size = sizeof(continuous_options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .update = update,
    .update_at = update_at,
    .predict = predict,
    .predict_at = predict_at,
    .decompose = decompose,
    .component = component,
    .params = params,
    .state = state,
    .note = note,
};
