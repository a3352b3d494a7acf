/* Declarations of backbone.h for one element type; included with REAL and NAME set. */

size_t NAME(ssmi_backbone_record)(const ssmi_backbone *b, size_t batch, size_t length);
size_t NAME(ssmi_backbone_scratch)(const ssmi_backbone *b, size_t batch, size_t length);

/* y (batch, length, width) from x of the same shape; dropout of the blocks' outputs with probability p, masks
 * drawn from `key`. */
void NAME(ssmi_backbone_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                 const ssmi_backbone *b, NAME(ssmi_tokens) tokens, double p, uint64_t key);
/* dx is overwritten, dparams added to; record and p as in the forward pass. */
void NAME(ssmi_backbone_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                  const REAL *params, const ssmi_backbone *b, NAME(ssmi_tokens) tokens,
                                  double p);
