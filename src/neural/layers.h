/* The plain layers as forward and backward pairs: linear, RMSNorm, SiLU, rotation, dropout, embedding,
 * cross-entropy.
 *
 * All are kernels: no allocation, no failure, one thread. Matrices are row-major; weights are (out, in) as in
 * PyTorch. */
#ifndef SSMCAST_NEURAL_LAYERS_H
#define SSMCAST_NEURAL_LAYERS_H

#include <stddef.h>
#include <stdint.h>

#define SSMI_NORM_EPSILON 1e-5 /* the reference modules' */

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/layers_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/layers_decl.h"
#include "neural/real_end.h"
/* clang-format on */

/* A well mixed 64-bit number from two (splitmix64), for keys of dropout masks and shuffles. */
static inline uint64_t ssmi_mix_key(uint64_t key, uint64_t salt)
{
    uint64_t x = key + (salt + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
