/* Softplus, sigmoid and SiLU on vectors; included after a lanes header.
 *
 * Each is written for a group of up to STATE_BLOCK vectors, stage by stage over the group: one vector alone
 * is a chain of some 25 operations that wait for each other. A group gives the bits of its members one by
 * one. */
#define LOG2E ((REAL)1.4426950408889634)
#define LN2   ((REAL)0.6931471805599453)

static INLINE void v_sigmoids(vec *out, const vec *v, const size_t count)
{
    const vec one = v_set(1);
    vec e[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) e[j] = v_max(v_set(SIGMOID_LOWEST), v[j]);
    v_exp2_products(e, v_set(-LOG2E), e, count, 1);
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_inverse(v_add(one, e[j]));
}

/* log(1 + exp(v)), and v itself above 20 as the reference implementation has it; `slope`, where it is not
 * NULL, gets its derivative. */
static INLINE void v_softpluses(vec *out, vec *slope, const vec *v, const size_t count)
{
    const vec zero = v_set(0), one = v_set(1);
    vec u[STATE_BLOCK], l[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) u[j] = v_abs(v[j]);
    v_exp2_products(u, v_set(-LOG2E), u, count, 1);
    v_log1ps(l, u, count);
    UNROLL
    for (size_t j = 0; j < count; j++) {
        const vec x = v[j], whole = v_add(v_max(x, zero), l[j]);
        if (slope != NULL) {
            const vec s = v_mul(v_select_above(x, zero, one, u[j]), v_inverse(v_add(one, u[j])));
            slope[j] = SOFTPLUS_CUTS ? v_select_above(x, v_set(20), one, s) : s;
        }
        out[j] = SOFTPLUS_CUTS ? v_select_above(x, v_set(20), x, whole) : whole;
    }
}

static INLINE void v_silus(vec *out, const vec *v, const size_t count)
{
    vec s[STATE_BLOCK];
    v_sigmoids(s, v, count);
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_mul(v[j], s[j]);
}

/* Its slope; `silu` gets the function itself. */
static INLINE void v_silus_and_slopes(vec *silu, vec *slope, const vec *v, const size_t count)
{
    const vec one = v_set(1);
    vec s[STATE_BLOCK];
    v_sigmoids(s, v, count);
    UNROLL
    for (size_t j = 0; j < count; j++) {
        const vec x = v[j];
        slope[j] = v_mul(s[j], v_fma(x, v_sub(one, s[j]), one));
        silu[j] = v_mul(x, s[j]);
    }
}

static INLINE void v_silu_slopes(vec *slope, const vec *v, const size_t count)
{
    vec silu[STATE_BLOCK];
    v_silus_and_slopes(silu, slope, v, count);
}

/* One vector each. */
static inline vec v_sigmoid(vec v)
{
    v_sigmoids(&v, &v, 1);
    return v;
}

static inline vec v_softplus(vec v)
{
    v_softpluses(&v, NULL, &v, 1);
    return v;
}

static inline vec v_silu(vec v)
{
    v_silus(&v, &v, 1);
    return v;
}

static inline vec v_silu_slope(vec v)
{
    v_silu_slopes(&v, &v, 1);
    return v;
}

/* Whole vectors, or the first n lanes at the right edge. */
static inline vec load_lanes(const REAL *p, size_t n)
{
    return n == LANES ? v_load(p) : v_load_first(p, n);
}

static inline void store_lanes(REAL *p, vec a, size_t n)
{
    if (n == LANES) {
        v_store(p, a);
    } else {
        v_store_first(p, a, n);
    }
}

static inline void add_lanes(REAL *p, vec a, size_t n)
{
    store_lanes(p, v_add(load_lanes(p, n), a), n);
}
