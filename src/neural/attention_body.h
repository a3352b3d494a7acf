/* Attention (Vaswani et al. 2017, eq. 1) for one element type, per head of width k:
 *
 *     P_ij = exp(q_i . k_j / sqrt(k) - l_i), l_i the logarithm of the row's sum       o_i = sum_j P_ij v_j
 *
 * Adjoint, with c_i = do_i . o_i (Dao et al. 2022, "FlashAttention", appendix B.2):
 *
 *     dv_j = sum_i P_ij do_i     dS_ij = P_ij (do_i . v_j - c_i)/sqrt(k)     dq_i = sum_j dS_ij k_j     dk_j
 * = ...
 *
 * SSMI_ATTENTION_ROWS queries at a time against all keys they may see. Known value: equal keys give the mean
 * of the values seen. */
typedef struct NAME(heads) {
    const ssmi_attention *m;
    size_t length, at, rows, keys, k; /* queries [at, at + rows) against keys [0, keys) */
    const REAL *q, *key, *v;          /* of row 0 of this sequence and head, rows 3 width apart */
    REAL *weight, *slope;             /* (rows, length) */
} NAME(heads);

size_t NAME(ssmi_attention_record)(const ssmi_attention *m, size_t batch, size_t length)
{
    return batch * length * (4 * m->width + m->heads);
}

size_t NAME(ssmi_attention_scratch)(const ssmi_attention *m, size_t batch, size_t length)
{
    return batch * length * 4 * m->width + 2 * (size_t)SSMI_ATTENTION_ROWS * length;
}

static NAME(heads) NAME(open_heads)(const REAL *qkv, REAL *scratch, const ssmi_attention *m, size_t length,
                                    size_t b, size_t head)
{
    const size_t k = m->width / m->heads;
    NAME(heads) h = {.m = m, .length = length, .k = k, .q = qkv + b * length * 3 * m->width + head * k};
    h.key = h.q + m->width;
    h.v = h.key + m->width;
    h.weight = scratch;
    h.slope = scratch + (size_t)SSMI_ATTENTION_ROWS * length;
    return h;
}

static void NAME(place_heads)(NAME(heads) * h, size_t at)
{
    h->at = at;
    h->rows = h->length - at < SSMI_ATTENTION_ROWS ? h->length - at : SSMI_ATTENTION_ROWS;
    h->keys = h->m->causal ? at + h->rows : h->length;
}

/* y (m, n) = scale A B + beta y. */
static void NAME(heads_product)(REAL *y, size_t ldy, const REAL *a, size_t lda, int ta, const REAL *b,
                                size_t ldb, int tb, size_t m, size_t n, size_t k, REAL scale, REAL beta)
{
    GEMM(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)m, (int)n,
         (int)k, scale, a, (int)lda, b, (int)ldb, beta, y, (int)ldy);
}

static REAL NAME(heads_scale)(const NAME(heads) * h)
{
    return 1 / R_SQRT((REAL)h->k);
}

/* q . k / sqrt(k) of the block; `seen` tells how many keys a query sees. */
static void NAME(score)(NAME(heads) * h)
{
    const size_t row = 3 * h->m->width;
    NAME(heads_product)
    (h->weight, h->keys, h->q + h->at * row, row, 0, h->key, row, 1, h->rows, h->keys, h->k,
     NAME(heads_scale)(h), 0);
}

static size_t NAME(seen)(const NAME(heads) * h, size_t i)
{
    return h->m->causal ? h->at + i + 1 : h->keys;
}

/* Scores of one query become weights; returns l. */
static REAL NAME(soften)(REAL *weight, size_t seen, size_t keys, const NAME(ssmi_kernels) * kernels)
{
    REAL most = weight[0], sum = 0;
    for (size_t j = 1; j < seen; j++) most = weight[j] > most ? weight[j] : most;
    kernels->exponential(weight, weight, most, seen);
    for (size_t j = 0; j < seen; j++) sum += weight[j];
    for (size_t j = 0; j < seen; j++) weight[j] /= sum;
    for (size_t j = seen; j < keys; j++) weight[j] = 0;
    return most + R_LOG(sum);
}

