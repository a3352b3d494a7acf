/* Declarations of mamba_block.h for one element type; included with REAL and NAME set. */

/* Elements of the forward pass's record and of the backward pass's scratch. */
size_t NAME(ssmi_mamba_record)(const ssmi_mamba *m, size_t batch, size_t length);
size_t NAME(ssmi_mamba_scratch)(const ssmi_mamba *m, size_t batch, size_t length);

/* y (batch, length, width) from x of the same shape. `record` keeps what the backward pass needs. window
 * (batch, taps-1, channels) and state (batch, states, channels) carry a sequence on from one call to the
 * next: zeros at its start; both NULL: every sequence starts here. step (batch, length): factors of the step,
 * 0 where the input is missing; NULL: ones. */
void NAME(ssmi_mamba_forward)(REAL *y, REAL *record, REAL *window, REAL *state, const REAL *x,
                              const REAL *step, const REAL *params, const ssmi_mamba *m, size_t batch,
                              size_t length, const NAME(ssmi_kernels) * kernels);
/* dx (batch, length, width) is overwritten, dparams (flat, as params) added to. For a forward pass that began
 * with zeros. */
void NAME(ssmi_mamba_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                               const REAL *x, const REAL *step, const REAL *params, const ssmi_mamba *m,
                               size_t batch, size_t length, const NAME(ssmi_kernels) * kernels);
