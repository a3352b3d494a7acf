/* S4D (Gu, Gupta, Goel & Re 2022, "On the Parameterization and Initialization of Diagonal State Space
 * Models", eq. 2-6) for one element type. Per channel and pair, with (a_t, w_t) the step dt s_t of
 * core/discretise.h:
 *
 *     h_t = a_t h_{t-1} + w_t x_t         y_t = 2 Re sum_n C_n h_t[n] + D x_t
 *
 * on the recurrence of core/recurrence.h and its adjoint. With g_t the gradient of h_t (dL/dRe + i dL/dIm):
 *
 *     G_t = 2 conj(C) dy_t     g_t = G_t + conj(a_{t+1}) g_{t+1}     dC = 2 sum_t dy_t conj(h_t)
 *     dx_t = Re sum_n conj(w) g_t + D dy_t     dw = sum_t x_t g_t     da = sum_t conj(h_{t-1}) g_t
 *     dlambda = conj(a_lambda) da + conj(w_lambda) dw     ddt = Re sum_n (conj(a_dt) da + conj(w_dt) dw)
 *
 * Equal steps make y a convolution with the answer K to a unit impulse, y = K * x + D x, done by FFT (eq. 7);
 * the gradient of K goes through the recurrence of that impulse, once for the whole batch.
 * The backward pass runs each tile of SSMI_S4D_TILE rows again from its stored state: per token and channel
 * 2 pairs / SSMI_S4D_TILE elements are kept. Known value: lambda -> 0, dt = 1, C = 1/2 gives the running sum.
 */
typedef struct NAME(s4d_tile) {
    const NAME(ssmi_s4d) * s;
    size_t row, rows, lanes, a_step; /* a_step: 0, or elements between rows of a and w */
    REAL *a, *w, *h;                 /* (rows or 1, 2, lanes) twice, (rows, 2, lanes) */
    REAL *g, *da, *dw, *carry;       /* (rows, 2, lanes) as a and w twice, (2, lanes) */
} NAME(s4d_tile);

static size_t NAME(s4d_tile_size)(size_t channels, size_t pairs)
{
    return (6 * SSMI_S4D_TILE + 1) * 2 * pairs * channels;
}

static NAME(s4d_tile) NAME(s4d_open)(REAL *scratch, const NAME(ssmi_s4d) * s)
{
    const size_t lanes = s->pairs * s->channels, part = SSMI_S4D_TILE * 2 * lanes;
    NAME(s4d_tile) t = {.s = s, .lanes = lanes, .a_step = s->step != NULL ? 2 * lanes : 0};
    REAL **parts[] = {&t.a, &t.w, &t.h, &t.g, &t.da, &t.dw};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) *parts[i] = scratch + i * part;
    t.carry = scratch + 6 * part;
    return t;
}

size_t NAME(ssmi_s4d_scratch)(size_t length, size_t channels, size_t pairs)
{
    return NAME(s4d_tile_size)(channels, pairs) + 2 * length * channels + 2 * ssmi_s4d_fft_size(length) +
           ssmi_s4d_fft_size(length) * channels;
}

static size_t NAME(s4d_record_states)(size_t length, size_t channels, size_t pairs)
{
    return (ssmi_s4d_tiles(length) + 1) * 2 * pairs * channels;
}

size_t NAME(ssmi_s4d_record)(size_t length, size_t channels, size_t pairs)
{
    return ssmi_s4d_fft_size(length) * channels + NAME(s4d_record_states)(length, channels, pairs);
}

/* a and w of all lanes for a step of `scale` dt. */
static void NAME(s4d_discretise)(REAL *a, REAL *w, const NAME(s4d_tile) * t, REAL scale)
{
    const NAME(ssmi_s4d) *s = t->s;
    for (size_t i = 0; i < t->lanes; i++) {
        const double lambda[2] = {(double)s->lambda[i], (double)s->lambda[t->lanes + i]};
        double ai[2], wi[2];
        ssmi_discretise_diagonal_complex(ai, wi, lambda, (double)(s->dt[i % s->channels] * scale), 1,
                                         s->rule);
        a[i] = (REAL)ai[0], a[t->lanes + i] = (REAL)ai[1];
        w[i] = (REAL)wi[0], w[t->lanes + i] = (REAL)wi[1];
    }
}

