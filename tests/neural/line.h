/* A line to fit, for tests of the trainer. Included after cmocka.h. */
#ifndef SSMCAST_TESTS_NEURAL_LINE_H
#define SSMCAST_TESTS_NEURAL_LINE_H

#include "differences.h"
#include "neural/trainer.h"
#include <stdio.h>
#include <string.h>

enum { INPUTS = 40, WINDOWS = 300, VALIDATION = 50 };

/* A line to fit: targets are x . truth; loss parts are the squared and the absolute error. `poison` makes
 * some windows give infinite losses, `backwards` gives the gradient the wrong sign. */
typedef struct line {
    float x[WINDOWS + VALIDATION][INPUTS], y[WINDOWS + VALIDATION];
    int poison_all, poison_some, backwards;
} line;

static inline float miss(const line *l, const float *params, size_t i)
{
    float sum = -l->y[i];
    for (size_t k = 0; k < INPUTS; k++) sum += l->x[i][k] * params[k];
    return sum;
}

static inline void gradient(const void *user, double *loss, float *grad, float *workspace,
                            const float *params, const size_t *item, size_t n, uint64_t key)
{
    const line *l = user;
    (void)workspace, (void)key;
    for (size_t i = 0; i < n; i++) {
        const float e = miss(l, params, item[i]);
        loss[0] += (double)(e * e);
        loss[1] += l->poison_all || (l->poison_some && item[i] == 7) ? INFINITY : fabs((double)e);
        for (size_t k = 0; k < INPUTS; k++) grad[k] += (l->backwards ? -2 : 2) * e * l->x[item[i]][k];
    }
}

static inline void judge(const void *user, double *loss, float *workspace, const float *params, size_t first,
                         size_t n)
{
    (void)workspace;
    for (size_t i = WINDOWS + first; i < WINDOWS + first + n; i++) {
        const double e = (double)miss(user, params, i);
        loss[0] += e * e;
        loss[1] += fabs(e);
    }
}

static inline void fill(line *l)
{
    uint32_t seed = 61;
    memset(l, 0, sizeof *l);
    for (size_t i = 0; i < WINDOWS + VALIDATION; i++) {
        for (size_t k = 0; k < INPUTS; k++) {
            l->x[i][k] = (float)next_number(&seed, -1, 1);
            l->y[i] += l->x[i][k] * (float)(k % 3);
        }
    }
}

static inline ssmi_training line_training(void)
{
    return (ssmi_training){.batch = 24,
                           .slot = 5,
                           .steps = 400,
                           .warmup = 10,
                           .check = 20,
                           .patience = 5,
                           .rate = 0.05,
                           .clip = 100,
                           .average = 0.9,
                           .stream = 4};
}

/* Trains on the line in a context of its own; `message` (100) gets the error's text, NULL: not wanted. */
static inline ssm_status train_with(ssmi_training_result *result, float *params, const line *l,
                                    size_t threads, const ssmi_training *how, const ssm_progress *progress,
                                    char *message)
{
    ssmi_training_problem problem = {.user = l,
                                     .n_train = WINDOWS,
                                     .n_validation = VALIDATION,
                                     .workspace = 1,
                                     .gradient = gradient,
                                     .judge = judge};
    ssmi_parameters table = {0};
    ssmi_digest digest;
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_parameters_add(&table, "", "w", SSMI_DECAY, INPUTS, 0, 0);
    ssmi_digest_open(&digest);
    ssmi_digest_add(&digest, l, sizeof *l);
    ssmi_digest_close(problem.digest, &digest);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, threads);
    if (progress != NULL) ssm_context_set_progress(ctx, *progress);
    ssmi_arena_init(&tmp, ctx);
    const ssm_status status = ssmi_train(result, params, &table, &problem, how, &tmp);
    if (message != NULL) snprintf(message, 100, "%s", ssm_context_message(ctx));
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
    return status;
}

#endif
