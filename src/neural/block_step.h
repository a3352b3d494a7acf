/* One token at a time through a block of any kind that can be carried (mixer.h), for inference: the border
 * between the kinds' single steps and what runs them. Attention looks back at every token and has none. */
#ifndef SSMCAST_NEURAL_BLOCK_STEP_H
#define SSMCAST_NEURAL_BLOCK_STEP_H

#include "neural/mamba2_step.h"
#include "neural/mamba_step.h"
#include "neural/mixer.h"
#include "neural/s4d_step.h"

/* Read only once opened; threads may share it. */
typedef struct ssmi_block_step {
    ssmi_mixer m;
    union {
        ssmi_mamba_step mamba;
        ssmi_s4d_step s4d;
        ssmi_mamba2_step mamba2;
    } as;
} ssmi_block_step;

int ssmi_mixer_carries(const ssmi_mixer_size *size); /* 1: there is a single step for such a block */

/* For a block that carries. Copies what it needs of params. SSM_E_MEMORY only. */
ssm_status ssmi_block_step_open(ssmi_block_step *step, const float *params, const ssmi_mixer *m,
                                ssm_arena *arena);

size_t ssmi_block_step_memory(const ssmi_mixer *m);  /* floats of one sequence; zeros at its start */
size_t ssmi_block_step_scratch(const ssmi_mixer *m); /* floats */

/* y (width) from x (width), which may be the same. factor: of the step, NULL: one (tokens.h). A kernel. */
void ssmi_block_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                         const ssmi_block_step *step, ssmi_isa isa);

#endif
