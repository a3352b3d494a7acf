/* The portable instance of the inference kernels. */
/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "neural/lanes_scalar.h"
#include "neural/activation_body.h"
#include "neural/inference_begin.h"
/* clang-format on */

#include "neural/half.h"

#define TILE_ROWS    2
#define TILE_VECTORS 16

/* One output: its sum, and two neighbouring columns of 16 bits. */
typedef int32_t ivec;
typedef struct wvec {
    int32_t even, odd;
} wvec;

static inline ivec iv_zero(void)
{
    return 0;
}
static inline wvec wv_load(const int8_t *p)
{
    return (wvec){p[0], p[1]};
}
static inline wvec wv_pair(const int16_t *p)
{
    return (wvec){p[0], p[1]};
}
static inline ivec iv_add_products(ivec sum, wvec a, wvec w)
{
    return sum + (a.even * w.even + a.odd * w.odd);
}
static inline vec iv_to_real(ivec sum)
{
    return (float)sum;
}
static inline float v_largest(vec a)
{
    return a;
}
static inline void v_store_int16(int16_t *p, vec a)
{
    *p = (int16_t)lrintf(a);
}

static inline vec v_load_half(const uint16_t *p)
{
    return ssmi_half_widen(*p);
}

/* clang-format off */
#include "neural/product_body.h"
#include "neural/ssd_body.h"
#include "neural/ssd_dual_body.h"
/* clang-format on */

const ssmi_inference ssmi_inference_portable = {product, vector, product8, quantise, norm,    gated_norm,
                                                silu,    steps,  rotate,   ssd,      ssd_dual};
