/* The recurrence of ssd_body.h as a masked product, its dual form (Dao & Gu 2024, eq. 20):
 *
 *     y_t = sum_{s <= t} (C_t' B_s) w_ts x_s + D x_t        w_ts = dt_s a_{s+1} ... a_t
 *
 * The products C B' serve all heads; per head the weights follow row by row, w_t = a_t w_{t-1} with w_tt =
 * dt_t, and the rest is a product of TILE_ROWS rows with packed panels of x, done by product_tile. Included
 * after it. Known value: a = 1, dt = B = C = 1, D = 0 give the running sum of x. */

typedef struct dual {
    const ssmi_ssd *s;
    size_t columns; /* length, rounded up to whole panels */
    float *CB;      /* (length, columns): C_t' B_s */
    float *B;       /* (columns / 16, states, 16) packed */
    float *x;       /* (width / 16, length, 16) packed, of one head */
    float *w;       /* (columns) weights of the present row; 0 for s > t */
    float *tile;    /* (TILE_ROWS, columns) */
    float *none;    /* (16) zeros */
} dual;

static dual open_dual(float *scratch, const ssmi_ssd *s)
{
    dual d = {.s = s, .columns = (s->length + SSMI_PANEL - 1) / SSMI_PANEL * SSMI_PANEL};
    d.CB = scratch;
    d.B = d.CB + s->length * d.columns;
    d.x = d.B + s->states * d.columns;
    d.w = d.x + s->width * d.columns;
    d.tile = d.w + d.columns;
    d.none = d.tile + SSMI_TILE_ROWS * d.columns;
    memset(d.none, 0, SSMI_PANEL * sizeof *d.none);
    return d;
}

/* Rows [t, t + rows) of y (rows, 16 at a time) = x W' or added to it, whatever `rows` is. */
static void any_rows(float *y, size_t y_stride, const float *x, size_t x_stride, const float *panel,
                     const float *bias, size_t in, int add, size_t rows)
{
    const factor f = {panel, in, SSMI_PANEL, bias, add, NULL};
    if (rows == TILE_ROWS) {
        product_tile(y, y_stride, x, x_stride, &f, TILE_ROWS, VECTORS);
        return;
    }
    for (; rows > 0; rows--, y += y_stride, x += x_stride)
        product_tile(y, y_stride, x, x_stride, &f, 1, VECTORS);
}

static size_t rows_of_tile(const dual *d, size_t t)
{
    return d->s->length - t < TILE_ROWS ? d->s->length - t : TILE_ROWS;
}

/* C B' of sequence b, up to the panel of the diagonal. */
static void multiply_CB(const dual *d, size_t b)
{
    const ssmi_ssd *s = d->s;
    const size_t first = b * s->length;
    memset(d->B, 0, s->states * d->columns * sizeof *d->B);
    for (size_t t = 0; t < s->length; t++) {
        const float *B = s->B + (first + t) * s->bc_stride;
        float *panel = d->B + t / SSMI_PANEL * SSMI_PANEL * s->states + t % SSMI_PANEL;
        for (size_t n = 0; n < s->states; n++) panel[n * SSMI_PANEL] = B[n];
    }
    for (size_t t = s->from; t < s->length; t += TILE_ROWS) {
        const size_t rows = rows_of_tile(d, t);
        for (size_t j = 0; j < t + rows; j += SSMI_PANEL)
            any_rows(d->CB + t * d->columns + j, d->columns, s->C + (first + t) * s->bc_stride, s->bc_stride,
                     d->B + j * s->states, d->none, s->states, 0, rows);
    }
}

/* Weights of row t; with `products` also what stands before x in the sum, to `columns` or the end of the
 * tile. */
static void weigh(const dual *d, float *products, size_t row, size_t head, size_t t, size_t end)
{
    const vec a = v_set(d->s->decay[row * d->s->heads + head]), tiny = v_set(1e-30f);
    const float *CB = d->CB + t * d->columns;
    for (size_t j = 0; j < t; j += LANES) {
        const vec w = v_mul(a, v_load(d->w + j));
        v_store(d->w + j, v_select_above(w, tiny, w, v_set(0)));
    }
    d->w[t] = d->s->dt[row * d->s->heads + head];
    if (products == NULL) return;
    size_t j = 0;
    for (; j <= t; j += LANES) v_store(products + j, v_mul(v_load(d->w + j), v_load(CB + j)));
    for (; j < end; j++) products[j] = 0;
}

static void pack_head(const dual *d, float *y, size_t b, size_t head)
{
    const ssmi_ssd *s = d->s;
    const vec D = v_set(s->D[head]);
    for (size_t t = 0; t < s->length; t++) {
        const float *x = s->x + (b * s->length + t) * s->x_stride + head * s->width;
        for (size_t e = 0; e < s->width; e += LANES) {
            v_store(d->x + (e / SSMI_PANEL * s->length + t) * SSMI_PANEL + e % SSMI_PANEL, v_load(x + e));
            if (t >= s->from) v_store(y + t * s->heads * s->width + e, v_mul(D, v_load(x + e)));
        }
    }
}

/* y: of row 0 of this sequence, first channel of this head. */
static void dual_head(const dual *d, float *y, size_t b, size_t head)
{
    const ssmi_ssd *s = d->s;
    const size_t stride = s->heads * s->width, first = b * s->length;
    pack_head(d, y, b, head);
    memset(d->w, 0, d->columns * sizeof *d->w);
    for (size_t t = 0; t < s->from; t++) weigh(d, NULL, first + t, head, t, 0);
    for (size_t t = s->from; t < s->length; t += TILE_ROWS) {
        const size_t rows = rows_of_tile(d, t);
        for (size_t r = 0; r < rows; r++)
            weigh(d, d->tile + r * d->columns, first + t + r, head, t + r, t + rows);
        for (size_t e = 0; e < s->width; e += SSMI_PANEL)
            any_rows(y + t * stride + e, stride, d->tile, d->columns, d->x + e * s->length, d->none, t + rows,
                     1, rows);
    }
}

static void ssd_dual(float *y, float *scratch, const ssmi_ssd *s)
{
    const dual d = open_dual(scratch, s);
    for (size_t b = 0; b < s->batch; b++) {
        multiply_CB(&d, b);
        for (size_t head = 0; head < s->heads; head++)
            dual_head(&d, y + (b * s->length * s->heads + head) * s->width, b, head);
    }
}
