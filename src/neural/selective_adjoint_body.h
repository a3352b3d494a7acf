/* The adjoint of selective_scan_body.h, which gives the equations. Included after it.
 *
 * A tile runs again from its stored state, ADJOINT_BLOCK states at a time, keeping a_t and a_t h_{t-1}; then
 * the rows pass backwards. dB and dC are sums over all channels: each lane has its own until the tile is
 * done. What a block of states touches is made to fit L1: 8 KB kept, 8 KB of sums, 9 KB of tile with AVX-512.
 * More states at a time, or two vectors of channels, are slower. */

typedef NAME(ssmi_scan_grad) scan_grad;

/* Also the number of neighbours that v_sum_each takes at a time. */
enum { ADJOINT_BLOCK = 4 };

/* What one vector of channels carries through a tile. */
typedef struct adjoint_tile {
    tile w;
    vec dout[SSMI_SCAN_TILE], dgate[SSMI_SCAN_TILE]; /* do_t; dy_t silu'(z_t) */
    vec slope[SSMI_SCAN_TILE];                       /* ddt_t/ddelta_t */
    /* sum_n g B; sum_n g A2 a h; other rules: scan_rules_adjoint_body.h */
    vec gB[SSMI_SCAN_TILE], gAh[SSMI_SCAN_TILE];
    struct {
        vec a[ADJOINT_BLOCK], ah[ADJOINT_BLOCK]; /* a_t; a_t h_{t-1} */
    } kept[SSMI_SCAN_TILE];
    vec dD, dbias;
} adjoint_tile;

/* dB and dC of a tile, summed over the vectors of channels so far: (blocks of states, SSMI_SCAN_TILE, 2,
 * ADJOINT_BLOCK, LANES). The lines of a block are neighbours, so that they do not push each other out of L1.
 * These are the lanes of dB; those of dC follow DC_LANES later. */
enum { DC_LANES = ADJOINT_BLOCK * LANES, SUM_ROW = 2 * DC_LANES, SUM_BLOCK = SSMI_SCAN_TILE * SUM_ROW };

static INLINE REAL *lane_sums(REAL *sums, size_t t, size_t k)
{
    return sums + k / ADJOINT_BLOCK * SUM_BLOCK + t * SUM_ROW + k % ADJOINT_BLOCK * LANES;
}

/* One task of the adjoint. */
typedef struct adjoint {
    const scan_grad *grad;
    const scan_task *s;
    const REAL *dy, *state; /* state: before the tile */
    REAL *g;                /* (states, channels): a_{t+1} g_{t+1} of the tile after this one */
    REAL *sums;
} adjoint;

#include "neural/scan_rules_adjoint_body.h"

/* Runs the rows again from the stored state, keeps a_t and a_t h_{t-1}, and sums dC. */
static INLINE void replay_states(adjoint_tile *v, const adjoint *task, size_t k, const size_t count,
                                 const int how)
{
    const scan_task *s = task->s;
    tile *w = &v->w;
    const REAL *B = s->B + w->row * s->bc_stride + k, *C = s->C + w->row * s->bc_stride + k;
    vec h[ADJOINT_BLOCK], A[ADJOINT_BLOCK];
    for (size_t j = 0; j < count; j++) {
        h[j] = load_lanes(task->state + (k + j) * s->channels + w->e, w->n);
        A[j] = load_A(w, s, k + j);
    }
    for (size_t t = 0; t < w->rows; t++, B += s->bc_stride, C += s->bc_stride) {
        REAL *dC = lane_sums(task->sums, t, k) + DC_LANES;
        vec dtx = w->dtx[t], out = w->out[t], dout = v->dout[t], decay[STATE_BLOCK];
        decay_states(decay, w, t, A, count, how);
        UNROLL
        for (size_t j = 0; j < count; j++) {
            const vec decayed = v_mul(decay[j], h[j]);
            v->kept[t].a[j] = decay[j];
            v->kept[t].ah[j] = decayed;
            h[j] = v_fma(dtx, v_set(B[j]), decayed);
            out = v_fma(h[j], v_set(C[j]), out);
            v_store(dC + j * LANES, v_fma(dout, h[j], v_load(dC + j * LANES)));
        }
        w->out[t] = out;
    }
}

