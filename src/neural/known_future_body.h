/* What rows known beforehand say about the steps that they are for, for one element type. With x_t the known
 * columns of row t, x_{t-3..t} the last `taps` of them and q the hidden numbers of the window,
 *
 *     step h:  out_h += R silu(P x_{h-taps+1..h} + Q q + b)
 *
 * with the same weights for every step, so that what a column does is learned from all of them. R starts at
 * zero. Known value: R zero adds nothing. */
static void NAME(accumulate)(REAL *restrict y, const REAL *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

typedef struct NAME(known_record) {
    REAL *rows;           /* (batch H, taps columns) */
    REAL *context;        /* (batch, K) */
    REAL *before, *after; /* (batch H, K): of the SiLU */
    REAL *step;           /* (batch H, outputs per step) */
} NAME(known_record);

static NAME(known_record)
    NAME(known_record_of)(REAL *base, size_t *used, const ssmi_network *net, size_t batch)
{
    const ssmi_network_size *s = &net->size;
    const size_t steps = s->columns > 0 ? batch * s->horizon : 0;
    NAME(known_record) r;
    r.rows = NAME(carve)(base, used, steps * net->taps * s->columns);
    r.context = NAME(carve)(base, used, s->columns > 0 ? batch * s->hidden : 0);
    r.before = NAME(carve)(base, used, steps * s->hidden);
    r.after = NAME(carve)(base, used, steps * s->hidden);
    r.step = NAME(carve)(base, used, steps * SSMI_HEAD_OUTPUTS);
    return r;
}

static void NAME(known_rows)(REAL *rows, const REAL *columns, const ssmi_network *net, size_t batch)
{
    const size_t L = net->size.lookback, H = net->size.horizon, n = net->size.columns, width = net->taps * n;
    for (size_t i = 0; i < batch * H; i++)
        memcpy(rows + i * width, columns + (i / H * (L + H) + L + i % H + 1 - net->taps) * n,
               width * sizeof *rows);
}

/* q (batch, K). */
static void NAME(known_forward)(REAL *out, const NAME(known_record) * r, const REAL *q, const REAL *columns,
                                size_t batch, const REAL *params, const ssmi_network *net,
                                const NAME(ssmi_kernels) * kernels)
{
    const size_t K = net->size.hidden, H = net->size.horizon, width = net->taps * net->size.columns;
    if (width == 0) return;
    NAME(known_rows)(r->rows, columns, net, batch);
    NAME(ssmi_linear_forward)
    (r->context, K, q, K, params + net->known_context, params + net->known_bias, batch, K, K);
    NAME(ssmi_linear_forward)
    (r->before, K, r->rows, width, params + net->known_weight, NULL, batch * H, width, K);
    for (size_t i = 0; i < batch * H; i++) NAME(accumulate)(r->before + i * K, r->context + i / H * K, K);
    kernels->silu_forward(r->after, r->before, batch * H * K);
    NAME(ssmi_linear_forward)
    (r->step, SSMI_HEAD_OUTPUTS, r->after, K, params + net->known_head, NULL, batch * H, K,
     SSMI_HEAD_OUTPUTS);
    for (size_t i = 0; i < batch * net->outputs; i++) {
        const size_t b = i / net->outputs, k = i % net->outputs / H, h = i % H;
        out[i] += r->step[(b * H + h) * SSMI_HEAD_OUTPUTS + k];
    }
}

/* dq (batch, K) is added to; what the record holds of steps and SiLU is overwritten. */
static void NAME(known_backward)(REAL *dq, REAL *dparams, const REAL *dout, const NAME(known_record) * r,
                                 const REAL *q, size_t batch, const REAL *params, const ssmi_network *net,
                                 const NAME(ssmi_kernels) * kernels)
{
    const size_t K = net->size.hidden, H = net->size.horizon, width = net->taps * net->size.columns;
    if (width == 0) return;
    for (size_t i = 0; i < batch * net->outputs; i++) {
        const size_t b = i / net->outputs, k = i % net->outputs / H, h = i % H;
        r->step[(b * H + h) * SSMI_HEAD_OUTPUTS + k] = dout[i];
    }
    REAL *dafter = r->after;
    GEMM(CblasRowMajor, CblasTrans, CblasNoTrans, SSMI_HEAD_OUTPUTS, (int)K, (int)(batch * H), 1, r->step,
         SSMI_HEAD_OUTPUTS, r->after, (int)K, 1, dparams + net->known_head, (int)K);
    GEMM(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)(batch * H), (int)K, SSMI_HEAD_OUTPUTS, 1, r->step,
         SSMI_HEAD_OUTPUTS, params + net->known_head, (int)K, 0, dafter, (int)K);
    kernels->silu_backward(r->before, dafter, r->before, batch * H * K);
    NAME(ssmi_linear_backward)
    (NULL, 0, dparams + net->known_weight, NULL, r->before, K, r->rows, width, params + net->known_weight,
     batch * H, width, K);
    memset(r->context, 0, batch * K * sizeof *r->context);
    for (size_t i = 0; i < batch * H; i++) NAME(accumulate)(r->context + i / H * K, r->before + i * K, K);
    NAME(ssmi_linear_backward)
    (dq, 1, dparams + net->known_context, dparams + net->known_bias, r->context, K, q, K,
     params + net->known_context, batch, K, K);
}
