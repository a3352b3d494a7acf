/* Sixteen floats in a zmm register. Included by *_avx512.c only; see lanes_scalar.h for what each name means.
 */
#include "neural/exp2_constants.h"
#include "neural/inlined.h"
#include <immintrin.h>
#include <stddef.h>

#define REAL           float
#define LANES          16
#define STATE_BLOCK    8
#define SIGMOID_LOWEST -87.0f
#define EXP2_CLAMPS    0
#define SOFTPLUS_CUTS  0
typedef __m512 vec;

static inline vec v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline void v_store(float *p, vec a)
{
    _mm512_storeu_ps(p, a);
}
static inline vec v_set(float a)
{
    return _mm512_set1_ps(a);
}
static inline vec v_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}
static inline vec v_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}
static inline vec v_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}
static inline vec v_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}
/* One step of Newton from 14 bits: the division takes the unit for ten cycles. */
static inline vec v_inverse(vec d)
{
    const vec r = _mm512_rcp14_ps(d);
    return _mm512_fmadd_ps(r, _mm512_fnmadd_ps(d, r, v_set(1.0f)), r);
}
static inline vec v_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vec v_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}
static inline vec v_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}
static inline vec v_abs(vec a)
{
    return _mm512_abs_ps(a);
}
static inline vec v_select_above(vec a, vec b, vec yes, vec no)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), no, yes);
}

static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1u);
}
static inline vec v_load_first(const float *p, size_t n)
{
    return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
static inline void v_store_first(float *p, vec a, size_t n)
{
    _mm512_mask_storeu_ps(p, first_lanes(n), a);
}

static inline float v_sum(vec a)
{
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
/* Neighbours a and b into one vector, half of the additions done. */
static inline vec fold_pairs(vec a, vec b)
{
    return _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
}
static inline vec fold_quads(const float *p)
{
    const __m512d low = _mm512_castps_pd(fold_pairs(v_load(p), v_load(p + LANES)));
    const __m512d high = _mm512_castps_pd(fold_pairs(v_load(p + 2 * LANES), v_load(p + 3 * LANES)));
    return _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(low, high)),
                         _mm512_castpd_ps(_mm512_unpackhi_pd(low, high)));
}
static inline vec fold_quarters(vec a, vec b)
{
    return _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}
static inline vec v_sum_each(const float *p, size_t step)
{
    const vec low = fold_quarters(fold_quads(p), fold_quads(p + step));
    return fold_quarters(low, fold_quarters(fold_quads(p + 2 * step), fold_quads(p + 3 * step)));
}

/* Whether any lane of a is below the same lane of b (or not a number). */
static inline int v_any_below(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NGE_UQ) != 0;
}

/* With p = a b[j] and f = p - floor(p): 2^f by its polynomial, then 2^floor(p) by the exponent. Written stage
 * by stage over the whole block, so that neighbouring instructions do not wait for each other. Nothing here
 * needs a clamp: far below the exponents the scaling gives zero. */
static INLINE void v_exp2_products(vec *out, vec a, const vec *b, const size_t count, const int clamp)
{
    vec p[STATE_BLOCK], f[STATE_BLOCK];
    (void)clamp;
    UNROLL
    for (size_t j = 0; j < count; j++) p[j] = v_mul(a, b[j]);
    UNROLL
    for (size_t j = 0; j < count; j++) f[j] = _mm512_reduce_ps(p[j], _MM_FROUND_TO_NEG_INF);
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(v_set(EXP2_F5), f[j], v_set(EXP2_F4));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(EXP2_F3));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(EXP2_F2));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(EXP2_F1));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_fma(out[j], f[j], v_set(1.0f));
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = _mm512_scalef_ps(out[j], p[j]);
}

static INLINE vec v_exp2(vec x)
{
    const vec one = v_set(1.0f);
    x = v_min(v_set(EXP2_HIGHEST), v_max(v_set(EXP2_LOWEST), x));
    v_exp2_products(&x, x, &one, 1, 0);
    return x;
}

#include "neural/lanes_log1p.h"
