/* Multi-head attention over tokens (Vaswani et al. 2017, section 3.2), causal or not. The step of tokens.h
 * has no meaning here. Kept for the backward pass are queries, keys, values, the heads' outputs and one
 * logarithm per token and head: the weights are computed again, so memory grows with the length and not with
 * its square. */
#ifndef SSMCAST_NEURAL_ATTENTION_H
#define SSMCAST_NEURAL_ATTENTION_H

#include "neural/layers.h"
#include "neural/parameters.h"
#include "neural/tokens.h"
#include <gsl/gsl_rng.h>

typedef struct ssmi_attention {
    size_t width, heads; /* heads divides width */
    int causal;          /* token t sees tokens 0..t; else all */
    size_t qkv, out;     /* offsets: (3 width, width): queries, keys, values; (width, width) */
} ssmi_attention;

ssmi_attention ssmi_attention_layout(ssmi_parameters *table, const char *prefix, size_t width, size_t heads,
                                     int causal);
/* `out` is divided by sqrt(n_blocks). */
void ssmi_attention_init(float *params, const ssmi_attention *m, size_t n_blocks, gsl_rng *rng);

/* Queries that are worked on together; the scratch is linear in it. */
enum { SSMI_ATTENTION_ROWS = 64 };

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/attention_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/attention_decl.h"
#include "neural/real_end.h"
/* clang-format on */

#endif
