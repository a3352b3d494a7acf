#include "neural/mamba2_block.h"

#include "neural/initialise.h"
#include <assert.h>
#include <math.h>

static const double pi = 3.14159265358979324;

ssmi_mamba2 ssmi_mamba2_layout(ssmi_parameters *table, const char *prefix, ssmi_mamba2_size size)
{
    assert(size.taps >= 1 && size.taps <= SSMI_CONV_TAPS &&
           (size.turn == SSMI_TURN_NONE || size.states % 2 == 0));
    const size_t H = size.heads, inner = H * size.head_width, mixed = inner + 2 * size.states;
    ssmi_mamba2 m = {.size = size, .inner = inner, .mixed = mixed};
    m.projected = inner + mixed + H + (size.trapezoid ? H : 0);
    if (size.turn == SSMI_TURN_DATA) m.projected += size.states / 2;
    m.in = ssmi_parameters_add(table, prefix, "inp.weight", SSMI_DECAY, m.projected, size.width, 0);
    m.conv_weight = ssmi_parameters_add(table, prefix, "conv_w", SSMI_DECAY, size.taps, mixed, 0);
    m.conv_bias = ssmi_parameters_add(table, prefix, "conv_b", SSMI_NO_DECAY, mixed, 0, 0);
    m.dt_bias = ssmi_parameters_add(table, prefix, "dt_b", SSMI_NO_DECAY, H, 0, 0);
    m.A_log = ssmi_parameters_add(table, prefix, "A_log", SSMI_NO_DECAY, H, 0, 0);
    m.D = ssmi_parameters_add(table, prefix, "D", SSMI_NO_DECAY, H, 0, 0);
    if (size.turn == SSMI_TURN_TIME)
        m.freq = ssmi_parameters_add(table, prefix, "freq", SSMI_NO_DECAY, size.states / 2, 0, 0);
    m.norm = ssmi_parameters_add(table, prefix, "gn.w", SSMI_NO_DECAY, inner, 0, 0);
    m.out = ssmi_parameters_add(table, prefix, "out.weight", SSMI_DECAY, size.width, inner, 0);
    return m;
}

void ssmi_mamba2_init(float *params, const ssmi_mamba2 *m, size_t n_blocks, gsl_rng *rng)
{
    const ssmi_mamba2_size *s = &m->size;
    const size_t half = s->states / 2;
    ssmi_fill_linear(params + m->in, m->projected * s->width, s->width, rng);
    ssmi_fill_linear(params + m->conv_weight, s->taps * m->mixed, s->taps, rng);
    ssmi_fill_linear(params + m->conv_bias, m->mixed, s->taps, rng);
    for (size_t h = 0; h < s->heads; h++) {
        params[m->dt_bias + h] = (float)ssmi_initial_step_bias(rng);
        params[m->A_log + h] = (float)log(1 + 15 * gsl_rng_uniform(rng));
    }
    ssmi_fill_constant(params + m->D, s->heads, 1);
    /* periods of 2 to 2000 tokens, evenly spread in their logarithms */
    for (size_t j = 0; j < half && s->turn == SSMI_TURN_TIME; j++)
        params[m->freq + j] = (float)(pi * pow(1e-3, (double)j / (double)half));
    ssmi_fill_constant(params + m->norm, m->inner, 1);
    ssmi_fill_linear(params + m->out, s->width * m->inner, m->inner * n_blocks, rng);
}
