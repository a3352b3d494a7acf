/* What is trained of the pretrained network, and the losses of windows it is trained and judged by. */
#ifndef SSMCAST_MODELS_ZERO_TUNER_H
#define SSMCAST_MODELS_ZERO_TUNER_H

#include "models/zero_tuning_windows.h"
#include "neural/trainer.h"
#include "neural/zero_trainable.h"

typedef enum ssmi_zero_tune { SSMI_TUNE_NO, SSMI_TUNE_LINEAR, SSMI_TUNE_HEAD, SSMI_TUNE_ALL } ssmi_zero_tune;

typedef struct ssmi_zero_tuner {
    ssmi_zero_tune what;
    ssmi_zero_trainable net; /* SSMI_TUNE_HEAD: only the head is laid out */
    size_t tokens, shown;    /* of the largest window there is room for */
    const ssmi_kernels_f32 *kernels;
} ssmi_zero_tuner;

/* One training: what is learned from, and what it is stopped by. */
typedef struct ssmi_zero_lesson {
    const ssmi_zero_tuner *tuner;
    ssmi_zero_windows training, validation;
} ssmi_zero_lesson;

/* Fills the table with the tensors that are trained. SSM_E_UNSUPPORTED: too many blocks. */
ssm_status ssmi_zero_tuner_open(ssmi_zero_tuner *tuner, ssmi_parameters *table, ssmi_zero_tune what,
                                const ssmi_zero_network *network, ssm_context *ctx);

/* Makes room for these windows as well. */
void ssmi_zero_tuner_admit(ssmi_zero_tuner *tuner, const ssmi_zero_windows *windows);

/* The lesson must outlive it; the digest is left open. */
ssmi_training_problem ssmi_zero_tuner_problem(const ssmi_zero_lesson *lesson);

/* loss (windows->n, sets, SSMI_LOSS_PARTS) of each window with each of `sets` sets of weights. */
ssm_status ssmi_zero_tuner_losses(const ssmi_zero_tuner *tuner, double *loss,
                                  const ssmi_zero_windows *windows, const float *const *params, size_t sets,
                                  ssm_context *ctx);

#endif
