/* The S4D block for one element type; v: output of the layer, [p ; q] = W gelu(v) + b, y = p sigmoid(q):
 *
 *     dp = dy sigmoid(q)     dq = dy p sigmoid(q) (1 - sigmoid(q))     dv = gelu'(v) W' [dp ; dq]
 *     lambda = -exp(log_re) + i im: dlog_re = dRe Re;     dt = exp(log_dt): dlog_dt = ddt dt */
typedef struct NAME(s4d_block_record) {
    REAL *lambda, *dt;  /* (2, pairs, width), (width) */
    REAL *v, *pq;       /* (rows, width), (rows, 2 width) */
    REAL *state, *kept; /* (batch, 2, pairs, width); checkpoints or the convolution's record */
    size_t size;
} NAME(s4d_block_record);

static int NAME(convolves)(const ssmi_s4d_block *m, size_t length)
{
    return length >= m->convolve_from;
}

static NAME(s4d_block_record)
    NAME(s4d_block_record_of)(REAL *base, const ssmi_s4d_block *m, size_t batch, size_t length)
{
    const size_t rows = batch * length, lanes = 2 * m->pairs * m->width;
    size_t kept = batch * ssmi_s4d_tiles(length) * lanes;
    NAME(s4d_block_record) r = {.size = 0};
    if (NAME(convolves)(m, length)) {
        const size_t spectrum = NAME(ssmi_s4d_record)(length, m->width, m->pairs);
        kept = spectrum > kept ? spectrum : kept;
    }
    r.lambda = NAME(carve)(base, &r.size, lanes);
    r.dt = NAME(carve)(base, &r.size, m->width);
    r.v = NAME(carve)(base, &r.size, rows * m->width);
    r.pq = NAME(carve)(base, &r.size, rows * 2 * m->width);
    r.state = NAME(carve)(base, &r.size, batch * lanes);
    r.kept = NAME(carve)(base, &r.size, kept);
    return r;
}

size_t NAME(ssmi_s4d_block_record)(const ssmi_s4d_block *m, size_t batch, size_t length)
{
    return NAME(s4d_block_record_of)(NULL, m, batch, length).size;
}

typedef struct NAME(s4d_block_scratch) {
    REAL *g, *dpq, *dv; /* (rows, width): gelu(v) and then its gradient; (rows, 2 width); (rows, width) */
    REAL *dlambda, *ddt, *layer;
    size_t size;
} NAME(s4d_block_scratch);

static NAME(s4d_block_scratch)
    NAME(s4d_block_scratch_of)(REAL *base, const ssmi_s4d_block *m, size_t batch, size_t length)
{
    const size_t rows = batch * length;
    NAME(s4d_block_scratch) s = {.size = 0};
    s.g = NAME(carve)(base, &s.size, rows * m->width);
    s.dpq = NAME(carve)(base, &s.size, rows * 2 * m->width);
    s.dv = NAME(carve)(base, &s.size, rows * m->width);
    s.dlambda = NAME(carve)(base, &s.size, 2 * m->pairs * m->width);
    s.ddt = NAME(carve)(base, &s.size, m->width);
    s.layer = NAME(carve)(base, &s.size, NAME(ssmi_s4d_scratch)(length, m->width, m->pairs));
    return s;
}

size_t NAME(ssmi_s4d_block_scratch)(const ssmi_s4d_block *m, size_t batch, size_t length)
{
    return NAME(s4d_block_scratch_of)(NULL, m, batch, length).size;
}

static NAME(ssmi_s4d) NAME(s4d_layer_of)(const NAME(s4d_block_record) * r, const REAL *x, const REAL *params,
                                         const ssmi_s4d_block *m, const NAME(ssmi_tokens) * tokens)
{
    return (NAME(ssmi_s4d)){.batch = tokens->batch,
                            .length = tokens->length,
                            .channels = m->width,
                            .pairs = m->pairs,
                            .x = x,
                            .x_stride = m->width,
                            .lambda = r->lambda,
                            .C = params + m->C,
                            .dt = r->dt,
                            .D = params + m->D,
                            .step = tokens->step,
                            .rule = m->rule};
}

