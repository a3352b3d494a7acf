/* log(1 + u) of groups of vectors, u in [0, 1], relative error 1.5e-7 also for tiny u; from the primitives of
 * a lanes header. No division: a polynomial of eight terms overlaps with its neighbours' where a quotient
 * would hold the unit. */
static INLINE void v_log1ps(vec *out, const vec *u, const size_t count)
{
    static const float c[] = {LOG1P_C7, LOG1P_C6, LOG1P_C5, LOG1P_C4, LOG1P_C3, LOG1P_C2, LOG1P_C1, 1.0f};
    vec p[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) p[j] = v_set(LOG1P_C8);
    UNROLL
    for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
        UNROLL
        for (size_t j = 0; j < count; j++) p[j] = v_fma(p[j], u[j], v_set(c[k]));
    }
    UNROLL
    for (size_t j = 0; j < count; j++) out[j] = v_mul(p[j], u[j]);
}
