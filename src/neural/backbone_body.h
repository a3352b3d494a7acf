/* The residual stack for one element type. The record holds, per block, the stream that entered it, its
 * normed copy, the dropout mask and the block's own record; then the stream that left the last block. */
typedef struct NAME(layer_record) {
    REAL *stream, *normed, *out, *mask, *block;
} NAME(layer_record);

static size_t NAME(layer_size)(const ssmi_backbone *b, size_t batch, size_t length)
{
    return 4 * batch * length * b->width + NAME(ssmi_mamba_record)(&b->block[0], batch, length);
}

static NAME(layer_record)
    NAME(layer_of)(REAL *record, const ssmi_backbone *b, size_t i, size_t batch, size_t length)
{
    const size_t part = batch * length * b->width;
    REAL *base = record + i * NAME(layer_size)(b, batch, length);
    return (NAME(layer_record)){base, base + part, base + 2 * part, base + 3 * part, base + 4 * part};
}

size_t NAME(ssmi_backbone_record)(const ssmi_backbone *b, size_t batch, size_t length)
{
    return b->n_blocks * NAME(layer_size)(b, batch, length) + batch * length * b->width;
}

size_t NAME(ssmi_backbone_scratch)(const ssmi_backbone *b, size_t batch, size_t length)
{
    return 2 * batch * length * b->width + NAME(ssmi_mamba_scratch)(&b->block[0], batch, length);
}

void NAME(ssmi_backbone_forward)(REAL *y, REAL *record, const REAL *x, const REAL *params,
                                 const ssmi_backbone *b, size_t batch, size_t length, double p, uint64_t key,
                                 const NAME(ssmi_kernels) * kernels)
{
    const size_t rows = batch * length, n = rows * b->width;
    memcpy(NAME(layer_of)(record, b, 0, batch, length).stream, x, n * sizeof *x);
    for (size_t i = 0; i < b->n_blocks; i++) {
        NAME(layer_record) r = NAME(layer_of)(record, b, i, batch, length);
        REAL *next = NAME(layer_of)(record, b, i + 1, batch, length).stream;
        NAME(ssmi_rmsnorm_forward)(r.normed, r.stream, params + b->norm[i], rows, b->width);
        NAME(ssmi_mamba_forward)
        (r.out, r.block, NULL, NULL, r.normed, params, &b->block[i], batch, length, kernels);
        if (p > 0) NAME(ssmi_dropout_mask)(r.mask, n, p, ssmi_mix_key(key, i));
        for (size_t k = 0; k < n; k++) next[k] = r.stream[k] + (p > 0 ? r.mask[k] * r.out[k] : r.out[k]);
    }
    const REAL *last = NAME(layer_of)(record, b, b->n_blocks, batch, length).stream;
    NAME(ssmi_rmsnorm_forward)(y, last, params + b->final_norm, rows, b->width);
}

void NAME(ssmi_backbone_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                  const REAL *params, const ssmi_backbone *b, size_t batch, size_t length,
                                  double p, const NAME(ssmi_kernels) * kernels)
{
    const size_t rows = batch * length, n = rows * b->width;
    REAL *dout = scratch, *dnormed = scratch + n, *inner = scratch + 2 * n;
    const REAL *last = NAME(layer_of)(record, b, b->n_blocks, batch, length).stream;
    memset(dx, 0, n * sizeof *dx);
    NAME(ssmi_rmsnorm_backward)
    (dx, dparams + b->final_norm, dy, last, params + b->final_norm, rows, b->width);
    for (size_t i = b->n_blocks; i-- > 0;) {
        NAME(layer_record) r = NAME(layer_of)(record, b, i, batch, length);
        for (size_t k = 0; k < n; k++) dout[k] = p > 0 ? r.mask[k] * dx[k] : dx[k];
        NAME(ssmi_mamba_backward)
        (dnormed, dparams, inner, dout, r.block, r.normed, params, &b->block[i], batch, length, kernels);
        NAME(ssmi_rmsnorm_backward)
        (dx, dparams + b->norm[i], dnormed, r.stream, params + b->norm[i], rows, b->width);
    }
}
