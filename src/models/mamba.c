/* Mamba: a selective state-space network on top of the closed-form linear forecast.
 *
 *     w -> (w - c)/s                               c, s: centre and spread of the look-back window
 *     mean     = ridge(w) + s net_0(w)             models/ridge.h; net: neural/network.h (Gu & Dao 2023)
 *     median   = ridge(w) + g (m_h + ...) + s net_1(w)
 *     deciles  = median +- g cumulated softplus widths        neural/quantile_head.h
 *
 * The network's last layer starts at zero, so training starts from the ridge and its calibrated intervals
 * (forecast/conformal.h) and keeps only what the validation windows confirm: neither their squared error nor
 * their pinball loss may be worse, or the network is dropped and the note says so. Between the deciles a
 * level takes its place among the ridge's own offsets; beyond them the ridge's tail goes on, stretched as the
 * network stretched the outermost decile. So a silent network gives the ridge's intervals exactly. Known
 * value: ETTh1, look-back 512, horizon 96: MSE at most .368. */
#include "models/gaussian.h"
#include "models/learner_levels.h"
#include "models/learner_skip.h"
#include "models/learner_training.h"
#include "models/ridge_archive.h"

#include "base/random.h"
#include <math.h>
#include <stddef.h>
#include <stdio.h>

enum {
    MAX_LOOKBACK = 4096,
    MAX_PERIOD = 1000000,
    MAX_ERRORS = 2000,
    MAX_WIDTH = 256,
    STATES = 16,
    TAPS = 4,
    EXPAND = 2
};

typedef struct options {
    size_t lookback;
    double alpha;
    int normalise; /* the values of ssmi_ridge_centre */
    int refit_all;
    size_t patch, stride, width, blocks, hidden;
    size_t batch, windows, epochs, patience;
    double rate, dropout, decay;
} options;

typedef struct mamba {
    options options;
    ssmi_ridge ridge;
    ssmi_conformal interval;   /* in units of spread^gamma, values being standardised */
    double gamma, mean, scale; /* scale 0: each history is standardised by itself */
    size_t period;             /* season that fills gaps; 0: none */
    size_t trained;            /* 1: the network takes part */
    size_t patch, stride;      /* of the network, when trained */
    ssmi_parameters *table;
    ssmi_network net;
    float *params, *base;
    ssmi_training_result result; /* for the note */
    /* the history */
    double *window;     /* (lookback) standardised, gaps filled */
    unsigned char *gap; /* (lookback) */
    double shift, unit; /* raw = shift + unit * standardised */
} mamba;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    mamba *self = self_;
    self->options = *(const options *)options_;
    self->table = SSMI_ALLOC(mem, ssmi_parameters, 1);
    return self->table != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* Rows held back for choosing when the caller names none: what the shortest series can spare. */
static size_t validation_rows(const ssm_fit_task *task)
{
    size_t shortest = task->panel[0].length;
    if (task->n_validation > 0) return task->n_validation;
    for (size_t i = 1; i < task->n_series; i++)
        if (task->panel[i].length < shortest) shortest = task->panel[i].length;
    return ssmi_windows_validation(shortest, task->horizon);
}

static ssm_status prepare(ssmi_window_series **panel, const ssm_fit_task *task, size_t held, ssm_arena *tmp)
{
    *panel = SSMI_ALLOC(tmp, ssmi_window_series, task->n_series);
    if (*panel == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < task->n_series; i++) {
        const size_t length = task->panel[i].length, n_train = length > held ? length - held : length;
        SSMI_TRY(ssmi_windows_prepare(&(*panel)[i], &task->panel[i], n_train, tmp));
    }
    return SSM_OK;
}

static void lay_out(mamba *self)
{
    const options *o = &self->options;
    ssmi_network_size size = {.lookback = self->ridge.lookback,
                              .horizon = self->ridge.horizon,
                              .patch = self->patch,
                              .stride = self->stride,
                              .hidden = o->hidden,
                              .backbone = {.width = o->width, .n_blocks = o->blocks}};
    for (size_t i = 0; i < o->blocks; i++)
        size.backbone.block[i] =
            (ssmi_mixer_size){.kind = SSMI_MIXER_MAMBA, .expand = EXPAND, .states = STATES, .taps = TAPS};
    *self->table = (ssmi_parameters){0};
    self->net = ssmi_network_layout(self->table, &size);
}

