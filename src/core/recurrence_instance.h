/* What the instances of core/recurrence_template.h share; included by them only. */
#ifndef SSMCAST_CORE_RECURRENCE_INSTANCE_H
#define SSMCAST_CORE_RECURRENCE_INSTANCE_H

#include "core/recurrence.h"

enum { REAL_STRIP = 4, COMPLEX_STRIP = 2 };

/* The strips must be inlined, or their constants do not fold. */
#if defined(__GNUC__)
#define SSMI_INLINE static inline __attribute__((always_inline))
#else
#define SSMI_INLINE static inline
#endif

/* Rows in a tile: the whole plane when a row is short; when it is long, few enough that the pages under a
 * strip stay in the first-level TLB (three arrays, one or two pages a row). */
static inline size_t ssmi_tile_rows(size_t row_bytes)
{
    const size_t rows = 32768 / (row_bytes + 1);
    return rows > 8 ? rows : 8;
}

extern const ssmi_kernels ssmi_kernels_avx2, ssmi_kernels_avx512;

/* The table of an instance, from the functions that the template made. */
#define SSMI_KERNEL_TABLE                                                                                    \
    {                                                                                                        \
        .recur_f32 = forward_f32, .recur_f64 = forward_f64, .recur_c32 = complex_forward_f32,                \
        .recur_c64 = complex_forward_f64, .recur_adjoint_f32 = adjoint_f32,                                  \
        .recur_adjoint_f64 = adjoint_f64, .recur_adjoint_c32 = complex_adjoint_f32,                          \
        .recur_adjoint_c64 = complex_adjoint_f64                                                             \
    }

#endif
