/* The AVX2 instance of the inference kernels. */
/* The order matters. */
/* clang-format off */
#include "neural/lanes_avx2.h"
#include "neural/activation_body.h"
#include "neural/inference_begin.h"
/* clang-format on */

#define TILE_ROWS    6
#define TILE_VECTORS 2

/* Eight outputs: their sums, and for each two neighbouring columns of 16 bits. */
typedef __m256i ivec;
typedef __m256i wvec;

static inline ivec iv_zero(void)
{
    return _mm256_setzero_si256();
}
static inline wvec wv_load(const int8_t *p)
{
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline wvec wv_pair(const int16_t *p)
{
    int32_t pair;
    memcpy(&pair, p, sizeof pair);
    return _mm256_set1_epi32(pair);
}
/* The empty statement keeps the compiler from putting all additions of a tile off to its end, which needs
 * more registers than there are. */
static inline ivec iv_add_products(ivec sum, wvec a, wvec w)
{
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(a, w));
    __asm__("" : "+x"(sum));
    return sum;
}
static inline vec iv_to_real(ivec sum)
{
    return _mm256_cvtepi32_ps(sum);
}
static inline float v_largest(vec a)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}
static inline void v_store_int16(int16_t *p, vec a)
{
    const __m256i i = _mm256_cvtps_epi32(a);
    const __m128i packed = _mm_packs_epi32(_mm256_castsi256_si128(i), _mm256_extracti128_si256(i, 1));
    _mm_storeu_si128((__m128i *)(void *)p, packed);
}

static inline vec v_load_half(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}

/* clang-format off */
#include "neural/product_body.h"
#include "neural/ssd_body.h"
#include "neural/ssd_dual_body.h"
/* clang-format on */

const ssmi_inference ssmi_inference_avx2 = {product, vector, product8, quantise, norm,    gated_norm,
                                            silu,    steps,  rotate,   ssd,      ssd_dual};