void NAME(ssmi_s4d_block_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                  const ssmi_s4d_block *m, NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, d = m->width, lanes = m->pairs * d;
    const NAME(s4d_block_record) r = NAME(s4d_block_record_of)(record, m, tokens.batch, tokens.length);
    const NAME(s4d_block_scratch) s = NAME(s4d_block_scratch_of)(scratch, m, tokens.batch, tokens.length);
    const ssmi_kernels *kernels = ssmi_kernels_for(ssmi_cpu_isa());
    for (size_t i = 0; i < lanes; i++) {
        r.lambda[i] = -R_EXP(params[m->log_re + i]);
        r.lambda[lanes + i] = params[m->im + i];
    }
    for (size_t e = 0; e < d; e++) r.dt[e] = R_EXP(params[m->log_dt + e]);
    const NAME(ssmi_s4d) layer = NAME(s4d_layer_of)(&r, x, params, m, &tokens);
    if (tokens.step == NULL && NAME(convolves)(m, tokens.length)) {
        NAME(ssmi_s4d_convolve)(r.v, r.kept, s.layer, &layer, kernels);
    } else {
        memset(r.state, 0, tokens.batch * 2 * lanes * sizeof *r.state);
        NAME(ssmi_s4d_forward)(r.v, r.state, r.kept, s.layer, &layer, kernels);
    }
    tokens.kernels->gelu_forward(s.g, r.v, rows * d);
    NAME(ssmi_linear_forward)(r.pq, 2 * d, s.g, d, params + m->mix, params + m->mix_bias, rows, d, 2 * d);
    for (size_t i = 0; i < rows; i++) {
        const REAL *p = r.pq + i * 2 * d;
        tokens.kernels->sigmoid(y + i * d, p + d, d);
        for (size_t e = 0; e < d; e++) y[i * d + e] *= p[e];
    }
}

/* Gradients through gate, mix and GELU into s.dv. */
static void NAME(s4d_block_mix_backward)(REAL *dparams, const NAME(s4d_block_scratch) * s, const REAL *dy,
                                         const NAME(s4d_block_record) * r, const REAL *params,
                                         const ssmi_s4d_block *m, size_t rows,
                                         const NAME(ssmi_kernels) * kernels)
{
    const size_t d = m->width;
    kernels->gelu_forward(s->g, r->v, rows * d);
    for (size_t i = 0; i < rows; i++) {
        const REAL *p = r->pq + i * 2 * d, *up = dy + i * d;
        REAL *dp = s->dpq + i * 2 * d, *dq = dp + d;
        kernels->sigmoid(dp, p + d, d);
        for (size_t e = 0; e < d; e++) {
            dq[e] = up[e] * p[e] * dp[e] * (1 - dp[e]);
            dp[e] *= up[e];
        }
    }
    NAME(ssmi_linear_backward)
    (s->dv, 0, dparams + m->mix, dparams + m->mix_bias, s->dpq, 2 * d, s->g, d, params + m->mix, rows, d,
     2 * d);
    kernels->gelu_backward(s->dv, s->dv, r->v, rows * d);
}

void NAME(ssmi_s4d_block_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                   const REAL *x, const REAL *params, const ssmi_s4d_block *m,
                                   NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, d = m->width, lanes = m->pairs * d;
    const NAME(s4d_block_record) r = NAME(s4d_block_record_of)(record, m, tokens.batch, tokens.length);
    const NAME(s4d_block_scratch) s = NAME(s4d_block_scratch_of)(scratch, m, tokens.batch, tokens.length);
    const ssmi_kernels *kernels = ssmi_kernels_for(ssmi_cpu_isa());
    const NAME(ssmi_s4d) layer = NAME(s4d_layer_of)(&r, x, params, m, &tokens);
    const NAME(ssmi_s4d_grad) grad = {dx, s.dlambda, dparams + m->C, s.ddt, dparams + m->D};
    NAME(s4d_block_mix_backward)(dparams, &s, dy, &r, params, m, rows, tokens.kernels);
    memset(s.dlambda, 0, 2 * lanes * sizeof *s.dlambda);
    memset(s.ddt, 0, d * sizeof *s.ddt);
    if (tokens.step == NULL && NAME(convolves)(m, tokens.length))
        NAME(ssmi_s4d_convolve_backward)(&grad, s.dv, r.kept, s.layer, &layer, kernels);
    else
        NAME(ssmi_s4d_backward)(&grad, s.dv, r.kept, s.layer, &layer, kernels);
    for (size_t i = 0; i < lanes; i++) {
        dparams[m->log_re + i] += s.dlambda[i] * r.lambda[i];
        dparams[m->im + i] += s.dlambda[lanes + i];
    }
    for (size_t e = 0; e < d; e++) dparams[m->log_dt + e] += s.ddt[e] * r.dt[e];
}
