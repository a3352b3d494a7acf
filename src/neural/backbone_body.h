/* The residual stack for one element type. The record holds, per block, the stream that entered it, its
 * normed copy, the dropout mask and the records of the block and its twin; then the stream that left the last
 * block. */
typedef struct NAME(layer_record) {
    REAL *stream, *normed, *mask, *block, *twin; /* stream, normed, mask: (rows, width) */
} NAME(layer_record);

static NAME(layer_record)
    NAME(layer_of)(REAL *record, const ssmi_backbone *b, size_t layer, size_t batch, size_t length)
{
    const size_t part = batch * length * b->width;
    NAME(layer_record) r = {0};
    size_t used = 0;
    for (size_t i = 0; i <= layer; i++) {
        r.stream = NAME(carve)(record, &used, part);
        if (i == b->n_blocks) break;
        r.normed = NAME(carve)(record, &used, part);
        r.mask = NAME(carve)(record, &used, part);
        r.block = NAME(carve)(record, &used, NAME(ssmi_mixer_record)(&b->block[i], batch, length));
        if (b->bidirectional)
            r.twin = NAME(carve)(record, &used, NAME(ssmi_mixer_record)(&b->twin[i], batch, length));
    }
    return r;
}

size_t NAME(ssmi_backbone_record)(const ssmi_backbone *b, size_t batch, size_t length)
{
    const size_t part = batch * length * b->width;
    size_t size = 0;
    for (size_t i = 0; i < b->n_blocks; i++) {
        NAME(carve)(NULL, &size, part);
        NAME(carve)(NULL, &size, part);
        NAME(carve)(NULL, &size, part);
        NAME(carve)(NULL, &size, NAME(ssmi_mixer_record)(&b->block[i], batch, length));
        if (b->bidirectional) NAME(carve)(NULL, &size, NAME(ssmi_mixer_record)(&b->twin[i], batch, length));
    }
    NAME(carve)(NULL, &size, part);
    return size;
}

/* Four streams, and what the hungriest block wants. */
size_t NAME(ssmi_backbone_scratch)(const ssmi_backbone *b, size_t batch, size_t length)
{
    size_t most = 0;
    for (size_t i = 0; i < b->n_blocks; i++) {
        const size_t size = NAME(ssmi_mixer_scratch)(&b->block[i], batch, length);
        most = size > most ? size : most;
    }
    return 4 * batch * length * b->width + most;
}

/* y: the rows of x, each sequence in reverse order. */
static void NAME(reverse)(REAL *y, const REAL *x, const NAME(ssmi_tokens) * tokens, size_t width)
{
    for (size_t i = 0; i < tokens->batch * tokens->length; i++) {
        const size_t t = i % tokens->length, other = i - t + tokens->length - 1 - t;
        memcpy(y + i * width, x + other * width, width * sizeof *y);
    }
}

/* out = block(normed), and the twin's part. scratch: two streams, then the block's. */
static void NAME(layer_forward)(REAL *out, const NAME(layer_record) * r, REAL *scratch, const REAL *params,
                                const ssmi_backbone *b, size_t i, const NAME(ssmi_tokens) * tokens)
{
    const size_t n = tokens->batch * tokens->length * b->width;
    REAL *turned = scratch, *other = turned + n, *inner = other + n;
    NAME(ssmi_mixer_forward)(out, r->block, inner, r->normed, params, &b->block[i], *tokens);
    if (!b->bidirectional) return;
    NAME(reverse)(turned, r->normed, tokens, b->width);
    NAME(ssmi_mixer_forward)(other, r->twin, inner, turned, params, &b->twin[i], *tokens);
    NAME(reverse)(turned, other, tokens, b->width);
    for (size_t k = 0; k < n; k++) out[k] += turned[k];
}

/* dnormed from dout, which is spoilt. scratch as above. */
static void NAME(layer_backward)(REAL *dnormed, REAL *dparams, REAL *scratch, REAL *dout,
                                 const NAME(layer_record) * r, const REAL *params, const ssmi_backbone *b,
                                 size_t i, const NAME(ssmi_tokens) * tokens)
{
    const size_t n = tokens->batch * tokens->length * b->width;
    REAL *turned = scratch, *other = turned + n, *inner = other + n;
    NAME(ssmi_mixer_backward)
    (dnormed, dparams, inner, dout, r->block, r->normed, params, &b->block[i], *tokens);
    if (!b->bidirectional) return;
    NAME(reverse)(other, dout, tokens, b->width);
    NAME(reverse)(turned, r->normed, tokens, b->width);
    NAME(ssmi_mixer_backward)(dout, dparams, inner, other, r->twin, turned, params, &b->twin[i], *tokens);
    NAME(reverse)(turned, dout, tokens, b->width);
    for (size_t k = 0; k < n; k++) dnormed[k] += turned[k];
}

void NAME(ssmi_backbone_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                 const ssmi_backbone *b, NAME(ssmi_tokens) tokens, double p, uint64_t key)
{
    const size_t rows = tokens.batch * tokens.length, n = rows * b->width;
    REAL *out = scratch, *inner = out + n;
    memcpy(NAME(layer_of)(record, b, 0, tokens.batch, tokens.length).stream, x, n * sizeof *x);
    for (size_t i = 0; i < b->n_blocks; i++) {
        const NAME(layer_record) r = NAME(layer_of)(record, b, i, tokens.batch, tokens.length);
        REAL *next = NAME(layer_of)(record, b, i + 1, tokens.batch, tokens.length).stream;
        NAME(ssmi_rmsnorm_forward)
        (r.normed, r.stream, params + b->norm[i], SSMI_NORM_EPSILON, rows, b->width);
        NAME(layer_forward)(out, &r, inner, params, b, i, &tokens);
        if (p > 0) NAME(ssmi_dropout_mask)(r.mask, n, p, ssmi_mix_key(key, i));
        for (size_t k = 0; k < n; k++) next[k] = r.stream[k] + (p > 0 ? r.mask[k] * out[k] : out[k]);
    }
    const REAL *last = NAME(layer_of)(record, b, b->n_blocks, tokens.batch, tokens.length).stream;
    NAME(ssmi_rmsnorm_forward)(y, last, params + b->final_norm, SSMI_NORM_EPSILON, rows, b->width);
}

void NAME(ssmi_backbone_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                  const REAL *params, const ssmi_backbone *b, NAME(ssmi_tokens) tokens,
                                  double p)
{
    const size_t rows = tokens.batch * tokens.length, n = rows * b->width;
    REAL *dout = scratch, *dnormed = dout + n, *inner = dnormed + n;
    const REAL *last = NAME(layer_of)(record, b, b->n_blocks, tokens.batch, tokens.length).stream;
    memset(dx, 0, n * sizeof *dx);
    NAME(ssmi_rmsnorm_backward)
    (dx, dparams + b->final_norm, dy, last, params + b->final_norm, SSMI_NORM_EPSILON, rows, b->width);
    for (size_t i = b->n_blocks; i-- > 0;) {
        const NAME(layer_record) r = NAME(layer_of)(record, b, i, tokens.batch, tokens.length);
        for (size_t k = 0; k < n; k++) dout[k] = p > 0 ? r.mask[k] * dx[k] : dx[k];
        NAME(layer_backward)(dnormed, dparams, inner, dout, &r, params, b, i, &tokens);
        NAME(ssmi_rmsnorm_backward)
        (dx, dparams + b->norm[i], dnormed, r.stream, params + b->norm[i], SSMI_NORM_EPSILON, rows, b->width);
    }
}
