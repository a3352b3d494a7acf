/* The pretrained network once more, for training it further: the same function as zero_network.h, with a
 * forward pass that keeps what the backward pass needs, and its weights in one flat array.
 *
 *     h = W2 silu(W1 f) + W3 f;   h = h + block_i(norm_i h)   (mamba2_block.h);   quantiles = head(h)
 *     head   q = W2 silu(W1 v) + W3 v + reference(v) . (lag copies, last value),   v = norm(h)
 *
 * Features are data: no gradient goes through them. Tensors carry the names of the weights' file
 * (models/zero_weights.h). The head alone can be trained on tokens that the rest has been run for once: then
 * the table holds nothing but the head's tensors. All passes are for one sequence and one thread. Kept per
 * token: what the blocks keep, 2 model per block, and the hidden layers twice. */
#ifndef SSMCAST_NEURAL_ZERO_TRAINABLE_H
#define SSMCAST_NEURAL_ZERO_TRAINABLE_H

#include "neural/mamba2_block.h"
#include "neural/zero_network.h"

enum { SSMI_ZERO_OUT = SSMI_ZERO_PATCH * SSMI_ZERO_LEVELS, SSMI_ZERO_TRAINABLE_BLOCKS = 16 };

typedef struct ssmi_zero_size {
    size_t model, inner, heads, states, taps, n_blocks; /* as in ssmi_zero_network; heads divide inner */
    size_t embed, head;                                 /* widths of the hidden layers */
} ssmi_zero_size;

ssmi_zero_size ssmi_zero_size_of(const ssmi_zero_network *network);

/* y = W2 silu(W1 x + b1) + b2 + W3 x + b3. */
typedef struct ssmi_zero_pair {
    size_t in, hidden, out;
    size_t w1, b1, w2, b2, w3, b3; /* offsets */
} ssmi_zero_pair;

typedef struct ssmi_zero_head {
    size_t norm, reference, reference_bias; /* offsets */
    ssmi_zero_pair pair;
} ssmi_zero_head;

typedef struct ssmi_zero_trainable {
    ssmi_zero_size size;
    ssmi_zero_pair embed;
    ssmi_mamba2 block[SSMI_ZERO_TRAINABLE_BLOCKS];
    size_t norm[SSMI_ZERO_TRAINABLE_BLOCKS]; /* offsets */
    ssmi_zero_head head;
} ssmi_zero_trainable;

ssmi_zero_head ssmi_zero_head_layout(ssmi_parameters *table, const ssmi_zero_size *size);
/* size->n_blocks <= SSMI_ZERO_TRAINABLE_BLOCKS. */
ssmi_zero_trainable ssmi_zero_trainable_layout(ssmi_parameters *table, const ssmi_zero_size *size);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/zero_trainable_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/zero_trainable_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
