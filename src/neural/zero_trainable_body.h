/* The trainable pretrained network for one element type. The backward pass mirrors the forward pass of
 * zero_trainable.h from the last line to the first. The reference adds g_k r_k to all quantiles of a step, so
 *
 *     dg_k = sum over steps and levels of dq  r_k
 *
 * Sorting permutes the quantiles, so a sorted one's gradient goes to the one that it was. Known value: nine
 * quantiles that all are 0 cost 2/9 (0.1 + ... + 0.9) |y| = |y|. */

/* --- two layers --- */
typedef struct NAME(pair_record) {
    REAL *raw, *hidden; /* (rows, hidden) before and behind SiLU */
    size_t size;
} NAME(pair_record);

static NAME(pair_record) NAME(pair_record_of)(REAL *base, const ssmi_zero_pair *p, size_t rows)
{
    NAME(pair_record) r = {.size = 0};
    r.raw = NAME(carve)(base, &r.size, rows * p->hidden);
    r.hidden = NAME(carve)(base, &r.size, rows * p->hidden);
    return r;
}

/* scratch (rows, out). */
static void NAME(pair_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                               const ssmi_zero_pair *p, size_t rows, const NAME(ssmi_kernels) * kernels)
{
    const NAME(pair_record) r = NAME(pair_record_of)(record, p, rows);
    NAME(ssmi_linear_forward)
    (r.raw, p->hidden, x, p->in, params + p->w1, params + p->b1, rows, p->in, p->hidden);
    kernels->silu_forward(r.hidden, r.raw, rows * p->hidden);
    NAME(ssmi_linear_forward)
    (y, p->out, r.hidden, p->hidden, params + p->w2, params + p->b2, rows, p->hidden, p->out);
    NAME(ssmi_linear_forward)
    (scratch, p->out, x, p->in, params + p->w3, params + p->b3, rows, p->in, p->out);
    for (size_t i = 0; i < rows * p->out; i++) y[i] += scratch[i];
}

/* dx is overwritten, or NULL; scratch (rows, hidden). */
static void NAME(pair_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                const REAL *x, const REAL *params, const ssmi_zero_pair *p, size_t rows,
                                const NAME(ssmi_kernels) * kernels)
{
    const NAME(pair_record) r = NAME(pair_record_of)(record, p, rows);
    NAME(ssmi_linear_backward)
    (dx, 0, dparams + p->w3, dparams + p->b3, dy, p->out, x, p->in, params + p->w3, rows, p->in, p->out);
    NAME(ssmi_linear_backward)
    (scratch, 0, dparams + p->w2, dparams + p->b2, dy, p->out, r.hidden, p->hidden, params + p->w2, rows,
     p->hidden, p->out);
    kernels->silu_backward(scratch, scratch, r.raw, rows * p->hidden);
    NAME(ssmi_linear_backward)
    (dx, 1, dparams + p->w1, dparams + p->b1, scratch, p->hidden, x, p->in, params + p->w1, rows, p->in,
     p->hidden);
}

/* --- the head --- */
typedef struct NAME(head_record) {
    REAL *normed, *pair; /* normed (tokens, model) */
    size_t size;
} NAME(head_record);

static NAME(head_record) NAME(head_record_of)(REAL *base, const ssmi_zero_head *head, size_t tokens)
{
    NAME(head_record) r = {.size = 0};
    r.normed = NAME(carve)(base, &r.size, tokens * head->pair.in);
    r.pair = NAME(carve)(base, &r.size, NAME(pair_record_of)(NULL, &head->pair, tokens).size);
    return r;
}

size_t NAME(ssmi_zero_head_record)(const ssmi_zero_head *head, size_t tokens)
{
    return NAME(head_record_of)(NULL, head, tokens).size;
}

/* Forwards: the output of W3, the weights of the reference. Backwards: hidden layer, reference, dnormed. */
typedef struct NAME(head_scratch) {
    REAL *wide, *reference, *dnormed;
    size_t size;
} NAME(head_scratch);

static NAME(head_scratch) NAME(head_scratch_of)(REAL *base, const ssmi_zero_head *head, size_t tokens)
{
    const size_t hidden = head->pair.hidden, out = head->pair.out;
    NAME(head_scratch) s = {.size = 0};
    s.wide = NAME(carve)(base, &s.size, tokens * (hidden > out ? hidden : out));
    s.reference = NAME(carve)(base, &s.size, tokens * 4);
    s.dnormed = NAME(carve)(base, &s.size, tokens * head->pair.in);
    return s;
}

