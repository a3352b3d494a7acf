/* Training of a forecaster's network around its skip. */
#ifndef SSMCAST_MODELS_LEARNER_TRAINING_H
#define SSMCAST_MODELS_LEARNER_TRAINING_H

#include "models/learner_windows.h"
#include "neural/trainer.h"

/* What is minimised: 0.5 squared error of the mean + pinball loss of the deciles, or one alone, or the
 * absolute error of the median. */
typedef enum ssmi_learner_loss {
    SSMI_LEARNER_BOTH,
    SSMI_LEARNER_MSE,
    SSMI_LEARNER_MAE,
    SSMI_LEARNER_PINBALL,
    SSMI_LEARNER_LOSSES
} ssmi_learner_loss;

typedef struct ssmi_learner_training {
    size_t batch;           /* windows per step, at least those of one origin */
    size_t windows, epochs; /* windows in all, and how often each of them: whichever is less ends training */
    size_t patience;
    double rate, dropout, decay;
    ssmi_learner_loss loss;
    int wsd;                         /* the schedule that stays and then falls, else the cosine */
    size_t accumulate;               /* batches per step */
    uint64_t stream;                 /* random stream of the order of windows */
    const char *checkpoint;          /* neural/trainer.h; "": none */
    const ssmi_learner_track *track; /* of each series */
} ssmi_learner_training;

/* What a forecaster answers after its network said `out` (SSMI_HEAD_OUTPUTS, horizon): with one of the plain
 * losses only one of mean and median has been trained, and stands for both. */
void ssmi_learner_tie(float *out, size_t horizon, ssmi_learner_loss loss);

struct ssmi_learner_evidence;

/* Trains `params`, which hold initial values, on the task's training windows; the validation windows decide
 * when to stop and whether anything was gained (result->best_step 0: nothing, params unchanged). The skip's
 * ridge must have been solved without the validation windows. A result of zero steps: too few windows to
 * learn from. What a network that gained adds to the skip on its validation windows goes to `evidence`. */
ssm_status ssmi_learner_train(ssmi_training_result *result, float *params,
                              struct ssmi_learner_evidence *evidence, const ssmi_parameters *table,
                              const ssmi_network *net, const ssmi_learner_skip *skip,
                              const ssmi_ridge_task *task, const ssmi_learner_training *how, ssm_arena *tmp);

#endif