static ssmi_learner_skip skip_of(const mamba *self)
{
    return (ssmi_learner_skip){&self->ridge, self->base, self->gamma};
}

static ssm_status train(mamba *self, const ssmi_ridge_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    const options *o = &self->options;
    const ssmi_learner_training how = {o->batch, o->windows, o->epochs, o->patience,
                                       o->rate,  o->dropout, o->decay};
    const ssmi_learner_skip skip = skip_of(self);
    const size_t half = self->ridge.lookback / 2 > 0 ? self->ridge.lookback / 2 : 1;
    self->patch = o->patch < half ? o->patch : half;
    self->stride = o->stride < self->patch ? o->stride : self->patch;
    lay_out(self);
    self->params = SSMI_ALLOC(mem, float, self->table->size);
    gsl_rng *rng = ssmi_random_stream(tmp, 1);
    if (self->params == NULL || rng == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_network_init(self->params, &self->net, rng, tmp));
    SSMI_TRY(
        ssmi_learner_train(&self->result, self->params, self->table, &self->net, &skip, task, &how, tmp));
    self->trained = self->result.best_step > 0;
    return SSM_OK;
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    mamba *self = self_;
    const ssm_series *first = &task->panel[0];
    const size_t held = validation_rows(task);
    ssmi_window_series *panel;
    ssmi_learner_base_forecast skip;
    SSMI_TRY(prepare(&panel, task, held, tmp));
    ssmi_ridge_task ridge = {.panel = panel,
                             .n_series = task->n_series,
                             .horizon = task->horizon,
                             .n_validation = held,
                             .lookback = self->options.lookback,
                             .period = first->n_periods > 0 ? first->period[first->n_periods - 1] : 0,
                             .alpha = self->options.alpha,
                             .centre = (ssmi_ridge_centre)self->options.normalise};
    SSMI_TRY(ssmi_progress(tmp->ctx, "fitting", 0, NAN));
    SSMI_TRY(ssmi_learner_skip_fit(&skip, &ridge, first, mem, tmp));
    self->ridge = skip.ridge;
    self->interval = skip.interval;
    self->gamma = skip.gamma;
    self->period = first->n_periods > 0 ? first->period[0] : 0;
    self->mean = panel[0].mean;
    self->scale = task->n_series == 1 ? panel[0].scale : 0;
    self->base = SSMI_ALLOC(mem, float, SSMI_BASE_ROWS * task->horizon);
    if (self->base == NULL) return SSM_E_MEMORY;
    ssmi_learner_base(self->base, &self->interval);
    SSMI_TRY(train(self, &ridge, mem, tmp));
    if (!self->options.refit_all || held == 0) return SSM_OK;
    ridge.refit_all = 1;
    return ssmi_ridge_refit(&self->ridge, &ridge, mem, tmp);
}

/* The end of the history, standardised and filled; all of it only where its end holds no value. */
static ssm_status prepare_end(ssmi_window_series *out, const mamba *self, const ssm_series *history,
                              ssm_arena *tmp)
{
    const size_t rows = 4 * self->ridge.lookback + 2 * self->period, length = history->length;
    if (rows < length) {
        const ssm_series end = ssm_series_slice(*history, length - rows, rows);
        const ssm_status status = ssmi_windows_prepare(out, &end, rows, tmp);
        if (status != SSM_E_DATA) return status;
    }
    return ssmi_windows_prepare(out, history, length, tmp);
}

/* The window before the origin; a history shorter than the look-back is continued to the left by its first
 * value, as a gap. */
