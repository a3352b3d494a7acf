/* The Mamba-2 block (Dao & Gu 2024, section 7) with two options of Mamba-3 (arXiv 2603.15569): the
 * exponential trapezoid, and states turned by angles.
 *
 * Names, shapes and order of the tensors are those of the pretrained network (datasets/pretrained), so that
 * it can be trained further. Turning B and C by an angle per pair of states is what complex poles do, in real
 * arithmetic:
 *
 *     SSMI_TURN_NONE      no angles
 *     SSMI_TURN_TIME      angle = time * freq, time counted in steps from 0; freq is learned
 *     SSMI_TURN_DATA      angle_t = angle_{t-1} + pi dt_t tanh(projection of the input), per head
 *
 * Of Mamba-3 it leaves out the norms and biases of B and C and the larger rank. Kept for the backward pass
 * per token: 5 inner + 4.5 states + 6 heads, 2.5 states more per turned copy of B and C (one with
 * SSMI_TURN_TIME, heads with SSMI_TURN_DATA), and one state in SSMI_CHUNK tokens. */
#ifndef SSMCAST_NEURAL_MAMBA2_BLOCK_H
#define SSMCAST_NEURAL_MAMBA2_BLOCK_H

#include "neural/chunk_scan.h"
#include "neural/layers.h"
#include "neural/parameters.h"
#include "neural/tokens.h"
#include <gsl/gsl_rng.h>

typedef enum ssmi_turn { SSMI_TURN_NONE, SSMI_TURN_TIME, SSMI_TURN_DATA } ssmi_turn;

typedef struct ssmi_mamba2_size {
    size_t width, heads, head_width, states, taps; /* states even where B and C are turned */
    int trapezoid;
    ssmi_turn turn;
} ssmi_mamba2_size;

typedef struct ssmi_mamba2 {
    ssmi_mamba2_size size;
    size_t inner, mixed, projected; /* heads head_width; inner + 2 states; rows of `in` */
    size_t in;                      /* offsets: rows z, x, B, C, step, then with the trapezoid heads rows for
                                       lambda, with SSMI_TURN_DATA states/2 rows for the angles */
    size_t conv_weight, conv_bias, dt_bias, A_log, D, norm, out; /* conv_weight (taps, mixed) */
    size_t freq;                                                 /* (states/2), SSMI_TURN_TIME only */
} ssmi_mamba2;

/* The pretrained network's epsilon in its norms. */
#define SSMI_MAMBA2_EPSILON 1e-6

ssmi_mamba2 ssmi_mamba2_layout(ssmi_parameters *table, const char *prefix, ssmi_mamba2_size size);
/* The reference's initial values; `out` is divided by sqrt(n_blocks). */
void ssmi_mamba2_init(float *params, const ssmi_mamba2 *m, size_t n_blocks, gsl_rng *rng);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/mamba2_block_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/mamba2_block_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
