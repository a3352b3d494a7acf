/* Declarations of zero_trainable.h for one element type; included with REAL and NAME set. */

/* Elements of a head's record for so many tokens, and of its scratch. */
size_t NAME(ssmi_zero_head_record)(const ssmi_zero_head *head, size_t tokens);
size_t NAME(ssmi_zero_head_scratch)(const ssmi_zero_head *head, size_t tokens);

/* quantile (tokens, SSMI_ZERO_OUT) in a-space, not sorted, from h (tokens, model) as the last block leaves it
 * and the tokens' features (tokens, SSMI_ZERO_FEATURES). */
void NAME(ssmi_zero_head_forward)(REAL *quantile, REAL *record, REAL *scratch, const REAL *h,
                                  const REAL *feature, const REAL *params, const ssmi_zero_head *head,
                                  size_t tokens, const NAME(ssmi_kernels) * kernels);
/* dh is overwritten, or NULL; dparams is added to. */
void NAME(ssmi_zero_head_backward)(REAL *dh, REAL *dparams, REAL *scratch, const REAL *dquantile,
                                   REAL *record, const REAL *h, const REAL *feature, const REAL *params,
                                   const ssmi_zero_head *head, size_t tokens,
                                   const NAME(ssmi_kernels) * kernels);

/* The whole network; quantiles are those of the tokens from `from` on. */
size_t NAME(ssmi_zero_trainable_record)(const ssmi_zero_trainable *net, size_t tokens, size_t from);
size_t NAME(ssmi_zero_trainable_scratch)(const ssmi_zero_trainable *net, size_t tokens, size_t from);
void NAME(ssmi_zero_trainable_forward)(REAL *quantile, REAL *record, REAL *scratch, const REAL *feature,
                                       const REAL *params, const ssmi_zero_trainable *net, size_t tokens,
                                       size_t from, const NAME(ssmi_kernels) * kernels);
void NAME(ssmi_zero_trainable_backward)(REAL *dparams, REAL *scratch, const REAL *dquantile, REAL *record,
                                        const REAL *feature, const REAL *params,
                                        const ssmi_zero_trainable *net, size_t tokens, size_t from,
                                        const NAME(ssmi_kernels) * kernels);

/* What the quantiles of `rows` steps cost.
 *
 *     loss[0]   mean over the observed targets of 2/9 sum pinball over the nine sorted quantiles, in a-space
 *     loss[1]   mean over them of (spread (sinh m - sinh target))^2, m the middle one: squared error of the
 *               point forecast, spread being the window's scale in the unit wanted
 *
 * Both are added to loss. dquantile, or NULL, is overwritten with the gradient of loss[0] + squares loss[1].
 * quantile and dquantile (rows, SSMI_ZERO_LEVELS); target (rows), NaN missing. */
void NAME(ssmi_zero_loss)(REAL *dquantile, double loss[2], const REAL *quantile, const REAL *target,
                          size_t rows, REAL spread, REAL squares);
