/* One token at a time through a Mamba-1 block (mamba_block.h), for inference: weights packed once, memory of
 * fixed size, no work that grows with the tokens seen. The numbers are those of ssmi_mamba_forward_f32 up to
 * the order of the sums in its products. */
#ifndef SSMCAST_NEURAL_MAMBA_STEP_H
#define SSMCAST_NEURAL_MAMBA_STEP_H

#include "neural/inference.h"
#include "neural/mamba_block.h"

/* Read only once opened; threads may share it. */
typedef struct ssmi_mamba_step {
    ssmi_mamba m;
    ssmi_packed in_proj, x_proj, dt_proj, out_proj;
    const float *taps, *A2, *conv_bias, *D, *dt_bias; /* (W, E), (N, E), (E), (E), (E) */
} ssmi_mamba_step;

/* Copies what it needs of params. SSM_E_MEMORY only. */
ssm_status ssmi_mamba_step_open(ssmi_mamba_step *step, const float *params, const ssmi_mamba *m,
                                ssm_arena *arena);

size_t ssmi_mamba_step_memory(const ssmi_mamba *m);  /* floats of one sequence; zeros at its start */
size_t ssmi_mamba_step_scratch(const ssmi_mamba *m); /* floats */

/* y (width) from x (width), which may be the same. factor: of the step, NULL: one (tokens.h). A kernel. */
void ssmi_mamba_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                         const ssmi_mamba_step *step, ssmi_isa isa);

#endif
