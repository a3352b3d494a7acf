/* Structural time series by the Kalman filter: level, slope, cycle, autoregression, seasons, regressors,
 * interventions, irregular.
 *
 * Structure and parameters come from structural_search.c and structural_fit.c. A history is filtered, never
 * refitted, from an exact diffuse start; a new row is one step of the same filter, so streaming and batch
 * agree to the last bit. Of a very long history only the last rows are filtered.
 *
 * Forecasts are symmetric in the model's scale: quantiles are those of Student's t distribution, because the
 * variances are estimates, and map through the exponential exactly; the mean is that of the lognormal
 * distribution. Values are centred and scaled at fit, so 1e300 and 1e-300 are ordinary.
 *
 * Known value: on a straight line without noise the forecast is its continuation and the intervals have width
 * zero up to rounding. */
#include "models/kalman_state.h"
#include "models/structural_archive.h"
#include "models/structural_decompose.h"
#include "models/structural_interventions.h"
#include "models/structural_note.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { most_condition_rows = 20000, UNDAMPED = 3 /* among the choices of the cycle */ };

typedef struct kalman_options {
    char periods[SSM_OPTION_TEXT_SIZE], cycle_periods[SSM_OPTION_TEXT_SIZE],
        interventions[SSM_OPTION_TEXT_SIZE];
    size_t harmonics, window;
    double detect;
    int level, slope, irregular, log, cycle, ar, seasonal, variances, exogenous, select;
} kalman_options;

/* In the order of ssmi_wish. */
static const char *const slope_choices[] = {"auto", "on", "off", "damped", "fixed", NULL};
static const char *const auto_choices[] = {"auto", "on", "off", NULL};
static const char *const cycle_choices[] = {"auto", "on", "off", "undamped", NULL};
/* In the order of what they set. */
static const char *const level_choices[] = {"walk", "fixed", NULL};
static const char *const irregular_choices[] = {"on", "off", NULL};
static const char *const ar_choices[] = {"auto", "0", "1", "2", "3", "4", "5", "6", "7", "8", NULL};
static const char *const seasonal_choices[] = {"trigonometric", "dummy", NULL};
static const char *const variance_choices[] = {"common", "own", NULL};
static const char *const exogenous_choices[] = {"fixed", "walk", "off", NULL};
static const char *const select_choices[] = {"aicc", "backtest", NULL};

#define TEXT(name)   SSM_OPTION_TEXT, offsetof(kalman_options, name)
#define CHOICE(name) SSM_OPTION_CHOICE, offsetof(kalman_options, name)
#define SIZE(name)   SSM_OPTION_SIZE, offsetof(kalman_options, name)

static const ssm_option option_table[] = {
    {"periods", "seasonal periods in rows, comma-separated; empty: those of the series", TEXT(periods), "", 0,
     0, NULL},
    {"seasonal", "harmonics of the periods, or one state for each row of a period", CHOICE(seasonal),
     "trigonometric", 0, 0, seasonal_choices},
    {"harmonics", "most harmonics that may change; 0: 10, and all of periods up to 13 rows", SIZE(harmonics),
     "0", 0, SSMI_STRUCTURAL_LINES, NULL},
    {"variances", "of harmonics: one for each period, or one for each harmonic", CHOICE(variances), "common",
     0, 0, variance_choices},
    {"level", "random walk, or fixed: with a slope that is a smooth trend", CHOICE(level), "walk", 0, 0,
     level_choices},
    {"slope", "slope of the level; fixed: the same in all rows", CHOICE(slope), "auto", 0, 0, slope_choices},
    {"cycle", "stochastic cycle whose period is estimated; auto: asked about where there is no season",
     CHOICE(cycle), "auto", 0, 0, cycle_choices},
    {"cycle-periods", "shortest and longest period of the cycle in rows; empty: 1.5 to 12 seasons",
     TEXT(cycle_periods), "", 0, 0, NULL},
    {"ar", "order of a stationary autoregression beside the level; auto: 0 or 1", CHOICE(ar), "auto", 0, 0,
     ar_choices},
    {"irregular", "independent noise of the observations", CHOICE(irregular), "on", 0, 0, irregular_choices},
    {"exogenous", "coefficients of exogenous columns: fixed, random walks, or not used", CHOICE(exogenous),
     "fixed", 0, 0, exogenous_choices},
    {"interventions", "KIND:WHEN, comma-separated; KIND: level, slope, outlier; WHEN: time or row",
     TEXT(interventions), "", 0, 0, NULL},
    {"detect", "auxiliary residuals beyond this become outliers and level shifts; 0: none", SSM_OPTION_REAL,
     offsetof(kalman_options, detect), "0", 0, 100, NULL},
    {"log", "model the logarithm", CHOICE(log), "auto", 0, 0, auto_choices},
    {"select", "what decides where the choice is auto: AICc, or a backtest on the last rows", CHOICE(select),
     "aicc", 0, 0, select_choices},
    {"window", "rows, the last ones, that the fit uses; 0: as many as take a few seconds", SIZE(window), "0",
     0, 1e9, NULL},
    {0},
};

