/* The forecasting network for one element type. */
#include "neural/known_future_body.h"
#include "neural/variates_body.h"

typedef struct NAME(head_record) {
    REAL *read;           /* (batch, net->read) */
    REAL *mixed, *hidden; /* (batch, hidden): before SiLU; after SiLU and dropout */
    REAL *mask;           /* (batch, hidden) */
    const REAL *joint;    /* (batch, hidden): after the other series had their say */
    NAME(variates_record) variates;
    NAME(known_record) known;
} NAME(head_record);

typedef struct NAME(network_record) {
    REAL *patches;         /* (batch T, features) */
    REAL *embedded, *flat; /* (batch T, d): before and after the backbone */
    REAL *step, *newest;   /* (batch T), carried: (batch) */
    REAL *backbone;
    NAME(head_record) head;
    size_t size;
} NAME(network_record);

static NAME(head_record) NAME(head_record_of)(REAL *base, size_t *used, const ssmi_network *net, size_t batch)
{
    NAME(head_record) r;
    r.mixed = NAME(carve)(base, used, batch * net->size.hidden);
    r.hidden = NAME(carve)(base, used, batch * net->size.hidden);
    r.mask = NAME(carve)(base, used, batch * net->size.hidden);
    r.variates = NAME(variates_record_of)(base, used, net, batch);
    r.known = NAME(known_record_of)(base, used, net, batch);
    r.joint = net->size.variates > 1 ? r.variates.joint : r.hidden;
    r.read = NULL;
    return r;
}

static NAME(network_record) NAME(network_record_of)(REAL *base, const ssmi_network *net, size_t batch)
{
    const size_t rows = batch * net->tokens, d = net->backbone.width, carried = net->size.carried ? batch : 0;
    NAME(network_record) r = {.size = 0};
    r.patches = NAME(carve)(base, &r.size, rows * net->features);
    r.embedded = NAME(carve)(base, &r.size, rows * d);
    r.flat = NAME(carve)(base, &r.size, rows * d);
    r.step = NAME(carve)(base, &r.size, rows);
    r.newest = NAME(carve)(base, &r.size, carried);
    r.backbone = NAME(carve)(base, &r.size, NAME(ssmi_backbone_record)(&net->backbone, batch, net->tokens));
    r.head = NAME(head_record_of)(base, &r.size, net, batch);
    r.head.read = r.flat; /* all tokens side by side */
    if (carried) r.head.read = NAME(carve)(base, &r.size, batch * net->read);
    return r;
}

#include "neural/linear_network_body.h"

size_t NAME(ssmi_network_record)(const ssmi_network *net, size_t batch)
{
    if (net->size.kind != SSMI_NETWORK_TOKENS) return NAME(linear_record)(net, batch);
    return NAME(network_record_of)(NULL, net, batch).size;
}

size_t NAME(ssmi_network_scratch)(const ssmi_network *net, size_t batch)
{
    if (net->size.kind != SSMI_NETWORK_TOKENS) return batch * net->size.horizon;
    const size_t rows = batch * net->tokens, d = net->backbone.width;
    const size_t stack = NAME(ssmi_backbone_scratch)(&net->backbone, batch, net->tokens);
    const size_t across = NAME(variates_scratch)(net, batch);
    return 2 * rows * d + batch * net->size.hidden + (stack > across ? stack : across) + 64;
}

/* Patches end at the window's last row; rows at its front that fill no patch are left out. */
static void NAME(cut_patches)(REAL *patches, const NAME(ssmi_network_input) * in, const ssmi_network *net)
{
    const size_t L = net->size.lookback, patch = net->size.patch, columns = net->size.columns;
    const size_t skip = (L - patch) % net->size.stride, phases = net->size.phases;
    for (size_t i = 0; i < in->batch * net->tokens; i++, patches += net->features) {
        const size_t b = i / net->tokens, row = skip + i % net->tokens * net->size.stride, from = b * L + row;
        memcpy(patches, in->value + from, patch * sizeof *patches);
        memcpy(patches + patch, in->mask + from, patch * sizeof *patches);
        patches[2 * patch] = in->scale[b];
        if (phases > 0) memcpy(patches + 2 * patch + 1, in->phase + i * phases, phases * sizeof *patches);
        if (columns > 0)
            memcpy(patches + 2 * patch + 1 + phases,
                   in->columns + (b * (L + net->size.horizon) + row) * columns,
                   patch * columns * sizeof *patches);
    }
}

/* The tokens' steps are the observed shares of their patches. */
static void NAME(set_steps)(const NAME(network_record) * r, const ssmi_network *net, size_t batch)
{
    for (size_t i = 0; i < batch * net->tokens; i++) {
        const REAL *mask = r->patches + i * net->features + net->size.patch;
        r->step[i] = 0;
        for (size_t k = 0; k < net->size.patch; k++) r->step[i] += mask[k] / (REAL)net->size.patch;
        if (r->step[i] > (REAL)0.9999) r->step[i] = 1; /* rounding of the sum */
    }
}

