#include "models/learner.h"

#include "base/random.h"
#include "models/learner_drift.h"
#include "models/learner_levels.h"
#include "models/learner_options.h"
#include "models/learner_pretrained.h"
#include "models/learner_trust.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const ssmi_learner_normalise[] = {"auto", "mean", "last", NULL};
const char *const ssmi_learner_skips[] = {"ridge", "last", NULL};
const char *const ssmi_learner_pole_names[] = {"lin", "inv", "legs", "fitted", NULL};
const char *const ssmi_learner_loss_names[] = {"both", "mse", "mae", "pinball", NULL};
const char *const ssmi_learner_schedules[] = {"cosine", "wsd", NULL};

const char *const ssmi_learner_states[] = {"window", "carried", NULL};

ssm_status ssmi_learner_init(ssmi_learner *self, const ssmi_learner_options *options,
                             ssmi_learner_architecture *architecture, ssm_arena *mem)
{
    ssmi_network_size size = {.backbone = {.bidirectional = options->bidirectional}};
    architecture(&size, options);
    if (options->state && !ssmi_backbone_carries(&size.backbone))
        return ssmi_fail(mem->ctx, SSM_E_ARGUMENT,
                         "\"state\" cannot be carried through blocks that see rows to come%s",
                         options->bidirectional ? ": \"bidirectional\" is true" : "");
    self->options = *options;
    self->joint = size.across.n_blocks > 0;
    self->variates = 1;
    self->architecture = architecture;
    self->table = SSMI_ALLOC(mem, ssmi_parameters, 1);
    return self->table != NULL ? SSM_OK : SSM_E_MEMORY;
}

