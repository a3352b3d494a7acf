/* The AVX2 instance of kalman/columns.h. */
#include "kalman/columns.h"

#include <immintrin.h>

#define SSMI_INLINE static inline __attribute__((always_inline))
#define VEC         __m256d
#define WIDTH       ((size_t)4)
#define SET(x)      _mm256_set1_pd(x)
#define LOAD(p)     _mm256_loadu_pd(p)
#define STORE(p, v) _mm256_storeu_pd((p), (v))
#define MUL(x, y)   _mm256_mul_pd((x), (y))
#define ADD(x, y)   _mm256_add_pd((x), (y))
#define SUB(x, y)   _mm256_sub_pd((x), (y))
#include "kalman/columns_template.h"

const ssmi_columns ssmi_columns_avx2 = {.width = WIDTH,
                                        .combine = combine,
                                        .combine4 = combine4,
                                        .downdate = downdate,
                                        .transpose = transpose,
                                        .mirror = mirror};