void NAME(ssmi_attention_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                  const ssmi_attention *m, NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, d = m->width;
    REAL *qkv = record, *o = qkv + rows * 3 * d, *l = o + rows * d;
    NAME(ssmi_linear_forward)(qkv, 3 * d, x, d, params + m->qkv, NULL, rows, d, 3 * d);
    for (size_t n = 0; n < tokens.batch * m->heads; n++) {
        const size_t b = n / m->heads, head = n % m->heads, first = b * tokens.length;
        NAME(heads) h = NAME(open_heads)(qkv, scratch, m, tokens.length, b, head);
        for (size_t at = 0; at < tokens.length; at += SSMI_ATTENTION_ROWS) {
            NAME(place_heads)(&h, at);
            NAME(score)(&h);
            for (size_t i = 0; i < h.rows; i++)
                l[(first + at + i) * m->heads + head] =
                    NAME(soften)(h.weight + i * h.keys, NAME(seen)(&h, i), h.keys, tokens.kernels);
            NAME(heads_product)
            (o + (first + at) * d + head * h.k, d, h.weight, h.keys, 0, h.v, 3 * d, 0, h.rows, h.k, h.keys, 1,
             0);
        }
    }
    NAME(ssmi_linear_forward)(y, d, o, d, params + m->out, NULL, rows, d, d);
}

/* One block of queries: weights again, then dq, and its part of dk and dv. o, dout: of the block's first row
 * of this head; l: of its first row. */
static void NAME(heads_backward)(REAL *dqkv, NAME(heads) * h, const REAL *o, const REAL *dout, const REAL *l,
                                 const NAME(ssmi_kernels) * kernels)
{
    const size_t d = h->m->width, row = 3 * d;
    REAL *dq = dqkv + h->at * row, *dk = dqkv + d, *dv = dk + d;
    NAME(score)(h);
    NAME(heads_product)
    (h->slope, h->keys, dout, d, 0, h->v, row, 1, h->rows, h->keys, h->k, 1, 0);
    for (size_t i = 0; i < h->rows; i++) {
        const size_t seen = NAME(seen)(h, i);
        REAL *weight = h->weight + i * h->keys, *slope = h->slope + i * h->keys, along = 0;
        for (size_t e = 0; e < h->k; e++) along += dout[i * d + e] * o[i * d + e];
        kernels->exponential(weight, weight, l[i * h->m->heads], seen);
        for (size_t j = seen; j < h->keys; j++) weight[j] = 0;
        for (size_t j = 0; j < h->keys; j++) slope[j] = weight[j] * (slope[j] - along);
    }
    NAME(heads_product)(dv, row, h->weight, h->keys, 1, dout, d, 0, h->keys, h->k, h->rows, 1, 1);
    NAME(heads_product)
    (dq, row, h->slope, h->keys, 0, h->key, row, 0, h->rows, h->k, h->keys, NAME(heads_scale)(h), 0);
    NAME(heads_product)
    (dk, row, h->slope, h->keys, 1, h->q + h->at * row, row, 0, h->keys, h->k, h->rows, NAME(heads_scale)(h),
     1);
}

void NAME(ssmi_attention_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                   const REAL *x, const REAL *params, const ssmi_attention *m,
                                   NAME(ssmi_tokens) tokens)
{
    const size_t rows = tokens.batch * tokens.length, d = m->width;
    REAL *qkv = record, *o = qkv + rows * 3 * d, *l = o + rows * d;
    REAL *dout = scratch, *dqkv = dout + rows * d, *block = dqkv + rows * 3 * d;
    NAME(ssmi_linear_backward)(dout, 0, dparams + m->out, NULL, dy, d, o, d, params + m->out, rows, d, d);
    memset(dqkv, 0, rows * 3 * d * sizeof *dqkv);
    for (size_t n = 0; n < tokens.batch * m->heads; n++) {
        const size_t b = n / m->heads, head = n % m->heads, first = b * tokens.length;
        NAME(heads) h = NAME(open_heads)(qkv, block, m, tokens.length, b, head);
        for (size_t at = 0; at < tokens.length; at += SSMI_ATTENTION_ROWS) {
            const size_t from = (first + at) * d + head * h.k;
            NAME(place_heads)(&h, at);
            NAME(heads_backward)
            (dqkv + first * 3 * d + head * h.k, &h, o + from, dout + from, l + (first + at) * m->heads + head,
             tokens.kernels);
        }
    }
    NAME(ssmi_linear_backward)
    (dx, 0, dparams + m->qkv, NULL, dqkv, 3 * d, x, d, params + m->qkv, rows, d, 3 * d);
}
