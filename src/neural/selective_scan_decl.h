/* Declarations of selective_scan.h for one element type; included with REAL and NAME set. */

/* What the scan reads. Row t of batch item b of an array with stride s starts at data + (b*length + t)*s. */
typedef struct NAME(ssmi_scan) {
    size_t batch, length, channels, states;
    const REAL *x, *delta, *z; /* (batch, length, channels); z NULL: no gate */
    size_t x_stride, delta_stride, z_stride;
    const REAL *B, *C; /* (batch, length, states) */
    size_t bc_stride;
    const REAL *A2;         /* (states, channels): A * log2(e), not positive */
    int tied;               /* A2 is (channels) and state n decays by n + 1 times that: one exponential serves
                               all states. SSMI_EULER_B only */
    const REAL *D;          /* (channels); NULL: no skip */
    const REAL *delta_bias; /* (channels); NULL: zeros */
    int softplus;           /* 0: delta + bias is taken as it is and must not be negative */
    const REAL *step;       /* (batch, length) factors of the step: 0 where the input is missing and the state
                               is to be held, the gap where sampling is irregular; NULL: ones */
    ssmi_rule rule;         /* Mamba's own is SSMI_EULER_B, which is also the fastest by far */
} NAME(ssmi_scan);

/* Where the gradients go. dx, ddelta, dz, dB, dC have the strides of x, delta, z, B, C and are overwritten;
 * dA, dD, ddelta_bias are added to. A pointer whose input was NULL is not touched. */
typedef struct NAME(ssmi_scan_grad) {
    REAL *dx, *ddelta, *dz, *dB, *dC;
    REAL *dA; /* as A2: gradient of A itself, not of A2 */
    REAL *dD, *ddelta_bias;
} NAME(ssmi_scan_grad);

/* Causal depthwise convolution followed by SiLU. */
typedef struct NAME(ssmi_conv) {
    size_t batch, length, channels, taps; /* taps <= SSMI_CONV_TAPS */
    const REAL *x;                        /* (batch, length, channels), rows x_stride apart */
    size_t x_stride;
    const REAL *weight; /* (taps, channels); the last tap meets the present row */
    const REAL *bias;   /* (channels) */
} NAME(ssmi_conv);

typedef struct NAME(ssmi_kernels) {
    /* y (batch, length, channels) dense; state (batch, states, channels): on entry the state before row 0,
     * on return the one after the last row; checkpoints (batch, ceil(length/SSMI_SCAN_TILE), states,
     * channels): the state before each tile, for the backward pass, or NULL. Rows given in one call or in
     * several give the same bits. */
    void (*scan_forward)(REAL *y, REAL *state, REAL *checkpoints, const NAME(ssmi_scan) * scan);
    /* dy (batch, length, channels) dense; checkpoints as filled by scan_forward; scratch of
     * ssmi_scan_scratch(channels, states) elements. */
    void (*scan_backward)(const NAME(ssmi_scan_grad) * grad, const REAL *dy, const REAL *checkpoints,
                          REAL *scratch, const NAME(ssmi_scan) * scan);
    /* y (batch, length, channels) dense; window (batch, taps-1, channels): the rows before row 0 on entry
     * (zeros at the start of a sequence), the last rows on return; NULL: zeros, and nothing is returned. */
    void (*conv_forward)(REAL *y, REAL *window, const NAME(ssmi_conv) * conv);
    /* dx with the strides of x, overwritten; dweight (taps, channels) and dbias (channels) are added to;
     * scratch (length, channels). For sequences that began with a window of zeros. */
    void (*conv_backward)(REAL *dx, REAL *dweight, REAL *dbias, const REAL *dy, REAL *scratch,
                          const NAME(ssmi_conv) * conv);
    /* Over n elements; outputs may be inputs. The backward ones give dy f'(x). */
    void (*silu_forward)(REAL *y, const REAL *x, size_t n);
    void (*silu_backward)(REAL *dx, const REAL *dy, const REAL *x, size_t n);
    void (*gelu_forward)(REAL *y, const REAL *x, size_t n);
    void (*gelu_backward)(REAL *dx, const REAL *dy, const REAL *x, size_t n);
    void (*sigmoid)(REAL *y, const REAL *x, size_t n);
    void (*softplus)(REAL *y, const REAL *x, size_t n); /* x itself above 20 */
    /* y = exp(x - shift); below the normal exponents the smallest of them */
    void (*exponential)(REAL *y, const REAL *x, REAL shift, size_t n);
} NAME(ssmi_kernels);