typedef struct kalman {
    kalman_options options;
    size_t n_given, given[SSM_MAX_PERIODS]; /* option periods */
    double cycle[2];                        /* option cycle-periods; 0: none */
    ssmi_structural_choice choice;          /* the fit */
    size_t n_components;
    ssmi_component component[SSMI_COMPONENTS];
    /* the history */
    ssm_series history;
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

static ssm_status read_periods(kalman *self, ssm_context *ctx)
{
    for (const char *text = self->options.periods; *text != '\0';) {
        char *end;
        const unsigned long period = strtoul(text, &end, 10);
        if (end == text || period < 2 || period > 1000000 || (*end != '\0' && *end != ',') || text[0] == '-')
            return ssmi_fail(ctx, SSM_E_ARGUMENT,
                             "periods: \"%s\" is not a list of numbers from 2 to 1000000",
                             self->options.periods);
        SSMI_TRY(add_period(self, period, ctx));
        text = *end == ',' ? end + 1 : end;
    }
    return SSM_OK;
}

static ssm_status read_cycle_periods(kalman *self, ssm_context *ctx)
{
    char rest;
    const char *text = self->options.cycle_periods;
    double *c = self->cycle;
    if (*text == '\0') return SSM_OK;
    if (sscanf(text, "%lf,%lf%c", c, c + 1, &rest) == 2 && c[0] >= 2.0 && c[1] > c[0] && c[1] <= 1e9)
        return SSM_OK;
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "cycle-periods: \"%s\" is not two ascending numbers from 2 to 1e9",
                     text);
}

static ssm_status init(void *self_, const void *options, ssm_arena *mem)
{
    kalman *self = self_;
    self->options = *(const kalman_options *)options;
    self->n_given = 0;
    SSMI_TRY(read_periods(self, mem->ctx));
    return read_cycle_periods(self, mem->ctx);
}

/* ---- fit ---- */

static ssmi_structural_wishes wishes_of(const kalman *self, const ssm_fit_task *task)
{
    const kalman_options *o = &self->options;
    const ssm_series *series = task->panel;
    ssmi_structural_wishes wishes = {.slope = (ssmi_wish)o->slope,
                                     .cycle = o->cycle == UNDAMPED ? SSMI_YES : (ssmi_wish)o->cycle,
                                     .undamped_cycle = o->cycle == UNDAMPED,
                                     .logarithm = (ssmi_wish)o->log,
                                     .fixed_level = o->level,
                                     .no_irregular = o->irregular,
                                     .least_order = o->ar == 0 ? 0 : (size_t)o->ar - 1,
                                     .most_order = o->ar == 0 ? 1 : (size_t)o->ar - 1,
                                     .shortest_cycle = self->cycle[0],
                                     .longest_cycle = self->cycle[1],
                                     .dummies = o->seasonal,
                                     .own_variances = o->variances,
                                     .n_periods = series->n_periods,
                                     .harmonics = o->harmonics,
                                     .window = o->window,
                                     .columns = (ssmi_effects)o->exogenous,
                                     .detect = o->detect,
                                     .backtest = o->select,
                                     .horizon = task->horizon,
                                     .n_validation = task->n_validation};
    memcpy(wishes.period, series->period, sizeof wishes.period);
    if (self->n_given > 0) {
        wishes.n_periods = self->n_given;
        memcpy(wishes.period, self->given, sizeof wishes.period);
    }
    if (wishes.cycle == SSMI_AUTO && wishes.n_periods > 0 && self->cycle[0] == 0.0) wishes.cycle = SSMI_NO;
    return wishes;
}

