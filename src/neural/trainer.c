#include "neural/trainer.h"

#include "base/parallel.h"
#include "base/random.h"
#include "neural/adamw.h"
#include "neural/layers.h"
#include <math.h>
#include <string.h>

enum { REDUCE_CHUNK = 8192 };

typedef struct trainer {
    const ssmi_parameters *table;
    const ssmi_training_problem *problem;
    const ssmi_training *how;
    size_t n_slots, n_items; /* of the present batch */
    const size_t *item;      /* (n_items) */
    const float *params;     /* what the slots read */
    uint64_t key;
    float *grad, *workspace; /* (slots, size), (slots, workspace) */
    double *loss;            /* (chunks, SSMI_LOSS_PARTS) */
} trainer;

static size_t slots_of(size_t items, size_t slot)
{
    return (items + slot - 1) / slot;
}

static ssm_status run_slot(void *user, size_t i, ssm_arena *scratch)
{
    (void)scratch;
    trainer *t = user;
    const size_t first = i * t->how->slot, left = t->n_items - first;
    float *grad = t->grad + i * t->table->size;
    double *loss = t->loss + i * SSMI_LOSS_PARTS;
    memset(grad, 0, t->table->size * sizeof *grad);
    memset(loss, 0, SSMI_LOSS_PARTS * sizeof *loss);
    t->problem->gradient(t->problem->user, loss, grad, t->workspace + i * t->problem->workspace, t->params,
                         t->item + first, left < t->how->slot ? left : t->how->slot, ssmi_mix_key(t->key, i));
    return SSM_OK;
}

/* Adds the slots' gradients for one stretch of parameters, in slot order, into the first and averages. */
static ssm_status reduce_chunk(void *user, size_t i, ssm_arena *scratch)
{
    (void)scratch;
    trainer *t = user;
    const size_t size = t->table->size, from = i * REDUCE_CHUNK;
    const size_t to = size - from < REDUCE_CHUNK ? size : from + REDUCE_CHUNK;
    const float share = 1.0f / (float)t->n_items;
    for (size_t s = 1; s < t->n_slots; s++) {
        const float *other = t->grad + s * size;
        for (size_t k = from; k < to; k++) t->grad[k] += other[k];
    }
    for (size_t k = from; k < to; k++) t->grad[k] *= share;
    return SSM_OK;
}

/* Validation runs in strides: chunk i of the slot-th windows, using workspace i. */
static ssm_status judge_chunk(void *user, size_t i, ssm_arena *scratch)
{
    (void)scratch;
    trainer *t = user;
    const size_t n = t->problem->n_validation, chunks = slots_of(n, t->how->slot);
    for (size_t c = i; c < chunks; c += t->n_slots) {
        const size_t first = c * t->how->slot, left = n - first;
        double *loss = t->loss + c * SSMI_LOSS_PARTS;
        memset(loss, 0, SSMI_LOSS_PARTS * sizeof *loss);
        t->problem->judge(t->problem->user, loss, t->workspace + i * t->problem->workspace, t->params, first,
                          left < t->how->slot ? left : t->how->slot);
    }
    return SSM_OK;
}

static ssm_status judge(double *loss, trainer *t, const float *params, ssm_context *ctx)
{
    const size_t n = t->problem->n_validation, chunks = slots_of(n, t->how->slot);
    t->params = params;
    t->n_slots = slots_of(t->how->batch, t->how->slot);
    SSMI_TRY(ssmi_parallel_for(ctx, t->n_slots, judge_chunk, t));
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        loss[k] = 0;
        for (size_t c = 0; c < chunks; c++) loss[k] += t->loss[c * SSMI_LOSS_PARTS + k] / (double)n;
    }
    return SSM_OK;
}

/* Mean ratio of the parts to what they were at the start; not finite when a part is not. */
static double score_of(const double *loss, const double *start)
{
    double sum = 0;
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) sum += start[k] > 0 ? loss[k] / start[k] : 1 + loss[k];
    return sum / SSMI_LOSS_PARTS;
}

static int no_part_is_worse(const double *loss, const double *start)
{
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        if (!(loss[k] <= start[k])) return 0;
    }
    return 1;
}

/* The windows in a random order, drawn anew when they run out; a last part of a batch is not dropped but
 * filled from the next order. */
typedef struct deck {
    size_t *card, n, at;
    gsl_rng *rng;
} deck;

static void draw(size_t *item, size_t n, deck *d)
{
    for (size_t i = 0; i < n; i++) {
        if (d->at == d->n) {
            for (size_t k = d->n; k > 1; k--) {
                const size_t j = (size_t)(gsl_rng_uniform(d->rng) * (double)k), kept = d->card[j];
                d->card[j] = d->card[k - 1];
                d->card[k - 1] = kept;
            }
            d->at = 0;
        }
        item[i] = d->card[d->at++];
    }
}

static ssm_status open_deck(deck *d, size_t n, uint64_t stream, ssm_arena *tmp)
{
    *d = (deck){SSMI_ALLOC(tmp, size_t, n), n, n, ssmi_random_stream(tmp, stream)};
    if (d->card == NULL || d->rng == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) d->card[i] = i;
    return SSM_OK;
}