static void NAME(s4d_steps)(NAME(s4d_tile) * t)
{
    for (size_t r = 0; r < t->rows && t->a_step > 0; r++) {
        const REAL scale = t->s->step[t->row + r];
        REAL *a = t->a + r * t->a_step, *w = t->w + r * t->a_step;
        if (r > 0 && scale == t->s->step[t->row + r - 1]) {
            memcpy(a, a - t->a_step, t->a_step * sizeof *a);
            memcpy(w, w - t->a_step, t->a_step * sizeof *w);
        } else {
            NAME(s4d_discretise)(a, w, t, scale);
        }
    }
}

/* The states of the tile's rows, from the state before them. */
static void NAME(s4d_states)(NAME(s4d_tile) * t, const REAL *state, const ssmi_kernels *kernels)
{
    const size_t E = t->s->channels;
    NAME(s4d_steps)(t);
    for (size_t r = 0; r < t->rows; r++) {
        const REAL *x = t->s->x + (t->row + r) * t->s->x_stride, *w = t->w + r * t->a_step;
        REAL *h = t->h + r * 2 * t->lanes;
        for (size_t i = 0; i < 2 * t->lanes; i += E) {
            for (size_t e = 0; e < E; e++) h[i + e] = w[i + e] * x[e];
        }
    }
    kernels->RECUR(t->h, t->a, t->h, state, t->a_step, t->rows, t->lanes);
}

static void NAME(s4d_read)(REAL *y, const NAME(s4d_tile) * t)
{
    const size_t E = t->s->channels;
    for (size_t r = 0; r < t->rows; r++, y += E) {
        const REAL *x = t->s->x + (t->row + r) * t->s->x_stride, *h = t->h + r * 2 * t->lanes;
        for (size_t e = 0; e < E; e++) y[e] = 0;
        for (size_t i = 0; i < t->lanes; i += E) {
            const REAL *re = t->s->C + i, *im = re + t->lanes;
            for (size_t e = 0; e < E; e++) y[e] += re[e] * h[i + e] - im[e] * h[t->lanes + i + e];
        }
        for (size_t e = 0; e < E; e++) y[e] = 2 * y[e] + (t->s->D != NULL ? t->s->D[e] * x[e] : 0);
    }
}

static void NAME(s4d_place)(NAME(s4d_tile) * t, size_t b, size_t tile)
{
    const size_t first = tile * SSMI_S4D_TILE, left = t->s->length - first;
    t->row = b * t->s->length + first;
    t->rows = left < SSMI_S4D_TILE ? left : SSMI_S4D_TILE;
}

void NAME(ssmi_s4d_forward)(REAL *y, REAL *state, REAL *checkpoints, REAL *scratch, const NAME(ssmi_s4d) * s,
                            const ssmi_kernels *kernels)
{
    NAME(s4d_tile) t = NAME(s4d_open)(scratch, s);
    const size_t size = 2 * t.lanes, tiles = ssmi_s4d_tiles(s->length);
    if (s->step == NULL) NAME(s4d_discretise)(t.a, t.w, &t, 1);
    for (size_t i = 0; i < s->batch * tiles; i++) {
        REAL *before = state + i / tiles * size;
        NAME(s4d_place)(&t, i / tiles, i % tiles);
        if (checkpoints != NULL) memcpy(checkpoints + i * size, before, size * sizeof *state);
        NAME(s4d_states)(&t, before, kernels);
        NAME(s4d_read)(y + t.row * s->channels, &t);
        memcpy(before, t.h + (t.rows - 1) * size, size * sizeof *state);
    }
}