ssm_status ssmi_learner_init_linear(ssmi_learner *self, const ssmi_learner_options *options,
                                    ssmi_learner_architecture *architecture, ssm_arena *mem)
{
    ssmi_learner_options own = *options;
    own.patch = own.stride = own.width = own.blocks = 1;
    own.hidden = own.states = own.heads = 1;
    return ssmi_learner_init(self, &own, architecture, mem);
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

static ssm_status prepare(ssmi_window_series **panel, ssmi_learner_track **track,
                          const ssmi_regression *regression, const ssm_fit_task *task, size_t held,
                          ssm_arena *tmp)
{
    *panel = SSMI_ALLOC(tmp, ssmi_window_series, task->n_series);
    *track = SSMI_ALLOC(tmp, ssmi_learner_track, task->n_series);
    if (*panel == NULL || *track == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < task->n_series; i++) {
        const size_t length = task->panel[i].length, n_train = length > held ? length - held : length;
        SSMI_TRY(ssmi_windows_prepare(&(*panel)[i], &task->panel[i], n_train, tmp));
        (*track)[i].first = ssmi_learner_row(&task->panel[i]);
        if (regression->n > 0)
            SSMI_TRY(ssmi_regression_attach(&(*panel)[i], regression, &task->panel[i], tmp));
    }
    return SSM_OK;
}

ssmi_s4d_start ssmi_learner_start(const ssmi_learner_options *options)
{
    return options->poles < SSMI_LEARNER_FITTED ? (ssmi_s4d_start)options->poles : SSMI_S4D_LIN;
}

void ssmi_learner_lay_out(ssmi_learner *self)
{
    const ssmi_learner_options *o = &self->options;
    ssmi_network_size size = {.lookback = self->ridge.lookback,
                              .horizon = self->ridge.horizon,
                              .patch = self->patch,
                              .stride = self->stride,
                              .hidden = o->hidden,
                              .carried = o->state,
                              .variates = self->variates,
                              .phases = 2 * self->phases.n,
                              .columns = self->regression.n,
                              .backbone = {.width = o->width, .bidirectional = o->bidirectional}};
    self->architecture(&size, o);
    *self->table = (ssmi_parameters){0};
    self->net = ssmi_network_layout(self->table, &size);
}

ssmi_learner_skip ssmi_learner_skip_of(const ssmi_learner *self)
{
    return (ssmi_learner_skip){.ridge = &self->ridge,
                               .base = self->base,
                               .gamma = self->gamma,
                               .net = &self->net,
                               .phases = &self->phases,
                               .drifts = self->drifts,
                               .period = self->period};
}

int ssmi_learner_carries(const ssmi_learner *self)
{
    return self->trained > 0 && self->net.size.carried;
}

/* A checkpoint of its own for every network: the path itself, then path.2, path.3, ... */
static const char *checkpoint_of(const ssmi_learner_options *o, size_t member, ssm_arena *tmp)
{
    char *path = SSMI_ALLOC(tmp, char, sizeof o->checkpoint + 24);
    if (o->checkpoint[0] == '\0' || member == 0 || path == NULL) return path != NULL ? o->checkpoint : NULL;
    snprintf(path, sizeof o->checkpoint + 24, "%s.%zu", o->checkpoint, member + 1);
    return path;
}

static void place_poles(float *params, const ssmi_network *net, const ssmi_learner_poles *poles)
{
    const ssmi_mixer *first[] = {&net->backbone.block[0], &net->backbone.twin[0]};
    for (int i = 0; i < 1 + net->backbone.bidirectional && poles->n > 0; i++)
        ssmi_s4d_block_place(params, &first[i]->as.s4d, poles->re, poles->im, poles->n);
}

/* Poles for a first block of kind S4D, none for any other and where none are asked for. */
static ssm_status find_poles(ssmi_learner_poles *out, const ssmi_learner *self, const ssm_series *series,
                             size_t held, ssm_arena *tmp)
{
    const size_t rows = series->length > held ? series->length - held : series->length;
    out->n = 0;
    if (self->options.poles != SSMI_LEARNER_FITTED || self->net.size.kind != SSMI_NETWORK_TOKENS ||
        self->net.backbone.block[0].size.kind != SSMI_MIXER_S4D)
        return SSM_OK;
    return ssmi_learner_poles_find(out, series, rows, self->stride, self->net.tokens, tmp);
}

/* The stretch of rows by which a network is judged: the validation rows for the first, others for those that
 * follow, spread over all rows as far as these leave enough windows beside it. */
static ssmi_ridge_task task_of_member(const ssmi_learner *self, const ssmi_ridge_task *task, size_t member)
{
    const size_t window = self->ridge.lookback + task->horizon, held = task->n_validation;
    const size_t rows = task->panel[0].length, n_folds = held > 0 ? rows / held : 0;
    ssmi_ridge_task own = *task;
    if (member == 0 || n_folds < 2 || rows < held + 3 * window) return own;
    own.n_folds = n_folds;
    own.fold = n_folds - 1 - member * (n_folds - 1) / self->options.seeds;
    own.refit_all = 1;
    return own;
}

/* Trains network number `member` into params, and keeps it by leaving it there and counting it. */
static ssm_status train_member(ssmi_learner *self, ssmi_learner_evidence *evidence, size_t member,
                               const ssmi_ridge_task *all, const ssmi_learner_track *track,
                               const ssmi_learner_poles *poles, ssm_arena *tmp)
{
    enum { STREAMS = 16 /* of each member; the first has 1 and 2 */ };
    const ssmi_learner_options *o = &self->options;
    const ssmi_ridge_task task = task_of_member(self, all, member);
    ssmi_learner_skip skip = ssmi_learner_skip_of(self);
    ssmi_ridge ridge = self->ridge;
    float *params = self->params + self->trained * self->table->size;
    gsl_rng *rng = ssmi_random_stream(tmp, 1 + STREAMS * member);
    ssmi_training_result result;
    const ssmi_learner_training how = {.batch = o->batch,
                                       .windows = o->windows,
                                       .epochs = o->epochs,
                                       .patience = o->patience,
                                       .rate = o->rate,
                                       .dropout = o->dropout,
                                       .decay = o->decay,
                                       .loss = (ssmi_learner_loss)o->loss,
                                       .wsd = o->schedule,
                                       .accumulate = o->accumulate,
                                       .stream = 2 + STREAMS * member,
                                       .checkpoint = checkpoint_of(o, member, tmp),
                                       .track = track};
    if (rng == NULL || how.checkpoint == NULL) return SSM_E_MEMORY;
    if (task.n_folds > 1) SSMI_TRY(ssmi_ridge_refit(&ridge, &task, tmp, tmp));
    skip.ridge = &ridge;
    SSMI_TRY(ssmi_network_init(params, &self->net, rng, tmp));
    place_poles(params, &self->net, poles);
    SSMI_TRY(ssmi_learner_train(&result, params, evidence, self->table, &self->net, &skip, &task, &how, tmp));
    if (member == 0 || (self->trained == 0 && result.best_step > 0)) self->result = result;
    self->trained += result.best_step > 0;
    return SSM_OK;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ssm_status run_tracks(ssmi_learner_track *track, const ssmi_learner *self, const ssmi_ridge_task *task,
                             ssm_arena *tmp)
{
    for (size_t i = 0; i < task->n_series && self->net.size.carried; i++)
        SSMI_TRY(ssmi_learner_track_run(&track[i], &task->panel[i], self->drifts, &self->net, tmp));
    return SSM_OK;
}

static ssm_status train(ssmi_learner *self, const ssmi_ridge_task *task, const ssm_series *series,
                        ssmi_learner_track *track, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_learner_poles poles;
    ssmi_learner_evidence evidence;
    const ssmi_learner_options *o = &self->options;
    size_t size;
    const size_t half = self->ridge.lookback / 2 > 0 ? self->ridge.lookback / 2 : 1;
    self->patch = o->patch < half ? o->patch : half;
    self->stride = o->stride < self->patch ? o->stride : self->patch;
    ssmi_learner_lay_out(self);
    if (!ssmi_size_mul(self->table->size, o->seeds, &size))
        return ssmi_fail(tmp->ctx, SSM_E_MEMORY, "%zu networks do not fit the address space", o->seeds);
    self->params = SSMI_ALLOC(mem, float, size);
    if (self->params == NULL) return SSM_E_MEMORY;
    self->trained = self->n_poles = 0;
    SSMI_TRY(ssmi_learner_evidence_new(&evidence, task, tmp));
    SSMI_TRY(run_tracks(track, self, task, tmp));
    SSMI_TRY(find_poles(&poles, self, series, task->n_validation, tmp));
    if (poles.n > 0) self->n_poles = smaller(poles.n, self->net.backbone.block[0].as.s4d.pairs);
    for (size_t member = 0; member < o->seeds; member++) {
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        SSMI_TRY(train_member(self, &evidence, member, task, track, &poles, tmp));
        ssmi_arena_rewind(tmp, mark);
    }
    self->trust = 2 * self->trained > o->seeds
                      ? ssmi_learner_evidence_share(&evidence) * (double)self->trained / (double)o->seeds
                      : 0; /* evidence comes from those that gained: of few, it is luck's */
    if (self->trust == 0) self->trained = 0;
    return SSM_OK;
}

static size_t period_of(const ssm_series *series)
{
    return series->n_periods > 0 ? series->period[0] : 0;
}

size_t ssmi_learner_curve(const void *self, ssm_training_point *out, size_t room)
{
    return ssmi_training_curve(out, &((const ssmi_learner *)self)->result, room);
}

ssm_status ssmi_learner_fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_learner *self = self_;
    const ssm_series *first = &task->panel[0];
    const size_t held = validation_rows(task);
    ssmi_window_series *panel;
    ssmi_learner_track *track;
    ssmi_learner_base_forecast skip;
    if (self->options.state && task->n_series > 1 && first->n_exogenous > 0)
        return ssmi_fail(tmp->ctx, SSM_E_UNSUPPORTED,
                         "\"state\" cannot be carried along %zu series with exogenous columns",
                         task->n_series);
    if (self->joint && task->n_series > SSMI_LEARNER_VARIATES)
        return ssmi_fail(tmp->ctx, SSM_E_UNSUPPORTED, "at most %d series can be looked at together, not %zu",
                         SSMI_LEARNER_VARIATES, task->n_series);
    self->variates = self->joint ? task->n_series : 1;
    if (self->options.pretrained > 0) SSMI_TRY(ssmi_learner_pretrained_fit(&self->pretrained, task, mem));
    SSMI_TRY(ssmi_regression_open(&self->regression, task->panel, task->n_series, held, mem));
    SSMI_TRY(prepare(&panel, &track, &self->regression, task, held, tmp));
    ssmi_ridge_task ridge = {.panel = panel,
                             .n_series = task->n_series,
                             .horizon = task->horizon,
                             .n_validation = held,
                             .lookback = self->options.lookback,
                             .period = first->n_periods > 0 ? first->period[first->n_periods - 1] : 0,
                             .alpha = self->options.alpha,
                             .fade = SSMI_RIDGE_FADE,
                             .bands = SSMI_RIDGE_BANDS,
                             .centre = (ssmi_ridge_centre)self->options.normalise};
    SSMI_TRY(ssmi_progress(tmp->ctx, "fitting", 0, NAN));
    SSMI_TRY(ssmi_regression_leave_rest(panel, &self->regression, &ridge, period_of(first), tmp));
    SSMI_TRY(ssmi_learner_skip_fit(&skip, &ridge, self->options.skip, mem, tmp));
    self->ridge = skip.ridge;
    self->interval = skip.interval;
    self->gamma = skip.gamma;
    self->period = period_of(first);
    self->mean = panel[0].mean;
    self->scale = task->n_series == 1 ? panel[0].scale : 0;
    self->phases = (ssmi_learner_phases){0};
    if (self->options.phases) ssmi_learner_phases_find(&self->phases, first);
    self->base = SSMI_ALLOC(mem, float, SSMI_BASE_ROWS * task->horizon);
    self->drifts = SSMI_ALLOC(mem, double, self->regression.n);
    if (self->base == NULL || self->drifts == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_learner_drift_find(self->drifts, panel, task->n_series, held, self->ridge.lookback, tmp));
    ssmi_learner_base(self->base, &self->interval);
    SSMI_TRY(train(self, &ridge, first, track, mem, tmp));
    if (!self->options.refit_all || held == 0) return SSM_OK;
    ridge.refit_all = 1;
    return ssmi_ridge_refit(&self->ridge, &ridge, mem, tmp);
}
