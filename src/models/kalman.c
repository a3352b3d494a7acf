/* Structural time series by the Kalman filter: level, slope, cycle, seasonal harmonics, irregular.
 *
 * Structure and parameters come from structural_search.c and structural_fit.c. A history is filtered, never
 * refitted, from an exact diffuse start; a new row is one step of the same filter, so streaming and batch
 * agree to the last bit. Of a very long history only the last rows are filtered.
 *
 * Forecasts are Gaussian in the model's scale: quantiles map through the exponential exactly, the mean is
 * that of the lognormal distribution. Values are centred and scaled at fit, so 1e300 and 1e-300 are ordinary.
 *
 * Known value: on a straight line without noise the forecast is its continuation and the intervals have width
 * zero up to rounding. */
#include "forecast/archive.h"
#include "models/kalman_state.h"
#include "models/structural_search.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_condition_rows = 20000 };
/* Prior variance, in units of that of the series, of directions that the history leaves open. */
static const double open_variance = 100.0;

typedef struct kalman_options {
    char periods[SSM_OPTION_TEXT_SIZE];
    size_t harmonics, window;
    int slope, log, cycle;
} kalman_options;

/* In the order of ssmi_wish. */
static const char *const slope_choices[] = {"auto", "on", "off", "damped", NULL};
static const char *const auto_choices[] = {"auto", "on", "off", NULL};

static const ssm_option option_table[] = {
    {"periods", "seasonal periods in rows, comma-separated; empty: those of the series", SSM_OPTION_TEXT,
     offsetof(kalman_options, periods), "", 0, 0, NULL},
    {"harmonics", "most harmonics that may change; 0: 10, and all of periods up to 13 rows", SSM_OPTION_SIZE,
     offsetof(kalman_options, harmonics), "0", 0, SSMI_STRUCTURAL_LINES, NULL},
    {"slope", "slope of the level", SSM_OPTION_CHOICE, offsetof(kalman_options, slope), "auto", 0, 0,
     slope_choices},
    {"cycle", "stationary first-order autoregression beside the level", SSM_OPTION_CHOICE,
     offsetof(kalman_options, cycle), "auto", 0, 0, auto_choices},
    {"log", "model the logarithm", SSM_OPTION_CHOICE, offsetof(kalman_options, log), "auto", 0, 0,
     auto_choices},
    {"window", "rows, the last ones, that the fit uses; 0: as many as take a few seconds", SSM_OPTION_SIZE,
     offsetof(kalman_options, window), "0", 0, 1e9, NULL},
    {0},
};

typedef struct kalman {
    kalman_options options;
    size_t n_given, given[SSM_MAX_PERIODS]; /* option periods */
    ssmi_structural_choice choice;          /* the fit */
    double line[3 * SSMI_STRUCTURAL_LINES]; /* its harmonics as numbers, while they are saved */
    /* the history */
    ssmi_structural_matrices matrices;
    ssmi_kalman_filter filter;
    ssmi_kalman_run run;
    size_t rows, row; /* rows taken in; number of the next one, for the phase of the pattern */
} kalman;

/* ---- options ---- */

static ssm_status add_period(kalman *self, unsigned long period, ssm_context *ctx)
{
    if (self->n_given == SSM_MAX_PERIODS)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "periods: more than %d", SSM_MAX_PERIODS);
    if (self->n_given > 0 && period <= self->given[self->n_given - 1])
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "periods: \"%s\" is not ascending", self->options.periods);
    self->given[self->n_given++] = period;
    return SSM_OK;
}

static ssm_status init(void *self_, const void *options, ssm_arena *mem)
{
    kalman *self = self_;
    self->options = *(const kalman_options *)options;
    self->n_given = 0;
    for (const char *text = self->options.periods; *text != '\0';) {
        char *end;
        const unsigned long period = strtoul(text, &end, 10);
        if (end == text || period < 2 || period > 1000000 || (*end != '\0' && *end != ',') || text[0] == '-')
            return ssmi_fail(mem->ctx, SSM_E_ARGUMENT,
                             "periods: \"%s\" is not a list of numbers from 2 to 1000000",
                             self->options.periods);
        SSMI_TRY(add_period(self, period, mem->ctx));
        text = *end == ',' ? end + 1 : end;
    }
    return SSM_OK;
}