static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    mamba *self = self_;
    const size_t L = self->ridge.lookback;
    ssmi_window_series s;
    SSMI_TRY(prepare_end(&s, self, history, tmp));
    const size_t length = s.length;
    self->window = SSMI_ALLOC(mem, double, L);
    self->gap = SSMI_ALLOC(mem, unsigned char, L);
    if (self->window == NULL || self->gap == NULL) return SSM_E_MEMORY;
    self->shift = self->scale > 0 ? self->mean : s.mean;
    self->unit = self->scale > 0 ? self->scale : s.scale;
    for (size_t i = 0; i < L; i++) {
        const size_t t = i + length < L ? 0 : i + length - L;
        self->window[i] = (s.mean + s.scale * s.value[t] - self->shift) / self->unit;
        self->gap[i] = i + length < L || s.missing[t + 1] > s.missing[t];
    }
    return SSM_OK;
}

/* One window through the network: deciles (SSMI_QUANTILES, H) and mean in standardised units. */
static ssm_status ask_network(float *mean, float *decile, const mamba *self, const ssmi_learner_batch *batch,
                              ssm_arena *tmp)
{
    const ssmi_network_input_f32 in = {1, batch->value, batch->mask, batch->scale, NULL};
    const ssmi_quantile_window_f32 w = {batch->skip, self->base, batch->s[0], batch->g[0],
                                        self->ridge.horizon};
    float *out = SSMI_ALLOC(tmp, float, SSMI_HEAD_OUTPUTS * self->ridge.horizon);
    if (out == NULL) return SSM_E_MEMORY;
    if (self->trained) {
        float *record = SSMI_ALLOC(tmp, float, ssmi_network_record_f32(&self->net, 1));
        float *scratch = SSMI_ALLOC(tmp, float, ssmi_network_scratch_f32(&self->net, 1));
        if (record == NULL || scratch == NULL) return SSM_E_MEMORY;
        ssmi_network_forward_f32(out, record, scratch, &in, self->params, &self->net, 0, 0,
                                 ssmi_kernels_of_f32(ssmi_cpu_isa()));
    }
    ssmi_quantile_forward_f32(mean, decile, out, &w);
    return SSM_OK;
}

/* Without a network everything stays in double precision: the ridge and its conformal intervals. */
static void answer_linear(ssm_forecast *out, const mamba *self, const ssmi_learner_batch *batch)
{
    for (size_t h = 0; h < out->horizon; h++)
        out->mean[h] = self->shift + self->unit * (batch->linear[h] + batch->centre[0]);
    ssmi_conformal_quantiles(out, &self->interval, self->unit * (double)batch->g[0]);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const mamba *self = self_;
    const size_t H = self->ridge.horizon;
    const ssmi_learner_skip skip = skip_of(self);
    float *memory = SSMI_ALLOC(tmp, float, ssmi_learner_batch_of(NULL, &self->ridge, 1).size);
    float *mean = SSMI_ALLOC(tmp, float, H), *decile = SSMI_ALLOC(tmp, float, SSMI_QUANTILES *H);
    if (memory == NULL || mean == NULL || decile == NULL) return SSM_E_MEMORY;
    ssmi_learner_batch batch = ssmi_learner_batch_of(memory, &self->ridge, 1);
    ssmi_learner_batch_set(&batch, 0, self->window, self->gap, &skip);
    ssmi_learner_batch_close(&batch, 1, &skip);
    if (!self->trained) {
        answer_linear(out, self, &batch);
        return SSM_OK;
    }
    SSMI_TRY(ask_network(mean, decile, self, &batch, tmp));
    for (size_t h = 0; h < out->horizon; h++) {
        double d[SSMI_QUANTILES];
        out->mean[h] = self->shift + self->unit * (double)mean[h];
        for (size_t i = 0; i < SSMI_QUANTILES; i++) d[i] = (double)decile[i * H + h];
        for (size_t k = 0; k < out->n_levels; k++) {
            const double q = ssmi_learner_quantile(d, &self->interval, h, out->level[k]);
            out->quantile[h * out->n_levels + k] = self->shift + self->unit * q;
        }
    }
    return SSM_OK;
}

