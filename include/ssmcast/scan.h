/* The diagonal linear recurrence
 *
 *     h_t = a_t * h_{t-1} + b_t        elementwise, t = 0 .. steps-1, h_{-1} = h0
 *
 * and its adjoint: the kernel under selective scans (Mamba), diagonal state-space layers (S4D), exponential
 * smoothing and the steady-state Kalman predictor. Tensors are row-major (steps, width); complex ones are
 * (steps, 2, width), a row holding `width` real parts and then `width` imaginary parts.
 *
 * The bits of the result do not depend on the processor: portable, AVX2 and AVX-512 code round alike. The
 * functions are thread safe for different outputs and allocate nothing. Values are not inspected: NaN and
 * infinity propagate. Outputs may not overlap inputs except where said. */
#ifndef SSMCAST_SCAN_H
#define SSMCAST_SCAN_H

#include <ssmcast/context.h>

SSM_BEGIN_DECLS

enum {
    SSM_SCAN_CONSTANT = 1 << 0, /* a is one row, used at every step */
    SSM_SCAN_COMPLEX = 1 << 1   /* all tensors are complex */
};

typedef struct ssm_scan_shape {
    size_t steps, width; /* may be 0 */
    unsigned flags;      /* SSM_SCAN_*, or 0 */
} ssm_scan_shape;

/* h (steps, width) output, may be b itself; a (steps, width) or one row; b (steps, width); h0 one row, NULL
 * for zeros. SSM_E_ARGUMENT: a required pointer is NULL, unknown flags, or the tensor exceeds the address
 * space. */
SSM_API ssm_status ssm_scan_f32(ssm_context *ctx, float *h, const float *a, const float *b, const float *h0,
                                ssm_scan_shape shape);
SSM_API ssm_status ssm_scan_f64(ssm_context *ctx, double *h, const double *a, const double *b,
                                const double *h0, ssm_scan_shape shape);

/* The gradient of a loss L with respect to a, b and h0, from G_t = dL/dh_t (steps, width), where h_t counts
 * as an output only:
 *
 *     g_t = G_t + a_{t+1} g_{t+1}     gb_t = g_t     ga_t = g_t h_{t-1}     gh0 = a_0 g_0
 *
 * gb (steps, width), may be G itself; ga like a: with SSM_SCAN_CONSTANT one row, summed over time; gh0 one
 * row, NULL when not wanted. a, h, h0 are those of the forward call. Complex gradients are dL/dRe + i dL/dIm.
 */
SSM_API ssm_status ssm_scan_adjoint_f32(ssm_context *ctx, float *gb, float *ga, float *gh0, const float *G,
                                        const float *a, const float *h, const float *h0,
                                        ssm_scan_shape shape);
SSM_API ssm_status ssm_scan_adjoint_f64(ssm_context *ctx, double *gb, double *ga, double *gh0,
                                        const double *G, const double *a, const double *h, const double *h0,
                                        ssm_scan_shape shape);

SSM_END_DECLS

#endif