/* ---- fit ---- */

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    kalman *self = self_;
    const ssm_series *series = task->panel;
    const kalman_options *o = &self->options;
    ssmi_structural_wishes wishes = {.slope = (ssmi_wish)o->slope,
                                     .cycle = (ssmi_wish)o->cycle,
                                     .logarithm = (ssmi_wish)o->log,
                                     .n_periods = series->n_periods,
                                     .harmonics = o->harmonics,
                                     .window = o->window};
    memcpy(wishes.period, series->period, sizeof wishes.period);
    if (self->n_given > 0) {
        wishes.n_periods = self->n_given;
        memcpy(wishes.period, self->given, sizeof wishes.period);
    }
    return ssmi_structural_search(&self->choice, &wishes, series, mem, tmp);
}

/* ---- condition, update, predict ---- */

static ssm_status take_in(kalman *self, double y)
{
    const double x = ssmi_structural_value(&self->choice, y, self->row++);
    return ssmi_kalman_run_row(&self->run, self->rows++, &x);
}

/* Builds the fitted model and starts its filter. */
static ssm_status start(kalman *self, ssm_arena *mem)
{
    SSMI_TRY(ssmi_structural_build(&self->matrices, &self->choice.structure, mem));
    SSMI_TRY(ssmi_kalman_filter_init(&self->filter, &self->matrices.model, mem));
    ssmi_kalman_run_start(&self->run, &self->filter, NULL, NULL);
    self->rows = 0;
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)tmp;
    kalman *self = self_;
    const size_t from = history->length > most_condition_rows ? history->length - most_condition_rows : 0;
    SSMI_TRY(start(self, mem));
    self->row = from + ssmi_first_row(history, ssmi_pattern_cycle(&self->choice.pattern));
    for (size_t t = from; t < history->length; t++) SSMI_TRY(take_in(self, history->value[t]));
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y)
{
    return take_in(self_, *y);
}

/* P + open_variance * A A': directions that nothing has been observed of. */
static void close_diffuse(ssmi_kalman_state *s)
{
    const size_t n = s->n;
    for (size_t j = 0; j < s->n_diffuse; j++) {
        const double *a = s->A + j * n;
        for (size_t k = 0; k < n * n; k++) s->P[k] += open_variance * a[k % n] * a[k / n];
    }
    s->n_diffuse = 0;
}

/* Mean and standard deviation of each future row in model units. */
static ssm_status predict_model(const kalman *self, double *mean, double *sd, size_t horizon, ssm_arena *tmp)
{
    const ssmi_kalman_system *system = &self->filter.system;
    const size_t n = system->n;
    ssmi_kalman_state s;
    double *memory = SSMI_ALLOC(tmp, double, SSMI_KALMAN_STATE_SIZE(n)), *M = SSMI_ALLOC(tmp, double, n);
    if (memory == NULL || M == NULL) return SSM_E_MEMORY;
    ssmi_kalman_state_init(&s, n, memory);
    ssmi_kalman_state_copy(&s, &self->filter.state);
    close_diffuse(&s);
    for (size_t h = 0; h < horizon; h++) {
        ssmi_rows_combine(M, s.P, &system->Z, 0, n);
        mean[h] = ssmi_rows_dot(&system->Z, 0, s.a);
        sd[h] = sqrt(fmax(ssmi_rows_dot(&system->Z, 0, M) + system->h[0], 0.0));
        ssmi_kalman_predict(&s, &system->T, &system->shock, NULL);
    }
    return SSM_OK;
}

static double clamp_finite(double x)
{
    return fmin(fmax(x, -1.7e308), 1.7e308);
}

