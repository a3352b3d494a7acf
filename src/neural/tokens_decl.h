/* The sequences that a block works on, for one element type; included with REAL and NAME set. */
typedef struct NAME(ssmi_tokens) {
    size_t batch, length;
    const REAL *step; /* (batch, length) factors of a block's step: 0 where a token is missing; NULL: ones */
    const NAME(ssmi_kernels) * kernels;
} NAME(ssmi_tokens);
