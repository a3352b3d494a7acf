/* The block for one element type. Rows are tokens; shapes per token:
 *
 *     [x ; z] = W_in u                 u (d)      x, z (E)
 *     x'      = silu(conv(x))                     conv_body.h
 *     [l ; B ; C] = W_x x'             l (R)      B, C (N)
 *     delta   = W_dt l                            its bias and softplus inside the scan
 *     y       = scan(x', delta, B, C) silu(z)     selective_scan_body.h
 *     out     = W_out y
 *
 * The backward pass mirrors it from the last line to the first. x' is used twice (scan and W_x), so its
 * gradient is the sum of both. */

/* What forward leaves for backward, carved from one flat buffer. */
typedef struct NAME(mamba_record) {
    REAL *A, *A2, *taps;                /* (N, E) A and A log2(e); (W, E) */
    REAL *xz, *conv, *proj, *delta, *y; /* (M, 2E) (M, E) (M, R+2N) (M, E) (M, E), M = batch length */
    REAL *state, *checkpoints;          /* (batch, N, E); (batch, tiles, N, E) */
    size_t size;
} NAME(mamba_record);

static NAME(mamba_record) NAME(record_of)(REAL *base, const ssmi_mamba *m, size_t batch, size_t length)
{
    const size_t rows = batch * length, E = m->channels, NE = m->states * E;
    NAME(mamba_record) r = {.size = 0};
    r.A = NAME(carve)(base, &r.size, NE);
    r.A2 = NAME(carve)(base, &r.size, NE);
    r.taps = NAME(carve)(base, &r.size, m->taps * E);
    r.xz = NAME(carve)(base, &r.size, rows * 2 * E);
    r.conv = NAME(carve)(base, &r.size, rows * E);
    r.proj = NAME(carve)(base, &r.size, rows * (m->rank + 2 * m->states));
    r.delta = NAME(carve)(base, &r.size, rows * E);
    r.y = NAME(carve)(base, &r.size, rows * E);
    r.state = NAME(carve)(base, &r.size, batch * NE);
    r.checkpoints = NAME(carve)(base, &r.size, batch * ssmi_scan_tiles(length) * NE);
    return r;
}

size_t NAME(ssmi_mamba_record)(const ssmi_mamba *m, size_t batch, size_t length)
{
    return NAME(record_of)(NULL, m, batch, length).size;
}

/* The kernels want (N, E) and (W, E) with the channel fastest; the module stores (E, N) and (E, 1, W). */
static void NAME(turn_parameters)(NAME(mamba_record) * r, const REAL *params, const ssmi_mamba *m)
{
    const size_t E = m->channels, rates = ssmi_mamba_rates(m);
    for (size_t e = 0; e < E; e++) {
        for (size_t n = 0; n < rates; n++) {
            r->A[n * E + e] = -R_EXP(params[m->A_log + e * rates + n]);
            r->A2[n * E + e] = r->A[n * E + e] * (REAL)1.4426950408889634;
        }
        for (size_t k = 0; k < m->taps; k++) r->taps[k * E + e] = params[m->conv_weight + e * m->taps + k];
    }
}

static NAME(ssmi_conv) NAME(conv_of)(const NAME(mamba_record) * r, const REAL *params, const ssmi_mamba *m,
                                     size_t batch, size_t length)
{
    return (NAME(ssmi_conv)){.batch = batch,
                             .length = length,
                             .channels = m->channels,
                             .taps = m->taps,
                             .x = r->xz,
                             .x_stride = 2 * m->channels,
                             .weight = r->taps,
                             .bias = params + m->conv_bias};
}

static NAME(ssmi_scan) NAME(scan_of)(const NAME(mamba_record) * r, const REAL *step, const REAL *params,
                                     const ssmi_mamba *m, size_t batch, size_t length)
{
    return (NAME(ssmi_scan)){.batch = batch,
                             .length = length,
                             .channels = m->channels,
                             .states = m->states,
                             .x = r->conv,
                             .delta = r->delta,
                             .z = r->xz + m->channels,
                             .x_stride = m->channels,
                             .delta_stride = m->channels,
                             .z_stride = 2 * m->channels,
                             .B = r->proj + m->rank,
                             .C = r->proj + m->rank + m->states,
                             .bc_stride = m->rank + 2 * m->states,
                             .A2 = r->A2,
                             .tied = m->tied,
                             .D = params + m->D,
                             .delta_bias = params + m->dt_bias,
                             .softplus = 1,
                             .step = step,
                             .rule = m->rule};
}