size_t NAME(ssmi_zero_head_scratch)(const ssmi_zero_head *head, size_t tokens)
{
    return NAME(head_scratch_of)(NULL, head, tokens).size;
}

/* What the four weights of the reference meet at step j of the patch. */
static void NAME(reference_of)(REAL r[4], const REAL *f, size_t j)
{
    r[0] = f[SSMI_ZERO_LAG_MAIN + j];
    r[1] = f[SSMI_ZERO_LAG_SECOND + j];
    r[2] = f[SSMI_ZERO_CYCLE + j];
    r[3] = f[SSMI_ZERO_LAST];
}

static void NAME(add_reference)(REAL *quantile, const REAL *g, const REAL *f)
{
    for (size_t j = 0; j < SSMI_ZERO_PATCH; j++) {
        REAL r[4];
        NAME(reference_of)(r, f, j);
        const REAL sum = g[0] * r[0] + g[1] * r[1] + g[2] * r[2] + g[3] * r[3];
        for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) quantile[j * SSMI_ZERO_LEVELS + k] += sum;
    }
}

static void NAME(reference_backward)(REAL *dg, const REAL *dquantile, const REAL *f)
{
    for (size_t m = 0; m < 4; m++) dg[m] = 0;
    for (size_t j = 0; j < SSMI_ZERO_PATCH; j++) {
        REAL r[4], sum = 0;
        NAME(reference_of)(r, f, j);
        for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) sum += dquantile[j * SSMI_ZERO_LEVELS + k];
        for (size_t m = 0; m < 4; m++) dg[m] += sum * r[m];
    }
}

void NAME(ssmi_zero_head_forward)(REAL *quantile, REAL *record, REAL *scratch, const REAL *h,
                                  const REAL *feature, const REAL *params, const ssmi_zero_head *head,
                                  size_t tokens, const NAME(ssmi_kernels) * kernels)
{
    const size_t d = head->pair.in;
    const NAME(head_record) r = NAME(head_record_of)(record, head, tokens);
    const NAME(head_scratch) s = NAME(head_scratch_of)(scratch, head, tokens);
    NAME(ssmi_rmsnorm_forward)(r.normed, h, params + head->norm, (REAL)SSMI_MAMBA2_EPSILON, tokens, d);
    NAME(pair_forward)(quantile, r.pair, s.wide, r.normed, params, &head->pair, tokens, kernels);
    NAME(ssmi_linear_forward)
    (s.reference, 4, r.normed, d, params + head->reference, params + head->reference_bias, tokens, d, 4);
    for (size_t i = 0; i < tokens; i++) NAME(add_reference)
    (quantile + i * SSMI_ZERO_OUT, s.reference + 4 * i, feature + i * SSMI_ZERO_FEATURES);
}

void NAME(ssmi_zero_head_backward)(REAL *dh, REAL *dparams, REAL *scratch, const REAL *dquantile,
                                   REAL *record, const REAL *h, const REAL *feature, const REAL *params,
                                   const ssmi_zero_head *head, size_t tokens,
                                   const NAME(ssmi_kernels) * kernels)
{
    const size_t d = head->pair.in;
    const NAME(head_record) r = NAME(head_record_of)(record, head, tokens);
    const NAME(head_scratch) s = NAME(head_scratch_of)(scratch, head, tokens);
    for (size_t i = 0; i < tokens; i++) NAME(reference_backward)
    (s.reference + 4 * i, dquantile + i * SSMI_ZERO_OUT, feature + i * SSMI_ZERO_FEATURES);
    NAME(pair_backward)
    (s.dnormed, dparams, s.wide, dquantile, r.pair, r.normed, params, &head->pair, tokens, kernels);
    NAME(ssmi_linear_backward)
    (s.dnormed, 1, dparams + head->reference, dparams + head->reference_bias, s.reference, 4, r.normed, d,
     params + head->reference, tokens, d, 4);
    /* without dh the norm's weight still learns: its gradient of h goes to scratch that is read no more */
    REAL *into = dh != NULL ? dh : r.normed;
    memset(into, 0, tokens * d * sizeof *into);
    NAME(ssmi_rmsnorm_backward)
    (into, dparams + head->norm, s.dnormed, h, params + head->norm, (REAL)SSMI_MAMBA2_EPSILON, tokens, d);
}

