/* The AVX2 instance of the recurrence. */
#include "core/recurrence_instance.h"

#include <immintrin.h>
#include <stdint.h>

/* The first k lanes are the 32-bit (64-bit) words at lanes + 8 - k (lanes + 8 - 2k). */
static const int32_t lanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

typedef struct mask {
    __m256i lanes;
    size_t count;
} mask;

SSMI_INLINE mask first(size_t count, size_t words)
{
    const int32_t *from = lanes + 8 - count * words;
    return (mask){_mm256_loadu_si256((const __m256i *)(const void *)from), count};
}

/* Stores of the first lanes in halves: a masked store costs some processors twenty cycles, these a few, and
 * their branches go the same way in every row. */
SSMI_INLINE void store_first_ps(float *p, mask m, __m256 v)
{
    __m128 rest = _mm256_castps256_ps128(v);
    if ((m.count & 4) != 0) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps(v, 1);
        p += 4;
    }
    if ((m.count & 2) != 0) {
        _mm_storel_pi((__m64 *)(void *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if ((m.count & 1) != 0) _mm_store_ss(p, rest);
}

SSMI_INLINE void store_first_pd(double *p, mask m, __m256d v)
{
    __m128d rest = _mm256_castpd256_pd128(v);
    if ((m.count & 2) != 0) {
        _mm_storeu_pd(p, rest);
        rest = _mm256_extractf128_pd(v, 1);
        p += 2;
    }
    if ((m.count & 1) != 0) _mm_store_sd(p, rest);
}

#define NAME(f)              f##_f32
#define REAL                 float
#define WIDTH                ((size_t)8)
#define VEC                  __m256
#define ZERO                 _mm256_setzero_ps()
#define LOAD(p)              _mm256_loadu_ps(p)
#define STORE(p, v)          _mm256_storeu_ps((p), (v))
#define MASK                 mask
#define FIRST(k)             first((k), 1)
#define LOAD_FIRST(p, m)     _mm256_maskload_ps((p), (m).lanes)
#define STORE_FIRST(p, m, v) store_first_ps((p), (m), (v))
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
#define MASK                 mask
#define FIRST(k)             first((k), 2)
#define LOAD_FIRST(p, m)     _mm256_maskload_pd((p), (m).lanes)
#define STORE_FIRST(p, m, v) store_first_pd((p), (m), (v))
#define MUL(x, y)            _mm256_mul_pd((x), (y))
#define ADD(x, y)            _mm256_add_pd((x), (y))
#define SUB(x, y)            _mm256_sub_pd((x), (y))
#include "core/recurrence_template.h"

const ssmi_kernels ssmi_kernels_avx2 = SSMI_KERNEL_TABLE;
