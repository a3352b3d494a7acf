/* Declarations of chunk_scan.h for one element type; included with REAL and NAME set. */

typedef struct NAME(ssmi_chunk_scan) {
    size_t batch, length, heads, width, states; /* width: channels of a head */
    size_t groups;                              /* heads/groups heads share their B and C */
    const REAL *x;                              /* (rows, heads * width), rows x_stride apart */
    const REAL *B, *C;                          /* (rows, groups * states), rows bc_stride apart */
    size_t x_stride, bc_stride;
    const REAL *log_decay; /* (rows, heads), not positive */
    const REAL *gain;      /* (rows, heads): factor of B_t x_t' in the state */
    const REAL *direct;    /* (rows, heads): factor of (C_t . B_t) x_t in the output alone; NULL: zeros */
    const REAL *D;         /* (heads); NULL: no skip */
} NAME(ssmi_chunk_scan);

/* dx, dB, dC have the strides of x, B, C; all are overwritten but dD, which is added to. A pointer whose
 * input was NULL is not touched. */
typedef struct NAME(ssmi_chunk_scan_grad) {
    REAL *dx, *dB, *dC, *dlog_decay, *dgain, *ddirect, *dD;
} NAME(ssmi_chunk_scan_grad);

size_t NAME(ssmi_chunk_scan_scratch)(size_t heads, size_t width, size_t states); /* elements */

/* y (rows, heads * width) dense; state (batch, heads, states, width): before row 0 on entry, after the last
 * row on return; checkpoints (batch, ssmi_chunks(length), heads, states, width) for the backward pass, or
 * NULL. */
void NAME(ssmi_chunk_scan_forward)(REAL *y, REAL *state, REAL *checkpoints, REAL *scratch,
                                   const NAME(ssmi_chunk_scan) * s);
void NAME(ssmi_chunk_scan_backward)(const NAME(ssmi_chunk_scan_grad) * grad, const REAL *dy,
                                    const REAL *checkpoints, REAL *scratch, const NAME(ssmi_chunk_scan) * s);

/* From raw projections to the factors above. */
typedef struct NAME(ssmi_head_steps) {
    size_t batch, length, heads;
    const REAL *raw, *mix; /* (rows, heads), rows `stride` apart; mix NULL: Mamba-2's step */
    size_t stride;
    const REAL *bias, *A; /* (heads); A negative */
    const REAL *step;     /* (rows) factors of the step, not negative; NULL: ones */
} NAME(ssmi_head_steps);

/* dt, log_decay, gain, direct (rows, heads); direct only where s->mix is not NULL. */
void NAME(ssmi_head_steps_forward)(REAL *dt, REAL *log_decay, REAL *gain, REAL *direct,
                                   const NAME(ssmi_head_steps) * s);
/* draw and dmix have the stride of raw and are overwritten; dbias and dA are added to. ddt (rows, heads):
 * what dt itself was used for elsewhere, or NULL. */
void NAME(ssmi_head_steps_backward)(REAL *draw, REAL *dmix, REAL *dbias, REAL *dA, const REAL *ddt,
                                    const REAL *dlog_decay, const REAL *dgain, const REAL *ddirect,
                                    const NAME(ssmi_head_steps) * s);
