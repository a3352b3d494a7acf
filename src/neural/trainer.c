#include "neural/trainer.h"

#include "neural/adamw.h"
#include "neural/checkpoint.h"
#include "neural/layers.h"
#include "neural/training_gradient.h"
#include <math.h>
#include <string.h>

/* Where a run stands, numbers only: 64 bits each, so that nothing lies between them. */
typedef struct place {
    uint64_t steps, best_step, skipped;
    uint64_t idle, skips;                   /* checks without a new lowest; bad steps in a row */
    uint64_t order, at;                     /* of the deck */
    uint64_t moments, since_check, n_curve; /* updates done; good steps since the check before */
    double start[SSMI_LOSS_PARTS], best[SSMI_LOSS_PARTS], train[SSMI_LOSS_PARTS];
    double lowest, best_score; /* of all checks; of those in which no part was worse */
    ssmi_training_point curve[SSMI_CURVE_POINTS];
} place;

enum { ARRAYS = 5, PIECES = ARRAYS + 1 };

typedef struct course {
    place p;
    float *weights, *average, *best;
    ssmi_adamw adam;
    ssmi_deck deck;
    ssmi_gradients g;
    ssmi_piece piece[PIECES];
    ssmi_checkpoint file;
    const ssmi_training *how;
    ssm_context *ctx;
} course;

size_t ssmi_training_batches(const ssmi_training *how)
{
    return how->accumulate > 0 ? how->accumulate : 1;
}

static int keeps(const course *c)
{
    return c->how->checkpoint != NULL && c->how->checkpoint[0] != '\0';
}

/* Mean ratio of the parts to what they were at the start; not finite when a part is not. */
static double score_of(const double *loss, const double *start)
{
    double sum = 0;
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) sum += start[k] > 0 ? loss[k] / start[k] : 1 + loss[k];
    return sum / SSMI_LOSS_PARTS;
}

size_t ssmi_training_curve(ssm_training_point *out, const ssmi_training_result *result, size_t room)
{
    const size_t n = result->n_curve < room ? result->n_curve : room;
    for (size_t i = 0; i < n; i++) {
        const ssmi_training_point *p = &result->curve[i];
        out[i] = (ssm_training_point){p->step, p->rate, score_of(p->train, result->start),
                                      score_of(p->validation, result->start)};
    }
    return n;
}

static int no_part_is_worse(const double *loss, const double *start)
{
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        if (!(loss[k] <= start[k])) return 0;
    }
    return 1;
}

/* Of what must be the same for two runs to be the same: options, seed, initial weights, and the problem. */
static void digest_of(unsigned char out[SSMI_DIGEST_SIZE], const course *c, const float *params, size_t size)
{
    const ssmi_training *how = c->how;
    const ssmi_training_problem *problem = c->g.problem;
    const size_t sizes[] = {problem->n_train,
                            problem->n_validation,
                            how->batch,
                            how->slot,
                            how->steps,
                            how->warmup,
                            how->check,
                            how->patience,
                            how->schedule,
                            how->plain_average_from,
                            how->cooldown,
                            ssmi_training_batches(how),
                            how->stream,
                            c->ctx->seed,
                            size};
    const double reals[] = {how->rate, how->decay, how->clip, how->average};
    ssmi_digest d;
    ssmi_digest_open(&d);
    ssmi_digest_add(&d, problem->digest, sizeof problem->digest);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) ssmi_digest_add_size(&d, sizes[i]);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) ssmi_digest_add_real(&d, reals[i]);
    ssmi_digest_add(&d, params, size * sizeof *params);
    ssmi_digest_close(out, &d);
}

static ssm_status open_course(course *c, const float *params, size_t size, ssm_arena *tmp)
{
    float **array[ARRAYS] = {&c->weights, &c->average, &c->best, &c->adam.m, &c->adam.v};
    c->p = (place){.lowest = INFINITY, .best_score = 1};
    c->adam = (ssmi_adamw){.beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = c->how->decay};
    for (size_t i = 0; i < ARRAYS; i++) {
        *array[i] = SSMI_ALLOC(tmp, float, size);
        if (*array[i] == NULL) return SSM_E_MEMORY;
        if (i < 3) memcpy(*array[i], params, size * sizeof *params);
        c->piece[i] = (ssmi_piece){*array[i], size * sizeof *params};
    }
    c->piece[ARRAYS] = (ssmi_piece){&c->p, sizeof c->p};
    return ssmi_deck_open(&c->deck, c->g.problem->n_train, ssmi_mix_key(c->ctx->seed, c->how->stream), tmp);
}

/* The losses before training, or the place where an earlier run was stopped. */
static ssm_status begin(course *c, const float *params, size_t size, ssm_arena *tmp)
{
    int found = 0;
    if (keeps(c)) {
        digest_of(c->file.digest, c, params, size);
        SSMI_TRY(ssmi_checkpoint_open(&c->file, c->how->checkpoint, c->piece, PIECES, tmp));
        SSMI_TRY(ssmi_checkpoint_read(&found, &c->file, tmp));
    }
    if (found) {
        c->adam.step = (size_t)c->p.moments;
        ssmi_deck_place(&c->deck, c->p.order, (size_t)c->p.at);
        return SSM_OK;
    }
    SSMI_TRY(ssmi_gradients_judge(c->p.start, &c->g, params, c->ctx));
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        if (!isfinite(c->p.start[k]))
            return ssmi_fail(c->ctx, SSM_E_NUMERIC, "the loss before training is not finite");
        c->p.best[k] = c->p.start[k];
    }
    return SSM_OK;
}

