/* The selective scan S6 (Gu & Dao 2023, Algorithm 2, with the Euler input matrix of their implementation):
 *
 *     dt_t   = softplus(delta_t + bias) step_t
 *     h_t    = exp(dt_t A) h_{t-1} + dt_t B_t x_t        per channel and state
 *     o_t    = sum_n C_t[n] h_t[n] + D x_t
 *     y_t    = o_t silu(z_t)
 *
 * Its adjoint, with a_t = exp(dt_t A) and g_t the gradient of h_t, runs backwards in time:
 *
 *     g_t    = C_t do_t + a_{t+1} g_{t+1}                do_t = dy_t silu(z_t)
 *     dx_t   = D do_t + dt_t sum_n g_t B_t               dB_t[n] = sum_channels g_t dt_t x_t
 *     ddt_t  = x_t sum_n g_t B_t + sum_n g_t A a_t h_{t-1}
 *     dA     = sum_t g_t dt_t a_t h_{t-1}                dC_t[n] = sum_channels do_t h_t
 *
 * Where A is tied, A[n] = (n + 1) A[0], the decays of a row are the powers of the first.
 *
 * Known value: A = 0, B = C = dt = 1, no D and no gate give the running sum of x.
 *
 * LANES channels go together. Within a tile of SSMI_SCAN_TILE rows, STATE_BLOCK states at a time keep h and A
 * in registers while the rows pass:
 *
 *     tile of rows  x  block of states  x  vector of channels        dt, dt*x, o of the tile lie in L1
 *
 * Only the state before each tile is stored for the backward pass, which runs the tile again
 * (selective_adjoint_body.h). */
typedef NAME(ssmi_scan) scan_task;

/* How decays are found. */
enum { UNCLAMPED, CLAMPED, POWERS };

/* One tile: rows [row, row + rows) counted over the whole batch, channels [e, e + n). */
typedef struct tile {
    size_t row, rows, e, n;
    vec dt[SSMI_SCAN_TILE], dtx[SSMI_SCAN_TILE], out[SSMI_SCAN_TILE]; /* out: o_t */
    vec longest;                                                      /* max of dt */
    vec first[SSMI_SCAN_TILE];                                        /* tied: exp(dt A[0]) */
    vec power[SSMI_SCAN_TILE]; /* and exp(dt A) of the last state done */
} tile;

/* A column of the tile from its row t on: LANES channels of an array, rows `stride` apart. */
typedef struct column {
    const REAL *at;
    size_t stride;
} column;

static INLINE column column_of(const REAL *data, size_t stride, const tile *w, size_t t)
{
    return (column){data + (w->row + t) * stride + w->e, stride};
}

static INLINE vec row_of(column c, size_t i, const size_t n)
{
    return load_lanes(c.at + i * c.stride, n);
}

/* Rows go in groups of STATE_BLOCK, so that their activations overlap (activation_body.h); then one by one.
 * Inside, `n` is a constant except at the right edge: with a test in every row no group would be one run of
 * instructions. */
#define EACH_GROUP(function, ...)                                                                            \
    do {                                                                                                     \
        if (w->n == LANES) {                                                                                 \
            EACH_GROUP_OF(LANES, function, __VA_ARGS__);                                                     \
        } else {                                                                                             \
            EACH_GROUP_OF(w->n, function, __VA_ARGS__);                                                      \
        }                                                                                                    \
    } while (0)
#define EACH_GROUP_OF(n, function, ...)                                                                      \
    do {                                                                                                     \
        size_t t = 0;                                                                                        \
        for (; t + STATE_BLOCK <= w->rows; t += STATE_BLOCK) function(__VA_ARGS__, t, STATE_BLOCK, n);       \
        for (; t < w->rows; t++) function(__VA_ARGS__, t, 1, n);                                             \
    } while (0)

/* delta + bias of rows [t, t + count). */
static INLINE void biased_deltas(vec *raw, const tile *w, const scan_task *s, size_t t, const size_t count,
                                 const size_t n)
{
    const column delta = column_of(s->delta, s->delta_stride, w, t);
    const vec bias = s->delta_bias != NULL ? load_lanes(s->delta_bias + w->e, n) : v_set(0);
    UNROLL
    for (size_t i = 0; i < count; i++) raw[i] = v_add(row_of(delta, i, n), bias);
}

