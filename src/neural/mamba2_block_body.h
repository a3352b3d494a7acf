/* The Mamba-2 block for one element type. Per token:
 *
 *     [z ; x B C ; s (; l ; p)] = W_in u          x B C = silu(conv(x B C))
 *     dt, log decay, gain, direct                 from s and l: head_steps_body.h
 *     B, C turned by the angles                   from freq, or from p and dt
 *     y = scan(x, B, C) + D x                     chunk_scan_body.h
 *     out = W_out RMSNorm(y silu(z))
 *
 * The backward pass mirrors it from the last line to the first. An angle is a running sum, so its gradient is
 * the sum over all later tokens. */
typedef struct NAME(mamba2_record) {
    REAL *projected, *mixed;              /* (rows, projected), (rows, mixed) */
    REAL *dt, *log_decay, *gain, *direct; /* (rows, heads) */
    REAL *A, *angle, *B, *C; /* (heads); (rows, groups, states/2); (rows, groups, states) twice */
    REAL *y, *gated;         /* (rows, inner) */
    REAL *state, *checkpoints;
    size_t size, groups; /* groups: 0 where nothing is turned */
} NAME(mamba2_record);

static NAME(mamba2_record)
    NAME(mamba2_record_of)(REAL *base, const ssmi_mamba2 *m, size_t batch, size_t length)
{
    const ssmi_mamba2_size *z = &m->size;
    const size_t rows = batch * length, H = z->heads, states = batch * m->inner * z->states;
    NAME(mamba2_record) r = {.groups = z->turn == SSMI_TURN_DATA ? H : z->turn == SSMI_TURN_TIME};
    r.projected = NAME(carve)(base, &r.size, rows * m->projected);
    r.mixed = NAME(carve)(base, &r.size, rows * m->mixed);
    r.dt = NAME(carve)(base, &r.size, rows * H);
    r.log_decay = NAME(carve)(base, &r.size, rows * H);
    r.gain = NAME(carve)(base, &r.size, rows * H);
    r.direct = NAME(carve)(base, &r.size, z->trapezoid ? rows * H : 0);
    r.A = NAME(carve)(base, &r.size, H);
    r.angle = NAME(carve)(base, &r.size, rows * r.groups * z->states / 2);
    r.B = NAME(carve)(base, &r.size, rows * r.groups * z->states);
    r.C = NAME(carve)(base, &r.size, rows * r.groups * z->states);
    r.y = NAME(carve)(base, &r.size, rows * m->inner);
    r.gated = NAME(carve)(base, &r.size, rows * m->inner);
    r.state = NAME(carve)(base, &r.size, states);
    r.checkpoints = NAME(carve)(base, &r.size, ssmi_chunks(length) * states);
    return r;
}

size_t NAME(ssmi_mamba2_record)(const ssmi_mamba2 *m, size_t batch, size_t length)
{
    return NAME(mamba2_record_of)(NULL, m, batch, length).size;
}

/* Gradients of what the record holds, and work space. */
typedef struct NAME(mamba2_scratch) {
    REAL *projected, *mixed, *dt, *log_decay, *gain, *direct, *A, *angle, *B, *C, *y;
    REAL *normed; /* (rows, inner) */
    REAL *rows;   /* (length, mixed) */
    REAL *scan;
    size_t size;
} NAME(mamba2_scratch);

static NAME(mamba2_scratch)
    NAME(mamba2_scratch_of)(REAL *base, const ssmi_mamba2 *m, size_t batch, size_t length)
{
    const ssmi_mamba2_size *z = &m->size;
    const size_t rows = batch * length, H = z->heads;
    const size_t groups = z->turn == SSMI_TURN_DATA ? H : z->turn == SSMI_TURN_TIME;
    NAME(mamba2_scratch) s = {.size = 0};
    s.projected = NAME(carve)(base, &s.size, rows * m->projected);
    s.mixed = NAME(carve)(base, &s.size, rows * m->mixed);
    s.dt = NAME(carve)(base, &s.size, rows * H);
    s.log_decay = NAME(carve)(base, &s.size, rows * H);
    s.gain = NAME(carve)(base, &s.size, rows * H);
    s.direct = NAME(carve)(base, &s.size, rows * H);
    s.A = NAME(carve)(base, &s.size, H);
    s.angle = NAME(carve)(base, &s.size, rows * groups * z->states / 2);
    s.B = NAME(carve)(base, &s.size, rows * groups * z->states);
    s.C = NAME(carve)(base, &s.size, rows * groups * z->states);
    s.y = NAME(carve)(base, &s.size, rows * m->inner);
    s.normed = NAME(carve)(base, &s.size, rows * m->inner);
    s.rows = NAME(carve)(base, &s.size, length * m->mixed);
    s.scan = NAME(carve)(base, &s.size, NAME(ssmi_chunk_scan_scratch)(H, z->head_width, z->states));
    return s;
}