/* Sizes of the network that a file may ask for. */
static ssm_status check_network(const mamba *self, ssm_archive *a)
{
    const options *o = &self->options;
    const struct {
        size_t value, most;
    } sizes[] = {{self->patch, self->ridge.lookback},
                 {self->stride, self->patch},
                 {o->width, MAX_WIDTH},
                 {o->blocks, SSMI_MAX_BLOCKS},
                 {o->hidden, MAX_WIDTH}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most)
            return ssmi_archive_reject(a, "patches of %zu rows, %zu blocks of width %zu", self->patch,
                                       o->blocks, o->width);
    }
    return SSM_OK;
}

static ssm_status network_params(mamba *self, ssm_archive *a)
{
    SSMI_TRY(ssmi_archive_size(a, "patch", &self->patch));
    SSMI_TRY(ssmi_archive_size(a, "stride", &self->stride));
    SSMI_TRY(ssmi_archive_size(a, "width", &self->options.width));
    SSMI_TRY(ssmi_archive_size(a, "blocks", &self->options.blocks));
    SSMI_TRY(ssmi_archive_size(a, "hidden", &self->options.hidden));
    SSMI_TRY(check_network(self, a));
    if (ssmi_archive_loading(a)) {
        lay_out(self);
        self->params = SSMI_ALLOC(ssmi_archive_memory(a), float, self->table->size);
        if (self->params == NULL) return SSM_E_MEMORY;
    }
    for (size_t i = 0; i < self->table->n; i++) {
        const ssmi_parameter *p = &self->table->entry[i];
        float *tensor = self->params + p->offset;
        SSMI_TRY(ssmi_archive_f32(a, p->name, &tensor, p->rank, p->shape));
        if (ssmi_archive_loading(a))
            for (size_t k = 0; k < p->size; k++) self->params[p->offset + k] = tensor[k];
    }
    return SSM_OK;
}

static ssm_status note_params(ssmi_training_result *r, ssm_archive *a)
{
    SSMI_TRY(ssmi_archive_size(a, "steps", &r->steps));
    SSMI_TRY(ssmi_archive_size(a, "best_step", &r->best_step));
    SSMI_TRY(ssmi_archive_real(a, "mse_before", &r->start[0]));
    SSMI_TRY(ssmi_archive_real(a, "mse_after", &r->best[0]));
    SSMI_TRY(ssmi_archive_real(a, "pinball_before", &r->start[1]));
    return ssmi_archive_real(a, "pinball_after", &r->best[1]);
}

static ssm_status params(void *self_, ssm_archive *a)
{
    mamba *self = self_;
    ssmi_ridge *ridge = &self->ridge;
    SSMI_TRY(ssmi_ridge_archive(ridge, a));
    SSMI_TRY(ssmi_archive_size(a, "period", &self->period));
    SSMI_TRY(ssmi_archive_size(a, "trained", &self->trained));
    SSMI_TRY(ssmi_archive_size(a, "season", &ridge->season));
    SSMI_TRY(ssmi_archive_spread(a, "share", &ridge->share));
    SSMI_TRY(ssmi_archive_spread(a, "gamma", &self->gamma));
    SSMI_TRY(ssmi_archive_real(a, "mean", &self->mean));
    SSMI_TRY(ssmi_archive_spread(a, "scale", &self->scale));
    if (self->period > MAX_PERIOD || self->trained > 1 || !(self->gamma <= 1))
        return ssmi_archive_reject(a, "a season of %zu rows, gamma %g", self->period, self->gamma);
    SSMI_TRY(note_params(&self->result, a));
    self->interval.horizon = ridge->horizon;
    SSMI_TRY(ssmi_archive_f64(a, "offset", &self->interval.offset, 2,
                              (size_t[]){ridge->horizon, SSMI_CONFORMAL_POINTS}));
    SSMI_TRY(ssmi_archive_f32(a, "base", &self->base, 2, (size_t[]){SSMI_BASE_ROWS, ridge->horizon}));
    return self->trained ? network_params(self, a) : SSM_OK;
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const mamba *self = self_;
    const ssmi_training_result *r = &self->result;
    const ssmi_ridge *skip = &self->ridge;
    char map[160];
    ssmi_ridge_describe(skip, map, sizeof map);
    int used = skip->season == 0 ? snprintf(text, size, "linear skip: %s; ", map)
                                 : snprintf(text, size, "linear skip: %s, %.0f %% of it the last %zu rows; ",
                                            map, 100 * skip->share, skip->season);
    if (used < 0 || (size_t)used >= size) return SSM_OK;
    text += used, size -= (size_t)used;
    if (self->trained)
        snprintf(text, size, "network kept: validation mse %.4g to %.4g, pinball %.4g to %.4g in %zu steps",
                 r->start[0], r->best[0], r->start[1], r->best[1], r->best_step);
    else if (r->steps > 0)
        snprintf(text, size, "network dropped: no better than the linear skip on validation after %zu steps",
                 r->steps);
    else
        snprintf(text, size, "no network");
    return SSM_OK;
}

