/* The gated two-layer perceptron (Shazeer 2020, "GLU Variants Improve Transformer", eq. 6): y = W2 (a
 * silu(b)) with [a ; b] = W1 x. Kept for the backward pass: 2 hidden elements per token. */
#ifndef SSMCAST_NEURAL_GATED_MLP_H
#define SSMCAST_NEURAL_GATED_MLP_H

#include "neural/layers.h"
#include "neural/parameters.h"
#include "neural/tokens.h"
#include <gsl/gsl_rng.h>

typedef struct ssmi_gated_mlp {
    size_t width, hidden;
    size_t up, down; /* offsets: (2 hidden, width), (width, hidden) */
} ssmi_gated_mlp;

ssmi_gated_mlp ssmi_gated_mlp_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t hidden);
/* `down` is divided by sqrt(n_blocks). */
void ssmi_gated_mlp_init(float *params, const ssmi_gated_mlp *m, size_t n_blocks, gsl_rng *rng);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/gated_mlp_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/gated_mlp_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
