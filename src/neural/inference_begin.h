/* What the instances of the inference kernels share; included by inference_*.c after a lanes header. */
#include "neural/inference.h"
#include <math.h>
#include <string.h>

/* The tiles must be inlined, or their constants do not fold. */
#if defined(__GNUC__)
#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
#else
#define INLINE inline
#define UNROLL
#endif

/* Lanes in use of vector v when n elements are left in all, counted from vector 0. */
static inline size_t lanes_left(size_t n, size_t v)
{
    return n - v * LANES < LANES ? n - v * LANES : LANES;
}
