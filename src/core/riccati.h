/* The discrete algebraic Riccati equation of the Kalman filter,
 *
 *     P = T (P - P Z' F^-1 Z P) T' + V,    F = Z P Z' + H,    K = T P Z' F^-1. */
#ifndef SSMCAST_CORE_RICCATI_H
#define SSMCAST_CORE_RICCATI_H

#include "base/arena.h"

/* The stabilising solution P (n, n), with K (n, p) and F (p, p); T (n, n), Z (p, n), V (n, n) and H (p, p)
 * the latter two symmetric non-negative definite; H may be singular or NULL for zero. SSM_E_NUMERIC when
 * there is no stabilising solution: the variance grows without limit, F is singular, or T - K Z has an
 * eigenvalue on the unit circle (spectral radius not below 1 - 1e-8). */
ssm_status ssmi_riccati(double *P, double *K, double *F, const double *T, const double *Z, const double *V,
                        const double *H, size_t n, size_t p, ssm_arena *tmp);

#endif
