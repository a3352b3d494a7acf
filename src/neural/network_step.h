/* One token at a time through a carried network (network.h), for inference: what it has seen lies in memory
 * of fixed size, and a token costs the same however many came before. */
#ifndef SSMCAST_NEURAL_NETWORK_STEP_H
#define SSMCAST_NEURAL_NETWORK_STEP_H

#include "neural/block_step.h"
#include "neural/network.h"

/* Read only once opened; threads may share it. `net` and `params` must outlive it. */
typedef struct ssmi_network_step {
    const ssmi_network *net;
    const float *params;
    ssmi_block_step *block; /* (n_blocks) */
} ssmi_network_step;

/* SSM_E_MEMORY only. */
ssm_status ssmi_network_step_open(ssmi_network_step *step, const float *params, const ssmi_network *net,
                                  ssm_arena *arena);

size_t ssmi_network_step_memory(const ssmi_network *net);  /* floats of one sequence; zeros at its start */
size_t ssmi_network_step_scratch(const ssmi_network *net); /* floats */

/* read (net->read), what the head reads, or NULL: of tokens before the first zeros; token (net->features);
 * factor of its step. The numbers are those of ssmi_network_forward_f32 up to the order of sums. A kernel. */
void ssmi_network_step_run(float *read, float *memory, float *scratch, const float *token, float factor,
                           const ssmi_network_step *step, ssmi_isa isa);

#endif
