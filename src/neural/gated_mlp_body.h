/* The gated perceptron for one element type. With h = a silu(b):
 *
 *     dh = W2' dy     da = dh silu(b)     db = dh a silu'(b)     dx = W1' [da ; db] */
size_t NAME(ssmi_gated_mlp_record)(const ssmi_gated_mlp *m, size_t batch, size_t length)
{
    return 2 * m->hidden * batch * length;
}

/* h and dh, then [da ; db]. */
size_t NAME(ssmi_gated_mlp_scratch)(const ssmi_gated_mlp *m, size_t batch, size_t length)
{
    return 4 * m->hidden * batch * length;
}

/* h (rows, hidden) from ab (rows, 2 hidden). */
static void NAME(gate_rows)(REAL *h, const REAL *ab, size_t rows, size_t hidden,
                            const NAME(ssmi_kernels) * kernels)
{
    for (size_t i = 0; i < rows; i++, ab += 2 * hidden, h += hidden) {
        kernels->silu_forward(h, ab + hidden, hidden);
        for (size_t j = 0; j < hidden; j++) h[j] *= ab[j];
    }
}

void NAME(ssmi_gated_mlp_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                  const ssmi_gated_mlp *m, NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, K = m->hidden;
    NAME(ssmi_linear_forward)(record, 2 * K, x, m->width, params + m->up, NULL, rows, m->width, 2 * K);
    NAME(gate_rows)(scratch, record, rows, K, tokens.kernels);
    NAME(ssmi_linear_forward)(y, m->width, scratch, K, params + m->down, NULL, rows, K, m->width);
}

void NAME(ssmi_gated_mlp_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                   const REAL *x, const REAL *params, const ssmi_gated_mlp *m,
                                   NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, K = m->hidden;
    REAL *h = scratch, *dh = h + rows * K, *dab = dh + rows * K;
    NAME(gate_rows)(h, record, rows, K, tokens.kernels);
    NAME(ssmi_linear_backward)
    (dh, 0, dparams + m->down, NULL, dy, m->width, h, K, params + m->down, rows, K, m->width);
    for (size_t i = 0; i < rows; i++) {
        const REAL *a = record + i * 2 * K, *b = a + K, *d = dh + i * K;
        REAL *da = dab + i * 2 * K, *db = da + K;
        for (size_t j = 0; j < K; j++) db[j] = d[j] * a[j];
        tokens.kernels->silu_backward(db, db, b, K);
        tokens.kernels->silu_forward(da, b, K);
        for (size_t j = 0; j < K; j++) da[j] *= d[j];
    }
    NAME(ssmi_linear_backward)
    (dx, 0, dparams + m->up, NULL, dab, 2 * K, x, m->width, params + m->up, rows, m->width, 2 * K);
}
