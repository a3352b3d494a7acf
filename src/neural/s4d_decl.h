/* Declarations of s4d.h for one element type; included with REAL and NAME set. */

typedef struct NAME(ssmi_s4d) {
    size_t batch, length, channels, pairs;
    const REAL *x; /* (batch, length, channels), rows x_stride apart */
    size_t x_stride;
    const REAL *lambda; /* (2, pairs, channels), real parts negative */
    const REAL *C;      /* (2, pairs, channels) */
    const REAL *dt;     /* (channels) positive */
    const REAL *D;      /* (channels); NULL: no skip */
    const REAL *step;   /* (batch, length) factors of dt, not negative; NULL: ones */
    ssmi_rule rule;
} NAME(ssmi_s4d);

/* dx has the stride of x and is overwritten, the others are added to; dD is not touched where D is NULL. */
typedef struct NAME(ssmi_s4d_grad) {
    REAL *dx, *dlambda, *dC, *ddt, *dD;
} NAME(ssmi_s4d_grad);

/* Elements of scratch for the functions below, and of what the convolution leaves for its backward pass. */
size_t NAME(ssmi_s4d_scratch)(size_t length, size_t channels, size_t pairs);
size_t NAME(ssmi_s4d_record)(size_t length, size_t channels, size_t pairs);

/* The recurrence. y (batch, length, channels) dense; state (batch, 2, pairs, channels): before row 0 on
 * entry, after the last row on return; checkpoints (batch, ssmi_s4d_tiles(length), 2, pairs, channels) for
 * the backward pass, or NULL. Rows given in one call or in several give the same bits. */
void NAME(ssmi_s4d_forward)(REAL *y, REAL *state, REAL *checkpoints, REAL *scratch, const NAME(ssmi_s4d) * s,
                            const ssmi_kernels *kernels);
void NAME(ssmi_s4d_backward)(const NAME(ssmi_s4d_grad) * grad, const REAL *dy, const REAL *checkpoints,
                             REAL *scratch, const NAME(ssmi_s4d) * s, const ssmi_kernels *kernels);

/* The same by FFT, from states of zeros; s->step must be NULL. `record` keeps the kernel's spectrum and the
 * checkpoints of its own recurrence. */
void NAME(ssmi_s4d_convolve)(REAL *y, REAL *record, REAL *scratch, const NAME(ssmi_s4d) * s,
                             const ssmi_kernels *kernels);
void NAME(ssmi_s4d_convolve_backward)(const NAME(ssmi_s4d_grad) * grad, const REAL *dy, REAL *record,
                                      REAL *scratch, const NAME(ssmi_s4d) * s, const ssmi_kernels *kernels);
