/* The discrete Lyapunov equation P = T P T' + V: the covariance of a stationary state. */
#ifndef SSMCAST_CORE_LYAPUNOV_H
#define SSMCAST_CORE_LYAPUNOV_H

#include "base/arena.h"

/* P, T, V (n, n) column-major, V symmetric non-negative definite; P exactly symmetric, non-negative definite.
 * SSM_E_NUMERIC when the spectral radius of T is not below 1 - 1e-8: there is no such P, or it is noise. */
ssm_status ssmi_lyapunov(double *P, const double *T, const double *V, size_t n, ssm_arena *tmp);

#endif
