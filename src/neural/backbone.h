/* The residual stack x <- x + dropout(block(RMSNorm(x))), closed by an RMSNorm. Blocks may be of any kind
 * (mixer.h), each its own.
 *
 * With `bidirectional` every block has a twin with weights of its own that sees the tokens in reverse order;
 * the outputs of both are added. */
#ifndef SSMCAST_NEURAL_BACKBONE_H
#define SSMCAST_NEURAL_BACKBONE_H

#include "neural/mixer.h"

enum { SSMI_MAX_BLOCKS = 16 };

typedef struct ssmi_backbone_size {
    size_t width, n_blocks;
    int bidirectional;
    ssmi_mixer_size block[SSMI_MAX_BLOCKS]; /* their width is the backbone's, whatever they say */
} ssmi_backbone_size;

typedef struct ssmi_backbone {
    size_t width, n_blocks;
    int bidirectional;
    ssmi_mixer block[SSMI_MAX_BLOCKS], twin[SSMI_MAX_BLOCKS];
    size_t norm[SSMI_MAX_BLOCKS], final_norm; /* offsets */
} ssmi_backbone;

/* 1 when its blocks see only what came before and can go on from a state: mixer.h. */
int ssmi_backbone_carries(const ssmi_backbone_size *size);

/* prefix: of the names of its tensors. */
ssmi_backbone ssmi_backbone_layout(ssmi_parameters *table, const char *prefix,
                                   const ssmi_backbone_size *size);
/* Errors of ssmi_mixer_init. */
ssm_status ssmi_backbone_init(float *params, const ssmi_backbone *b, gsl_rng *rng, ssm_arena *tmp);

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
