/* The AVX2 instance of the recurrence. */
#include "core/recurrence_instance.h"

#include <immintrin.h>
#include <stdint.h>

/* The first k lanes are the 32-bit (64-bit) words at lanes + 8 - k (lanes + 8 - 2k). */
static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

#define NAME(f)              f##_f32
#define REAL                 float
#define WIDTH                ((size_t)8)
#define VEC                  __m256
#define ZERO                 _mm256_setzero_ps()
#define LOAD(p)              _mm256_loadu_ps(p)
#define STORE(p, v)          _mm256_storeu_ps((p), (v))
#define MASK                 __m256i
#define FIRST(k)             _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - (k)))
#define LOAD_FIRST(p, m)     _mm256_maskload_ps((p), (m))
#define STORE_FIRST(p, m, v) _mm256_maskstore_ps((p), (m), (v))
#define MUL(x, y)            _mm256_mul_ps((x), (y))
#define ADD(x, y)            _mm256_add_ps((x), (y))
#define SUB(x, y)            _mm256_sub_ps((x), (y))
#include "core/recurrence_template.h"

#define NAME(f)              f##_f64
#define REAL                 double
#define WIDTH                ((size_t)4)
#define VEC                  __m256d
#define ZERO                 _mm256_setzero_pd()
#define LOAD(p)              _mm256_loadu_pd(p)
#define STORE(p, v)          _mm256_storeu_pd((p), (v))
#define MASK                 __m256i
#define FIRST(k)             _mm256_loadu_si256((const __m256i *)(const void *)(lanes + 8 - 2 * (k)))
#define LOAD_FIRST(p, m)     _mm256_maskload_pd((p), (m))
#define STORE_FIRST(p, m, v) _mm256_maskstore_pd((p), (m), (v))
#define MUL(x, y)            _mm256_mul_pd((x), (y))
#define ADD(x, y)            _mm256_add_pd((x), (y))
#define SUB(x, y)            _mm256_sub_pd((x), (y))
#include "core/recurrence_template.h"

const ssmi_kernels ssmi_kernels_avx2 = SSMI_KERNEL_TABLE;
