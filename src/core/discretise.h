/* From continuous to discrete time, over a step dt >= 0 during which the input u is constant:
 *
 *     x' = A x + B u + noise of intensity Qc    ->    x_{t+1} = Ad x_t + Bd u_t + N(0, Qd)
 *
 *     rule            Ad                               Bd
 *     zero-order hold exp(A dt)                        (integral of exp(A s) over the step) B
 *     bilinear        (I - A dt/2)^-1 (I + A dt/2)     (I - A dt/2)^-1 dt B
 *     Euler-B         exp(A dt)                        dt B                 (what Mamba's code does)
 *
 * Dense matrices are column-major. With dt = 0 the state is held: Ad = I, Bd = 0, Qd = 0. */
#ifndef SSMCAST_CORE_DISCRETISE_H
#define SSMCAST_CORE_DISCRETISE_H

#include "base/arena.h"

typedef enum ssmi_rule { SSMI_ZERO_ORDER_HOLD, SSMI_BILINEAR, SSMI_EULER_B } ssmi_rule;

/* Ad (n, n), Bd (n, m), A (n, n), B (n, m). With m 0, Bd and B may be NULL. SSM_E_DATA: not finite, dt
 * negative. SSM_E_NUMERIC: overflow, or a bilinear step onto a pole (I - A dt/2 singular). */
ssm_status ssmi_discretise(double *Ad, double *Bd, const double *A, const double *B, double dt, size_t n,
                           size_t m, ssmi_rule rule, ssm_arena *tmp);

/* Ad = exp(A dt) and Qd = integral over [0, dt] of exp(A s) Qc exp(A's) ds, all (n, n); Qc symmetric,
 * non-negative definite. Qd is exactly symmetric, and for stiff A dt as accurate as for small. */
ssm_status ssmi_discretise_noise(double *Ad, double *Qd, const double *A, const double *Qc, double dt,
                                 size_t n, ssm_arena *tmp);

/* Diagonal systems: a (n) and w (n) with x_{t+1} = a x_t + w (B u)_t. Real lambda (n). Kernels: nothing is
 * checked; a bilinear step onto the pole lambda dt = 2 gives infinity. */
void ssmi_discretise_diagonal(double *a, double *w, const double *lambda, double dt, size_t n,
                              ssmi_rule rule);
/* The same for complex lambda; all are (2, n): n real parts, then n imaginary parts. */
void ssmi_discretise_diagonal_complex(double *a, double *w, const double *lambda, double dt, size_t n,
                                      ssmi_rule rule);

#endif
