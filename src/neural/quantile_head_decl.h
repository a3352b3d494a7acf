/* Declarations of quantile_head.h for one element type; included with REAL and NAME set. */

typedef struct NAME(ssmi_quantile_window) {
    const REAL *centre; /* (horizon) */
    const REAL *base;   /* (SSMI_BASE_ROWS, horizon): median m, then u_0..u_3, l_0..l_3 */
    REAL s, g;
    size_t horizon;
    const NAME(ssmi_kernels) * kernels;
} NAME(ssmi_quantile_window);

/* mean (horizon), quantile (SSMI_QUANTILES, horizon) ascending in the level, from out (SSMI_HEAD_OUTPUTS,
 * horizon). */
void NAME(ssmi_quantile_forward)(REAL *mean, REAL *quantile, const REAL *out,
                                 const NAME(ssmi_quantile_window) * w);

/* The loss of one window: y (horizon), NaN where missing. Adds the squared error of the mean and the pinball
 * part, each averaged over the observed steps, to loss[0] and loss[1]; 0 when no step is observed. dout (as
 * out) is overwritten with the gradient of what `weights` says times `share`, NULL: not wanted, and then no
 * weights are. */
void NAME(ssmi_quantile_loss)(REAL *dout, double loss[2], const REAL *mean, const REAL *quantile,
                              const REAL *y, const REAL *out, const NAME(ssmi_quantile_window) * w,
                              const ssmi_loss_weights *weights, REAL share);
