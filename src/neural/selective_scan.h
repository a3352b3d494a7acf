/* The selective scan of Mamba-1 and the short convolution before it, forward and backward, in single
 * precision for work and in double precision as the reference that the same source gives.
 *
 * Arrays are row-major with the channel fastest. Kernels do not allocate, cannot fail, and use one thread;
 * callers run batches in parallel. The mathematics stands in selective_scan_body.h and conv_body.h. */
#ifndef SSMCAST_NEURAL_SELECTIVE_SCAN_H
#define SSMCAST_NEURAL_SELECTIVE_SCAN_H

#include "base/cpu.h"
#include "core/discretise.h"
#include <stddef.h>

/* Rows between two stored states: what the backward pass recomputes at a time. */
enum { SSMI_SCAN_TILE = 16, SSMI_CONV_TAPS = 8, SSMI_SCAN_LANES = 16 };

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/selective_scan_decl.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "neural/selective_scan_decl.h"
#include "neural/real_end.h"
/* clang-format on */

/* The kernels for an instruction set; one that this build lacks gives the portable ones. Callers pass
 * ssmi_cpu_isa(), tests force the others. */
const ssmi_kernels_f32 *ssmi_kernels_of_f32(ssmi_isa isa);
const ssmi_kernels_f64 *ssmi_kernels_of_f64(ssmi_isa isa); /* portable only */

size_t ssmi_scan_tiles(size_t length);                    /* ceil(length / SSMI_SCAN_TILE) */
size_t ssmi_scan_scratch(size_t channels, size_t states); /* elements */

/* What every instance is made of. */
#define SSMI_KERNEL_INSTANCE                                                                                 \
    {                                                                                                        \
        scan_forward, scan_backward, conv_forward, conv_backward, silu_forward, silu_backward, gelu_forward, \
            gelu_backward, sigmoid_forward, softplus_forward, exponential                                    \
    }

/* The instances, one file each. */
extern const ssmi_kernels_f32 ssmi_kernels_portable_f32, ssmi_kernels_avx2_f32, ssmi_kernels_avx512_f32;
extern const ssmi_kernels_f64 ssmi_kernels_portable_f64;

#endif