static ssm_status open_trainer(trainer *t, ssm_arena *tmp)
{
    const size_t slots = slots_of(t->how->batch, t->how->slot);
    const size_t chunks = slots_of(t->problem->n_validation, t->how->slot);
    t->n_items = t->how->batch;
    t->grad = SSMI_ALLOC(tmp, float, slots * t->table->size);
    t->workspace = SSMI_ALLOC(tmp, float, slots * t->problem->workspace);
    t->loss = SSMI_ALLOC(tmp, double, (slots > chunks ? slots : chunks) * SSMI_LOSS_PARTS);
    return t->grad == NULL || t->workspace == NULL || t->loss == NULL ? SSM_E_MEMORY : SSM_OK;
}

/* Loss and averaged gradient (in t->grad) of one batch; *finite tells whether they can be used. */
static ssm_status batch_gradient(int *finite, trainer *t, const float *params, ssm_context *ctx)
{
    double total = 0;
    t->params = params;
    t->n_slots = slots_of(t->n_items, t->how->slot);
    SSMI_TRY(ssmi_parallel_for(ctx, t->n_slots, run_slot, t));
    SSMI_TRY(ssmi_parallel_for(ctx, slots_of(t->table->size, REDUCE_CHUNK), reduce_chunk, t));
    for (size_t i = 0; i < t->n_slots * SSMI_LOSS_PARTS; i++) total += t->loss[i];
    const double norm = ssmi_clip_norm(t->grad, t->table->size, t->how->clip);
    *finite = isfinite(total) && isfinite(norm);
    return SSM_OK;
}

/* Weights in the course of training. */
typedef struct course {
    float *weights, *average, *best;
    double lowest, best_score; /* of all checks; of those in which no part was worse */
    size_t idle, skips;        /* checks without a new lowest; bad steps in a row */
    ssmi_adamw adam;
} course;

static ssm_status open_course(course *c, const float *params, size_t size, const ssmi_training *how,
                              ssm_arena *tmp)
{
    *c = (course){.weights = SSMI_ALLOC(tmp, float, size),
                  .average = SSMI_ALLOC(tmp, float, size),
                  .best = SSMI_ALLOC(tmp, float, size),
                  .lowest = INFINITY,
                  .best_score = 1,
                  .adam = {0.9, 0.999, 1e-8, how->decay, SSMI_ALLOC(tmp, float, size),
                           SSMI_ALLOC(tmp, float, size), 0}};
    if (c->weights == NULL || c->average == NULL || c->best == NULL || c->adam.m == NULL || c->adam.v == NULL)
        return SSM_E_MEMORY;
    memcpy(c->weights, params, size * sizeof *params);
    memcpy(c->average, params, size * sizeof *params);
    memcpy(c->best, params, size * sizeof *params);
    return SSM_OK;
}

static ssm_status one_step(ssmi_training_result *result, course *c, trainer *t, ssm_context *ctx)
{
    const size_t step = result->steps++, size = t->table->size;
    int finite;
    t->key = ssmi_mix_key(ctx->seed, step);
    SSMI_TRY(batch_gradient(&finite, t, c->weights, ctx));
    if (!finite) {
        result->skipped++;
        c->skips++;
        return SSM_OK;
    }
    c->skips = 0;
    ssmi_adamw_update(&c->adam, c->weights, t->grad, t->table,
                      ssmi_cosine_rate(t->how->rate, step, t->how->warmup, t->how->steps));
    /* A young average follows closely, so that the start is soon forgotten. */
    const double young = (1.0 + (double)step) / (10.0 + (double)step);
    ssmi_average_weights(c->average, c->weights, size, young < t->how->average ? young : t->how->average);
    return SSM_OK;
}

static ssm_status check(ssmi_training_result *result, course *c, trainer *t, ssm_context *ctx)
{
    double loss[SSMI_LOSS_PARTS];
    SSMI_TRY(judge(loss, t, c->average, ctx));
    const double score = score_of(loss, result->start);
    c->idle = score < c->lowest ? 0 : c->idle + 1;
    c->lowest = fmin(c->lowest, score);
    if (score < c->best_score && no_part_is_worse(loss, result->start)) {
        c->best_score = score;
        result->best_step = result->steps;
        memcpy(result->best, loss, sizeof loss);
        memcpy(c->best, c->average, t->table->size * sizeof *c->best);
    }
    return ssmi_progress(ctx, "training", (double)result->steps / (double)t->how->steps, c->best_score);
}

ssm_status ssmi_train(ssmi_training_result *result, float *params, const ssmi_parameters *table,
                      const ssmi_training_problem *problem, const ssmi_training *how, ssm_arena *tmp)
{
    trainer t = {.table = table, .problem = problem, .how = how};
    ssmi_training_result r = {0};
    course c;
    deck d;
    size_t *item = SSMI_ALLOC(tmp, size_t, how->batch);
    if (item == NULL) return SSM_E_MEMORY;
    t.item = item;
    SSMI_TRY(open_trainer(&t, tmp));
    SSMI_TRY(open_course(&c, params, table->size, how, tmp));
    SSMI_TRY(open_deck(&d, problem->n_train, how->stream, tmp));
    SSMI_TRY(judge(r.start, &t, params, tmp->ctx));
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        if (!isfinite(r.start[k]))
            return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "the loss before training is not finite");
        r.best[k] = r.start[k];
    }
    while (r.steps < how->steps && c.idle < how->patience && c.skips < SSMI_MAX_SKIPS) {
        draw(item, how->batch, &d);
        SSMI_TRY(one_step(&r, &c, &t, tmp->ctx));
        if (r.steps % how->check == 0 || r.steps == how->steps) SSMI_TRY(check(&r, &c, &t, tmp->ctx));
    }
    memcpy(params, c.best, table->size * sizeof *params);
    *result = r;
    return SSM_OK;
}
