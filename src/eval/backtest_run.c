/* One entrant through the backtest. A local model is fitted to each series for itself, series side by side;
 * a global model once to the whole panel, and so is one that takes the panel as one vector, which then
 * forecasts all series at once. Each series leaves its own tally; tallies are merged in the order
 * of the series, so that sums do not depend on the number of threads. */
#include "eval/backtest.h"

#include "base/clock.h"
#include "base/meter.h"
#include "base/parallel.h"
#include "forecast/rolling.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 64, NOTE_SIZE = 512 }; /* series whose tallies are held at one time */

/* One entrant at work. */
typedef struct run {
    ssmi_backtest *b;
    const ssm_entrant *entrant;
    ssm_outcome *outcome;
    ssm_forecast *window;         /* (n_windows) being filled */
    char *note;                   /* NOTE_SIZE */
    ssm_training_point *training; /* (SSM_TRAINING_POINTS) */
    size_t n_training;
    ssmi_tally *tally; /* (BLOCK) */
    size_t first;      /* series of the first tally */
    size_t done, of;   /* forecasts, for progress; only counted where one thread runs */
} run;

/* One series of it, or those of one vector, while forecasts come in. */
typedef struct listener {
    run *run;
    ssm_context *ctx;
    size_t series, width; /* the first, and how many */
    size_t origin;        /* number of the origin that comes first in this part */
    ssmi_tally *tally;    /* (width) */
    double seconds;       /* spent here, not by the model */
} listener;

static void score_forecast(const listener *l, size_t member, size_t k, size_t row,
                           const ssm_forecast *forecast)
{
    const ssm_backtest *r = &l->run->b->result;
    const size_t series = l->series + member;
    const double *truth = r->panel[series].value + row;
    for (size_t m = 0; m < r->n_measures; m++) {
        ssm_score *step = l->tally[member].step + m * r->longest;
        for (size_t h = 0, i = 0; h < forecast->horizon; h++) {
            ssm_judged judged = ssmi_backtest_judge(r, m, truth[h], r->scale[series], forecast, h);
            ssm_score_add(&step[h], r->measure[m].metric, &judged);
            if (m != r->ranked_by) continue;
            while (r->horizon[i] <= h) i++;
            for (size_t j = i; j < r->n_horizons; j++) {
                ssm_score_add(&l->tally[member].loss[j * r->n_origins + k], r->measure[m].metric, &judged);
            }
        }
    }
}

static void keep_windows(const listener *l, size_t series, size_t k, const ssm_forecast *forecast)
{
    const ssm_backtest *r = &l->run->b->result;
    for (size_t w = 0; w < r->n_windows; w++) {
        if (r->window[w].series != series || r->window[w].origin != k) continue;
        memcpy(l->run->window[w].mean, forecast->mean, r->longest * sizeof(double));
        memcpy(l->run->window[w].quantile, forecast->quantile, r->longest * r->n_levels * sizeof(double));
    }
}

static ssm_status take_forecast(void *user, size_t k, size_t row, const ssm_forecast *forecast)
{
    listener *l = user;
    run *self = l->run;
    double began = ssmi_clock_seconds();
    for (size_t i = 0; i < l->width; i++) {
        score_forecast(l, i, l->origin + k, row, forecast + i);
        keep_windows(l, l->series + i, l->origin + k, forecast + i);
        l->tally[i].n_forecasts++;
    }
    l->seconds += ssmi_clock_seconds() - began;
    if (self->of == 0) return SSM_OK;
    self->done += l->width;
    return ssmi_progress(l->ctx, self->outcome->label, (double)self->done / (double)self->of, NAN);
}