size_t NAME(ssmi_mamba2_scratch)(const ssmi_mamba2 *m, size_t batch, size_t length)
{
    return NAME(mamba2_scratch_of)(NULL, m, batch, length).size;
}

static NAME(ssmi_conv) NAME(mamba2_conv)(const NAME(mamba2_record) * r, const REAL *params,
                                         const ssmi_mamba2 *m, const NAME(ssmi_tokens) * tokens)
{
    return (NAME(ssmi_conv)){.batch = tokens->batch,
                             .length = tokens->length,
                             .channels = m->mixed,
                             .taps = m->size.taps,
                             .x = r->projected + m->inner,
                             .x_stride = m->projected,
                             .weight = params + m->conv_weight,
                             .bias = params + m->conv_bias};
}

static NAME(ssmi_head_steps) NAME(mamba2_steps)(const NAME(mamba2_record) * r, const REAL *params,
                                                const ssmi_mamba2 *m, const NAME(ssmi_tokens) * tokens)
{
    const REAL *raw = r->projected + m->inner + m->mixed;
    return (NAME(ssmi_head_steps)){.batch = tokens->batch,
                                   .length = tokens->length,
                                   .heads = m->size.heads,
                                   .raw = raw,
                                   .mix = m->size.trapezoid ? raw + m->size.heads : NULL,
                                   .stride = m->projected,
                                   .bias = params + m->dt_bias,
                                   .A = r->A,
                                   .step = tokens->step};
}

static NAME(ssmi_chunk_scan) NAME(mamba2_scan)(const NAME(mamba2_record) * r, const REAL *params,
                                               const ssmi_mamba2 *m, const NAME(ssmi_tokens) * tokens)
{
    const size_t N = m->size.states;
    return (NAME(ssmi_chunk_scan)){.batch = tokens->batch,
                                   .length = tokens->length,
                                   .heads = m->size.heads,
                                   .width = m->size.head_width,
                                   .states = N,
                                   .groups = r->groups > 0 ? r->groups : 1,
                                   .x = r->mixed,
                                   .B = r->groups > 0 ? r->B : r->mixed + m->inner,
                                   .C = r->groups > 0 ? r->C : r->mixed + m->inner + N,
                                   .x_stride = m->mixed,
                                   .bc_stride = r->groups > 0 ? r->groups * N : m->mixed,
                                   .log_decay = r->log_decay,
                                   .gain = r->gain,
                                   .direct = m->size.trapezoid ? r->direct : NULL,
                                   .D = params + m->D};
}

/* The angle projections of row 0, SSMI_TURN_DATA. */
static const REAL *NAME(mamba2_angles)(const NAME(mamba2_record) * r, const ssmi_mamba2 *m)
{
    return r->projected + m->projected - m->size.states / 2;
}

/* How far angle (row, group, j) goes on from the row before, without pi dt or freq it is per unit of time. */
static void NAME(turn_forward)(NAME(mamba2_record) * r, const REAL *params, const ssmi_mamba2 *m,
                               const NAME(ssmi_tokens) * tokens)
{
    const size_t half = m->size.states / 2, G = r->groups, N = m->size.states;
    for (size_t i = 0; i < tokens->batch * tokens->length; i++) {
        const REAL *p = NAME(mamba2_angles)(r, m) + i * m->projected,
                   *mixed = r->mixed + i * m->mixed + m->inner;
        for (size_t k = 0; k < G * half; k++) {
            REAL *angle = r->angle + i * G * half + k, more;
            if (m->size.turn == SSMI_TURN_TIME)
                more = params[m->freq + k] * (tokens->step != NULL ? tokens->step[i] : 1);
            else
                more = (REAL)3.14159265358979324 * r->dt[i * G + k / half] * R_TANH(p[k % half]);
            *angle = i % tokens->length > 0 ? angle[-(ptrdiff_t)(G * half)] + more : 0;
        }
        for (size_t g = 0; g < G; g++) {
            const size_t at = (i * G + g) * N;
            const REAL *angle = r->angle + (i * G + g) * half;
            NAME(ssmi_turn_forward)(r->B + at, N, mixed, N, angle, half, 1, half);
            NAME(ssmi_turn_forward)(r->C + at, N, mixed + N, N, angle, half, 1, half);
        }
    }
}