void NAME(ssmi_mamba_forward)(REAL *y, REAL *record, REAL *window, REAL *state, const REAL *x,
                              const REAL *step, const REAL *params, const ssmi_mamba *m, size_t batch,
                              size_t length, const NAME(ssmi_kernels) * kernels)
{
    const size_t rows = batch * length, E = m->channels, P = m->rank + 2 * m->states;
    NAME(mamba_record) r = NAME(record_of)(record, m, batch, length);
    NAME(turn_parameters)(&r, params, m);
    NAME(ssmi_linear_forward)(r.xz, 2 * E, x, m->width, params + m->in_proj, NULL, rows, m->width, 2 * E);
    NAME(ssmi_conv) conv = NAME(conv_of)(&r, params, m, batch, length);
    kernels->conv_forward(r.conv, window, &conv);
    NAME(ssmi_linear_forward)(r.proj, P, r.conv, E, params + m->x_proj, NULL, rows, E, P);
    NAME(ssmi_linear_forward)(r.delta, E, r.proj, P, params + m->dt_weight, NULL, rows, m->rank, E);
    NAME(ssmi_scan) scan = NAME(scan_of)(&r, step, params, m, batch, length);
    if (state == NULL) {
        state = r.state;
        memset(state, 0, batch * m->states * E * sizeof *state);
    }
    kernels->scan_forward(r.y, state, r.checkpoints, &scan);
    NAME(ssmi_linear_forward)(y, m->width, r.y, E, params + m->out_proj, NULL, rows, E, m->width);
}

/* Gradients of everything inside the block. */
typedef struct NAME(mamba_adjoint) {
    REAL *xz, *conv, *proj, *delta, *y; /* as in the record */
    REAL *A, *taps, *rows, *scan;       /* (N, E), (W, E), (length, E), scan scratch */
    size_t size;
} NAME(mamba_adjoint);

static NAME(mamba_adjoint) NAME(adjoint_of)(REAL *base, const ssmi_mamba *m, size_t batch, size_t length)
{
    const size_t rows = batch * length, E = m->channels;
    NAME(mamba_adjoint) d = {.size = 0};
    d.xz = NAME(carve)(base, &d.size, rows * 2 * E);
    d.conv = NAME(carve)(base, &d.size, rows * E);
    d.proj = NAME(carve)(base, &d.size, rows * (m->rank + 2 * m->states));
    d.delta = NAME(carve)(base, &d.size, rows * E);
    d.y = NAME(carve)(base, &d.size, rows * E);
    d.A = NAME(carve)(base, &d.size, m->states * E);
    d.taps = NAME(carve)(base, &d.size, m->taps * E);
    d.rows = NAME(carve)(base, &d.size, length * E);
    d.scan = NAME(carve)(base, &d.size, ssmi_scan_scratch(E, m->states));
    return d;
}

size_t NAME(ssmi_mamba_scratch)(const ssmi_mamba *m, size_t batch, size_t length)
{
    return NAME(adjoint_of)(NULL, m, batch, length).size;
}

/* dA_log = dA A, and both turned parameters back to the module's layout. */
static void NAME(return_parameters)(REAL *dparams, const NAME(mamba_adjoint) * d,
                                    const NAME(mamba_record) * r, const ssmi_mamba *m)
{
    const size_t E = m->channels, rates = ssmi_mamba_rates(m);
    for (size_t e = 0; e < E; e++) {
        for (size_t n = 0; n < rates; n++)
            dparams[m->A_log + e * rates + n] += d->A[n * E + e] * r->A[n * E + e];
        for (size_t k = 0; k < m->taps; k++) dparams[m->conv_weight + e * m->taps + k] += d->taps[k * E + e];
    }
}

void NAME(ssmi_mamba_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                               const REAL *x, const REAL *step, const REAL *params, const ssmi_mamba *m,
                               size_t batch, size_t length, const NAME(ssmi_kernels) * kernels)
{
    const size_t rows = batch * length, E = m->channels, P = m->rank + 2 * m->states;
    const NAME(mamba_record) r = NAME(record_of)(record, m, batch, length);
    const NAME(mamba_adjoint) d = NAME(adjoint_of)(scratch, m, batch, length);
    const NAME(ssmi_scan) scan = NAME(scan_of)(&r, step, params, m, batch, length);
    const NAME(ssmi_conv) conv = NAME(conv_of)(&r, params, m, batch, length);
    const NAME(ssmi_scan_grad) grad = {.dx = d.conv,
                                       .ddelta = d.delta,
                                       .dz = d.xz + E,
                                       .dB = d.proj + m->rank,
                                       .dC = d.proj + m->rank + m->states,
                                       .dA = d.A,
                                       .dD = dparams + m->D,
                                       .ddelta_bias = dparams + m->dt_bias};
    memset(d.A, 0, m->states * E * sizeof *d.A);
    memset(d.taps, 0, m->taps * E * sizeof *d.taps);
    NAME(ssmi_linear_backward)
    (d.y, 0, dparams + m->out_proj, NULL, dy, m->width, r.y, E, params + m->out_proj, rows, E, m->width);
    kernels->scan_backward(&grad, d.y, r.checkpoints, d.scan, &scan);
    NAME(ssmi_linear_backward)
    (d.proj, 0, dparams + m->dt_weight, NULL, d.delta, E, r.proj, P, params + m->dt_weight, rows, m->rank, E);
    NAME(ssmi_linear_backward)
    (d.conv, 1, dparams + m->x_proj, NULL, d.proj, P, r.conv, E, params + m->x_proj, rows, E, P);
    kernels->conv_backward(d.xz, d.taps, dparams + m->conv_bias, d.conv, d.rows, &conv);
    NAME(ssmi_linear_backward)
    (dx, 0, dparams + m->in_proj, NULL, d.xz, 2 * E, x, m->width, params + m->in_proj, rows, m->width, 2 * E);
    NAME(return_parameters)(dparams, &d, &r, m);
}
