#include "neural/mamba_block.h"

#include "neural/initialise.h"
#include <math.h>

size_t ssmi_mamba_rates(const ssmi_mamba *m)
{
    return m->tied ? 1 : m->states;
}

ssmi_mamba ssmi_mamba_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t expand,
                             size_t states, size_t taps, int tied)
{
    const size_t E = expand * width, R = (width + 15) / 16;
    ssmi_mamba m = {.width = width,
                    .channels = E,
                    .states = states,
                    .taps = taps,
                    .rank = R,
                    .tied = tied,
                    .rule = SSMI_EULER_B};
    m.in_proj = ssmi_parameters_add(table, prefix, "in_proj.weight", SSMI_DECAY, 2 * E, width, 0);
    m.conv_weight = ssmi_parameters_add(table, prefix, "conv1d.weight", SSMI_DECAY, E, 1, taps);
    m.conv_bias = ssmi_parameters_add(table, prefix, "conv1d.bias", SSMI_NO_DECAY, E, 0, 0);
    m.x_proj = ssmi_parameters_add(table, prefix, "x_proj.weight", SSMI_DECAY, R + 2 * states, E, 0);
    m.dt_weight = ssmi_parameters_add(table, prefix, "dt_proj.weight", SSMI_DECAY, E, R, 0);
    m.dt_bias = ssmi_parameters_add(table, prefix, "dt_proj.bias", SSMI_NO_DECAY, E, 0, 0);
    m.A_log = ssmi_parameters_add(table, prefix, "A_log", SSMI_NO_DECAY, E, ssmi_mamba_rates(&m), 0);
    m.D = ssmi_parameters_add(table, prefix, "D", SSMI_NO_DECAY, E, 0, 0);
    m.out_proj = ssmi_parameters_add(table, prefix, "out_proj.weight", SSMI_DECAY, width, E, 0);
    return m;
}

void ssmi_mamba_init(float *params, const ssmi_mamba *m, size_t n_blocks, gsl_rng *rng)
{
    const size_t d = m->width, E = m->channels, N = m->states, rates = ssmi_mamba_rates(m);
    ssmi_fill_uniform(params + m->in_proj, 2 * E * d, 1 / sqrt((double)d), rng);
    ssmi_fill_uniform(params + m->conv_weight, E * m->taps, 1 / sqrt((double)m->taps), rng);
    ssmi_fill_uniform(params + m->conv_bias, E, 1 / sqrt((double)m->taps), rng);
    ssmi_fill_uniform(params + m->x_proj, (m->rank + 2 * N) * E, 1 / sqrt((double)E), rng);
    ssmi_fill_uniform(params + m->dt_weight, E * m->rank, 1 / sqrt((double)m->rank), rng);
    for (size_t e = 0; e < E; e++) params[m->dt_bias + e] = (float)ssmi_initial_step_bias(rng);
    for (size_t i = 0; i < E * rates; i++) params[m->A_log + i] = (float)log((double)(i % rates + 1));
    for (size_t e = 0; e < E; e++) params[m->D + e] = 1.0f;
    ssmi_fill_uniform(params + m->out_proj, d * E, 1 / sqrt((double)E * (double)n_blocks), rng);
}
