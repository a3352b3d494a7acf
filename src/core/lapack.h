/* What is taken from LAPACK: eigenvalues and eigenvectors. Column-major; scratch from tmp; inputs must be
 * finite (checked, SSM_E_DATA); SSM_E_NUMERIC when the iteration does not converge. */
#ifndef SSMCAST_CORE_LAPACK_H
#define SSMCAST_CORE_LAPACK_H

#include "base/arena.h"

/* lambda (2, n): n real parts, then n imaginary parts, of the eigenvalues of A (n, n). Complex pairs are next
 * to each other, the positive imaginary part first. V (n, n), NULL: not wanted: column j is the eigenvector
 * of a real eigenvalue; columns j and j + 1 are real and imaginary part of the eigenvector of a pair's first.
 */
ssm_status ssmi_eigen(double *lambda, double *V, const double *A, size_t n, ssm_arena *tmp);

/* Largest modulus of the eigenvalues of A (n, n). */
ssm_status ssmi_spectral_radius(double *radius, const double *A, size_t n, ssm_arena *tmp);

#endif
