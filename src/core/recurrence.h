/* The diagonal linear recurrence
 *
 *     h_t = a_t * h_{t-1} + b_t        elementwise, t = 0 .. T-1, h_{-1} = h0
 *
 * and its adjoint. Mamba's selective scan (a = exp(dt A)), S4D, ETS in innovations form and the steady-state
 * Kalman predictor in modal form are all this one kernel; its adjoint is their backward pass.
 *
 * Layout: row-major (T, n), the n lanes of one time step next to each other. Complex tensors are (T, 2, n):
 * a row holds n real parts, then n imaginary parts. `a_step` is the distance between a_t and a_{t+1}: the
 * row length (n, complex 2n) when a varies, 0 when one row of a serves every step.
 *
 * Every instance (portable, AVX2, AVX-512) multiplies and adds in the same order and never fuses the two,
 * so all of them give the same bits. Nothing here allocates, fails or depends on threads. Any T and n are
 * allowed, also 0; rows need no alignment. */
#ifndef SSMCAST_CORE_RECURRENCE_H
#define SSMCAST_CORE_RECURRENCE_H

#include "base/cpu.h"
#include <stddef.h>

/* h (T, n) output, may be the same array as b; a (T, n) or (n); b (T, n); h0 (n), NULL: zeros. */
#define SSMI_RECUR(name, real)                                                                               \
    void name(real *h, const real *a, const real *b, const real *h0, size_t a_step, size_t T, size_t n)

/* Given G_t = dL/dh_t where h_t is taken as an output only (T, n), and a, h, h0 as above:
 *
 *     g_t = G_t + a_{t+1} g_{t+1}       gb_t = g_t       ga_t = g_t h_{t-1}       gh0 = a_0 g_0
 *
 * gb (T, n) may be the same array as G. ga is (T, n); with a_step 0 it is (n) and holds the sum over t.
 * gh0 (n), NULL: not wanted. Outputs are overwritten. For a sequence processed in pieces, add the gh0 of a
 * later piece to the last row of G of the piece before it.
 * Complex: gradients are dL/dRe + i dL/dIm, so a and h enter conjugated. */
#define SSMI_RECUR_ADJOINT(name, real)                                                                       \
    void name(real *gb, real *ga, real *gh0, const real *G, const real *a, const real *h, const real *h0,    \
              size_t a_step, size_t T, size_t n)

typedef struct ssmi_kernels {
    SSMI_RECUR((*recur_f32), float);
    SSMI_RECUR((*recur_f64), double);
    SSMI_RECUR((*recur_c32), float); /* complex float */
    SSMI_RECUR((*recur_c64), double);
    SSMI_RECUR_ADJOINT((*recur_adjoint_f32), float);
    SSMI_RECUR_ADJOINT((*recur_adjoint_f64), double);
    SSMI_RECUR_ADJOINT((*recur_adjoint_c32), float);
    SSMI_RECUR_ADJOINT((*recur_adjoint_c64), double);
} ssmi_kernels;

/* The kernels for an instruction set; the portable ones where this build has none for it. The caller makes
 * sure that the processor has it: pass ssmi_cpu_isa(), or in tests anything not above it. */
const ssmi_kernels *ssmi_kernels_for(ssmi_isa isa);

#endif
