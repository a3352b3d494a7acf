/* Template of the diagonal linear recurrence and its adjoint (contract: core/recurrence.h), included once
 * per element type and instruction set. There is no include guard on purpose. The includer defines, and this
 * file undefines again:
 *
 *   REAL, WIDTH              element type; lanes in a vector
 *   VEC, ZERO                vector type; a vector of zeros
 *   LOAD(p), STORE(p, v)     WIDTH elements at p, unaligned
 *   MASK, FIRST(k)           mask type; mask of the first k lanes, 0 <= k < WIDTH
 *   LOAD_FIRST(p, m)         the lanes of mask m at p, zero elsewhere; other lanes are not read
 *   STORE_FIRST(p, m, v)     stores the lanes of mask m only
 *   MUL(x, y), ADD, SUB      lanewise, each rounded on its own (no fused multiply-add)
 *   NAME(f)                  name of a function or type made here
 *
 * The plane (T, n) is walked in tiles of rows, a tile in strips of lanes, a strip along its rows:
 *
 *            lanes ->
 *      t  +-------+-------+---+    the state of a strip stays in registers for all rows of the tile and is
 *      |  | strip | strip | ..|    picked up from the row before when the next tile starts, so that memory
 *      v  +-------+-------+---+    is read in order when rows are long
 *         | strip | ...
 *
 * Within a row all loads come before all stores, so that a compiler which cannot tell the arrays apart may
 * still vectorise the portable instance.
 *
 * A strip is `vectors` vectors wide; with `part`, only the lanes of the mask exist in the last of them. Both
 * are constants at every call and fold away once inlined. What is left of a row after its full strips is one
 * strip, not several, because a strip costs its latency however narrow it is. */

#define MASKED    (part && k + 1 == vectors)
#define GET(p)    (MASKED ? LOAD_FIRST((p), x->mask) : LOAD(p))
#define PUT(p, v) (MASKED ? STORE_FIRST((p), x->mask, (v)) : STORE((p), (v)))

/* The strip at lane j_ when it has v vectors, the last in part or not. */
#define REST(strip, v)                                                                                       \
    case 2 * (v)-1:                                                                                          \
        strip(&x, j_, (v), 1);                                                                               \
        break;                                                                                               \
    case 2 * (v):                                                                                            \
        strip(&x, j_, (v), 0);                                                                               \
        break

/* Walks the strips of the tile x. REAL_STRIP = 4 and COMPLEX_STRIP = 2 vectors are enough independent chains
 * to hide the latency of multiply and add. */
#define EACH_STRIP(strip, widest, rest)                                                                      \
    do {                                                                                                     \
        size_t j_ = 0;                                                                                       \
        for (; j_ + (widest)*WIDTH <= x.n; j_ += (widest)*WIDTH) strip(&x, j_, (widest), 0);                 \
        switch (2 * ((x.n - j_ + WIDTH - 1) / WIDTH) - ((x.n - j_) % WIDTH != 0)) {                          \
            rest;                                                                                            \
        }                                                                                                    \
    } while (0)

#define EACH_REAL_STRIP(strip)                                                                               \
    EACH_STRIP(strip, REAL_STRIP, REST(strip, 1); REST(strip, 2); REST(strip, 3); REST(strip, 4))
#define EACH_COMPLEX_STRIP(strip) EACH_STRIP(strip, COMPLEX_STRIP, REST(strip, 1); REST(strip, 2))

/* The arguments of a kernel and the tile [from, to) of rows being worked on; forward uses the first line,
 * the adjoint all of it. `row` is the row length. */
typedef struct NAME(tile) {
    REAL *h;
    const REAL *a, *b, *h0;
    REAL *gb, *ga, *gh0;
    const REAL *G, *h_in;
    size_t a_step, T, n, row, from, to;
    MASK mask;
} NAME(tile);

/* ---- real ---- */

SSMI_INLINE void NAME(forward_strip)(const NAME(tile) * x, size_t j, size_t vectors, int part)
{
    const REAL *before = x->from > 0 ? x->h + (x->from - 1) * x->row : x->h0;
    const REAL *a = x->a + x->from * x->a_step + j, *b = x->b + x->from * x->row + j;
    REAL *h = x->h + x->from * x->row + j;
    VEC s[REAL_STRIP];
    for (size_t k = 0; k < vectors; k++) s[k] = before != NULL ? GET(before + j + k * WIDTH) : ZERO;
    for (size_t t = x->from; t < x->to; t++, a += x->a_step, b += x->row, h += x->row) {
        for (size_t k = 0; k < vectors; k++) {
            s[k] = ADD(MUL(GET(a + k * WIDTH), s[k]), GET(b + k * WIDTH));
        }
        for (size_t k = 0; k < vectors; k++) PUT(h + k * WIDTH, s[k]);
    }
}