/* Where all is observed the blocks need not look at steps, and give the same numbers faster. */
static NAME(ssmi_tokens) NAME(tokens_of)(const NAME(network_record) * r, const ssmi_network *net,
                                         size_t batch, const NAME(ssmi_kernels) * kernels)
{
    NAME(ssmi_tokens) tokens = {batch, net->tokens, NULL, kernels};
    for (size_t i = 0; i < batch * net->tokens; i++)
        if (r->step[i] < 1) tokens.step = r->step;
    return tokens;
}

/* Tokens as they come, and the newest of each sequence. */
static void NAME(take_tokens)(const NAME(network_record) * r, const NAME(ssmi_network_input) * in,
                              const ssmi_network *net)
{
    const size_t rows = in->batch * net->tokens;
    memcpy(r->patches, in->token, rows * net->features * sizeof *r->patches);
    memcpy(r->step, in->step, rows * sizeof *r->step);
    for (size_t b = 0; b < in->batch; b++) r->newest[b] = (REAL)in->newest[b];
}

/* What is heard of sequence b: rows [first, first + n) of all tokens. */
typedef struct NAME(heard_rows) {
    size_t first, n;
} NAME(heard_rows);

static NAME(heard_rows) NAME(heard_rows_of)(const NAME(network_record) * r, const ssmi_network *net, size_t b)
{
    const size_t told = (size_t)r->newest[b] + 1, n = told < net->heard ? told : net->heard;
    return (NAME(heard_rows)){b * net->tokens + told - n, n};
}

static void NAME(gather_heard)(const NAME(network_record) * r, const ssmi_network *net, size_t batch)
{
    const size_t d = net->backbone.width;
    for (size_t b = 0; b < batch; b++) {
        const NAME(heard_rows) rows = NAME(heard_rows_of)(r, net, b);
        REAL *read = r->head.read + b * net->read;
        const size_t none = (net->heard - rows.n) * d;
        memset(read, 0, none * sizeof *read);
        memcpy(read + none, r->flat + rows.first * d, rows.n * d * sizeof *read);
    }
}

/* From what was heard to all tokens: dflat (batch T, d), dread (batch, net->read). */
static void NAME(scatter_heard)(REAL *dflat, const REAL *dread, const NAME(network_record) * r,
                                const ssmi_network *net, size_t batch)
{
    const size_t d = net->backbone.width;
    memset(dflat, 0, batch * net->tokens * d * sizeof *dflat);
    for (size_t b = 0; b < batch; b++) {
        const NAME(heard_rows) rows = NAME(heard_rows_of)(r, net, b);
        memcpy(dflat + rows.first * d, dread + b * net->read + (net->heard - rows.n) * d,
               rows.n * d * sizeof *dflat);
    }
}

static void NAME(tell_tokens)(const NAME(network_record) * r, const NAME(ssmi_network_input) * in,
                              const REAL *params, const ssmi_network *net)
{
    const size_t rows = in->batch * net->tokens, d = net->backbone.width, flat = net->tokens * d;
    if (net->size.carried) {
        NAME(take_tokens)(r, in, net);
    } else {
        NAME(cut_patches)(r->patches, in, net);
        NAME(set_steps)(r, net, in->batch);
    }
    NAME(ssmi_linear_forward)
    (r->embedded, d, r->patches, net->features, params + net->embed_weight, params + net->embed_bias, rows,
     net->features, d);
    for (size_t b = 0; b < in->batch && !net->size.carried; b++)
        NAME(accumulate)(r->embedded + b * flat, params + net->position, flat);
}

static void NAME(head_forward)(REAL *out, const NAME(head_record) * r, REAL *scratch, const REAL *columns,
                               const REAL *params, const ssmi_network *net, size_t batch, double p,
                               uint64_t key, const NAME(ssmi_kernels) * kernels)
{
    const size_t K = net->size.hidden, n = batch * K;
    NAME(ssmi_linear_forward)
    (r->mixed, K, r->read, net->read, params + net->mix_weight, params + net->mix_bias, batch, net->read, K);
    kernels->silu_forward(r->hidden, r->mixed, n);
    NAME(ssmi_dropout_mask)(r->mask, n, p, ssmi_mix_key(key, SSMI_MAX_BLOCKS));
    for (size_t i = 0; i < n; i++) r->hidden[i] *= r->mask[i];
    NAME(variates_forward)(&r->variates, scratch, r->hidden, batch, params, net, p, key, kernels);
    NAME(ssmi_linear_forward)
    (out, net->outputs, r->joint, K, params + net->head_weight, params + net->head_bias, batch, K,
     net->outputs);
    NAME(known_forward)(out, &r->known, r->joint, columns, batch, params, net, kernels);
}