void NAME(ssmi_mamba2_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                               const ssmi_mamba2 *m, NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, d = m->size.width, E = m->inner, P = m->projected;
    NAME(mamba2_record) r = NAME(mamba2_record_of)(record, m, tokens.batch, tokens.length);
    const NAME(mamba2_scratch) s = NAME(mamba2_scratch_of)(scratch, m, tokens.batch, tokens.length);
    for (size_t h = 0; h < m->size.heads; h++) r.A[h] = -R_EXP(params[m->A_log + h]);
    NAME(ssmi_linear_forward)(r.projected, P, x, d, params + m->in, NULL, rows, d, P);
    const NAME(ssmi_conv) conv = NAME(mamba2_conv)(&r, params, m, &tokens);
    tokens.kernels->conv_forward(r.mixed, NULL, &conv);
    const NAME(ssmi_head_steps) steps = NAME(mamba2_steps)(&r, params, m, &tokens);
    NAME(ssmi_head_steps_forward)(r.dt, r.log_decay, r.gain, r.direct, &steps);
    NAME(turn_forward)(&r, params, m, &tokens);
    const NAME(ssmi_chunk_scan) scan = NAME(mamba2_scan)(&r, params, m, &tokens);
    memset(r.state, 0, tokens.batch * E * m->size.states * sizeof *r.state);
    NAME(ssmi_chunk_scan_forward)(r.y, r.state, r.checkpoints, s.scan, &scan);
    for (size_t i = 0; i < rows; i++) {
        tokens.kernels->silu_forward(r.gated + i * E, r.projected + i * P, E);
        for (size_t e = 0; e < E; e++) r.gated[i * E + e] *= r.y[i * E + e];
    }
    NAME(ssmi_rmsnorm_forward)(s.normed, r.gated, params + m->norm, SSMI_MAMBA2_EPSILON, rows, E);
    NAME(ssmi_linear_forward)(y, d, s.normed, E, params + m->out, NULL, rows, E, d);
}

/* From dy to the gradients of the scan's output (s->y) and of z. */
static void NAME(mamba2_out_backward)(REAL *dparams, const NAME(mamba2_scratch) * s, const REAL *dy,
                                      const NAME(mamba2_record) * r, const REAL *params, const ssmi_mamba2 *m,
                                      size_t rows, const NAME(ssmi_kernels) * kernels)
{
    const size_t E = m->inner, d = m->size.width, P = m->projected;
    NAME(ssmi_rmsnorm_forward)(s->normed, r->gated, params + m->norm, SSMI_MAMBA2_EPSILON, rows, E);
    /* s->normed serves twice: as the input of W_out, then as its gradient */
    NAME(ssmi_linear_backward)
    (s->y, 0, dparams + m->out, NULL, dy, d, s->normed, E, params + m->out, rows, E, d);
    memset(s->normed, 0, rows * E * sizeof *s->normed);
    NAME(ssmi_rmsnorm_backward)
    (s->normed, dparams + m->norm, s->y, r->gated, params + m->norm, SSMI_MAMBA2_EPSILON, rows, E);
    for (size_t i = 0; i < rows; i++) {
        const REAL *z = r->projected + i * P, *dgated = s->normed + i * E, *y = r->y + i * E;
        REAL *dz = s->projected + i * P, *dout = s->y + i * E;
        for (size_t e = 0; e < E; e++) dz[e] = dgated[e] * y[e];
        kernels->silu_backward(dz, dz, z, E);
        kernels->silu_forward(dout, z, E);
        for (size_t e = 0; e < E; e++) dout[e] *= dgated[e];
    }
}

