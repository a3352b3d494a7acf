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

/* Channels [e, e + count LANES) of a row. */
static INLINE void conv_group(REAL *y, const REAL *const *rows, const conv_task *c, size_t e,
                              const size_t count)
{
    vec sum[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) sum[j] = conv_sum(c, rows, e + j * LANES, LANES);
    v_silus(sum, sum, count);
    UNROLL
    for (size_t j = 0; j < count; j++) v_store(y + e + j * LANES, sum[j]);
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

/* Channels [e, e + count LANES) of a row behind the first ones of its sequence; x: the oldest row that it
 * meets. Sums as conv_sum does; `count` and `taps` are constants where this is inlined. */
static INLINE void conv_inner(REAL *y, const REAL *x, const conv_task *c, size_t e, const size_t count,
                              const size_t taps)
{
    vec sum[STATE_BLOCK];
    UNROLL
    for (size_t j = 0; j < count; j++) sum[j] = v_load(c->bias + e + j * LANES);
    for (size_t k = 0; k < taps; k++) {
        const REAL *weight = c->weight + k * c->channels + e, *row = x + k * c->x_stride + e;
        UNROLL
        for (size_t j = 0; j < count; j++)
            sum[j] = v_fma(v_load(weight + j * LANES), v_load(row + j * LANES), sum[j]);
    }
    v_silus(sum, sum, count);
    UNROLL
    for (size_t j = 0; j < count; j++) v_store(y + e + j * LANES, sum[j]);
}

/* Whole vectors of such a row, in groups as large as it has; returns where they end. */
static inline size_t conv_inner_row(REAL *y, const REAL *x, const conv_task *c, const size_t taps)
{
    size_t e = 0;
    for (; e + STATE_BLOCK * LANES <= c->channels; e += STATE_BLOCK * LANES)
        conv_inner(y, x, c, e, STATE_BLOCK, taps);
    for (; e + STATE_BLOCK / 2 * LANES <= c->channels; e += STATE_BLOCK / 2 * LANES)
        conv_inner(y, x, c, e, STATE_BLOCK / 2, taps);
    for (; e + STATE_BLOCK / 4 * LANES <= c->channels; e += STATE_BLOCK / 4 * LANES)
        conv_inner(y, x, c, e, STATE_BLOCK / 4, taps);
    for (; e + LANES <= c->channels; e += LANES) conv_inner(y, x, c, e, 1, taps);
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
            for (; e + STATE_BLOCK * LANES <= c->channels; e += STATE_BLOCK * LANES)
                conv_group(y, rows, c, e, STATE_BLOCK);
            for (; e + LANES <= c->channels; e += LANES) conv_group(y, rows, c, e, 1);
            const size_t n = c->channels - e;
            if (n > 0) v_store_first(y + e, v_silu(conv_sum(c, rows, e, n)), n);
        }
        if (window == NULL) continue;
        keep_window(window, c, b);
        window += (c->taps - 1) * c->channels;
    }
}

/* Sums over time of one sequence and vector of channels. */
typedef struct conv_sums {
    vec weight[SSMI_CONV_TAPS], bias;
} conv_sums;

/* dc of rows [t, t + count), and the sums. */
static INLINE void conv_backward_group(REAL *dc, conv_sums *sums, const REAL *dy, const conv_task *c,
                                       size_t b, size_t e, const size_t n, size_t t, const size_t count)
{
    const REAL *rows[STATE_BLOCK][SSMI_CONV_TAPS];
    vec slope[STATE_BLOCK];
    for (size_t i = 0; i < count; i++) {
        conv_rows(rows[i], c, NULL, b, t + i);
        slope[i] = conv_sum(c, rows[i], e, n);
    }
    v_silu_slopes(slope, slope, count);
    for (size_t i = 0; i < count; i++) {
        const vec d = v_mul(load_lanes(dy + (b * c->length + t + i) * c->channels + e, n), slope[i]);
        store_lanes(dc + (t + i) * c->channels + e, d, n);
        sums->bias = v_add(sums->bias, d);
        for (size_t k = 0; k < c->taps; k++) {
            if (rows[i][k] != NULL)
                sums->weight[k] = v_fma(d, load_lanes(rows[i][k] + e, n), sums->weight[k]);
        }
    }
}

/* The same for rows behind the first ones of their sequence, which meet all taps. `taps` is a constant where
 * this is inlined, so that each row is loaded once. */