/* From the gradients of one row of (a, w), reached by a step of `scale` dt, to those of lambda and dt. */
static void NAME(s4d_chain)(const NAME(ssmi_s4d_grad) * grad, const REAL *da, const REAL *dw,
                            const NAME(s4d_tile) * t, REAL scale)
{
    const NAME(ssmi_s4d) *s = t->s;
    const size_t n = t->lanes;
    for (size_t i = 0; i < n; i++) {
        const double lambda[2] = {(double)s->lambda[i], (double)s->lambda[n + i]};
        const ssmi_s4d_slopes k =
            ssmi_s4d_slopes_of(lambda, (double)(s->dt[i % s->channels] * scale), s->rule);
        const double a[2] = {(double)da[i], (double)da[n + i]}, w[2] = {(double)dw[i], (double)dw[n + i]};
        grad->dlambda[i] +=
            (REAL)(k.a_lambda[0] * a[0] + k.a_lambda[1] * a[1] + k.w_lambda[0] * w[0] + k.w_lambda[1] * w[1]);
        grad->dlambda[n + i] +=
            (REAL)(k.a_lambda[0] * a[1] - k.a_lambda[1] * a[0] + k.w_lambda[0] * w[1] - k.w_lambda[1] * w[0]);
        grad->ddt[i % s->channels] +=
            scale * (REAL)(k.a_dt[0] * a[0] + k.a_dt[1] * a[1] + k.w_dt[0] * w[0] + k.w_dt[1] * w[1]);
    }
}

/* Gradients of the outputs with respect to the states, into g; and dC. */
static void NAME(s4d_open_adjoint)(const NAME(ssmi_s4d_grad) * grad, NAME(s4d_tile) * t, const REAL *dy)
{
    const size_t E = t->s->channels, n = t->lanes;
    for (size_t r = 0; r < t->rows; r++, dy += E) {
        const REAL *h = t->h + r * 2 * n;
        REAL *g = t->g + r * 2 * n;
        for (size_t i = 0; i < n; i += E) {
            const REAL *re = t->s->C + i, *im = re + n;
            for (size_t e = 0; e < E; e++) {
                g[i + e] = 2 * re[e] * dy[e];
                g[n + i + e] = -2 * im[e] * dy[e];
                grad->dC[i + e] += 2 * dy[e] * h[i + e];
                grad->dC[n + i + e] -= 2 * dy[e] * h[n + i + e];
            }
        }
    }
    REAL *last = t->g + (t->rows - 1) * 2 * n;
    for (size_t i = 0; i < 2 * n; i++) last[i] += t->carry[i];
}

/* dx, dw and dD of the tile; dw summed over its rows where all steps are equal. */
static void NAME(s4d_close_adjoint)(const NAME(ssmi_s4d_grad) * grad, const NAME(s4d_tile) * t,
                                    const REAL *dy)
{
    const NAME(ssmi_s4d) *s = t->s;
    const size_t E = s->channels;
    for (size_t r = 0; r < t->rows; r++, dy += E) {
        const REAL *x = s->x + (t->row + r) * s->x_stride, *w = t->w + r * t->a_step;
        const REAL *g = t->g + r * 2 * t->lanes;
        REAL *dx = grad->dx + (t->row + r) * s->x_stride, *dw = t->dw + r * t->a_step;
        if (t->a_step > 0) memset(dw, 0, t->a_step * sizeof *dw);
        for (size_t e = 0; e < E; e++) dx[e] = s->D != NULL ? s->D[e] * dy[e] : 0;
        for (size_t e = 0; e < E && s->D != NULL; e++) grad->dD[e] += x[e] * dy[e];
        for (size_t i = 0; i < 2 * t->lanes; i += E) {
            for (size_t e = 0; e < E; e++) {
                dx[e] += w[i + e] * g[i + e];
                dw[i + e] += x[e] * g[i + e];
            }
        }
    }
}

static void NAME(s4d_backward_tile)(const NAME(ssmi_s4d_grad) * grad, NAME(s4d_tile) * t, const REAL *dy,
                                    const REAL *state, const ssmi_kernels *kernels)
{
    const size_t size = 2 * t->lanes;
    REAL *sum = t->da + (SSMI_S4D_TILE - 1) * size; /* free where all steps are equal */
    NAME(s4d_states)(t, state, kernels);
    NAME(s4d_open_adjoint)(grad, t, dy);
    kernels->RECUR_BACK(t->g, t->da, t->carry, t->g, t->a, t->h, state, t->a_step, t->rows, t->lanes);
    NAME(s4d_close_adjoint)(grad, t, dy);
    if (t->a_step == 0) {
        for (size_t i = 0; i < size; i++) sum[i] += t->da[i];
        return;
    }
    for (size_t r = 0; r < t->rows; r++)
        NAME(s4d_chain)(grad, t->da + r * size, t->dw + r * size, t, t->s->step[t->row + r]);
}

