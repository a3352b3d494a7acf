/* Training the pretrained network further on the series at hand.
 *
 *     rows     | context ................ | horizon |                          a training window, or
 *     rows               | context ................ | horizon | of the held    a validation window
 *
 * Windows are looked at as forecasts look at them (models/zero_forecast.h). What is minimised is the
 * network's own loss, the mean pinball of nine sorted quantiles in a-space, with the squared error of the
 * median; validation looks at both. Of the weights that training ends in, none was worse in either on the
 * validation windows (neural/trainer.h).
 *
 * That one stretch of rows got better does not say that the next will. So tuning is rehearsed on the past:
 * with blocks of time (models/zero_blocks.h), trained on the rows before block k + 1, stopped by block k + 1,
 * and looked at in block k, for k = 0, 1, 2. The weights kept are theta_0 + s (theta - theta_0), between the
 * pretrained and the tuned ones (Wortsman et al. 2022, Robust fine-tuning of zero-shot models, eq. 1), with
 * the strength s that is trusted over the rehearsals (models/zero_tuning_trust.h); without one the pretrained
 * stand.
 */
#ifndef SSMCAST_MODELS_ZERO_TUNING_H
#define SSMCAST_MODELS_ZERO_TUNING_H

#include "forecast/archive.h"
#include "models/zero_forecast.h"
#include "models/zero_tuner.h"
#include "models/zero_tuning_trust.h"

typedef struct ssmi_zero_tuning_options {
    ssmi_zero_tune what;    /* SSMI_TUNE_HEAD or SSMI_TUNE_ALL */
    size_t windows;         /* windows shown in training, each as often as it takes; 0: by `what` */
    double rate;            /* 0: by `what` */
    const char *checkpoint; /* neural/trainer.h; "": none */
    const char *weights;    /* of the network: path as in ssmi_zero_load */
} ssmi_zero_tuning_options;

/* What came of it. */
typedef struct ssmi_zero_tuning {
    size_t n_train, n_validation; /* windows */
    ssmi_parameters *table;       /* of what is trained: the head's tensors, or all */
    float *params;                /* (table->size); NULL: the pretrained weights stand */
    ssmi_training_result result;  /* `best` is that of the strength that was chosen, if one was */
    ssmi_trust trust;             /* in what tuning did in the past */
} ssmi_zero_tuning;

/* Rows at the end of each series that validation keeps from training. */
size_t ssmi_zero_held(const ssm_fit_task *task);

/* Trains; table and params live in `mem`. SSM_E_UNSUPPORTED: more blocks than SSMI_ZERO_TRAINABLE_BLOCKS;
 * errors of ssmi_train and ssmi_zero_read. Too few windows are no error: nothing is trained then. */
ssm_status ssmi_zero_tune_on(ssmi_zero_tuning *out, const ssmi_zero_model *model, const ssm_fit_task *task,
                             const ssmi_zero_tuning_options *how, ssm_arena *mem, ssm_arena *tmp);

/* Saves or loads the weights that were kept, and how they were come by. */
ssm_status ssmi_zero_tuning_archive(ssmi_zero_tuning *tuning, ssmi_zero_tune what,
                                    const ssmi_zero_network *network, ssm_archive *archive);

/* "head tuned: ..." in at most `size` bytes. */
void ssmi_zero_tuning_note(const ssmi_zero_tuning *tuning, ssmi_zero_tune what, char *text, size_t size);

#endif
