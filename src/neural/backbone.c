#include "neural/backbone.h"

#include <assert.h>
#include <stdio.h>

ssmi_backbone ssmi_backbone_layout(ssmi_parameters *table, ssmi_backbone_size size)
{
    assert(size.n_blocks >= 1 && size.n_blocks <= SSMI_MAX_BLOCKS);
    ssmi_backbone b = {.width = size.width, .n_blocks = size.n_blocks};
    for (size_t i = 0; i < size.n_blocks; i++) {
        char prefix[24];
        snprintf(prefix, sizeof prefix, "layers.%zu.mixer.", i);
        b.block[i] = ssmi_mamba_layout(table, prefix, size.width, size.expand, size.states, size.taps);
        snprintf(prefix, sizeof prefix, "layers.%zu.norm.", i);
        b.norm[i] = ssmi_parameters_add(table, prefix, "weight", SSMI_NO_DECAY, size.width, 0, 0);
    }
    b.final_norm = ssmi_parameters_add(table, "", "norm_f.weight", SSMI_NO_DECAY, size.width, 0, 0);
    return b;
}

void ssmi_backbone_init(float *params, const ssmi_backbone *b, gsl_rng *rng)
{
    for (size_t i = 0; i < b->n_blocks; i++) {
        ssmi_mamba_init(params, &b->block[i], b->n_blocks, rng);
        for (size_t k = 0; k < b->width; k++) params[b->norm[i] + k] = 1.0f;
    }
    for (size_t k = 0; k < b->width; k++) params[b->final_norm + k] = 1.0f;
}
