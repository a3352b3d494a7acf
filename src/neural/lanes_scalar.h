/* One number at a time: the portable body (REAL float) and the float64 reference (REAL double). This header
 * also says what every lanes header must offer to the kernel bodies:
 *
 *   REAL, LANES, vec          element type, elements per vector, vector type
 *   STATE_BLOCK               states whose h and A are kept in registers together
 *   EXP2_CLAMPS               whether `clamp` below makes a difference
 *   SOFTPLUS_CUTS             whether log(1 + exp(v)) differs from v above 20
 *   SIGMOID_LOWEST            where the exponential of the sigmoid still is a normal number
 *   v_load/v_store            LANES elements, any alignment
 *   v_load_first/_store_first the first n < LANES elements; the rest reads as zero and is not written
 *   v_set v_add v_sub v_mul v_div v_max v_min
 *   v_fma                     a*b + c, fused where the instruction set has it
 *   v_select_above            a > b ? yes : no
 *   v_abs                     |a|
 *   v_sum                     sum over the lanes in a fixed order
 *   v_sum_each                lane j gets the sum over the lanes of the j-th of LANES vectors, which lie in
 *                             fours, each four `step` elements behind the one before
 *   v_any_below               whether a < b in any lane
 *   v_exp2                    2^x, x clamped to the normal exponents
 *   v_exp2_products           2^(a b[j]) for up to STATE_BLOCK vectors; without `clamp` the products must not
 *                             lie below EXP2_LOWEST; where they do not, `clamp` changes no bit
 *   v_inverse                 1/d, 1 <= d <= 2^126
 *   v_log1ps                  log(1 + u), 0 <= u <= 1, for up to STATE_BLOCK vectors */
#include "neural/exp2_constants.h"
#include "neural/inlined.h"
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES       1
#define STATE_BLOCK 4
#define EXP2_CLAMPS 0
#if defined(REAL_IS_DOUBLE)
#define SIGMOID_LOWEST -700.0
#define SOFTPLUS_CUTS  1
#else
#define SIGMOID_LOWEST -87.0f
#define SOFTPLUS_CUTS  0
#endif
typedef REAL vec;

static inline vec v_load(const REAL *p)
{
    return *p;
}
static inline void v_store(REAL *p, vec a)
{
    *p = a;
}
static inline vec v_set(REAL a)
{
    return a;
}
static inline vec v_add(vec a, vec b)
{
    return a + b;
}
static inline vec v_sub(vec a, vec b)
{
    return a - b;
}
static inline vec v_mul(vec a, vec b)
{
    return a * b;
}
static inline vec v_div(vec a, vec b)
{
    return a / b;
}
static inline vec v_inverse(vec d)
{
    return 1 / d;
}
static inline vec v_fma(vec a, vec b, vec c)
{
    return a * b + c;
}
static inline vec v_max(vec a, vec b)
{
    return a > b ? a : b;
}
static inline vec v_min(vec a, vec b)
{
    return a < b ? a : b;
}
static inline vec v_abs(vec a)
{
    return a < 0 ? -a : a;
}
static inline vec v_select_above(vec a, vec b, vec yes, vec no)
{
    return a > b ? yes : no;
}
static inline vec v_load_first(const REAL *p, size_t n)
{
    return n > 0 ? *p : 0;
}
static inline void v_store_first(REAL *p, vec a, size_t n)
{
    if (n > 0) *p = a;
}
static inline REAL v_sum(vec a)
{
    return a;
}
static inline vec v_sum_each(const REAL *p, size_t step)
{
    (void)step;
    return *p;
}

static inline int v_any_below(vec a, vec b)
{
    return !(a >= b);
}

#if defined(REAL_IS_DOUBLE)
static inline vec v_exp2(vec x)
{
    return exp2(x);
}
static inline void v_log1ps(vec *out, const vec *u, const size_t count)
{
    for (size_t j = 0; j < count; j++) out[j] = log1p(u[j]);
}
#else
static inline vec v_exp2(vec x)
{
    if (x < EXP2_LOWEST) x = EXP2_LOWEST;
    if (x > EXP2_HIGHEST) x = EXP2_HIGHEST;
    float shifted = x + EXP2_MAGIC;
    float f = x - (shifted - EXP2_MAGIC);
    float p = EXP2_C3 + f * (EXP2_C4 + f * EXP2_C5);
    p = 1.0f + f * (EXP2_C1 + f * (EXP2_C2 + f * p));
    uint32_t exponent, bits;
    memcpy(&exponent, &shifted, sizeof exponent);
    memcpy(&bits, &p, sizeof bits);
    bits += exponent << 23;
    memcpy(&p, &bits, sizeof p);
    return p;
}
#include "neural/lanes_log1p.h"
#endif

static inline void v_exp2_products(vec *out, vec a, const vec *b, const size_t count, const int clamp)
{
    (void)clamp;
    for (size_t j = 0; j < count; j++) out[j] = v_exp2(a * b[j]);
}