void NAME(ssmi_s4d_backward)(const NAME(ssmi_s4d_grad) * grad, const REAL *dy, const REAL *checkpoints,
                             REAL *scratch, const NAME(ssmi_s4d) * s, const ssmi_kernels *kernels)
{
    NAME(s4d_tile) t = NAME(s4d_open)(scratch, s);
    const size_t size = 2 * t.lanes, tiles = ssmi_s4d_tiles(s->length);
    REAL *sum = t.da + (SSMI_S4D_TILE - 1) * size;
    if (s->step == NULL) NAME(s4d_discretise)(t.a, t.w, &t, 1);
    memset(sum, 0, size * sizeof *sum);
    memset(t.dw, 0, size * sizeof *t.dw);
    for (size_t b = 0; b < s->batch; b++) {
        memset(t.carry, 0, size * sizeof *t.carry);
        for (size_t i = tiles; i-- > 0;) {
            NAME(s4d_place)(&t, b, i);
            NAME(s4d_backward_tile)
            (grad, &t, dy + t.row * s->channels, checkpoints + (b * tiles + i) * size, kernels);
        }
    }
    if (s->step == NULL) NAME(s4d_chain)(grad, sum, t.dw, &t, 1);
}

/* ---- convolution ---- */

typedef struct NAME(s4d_fft) {
    size_t n;
    REAL *spectrum, *states, *checkpoints; /* the record: (channels, n), (2, lanes), (tiles, 2, lanes) */
    REAL *impulse, *kernel;                /* (length, channels) */
    REAL *u, *v;                           /* (n) */
    REAL *sum;                             /* (channels, n) */
    REAL *tile;
} NAME(s4d_fft);

static NAME(s4d_fft) NAME(s4d_open_fft)(REAL *record, REAL *scratch, const NAME(ssmi_s4d) * s)
{
    const size_t n = ssmi_s4d_fft_size(s->length), E = s->channels, plane = s->length * E;
    NAME(s4d_fft) f = {.n = n, .spectrum = record, .tile = scratch};
    f.states = record + n * E;
    f.checkpoints = f.states + 2 * s->pairs * E;
    f.impulse = scratch + NAME(s4d_tile_size)(E, s->pairs);
    f.kernel = f.impulse + plane;
    f.u = f.kernel + plane;
    f.v = f.u + n;
    f.sum = f.v + n;
    memset(f.impulse, 0, plane * sizeof *f.impulse);
    for (size_t e = 0; e < E && s->length > 0; e++) f.impulse[e] = 1;
    return f;
}

/* The layer that a unit impulse at row 0 meets. */
static NAME(ssmi_s4d) NAME(s4d_impulse)(const NAME(s4d_fft) * f, const NAME(ssmi_s4d) * s)
{
    NAME(ssmi_s4d) one = *s;
    one.batch = 1;
    one.x = f->impulse;
    one.x_stride = s->channels;
    one.D = NULL;
    return one;
}

/* Spectrum of column e of rows [0, length), zeros behind it. Half-complex: real parts at k, imaginary parts
 * at n - k. */
static void NAME(s4d_transform)(REAL *out, size_t n, const REAL *column, size_t stride, size_t length)
{
    for (size_t t = 0; t < length; t++) out[t] = column[t * stride];
    memset(out + length, 0, (n - length) * sizeof *out);
    FFT(out, 1, n);
}

/* u *= v, or u *= conj(v); with `add` out += u conj(v) instead. */
static void NAME(s4d_multiply)(REAL *out, const REAL *u, const REAL *v, size_t n, int conjugate, int add)
{
    const REAL sign = conjugate ? -1 : 1;
    const REAL first = u[0] * v[0], middle = u[n / 2] * v[n / 2];
    out[0] = first + (add ? out[0] : 0);
    out[n / 2] = middle + (add ? out[n / 2] : 0);
    for (size_t k = 1; k < n / 2; k++) {
        const REAL re = u[k] * v[k] - sign * u[n - k] * v[n - k],
                   im = sign * u[k] * v[n - k] + u[n - k] * v[k];
        out[k] = re + (add ? out[k] : 0);
        out[n - k] = im + (add ? out[n - k] : 0);
    }
}

