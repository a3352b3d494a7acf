#include "neural/attention.h"

#include "neural/initialise.h"
#include <assert.h>

ssmi_attention ssmi_attention_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t heads,
                                     int causal)
{
    assert(heads > 0 && width % heads == 0);
    ssmi_attention m = {.width = width, .heads = heads, .causal = causal};
    m.qkv = ssmi_parameters_add(table, prefix, "Wqkv.weight", SSMI_DECAY, 3 * width, width, 0);
    m.out = ssmi_parameters_add(table, prefix, "out_proj.weight", SSMI_DECAY, width, width, 0);
    return m;
}

void ssmi_attention_init(float *params, const ssmi_attention *m, size_t n_blocks, gsl_rng *rng)
{
    ssmi_fill_linear(params + m->qkv, 3 * m->width * m->width, m->width, rng);
    ssmi_fill_linear(params + m->out, m->width * m->width, m->width * n_blocks, rng);
}
