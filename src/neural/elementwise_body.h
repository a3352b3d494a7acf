/* Activations over whole arrays; included after activation_body.h.
 *
 * The normal distribution function in single precision is that of Abramowitz & Stegun 7.1.26, with an
 * absolute error below 1e-7: with t = 1/(1 + p |v|/sqrt 2)
 *
 *     1 - Phi(|v|) = 1/2 (a1 t + ... + a5 t^5) exp(-v^2/2) */
#define ROOT_HALF     ((REAL)0.70710678118654752)
#define NORMAL_HEIGHT ((REAL)0.39894228040143268)

typedef struct normal {
    vec share, density; /* Phi(v), phi(v) */
} normal;

static inline normal v_normal(vec v)
{
    const vec square = v_mul(v, v), half = v_set((REAL)-0.5 * LOG2E), e = v_exp2(v_mul(square, half));
#if defined(REAL_IS_DOUBLE)
    const vec share = erfc(-v * ROOT_HALF) / 2;
#else
    const vec zero = v_set(0), one = v_set(1), size = v_max(v, v_sub(zero, v));
    const vec t = v_div(one, v_fma(size, v_set(0.3275911f * ROOT_HALF), one));
    vec p = v_fma(t, v_set(1.061405429f), v_set(-1.453152027f));
    p = v_fma(p, t, v_set(1.421413741f));
    p = v_fma(p, t, v_set(-0.284496736f));
    p = v_fma(p, t, v_set(0.254829592f));
    const vec tail = v_mul(v_mul(v_mul(p, t), e), v_set(0.5f));
    const vec share = v_select_above(v, zero, v_sub(one, tail), tail);
#endif
    return (normal){share, v_mul(e, v_set(NORMAL_HEIGHT))};
}

static inline vec v_gelu(vec v)
{
    return v_mul(v, v_normal(v).share);
}

static inline vec v_gelu_slope(vec v)
{
    const normal n = v_normal(v);
    return v_fma(v, n.density, n.share);
}

/* y = f(x) over n elements, and y = dy f'(x); `f` is a constant where this is inlined. */
#define EACH_LANE(value)                                                                                     \
    do {                                                                                                     \
        for (size_t i = 0; i < n; i += LANES) {                                                              \
            const size_t m = n - i < LANES ? n - i : LANES;                                                  \
            store_lanes(y + i, value, m);                                                                    \
        }                                                                                                    \
    } while (0)

static void silu_forward(REAL *y, const REAL *x, size_t n)
{
    EACH_LANE(v_silu(load_lanes(x + i, m)));
}

static void silu_backward(REAL *y, const REAL *dy, const REAL *x, size_t n)
{
    EACH_LANE(v_mul(load_lanes(dy + i, m), v_silu_slope(load_lanes(x + i, m))));
}

static void gelu_forward(REAL *y, const REAL *x, size_t n)
{
    EACH_LANE(v_gelu(load_lanes(x + i, m)));
}

static void gelu_backward(REAL *y, const REAL *dy, const REAL *x, size_t n)
{
    EACH_LANE(v_mul(load_lanes(dy + i, m), v_gelu_slope(load_lanes(x + i, m))));
}

static void sigmoid_forward(REAL *y, const REAL *x, size_t n)
{
    EACH_LANE(v_sigmoid(load_lanes(x + i, m)));
}

static void softplus_forward(REAL *y, const REAL *x, size_t n)
{
    EACH_LANE(v_softplus(load_lanes(x + i, m)));
}

static void exponential(REAL *y, const REAL *x, REAL shift, size_t n)
{
    EACH_LANE(v_exp2(v_mul(v_sub(load_lanes(x + i, m), v_set(shift)), v_set(LOG2E))));
}
