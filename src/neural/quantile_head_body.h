/* The quantile head for one element type; formulas in quantile_head.h. */
void NAME(ssmi_quantile_forward)(REAL *mean, REAL *quantile, const REAL *out,
                                 const NAME(ssmi_quantile_window) * w)
{
    const size_t H = w->horizon, side = SSMI_SIDE * H;
    const REAL *up = out + 2 * H, *base_up = w->base + H;
    REAL *median = quantile + side, *above = median + H;
    for (size_t h = 0; h < H; h++) {
        mean[h] = w->centre[h] + w->s * out[h];
        median[h] = w->centre[h] + w->g * w->base[h] + w->s * out[H + h];
    }
    for (size_t k = 0; k < side; k++) above[k] = base_up[k] + up[k];
    for (size_t j = 0; j < SSMI_SIDE; j++) {
        const REAL *down = up + side + j * H, *base_down = base_up + side + j * H;
        for (size_t h = 0; h < H; h++) quantile[(SSMI_SIDE - 1 - j) * H + h] = base_down[h] + down[h];
    }
    w->kernels->softplus(above, above, side);
    w->kernels->softplus(quantile, quantile, side);
    for (size_t k = 0; k < side; k++) above[k] = median[k] + w->g * above[k];
    for (size_t k = side; k-- > 0;) quantile[k] = quantile[k + H] - w->g * quantile[k];
}

/* d pinball / d quantile, scaled; at y == q the right-hand side. */
static REAL NAME(pinball)(double *loss, REAL error, REAL level)
{
    *loss += (double)(error >= 0 ? level * error : (level - 1) * error);
    return error > 0 ? -level : 1 - level;
}

/* The slopes of all widths, where their gradients will be. */
static void NAME(width_slopes)(REAL *dout, const REAL *out, const NAME(ssmi_quantile_window) * w)
{
    const size_t H = w->horizon, n = 2 * SSMI_SIDE * H;
    REAL *slope = dout + 2 * H;
    for (size_t k = 0; k < n; k++) slope[k] = w->base[H + k] + out[2 * H + k];
    w->kernels->sigmoid(slope, slope, n);
}

/* Gradient of one step with respect to the outputs from that of its quantiles: a width moves all quantiles
 * beyond it. dout: the slopes of the widths on entry. */
static void NAME(widths_backward)(REAL *dout, const REAL *dq, const NAME(ssmi_quantile_window) * w, size_t h)
{
    const size_t H = w->horizon;
    REAL above = 0, below = 0;
    for (size_t j = SSMI_SIDE; j-- > 0;) {
        const size_t up = (2 + j) * H + h, down = up + SSMI_SIDE * H;
        above += dq[SSMI_SIDE + 1 + j];
        below += dq[SSMI_SIDE - 1 - j];
        dout[up] *= w->g * above;
        dout[down] *= -w->g * below;
    }
    dout[H + h] = w->s * (above + below + dq[SSMI_SIDE]);
}

void NAME(ssmi_quantile_loss)(REAL *dout, double loss[2], const REAL *mean, const REAL *quantile,
                              const REAL *y, const REAL *out, const NAME(ssmi_quantile_window) * w,
                              const ssmi_loss_weights *weights, REAL share)
{
    const size_t H = w->horizon;
    size_t observed = 0;
    double squared = 0, pinball = 0;
    for (size_t h = 0; h < H; h++) observed += y[h] == y[h];
    if (dout != NULL) memset(dout, 0, SSMI_HEAD_OUTPUTS * H * sizeof *dout);
    if (observed == 0) return;
    if (dout != NULL) NAME(width_slopes)(dout, out, w);
    const ssmi_loss_weights none = {0}, *k = weights != NULL ? weights : &none;
    const REAL each = share / (REAL)observed, squares = each * (REAL)k->squared;
    const REAL lines = each * (REAL)k->pinball * 2 / SSMI_QUANTILES, middle = each * (REAL)k->absolute;
    for (size_t h = 0; h < H; h++) {
        REAL dq[SSMI_QUANTILES] = {0}, error = y[h] - mean[h];
        if (y[h] != y[h] && dout != NULL) NAME(widths_backward)(dout, dq, w, h);
        if (y[h] != y[h]) continue;
        squared += (double)(error * error);
        for (size_t i = 0; i < SSMI_QUANTILES; i++)
            dq[i] = lines * NAME(pinball)(&pinball, y[h] - quantile[i * H + h], (REAL)(i + 1) / 10);
        if (dout == NULL) continue;
        dq[SSMI_SIDE] += y[h] > quantile[SSMI_SIDE * H + h] ? -middle : middle;
        dout[h] = -2 * squares * w->s * error;
        NAME(widths_backward)(dout, dq, w, h);
    }
    loss[0] += squared / (double)observed;
    loss[1] += 2 * pinball / ((double)observed * SSMI_QUANTILES);
}