static SSMI_RECUR(NAME(forward), REAL)
{
    const size_t rows = ssmi_forward_rows(n * sizeof(REAL));
    NAME(tile) x = {.h = h, .a = a, .b = b, .h0 = h0, .a_step = a_step, .n = n, .row = n};
    x.mask = FIRST(n % WIDTH);
    for (x.from = 0; x.from < T; x.from = x.to) {
        x.to = T - x.from < rows ? T : x.from + rows;
        EACH_REAL_STRIP(NAME(forward_strip));
    }
}

/* s carries a_{t+1} g_{t+1} from row to row, upwards; q sums g_t h_{t-1} when one row of a serves all. */
SSMI_INLINE void NAME(adjoint_strip)(const NAME(tile) * x, size_t j, size_t vectors, int part)
{
    VEC s[REAL_STRIP], q[REAL_STRIP], g[REAL_STRIP], d[REAL_STRIP];
    const int last = x->to == x->T, varies = x->a_step != 0;
    for (size_t k = 0; k < vectors; k++) {
        const size_t i = j + k * WIDTH;
        s[k] = last ? ZERO : MUL(GET(x->a + x->to * x->a_step + i), GET(x->gb + x->to * x->row + i));
        q[k] = last || varies ? ZERO : GET(x->ga + i);
    }
    for (size_t t = x->to; t-- > x->from;) {
        const REAL *before = t > 0 ? x->h_in + (t - 1) * x->row : x->h0;
        for (size_t k = 0; k < vectors; k++) {
            const size_t i = j + k * WIDTH;
            g[k] = ADD(GET(x->G + t * x->row + i), s[k]);
            d[k] = MUL(g[k], before != NULL ? GET(before + i) : ZERO);
            s[k] = MUL(GET(x->a + t * x->a_step + i), g[k]);
        }
        for (size_t k = 0; k < vectors; k++) {
            const size_t o = t * x->row + j + k * WIDTH;
            PUT(x->gb + o, g[k]);
            if (varies)
                PUT(x->ga + o, d[k]);
            else
                q[k] = ADD(q[k], d[k]);
        }
    }
    for (size_t k = 0; k < vectors; k++) {
        if (!varies) PUT(x->ga + j + k * WIDTH, q[k]);
        if (x->from == 0 && x->gh0 != NULL) PUT(x->gh0 + j + k * WIDTH, s[k]);
    }
}

static SSMI_RECUR_ADJOINT(NAME(adjoint), REAL)
{
    const size_t rows = ssmi_adjoint_rows(n * sizeof(REAL));
    NAME(tile) x = {.a = a, .h0 = h0, .gb = gb, .ga = ga, .gh0 = gh0, .G = G, .h_in = h, .T = T};
    x.a_step = a_step, x.n = n, x.row = n, x.mask = FIRST(n % WIDTH);
    /* The empty sequence still has gradients: they are zero. */
    for (size_t i = 0; T == 0 && gh0 != NULL && i < n; i++) gh0[i] = 0;
    for (size_t i = 0; T == 0 && a_step == 0 && i < n; i++) ga[i] = 0;
    for (x.to = T; x.to > 0; x.to = x.from) {
        x.from = x.to > rows ? x.to - rows : 0;
        EACH_REAL_STRIP(NAME(adjoint_strip));
    }
}

/* ---- complex: real parts at p, imaginary parts at p + n ---- */

SSMI_INLINE void NAME(complex_forward_strip)(const NAME(tile) * x, size_t j, size_t vectors, int part)
{
    const REAL *before = x->from > 0 ? x->h + (x->from - 1) * x->row : x->h0;
    const REAL *a = x->a + x->from * x->a_step + j, *b = x->b + x->from * x->row + j;
    const size_t n = x->n;
    REAL *h = x->h + x->from * x->row + j;
    VEC re[COMPLEX_STRIP], im[COMPLEX_STRIP];
    for (size_t k = 0; k < vectors; k++) {
        re[k] = before != NULL ? GET(before + j + k * WIDTH) : ZERO;
        im[k] = before != NULL ? GET(before + n + j + k * WIDTH) : ZERO;
    }
    for (size_t t = x->from; t < x->to; t++, a += x->a_step, b += x->row, h += x->row) {
        for (size_t k = 0; k < vectors; k++) {
            const size_t i = k * WIDTH;
            const VEC ar = GET(a + i), ai = GET(a + n + i), was = re[k];
            re[k] = ADD(SUB(MUL(ar, re[k]), MUL(ai, im[k])), GET(b + i));
            im[k] = ADD(ADD(MUL(ar, im[k]), MUL(ai, was)), GET(b + n + i));
        }
        for (size_t k = 0; k < vectors; k++) {
            PUT(h + k * WIDTH, re[k]);
            PUT(h + n + k * WIDTH, im[k]);
        }
    }
}