void NAME(ssmi_s4d_convolve)(REAL *y, REAL *record, REAL *scratch, const NAME(ssmi_s4d) * s,
                             const ssmi_kernels *kernels)
{
    const size_t E = s->channels, L = s->length;
    const NAME(s4d_fft) f = NAME(s4d_open_fft)(record, scratch, s);
    const NAME(ssmi_s4d) one = NAME(s4d_impulse)(&f, s);
    memset(f.states, 0, 2 * s->pairs * E * sizeof *f.states);
    NAME(ssmi_s4d_forward)(f.kernel, f.states, f.checkpoints, f.tile, &one, kernels);
    for (size_t e = 0; e < E; e++) NAME(s4d_transform)(f.spectrum + e * f.n, f.n, f.kernel + e, E, L);
    for (size_t i = 0; i < s->batch * E; i++) {
        const size_t b = i / E, e = i % E;
        const REAL *x = s->x + b * L * s->x_stride + e, D = s->D != NULL ? s->D[e] : 0;
        NAME(s4d_transform)(f.u, f.n, x, s->x_stride, L);
        NAME(s4d_multiply)(f.u, f.u, f.spectrum + e * f.n, f.n, 0, 0);
        FFT_BACK(f.u, 1, f.n);
        for (size_t t = 0; t < L; t++) y[(b * L + t) * E + e] = f.u[t] + D * x[t * s->x_stride];
    }
}

/* dx and dD of one column, and its part of the kernel gradient's spectrum. */
static void NAME(s4d_convolve_column)(const NAME(ssmi_s4d_grad) * grad, const REAL *dy,
                                      const NAME(s4d_fft) * f, const NAME(ssmi_s4d) * s, size_t b, size_t e)
{
    const size_t E = s->channels, L = s->length, stride = s->x_stride;
    const REAL *x = s->x + b * L * stride + e, *d = dy + b * L * E + e, D = s->D != NULL ? s->D[e] : 0;
    REAL *dx = grad->dx + b * L * stride + e, sum = 0;
    NAME(s4d_transform)(f->u, f->n, d, E, L);
    NAME(s4d_transform)(f->v, f->n, x, stride, L);
    NAME(s4d_multiply)(f->sum + e * f->n, f->u, f->v, f->n, 1, b > 0);
    NAME(s4d_multiply)(f->u, f->u, f->spectrum + e * f->n, f->n, 1, 0);
    FFT_BACK(f->u, 1, f->n);
    for (size_t t = 0; t < L; t++) {
        sum += d[t * E] * x[t * stride];
        dx[t * stride] = f->u[t] + D * d[t * E];
    }
    if (s->D != NULL) grad->dD[e] += sum;
}

void NAME(ssmi_s4d_convolve_backward)(const NAME(ssmi_s4d_grad) * grad, const REAL *dy, REAL *record,
                                      REAL *scratch, const NAME(ssmi_s4d) * s, const ssmi_kernels *kernels)
{
    const size_t E = s->channels, L = s->length;
    const NAME(s4d_fft) f = NAME(s4d_open_fft)(record, scratch, s);
    const NAME(ssmi_s4d) one = NAME(s4d_impulse)(&f, s);
    NAME(ssmi_s4d_grad) through = *grad;
    for (size_t i = 0; i < s->batch * E; i++) NAME(s4d_convolve_column)(grad, dy, &f, s, i / E, i % E);
    for (size_t e = 0; e < E; e++) {
        FFT_BACK(f.sum + e * f.n, 1, f.n);
        for (size_t t = 0; t < L; t++) f.kernel[t * E + e] = f.sum[e * f.n + t];
    }
    through.dx = f.kernel; /* the impulse has no use for a gradient; without D it may fall on dy */
    NAME(ssmi_s4d_backward)(&through, f.kernel, f.checkpoints, f.tile, &one, kernels);
}
