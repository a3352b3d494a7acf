/* The linear networks (Zeng et al. 2023, "Are Transformers Effective for Time Series Forecasting?", section
 * 4) for one element type, L the look-back:
 *
 *     NLinear   point = W v + b                         v: the window less its last value, so the caller
 * centres it DLinear   point = W (v - m) + W_m m + b           m: mean over SSMI_DLINEAR_WINDOW rows, the
 * ends repeated
 *
 * The point is mean and median; the widths of the quantile head are numbers of their own per step. Known
 * value: zero weights give zeros. */
static size_t NAME(linear_record)(const ssmi_network *net, size_t batch)
{
    return 2 * batch * net->size.lookback;
}

/* m of one window. */
static void NAME(moving_mean)(REAL *out, const REAL *v, size_t length)
{
    const ptrdiff_t half = SSMI_DLINEAR_WINDOW / 2, last = (ptrdiff_t)length - 1;
    REAL sum = 0;
    for (ptrdiff_t k = -half; k <= half; k++) sum += v[k < 0 ? 0 : k > last ? last : k];
    for (ptrdiff_t t = 0; t <= last; t++) {
        const ptrdiff_t in = t + half + 1, out_of = t - half;
        out[t] = sum / SSMI_DLINEAR_WINDOW;
        sum += v[in > last ? last : in] - v[out_of < 0 ? 0 : out_of];
    }
}

static void NAME(linear_forward)(REAL *out, REAL *record, const NAME(ssmi_network_input) * in,
                                 const REAL *params, const ssmi_network *net)
{
    const size_t L = net->size.lookback, H = net->size.horizon, n = in->batch * L;
    REAL *rest = record, *mean = record + n;
    memcpy(rest, in->value, n * sizeof *rest);
    for (size_t b = 0; b < in->batch && net->size.kind == SSMI_NETWORK_DLINEAR; b++) {
        NAME(moving_mean)(mean + b * L, in->value + b * L, L);
        for (size_t t = b * L; t < (b + 1) * L; t++) rest[t] -= mean[t];
    }
    NAME(ssmi_linear_forward)
    (out, net->outputs, rest, L, params + net->map_weight, params + net->map_bias, in->batch, L, H);
    if (net->size.kind == SSMI_NETWORK_DLINEAR)
        GEMM(CblasRowMajor, CblasNoTrans, CblasTrans, (int)in->batch, (int)H, (int)L, 1, mean, (int)L,
             params + net->mean_weight, (int)L, 1, out, (int)net->outputs);
    for (size_t b = 0; b < in->batch; b++, out += net->outputs) {
        memcpy(out + H, out, H * sizeof *out);
        memcpy(out + 2 * H, params + net->width_bias, (net->outputs - 2 * H) * sizeof *out);
    }
}

/* scratch (batch, H). */
static void NAME(linear_backward)(REAL *dparams, REAL *scratch, const REAL *dout, const REAL *record,
                                  size_t batch, const REAL *params, const ssmi_network *net)
{
    const size_t L = net->size.lookback, H = net->size.horizon;
    for (size_t i = 0; i < batch * H; i++) {
        const REAL *d = dout + i / H * net->outputs + i % H;
        scratch[i] = d[0] + d[H];
    }
    NAME(ssmi_linear_backward)
    (NULL, 0, dparams + net->map_weight, dparams + net->map_bias, scratch, H, record, L,
     params + net->map_weight, batch, L, H);
    if (net->size.kind == SSMI_NETWORK_DLINEAR) NAME(ssmi_linear_backward)
    (NULL, 0, dparams + net->mean_weight, NULL, scratch, H, record + batch * L, L, params + net->mean_weight,
     batch, L, H);
    for (size_t b = 0; b < batch; b++) {
        for (size_t k = 2 * H; k < net->outputs; k++)
            dparams[net->width_bias + k - 2 * H] += dout[b * net->outputs + k];
    }
}
