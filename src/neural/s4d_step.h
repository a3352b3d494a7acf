/* One token at a time through an S4D block (s4d_block.h), for inference, as mamba_step.h does it for Mamba:
 * memory of fixed size, no work that grows with the tokens seen. The numbers are those of
 * ssmi_s4d_block_forward_f32 up to the order of the sums in its product. */
#ifndef SSMCAST_NEURAL_S4D_STEP_H
#define SSMCAST_NEURAL_S4D_STEP_H

#include "neural/inference.h"
#include "neural/s4d_block.h"

/* Read only once opened; threads may share it. */
typedef struct ssmi_s4d_step {
    ssmi_s4d_block m;
    ssmi_packed mix;
    const float *lambda, *a, *w; /* (2, pairs, width): poles, and a whole step of them */
    const float *dt, *C, *D;     /* (width), (2, pairs, width), (width) */
} ssmi_s4d_step;

/* Copies what it needs of params. SSM_E_MEMORY only. */
ssm_status ssmi_s4d_step_open(ssmi_s4d_step *step, const float *params, const ssmi_s4d_block *m,
                              ssm_arena *arena);

size_t ssmi_s4d_step_memory(const ssmi_s4d_block *m);  /* floats of one sequence; zeros at its start */
size_t ssmi_s4d_step_scratch(const ssmi_s4d_block *m); /* floats */

/* y (width) from x (width), which may be the same. factor: of the step, NULL: one (tokens.h). A kernel. */
void ssmi_s4d_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                       const ssmi_s4d_step *step, ssmi_isa isa);

#endif
