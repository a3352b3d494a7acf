/* Products with packed matrices; included after a lanes header and the integer lanes.
 *
 *     y_r = W x_r + bias          TILE_ROWS rows x one panel of 16 outputs stay in registers over all columns
 *
 * The panel (in * 64 bytes) stays in the first-level cache while all rows pass it. Integers: with q = round(x
 * / s) in 16 bits and weights v u in 8 bits, y = s v sum(q u) exactly up to the two roundings. */
enum { VECTORS = SSMI_PANEL / LANES };

static INLINE void store_panel(float *y, const vec *sum, size_t n)
{
    if (n == SSMI_PANEL) {
        for (size_t v = 0; v < VECTORS; v++) v_store(y + v * LANES, sum[v]);
        return;
    }
    for (size_t v = 0; v < VECTORS && n > v * LANES; v++)
        store_lanes(y + v * LANES, sum[v], lanes_left(n, v));
}

/* The outputs start from the bias, with `add` also from what y holds; n: outputs of this panel. */
static INLINE void open_panel(vec *sum, const float *y, const float *bias, size_t n, int add)
{
    for (size_t v = 0; v < VECTORS; v++) {
        sum[v] = v_load(bias + v * LANES);
        if (add && n > v * LANES) sum[v] = v_add(sum[v], load_lanes(y + v * LANES, lanes_left(n, v)));
    }
}

/* `rows` is a constant where this is inlined. */
static INLINE void product_tile(float *y, size_t y_stride, const float *x, size_t x_stride,
                                const float *panel, const float *bias, size_t in, size_t n, int add,
                                const size_t rows)
{
    vec sum[TILE_ROWS][VECTORS];
    for (size_t r = 0; r < rows; r++) open_panel(sum[r], y + r * y_stride, bias, n, add);
    for (size_t k = 0; k < in; k++, panel += SSMI_PANEL) {
        vec w[VECTORS];
        UNROLL
        for (size_t v = 0; v < VECTORS; v++) w[v] = v_load(panel + v * LANES);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const vec a = v_set(x[r * x_stride + k]);
            UNROLL
            for (size_t v = 0; v < VECTORS; v++) sum[r][v] = v_fma(a, w[v], sum[r][v]);
        }
    }
    for (size_t r = 0; r < rows; r++) store_panel(y + r * y_stride, sum[r], n);
}

static void product(float *y, size_t y_stride, const float *x, size_t x_stride, const ssmi_packed *w,
                    size_t rows, int add)
{
    for (size_t j = 0; j < w->out; j += SSMI_PANEL) {
        const size_t n = w->out - j < SSMI_PANEL ? w->out - j : SSMI_PANEL, in = w->in;
        const float *panel = w->panel + j * in, *bias = w->bias + j, *from = x;
        float *to = y + j;
        size_t r = 0;
        for (; r + TILE_ROWS <= rows;
             r += TILE_ROWS, to += TILE_ROWS * y_stride, from += TILE_ROWS * x_stride)
            product_tile(to, y_stride, from, x_stride, panel, bias, in, n, add, TILE_ROWS);
        for (; r + 2 <= rows; r += 2, to += 2 * y_stride, from += 2 * x_stride)
            product_tile(to, y_stride, from, x_stride, panel, bias, in, n, add, 2);
        if (r < rows) product_tile(to, y_stride, from, x_stride, panel, bias, in, n, add, 1);
    }
}

static void quantise(int16_t *q, float *scale, const float *x, size_t x_stride, size_t rows, size_t in)
{
    const size_t width = (in + 1) / 2 * 2;
    for (size_t r = 0; r < rows; r++, x += x_stride, q += width) {
        vec most = v_set(0);
        float largest = 0;
        size_t k = 0;
        for (; k + LANES <= in; k += LANES)
            most = v_max(most, v_max(v_load(x + k), v_sub(v_set(0), v_load(x + k))));
        for (; k < in; k++) largest = fmaxf(largest, fabsf(x[k]));
        largest = fmaxf(largest, v_largest(most));
        scale[r] = largest / 32767;
        const float inverse = largest > 0 ? 32767 / largest : 0;
        for (k = 0; k + LANES <= in; k += LANES) v_store_int16(q + k, v_mul(v_load(x + k), v_set(inverse)));
        for (; k < in; k++) q[k] = (int16_t)lrintf(x[k] * inverse);
        if (k < width) q[k] = 0;
    }
}

static INLINE void product8_tile(float *y, size_t y_stride, const int16_t *x, const float *x_scale,
                                 const int8_t *panel, const float *scale, const float *bias, size_t pairs,
                                 size_t n, int add, const size_t rows)
{
    ivec sum[TILE_ROWS][VECTORS];
    for (size_t r = 0; r < rows; r++) {
        for (size_t v = 0; v < VECTORS; v++) sum[r][v] = iv_zero();
    }
    for (size_t k = 0; k < pairs; k++, panel += 2 * SSMI_PANEL) {
        wvec w[VECTORS];
        UNROLL
        for (size_t v = 0; v < VECTORS; v++) w[v] = wv_load(panel + 2 * v * LANES);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const wvec a = wv_pair(x + (r * pairs + k) * 2);
            UNROLL
            for (size_t v = 0; v < VECTORS; v++) sum[r][v] = iv_add_products(sum[r][v], a, w[v]);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        vec out[VECTORS];
        open_panel(out, y + r * y_stride, bias, n, add);
        for (size_t v = 0; v < VECTORS; v++) {
            const vec unit = v_mul(v_set(x_scale[r]), v_load(scale + v * LANES));
            out[v] = v_add(v_mul(iv_to_real(sum[r][v]), unit), out[v]);
        }
        store_panel(y + r * y_stride, out, n);
    }
}

static void product8(float *y, size_t y_stride, const int16_t *x, const float *x_scale, const ssmi_packed *w,
                     size_t rows, int add)
{
    const size_t pairs = (w->in + 1) / 2;
    for (size_t j = 0; j < w->out; j += SSMI_PANEL) {
        const size_t n = w->out - j < SSMI_PANEL ? w->out - j : SSMI_PANEL;
        const int8_t *panel = w->panel8 + j * 2 * pairs;
        const float *bias = w->bias + j, *scale = w->scale + j;
        size_t r = 0;
        for (; r + TILE_ROWS <= rows; r += TILE_ROWS)
            product8_tile(y + r * y_stride + j, y_stride, x + r * 2 * pairs, x_scale + r, panel, scale, bias,
                          pairs, n, add, TILE_ROWS);
        for (; r + 2 <= rows; r += 2)
            product8_tile(y + r * y_stride + j, y_stride, x + r * 2 * pairs, x_scale + r, panel, scale, bias,
                          pairs, n, add, 2);
        if (r < rows)
            product8_tile(y + r * y_stride + j, y_stride, x + r * 2 * pairs, x_scale + r, panel, scale, bias,
                          pairs, n, add, 1);
    }
}