/* --- the whole network --- */
typedef struct NAME(zero_record) {
    REAL *stream[SSMI_ZERO_TRAINABLE_BLOCKS + 1]; /* (tokens, model): what enters a block; the last leaves */
    REAL *normed[SSMI_ZERO_TRAINABLE_BLOCKS], *block[SSMI_ZERO_TRAINABLE_BLOCKS];
    REAL *embed, *head;
    size_t size;
} NAME(zero_record);

static NAME(zero_record)
    NAME(zero_record_of)(REAL *base, const ssmi_zero_trainable *net, size_t tokens, size_t from)
{
    const size_t part = tokens * net->size.model;
    NAME(zero_record) r = {.size = 0};
    r.embed = NAME(carve)(base, &r.size, NAME(pair_record_of)(NULL, &net->embed, tokens).size);
    for (size_t i = 0; i < net->size.n_blocks; i++) {
        r.stream[i] = NAME(carve)(base, &r.size, part);
        r.normed[i] = NAME(carve)(base, &r.size, part);
        r.block[i] = NAME(carve)(base, &r.size, NAME(ssmi_mamba2_record)(&net->block[i], 1, tokens));
    }
    r.stream[net->size.n_blocks] = NAME(carve)(base, &r.size, part);
    r.head = NAME(carve)(base, &r.size, NAME(ssmi_zero_head_record)(&net->head, tokens - from));
    return r;
}

size_t NAME(ssmi_zero_trainable_record)(const ssmi_zero_trainable *net, size_t tokens, size_t from)
{
    return NAME(zero_record_of)(NULL, net, tokens, from).size;
}

/* Two streams, then room for whichever part is at work. */
typedef struct NAME(zero_scratch) {
    REAL *dh, *dnormed, *inner;
    size_t size;
} NAME(zero_scratch);

static size_t NAME(larger)(size_t a, size_t b)
{
    return a > b ? a : b;
}

static NAME(zero_scratch)
    NAME(zero_scratch_of)(REAL *base, const ssmi_zero_trainable *net, size_t tokens, size_t from)
{
    const size_t part = tokens * net->size.model;
    size_t inner = tokens * NAME(larger)(net->embed.hidden, net->embed.out);
    inner = NAME(larger)(inner, NAME(ssmi_mamba2_scratch)(&net->block[0], 1, tokens));
    inner = NAME(larger)(inner, NAME(ssmi_zero_head_scratch)(&net->head, tokens - from));
    NAME(zero_scratch) s = {.size = 0};
    s.dh = NAME(carve)(base, &s.size, part);
    s.dnormed = NAME(carve)(base, &s.size, part);
    s.inner = NAME(carve)(base, &s.size, inner);
    return s;
}

size_t NAME(ssmi_zero_trainable_scratch)(const ssmi_zero_trainable *net, size_t tokens, size_t from)
{
    return NAME(zero_scratch_of)(NULL, net, tokens, from).size;
}

void NAME(ssmi_zero_trainable_forward)(REAL *quantile, REAL *record, REAL *scratch, const REAL *feature,
                                       const REAL *params, const ssmi_zero_trainable *net, size_t tokens,
                                       size_t from, const NAME(ssmi_kernels) * kernels)
{
    const size_t d = net->size.model, n = tokens * d, blocks = net->size.n_blocks;
    const NAME(zero_record) r = NAME(zero_record_of)(record, net, tokens, from);
    const NAME(zero_scratch) s = NAME(zero_scratch_of)(scratch, net, tokens, from);
    const NAME(ssmi_tokens) all = {1, tokens, NULL, kernels};
    NAME(pair_forward)(r.stream[0], r.embed, s.inner, feature, params, &net->embed, tokens, kernels);
    for (size_t i = 0; i < blocks; i++) {
        NAME(ssmi_rmsnorm_forward)
        (r.normed[i], r.stream[i], params + net->norm[i], (REAL)SSMI_MAMBA2_EPSILON, tokens, d);
        NAME(ssmi_mamba2_forward)
        (r.stream[i + 1], r.block[i], s.inner, r.normed[i], params, &net->block[i], all);
        for (size_t k = 0; k < n; k++) r.stream[i + 1][k] += r.stream[i][k];
    }
    NAME(ssmi_zero_head_forward)
    (quantile, r.head, s.inner, r.stream[blocks] + from * d, feature + from * SSMI_ZERO_FEATURES, params,
     &net->head, tokens - from, kernels);
}

