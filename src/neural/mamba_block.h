/* The Mamba-1 block (Gu & Dao 2023): projections, short convolution, selective scan, gate.
 *
 * Parameter names, shapes and initialisation are those of the reference module, so that weights are
 * exchangeable. Kept for the backward pass per token: 5 E + R + 2 N elements, and one state in SSMI_SCAN_TILE
 * tokens. */
#ifndef SSMCAST_NEURAL_MAMBA_BLOCK_H
#define SSMCAST_NEURAL_MAMBA_BLOCK_H

#include "neural/layers.h"
#include "neural/parameters.h"
#include "neural/selective_scan.h"
#include <gsl/gsl_rng.h>

typedef struct ssmi_mamba {
    size_t width, channels, states, taps, rank; /* d, E = expand d, N, W, R = ceil(d/16) */
    int tied;       /* A_log is (channels, 1) and state n decays n + 1 times as fast as the first */
    ssmi_rule rule; /* SSMI_EULER_B unless set after the layout */
    size_t in_proj, conv_weight, conv_bias, x_proj, dt_weight, dt_bias, A_log, D, out_proj; /* offsets */
} ssmi_mamba;

/* Lays the block out: adds its nine tensors to the table under `prefix`. taps <= SSMI_CONV_TAPS. `tied` keeps
 * the decays of a channel in the ratio in which they start, for less than half of the scan's work. */
ssmi_mamba ssmi_mamba_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t expand,
                             size_t states, size_t taps, int tied);
size_t ssmi_mamba_rates(const ssmi_mamba *m); /* columns of A_log */
/* Draws the reference module's initial values; out_proj is divided by sqrt(n_blocks). */
void ssmi_mamba_init(float *params, const ssmi_mamba *m, size_t n_blocks, gsl_rng *rng);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/mamba_block_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/mamba_block_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
