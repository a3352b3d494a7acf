/* The AVX-512 instance of the inference kernels. */
/* The order matters. */
/* clang-format off */
#include "neural/lanes_avx512.h"
#include "neural/activation_body.h"
#include "neural/inference_begin.h"
/* clang-format on */

#define TILE_ROWS    12
#define TILE_VECTORS 2

/* Sixteen outputs: their sums, and for each two neighbouring columns of 16 bits. */
typedef __m512i ivec;
typedef __m512i wvec;

static inline ivec iv_zero(void)
{
    return _mm512_setzero_si512();
}
static inline wvec wv_load(const int8_t *p)
{
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
static inline wvec wv_pair(const int16_t *p)
{
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm512_set1_epi32(pair);
}
static inline ivec iv_add_products(ivec sum, wvec a, wvec w)
{
    return _mm512_add_epi32(sum, _mm512_madd_epi16(a, w));
}
static inline vec iv_to_real(ivec sum)
{
    return _mm512_cvtepi32_ps(sum);
}
static inline float v_largest(vec a)
{
    return _mm512_reduce_max_ps(a);
}
static inline void v_store_int16(int16_t *p, vec a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtsepi32_epi16(_mm512_cvtps_epi32(a)));
}

static inline vec v_load_half(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}

/* clang-format off */
#include "neural/product_body.h"
#include "neural/ssd_body.h"
#include "neural/ssd_dual_body.h"
/* clang-format on */

const ssmi_inference ssmi_inference_avx512 = {product, vector, product8, quantise, norm,    gated_norm,
                                              silu,    steps,  rotate,   ssd,      ssd_dual};
