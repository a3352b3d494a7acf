/* One row of the selective scan alone, as streaming has it: groups are of vectors of channels, and states do
 * not pass a tile. Included by selective_scan_body.h, whose types it uses. */

/* States [k, k + count) of one row and vector of channels; returns o with their part. */
static INLINE vec step_states(REAL *state, vec out, vec dt, vec dtx, const scan_task *s, size_t row, size_t e,
                              size_t k, const size_t count)
{
    const REAL *B = s->B + row * s->bc_stride + k, *C = s->C + row * s->bc_stride + k;
    vec A[STATE_BLOCK], decay[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) A[j] = v_load(s->A2 + (k + j) * s->channels + e);
    v_exp2_products(decay, dt, A, count, 1);
    UNROLL
    for (size_t j = 0; j < count; j++) {
        REAL *h = state + (k + j) * s->channels + e;
        const vec now = v_fma(decay[j], v_load(h), v_mul(dtx, v_set(B[j])));
        v_store(h, now);
        out = v_fma(now, v_set(C[j]), out);
    }
    return out;
}

/* One row alone: here the group is of `count` vectors of channels. The bits are those of a tile. */
static INLINE void step_channels(REAL *y, REAL *state, const scan_task *s, size_t row, size_t e,
                                 const size_t count)
{
    vec dt[STATE_BLOCK], out[STATE_BLOCK], z[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) {
        const vec bias = s->delta_bias != NULL ? v_load(s->delta_bias + e + j * LANES) : v_set(0);
        dt[j] = v_add(v_load(s->delta + row * s->delta_stride + e + j * LANES), bias);
    }
    if (s->softplus) v_softpluses(dt, NULL, dt, count);
    for (size_t j = 0; j < count; j++) {
        const size_t at = e + j * LANES;
        const vec x = v_load(s->x + row * s->x_stride + at);
        if (s->step != NULL) dt[j] = v_mul(dt[j], v_set(s->step[row]));
        size_t k = 0;
        out[j] = v_mul(s->D != NULL ? v_load(s->D + at) : v_set(0), x);
        const vec dtx = v_mul(dt[j], x);
        for (; k + STATE_BLOCK <= s->states; k += STATE_BLOCK)
            out[j] = step_states(state, out[j], dt[j], dtx, s, row, at, k, STATE_BLOCK);
        for (; k < s->states; k++) out[j] = step_states(state, out[j], dt[j], dtx, s, row, at, k, 1);
    }
    if (s->z != NULL) {
        UNROLL
        for (size_t j = 0; j < count; j++) z[j] = v_load(s->z + row * s->z_stride + e + j * LANES);
        v_silus(z, z, count);
        UNROLL
        for (size_t j = 0; j < count; j++) out[j] = v_mul(out[j], z[j]);
    }
    UNROLL
    for (size_t j = 0; j < count; j++) v_store(y + row * s->channels + e + j * LANES, out[j]);
}

/* The whole vectors of channels of a row alone; returns where they end. */
static size_t step_row(REAL *y, REAL *state, const scan_task *s, size_t row)
{
    size_t e = 0;
    if (s->tied || s->rule != SSMI_EULER_B) return 0;
    for (; e + STATE_BLOCK * LANES <= s->channels; e += STATE_BLOCK * LANES)
        step_channels(y, state, s, row, e, STATE_BLOCK);
    for (; e + LANES <= s->channels; e += LANES) step_channels(y, state, s, row, e, 1);
    return e;
}
