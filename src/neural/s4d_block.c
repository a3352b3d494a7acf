#include "neural/s4d_block.h"

#include "neural/initialise.h"
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdint.h>

ssmi_s4d_block ssmi_s4d_block_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t pairs)
{
    ssmi_s4d_block m = {
        .width = width, .pairs = pairs, .rule = SSMI_ZERO_ORDER_HOLD, .convolve_from = SIZE_MAX};
    m.log_dt = ssmi_parameters_add(table, prefix, "log_dt", SSMI_NO_DECAY, width, 0, 0);
    m.log_re = ssmi_parameters_add(table, prefix, "log_A_real", SSMI_NO_DECAY, pairs, width, 0);
    m.im = ssmi_parameters_add(table, prefix, "A_imag", SSMI_NO_DECAY, pairs, width, 0);
    m.C = ssmi_parameters_add(table, prefix, "C", SSMI_DECAY, 2, pairs, width);
    m.D = ssmi_parameters_add(table, prefix, "D", SSMI_NO_DECAY, width, 0, 0);
    m.mix = ssmi_parameters_add(table, prefix, "output_linear.weight", SSMI_DECAY, 2 * width, width, 0);
    m.mix_bias = ssmi_parameters_add(table, prefix, "output_linear.bias", SSMI_NO_DECAY, 2 * width, 0, 0);
    return m;
}

ssm_status ssmi_s4d_block_init(float *params, const ssmi_s4d_block *m, ssmi_s4d_start start, size_t n_blocks,
                               gsl_rng *rng, ssm_arena *tmp)
{
    const size_t E = m->width, N = m->pairs;
    double *pole = SSMI_ALLOC(tmp, double, 2 * N);
    if (pole == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_s4d_poles(pole, N, start, tmp));
    for (size_t e = 0; e < E; e++)
        params[m->log_dt + e] = (float)(log(0.001) + gsl_rng_uniform(rng) * (log(0.1) - log(0.001)));
    for (size_t i = 0; i < N * E; i++) {
        params[m->log_re + i] = (float)log(-pole[i / E]);
        params[m->im + i] = (float)pole[N + i / E];
    }
    /* standard complex normal */
    for (size_t i = 0; i < 2 * N * E; i++) params[m->C + i] = (float)gsl_ran_gaussian(rng, sqrt(0.5));
    for (size_t e = 0; e < E; e++) params[m->D + e] = (float)gsl_ran_gaussian(rng, 1);
    ssmi_fill_linear(params + m->mix, 2 * E * E, E * n_blocks, rng);
    ssmi_fill_linear(params + m->mix_bias, 2 * E, E * n_blocks, rng);
    return SSM_OK;
}

/* At its own frequency a pole answers with C / |Re lambda|; the usual ones begin at -1/2. */
static void place(float *params, const ssmi_s4d_block *m, size_t at, double re, double im, double share)
{
    params[m->log_re + at] = (float)log(-re);
    params[m->im + at] = (float)im;
    params[m->C + at] *= (float)share;
    params[m->C + m->pairs * m->width + at] *= (float)share;
}

void ssmi_s4d_block_place(float *params, const ssmi_s4d_block *m, const double *re, const double *im,
                          size_t n)
{
    const size_t E = m->width;
    for (size_t e = 0; e < E; e++) {
        const double dt = exp((double)params[m->log_dt + e]);
        for (size_t k = 0; k < m->pairs; k++) {
            const size_t at = k * E + e;
            if (k < n)
                place(params, m, at, re[k], im[k], -2 * re[k]);
            else
                place(params, m, at, -dt * exp((double)params[m->log_re + at]),
                      dt * (double)params[m->im + at], dt);
        }
        params[m->log_dt + e] = 0;
    }
}
