/* Eight floats in a ymm register. Included by *_avx2.c only; see lanes_scalar.h for what each name means. */
#include "neural/exp2_constants.h"
#include "neural/inlined.h"
#include <immintrin.h>
#include <stddef.h>

#define REAL           float
#define LANES          8
#define STATE_BLOCK    4
#define SIGMOID_LOWEST -87.0f
#define EXP2_CLAMPS    1
#define SOFTPLUS_CUTS  0
typedef __m256 vec;

static inline vec v_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline void v_store(float *p, vec a)
{
    _mm256_storeu_ps(p, a);
}
static inline vec v_set(float a)
{
    return _mm256_set1_ps(a);
}
static inline vec v_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}
static inline vec v_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}
static inline vec v_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}
static inline vec v_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}
static inline vec v_inverse(vec d)
{
    return v_div(v_set(1.0f), d);
}
static inline vec v_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vec v_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}
static inline vec v_min(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}
static inline vec v_abs(vec a)
{
    return _mm256_andnot_ps(v_set(-0.0f), a);
}
static inline vec v_select_above(vec a, vec b, vec yes, vec no)
{
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
}

static inline __m256i first_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vec v_load_first(const float *p, size_t n)
{
    return _mm256_maskload_ps(p, first_lanes(n));
}
static inline void v_store_first(float *p, vec a, size_t n)
{
    _mm256_maskstore_ps(p, first_lanes(n), a);
}

static inline float v_sum(vec a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
/* Four neighbours into one vector, its halves still to be added. */
static inline vec fold_quads(const float *p)
{
    return _mm256_hadd_ps(_mm256_hadd_ps(v_load(p), v_load(p + LANES)),
                          _mm256_hadd_ps(v_load(p + 2 * LANES), v_load(p + 3 * LANES)));
}
static inline vec v_sum_each(const float *p, size_t step)
{
    const vec low = fold_quads(p), high = fold_quads(p + step);
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

/* Whether any lane of a is below the same lane of b (or not a number). */
static inline int v_any_below(vec a, vec b)
{
    return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NGE_UQ)) != 0;
}

/* Written stage by stage over the whole block, so that neighbouring instructions do not wait for each other.
 */
static INLINE void v_exp2_products(vec *out, vec a, const vec *b, const size_t count, const int clamp)
{
    const vec magic = v_set(EXP2_MAGIC);
    vec shifted[STATE_BLOCK], f[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) {
        shifted[j] = v_fma(a, b[j], magic);
        if (clamp) shifted[j] = v_max(shifted[j], v_set(EXP2_MAGIC + EXP2_LOWEST));
    }
    UNROLL
    for (size_t j = 0; j < count; j++) {
        f[j] = _mm256_fmsub_ps(a, b[j], v_sub(shifted[j], magic));
        if (clamp) f[j] = v_max(v_set(-0.5f), f[j]);
    }
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(v_set(EXP2_C5), f[j], v_set(EXP2_C4));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(EXP2_C3));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(EXP2_C2));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(EXP2_C1));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(1.0f));
    UNROLL
    for (size_t j = 0; j < count; j++) {
        __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted[j]), 23);
        out[j] = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(out[j]), exponent));
    }
}

static INLINE vec v_exp2(vec x)
{
    const vec one = v_set(1.0f);
    x = v_min(v_set(EXP2_HIGHEST), v_max(v_set(EXP2_LOWEST), x));
    v_exp2_products(&x, x, &one, 1, 0);
    return x;
}

#include "neural/lanes_log1p.h"
