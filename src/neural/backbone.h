/* The residual stack x <- x + dropout(block(RMSNorm(x))), closed by an RMSNorm. */
#ifndef SSMCAST_NEURAL_BACKBONE_H
#define SSMCAST_NEURAL_BACKBONE_H

#include "neural/mamba_block.h"

enum { SSMI_MAX_BLOCKS = 8 };

typedef struct ssmi_backbone {
    size_t width, n_blocks;
    ssmi_mamba block[SSMI_MAX_BLOCKS];
    size_t norm[SSMI_MAX_BLOCKS], final_norm; /* offsets */
} ssmi_backbone;

typedef struct ssmi_backbone_size {
    size_t width, n_blocks, expand, states, taps;
} ssmi_backbone_size;

ssmi_backbone ssmi_backbone_layout(ssmi_parameters *table, ssmi_backbone_size size);
void ssmi_backbone_init(float *params, const ssmi_backbone *b, gsl_rng *rng);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/backbone_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/backbone_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