/* Adds dA of state n, from all rows of a tile. */
static INLINE void add_rate(const adjoint *task, const tile *w, vec dA, size_t n)
{
    REAL *to = task->grad->dA + w->e;
    if (task->s->tied)
        add_lanes(to, v_mul(v_set((REAL)(n + 1)), dA), w->n);
    else
        add_lanes(to + n * task->s->channels, dA, w->n);
}

static INLINE void backward_states(adjoint_tile *v, const adjoint *task, size_t k, const size_t count)
{
    const scan_task *s = task->s;
    const tile *w = &v->w;
    vec g[ADJOINT_BLOCK], dA[ADJOINT_BLOCK], A[ADJOINT_BLOCK];
    for (size_t j = 0; j < count; j++) {
        g[j] = load_lanes(task->g + (k + j) * s->channels + w->e, w->n);
        A[j] = load_A(w, s, k + j);
        dA[j] = v_set(0);
    }
    for (size_t t = w->rows; t-- > 0;) {
        const REAL *B = s->B + (w->row + t) * s->bc_stride + k, *C = s->C + (w->row + t) * s->bc_stride + k;
        REAL *dB = lane_sums(task->sums, t, k);
        vec dt = w->dt[t], dtx = w->dtx[t], dout = v->dout[t], gB = v->gB[t], gAh = v->gAh[t];
        UNROLL
        for (size_t j = 0; j < count; j++) {
            const vec G = v_fma(v_set(C[j]), dout, g[j]), product = v_mul(G, v->kept[t].ah[j]);
            v_store(dB + j * LANES, v_fma(G, dtx, v_load(dB + j * LANES)));
            gB = v_fma(G, v_set(B[j]), gB);
            gAh = v_fma(product, A[j], gAh);
            dA[j] = v_fma(product, dt, dA[j]);
            g[j] = v_mul(v->kept[t].a[j], G);
        }
        v->gB[t] = gB;
        v->gAh[t] = gAh;
    }
    for (size_t j = 0; j < count; j++) {
        store_lanes(task->g + (k + j) * s->channels + w->e, g[j], w->n);
        add_rate(task, w, dA[j], k + j);
    }
}

static INLINE void open_adjoint(adjoint_tile *v, const tile *w, const REAL *dy, const scan_task *s, size_t t,
                                const size_t count, const size_t n)
{
    const column rows = column_of(dy, s->channels, w, t);
    vec z[STATE_BLOCK], slope[STATE_BLOCK];
    if (s->z != NULL) {
        load_gates(z, w, s, t, count, n);
        v_silus_and_slopes(z, slope, z, count);
    } else {
        for (size_t i = 0; i < count; i++) z[i] = slope[i] = v_set(1);
    }
    UNROLL
    for (size_t i = 0; i < count; i++) {
        const vec dout = row_of(rows, i, n);
        v->dout[t + i] = v_mul(dout, z[i]);
        v->dgate[t + i] = v_mul(dout, slope[i]);
        v->gB[t + i] = v->gAh[t + i] = v_set(0);
    }
}

/* Rows [t, t + count) of a gradient. */
static INLINE void store_rows(REAL *data, size_t stride, const vec *rows, const tile *w, size_t t,
                              const size_t count, const size_t n)
{
    REAL *to = data + (w->row + t) * stride + w->e;
    UNROLL
    for (size_t i = 0; i < count; i++) store_lanes(to + i * stride, rows[i], n);
}

/* The gradients that belong to single rows and channels: dx, ddelta, dz, and the sums dD and dbias. */
static INLINE void close_adjoint(adjoint_tile *v, const tile *w, const scan_grad *grad, const scan_task *s,
                                 size_t t, const size_t count, const size_t n)
{
    const column rows = column_of(s->x, s->x_stride, w, t);
    const vec D = s->D != NULL ? load_lanes(s->D + w->e, n) : v_set(0);
    vec dz[STATE_BLOCK], ddelta[STATE_BLOCK], dx[STATE_BLOCK];
    UNROLL
    for (size_t i = 0; i < count; i++) {
        const vec x = row_of(rows, i, n);
        ddelta[i] = v->gAh[t + i], dx[i] = v->gB[t + i];
        if (s->rule == SSMI_EULER_B) {
            ddelta[i] = v_fma(x, dx[i], v_mul(v_set(LN2), ddelta[i]));
            dx[i] = v_mul(w->dt[t + i], dx[i]);
        }
        dx[i] = v_fma(D, v->dout[t + i], dx[i]);
        ddelta[i] = v_mul(ddelta[i], v->slope[t + i]);
        dz[i] = v_mul(v->dgate[t + i], w->out[t + i]);
        v->dD = v_fma(v->dout[t + i], x, v->dD);
        v->dbias = v_add(v->dbias, ddelta[i]);
    }
    store_rows(grad->dx, s->x_stride, dx, w, t, count, n);
    store_rows(grad->ddelta, s->delta_stride, ddelta, w, t, count, n);
    if (s->z != NULL) store_rows(grad->dz, s->z_stride, dz, w, t, count, n);
}