/* The lognormal mean exp(m + s^2/2); for a very wide distribution, whose mean says nothing, no more than the
 * 99.9 % quantile. */
static double lognormal_mean(double m, double s)
{
    return exp(fmin(m + fmin(0.5 * s * s, 3.0902 * s), 709.0));
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const kalman *self = self_;
    const ssmi_structural_choice *c = &self->choice;
    const double scale = c->scale > 0.0 ? c->scale : 1.0;
    double *mean = SSMI_ALLOC(tmp, double, out->horizon), *sd = SSMI_ALLOC(tmp, double, out->horizon);
    if (mean == NULL || sd == NULL) return SSM_E_MEMORY;
    SSMI_TRY(predict_model(self, mean, sd, out->horizon, tmp));
    for (size_t h = 0; h < out->horizon; h++) {
        const double x = mean[h] + ssmi_pattern_at(&c->pattern, self->row + h);
        const double m = clamp_finite(c->center + scale * x), s = clamp_finite(scale * sd[h]);
        out->mean[h] = c->logged ? lognormal_mean(m, s) : m;
        for (size_t k = 0; k < out->n_levels; k++) {
            const double q = clamp_finite(m + s * gsl_cdf_ugaussian_Pinv(out->level[k]));
            out->quantile[h * out->n_levels + k] = c->logged ? exp(fmin(q, 709.0)) : q;
        }
    }
    return SSM_OK;
}

/* ---- save, load, tell ---- */

static ssm_status archive_lines(kalman *self, ssm_archive *archive)
{
    ssmi_structural *s = &self->choice.structure;
    double *numbers = self->line, *data = numbers;
    SSMI_TRY(ssmi_archive_size(archive, "n_lines", &s->n_lines));
    if (s->n_lines > SSMI_STRUCTURAL_LINES) return ssmi_archive_reject(archive, "too many harmonics");
    if (s->n_lines == 0) return SSM_OK;
    for (size_t k = 0; k < s->n_lines; k++) {
        numbers[3 * k] = (double)s->line[k].multiple;
        numbers[3 * k + 1] = (double)s->line[k].period;
        numbers[3 * k + 2] = (double)s->line[k].season;
    }
    SSMI_TRY(ssmi_archive_f64(archive, "lines", &data, 2, (size_t[]){s->n_lines, 3}));
    for (size_t k = 0; k < s->n_lines; k++) {
        const double *x = data + 3 * k;
        if (!(x[1] >= 2 && x[1] <= 1e9 && x[0] >= 1 && 2 * x[0] <= x[1] && x[2] >= 0 &&
              x[2] < SSM_MAX_PERIODS))
            return ssmi_archive_reject(archive, "harmonic %zu is not one", k);
        s->line[k] = (ssmi_line){(size_t)x[0], (size_t)x[1], (size_t)x[2]};
    }
    return SSM_OK;
}

static ssm_status archive_pattern(ssmi_pattern *p, ssm_archive *archive)
{
    static const char *const period_name[] = {"pattern_0_period", "pattern_1_period", "pattern_2_period"};
    static const char *const value_name[] = {"pattern_0", "pattern_1", "pattern_2"};
    SSMI_TRY(ssmi_archive_size(archive, "n_patterns", &p->n));
    if (p->n > SSM_MAX_PERIODS) return ssmi_archive_reject(archive, "too many patterns");
    for (size_t k = 0; k < p->n; k++) {
        SSMI_TRY(ssmi_archive_size(archive, period_name[k], &p->period[k]));
        if (p->period[k] < 2 || p->period[k] > 1000000)
            return ssmi_archive_reject(archive, "pattern %zu has no usable period", k);
        SSMI_TRY(ssmi_archive_f64(archive, value_name[k], &p->value[k], 1, &p->period[k]));
    }
    return SSM_OK;
}

