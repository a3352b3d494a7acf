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
 * Only the state before each tile is stored for the backward pass, which runs the tile again. */
typedef NAME(ssmi_scan) scan_task;
typedef NAME(ssmi_scan_grad) scan_grad;

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

static inline vec biased_delta(const scan_task *s, size_t row, size_t e, size_t n)
{
    vec raw = load_lanes(s->delta + row * s->delta_stride + e, n);
    return s->delta_bias != NULL ? v_add(raw, load_lanes(s->delta_bias + e, n)) : raw;
}

/* Rows go in groups of STATE_BLOCK, so that their activations overlap (activation_body.h); then one by one.
 */
#define EACH_GROUP(function, ...)                                                                            \
    do {                                                                                                     \
        size_t t = 0;                                                                                        \
        for (; t + STATE_BLOCK <= w->rows; t += STATE_BLOCK) function(__VA_ARGS__, t, STATE_BLOCK);          \
        for (; t < w->rows; t++) function(__VA_ARGS__, t, 1);                                                \
    } while (0)

static INLINE void open_rows(tile *w, const scan_task *s, size_t t, const size_t count)
{
    const vec D = s->D != NULL ? load_lanes(s->D + w->e, w->n) : v_set(0);
    vec dt[STATE_BLOCK];
    UNROLL
    for (size_t i = 0; i < count; i++) dt[i] = biased_delta(s, w->row + t + i, w->e, w->n);
    if (s->softplus) v_softpluses(dt, dt, count);
    UNROLL
    for (size_t i = 0; i < count; i++) {
        const vec x = load_lanes(s->x + (w->row + t + i) * s->x_stride + w->e, w->n);
        if (s->step != NULL) dt[i] = v_mul(dt[i], v_set(s->step[w->row + t + i]));
        w->dt[t + i] = dt[i];
        w->dtx[t + i] = v_mul(dt[i], x);
        w->out[t + i] = v_mul(D, x);
        if (EXP2_CLAMPS) w->longest = v_max(dt[i], w->longest);
    }
}