/* Forecasts from n origins on with the present fit: of one series, or of as many as the fit has jointly. */
static ssm_status roll(run *self, ssm_forecaster *f, size_t series, size_t origin, size_t n,
                       ssmi_tally *tally, ssm_arena *tmp)
{
    const ssm_backtest *r = &self->b->result;
    const size_t width = ssm_forecaster_width(f);
    listener l = {self, tmp->ctx, series, width, origin, tally, 0};
    ssmi_rolling plan = {.horizon = r->longest,
                         .first = ssm_backtest_origin(r, series, origin),
                         .step = r->step,
                         .n_origins = n,
                         .n_series = width,
                         .n_levels = r->n_levels,
                         .level = r->level};
    double began = ssmi_clock_seconds();
    ssm_status status = ssmi_rolling_run(f, &r->panel[series], &plan, take_forecast, &l, tmp);
    tally->predict_seconds += ssmi_clock_seconds() - began - l.seconds;
    if (status != SSM_OK && status != SSM_E_CANCELLED && r->n_series > width) {
        return ssmi_fail_prefix(tmp->ctx, status, "series \"%s\": ", r->panel[series].name);
    }
    return status;
}

static ssm_status fit(run *self, ssm_forecaster *f, size_t first, size_t count, size_t origin,
                      ssmi_tally *tally, ssm_arena *tmp)
{
    const ssm_backtest *r = &self->b->result;
    ssm_series *known = SSMI_ALLOC(tmp, ssm_series, count);
    if (known == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < count; i++) {
        known[i] = ssm_series_slice(r->panel[first + i], 0, ssm_backtest_origin(r, first + i, origin));
    }
    double began = ssmi_clock_seconds();
    ssm_status status =
        ssm_forecaster_fit(f, &(ssm_fit_task){.panel = known, .n_series = count, .horizon = r->longest});
    tally->fit_seconds += ssmi_clock_seconds() - began;
    tally->n_fits++;
    return status;
}

static ssm_status ask_about_fit(run *self, const ssm_forecaster *f)
{
    self->n_training = ssm_forecaster_training(f, self->training, SSM_TRAINING_POINTS);
    return ssm_forecaster_note(f, self->note, NOTE_SIZE);
}

/* Fits and forecasts the series [first, first + count) with one handle; tally has one entry for each. */
static ssm_status run_handle(run *self, ssm_forecaster *f, size_t first, size_t count, ssmi_tally *tally,
                             ssm_arena *tmp)
{
    const ssm_backtest *r = &self->b->result;
    size_t parts = r->refit ? r->n_origins : 1;
    for (size_t p = 0; p < parts; p++) {
        SSMI_TRY(fit(self, f, first, count, p, tally, tmp));
        if (p == 0 && first == 0) SSMI_TRY(ask_about_fit(self, f));
        for (size_t i = 0; i < count; i += ssm_forecaster_width(f)) {
            SSMI_TRY(roll(self, f, first + i, p, r->n_origins / parts, &tally[i], tmp));
        }
    }
    return SSM_OK;
}

static ssm_status run_series(run *self, size_t first, size_t count, ssmi_tally *tally, ssm_arena *tmp)
{
    ssm_forecaster *f;
    SSMI_TRY(ssm_forecaster_new(tmp->ctx, self->entrant->model, &f));
    ssm_status status = SSM_OK;
    for (size_t i = 0; i < self->entrant->n_settings && status == SSM_OK; i++) {
        status = ssm_forecaster_set(f, self->entrant->setting[i].option, self->entrant->setting[i].value);
    }
    if (status == SSM_OK) status = run_handle(self, f, first, count, tally, tmp);
    ssm_forecaster_free(f);
    return status;
}

static ssm_status local_body(void *task, size_t i, ssm_arena *scratch)
{
    run *self = task;
    return run_series(self, self->first + i, 1, &self->tally[i], scratch);
}

static void add_scores(ssm_score *into, const ssm_score *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        into[i].sum += from[i].sum;
        into[i].weight += from[i].weight;
    }
}

static void merge(const ssm_backtest *r, ssmi_tally *into, const ssmi_tally *from)
{
    add_scores(into->step, from->step, r->n_measures * r->longest);
    add_scores(into->loss, from->loss, r->n_horizons * r->n_origins);
    into->fit_seconds += from->fit_seconds;
    into->predict_seconds += from->predict_seconds;
    into->n_fits += from->n_fits;
    into->n_forecasts += from->n_forecasts;
}

