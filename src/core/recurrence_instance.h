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

/* Rows in a tile. Short rows: as many as there are. Long rows: one, because strips of rows that are a
 * multiple of a page apart fall into the same few places of the first-level cache; the adjoint, which pays
 * two loads for each start of a tile, takes some more where rows are still far from a page. Measured with
 * bench_scan. */
static inline size_t ssmi_forward_rows(size_t row_bytes)
{
    return row_bytes > 256 ? 1 : 1024;
}

static inline size_t ssmi_adjoint_rows(size_t row_bytes)
{
    return row_bytes > 1024 ? 1 : ssmi_forward_rows(row_bytes) < 8 ? 8 : 1024;
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
