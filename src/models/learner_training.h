/* Training of the mamba forecaster's network around its linear skip. */
#ifndef SSMCAST_MODELS_LEARNER_TRAINING_H
#define SSMCAST_MODELS_LEARNER_TRAINING_H

#include "models/learner_windows.h"
#include "neural/trainer.h"

typedef struct ssmi_learner_training {
    size_t batch;           /* windows per step */
    size_t windows, epochs; /* windows in all, and how often each of them: whichever is less ends training */
    size_t patience;
    double rate, dropout, decay;
} ssmi_learner_training;

/* Trains `params`, which hold initial values, on the task's training windows; the validation windows decide
 * when to stop and whether anything was gained (result->best_step 0: nothing, params unchanged). The skip's
 * ridge must have been solved without the validation windows. A result of zero steps: too few windows to
 * learn from. */
ssm_status ssmi_learner_train(ssmi_training_result *result, float *params, const ssmi_parameters *table,
                              const ssmi_network *net, const ssmi_learner_skip *skip,
                              const ssmi_ridge_task *task, const ssmi_learner_training *how, ssm_arena *tmp);

#endif
