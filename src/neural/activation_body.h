/* Softplus, sigmoid and SiLU on vectors; included after a lanes header. */
#define LOG2E ((REAL)1.4426950408889634)
#define LN2   ((REAL)0.6931471805599453)

static inline vec v_sigmoid(vec v)
{
    vec one = v_set(1);
    return v_div(one, v_add(one, v_exp2(v_mul(v, v_set(-LOG2E)))));
}

/* log(1 + exp(v)), and v itself above 20 as the reference implementation has it. */
static inline vec v_softplus(vec v)
{
    vec zero = v_set(0), magnitude = v_max(v, v_sub(zero, v));
    vec soft = v_add(v_max(v, zero), v_log1p(v_exp2(v_mul(magnitude, v_set(-LOG2E)))));
    return v_select_above(v, v_set(20), v, soft);
}

static inline vec v_softplus_slope(vec v)
{
    return v_select_above(v, v_set(20), v_set(1), v_sigmoid(v));
}

static inline vec v_silu(vec v)
{
    return v_mul(v, v_sigmoid(v));
}

static inline vec v_silu_slope(vec v)
{
    vec one = v_set(1), s = v_sigmoid(v);
    return v_mul(s, v_fma(v, v_sub(one, s), one));
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