/* Sums the angles' gradients over later rows, then to freq, or to projection and step. */
static void NAME(angle_backward)(REAL *dparams, const NAME(mamba2_scratch) * s, const NAME(mamba2_record) * r,
                                 const ssmi_mamba2 *m, const NAME(ssmi_tokens) * tokens)
{
    const size_t half = m->size.states / 2, G = r->groups, rows = tokens->batch * tokens->length;
    const size_t from = m->projected - half;
    memset(s->dt, 0, rows * m->size.heads * sizeof *s->dt);
    for (size_t i = rows; i-- > 0;) {
        const REAL *p = NAME(mamba2_angles)(r, m) + i * m->projected;
        REAL *dp = s->projected + i * m->projected + from;
        if (m->size.turn == SSMI_TURN_DATA) memset(dp, 0, half * sizeof *dp);
        for (size_t k = 0; k < G * half; k++) {
            REAL *d = s->angle + i * G * half + k;
            if ((i + 1) % tokens->length > 0) *d += d[G * half];
            if (i % tokens->length == 0) continue; /* the first angle is 0 whatever the input */
            if (m->size.turn == SSMI_TURN_TIME) {
                dparams[m->freq + k] += *d * (tokens->step != NULL ? tokens->step[i] : 1);
                continue;
            }
            const REAL t = R_TANH(p[k % half]), turn = (REAL)3.14159265358979324 * *d;
            dp[k % half] += turn * r->dt[i * G + k / half] * (1 - t * t);
            s->dt[i * G + k / half] += turn * t;
        }
    }
}

/* Gradients of the turned B and C back to what the convolution gave, and to the angles. */
static void NAME(turn_backward)(REAL *dparams, const NAME(mamba2_scratch) * s, const NAME(mamba2_record) * r,
                                const ssmi_mamba2 *m, const NAME(ssmi_tokens) * tokens)
{
    const size_t half = m->size.states / 2, G = r->groups, N = m->size.states;
    memset(s->angle, 0, tokens->batch * tokens->length * G * half * sizeof *s->angle);
    for (size_t i = 0; i < tokens->batch * tokens->length; i++) {
        REAL *mixed = s->mixed + i * m->mixed + m->inner;
        memset(mixed, 0, 2 * N * sizeof *mixed);
        for (size_t g = 0; g < G; g++) {
            const size_t at = (i * G + g) * N, angle = (i * G + g) * half;
            NAME(ssmi_turn_backward)
            (mixed, N, s->angle + angle, half, s->B + at, r->B + at, N, r->angle + angle, 1, half);
            NAME(ssmi_turn_backward)
            (mixed + N, N, s->angle + angle, half, s->C + at, r->C + at, N, r->angle + angle, 1, half);
        }
    }
    NAME(angle_backward)(dparams, s, r, m, tokens);
}

void NAME(ssmi_mamba2_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                const REAL *x, const REAL *params, const ssmi_mamba2 *m,
                                NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, d = m->size.width, P = m->projected, N = m->size.states;
    const NAME(mamba2_record) r = NAME(mamba2_record_of)(record, m, tokens.batch, tokens.length);
    const NAME(mamba2_scratch) s = NAME(mamba2_scratch_of)(scratch, m, tokens.batch, tokens.length);
    const NAME(ssmi_chunk_scan) scan = NAME(mamba2_scan)(&r, params, m, &tokens);
    const NAME(ssmi_head_steps) steps = NAME(mamba2_steps)(&r, params, m, &tokens);
    const NAME(ssmi_conv) conv = NAME(mamba2_conv)(&r, params, m, &tokens);
    const int turned = r.groups > 0;
    REAL *draw = s.projected + m->inner + m->mixed;
    const NAME(ssmi_chunk_scan_grad) grad = {.dx = s.mixed,
                                             .dB = turned ? s.B : s.mixed + m->inner,
                                             .dC = turned ? s.C : s.mixed + m->inner + N,
                                             .dlog_decay = s.log_decay,
                                             .dgain = s.gain,
                                             .ddirect = s.direct,
                                             .dD = dparams + m->D};
    NAME(mamba2_out_backward)(dparams, &s, dy, &r, params, m, rows, tokens.kernels);
    NAME(ssmi_chunk_scan_backward)(&grad, s.y, r.checkpoints, s.scan, &scan);
    if (turned) NAME(turn_backward)(dparams, &s, &r, m, &tokens);
    memset(s.A, 0, m->size.heads * sizeof *s.A);
    NAME(ssmi_head_steps_backward)
    (draw, draw + m->size.heads, dparams + m->dt_bias, s.A, turned ? s.dt : NULL, s.log_decay, s.gain,
     s.direct, &steps);
    for (size_t h = 0; h < m->size.heads; h++) dparams[m->A_log + h] += s.A[h] * r.A[h];
    tokens.kernels->conv_backward(s.projected + m->inner, dparams + m->conv_weight, dparams + m->conv_bias,
                                  s.mixed, s.rows, &conv);
    NAME(ssmi_linear_backward)
    (dx, 0, dparams + m->in, NULL, s.projected, P, x, d, params + m->in, rows, d, P);
}
