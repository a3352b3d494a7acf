/* Products with packed matrices; included after a lanes header and the integer lanes.
 *
 *     y_r = W x_r + bias          TILE_ROWS rows x TILE_VECTORS vectors of outputs stay in registers
 *
 * A block of weights, 16 KB, is laid out on the stack, where halves become single precision, and stays in the
 * first-level cache while all rows pass it; the first tiles meanwhile fetch the halves of the next one:
 * waiting for them takes a tenth of the time of a short context otherwise. Integers: with q = round(x / s) in
 * 16 bits and weights v u in 8 bits, y = s v sum(q u) exactly up to the two roundings. */
enum {
    VECTORS = SSMI_PANEL / LANES,
    TILE_OUTPUTS = TILE_VECTORS * LANES,
    TILE_PANELS = TILE_OUTPUTS / SSMI_PANEL,
    BLOCK_FLOATS = 4096,
    BLOCK_COLUMNS = BLOCK_FLOATS / TILE_OUTPUTS
};

/* n: outputs of this tile that there are. */
static INLINE void store_tile(float *y, const vec *sum, size_t n, const size_t vectors)
{
    for (size_t v = 0; v < vectors && n > v * LANES; v++)
        store_lanes(y + v * LANES, sum[v], lanes_left(n, v));
}

/* The outputs start from the bias (NULL: zeros), with `add` also from what y holds. */
static INLINE void open_tile(vec *sum, const float *y, const float *bias, size_t n, int add,
                             const size_t vectors)
{
    for (size_t v = 0; v < vectors; v++) {
        const size_t left = n > v * LANES ? lanes_left(n, v) : 0;
        sum[v] = bias != NULL && left > 0 ? load_lanes(bias + v * LANES, left) : v_set(0);
        if (add && left > 0) sum[v] = v_add(sum[v], load_lanes(y + v * LANES, left));
    }
}

/* What the rows of a tile are multiplied with. */
typedef struct factor {
    const float *w; /* (in, TILE_OUTPUTS, or 16) */
    size_t in, n;   /* n: outputs that there are */
    const float *bias;
    int add;
    const uint16_t *ahead; /* (in, 16) halves to fetch meanwhile; NULL: none */
} factor;

/* `rows` and `vectors` are constants where this is inlined. */
static INLINE void product_tile(float *y, size_t y_stride, const float *x, size_t x_stride, const factor *f,
                                const size_t rows, const size_t vectors)
{
    vec sum[TILE_ROWS][TILE_VECTORS];
    const float *block = f->w;
    const uint16_t *ahead = f->ahead;
    for (size_t r = 0; r < rows; r++) open_tile(sum[r], y + r * y_stride, f->bias, f->n, f->add, vectors);
    for (size_t k = 0; k < f->in; k++, block += vectors * LANES) {
        vec w[TILE_VECTORS];
        if (ahead != NULL) FETCH(ahead + k * SSMI_PANEL);
        UNROLL
        for (size_t v = 0; v < vectors; v++) w[v] = v_load(block + v * LANES);
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const vec a = v_set(x[r * x_stride + k]);
            UNROLL
            for (size_t v = 0; v < vectors; v++) sum[r][v] = v_fma(a, w[v], sum[r][v]);
        }
    }
    for (size_t r = 0; r < rows; r++) store_tile(y + r * y_stride, sum[r], f->n, vectors);
}

typedef void tile_function(float *y, size_t y_stride, const float *x, size_t x_stride, const factor *f);

#define TILE(rows)                                                                                           \
    static void tile_##rows(float *y, size_t y_stride, const float *x, size_t x_stride, const factor *f)     \
    {                                                                                                        \
        product_tile(y, y_stride, x, x_stride, f, rows, TILE_VECTORS);                                       \
    }
TILE(1)
TILE(2)
#if TILE_ROWS > 2
TILE(3)
TILE(4)
TILE(5)
TILE(6)
#endif
#if TILE_ROWS > 6
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
#endif
#undef TILE

static tile_function *const tile_of[TILE_ROWS] = {
    tile_1, tile_2,
#if TILE_ROWS > 2
    tile_3, tile_4, tile_5, tile_6,
#endif
#if TILE_ROWS > 6
    tile_7, tile_8, tile_9, tile_10, tile_11, tile_12,
#endif
};

/* All rows with one block, in as few tiles as it takes, all about as tall: a lone row would wait for its own
 * sums most of the time. ahead (TILE_PANELS): one for each of the first tiles. */
static void product_rows(float *y, size_t y_stride, const float *x, size_t x_stride, factor *f,
                         const uint16_t *const *ahead, size_t rows)
{
    size_t p = 0;
    for (size_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS; tiles > 0; tiles--) {
        const size_t height = (rows + tiles - 1) / tiles;
        f->ahead = p < TILE_PANELS ? ahead[p++] : NULL;
        tile_of[height - 1](y, y_stride, x, x_stride, f);
        y += height * y_stride;
        x += height * x_stride;
        rows -= height;
    }
}

