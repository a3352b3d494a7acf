/* Minibatch training with early stopping, the same bits for any number of threads, and with a checkpoint also
 * for any number of interruptions.
 *
 *     step: `accumulate` batches of windows -> slots of `slot` windows, each with its own gradient and
 *           workspace, run in parallel -> gradients added in slot order -> clip -> AdamW -> averaged weights
 *     every `check` steps: the averaged weights are judged on the validation windows, the best are kept
 *
 * Losses have SSMI_LOSS_PARTS parts. Weights are acceptable only where no part is worse than it was before
 * training; among those the lowest sum of ratios wins. So training can improve on its start or return it,
 * never lose to it. A step whose loss or gradient is not finite is skipped; after SSMI_MAX_SKIPS of them in a
 * row training ends with the best weights so far.
 *
 * With `checkpoint` the whole course (weights, averages, best weights, moments, place in the order of
 * windows, in the schedule and in the stream of random keys) is written to that file every `keep` steps, at
 * the end, and when the caller cancels (neural/checkpoint.h). A run that finds the file goes on from it and
 * ends in the same bytes as one that was never stopped. A file of other data or options is refused. */
#ifndef SSMCAST_NEURAL_TRAINER_H
#define SSMCAST_NEURAL_TRAINER_H

#include "base/arena.h"
#include "base/digest.h"
#include "neural/parameters.h"
#include <ssmcast/forecaster.h>

enum { SSMI_LOSS_PARTS = 2, SSMI_MAX_SKIPS = 5, SSMI_CURVE_POINTS = SSM_TRAINING_POINTS };

/* What is trained. Both functions sum over their windows, may write only to their outputs and workspace, and
 * must not depend on which thread runs them. */
typedef struct ssmi_training_problem {
    const void *user;
    size_t n_train, n_validation; /* windows, both >= 1 */
    size_t workspace;             /* floats per slot */
    /* Adds the losses of windows item[0..n) to loss, and the gradient of what is minimised to grad. */
    void (*gradient)(const void *user, double *loss, float *grad, float *workspace, const float *params,
                     const size_t *item, size_t n, uint64_t key);
    /* Adds the losses of validation windows [first, first+n) to loss. */
    void (*judge)(const void *user, double *loss, float *workspace, const float *params, size_t first,
                  size_t n);
    /* Of everything that the two functions read: data, shape of the network, instruction set. Only compared,
     * and only where there is a checkpoint. */
    unsigned char digest[SSMI_DIGEST_SIZE];
} ssmi_training_problem;

typedef enum ssmi_schedule { SSMI_COSINE, SSMI_WSD } ssmi_schedule; /* adamw.h */

typedef struct ssmi_training {
    size_t batch, slot; /* windows per batch; per slot, which sets the order of sums */
    size_t accumulate;  /* batches per step, for steps larger than memory; 0 is 1 */
    size_t steps, warmup, check;
    size_t patience; /* checks without a lower mean ratio before training ends */
    ssmi_schedule schedule;
    size_t cooldown;                   /* last steps of SSMI_WSD */
    double rate, decay, clip, average; /* average: how much of the averaged weights a step keeps, below 1 */
    size_t plain_average_from;         /* from this step on the plain mean of all weights since; 0: never */
    uint64_t stream;                   /* random stream of the order of windows */
    const char *checkpoint;            /* path; NULL or "": none */
    size_t keep;                       /* steps between two checkpoints, >= 1 */
} ssmi_training;

/* One check: the losses are per window, `train` the mean over the steps since the check before. */
typedef struct ssmi_training_point {
    double step, rate, train[SSMI_LOSS_PARTS], validation[SSMI_LOSS_PARTS];
} ssmi_training_point;

typedef struct ssmi_training_result {
    size_t steps, best_step, skipped;                     /* best_step 0: nothing was better than the start */
    double start[SSMI_LOSS_PARTS], best[SSMI_LOSS_PARTS]; /* validation losses per window */
    size_t n_curve;                                       /* checks, at most the first SSMI_CURVE_POINTS */
    ssmi_training_point curve[SSMI_CURVE_POINTS];
} ssmi_training_result;

/* The curve with its losses as parts of those at the start, the mean over the parts; at most `room` points,
 * returns how many. */
size_t ssmi_training_curve(ssm_training_point *out, const ssmi_training_result *result, size_t room);

size_t ssmi_training_batches(const ssmi_training *how); /* accumulate, at least 1 */

/* Trains params (table->size) in place; on return they are the best weights. SSM_E_CANCELLED from the
 * progress report, SSM_E_NUMERIC when the start itself has no finite loss, errors of checkpoint.h; params are
 * then as they were. */
ssm_status ssmi_train(ssmi_training_result *result, float *params, const ssmi_parameters *table,
                      const ssmi_training_problem *problem, const ssmi_training *how, ssm_arena *tmp);

#endif
