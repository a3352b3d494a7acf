/* Causal depthwise convolution and SiLU, the local mixing before the scan:
 *
 *     c_t = bias + sum_{k<W} weight[k] x_{t-W+1+k},   y_t = silu(c_t),   x before the sequence = window or 0
 *
 * and its adjoint  dc_t = dy_t silu'(c_t),  dx_t = sum_k weight[k] dc_{t+W-1-k},
 * dweight[k] = sum_t dc_t x_{t-W+1+k},  dbias = sum_t dc_t.
 * Known value: weight (0, ..., 0, 1) and no bias give silu(x). */
typedef NAME(ssmi_conv) conv_task;

/* Row t of sequence b; before the sequence a row of the window, or NULL for zeros. */
static inline const REAL *conv_row(const conv_task *c, const REAL *window, size_t b, size_t t, size_t back)
{
    if (t >= back) return c->x + (b * c->length + t - back) * c->x_stride;
    return window != NULL ? window + (c->taps - 1 + t - back) * c->channels : NULL;
}

static inline vec conv_sum(const conv_task *c, const REAL *const *rows, size_t e, size_t n)
{
    vec sum = load_lanes(c->bias + e, n);
    for (size_t k = 0; k < c->taps; k++) {
        if (rows[k] != NULL)
            sum = v_fma(load_lanes(c->weight + k * c->channels + e, n), load_lanes(rows[k] + e, n), sum);
    }
    return sum;
}

static inline void conv_rows(const REAL **rows, const conv_task *c, const REAL *window, size_t b, size_t t)
{
    for (size_t k = 0; k < c->taps; k++) rows[k] = conv_row(c, window, b, t, c->taps - 1 - k);
}

/* The last taps-1 rows of window and sequence together. Rows only move towards the front, so they may move
 * in place. */
static void keep_window(REAL *window, const conv_task *c, size_t b)
{
    for (size_t k = 0; k + 1 < c->taps; k++) {
        const REAL *from = conv_row(c, window, b, c->length, c->taps - 1 - k);
        memmove(window + k * c->channels, from, c->channels * sizeof *window);
    }
}

/* Whole vectors of a row behind the first ones of its sequence, from the oldest row x that it meets; returns
 * where they end. Sums as conv_sum does; `taps` is a constant where this is inlined. */
static inline size_t conv_inner_row(REAL *y, const REAL *x, const conv_task *c, const size_t taps)
{
    size_t e = 0;
    for (; e + LANES <= c->channels; e += LANES) {
        vec sum = v_load(c->bias + e);
        for (size_t k = 0; k < taps; k++)
            sum = v_fma(v_load(c->weight + k * c->channels + e), v_load(x + k * c->x_stride + e), sum);
        v_store(y + e, v_silu(sum));
    }
    return e;
}

static void conv_forward(REAL *y, REAL *window, const conv_task *c)
{
    const REAL *rows[SSMI_CONV_TAPS];
    for (size_t b = 0; b < c->batch; b++) {
        for (size_t t = 0; t < c->length; t++, y += c->channels) {
            size_t e = 0;
            conv_rows(rows, c, window, b, t);
            if (t >= 3 && c->taps == 4) e = conv_inner_row(y, rows[0], c, 4); /* Mamba's */
            for (; e + LANES <= c->channels; e += LANES) v_store(y + e, v_silu(conv_sum(c, rows, e, LANES)));
            const size_t n = c->channels - e;
            if (n > 0) v_store_first(y + e, v_silu(conv_sum(c, rows, e, n)), n);
        }
        if (window == NULL) continue;
        keep_window(window, c, b);
        window += (c->taps - 1) * c->channels;
    }
}

/* dc of one sequence, and from it the sums over time. */
static inline void conv_backward_sums(REAL *dc, REAL *dweight, REAL *dbias, const REAL *dy,
                                      const conv_task *c, size_t b, size_t e, const size_t n)
{
    const REAL *rows[SSMI_CONV_TAPS];
    vec sum[SSMI_CONV_TAPS], total = v_set(0);
    for (size_t k = 0; k < c->taps; k++) sum[k] = v_set(0);
    for (size_t t = 0; t < c->length; t++) {
        conv_rows(rows, c, NULL, b, t);
        vec slope = v_silu_slope(conv_sum(c, rows, e, n));
        vec d = v_mul(load_lanes(dy + (b * c->length + t) * c->channels + e, n), slope);
        store_lanes(dc + t * c->channels + e, d, n);
        total = v_add(total, d);
        for (size_t k = 0; k < c->taps; k++) {
            if (rows[k] != NULL) sum[k] = v_fma(d, load_lanes(rows[k] + e, n), sum[k]);
        }
    }
    for (size_t k = 0; k < c->taps; k++) add_lanes(dweight + k * c->channels + e, sum[k], n);
    add_lanes(dbias + e, total, n);
}

static inline void conv_backward_rows(REAL *dx, const REAL *dc, const conv_task *c, size_t b, size_t e,
                                      const size_t n)
{
    for (size_t t = 0; t < c->length; t++) {
        vec d = v_set(0);
        for (size_t k = 0; k < c->taps; k++) {
            const size_t later = t + c->taps - 1 - k;
            if (later < c->length)
                d = v_fma(load_lanes(c->weight + k * c->channels + e, n),
                          load_lanes(dc + later * c->channels + e, n), d);
        }
        store_lanes(dx + (b * c->length + t) * c->x_stride + e, d, n);
    }
}

static void conv_backward(REAL *dx, REAL *dweight, REAL *dbias, const REAL *dy, REAL *scratch,
                          const conv_task *c)
{
    for (size_t b = 0; b < c->batch; b++) {
        size_t e = 0;
        for (; e + LANES <= c->channels; e += LANES) {
            conv_backward_sums(scratch, dweight, dbias, dy, c, b, e, LANES);
            conv_backward_rows(dx, scratch, c, b, e, LANES);
        }
        const size_t n = c->channels - e;
        if (n == 0) continue;
        conv_backward_sums(scratch, dweight, dbias, dy, c, b, e, n);
        conv_backward_rows(dx, scratch, c, b, e, n);
    }
}