static ssm_status keep(course *c)
{
    c->p.moments = c->adam.step;
    c->p.order = c->deck.order;
    c->p.at = c->deck.at;
    return ssmi_checkpoint_write(&c->file, c->ctx);
}

static double rate_of(const ssmi_training *how, size_t step)
{
    if (how->schedule == SSMI_WSD)
        return ssmi_wsd_rate(how->rate, step, how->warmup, how->cooldown, how->steps);
    return ssmi_cosine_rate(how->rate, step, how->warmup, how->steps);
}

/* How much of the averaged weights stays. A young average follows closely, so that the start is soon
 * forgotten; the plain mean of k+1 weights keeps k/(k+1). */
static double kept_share(const ssmi_training *how, size_t step)
{
    const double young = (1.0 + (double)step) / (10.0 + (double)step);
    if (how->plain_average_from == 0 || step < how->plain_average_from)
        return young < how->average ? young : how->average;
    const double before = (double)(step - how->plain_average_from);
    return before / (before + 1);
}

static ssm_status one_step(course *c)
{
    const size_t step = (size_t)c->p.steps++, size = c->g.table->size;
    double loss[SSMI_LOSS_PARTS];
    int finite;
    SSMI_TRY(ssmi_gradients_step(&finite, loss, &c->g, &c->deck, c->weights, ssmi_mix_key(c->ctx->seed, step),
                                 c->ctx));
    if (!finite) {
        c->p.skipped++;
        c->p.skips++;
        return SSM_OK;
    }
    c->p.skips = 0;
    c->p.since_check++;
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) c->p.train[k] += loss[k];
    ssmi_adamw_update(&c->adam, c->weights, c->g.sum, c->g.table, rate_of(c->how, step));
    ssmi_average_weights(c->average, c->weights, size, kept_share(c->how, step));
    return SSM_OK;
}

static void note_point(course *c, const double *loss)
{
    place *p = &c->p;
    if (p->n_curve < SSMI_CURVE_POINTS) {
        ssmi_training_point *point = &p->curve[p->n_curve++];
        point->step = (double)p->steps;
        point->rate = rate_of(c->how, (size_t)p->steps - 1);
        for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
            point->train[k] = p->since_check > 0 ? p->train[k] / (double)p->since_check : NAN;
            point->validation[k] = loss[k];
        }
    }
    memset(p->train, 0, sizeof p->train);
    p->since_check = 0;
}

static ssm_status check(course *c)
{
    place *p = &c->p;
    double loss[SSMI_LOSS_PARTS];
    SSMI_TRY(ssmi_gradients_judge(loss, &c->g, c->average, c->ctx));
    const double score = score_of(loss, p->start);
    note_point(c, loss);
    p->idle = score < p->lowest ? 0 : p->idle + 1;
    p->lowest = fmin(p->lowest, score);
    if (score < p->best_score && no_part_is_worse(loss, p->start)) {
        p->best_score = score;
        p->best_step = p->steps;
        memcpy(p->best, loss, sizeof loss);
        memcpy(c->best, c->average, c->g.table->size * sizeof *c->best);
    }
    return ssmi_progress_training(c->ctx, "training", (double)p->steps / (double)c->how->steps, score,
                                  rate_of(c->how, (size_t)p->steps - 1));
}

/* Up to the next point at which a run may be stopped and gone on with. */
static ssm_status go_on(course *c)
{
    ssm_status status = SSM_OK;
    SSMI_TRY(one_step(c));
    if (c->p.steps % c->how->check == 0 || c->p.steps == c->how->steps) status = check(c);
    if (keeps(c) && (status == SSM_E_CANCELLED || (status == SSM_OK && c->p.steps % c->how->keep == 0))) {
        const ssm_status kept = keep(c);
        if (status == SSM_OK) status = kept;
    }
    return status;
}

static int goes_on(const course *c)
{
    return c->p.steps < c->how->steps && c->p.idle < c->how->patience && c->p.skips < SSMI_MAX_SKIPS;
}

static void report(ssmi_training_result *result, const place *p)
{
    *result = (ssmi_training_result){.steps = (size_t)p->steps,
                                     .best_step = (size_t)p->best_step,
                                     .skipped = (size_t)p->skipped,
                                     .n_curve = (size_t)p->n_curve};
    memcpy(result->start, p->start, sizeof p->start);
    memcpy(result->best, p->best, sizeof p->best);
    memcpy(result->curve, p->curve, sizeof p->curve);
}

ssm_status ssmi_train(ssmi_training_result *result, float *params, const ssmi_parameters *table,
                      const ssmi_training_problem *problem, const ssmi_training *how, ssm_arena *tmp)
{
    course *c = SSMI_ALLOC(tmp, course, 1);
    if (c == NULL) return SSM_E_MEMORY;
    c->how = how;
    c->ctx = tmp->ctx;
    SSMI_TRY(ssmi_gradients_open(&c->g, table, problem, how, tmp));
    SSMI_TRY(open_course(c, params, table->size, tmp));
    SSMI_TRY(begin(c, params, table->size, tmp));
    const uint64_t before = c->p.steps;
    while (goes_on(c)) SSMI_TRY(go_on(c));
    if (keeps(c) && c->p.steps > before) SSMI_TRY(keep(c));
    memcpy(params, c->best, table->size * sizeof *params);
    report(result, &c->p);
    return SSM_OK;
}