void NAME(ssmi_zero_trainable_backward)(REAL *dparams, REAL *scratch, const REAL *dquantile, REAL *record,
                                        const REAL *feature, const REAL *params,
                                        const ssmi_zero_trainable *net, size_t tokens, size_t from,
                                        const NAME(ssmi_kernels) * kernels)
{
    const size_t d = net->size.model, blocks = net->size.n_blocks;
    const NAME(zero_record) r = NAME(zero_record_of)(record, net, tokens, from);
    const NAME(zero_scratch) s = NAME(zero_scratch_of)(scratch, net, tokens, from);
    const NAME(ssmi_tokens) all = {1, tokens, NULL, kernels};
    memset(s.dh, 0, from * d * sizeof *s.dh);
    NAME(ssmi_zero_head_backward)
    (s.dh + from * d, dparams, s.inner, dquantile, r.head, r.stream[blocks] + from * d,
     feature + from * SSMI_ZERO_FEATURES, params, &net->head, tokens - from, kernels);
    for (size_t i = blocks; i-- > 0;) {
        NAME(ssmi_mamba2_backward)
        (s.dnormed, dparams, s.inner, s.dh, r.block[i], r.normed[i], params, &net->block[i], all);
        NAME(ssmi_rmsnorm_backward)
        (s.dh, dparams + net->norm[i], s.dnormed, r.stream[i], params + net->norm[i],
         (REAL)SSMI_MAMBA2_EPSILON, tokens, d);
    }
    NAME(pair_backward)
    (NULL, dparams, s.inner, s.dh, r.embed, feature, params, &net->embed, tokens, kernels);
}

/* --- the loss --- */

/* order: which quantile is the k-th smallest. */
static void NAME(order_of)(size_t order[SSMI_ZERO_LEVELS], const REAL *q)
{
    for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) {
        size_t j = k;
        for (; j > 0 && q[order[j - 1]] > q[k]; j--) order[j] = order[j - 1];
        order[j] = k;
    }
}

/* Squared error of the point forecast a, and its slope; beyond SSMI_ZERO_REACH forecasts do not go. */
static REAL NAME(squared)(REAL *slope, REAL a, REAL target, REAL spread)
{
    const REAL reach = SSMI_ZERO_REACH, inside = a < -reach ? -reach : a > reach ? reach : a;
    const REAL value = R_SINH(inside), error = spread * (value - R_SINH(target));
    *slope = inside == a ? 2 * error * spread * R_SQRT(1 + value * value) : 0; /* the root is cosh a */
    return error * error;
}

/* One step with a target: adds to the sums of both losses, and sets dq where it is not NULL. */
static void NAME(step_loss)(REAL *dq, double sum[2], const REAL *q, REAL y, REAL spread, REAL lines,
                            REAL squares)
{
    size_t order[SSMI_ZERO_LEVELS];
    REAL slope;
    NAME(order_of)(order, q);
    const size_t middle = order[SSMI_ZERO_LEVELS / 2];
    for (size_t k = 0; k < SSMI_ZERO_LEVELS; k++) {
        const REAL level = (REAL)(k + 1) / 10, error = y - q[order[k]];
        sum[0] += (double)(error >= 0 ? level * error : (level - 1) * error);
        if (dq != NULL) dq[order[k]] = lines * (error > 0 ? -level : 1 - level);
    }
    sum[1] += (double)NAME(squared)(&slope, q[middle], y, spread);
    if (dq != NULL) dq[middle] += squares * slope;
}

void NAME(ssmi_zero_loss)(REAL *dquantile, double loss[2], const REAL *quantile, const REAL *target,
                          size_t rows, REAL spread, REAL squares)
{
    size_t observed = 0;
    double sum[2] = {0};
    for (size_t h = 0; h < rows; h++) observed += target[h] == target[h];
    if (dquantile != NULL) memset(dquantile, 0, rows * SSMI_ZERO_LEVELS * sizeof *dquantile);
    if (observed == 0) return;
    const REAL each = 1 / (REAL)observed, lines = 2 * each / SSMI_ZERO_LEVELS;
    for (size_t h = 0; h < rows; h++) {
        if (target[h] != target[h]) continue;
        REAL *dq = dquantile != NULL ? dquantile + h * SSMI_ZERO_LEVELS : NULL;
        NAME(step_loss)(dq, sum, quantile + h * SSMI_ZERO_LEVELS, target[h], spread, lines, squares * each);
    }
    loss[0] += sum[0] * 2 / (SSMI_ZERO_LEVELS * (double)observed);
    loss[1] += sum[1] / (double)observed;
}