static SSMI_RECUR(NAME(complex_forward), REAL)
{
    const size_t rows = ssmi_forward_rows(2 * n * sizeof(REAL));
    NAME(tile) x = {.h = h, .a = a, .b = b, .h0 = h0, .a_step = a_step, .n = n, .row = 2 * n};
    x.mask = FIRST(n % WIDTH);
    for (x.from = 0; x.from < T; x.from = x.to) {
        x.to = T - x.from < rows ? T : x.from + rows;
        EACH_COMPLEX_STRIP(NAME(complex_forward_strip));
    }
}

/* As adjoint_strip, with conj(a) and conj(h). (r, s) is conj(a_{t+1}) g_{t+1}; (p, q) the sum for ga. */
SSMI_INLINE void NAME(complex_adjoint_strip)(const NAME(tile) * x, size_t j, size_t vectors, int part)
{
    VEC r[COMPLEX_STRIP], s[COMPLEX_STRIP], p[COMPLEX_STRIP], q[COMPLEX_STRIP];
    const int last = x->to == x->T, varies = x->a_step != 0;
    const size_t n = x->n;
    for (size_t k = 0; k < vectors; k++) {
        const size_t i = j + k * WIDTH;
        const REAL *a = x->a + x->to * x->a_step + i, *g = x->gb + x->to * x->row + i;
        r[k] = last ? ZERO : ADD(MUL(GET(a), GET(g)), MUL(GET(a + n), GET(g + n)));
        s[k] = last ? ZERO : SUB(MUL(GET(a), GET(g + n)), MUL(GET(a + n), GET(g)));
        p[k] = last || varies ? ZERO : GET(x->ga + i);
        q[k] = last || varies ? ZERO : GET(x->ga + n + i);
    }
    for (size_t t = x->to; t-- > x->from;) {
        const REAL *before = t > 0 ? x->h_in + (t - 1) * x->row : x->h0;
        for (size_t k = 0; k < vectors; k++) {
            const size_t i = j + k * WIDTH, o = t * x->row + i;
            const VEC ar = GET(x->a + t * x->a_step + i), ai = GET(x->a + t * x->a_step + n + i);
            const VEC hr = before != NULL ? GET(before + i) : ZERO;
            const VEC hi = before != NULL ? GET(before + n + i) : ZERO;
            const VEC gr = ADD(GET(x->G + o), r[k]), gi = ADD(GET(x->G + o + n), s[k]);
            const VEC dr = ADD(MUL(gr, hr), MUL(gi, hi)), di = SUB(MUL(gi, hr), MUL(gr, hi));
            PUT(x->gb + o, gr);
            PUT(x->gb + o + n, gi);
            if (varies) {
                PUT(x->ga + o, dr);
                PUT(x->ga + o + n, di);
            } else {
                p[k] = ADD(p[k], dr);
                q[k] = ADD(q[k], di);
            }
            r[k] = ADD(MUL(ar, gr), MUL(ai, gi));
            s[k] = SUB(MUL(ar, gi), MUL(ai, gr));
        }
    }
    for (size_t k = 0; k < vectors; k++) {
        const size_t i = j + k * WIDTH;
        if (!varies) PUT(x->ga + i, p[k]), PUT(x->ga + n + i, q[k]);
        if (x->from == 0 && x->gh0 != NULL) PUT(x->gh0 + i, r[k]), PUT(x->gh0 + n + i, s[k]);
    }
}

static SSMI_RECUR_ADJOINT(NAME(complex_adjoint), REAL)
{
    const size_t rows = ssmi_adjoint_rows(2 * n * sizeof(REAL));
    NAME(tile) x = {.a = a, .h0 = h0, .gb = gb, .ga = ga, .gh0 = gh0, .G = G, .h_in = h, .T = T};
    x.a_step = a_step, x.n = n, x.row = 2 * n, x.mask = FIRST(n % WIDTH);
    for (size_t i = 0; T == 0 && gh0 != NULL && i < 2 * n; i++) gh0[i] = 0;
    for (size_t i = 0; T == 0 && a_step == 0 && i < 2 * n; i++) ga[i] = 0;
    for (x.to = T; x.to > 0; x.to = x.from) {
        x.from = x.to > rows ? x.to - rows : 0;
        EACH_COMPLEX_STRIP(NAME(complex_adjoint_strip));
    }
}

#undef MASKED
#undef GET
#undef PUT
#undef REST
#undef EACH_STRIP
#undef EACH_REAL_STRIP
#undef EACH_COMPLEX_STRIP
#undef REAL
#undef WIDTH
#undef VEC
#undef ZERO
#undef LOAD
#undef STORE
#undef MASK
#undef FIRST
#undef LOAD_FIRST
#undef STORE_FIRST
#undef MUL
#undef ADD
#undef SUB
#undef NAME