static INLINE void scale_by_steps(vec *v, const tile *w, const scan_task *s, size_t t, const size_t count)
{
    if (s->step == NULL) return;
    const REAL *step = s->step + w->row + t;
    UNROLL
    for (size_t i = 0; i < count; i++) v[i] = v_mul(v[i], v_set(step[i]));
}

/* `slope`, where it is not NULL, gets the derivative of dt by delta. */
static INLINE void open_rows(tile *w, vec *slope, const scan_task *s, size_t t, const size_t count,
                             const size_t n)
{
    const column rows = column_of(s->x, s->x_stride, w, t);
    const vec D = s->D != NULL ? load_lanes(s->D + w->e, n) : v_set(0);
    vec dt[STATE_BLOCK];
    biased_deltas(dt, w, s, t, count, n);
    if (slope != NULL) {
        UNROLL
        for (size_t i = 0; i < count; i++) slope[t + i] = v_set(1);
    }
    if (s->softplus) v_softpluses(dt, slope != NULL ? slope + t : NULL, dt, count);
    scale_by_steps(dt, w, s, t, count);
    if (slope != NULL) scale_by_steps(slope + t, w, s, t, count);
    UNROLL
    for (size_t i = 0; i < count; i++) {
        const vec x = row_of(rows, i, n);
        w->dt[t + i] = dt[i];
        w->dtx[t + i] = v_mul(dt[i], x);
        w->out[t + i] = v_mul(D, x);
        if (EXP2_CLAMPS) w->longest = v_max(dt[i], w->longest);
    }
}

static INLINE void open_tile(tile *w, vec *slope, const scan_task *s)
{
    w->longest = v_set(0);
    EACH_GROUP(open_rows, w, slope, s);
    if (!s->tied) return;
    const vec A = load_lanes(s->A2 + w->e, w->n);
    for (size_t t = 0; t < w->rows; t++) {
        w->first[t] = v_exp2(v_mul(w->dt[t], A));
        w->power[t] = v_set(1);
    }
}

/* The decays of `count` states in row t: the next powers, or exponentials of A. */
static inline void decay_states(vec *decay, tile *w, size_t t, const vec *A, const size_t count,
                                const int how)
{
    if (how != POWERS) {
        v_exp2_products(decay, w->dt[t], A, count, how == CLAMPED);
        return;
    }
    vec power = w->power[t];
#pragma GCC unroll 8
    for (size_t j = 0; j < count; j++) decay[j] = power = v_mul(power, w->first[t]);
    w->power[t] = power;
}

/* A2 of state n. */
static inline vec load_A(const tile *w, const scan_task *s, size_t n)
{
    if (s->tied) return v_mul(v_set((REAL)(n + 1)), load_lanes(s->A2 + w->e, w->n));
    return load_lanes(s->A2 + n * s->channels + w->e, w->n);
}

/* Whether decays of states [k, k+count) may leave the normal exponents; without that the loops are shorter.
 */
static inline int needs_clamp(const tile *w, const scan_task *s, size_t k, size_t count)
{
    for (size_t j = k; j < k + count; j++) {
        vec A = load_lanes(s->A2 + j * s->channels + w->e, w->n);
        if (v_any_below(v_mul(w->longest, A), v_set(EXP2_LOWEST + 1))) return 1;
    }
    return 0;
}

static inline int how_to_decay(const tile *w, const scan_task *s, size_t k, size_t count)
{
    if (s->tied) return POWERS;
    return EXP2_CLAMPS && needs_clamp(w, s, k, count) ? CLAMPED : UNCLAMPED;
}

