/* Declarations of s4d_block.h for one element type; included with REAL and NAME set. */

/* Elements of the forward pass's record, and of the scratch that either pass may use. */
size_t NAME(ssmi_s4d_block_record)(const ssmi_s4d_block *m, size_t batch, size_t length);
size_t NAME(ssmi_s4d_block_scratch)(const ssmi_s4d_block *m, size_t batch, size_t length);

/* y (batch, length, width) from x of the same shape; `record` keeps what the backward pass needs. */
void NAME(ssmi_s4d_block_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                  const ssmi_s4d_block *m, NAME(ssmi_tokens) tokens);
/* dx is overwritten, dparams (flat, as params) added to. */
void NAME(ssmi_s4d_block_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                   const REAL *x, const REAL *params, const ssmi_s4d_block *m,
                                   NAME(ssmi_tokens) tokens);