static INLINE void adjoint_states(adjoint_tile *v, const adjoint *task, size_t k, const size_t count)
{
    switch (how_to_decay(&v->w, task->s, k, count)) {
    case UNCLAMPED:
        replay_states(v, task, k, count, UNCLAMPED);
        break;
    case CLAMPED:
        replay_states(v, task, k, count, CLAMPED);
        break;
    default:
        replay_states(v, task, k, count, POWERS);
    }
    backward_states(v, task, k, count);
}

static void adjoint_vector(adjoint_tile *v, const adjoint *task)
{
    const scan_grad *grad = task->grad;
    const scan_task *s = task->s;
    tile *w = &v->w;
    size_t k = 0;
    open_tile(w, v->slope, s);
    EACH_GROUP(open_adjoint, v, w, task->dy, s);
    if (s->rule != SSMI_EULER_B)
        for (; k < s->states; k++) backward_state_by_rule(v, task, k);
    for (; k + ADJOINT_BLOCK <= s->states; k += ADJOINT_BLOCK) adjoint_states(v, task, k, ADJOINT_BLOCK);
    for (; k < s->states; k++) adjoint_states(v, task, k, 1);
    v->dD = v->dbias = v_set(0);
    EACH_GROUP(close_adjoint, v, w, grad, s);
    if (s->D != NULL) add_lanes(grad->dD + w->e, v->dD, w->n);
    if (s->delta_bias != NULL) add_lanes(grad->ddelta_bias + w->e, v->dbias, w->n);
}

/* dB and dC of the tile from the lanes, which are left at zero for the next one. */
static void sum_lanes(const adjoint *task, size_t row, size_t rows)
{
    const scan_task *s = task->s;
    for (size_t t = 0; t < rows; t++) {
        for (size_t k = 0; k < s->states; k += LANES) {
            const size_t n = s->states - k < LANES ? s->states - k : LANES;
            REAL *dB = lane_sums(task->sums, t, k), *dC = dB + DC_LANES;
            store_lanes(task->grad->dB + (row + t) * s->bc_stride + k, v_sum_each(dB, SUM_BLOCK), n);
            store_lanes(task->grad->dC + (row + t) * s->bc_stride + k, v_sum_each(dC, SUM_BLOCK), n);
            for (size_t j = k; j < k + n; j++) {
                v_store(lane_sums(task->sums, t, j), v_set(0));
                v_store(lane_sums(task->sums, t, j) + DC_LANES, v_set(0));
            }
        }
    }
}

static void scan_backward(const scan_grad *grad, const REAL *dy, const REAL *checkpoints, REAL *scratch,
                          const scan_task *s)
{
    const size_t size = s->states * s->channels, tiles = (s->length + SSMI_SCAN_TILE - 1) / SSMI_SCAN_TILE;
    const size_t whole = (s->states + LANES - 1) / LANES * LANES; /* what v_sum_each reads */
    const size_t blocks = (whole + ADJOINT_BLOCK - 1) / ADJOINT_BLOCK;
    adjoint_tile v;
    adjoint task = {grad, s, dy, NULL, scratch, scratch + size};
    memset(task.sums, 0, blocks * SUM_BLOCK * sizeof *scratch);
    for (size_t b = 0; b < s->batch; b++) {
        memset(task.g, 0, size * sizeof *scratch);
        for (size_t i = tiles; i-- > 0;) {
            task.state = checkpoints + (b * tiles + i) * size;
            v.w.row = b * s->length + i * SSMI_SCAN_TILE;
            v.w.rows = tile_rows(s, i * SSMI_SCAN_TILE);
            for (size_t e = 0; e < s->channels; e += LANES) {
                v.w.e = e;
                v.w.n = s->channels - e < LANES ? s->channels - e : LANES;
                adjoint_vector(&v, &task);
            }
            sum_lanes(&task, v.w.row, v.w.rows);
        }
    }
}
