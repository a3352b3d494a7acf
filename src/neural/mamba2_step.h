/* One token at a time through a Mamba-2 block (mamba2_block.h), with its options, for inference, as
 * mamba_step.h does it for Mamba: memory of fixed size, no work that grows with the tokens seen. The numbers
 * are those of ssmi_mamba2_forward_f32 up to the order of sums. */
#ifndef SSMCAST_NEURAL_MAMBA2_STEP_H
#define SSMCAST_NEURAL_MAMBA2_STEP_H

#include "neural/inference.h"
#include "neural/mamba2_block.h"

/* Read only once opened; threads may share it. */
typedef struct ssmi_mamba2_step {
    ssmi_mamba2 m;
    ssmi_packed in, out;
    const float *taps, *conv_bias; /* (taps, mixed), (mixed) */
    const float *dt_bias, *A, *D;  /* (heads) */
    const float *freq, *norm;      /* (states/2), (inner) */
} ssmi_mamba2_step;

/* Copies what it needs of params. SSM_E_MEMORY only. */
ssm_status ssmi_mamba2_step_open(ssmi_mamba2_step *step, const float *params, const ssmi_mamba2 *m,
                                 ssm_arena *arena);

size_t ssmi_mamba2_step_memory(const ssmi_mamba2 *m);  /* floats of one sequence; zeros at its start */
size_t ssmi_mamba2_step_scratch(const ssmi_mamba2 *m); /* floats */

/* y (width) from x (width), which may be the same. factor: of the step, NULL: one (tokens.h). A kernel. */
void ssmi_mamba2_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                          const ssmi_mamba2_step *step, ssmi_isa isa);

#endif
