/* What the series of a vector say about each other, for one element type. The hidden numbers q_v of the
 * windows of V series that end with the same row are a sequence over the series (Wang et al. 2024, S-Mamba,
 * "VC encoding"):
 *
 *     q'_v = q_v + stack(q + e)_v                       stack: backbone.h; e (V, K): which series it is
 *
 * Known value: without a head that reads it the stack changes nothing, so training starts from the skip. */
typedef struct NAME(variates_record) {
    REAL *placed, *joint; /* (batch, K): q + e; q' */
    REAL *stack;
} NAME(variates_record);

static size_t NAME(variates_rows)(const ssmi_network *net, size_t batch)
{
    return net->size.variates > 1 ? batch : 0;
}

static NAME(ssmi_tokens)
    NAME(variates_of)(const ssmi_network *net, size_t batch, const NAME(ssmi_kernels) * kernels)
{
    return (NAME(ssmi_tokens)){batch / net->size.variates, net->size.variates, NULL, kernels};
}

static NAME(variates_record)
    NAME(variates_record_of)(REAL *base, size_t *used, const ssmi_network *net, size_t batch)
{
    const size_t rows = NAME(variates_rows)(net, batch), V = net->size.variates;
    NAME(variates_record) r = {NULL, NULL, NULL};
    r.placed = NAME(carve)(base, used, rows * net->size.hidden);
    r.joint = NAME(carve)(base, used, rows * net->size.hidden);
    r.stack = NAME(carve)(base, used, rows > 0 ? NAME(ssmi_backbone_record)(&net->across, rows / V, V) : 0);
    return r;
}

static size_t NAME(variates_scratch)(const ssmi_network *net, size_t batch)
{
    const size_t rows = NAME(variates_rows)(net, batch), V = net->size.variates;
    return rows > 0 ? rows * net->size.hidden + NAME(ssmi_backbone_scratch)(&net->across, rows / V, V) : 0;
}

/* r->joint from q (batch, K); nothing where series are looked at alone. */
static void NAME(variates_forward)(const NAME(variates_record) * r, REAL *scratch, const REAL *q,
                                   size_t batch, const REAL *params, const ssmi_network *net, double p,
                                   uint64_t key, const NAME(ssmi_kernels) * kernels)
{
    const size_t n = batch * net->size.hidden, all = net->size.variates * net->size.hidden;
    if (NAME(variates_rows)(net, batch) == 0) return;
    memcpy(r->placed, q, n * sizeof *q);
    for (size_t i = 0; i < n; i += all) NAME(accumulate)(r->placed + i, params + net->variate, all);
    NAME(ssmi_backbone_forward)
    (r->joint, r->stack, scratch, r->placed, params, &net->across, NAME(variates_of)(net, batch, kernels), p,
     ssmi_mix_key(key, SSMI_MAX_BLOCKS + 1));
    NAME(accumulate)(r->joint, q, n);
}

/* dq (batch, K): on entry the gradient of q', on return that of q. */
static void NAME(variates_backward)(REAL *dq, REAL *dparams, REAL *scratch, const NAME(variates_record) * r,
                                    size_t batch, const REAL *params, const ssmi_network *net, double p,
                                    const NAME(ssmi_kernels) * kernels)
{
    const size_t n = batch * net->size.hidden, all = net->size.variates * net->size.hidden;
    REAL *dplaced = scratch;
    if (NAME(variates_rows)(net, batch) == 0) return;
    NAME(ssmi_backbone_backward)
    (dplaced, dparams, scratch + n, dq, r->stack, params, &net->across,
     NAME(variates_of)(net, batch, kernels), p);
    for (size_t i = 0; i < n; i += all) NAME(accumulate)(dparams + net->variate, dplaced + i, all);
    NAME(accumulate)(dq, dplaced, n);
}
