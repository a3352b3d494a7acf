/* What the instances of the inference kernels share; included by inference_*.c after a lanes header. */
#include "neural/inference.h"
#include "neural/inlined.h"
#include <math.h>
#include <string.h>

/* A hint: brings the line of p nearer. p may point past what can be read. */
#if defined(__GNUC__)
#define FETCH(p) __builtin_prefetch((p), 0, 2)
#else
#define FETCH(p) ((void)(p))
#endif

/* Lanes in use of vector v when n elements are left in all, counted from vector 0. */
static inline size_t lanes_left(size_t n, size_t v)
{
    return n - v * LANES < LANES ? n - v * LANES : LANES;
}
