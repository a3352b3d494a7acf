/* Gradients of batches and losses of validation windows, run in slots by any number of threads with the same
 * bits: every slot has a gradient and a workspace of its own, and slots are added up in their order. */
#ifndef SSMCAST_NEURAL_TRAINING_GRADIENT_H
#define SSMCAST_NEURAL_TRAINING_GRADIENT_H

#include "neural/deck.h"
#include "neural/trainer.h"

typedef struct ssmi_gradients {
    const ssmi_parameters *table;
    const ssmi_training_problem *problem;
    const ssmi_training *how;
    size_t n_slots, n_items; /* of the present batch */
    size_t *item;            /* (batch) */
    const float *params;     /* what the slots read */
    uint64_t key;            /* of the first slot of this batch */
    size_t first_slot;       /* slots of the step that came before this batch */
    int last;                /* the step's last batch */
    float *grad, *workspace; /* (slots, size), (slots, workspace) */
    float *sum;              /* (size) of the step */
    double *loss;            /* (chunks, SSMI_LOSS_PARTS) */
} ssmi_gradients;

ssm_status ssmi_gradients_open(ssmi_gradients *g, const ssmi_parameters *table,
                               const ssmi_training_problem *problem, const ssmi_training *how,
                               ssm_arena *tmp);

/* Deals the windows of one step, how->accumulate batches of how->batch, and leaves their averaged, clipped
 * gradient in g->sum. loss: mean of the parts; *finite 0: loss or gradient cannot be used. Slots are told
 * apart by keys that do not depend on how a step is cut into batches. */
ssm_status ssmi_gradients_step(int *finite, double loss[SSMI_LOSS_PARTS], ssmi_gradients *g, ssmi_deck *deck,
                               const float *params, uint64_t key, ssm_context *ctx);

/* Mean losses of all validation windows. */
ssm_status ssmi_gradients_judge(double loss[SSMI_LOSS_PARTS], ssmi_gradients *g, const float *params,
                                ssm_context *ctx);

#endif