static ssm_status make_tallies(const ssm_backtest *r, ssmi_tally *tally, size_t n, ssm_arena *memory)
{
    for (size_t i = 0; i < n; i++) {
        tally[i] = (ssmi_tally){.step = SSMI_ALLOC(memory, ssm_score, r->n_measures * r->longest),
                                .loss = SSMI_ALLOC(memory, ssm_score, r->n_horizons * r->n_origins)};
        if (tally[i].step == NULL || tally[i].loss == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

/* Local models: blocks of series side by side. One series runs in line, so that the model may use the
 * threads itself. */
static ssm_status run_local(run *self, ssm_context *ctx, ssmi_tally *total, ssm_arena *tmp)
{
    const ssm_backtest *r = &self->b->result;
    ssm_arena scratch;
    if (r->n_series == 1) {
        ssmi_arena_init(&scratch, ctx);
        ssm_status status = run_series(self, 0, 1, total, &scratch);
        ssmi_arena_clear(&scratch);
        return status;
    }
    for (self->first = 0; self->first < r->n_series; self->first += BLOCK) {
        size_t n = r->n_series - self->first < BLOCK ? r->n_series - self->first : BLOCK;
        ssmi_mark mark = ssmi_arena_mark(tmp);
        SSMI_TRY(make_tallies(r, self->tally, n, tmp));
        SSMI_TRY(ssmi_parallel_for(ctx, n, local_body, self));
        for (size_t i = 0; i < n; i++) merge(r, total, &self->tally[i]);
        ssmi_arena_rewind(tmp, mark);
        SSMI_TRY(
            ssmi_progress(ctx, self->outcome->label, (double)(self->first + n) / (double)r->n_series, NAN));
    }
    return SSM_OK;
}

/* Models of the whole panel: one handle, and one tally for all series, since they come one after the other
 * anyway. */
static ssm_status run_panel(run *self, ssm_context *ctx, ssmi_tally *total, ssm_arena *tmp)
{
    const ssm_backtest *r = &self->b->result;
    ssmi_tally *shared = SSMI_ALLOC(tmp, ssmi_tally, r->n_series);
    if (shared == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < r->n_series; i++)
        shared[i] = (ssmi_tally){.step = total->step, .loss = total->loss};
    ssm_arena scratch;
    ssmi_arena_init(&scratch, ctx);
    ssm_status status = run_series(self, 0, r->n_series, shared, &scratch);
    ssmi_arena_clear(&scratch);
    for (size_t i = 0; i < r->n_series; i++) {
        total->fit_seconds += shared[i].fit_seconds;
        total->predict_seconds += shared[i].predict_seconds;
        total->n_fits += shared[i].n_fits;
        total->n_forecasts += shared[i].n_forecasts;
    }
    return status;
}

/* Scores from sums: each step for itself, each horizon from its first steps, each origin. */
static ssm_status fill_values(ssmi_backtest *b, const ssmi_tally *total, ssm_outcome *outcome)
{
    const ssm_backtest *r = &b->result;
    double *value = SSMI_ALLOC(&b->memory, double, r->n_horizons * r->n_measures);
    double *step = SSMI_ALLOC(&b->memory, double, r->n_measures * r->longest);
    double *loss = SSMI_ALLOC(&b->memory, double, r->n_horizons * r->n_origins);
    if (value == NULL || step == NULL || loss == NULL) return SSM_E_MEMORY;
    for (size_t m = 0; m < r->n_measures; m++) {
        ssm_score sum = {0, 0};
        for (size_t h = 0, i = 0; h < r->longest; h++) {
            const ssm_score *score = &total->step[m * r->longest + h];
            step[m * r->longest + h] = ssm_score_value(score, r->measure[m].metric);
            add_scores(&sum, score, 1);
            if (h + 1 == r->horizon[i])
                value[i++ * r->n_measures + m] = ssm_score_value(&sum, r->measure[m].metric);
        }
    }
    /* The root of a mean is not a mean: losses of the tests are the means themselves. */
    for (size_t i = 0; i < r->n_horizons * r->n_origins; i++) {
        loss[i] = total->loss[i].weight > 0 ? total->loss[i].sum / total->loss[i].weight : NAN;
    }
    outcome->value = value;
    outcome->step_value = step;
    outcome->loss = loss;
    outcome->window = NULL;
    return SSM_OK;
}

static ssm_status make_windows(run *self)
{
    const ssm_backtest *r = &self->b->result;
    ssm_arena *memory = &self->b->memory;
    self->window = SSMI_ALLOC(memory, ssm_forecast, r->n_windows);
    self->note = ssmi_arena_alloc(memory, NOTE_SIZE, 1);
    self->training = SSMI_ALLOC(memory, ssm_training_point, SSM_TRAINING_POINTS);
    if (self->window == NULL || self->note == NULL || self->training == NULL) return SSM_E_MEMORY;
    for (size_t w = 0; w < r->n_windows; w++) {
        self->window[w] =
            (ssm_forecast){r->longest, r->n_levels, r->level, SSMI_ALLOC(memory, double, r->longest),
                           SSMI_ALLOC(memory, double, r->longest * r->n_levels)};
        if (self->window[w].mean == NULL || self->window[w].quantile == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

/* A context of its own for the entrant, with the memory metered. */
static ssm_status open_metered(ssmi_meter *meter, const ssm_context *parent, ssm_context **out)
{
    ssm_allocator allocator = ssmi_meter_start(meter, parent);
    SSMI_TRY(ssm_context_new(&allocator, out));
    ssm_context_set_seed(*out, parent->seed);
    ssm_context_set_threads(*out, parent->threads);
    ssm_context_set_progress(*out, parent->progress);
    return SSM_OK;
}

static ssm_status run_metered(run *self, ssmi_tally *total, ssm_arena *tmp)
{
    const ssm_forecaster_type *type = ssm_forecaster_type_find(self->entrant->model);
    ssm_context *parent = self->b->memory.ctx, *ctx;
    ssmi_meter meter;
    SSMI_TRY(open_metered(&meter, parent, &ctx));
    int panel = type != NULL && (type->caps & (SSM_CAP_GLOBAL | SSM_CAP_MULTIVARIATE)) != 0;
    self->of =
        panel || self->b->result.n_series == 1 ? self->b->result.n_series * self->b->result.n_origins : 0;
    ssm_status status = (panel ? run_panel : run_local)(self, ctx, total, tmp);
    if (status != SSM_OK) ssmi_fail(parent, status, "%s", ssm_context_message(ctx));
    ssm_context_free(ctx);
    self->outcome->cost = (ssm_cost){total->fit_seconds, total->predict_seconds, ssmi_meter_peak(&meter),
                                     total->n_fits, total->n_forecasts};
    return status;
}

static ssm_status finish(run *self, const ssmi_tally *total, ssm_status status)
{
    ssm_outcome *outcome = self->outcome;
    outcome->status = status;
    outcome->note = self->note;
    outcome->n_training = self->n_training;
    outcome->training = self->training;
    outcome->message = "";
    if (status != SSM_OK) {
        outcome->message = ssmi_arena_strdup(&self->b->memory, ssm_context_message(self->b->memory.ctx));
        return outcome->message != NULL ? SSM_OK : SSM_E_MEMORY;
    }
    SSMI_TRY(fill_values(self->b, total, outcome));
    outcome->window = self->window;
    return SSM_OK;
}

ssm_status ssmi_backtest_entrant(ssmi_backtest *b, const ssm_entrant *entrant, ssm_outcome *outcome)
{
    ssmi_tally total, tally[BLOCK];
    run self = {.b = b, .entrant = entrant, .outcome = outcome, .tally = tally};
    ssm_arena tmp;
    SSMI_TRY(make_windows(&self));
    ssmi_arena_init(&tmp, b->memory.ctx);
    ssm_status status = make_tallies(&b->result, &total, 1, &tmp);
    if (status == SSM_OK) status = run_metered(&self, &total, &tmp);
    if (status != SSM_E_MEMORY && status != SSM_E_CANCELLED) status = finish(&self, &total, status);
    ssmi_arena_clear(&tmp);
    return status;
}
