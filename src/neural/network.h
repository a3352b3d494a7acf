/* The forecasting network: a window in, raw outputs of the quantile head out.
 *
 *     window (lookback) values, mask, columns and phases -> overlapping patches -> linear + position
 *     tokens (T, d)
 *     -> residual stack                                                                     backbone.h
 *     -> all tokens side by side -> linear -> SiLU -> dropout -> linear (zero at the start)  (outputs, H)
 *
 * Columns that are known for the steps to come speak to the steps as well: known_future_body.h. Windows of
 * several series that belong together speak to each other before the last layer: variates_body.h.
 *
 * A patch of which only a share was observed moves the states of its blocks by that share of a step.
 *
 * A carried network is made for a state that goes on from token to token (network_step.h): its blocks must be
 * causal, it is given tokens ready made, without position, a sequence of up to `tokens` of them that starts
 * at the first, and of what comes out the last `heard` up to the newest are read, zeros before the first:
 *
 *     tokens (n, features), n <= T -> linear -> residual stack -> tokens n-heard ... n-1 -> linear -> ...
 *
 * The last layer starts at zero, so an untrained network adds nothing to the linear skip it sits on. */
#ifndef SSMCAST_NEURAL_NETWORK_H
#define SSMCAST_NEURAL_NETWORK_H

#include "neural/backbone.h"
#include "neural/quantile_head.h"

typedef enum ssmi_network_kind {
    SSMI_NETWORK_TOKENS,
    SSMI_NETWORK_NLINEAR, /* linear_network_body.h; of the sizes only look-back and horizon count */
    SSMI_NETWORK_DLINEAR
} ssmi_network_kind;

enum {
    SSMI_DLINEAR_WINDOW = 25, /* rows, odd */
    /* That the head of a carried network reads, all of a shorter look-back; half of 512 rows in tokens of 16.
     * With one alone it gains half as much: notebooks-out/mamba.md. */
    SSMI_HEARD_TOKENS = 16
};

typedef struct ssmi_network_size {
    ssmi_network_kind kind;
    size_t lookback, horizon, patch, stride;
    size_t phases;  /* known numbers of a token beside its rows, such as where in its season it ends */
    size_t columns; /* known beside the values, row by row, up to the last step; not used by linear kinds */
    size_t hidden;  /* between tokens and outputs */
    int carried;
    size_t variates; /* series that are looked at together, their windows next to each other in a batch; not
                      * of carried networks; 0 or 1: each alone */
    ssmi_backbone_size backbone, across; /* across: over the variates; its width is `hidden` */
} ssmi_network_size;

typedef struct ssmi_network {
    ssmi_network_size size;
    size_t tokens, features, outputs; /* T; (2 + columns) patch + 1 + phases; SSMI_HEAD_OUTPUTS horizon */
    size_t half;        /* carried: T/2, no less than the tokens of half a look-back or those heard */
    size_t heard, read; /* tokens that the head reads, T unless carried; their numbers: heard d */
    size_t taps;        /* rows of known columns that a step sees, its own the last */
    ssmi_backbone backbone, across;
    size_t embed_weight, embed_bias, position, mix_weight, mix_bias, head_weight, head_bias; /* offsets */
    size_t known_weight, known_context, known_bias, known_head; /* offsets, where there are columns */
    size_t variate;                                             /* offset, where there are several variates */
    size_t map_weight, map_bias, mean_weight, width_bias;       /* offsets of the linear kinds */
} ssmi_network;

size_t ssmi_network_variates(const ssmi_network *net); /* windows that are looked at together, at least 1 */
/* lookback >= patch >= stride >= 1 where there are tokens. */
ssmi_network ssmi_network_layout(ssmi_parameters *table, const ssmi_network_size *size);
/* Errors of ssmi_mixer_init. */
ssm_status ssmi_network_init(float *params, const ssmi_network *net, gsl_rng *rng, ssm_arena *tmp);

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/network_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/network_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