static INLINE void conv_backward_inner(REAL *dc, conv_sums *sums, const REAL *dy, const conv_task *c,
                                       size_t b, size_t e, const size_t n, size_t t, const size_t count,
                                       const size_t taps)
{
    const size_t stride = c->x_stride, channels = c->channels, row = b * c->length + t;
    const REAL *x = c->x + (row + 1 - taps) * stride + e, *from = dy + row * channels + e;
    REAL *to = dc + t * channels + e;
    const vec bias = load_lanes(c->bias + e, n);
    vec slope[STATE_BLOCK], d[STATE_BLOCK], rows[STATE_BLOCK + SSMI_CONV_TAPS];
    UNROLL
    for (size_t i = 0; i + 1 < count + taps; i++) rows[i] = load_lanes(x + i * stride, n);
    UNROLL
    for (size_t i = 0; i < count; i++) slope[i] = bias;
    UNROLL
    for (size_t k = 0; k < taps; k++) {
        const vec weight = load_lanes(c->weight + k * channels + e, n);
        UNROLL
        for (size_t i = 0; i < count; i++) slope[i] = v_fma(weight, rows[i + k], slope[i]);
    }
    v_silu_slopes(slope, slope, count);
    UNROLL
    for (size_t i = 0; i < count; i++) {
        d[i] = v_mul(load_lanes(from + i * channels, n), slope[i]);
        sums->bias = v_add(sums->bias, d[i]);
        UNROLL
        for (size_t k = 0; k < taps; k++) sums->weight[k] = v_fma(d[i], rows[i + k], sums->weight[k]);
    }
    UNROLL
    for (size_t i = 0; i < count; i++) store_lanes(to + i * channels, d[i], n);
}

static INLINE void conv_backward_sums(REAL *dc, REAL *dweight, REAL *dbias, const REAL *dy,
                                      const conv_task *c, size_t b, size_t e, const size_t n)
{
    conv_sums sums;
    size_t t = 0;
    for (size_t k = 0; k < SSMI_CONV_TAPS; k++) sums.weight[k] = v_set(0);
    sums.bias = v_set(0);
    if (c->taps == 4) { /* Mamba's */
        for (; t < 3 && t < c->length; t++) conv_backward_group(dc, &sums, dy, c, b, e, n, t, 1);
        for (; t + STATE_BLOCK <= c->length; t += STATE_BLOCK)
            conv_backward_inner(dc, &sums, dy, c, b, e, n, t, STATE_BLOCK, 4);
        for (; t < c->length; t++) conv_backward_inner(dc, &sums, dy, c, b, e, n, t, 1, 4);
    }
    for (; t + STATE_BLOCK <= c->length; t += STATE_BLOCK)
        conv_backward_group(dc, &sums, dy, c, b, e, n, t, STATE_BLOCK);
    for (; t < c->length; t++) conv_backward_group(dc, &sums, dy, c, b, e, n, t, 1);
    for (size_t k = 0; k < c->taps; k++) add_lanes(dweight + k * c->channels + e, sums.weight[k], n);
    add_lanes(dbias + e, sums.bias, n);
}

/* dx from row t on to row `end`, all of which meet `taps` later rows. */
static INLINE void conv_backward_rows(REAL *dx, const REAL *dc, const conv_task *c, size_t b, size_t e,
                                      const size_t n, size_t t, size_t end, const size_t taps)
{
    const size_t stride = c->x_stride, channels = c->channels, first = c->taps - taps;
    REAL *to = dx + b * c->length * stride + e;
    vec weight[SSMI_CONV_TAPS];
    for (size_t k = taps; k < SSMI_CONV_TAPS; k++) weight[k] = v_set(0);
    UNROLL
    for (size_t k = 0; k < taps; k++) weight[k] = load_lanes(c->weight + (first + k) * channels + e, n);
    for (; t < end; t++) {
        const REAL *later = dc + (t + taps - 1) * channels + e;
        vec d = v_set(0);
        UNROLL
        for (size_t k = 0; k < taps; k++) d = v_fma(weight[k], load_lanes(later - k * channels, n), d);
        store_lanes(to + t * stride, d, n);
    }
}

static INLINE void conv_backward_column(REAL *dx, REAL *dweight, REAL *dbias, const REAL *dy, REAL *dc,
                                        const conv_task *c, size_t b, size_t e, const size_t n)
{
    const size_t whole = c->length >= c->taps ? c->length + 1 - c->taps : 0;
    conv_backward_sums(dc, dweight, dbias, dy, c, b, e, n);
    if (c->taps == 4) /* a constant: the weights stay in registers */
        conv_backward_rows(dx, dc, c, b, e, n, 0, whole, 4);
    else
        conv_backward_rows(dx, dc, c, b, e, n, 0, whole, c->taps);
    for (size_t t = whole; t < c->length; t++)
        conv_backward_rows(dx, dc, c, b, e, n, t, t + 1, c->length - t);
}

static void conv_backward(REAL *dx, REAL *dweight, REAL *dbias, const REAL *dy, REAL *scratch,
                          const conv_task *c)
{
    for (size_t b = 0; b < c->batch; b++) {
        size_t e = 0;
        for (; e + LANES <= c->channels; e += LANES)
            conv_backward_column(dx, dweight, dbias, dy, scratch, c, b, e, LANES);
        if (e < c->channels) conv_backward_column(dx, dweight, dbias, dy, scratch, c, b, e, c->channels - e);
    }
}