static ssm_status check_parameters(const ssmi_structural_choice *c, ssm_archive *archive)
{
    const double *value = c->structure.parameter;
    for (size_t i = 0; i < SSMI_PHI; i++) {
        if (!(value[i] >= 0.0)) return ssmi_archive_reject(archive, "a variance is negative");
    }
    if (!(fabs(value[SSMI_PHI]) < 1.0 && fabs(value[SSMI_DAMPING]) <= 1.0 && c->scale >= 0.0))
        return ssmi_archive_reject(archive, "phi, damping or scale is out of range");
    return SSM_OK;
}

/* An int that holds a size of at most `most`. */
static ssm_status archive_choice(ssm_archive *archive, const char *name, int *value, size_t most)
{
    size_t number = (size_t)*value;
    SSMI_TRY(ssmi_archive_size(archive, name, &number));
    if (number > most) return ssmi_archive_reject(archive, "\"%s\" is out of range", name);
    *value = (int)number;
    return SSM_OK;
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    ssmi_structural_choice *c = &((kalman *)self_)->choice;
    ssmi_structural *s = &c->structure;
    int slope = (int)s->slope;
    double *value = s->parameter;
    SSMI_TRY(archive_choice(archive, "slope", &slope, SSMI_SLOPE_DAMPED));
    SSMI_TRY(archive_choice(archive, "cycle", &s->cycle, 1));
    SSMI_TRY(archive_choice(archive, "log", &c->logged, 1));
    SSMI_TRY(archive_choice(archive, "converged", &c->converged, 1));
    SSMI_TRY(ssmi_archive_real(archive, "center", &c->center));
    SSMI_TRY(ssmi_archive_real(archive, "scale", &c->scale));
    SSMI_TRY(ssmi_archive_f64(archive, "parameter", &value, 1, (size_t[]){SSMI_STRUCTURAL_PARAMETERS}));
    memmove(s->parameter, value, sizeof s->parameter);
    s->slope = (ssmi_slope)slope;
    SSMI_TRY(archive_lines(self_, archive));
    SSMI_TRY(archive_pattern(&c->pattern, archive));
    return check_parameters(c, archive);
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    kalman *self = self_;
    if (ssmi_archive_loading(archive)) SSMI_TRY(start(self, ssmi_archive_memory(archive)));
    SSMI_TRY(ssmi_archive_size(archive, "state.rows", &self->rows));
    SSMI_TRY(ssmi_archive_size(archive, "state.row", &self->row));
    return ssmi_archive_run(archive, &self->run);
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    static const char *const slope_text[] = {"no slope", "slope", "damped slope"};
    const kalman *self = self_;
    const ssmi_structural *s = &self->choice.structure;
    const double *v = s->parameter, unit = self->choice.scale;
    snprintf(
        text, size,
        "%s%s%s, %zu harmonics%s; standard deviations: irregular %.4g, level %.4g, slope %.4g, cycle %.4g, "
        "seasonal %.4g%s",
        self->choice.logged ? "logarithm, " : "", slope_text[s->slope], s->cycle ? ", cycle" : "", s->n_lines,
        self->choice.pattern.n > 0 ? " and a fixed pattern" : "", unit * sqrt(v[SSMI_IRREGULAR]),
        unit * sqrt(v[SSMI_LEVEL]), s->slope != SSMI_SLOPE_NONE ? unit * sqrt(v[SSMI_SLOPE]) : 0.0,
        s->cycle ? unit * sqrt(v[SSMI_CYCLE]) : 0.0, s->n_lines > 0 ? unit * sqrt(v[SSMI_SEASON]) : 0.0,
        self->choice.converged ? "" : " (the optimiser stopped early)");
    return SSM_OK;
}

const ssm_forecaster_type ssmi_model_kalman = {
    .name = "kalman",
    .summary = "structural model: level, slope, cycle and seasonal harmonics, by the Kalman filter",
    .reference = "Durbin & Koopman (2012), Time Series Analysis by State Space Methods, chapters 3 to 7",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE,
    .self_size = sizeof(kalman),
    .options_size = sizeof(kalman_options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .update = update,
    .predict = predict,
    .params = params,
    .state = state,
    .note = note,
};
