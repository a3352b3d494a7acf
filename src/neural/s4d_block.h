/* The S4D block (Gu, Gupta, Goel & Re 2022, section 5): the layer of s4d.h, GELU, and a gated linear mix of
 * the channels: y = u sigmoid(v) with [u ; v] = W gelu(s4d(x)) + b. Linear and time-invariant up to the GELU,
 * and so right for raw, evenly sampled signals.
 *
 * Kept for the backward pass per token: width for the layer's output and 2 width before the gate, plus one
 * state in 32 tokens, or the kernel's spectrum where the convolution is used. */
#ifndef SSMCAST_NEURAL_S4D_BLOCK_H
#define SSMCAST_NEURAL_S4D_BLOCK_H

#include "neural/layers.h"
#include "neural/parameters.h"
#include "neural/s4d.h"
#include "neural/tokens.h"
#include <gsl/gsl_rng.h>

typedef struct ssmi_s4d_block {
    size_t width, pairs;
    ssmi_rule rule;
    size_t convolve_from; /* sequences of at least so many tokens with equal steps go through the FFT; never
                             unless set after the layout: tests/bench/bench_blocks found no length up to
                             4096 at which it is faster on one core with 8 pairs */
    size_t log_dt, log_re, im, C, D, mix, mix_bias; /* offsets; poles are -exp(log_re) + i im */
} ssmi_s4d_block;

ssmi_s4d_block ssmi_s4d_block_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t pairs);
/* Poles as `start` says, the same in every channel; steps log-uniform in [0.001, 0.1]. Errors of
 * ssmi_s4d_poles. */
ssm_status ssmi_s4d_block_init(float *params, const ssmi_s4d_block *m, ssmi_s4d_start start, size_t n_blocks,
                               gsl_rng *rng, ssm_arena *tmp);

/* After the init: puts the first n poles of all channels at re + i im (n, re < 0), with C scaled so that
 * their answers are as large as before, and makes the steps of the channels one, so that the poles are those
 * from token to token. Pairs beyond n answer as they did. */
void ssmi_s4d_block_place(float *params, const ssmi_s4d_block *m, const double *re, const double *im,
                          size_t n);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/s4d_block_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/s4d_block_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