size_t NAME(ssmi_network_head_size)(const ssmi_network *net, size_t batch)
{
    size_t size = 0;
    NAME(head_record_of)(NULL, &size, net, batch);
    NAME(carve)(NULL, &size, batch * net->read);
    return size;
}

void NAME(ssmi_network_head)(REAL *out, REAL *scratch, const REAL *read, const REAL *columns,
                             const REAL *params, const ssmi_network *net, size_t batch,
                             const NAME(ssmi_kernels) * kernels)
{
    size_t used = 0;
    NAME(head_record) r = NAME(head_record_of)(scratch, &used, net, batch);
    r.read = NAME(carve)(scratch, &used, batch * net->read);
    memcpy(r.read, read, batch * net->read * sizeof *read);
    NAME(head_forward)(out, &r, NULL, columns, params, net, batch, 0, 0, kernels);
}

void NAME(ssmi_network_forward)(REAL *out, REAL *record, REAL *scratch, const NAME(ssmi_network_input) * in,
                                const REAL *params, const ssmi_network *net, double p, uint64_t key,
                                const NAME(ssmi_kernels) * kernels)
{
    if (net->size.kind != SSMI_NETWORK_TOKENS) {
        NAME(linear_forward)(out, record, in, params, net);
        return;
    }
    const NAME(network_record) r = NAME(network_record_of)(record, net, in->batch);
    NAME(tell_tokens)(&r, in, params, net);
    NAME(ssmi_backbone_forward)
    (r.flat, r.backbone, scratch, r.embedded, params, &net->backbone,
     NAME(tokens_of)(&r, net, in->batch, kernels), p, key);
    if (net->size.carried) NAME(gather_heard)(&r, net, in->batch);
    NAME(head_forward)(out, &r.head, scratch, in->columns, params, net, in->batch, p, key, kernels);
}

/* dread (batch, net->read) from dout; dhidden (batch, hidden) and scratch are work space. */
static void NAME(head_backward)(REAL *dread, REAL *dparams, REAL *dhidden, REAL *scratch, const REAL *dout,
                                const NAME(head_record) * r, size_t batch, const REAL *params,
                                const ssmi_network *net, double p, const NAME(ssmi_kernels) * kernels)
{
    const size_t K = net->size.hidden;
    NAME(ssmi_linear_backward)
    (dhidden, 0, dparams + net->head_weight, dparams + net->head_bias, dout, net->outputs, r->joint, K,
     params + net->head_weight, batch, K, net->outputs);
    NAME(known_backward)(dhidden, dparams, dout, &r->known, r->joint, batch, params, net, kernels);
    NAME(variates_backward)(dhidden, dparams, scratch, &r->variates, batch, params, net, p, kernels);
    for (size_t i = 0; i < batch * K; i++) dhidden[i] *= r->mask[i];
    kernels->silu_backward(dhidden, dhidden, r->mixed, batch * K);
    NAME(ssmi_linear_backward)
    (dread, 0, dparams + net->mix_weight, dparams + net->mix_bias, dhidden, K, r->read, net->read,
     params + net->mix_weight, batch, net->read, K);
}

void NAME(ssmi_network_backward)(REAL *dparams, REAL *scratch, const REAL *dout, REAL *record, size_t batch,
                                 const REAL *params, const ssmi_network *net, double p,
                                 const NAME(ssmi_kernels) * kernels)
{
    const size_t rows = batch * net->tokens, d = net->backbone.width, flat = net->tokens * d;
    const int carried = net->size.carried;
    if (net->size.kind != SSMI_NETWORK_TOKENS) {
        NAME(linear_backward)(dparams, scratch, dout, record, batch, params, net);
        return;
    }
    const NAME(network_record) r = NAME(network_record_of)(record, net, batch);
    REAL *dflat = scratch, *dembedded = dflat + rows * d, *dhidden = dembedded + rows * d,
         *inner = dhidden + batch * net->size.hidden;
    NAME(head_backward)
    (carried ? dembedded : dflat, dparams, dhidden, inner, dout, &r.head, batch, params, net, p, kernels);
    if (carried) NAME(scatter_heard)(dflat, dembedded, &r, net, batch);
    NAME(ssmi_backbone_backward)
    (dembedded, dparams, inner, dflat, r.backbone, params, &net->backbone,
     NAME(tokens_of)(&r, net, batch, kernels), p);
    for (size_t b = 0; b < batch && !carried; b++)
        NAME(accumulate)(dparams + net->position, dembedded + b * flat, flat);
    NAME(ssmi_linear_backward)
    (NULL, 0, dparams + net->embed_weight, dparams + net->embed_bias, dembedded, d, r.patches, net->features,
     params + net->embed_weight, rows, net->features, d);
}
