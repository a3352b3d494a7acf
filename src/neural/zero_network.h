/* The pretrained network: an embedding of feature rows, Mamba-2 blocks, and a head that gives nine quantiles
 * of each of the next sixteen values.
 *
 * A network is read only once it is packed; any number of threads may run it. Tensors carry the names of the
 * file they come from. */
#ifndef SSMCAST_NEURAL_ZERO_NETWORK_H
#define SSMCAST_NEURAL_ZERO_NETWORK_H

#include "neural/inference.h"
#include "neural/zero_features.h"

enum { SSMI_ZERO_LEVELS = 9 }; /* quantile levels 0.1, 0.2, ..., 0.9 */

typedef struct ssmi_zero_block {
    const float *norm;      /* (model) */
    ssmi_packed gate, mix;  /* model -> inner; model -> inner + 2 states + heads: x, B, C, step */
    const float *conv;      /* (taps, inner + 2 states) */
    const float *conv_bias; /* (inner + 2 states) */
    const float *step_bias; /* (heads) */
    const float *A;         /* (heads), negative */
    const float *D;         /* (heads) */
    const float *turn;      /* (SSMI_ZERO_TOKENS, 2, states / 2): cosines and sines of position * frequency */
    const float *frequency; /* (states / 2), an angle per token */
    const float *out_norm;  /* (inner) */
    ssmi_packed out;        /* inner -> model */
} ssmi_zero_block;

typedef struct ssmi_zero_network {
    size_t model, inner, heads, states, taps, n_blocks;
    ssmi_packed embed1, embed2, embed3; /* W2 silu(W1 f) + W3 f */
    ssmi_packed head1, head2, head3;    /* W2 silu(W1 h) + W3 h */
    ssmi_packed reference;   /* model -> 4: weights of main lag, second lag, cycle mean, last value */
    const float *final_norm; /* (model) */
    ssmi_zero_block *block;  /* (n_blocks) */
} ssmi_zero_network;

/* What the blocks keep of the tokens so far, for a pass that goes on from them. */
typedef struct ssmi_zero_state {
    float *window; /* (n_blocks, batch, taps - 1, inner + 2 states): last inputs of the convolutions */
    float *h;      /* (n_blocks, batch, heads, states, inner / heads) */
} ssmi_zero_state;

typedef struct ssmi_zero_pass {
    size_t batch, tokens; /* tokens <= SSMI_ZERO_TOKENS */
    size_t from;          /* first token of each sequence whose quantiles are wanted; `tokens`: none are */
    const float *feature; /* (batch, tokens, SSMI_ZERO_FEATURES) */
    float *quantile; /* (batch, tokens - from, SSMI_ZERO_PATCH, SSMI_ZERO_LEVELS) in a-space, not sorted */
    float *
        trace; /* (1 + n_blocks, batch, tokens, model): embedding and blocks, right from `from` on; or NULL */
    const float *position; /* (tokens) in patches, or NULL: 0, 1, 2, ... */
    ssmi_zero_state
        *state; /* goes on from it and leaves in it what is behind the last token; NULL: from zeros */
} ssmi_zero_pass;

/* Runs the network. `isa`: callers pass ssmi_cpu_isa(), tests force the others. SSM_E_MEMORY only. */
ssm_status ssmi_zero_forward(const ssmi_zero_network *network, const ssmi_zero_pass *pass, ssmi_isa isa,
                             ssm_arena *tmp);

/* Bytes that a pass takes from `tmp`, at most. */
size_t ssmi_zero_forward_scratch(const ssmi_zero_network *network, size_t batch, size_t tokens);

/* Floats of the two parts of a state. */
size_t ssmi_zero_window_size(const ssmi_zero_network *network, size_t batch);
size_t ssmi_zero_h_size(const ssmi_zero_network *network, size_t batch);

#endif
