/* log(1 + u) for u in [0, 1], relative error 1e-7 also for tiny u, from the primitives of a lanes header. */
static inline vec v_log1p(vec u)
{
    vec s = v_div(u, v_add(v_set(2.0f), u));
    vec q = v_mul(s, s);
    vec p = v_fma(v_set(ATANH_A4), q, v_set(ATANH_A3));
    p = v_fma(p, q, v_set(ATANH_A2));
    p = v_fma(p, q, v_set(ATANH_A1));
    p = v_fma(p, q, v_set(1.0f));
    return v_mul(v_add(s, s), p);
}