/* States [k, k+count). `count` and `how` are constants where this is inlined. */
static inline void forward_states(tile *w, REAL *state, const scan_task *s, size_t k, const size_t count,
                                  const int how)
{
    vec h[STATE_BLOCK], A[STATE_BLOCK];
    const REAL *B = s->B + w->row * s->bc_stride + k, *C = s->C + w->row * s->bc_stride + k;
    for (size_t j = 0; j < count; j++) {
        h[j] = load_lanes(state + (k + j) * s->channels + w->e, w->n);
        A[j] = load_A(w, s, k + j);
    }
    for (size_t t = 0; t < w->rows; t++, B += s->bc_stride, C += s->bc_stride) {
        vec dtx = w->dtx[t], out = w->out[t], decay[STATE_BLOCK];
        decay_states(decay, w, t, A, count, how);
#pragma GCC unroll 8
        for (size_t j = 0; j < count; j++) {
            h[j] = v_fma(decay[j], h[j], v_mul(dtx, v_set(B[j])));
            out = v_fma(h[j], v_set(C[j]), out);
        }
        w->out[t] = out;
    }
    for (size_t j = 0; j < count; j++) store_lanes(state + (k + j) * s->channels + w->e, h[j], w->n);
}

#include "neural/scan_rules_body.h"

static INLINE void load_gates(vec *z, const tile *w, const scan_task *s, size_t t, const size_t count,
                              const size_t n)
{
    const column gates = column_of(s->z, s->z_stride, w, t);
    UNROLL
    for (size_t i = 0; i < count; i++) z[i] = row_of(gates, i, n);
}

static INLINE void close_rows(REAL *y, const tile *w, const scan_task *s, size_t t, const size_t count,
                              const size_t n)
{
    const size_t stride = s->channels;
    REAL *to = y + (w->row + t) * stride + w->e;
    vec out[STATE_BLOCK], z[STATE_BLOCK];
    UNROLL
    for (size_t i = 0; i < count; i++) out[i] = w->out[t + i];
    if (s->z != NULL) {
        load_gates(z, w, s, t, count, n);
        v_silus(z, z, count);
        UNROLL
        for (size_t i = 0; i < count; i++) out[i] = v_mul(out[i], z[i]);
    }
    UNROLL
    for (size_t i = 0; i < count; i++) store_lanes(to + i * stride, out[i], n);
}

static inline void forward_tile(tile *w, REAL *y, REAL *state, const scan_task *s)
{
    size_t k = 0;
    open_tile(w, NULL, s);
    if (s->rule != SSMI_EULER_B)
        for (; k < s->states; k++) forward_state_by_rule(w, state, s, k);
    for (; k + STATE_BLOCK <= s->states; k += STATE_BLOCK) {
        switch (how_to_decay(w, s, k, STATE_BLOCK)) {
        case UNCLAMPED:
            forward_states(w, state, s, k, STATE_BLOCK, UNCLAMPED);
            break;
        case CLAMPED:
            forward_states(w, state, s, k, STATE_BLOCK, CLAMPED);
            break;
        default:
            forward_states(w, state, s, k, STATE_BLOCK, POWERS);
        }
    }
    for (; k < s->states && s->tied; k++) forward_states(w, state, s, k, 1, POWERS);
    for (; k < s->states; k++) forward_states(w, state, s, k, 1, CLAMPED);
    EACH_GROUP(close_rows, y, w, s);
}

#include "neural/selective_step_body.h"

static size_t tile_rows(const scan_task *s, size_t t)
{
    return s->length - t < SSMI_SCAN_TILE ? s->length - t : SSMI_SCAN_TILE;
}

static void scan_forward(REAL *y, REAL *state, REAL *checkpoints, const scan_task *s)
{
    const size_t size = s->states * s->channels;
    tile w;
    for (size_t b = 0; b < s->batch; b++, state += size) {
        for (size_t t = 0; t < s->length; t += SSMI_SCAN_TILE) {
            if (checkpoints != NULL) {
                memcpy(checkpoints, state, size * sizeof *state);
                checkpoints += size;
            }
            w.row = b * s->length + t;
            w.rows = tile_rows(s, t);
            w.n = LANES;
            w.e = w.rows == 1 ? step_row(y, state, s, w.row) : 0;
            for (; w.e + LANES <= s->channels; w.e += LANES) forward_tile(&w, y, state, s);
            w.n = s->channels - w.e;
            if (w.n > 0) forward_tile(&w, y, state, s);
        }
    }
}
