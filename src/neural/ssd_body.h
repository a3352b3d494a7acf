/* The Mamba-2 recurrence (Dao & Gu 2024, "Transformers are SSMs", eq. 16 with one decay per head), and the
 * norm, gate, step and rotation around it:
 *
 *     h_t = a_t h_{t-1} + dt_t B_t x_t'        per head; h (states, width), a_t = exp(dt_t A) a scalar
 *     y_t = C_t' h_t + D x_t
 *
 * Turning B and C by angles that grow with t makes the states complex: with pairs of states as complex
 * numbers it is h_t = a_t e^{-i w} h_{t-1} + ... read in a frame that turns along.
 *
 * Decays are put off: with p_t = a_t p_{t-1} and h_t = p_t g_t
 *
 *     g_t = g_{t-1} + (dt_t B_t / p_t) x_t'        y_t = p_t C_t' g_t + D x_t
 *
 * which spares one product in three. When p_t has fallen below SMALLEST it is multiplied into g and starts
 * from one. It is the diagonal recurrence of core/recurrence.h with a the same for all lanes, and the test
 * holds it to that. Known value: a = 1, dt = B = C = 1, D = 0 give the running sum of x. */
enum { HEAD_VECTORS = SSMI_PANEL / LANES < 4 ? 4 : SSMI_PANEL / LANES };

static const float SMALLEST = 0x1p-40f, NORM_EPSILON = 1e-6f;

static INLINE float square_sum(const float *x, size_t width)
{
    vec sum[2] = {v_set(0), v_set(0)};
    size_t j = 0;
    float rest = 0;
    for (; j + 2 * LANES <= width; j += 2 * LANES) {
        sum[0] = v_fma(v_load(x + j), v_load(x + j), sum[0]);
        sum[1] = v_fma(v_load(x + j + LANES), v_load(x + j + LANES), sum[1]);
    }
    for (; j < width; j++) rest += x[j] * x[j];
    return v_sum(v_add(sum[0], sum[1])) + rest;
}

static void norm(float *y, const float *x, const float *w, size_t rows, size_t width)
{
    for (size_t r = 0; r < rows; r++, x += width, y += width) {
        const float scale = 1 / sqrtf(square_sum(x, width) / (float)width + NORM_EPSILON);
        size_t j = 0;
        for (; j + LANES <= width; j += LANES)
            v_store(y + j, v_mul(v_mul(v_load(x + j), v_set(scale)), v_load(w + j)));
        for (; j < width; j++) y[j] = x[j] * scale * w[j];
    }
}

static void gated_norm(float *y, const float *z, const float *w, size_t rows, size_t width)
{
    for (size_t r = 0; r < rows; r++, y += width, z += width) {
        for (size_t j = 0; j < width; j += LANES) {
            const size_t n = lanes_left(width, j / LANES);
            store_lanes(y + j, v_mul(load_lanes(y + j, n), v_silu(load_lanes(z + j, n))), n);
        }
        norm(y, y, w, 1, width);
    }
}

static void silu(float *y, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) v_store(y + i, v_silu(v_load(y + i)));
    if (i < n) v_store_first(y + i, v_silu(v_load_first(y + i, n - i)), n - i);
}

static void steps(float *dt, float *decay, const float *raw, size_t stride, const float *bias, const float *A,
                  size_t rows, size_t heads)
{
    for (size_t r = 0; r < rows; r++, raw += stride, dt += heads, decay += heads) {
        for (size_t j = 0; j < heads; j += LANES) {
            const size_t n = lanes_left(heads, j / LANES);
            const vec step = v_softplus(v_add(load_lanes(raw + j, n), load_lanes(bias + j, n)));
            store_lanes(dt + j, step, n);
            store_lanes(decay + j, v_exp2(v_mul(v_mul(step, load_lanes(A + j, n)), v_set(LOG2E))), n);
        }
    }
}

static void rotate(float *v, size_t stride, const float *turn, size_t rows, size_t half)
{
    for (size_t r = 0; r < rows; r++, v += stride, turn += 2 * half) {
        for (size_t j = 0; j < half; j++) {
            const float re = v[j], im = v[j + half], c = turn[j], s = turn[j + half];
            v[j] = re * c - im * s;
            v[j + half] = re * s + im * c;
        }
    }
}

/* One row of one head, channels [e, e + vectors * LANES): adds the row to g, and with `y` reads it out. */
static INLINE void ssd_row(float *y, float *g, const float *x, const float *B, const float *C,
                           const float gain, const float p, const float D, size_t states, size_t width,
                           const size_t vectors)
{
    vec in[HEAD_VECTORS], sum[HEAD_VECTORS];
    UNROLL
    for (size_t v = 0; v < vectors; v++) {
        in[v] = v_mul(v_set(gain), v_load(x + v * LANES));
        sum[v] = v_set(0);
    }
    for (size_t n = 0; n < states; n++, g += width) {
        const vec b = v_set(B[n]), c = v_set(C[n]);
        UNROLL
        for (size_t v = 0; v < vectors; v++) {
            const vec next = v_fma(b, in[v], v_load(g + v * LANES));
            v_store(g + v * LANES, next);
            if (y != NULL) sum[v] = v_fma(c, next, sum[v]);
        }
    }
    for (size_t v = 0; y != NULL && v < vectors; v++)
        v_store(y + v * LANES, v_fma(v_set(p), sum[v], v_mul(v_set(D), v_load(x + v * LANES))));
}

static INLINE void ssd_head(float *y, float *g, const ssmi_ssd *s, size_t b, size_t head)
{
    const size_t size = s->states * s->width, chunk = HEAD_VECTORS * LANES;
    float p = 1;
    for (size_t t = 0; t < s->length; t++) {
        const size_t row = b * s->length + t;
        const float *x = s->x + row * s->x_stride + head * s->width;
        const float *B = s->B + row * s->bc_stride, *C = s->C + row * s->bc_stride;
        float *out = y + (row * s->heads + head) * s->width;
        p *= s->decay[row * s->heads + head];
        if (p < SMALLEST) {
            for (size_t i = 0; i < size; i++) g[i] *= p;
            p = 1;
        }
        const float gain = s->dt[row * s->heads + head] / p, D = s->D[head];
        size_t e = 0;
        for (; e + chunk <= s->width; e += chunk)
            ssd_row(t < s->from ? NULL : out + e, g + e, x + e, B, C, gain, p, D, s->states, s->width,
                    HEAD_VECTORS);
        for (; e < s->width; e += SSMI_PANEL)
            ssd_row(t < s->from ? NULL : out + e, g + e, x + e, B, C, gain, p, D, s->states, s->width,
                    VECTORS);
    }
    for (size_t i = 0; i < size; i++) g[i] *= p;
}

static void ssd(float *y, float *state, const ssmi_ssd *s)
{
    for (size_t b = 0; b < s->batch; b++) {
        for (size_t head = 0; head < s->heads; head++, state += s->states * s->width)
            ssd_head(y, state, s, b, head);
    }
}
