#include "neural/backbone.h"

#include "neural/block_step.h"
#include "neural/initialise.h"
#include <assert.h>
#include <stdio.h>

static ssmi_mixer lay_out(ssmi_parameters *table, const char *stack, const ssmi_backbone_size *size, size_t i,
                          const char *name)
{
    char prefix[48];
    ssmi_mixer_size block = size->block[i];
    block.width = size->width;
    snprintf(prefix, sizeof prefix, "%slayers.%zu.%s.", stack, i, name);
    return ssmi_mixer_layout(table, prefix, block);
}

int ssmi_backbone_carries(const ssmi_backbone_size *size)
{
    for (size_t i = 0; i < size->n_blocks; i++)
        if (!ssmi_mixer_carries(&size->block[i])) return 0;
    return !size->bidirectional;
}

ssmi_backbone ssmi_backbone_layout(ssmi_parameters *table, const char *stack, const ssmi_backbone_size *size)
{
    assert(size->n_blocks >= 1 && size->n_blocks <= SSMI_MAX_BLOCKS);
    ssmi_backbone b = {
        .width = size->width, .n_blocks = size->n_blocks, .bidirectional = size->bidirectional};
    for (size_t i = 0; i < size->n_blocks; i++) {
        char prefix[48];
        b.block[i] = lay_out(table, stack, size, i, "mixer");
        if (b.bidirectional) b.twin[i] = lay_out(table, stack, size, i, "twin");
        snprintf(prefix, sizeof prefix, "%slayers.%zu.norm.", stack, i);
        b.norm[i] = ssmi_parameters_add(table, prefix, "weight", SSMI_NO_DECAY, size->width, 0, 0);
    }
    b.final_norm = ssmi_parameters_add(table, stack, "norm_f.weight", SSMI_NO_DECAY, size->width, 0, 0);
    return b;
}

ssm_status ssmi_backbone_init(float *params, const ssmi_backbone *b, gsl_rng *rng, ssm_arena *tmp)
{
    for (size_t i = 0; i < b->n_blocks; i++) {
        SSMI_TRY(ssmi_mixer_init(params, &b->block[i], b->n_blocks, rng, tmp));
        if (b->bidirectional) SSMI_TRY(ssmi_mixer_init(params, &b->twin[i], b->n_blocks, rng, tmp));
        ssmi_fill_constant(params + b->norm[i], b->width, 1);
    }
    ssmi_fill_constant(params + b->final_norm, b->width, 1);
    return SSM_OK;
}