static inline void open_tile(tile *w, const scan_task *s)
{
    w->longest = v_set(0);
    EACH_GROUP(open_rows, w, s);
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

/* States that the adjoint takes at a time: with this many, a_t and a_t h_{t-1} of a tile stay in L1 beside
 * the sums over lanes. */
enum { ADJOINT_BLOCK = 4 };

/* What the adjoint of one tile carries besides the tile itself. */
typedef struct adjoint {
    vec dout[SSMI_SCAN_TILE], dgate[SSMI_SCAN_TILE]; /* do_t; dy_t silu'(z_t) */
    /* sum_n g B; sum_n g A2 a h; other rules: scan_rules_body.h */
    vec gB[SSMI_SCAN_TILE], gAh[SSMI_SCAN_TILE];
    struct {
        vec a[ADJOINT_BLOCK], ah[ADJOINT_BLOCK]; /* a_t; a_t h_{t-1} */
    } kept[SSMI_SCAN_TILE];
    vec dD, dbias;
    REAL *g;    /* (states, channels): a_{t+1} g_{t+1} of the tile after this one */
    REAL *sums; /* (states, SSMI_SCAN_TILE, 2, LANES): dB and dC summed over the channel groups so far */
} adjoint;

/* The lanes of dB of row t and state k; those of dC follow. */
static inline REAL *lane_sums(const adjoint *v, size_t t, size_t k)
{
    return v->sums + (k * SSMI_SCAN_TILE + t) * 2 * LANES;
}

#include "neural/scan_rules_body.h"

static INLINE void load_gates(vec *z, const tile *w, const scan_task *s, size_t t, const size_t count)
{
    UNROLL
    for (size_t i = 0; i < count; i++) z[i] = load_lanes(s->z + (w->row + t + i) * s->z_stride + w->e, w->n);
}

static INLINE void close_rows(REAL *y, const tile *w, const scan_task *s, size_t t, const size_t count)
{
    vec out[STATE_BLOCK], z[STATE_BLOCK];
    UNROLL
    for (size_t i = 0; i < count; i++) out[i] = w->out[t + i];
    if (s->z != NULL) {
        load_gates(z, w, s, t, count);
        v_silus(z, z, count);
        UNROLL
        for (size_t i = 0; i < count; i++) out[i] = v_mul(out[i], z[i]);
    }
    UNROLL
    for (size_t i = 0; i < count; i++) store_lanes(y + (w->row + t + i) * s->channels + w->e, out[i], w->n);
}

static inline void forward_tile(tile *w, REAL *y, REAL *state, const scan_task *s)
{
    size_t k = 0;
    open_tile(w, s);
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

/* Runs the rows again from the stored state, keeps a_t and a_t h_{t-1}, and sums dC. */
static INLINE void replay_states(tile *w, adjoint *v, const REAL *state, const scan_task *s, size_t k,
                                 const size_t count, const int how)
{
    const REAL *B = s->B + w->row * s->bc_stride + k, *C = s->C + w->row * s->bc_stride + k;
    vec h[ADJOINT_BLOCK], A[ADJOINT_BLOCK];
    for (size_t j = 0; j < count; j++) {
        h[j] = load_lanes(state + (k + j) * s->channels + w->e, w->n);
        A[j] = load_A(w, s, k + j);
    }
    for (size_t t = 0; t < w->rows; t++, B += s->bc_stride, C += s->bc_stride) {
        vec dtx = w->dtx[t], out = w->out[t], dout = v->dout[t], decay[STATE_BLOCK];
        decay_states(decay, w, t, A, count, how);
        UNROLL
        for (size_t j = 0; j < count; j++) {
            REAL *dC = lane_sums(v, t, k + j) + LANES;
            const vec decayed = v_mul(decay[j], h[j]);
            v->kept[t].a[j] = decay[j];
            v->kept[t].ah[j] = decayed;
            h[j] = v_fma(dtx, v_set(B[j]), decayed);
            out = v_fma(h[j], v_set(C[j]), out);
            v_store(dC, v_fma(dout, h[j], v_load(dC)));
        }
        w->out[t] = out;
    }
}

static INLINE void backward_states(tile *w, adjoint *v, const scan_grad *grad, const scan_task *s, size_t k,
                                   const size_t count)
{
    vec g[ADJOINT_BLOCK], dA[ADJOINT_BLOCK], A[ADJOINT_BLOCK];
    for (size_t j = 0; j < count; j++) {
        g[j] = load_lanes(v->g + (k + j) * s->channels + w->e, w->n);
        A[j] = load_A(w, s, k + j);
        dA[j] = v_set(0);
    }
    for (size_t t = w->rows; t-- > 0;) {
        const REAL *B = s->B + (w->row + t) * s->bc_stride + k, *C = s->C + (w->row + t) * s->bc_stride + k;
        vec dt = w->dt[t], dtx = w->dtx[t], dout = v->dout[t], gB = v->gB[t], gAh = v->gAh[t];
        UNROLL
        for (size_t j = 0; j < count; j++) {
            REAL *dB = lane_sums(v, t, k + j);
            const vec G = v_fma(v_set(C[j]), dout, g[j]), product = v_mul(G, v->kept[t].ah[j]);
            v_store(dB, v_fma(G, dtx, v_load(dB)));
            gB = v_fma(G, v_set(B[j]), gB);
            gAh = v_fma(product, A[j], gAh);
            dA[j] = v_fma(product, dt, dA[j]);
            g[j] = v_mul(v->kept[t].a[j], G);
        }
        v->gB[t] = gB;
        v->gAh[t] = gAh;
    }
    for (size_t j = 0; j < count; j++) {
        store_lanes(v->g + (k + j) * s->channels + w->e, g[j], w->n);
        if (s->tied)
            add_lanes(grad->dA + w->e, v_mul(v_set((REAL)(k + j + 1)), dA[j]), w->n);
        else
            add_lanes(grad->dA + (k + j) * s->channels + w->e, dA[j], w->n);
    }
}

static INLINE void open_adjoint(adjoint *v, const tile *w, const REAL *dy, const scan_task *s, size_t t,
                                const size_t count)
{
    vec z[STATE_BLOCK], slope[STATE_BLOCK];
    if (s->z != NULL) {
        load_gates(z, w, s, t, count);
        v_silus_and_slopes(z, slope, z, count);
    } else {
        for (size_t i = 0; i < count; i++) z[i] = slope[i] = v_set(1);
    }
    UNROLL
    for (size_t i = 0; i < count; i++) {
        const vec dout = load_lanes(dy + (w->row + t + i) * s->channels + w->e, w->n);
        v->dout[t + i] = v_mul(dout, z[i]);
        v->dgate[t + i] = v_mul(dout, slope[i]);
        v->gB[t + i] = v->gAh[t + i] = v_set(0);
    }
}

/* The gradients that belong to single rows and channels: dx, ddelta, dz, and the sums dD and dbias. */
static INLINE void close_adjoint(adjoint *v, const tile *w, const scan_grad *grad, const scan_task *s,
                                 size_t t, const size_t count)
{
    const vec D = s->D != NULL ? load_lanes(s->D + w->e, w->n) : v_set(0);
    vec slope[STATE_BLOCK];
    UNROLL
    for (size_t i = 0; i < count; i++) slope[i] = biased_delta(s, w->row + t + i, w->e, w->n);
    if (s->softplus) v_softplus_slopes(slope, slope, count);
    UNROLL
    for (size_t i = 0; i < count; i++) {
        const size_t row = w->row + t + i;
        const vec x = load_lanes(s->x + row * s->x_stride + w->e, w->n);
        vec ddelta = v->gAh[t + i], dx = v->gB[t + i];
        if (s->rule == SSMI_EULER_B) {
            ddelta = v_fma(x, dx, v_mul(v_set(LN2), ddelta));
            dx = v_mul(w->dt[t + i], dx);
        }
        if (s->step != NULL) ddelta = v_mul(ddelta, v_set(s->step[row]));
        if (s->softplus) ddelta = v_mul(ddelta, slope[i]);
        store_lanes(grad->dx + row * s->x_stride + w->e, v_fma(D, v->dout[t + i], dx), w->n);
        store_lanes(grad->ddelta + row * s->delta_stride + w->e, ddelta, w->n);
        if (s->z != NULL)
            store_lanes(grad->dz + row * s->z_stride + w->e, v_mul(v->dgate[t + i], w->out[t + i]), w->n);
        v->dbias = v_add(v->dbias, ddelta);
        v->dD = v_fma(v->dout[t + i], x, v->dD);
    }
}

static inline void backward_tile(tile *w, adjoint *v, const scan_grad *grad, const REAL *dy,
                                 const REAL *state, const scan_task *s)
{
    size_t k = 0;
    open_tile(w, s);
    EACH_GROUP(open_adjoint, v, w, dy, s);
    if (s->rule != SSMI_EULER_B)
        for (; k < s->states; k++) backward_state_by_rule(w, v, grad, state, s, k);
    for (; k + ADJOINT_BLOCK <= s->states; k += ADJOINT_BLOCK) {
        switch (how_to_decay(w, s, k, ADJOINT_BLOCK)) {
        case UNCLAMPED:
            replay_states(w, v, state, s, k, ADJOINT_BLOCK, UNCLAMPED);
            break;
        case CLAMPED:
            replay_states(w, v, state, s, k, ADJOINT_BLOCK, CLAMPED);
            break;
        default:
            replay_states(w, v, state, s, k, ADJOINT_BLOCK, POWERS);
        }
        backward_states(w, v, grad, s, k, ADJOINT_BLOCK);
    }
    for (; k < s->states; k++) {
        if (s->tied)
            replay_states(w, v, state, s, k, 1, POWERS);
        else
            replay_states(w, v, state, s, k, 1, CLAMPED);
        backward_states(w, v, grad, s, k, 1);
    }
    v->dD = v->dbias = v_set(0);
    EACH_GROUP(close_adjoint, v, w, grad, s);
    if (s->D != NULL) add_lanes(grad->dD + w->e, v->dD, w->n);
    if (s->delta_bias != NULL) add_lanes(grad->ddelta_bias + w->e, v->dbias, w->n);
}

static void sum_lanes(const scan_grad *grad, const adjoint *v, const scan_task *s, size_t row, size_t rows)
{
    for (size_t t = 0; t < rows; t++) {
        for (size_t k = 0; k < s->states; k++) {
            const REAL *sums = lane_sums(v, t, k);
            grad->dB[(row + t) * s->bc_stride + k] = v_sum(v_load(sums));
            grad->dC[(row + t) * s->bc_stride + k] = v_sum(v_load(sums + LANES));
        }
    }
}

static void scan_backward(const scan_grad *grad, const REAL *dy, const REAL *checkpoints, REAL *scratch,
                          const scan_task *s)
{
    const size_t size = s->states * s->channels, tiles = (s->length + SSMI_SCAN_TILE - 1) / SSMI_SCAN_TILE;
    const size_t sums = 2 * (size_t)SSMI_SCAN_TILE * s->states * LANES;
    tile w;
    adjoint v = {.g = scratch, .sums = scratch + size};
    for (size_t b = 0; b < s->batch; b++) {
        memset(v.g, 0, size * sizeof *v.g);
        for (size_t i = tiles; i-- > 0;) {
            const REAL *state = checkpoints + (b * tiles + i) * size;
            memset(v.sums, 0, sums * sizeof *v.sums);
            w.row = b * s->length + i * SSMI_SCAN_TILE;
            w.rows = tile_rows(s, i * SSMI_SCAN_TILE);
            w.n = LANES;
            for (w.e = 0; w.e + LANES <= s->channels; w.e += LANES) backward_tile(&w, &v, grad, dy, state, s);
            w.n = s->channels - w.e;
            if (w.n > 0) backward_tile(&w, &v, grad, dy, state, s);
            sum_lanes(grad, &v, s, w.row, w.rows);
        }
    }
}
