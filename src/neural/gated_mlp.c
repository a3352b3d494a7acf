#include "neural/gated_mlp.h"

#include "neural/initialise.h"

ssmi_gated_mlp ssmi_gated_mlp_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t hidden)
{
    ssmi_gated_mlp m = {.width = width, .hidden = hidden};
    m.up = ssmi_parameters_add(table, prefix, "fc1.weight", SSMI_DECAY, 2 * hidden, width, 0);
    m.down = ssmi_parameters_add(table, prefix, "fc2.weight", SSMI_DECAY, width, hidden, 0);
    return m;
}

void ssmi_gated_mlp_init(float *params, const ssmi_gated_mlp *m, size_t n_blocks, gsl_rng *rng)
{
    ssmi_fill_linear(params + m->up, 2 * m->hidden * m->width, m->width, rng);
    ssmi_fill_linear(params + m->down, m->width * m->hidden, m->hidden * n_blocks, rng);
}