/* block (columns, TILE_OUTPUTS): columns [k, k + columns) of the panels from output j on. */
static INLINE void lay_out(float *block, const ssmi_packed *w, size_t j, size_t k, size_t columns)
{
    for (size_t p = 0; p < TILE_PANELS && j + p * SSMI_PANEL < w->out; p++) {
        const size_t from = (j + p * SSMI_PANEL) * w->in + k * SSMI_PANEL;
        float *to = block + p * SSMI_PANEL;
        for (size_t i = 0; i < columns; i++) {
            for (size_t v = 0; v < VECTORS; v++) {
                const size_t at = from + i * SSMI_PANEL + v * LANES;
                v_store(to + i * TILE_OUTPUTS + v * LANES,
                        w->half != NULL ? v_load_half(w->half + at) : v_load(w->panel + at));
            }
        }
    }
}

/* Where lay_out will read next, after columns up to k of the panels from output j on. */
static void look_ahead(const uint16_t **ahead, const ssmi_packed *w, size_t j, size_t k)
{
    if (k >= w->in) j += TILE_OUTPUTS, k = 0;
    for (size_t p = 0; p < TILE_PANELS; p++, j += SSMI_PANEL)
        ahead[p] = w->half != NULL && j < w->out ? w->half + j * w->in + k * SSMI_PANEL : NULL;
}

static void product(float *y, size_t y_stride, const float *x, size_t x_stride, const ssmi_packed *w,
                    size_t rows, int add)
{
    _Alignas(64) float block[BLOCK_FLOATS] = {0};
    const uint16_t *ahead[TILE_PANELS];
    for (size_t j = 0; j < w->out; j += TILE_OUTPUTS) {
        factor f = {.w = block, .n = w->out - j < TILE_OUTPUTS ? w->out - j : TILE_OUTPUTS};
        for (size_t k = 0; k < w->in; k += f.in) {
            f.in = w->in - k < BLOCK_COLUMNS ? w->in - k : BLOCK_COLUMNS;
            f.bias = k == 0 ? w->bias + j : NULL;
            f.add = add || k > 0;
            lay_out(block, w, j, k, f.in);
            look_ahead(ahead, w, j, k + f.in);
            product_rows(y + j, y_stride, x + k, x_stride, &f, ahead, rows);
        }
    }
}

/* Panels [p, p + panels) against one row. Columns go to CHAINS sums in turn, or each product would wait for
 * the one before it. */
enum { CHAINS = 4 };

static INLINE vec panel_lanes(const ssmi_packed *w, size_t at)
{
    return w->half != NULL ? v_load_half(w->half + at) : v_load(w->panel + at);
}

static INLINE void vector_panels(float *y, const float *x, const ssmi_packed *w, size_t p,
                                 const size_t panels)
{
    vec sum[CHAINS][2 * VECTORS];
    const size_t vectors = panels * VECTORS, at = p * SSMI_PANEL * w->in;
    size_t k = 0;
    for (size_t c = 0; c < CHAINS; c++)
        for (size_t v = 0; v < vectors; v++) sum[c][v] = v_set(0);
    for (; k + CHAINS <= w->in; k += CHAINS) {
        UNROLL
        for (size_t c = 0; c < CHAINS; c++) {
            UNROLL
            for (size_t v = 0; v < vectors; v++) {
                const size_t from = at + v / VECTORS * SSMI_PANEL * w->in + v % VECTORS * LANES;
                sum[c][v] = v_fma(v_set(x[k + c]), panel_lanes(w, from + (k + c) * SSMI_PANEL), sum[c][v]);
            }
        }
    }
    for (; k < w->in; k++) {
        for (size_t v = 0; v < vectors; v++) {
            const size_t from = at + v / VECTORS * SSMI_PANEL * w->in + v % VECTORS * LANES;
            sum[0][v] = v_fma(v_set(x[k]), panel_lanes(w, from + k * SSMI_PANEL), sum[0][v]);
        }
    }
    for (size_t v = 0; v < vectors; v++) {
        const vec bias = v_load(w->bias + p * SSMI_PANEL + v * LANES);
        sum[0][v] = v_add(bias, v_add(v_add(sum[0][v], sum[1][v]), v_add(sum[2][v], sum[3][v])));
    }
    store_tile(y + p * SSMI_PANEL, sum[0], w->out - p * SSMI_PANEL, vectors);
}

static void vector(float *y, const float *x, const ssmi_packed *w)
{
    const size_t panels = (w->out + SSMI_PANEL - 1) / SSMI_PANEL;
    size_t p = 0;
    for (; p + 2 <= panels; p += 2) vector_panels(y, x, w, p, 2);
    if (p < panels) vector_panels(y, x, w, p, 1);
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
        open_tile(out, y + r * y_stride, bias, n, add, VECTORS);
        for (size_t v = 0; v < VECTORS; v++) {
            const vec unit = v_mul(v_set(x_scale[r]), v_load(scale + v * LANES));
            out[v] = v_add(v_mul(iv_to_real(sum[r][v]), unit), out[v]);
        }
        store_tile(y + r * y_stride, out, n, VECTORS);
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
