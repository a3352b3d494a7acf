/* Modal coordinates: a real matrix A (n, n) as a diagonal system of real modes and complex pairs,
 *
 *     A = V diag(lambda) V^-1,    z = V^-1 x,    x_{t+1} = A x_t + u_t    <=>    z_{t+1} = lambda z_t + V^-1
 * u_t.
 *
 * Of each complex pair one member is kept; the other is its conjugate and adds the same real part again. This
 * is the form in which the diagonal recurrence (core/recurrence.h) runs a dense system. */
#ifndef SSMCAST_CORE_MODAL_H
#define SSMCAST_CORE_MODAL_H

#include "base/arena.h"

typedef struct ssmi_modal {
    size_t n, modes;  /* modes: real eigenvalues + complex pairs */
    double *lambda;   /* (2, modes): real parts, then imaginary parts */
    double *to;       /* (2 modes, n) column-major: z = to x, real parts, then imaginary parts */
    double *from;     /* (n, 2 modes) column-major: x = from z */
    double condition; /* of V, in the 1-norm: about so many roundings enter x = from (to x) */
} ssmi_modal;

/* Results live in mem. SSM_E_NUMERIC when A is not diagonalisable in working precision (condition above
 * 1e10). */
ssm_status ssmi_modal_init(ssmi_modal *modal, const double *A, size_t n, ssm_arena *mem, ssm_arena *tmp);

#endif