static const char *const normalise_choices[] = {"auto", "mean", "last", NULL};

static const ssm_option option_table[] = {
    {"lookback", "rows of history that a forecast is made from; 0 chooses over folds", SSM_OPTION_SIZE,
     offsetof(options, lookback), "0", 0, MAX_LOOKBACK, NULL},
    {"alpha", "ridge penalty of the linear skip; 0 chooses over folds", SSM_OPTION_REAL,
     offsetof(options, alpha), "0", 0, 1e300, NULL},
    {"normalise", "what is subtracted from each window", SSM_OPTION_CHOICE, offsetof(options, normalise),
     "auto", 0, 0, normalise_choices},
    {"refit_all", "after choosing, solve the skip again on training and validation rows", SSM_OPTION_FLAG,
     offsetof(options, refit_all), "true", 0, 1, NULL},
    {"patch", "rows per token", SSM_OPTION_SIZE, offsetof(options, patch), "16", 1, 256, NULL},
    {"stride", "rows between the starts of two tokens", SSM_OPTION_SIZE, offsetof(options, stride), "16", 1,
     256, NULL},
    {"width", "width of the network", SSM_OPTION_SIZE, offsetof(options, width), "32", 1, MAX_WIDTH, NULL},
    {"blocks", "mamba blocks", SSM_OPTION_SIZE, offsetof(options, blocks), "2", 1, SSMI_MAX_BLOCKS, NULL},
    {"hidden", "width between tokens and outputs", SSM_OPTION_SIZE, offsetof(options, hidden), "64", 1,
     MAX_WIDTH, NULL},
    {"batch", "windows per training step", SSM_OPTION_SIZE, offsetof(options, batch), "64", 1, 4096, NULL},
    {"windows", "windows that training sees at most; 0 trains no network", SSM_OPTION_SIZE,
     offsetof(options, windows), "60000", 0, 1e9, NULL},
    {"epochs", "times that training sees each window at most", SSM_OPTION_SIZE, offsetof(options, epochs),
     "10", 1, 10000, NULL},
    {"patience", "checks without progress before training ends", SSM_OPTION_SIZE, offsetof(options, patience),
     "8", 1, 1000, NULL},
    {"rate", "highest learning rate", SSM_OPTION_REAL, offsetof(options, rate), "0.001", 1e-8, 1, NULL},
    {"dropout", "share of activations dropped in training", SSM_OPTION_REAL, offsetof(options, dropout),
     "0.2", 0, 0.9, NULL},
    {"decay", "weight decay", SSM_OPTION_REAL, offsetof(options, decay), "0.05", 0, 1, NULL},
    {0},
};

const ssm_forecaster_type ssmi_model_mamba = {
    .name = "mamba",
    .summary = "selective state-space network on top of a closed-form linear forecast",
    .reference = "Gu & Dao (2023), Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
    .caps = SSM_CAP_GLOBAL | SSM_CAP_MISSING | SSM_CAP_DIRECT,
    .self_size = sizeof(mamba),
    .options_size = sizeof(options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .predict = predict,
    .params = params,
    .note = note,
};
