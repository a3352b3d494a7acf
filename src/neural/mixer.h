/* One block of a network, whichever kind it is: the border that backbone, networks and files see.
 *
 * A mixer maps (batch, length, width) to the same shape. Kinds differ in what they remember:
 *
 *     mamba       selective state space (mamba_block.h)      s4d         linear time-invariant one
 * (s4d_block.h) mamba2      one decay per head (mamba2_block.h)        attention   looks at all tokens
 * (attention.h) mlp         every token by itself (gated_mlp.h) */
#ifndef SSMCAST_NEURAL_MIXER_H
#define SSMCAST_NEURAL_MIXER_H

#include "neural/attention.h"
#include "neural/gated_mlp.h"
#include "neural/mamba2_block.h"
#include "neural/mamba_block.h"
#include "neural/s4d_block.h"

typedef enum ssmi_mixer_kind {
    SSMI_MIXER_MAMBA,
    SSMI_MIXER_S4D,
    SSMI_MIXER_MAMBA2,
    SSMI_MIXER_ATTENTION,
    SSMI_MIXER_MLP,
    SSMI_MIXER_KINDS
} ssmi_mixer_kind;

/* Sizes; a kind reads those that it has. */
typedef struct ssmi_mixer_size {
    ssmi_mixer_kind kind;
    size_t width, expand, states, taps; /* states of mamba and mamba2 per channel; pairs of s4d are half */
    size_t heads;                       /* of attention and mamba2: divides width, or expand * width */
    int tied;                           /* mamba */
    int causal;                         /* attention */
    int trapezoid;                      /* mamba2 */
    ssmi_turn turn;                     /* mamba2 */
    ssmi_s4d_start start;               /* s4d */
} ssmi_mixer_size;

typedef struct ssmi_mixer {
    ssmi_mixer_size size;
    union {
        ssmi_mamba mamba;
        ssmi_s4d_block s4d;
        ssmi_mamba2 mamba2;
        ssmi_attention attention;
        ssmi_gated_mlp mlp;
    } as;
} ssmi_mixer;

/* Adds the block's tensors under `prefix`. */
ssmi_mixer ssmi_mixer_layout(ssmi_parameters *table, const char *prefix, ssmi_mixer_size size);
/* Draws initial values for one of n_blocks blocks. Errors of ssmi_s4d_block_init. */
ssm_status ssmi_mixer_init(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng, ssm_arena *tmp);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/mixer_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/mixer_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
