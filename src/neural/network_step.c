/* The stack of backbone.h with one row per call:
 *
 *     x = W token + b     x += block(RMSNorm(x)) for each block     heard = RMSNorm(x)
 *
 * What was heard of the last tokens lies behind the memory of the blocks, the newest last.
 *
 * Known value: with blocks that give zero, what is heard is the normed embedding. */
#include "neural/network_step.h"

#include <string.h>

ssm_status ssmi_network_step_open(ssmi_network_step *step, const float *params, const ssmi_network *net,
                                  ssm_arena *arena)
{
    const ssmi_backbone *b = &net->backbone;
    ssmi_block_step *block = SSMI_ALLOC(arena, ssmi_block_step, b->n_blocks);
    if (block == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < b->n_blocks; i++) {
        const ssm_status status = ssmi_block_step_open(&block[i], params, &b->block[i], arena);
        if (status != SSM_OK) return status;
    }
    *step = (ssmi_network_step){net, params, block};
    return SSM_OK;
}

size_t ssmi_network_step_memory(const ssmi_network *net)
{
    size_t size = net->read - net->backbone.width;
    for (size_t i = 0; i < net->backbone.n_blocks; i++)
        size += ssmi_block_step_memory(&net->backbone.block[i]);
    return size;
}

/* The stream, its normed copy and the block's answer; then what the hungriest block wants. */
size_t ssmi_network_step_scratch(const ssmi_network *net)
{
    size_t most = 0;
    for (size_t i = 0; i < net->backbone.n_blocks; i++) {
        const size_t size = ssmi_block_step_scratch(&net->backbone.block[i]);
        most = size > most ? size : most;
    }
    return 2 * net->backbone.width + (net->backbone.width + 15) / 16 * 16 + most;
}

/* heard (net->read - d): the tokens before; takes in the newest (d), and leaves the oldest behind. */
static void hear(float *read, float *heard, const float *newest, const ssmi_network *net)
{
    const size_t d = net->backbone.width, before = net->read - d;
    if (read != NULL) {
        memcpy(read, heard, before * sizeof *read);
        memcpy(read + before, newest, d * sizeof *read);
    }
    if (before == 0) return;
    memmove(heard, heard + d, (before - d) * sizeof *heard);
    memcpy(heard + before - d, newest, d * sizeof *heard);
}

void ssmi_network_step_run(float *read, float *memory, float *scratch, const float *token, float factor,
                           const ssmi_network_step *step, ssmi_isa isa)
{
    const ssmi_network *net = step->net;
    const ssmi_backbone *b = &net->backbone;
    const size_t d = b->width;
    float *x = scratch, *normed = x + d, *y = normed + d, *inner = y + (d + 15) / 16 * 16;
    ssmi_linear_forward_f32(x, d, token, net->features, step->params + net->embed_weight,
                            step->params + net->embed_bias, 1, net->features, d);
    for (size_t i = 0; i < b->n_blocks; i++) {
        ssmi_rmsnorm_forward_f32(normed, x, step->params + b->norm[i], SSMI_NORM_EPSILON, 1, d);
        ssmi_block_step_run(y, memory, inner, normed, factor != 1 ? &factor : NULL, &step->block[i], isa);
        for (size_t k = 0; k < d; k++) x[k] += y[k];
        memory += ssmi_block_step_memory(&b->block[i]);
    }
    ssmi_rmsnorm_forward_f32(normed, x, step->params + b->final_norm, SSMI_NORM_EPSILON, 1, d);
    hear(read, memory, normed, net);
}