static ssm_status check_columns(const ssm_series *series, ssm_context *ctx)
{
    if (series->n_exogenous <= SSMI_STRUCTURAL_COLUMNS) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "%zu exogenous columns, at most %d can be used",
                     series->n_exogenous, SSMI_STRUCTURAL_COLUMNS);
}

static void list_components(kalman *self)
{
    self->n_components =
        ssmi_structural_components(self->component, &self->choice.structure, &self->choice.pattern);
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    kalman *self = self_;
    ssmi_structural_wishes wishes = wishes_of(self, task);
    SSMI_TRY(check_columns(task->panel, tmp->ctx));
    SSMI_TRY(ssmi_interventions_parse(self->options.interventions, task->panel, wishes.intervention,
                                      &wishes.n_interventions, tmp->ctx));
    SSMI_TRY(ssmi_structural_search(&self->choice, &wishes, task->panel, mem, tmp));
    list_components(self);
    return SSM_OK;
}

/* ---- condition, update, predict, decompose ---- */

static ssm_status take_in(kalman *self, double y)
{
    const double x = ssmi_structural_value(&self->choice, y, self->row++);
    return ssmi_kalman_run_row(&self->run, self->rows++, &x);
}

/* Builds the fitted model and starts its filter. */
static ssm_status start(kalman *self, const ssmi_structural_rows *rows, ssm_arena *mem)
{
    const size_t n_columns = self->choice.structure.n_columns;
    if (n_columns > 0 && (rows->x == NULL || rows->n_x != n_columns)) /* only a damaged file asks for it */
        return ssmi_fail(mem->ctx, SSM_E_FORMAT, "the model wants %zu exogenous columns, there are %zu",
                         n_columns, rows->n_x);
    SSMI_TRY(ssmi_structural_build(&self->matrices, &self->choice.structure, rows, mem));
    SSMI_TRY(ssmi_structural_filter(&self->filter, &self->matrices, mem));
    ssmi_kalman_run_start(&self->run, &self->filter, NULL, NULL);
    self->rows = 0;
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)tmp;
    kalman *self = self_;
    const size_t from = history->length > most_condition_rows ? history->length - most_condition_rows : 0;
    const size_t n_x = history->n_exogenous;
    const ssmi_structural_rows rows = {.x = history->exogenous != NULL ? history->exogenous + from * n_x
                                                                       : NULL,
                                       .n_x = n_x,
                                       .first = ssmi_grid_row(history) + (int64_t)from};
    SSMI_TRY(start(self, &rows, mem));
    self->history = *history;
    self->row = from + ssmi_first_row(history, ssmi_pattern_cycle(&self->choice.pattern));
    for (size_t t = from; t < history->length; t++) SSMI_TRY(take_in(self, history->value[t]));
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y)
{
    return take_in(self_, *y);
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

/* How many standard deviations each level lies from the median: by Student's t distribution with the
 * inflation that estimated parameters call for. */
static ssm_status distances(const ssmi_structural_choice *c, const ssm_forecast *out, double **distance,
                            ssm_arena *tmp)
{
    double *z = SSMI_ALLOC(tmp, double, out->n_levels);
    if (z == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < out->n_levels; k++) {
        const double p = out->level[k];
        z[k] =
            c->freedom > 0.0 ? c->inflation * gsl_cdf_tdist_Pinv(p, c->freedom) : gsl_cdf_ugaussian_Pinv(p);
    }
    *distance = z;
    return SSM_OK;
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const kalman *self = self_;
    const ssmi_structural_choice *c = &self->choice;
    const double scale = c->scale > 0.0 ? c->scale : 1.0;
    double *mean = SSMI_ALLOC(tmp, double, out->horizon), *variance = SSMI_ALLOC(tmp, double, out->horizon),
           *z;
    if (mean == NULL || variance == NULL) return SSM_E_MEMORY;
    SSMI_TRY(distances(c, out, &z, tmp));
    SSMI_TRY(ssmi_structural_forecast(&self->matrices, &self->filter, self->rows, mean, variance,
                                      out->horizon, tmp));
    for (size_t h = 0; h < out->horizon; h++) {
        const double x = mean[h] + ssmi_pattern_at(&c->pattern, self->row + h);
        const double m = clamp_finite(c->center + scale * x), s = clamp_finite(scale * sqrt(variance[h]));
        out->mean[h] = c->logged ? lognormal_mean(m, s) : m;
        for (size_t k = 0; k < out->n_levels; k++) {
            const double q = clamp_finite(m + s * z[k]);
            out->quantile[h * out->n_levels + k] = c->logged ? exp(fmin(q, 709.0)) : q;
        }
    }
    return SSM_OK;
}

static ssm_status decompose(const void *self_, ssm_decomposition *out, ssm_arena *tmp)
{
    const kalman *self = self_;
    return ssmi_structural_decompose(&self->choice, self->component, self->n_components, &self->history, out,
                                     tmp);
}

static const char *component(const void *self_, size_t i)
{
    const kalman *self = self_;
    return i < self->n_components ? self->component[i].name : NULL;
}

/* ---- save, load, tell ---- */

static ssm_status params(void *self_, ssm_archive *archive)
{
    kalman *self = self_;
    SSMI_TRY(ssmi_structural_archive(archive, &self->choice));
    list_components(self);
    return SSM_OK;
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    kalman *self = self_;
    ssmi_structural_rows rows = {.first = self->matrices.rows.first};
    SSMI_TRY(ssmi_archive_row(archive, "state.first", &rows.first));
    if (ssmi_archive_loading(archive)) SSMI_TRY(start(self, &rows, ssmi_archive_memory(archive)));
    SSMI_TRY(ssmi_archive_size(archive, "state.rows", &self->rows));
    SSMI_TRY(ssmi_archive_size(archive, "state.row", &self->row));
    return ssmi_archive_run(archive, &self->run);
}

/* y = center + scale * (Z alpha + eps). */
static ssm_status statespace(const void *self_, ssm_fitted_system *out, ssm_arena *mem)
{
    const kalman *self = self_;
    const ssmi_structural_choice *c = &self->choice;
    const double scale = c->scale > 0.0 ? c->scale : 1.0;
    ssmi_structural_matrices *m = SSMI_ALLOC(mem, ssmi_structural_matrices, 1);
    double *d = SSMI_ALLOC(mem, double, 1);
    if (m == NULL || d == NULL) return SSM_E_MEMORY;
    if (c->pattern.n > 0 || c->structure.n_columns > 0)
        return ssmi_fail(mem->ctx, SSM_E_UNSUPPORTED,
                         "the fit has %s beside its states, which is no constant system; fit with %s",
                         c->pattern.n > 0 ? "a fixed seasonal pattern" : "exogenous columns",
                         c->pattern.n > 0 ? "shorter \"periods\"" : "\"exogenous\" off");
    SSMI_TRY(ssmi_structural_build(m, &c->structure, &(ssmi_structural_rows){.first = 0}, mem));
    if (m->moves)
        return ssmi_fail(mem->ctx, SSM_E_UNSUPPORTED,
                         "the fit's matrices change from row to row, which is no constant system; fit with "
                         "trigonometric seasons and without interventions");
    for (size_t i = 0; i < m->model.n; i++) m->Z[i] *= scale;
    m->H[0] *= scale * scale;
    d[0] = c->center;
    out->model = m->model;
    out->model.d = (ssm_system_matrix){d, 0};
    out->logarithm = c->logged;
    return SSM_OK;
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    ssmi_structural_note(&((const kalman *)self_)->choice, text, size);
    return SSM_OK;
}

const ssm_forecaster_type ssmi_model_kalman = {
    .name = "kalman",
    .summary = "structural model: level, slope, cycle, seasons, regressors, by the Kalman filter",
    .reference = "Durbin & Koopman (2012), Time Series Analysis by State Space Methods, chapters 3 to 7",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE | SSM_CAP_EXOGENOUS | SSM_CAP_DECOMPOSE,
    .self_size = sizeof(kalman),
    .options_size = sizeof(kalman_options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .update = update,
    .predict = predict,
    .decompose = decompose,
    .component = component,
    .params = params,
    .state = state,
    .statespace = statespace,
    .note = note,
};
