/* Small dense algebra in plain C, the part that the embedded filter is made of: C99, no allocation, nothing
 * from libc but memcpy, memset and sqrt, no global state, bounded loops. What needs LAPACK is in
 * core/lapack.h.
 *
 * Matrices are column-major, leading dimension = rows, without padding: A (m, n) has a_ij at A[i + j * m].
 * Outputs come first and must not overlap inputs unless the comment allows it. Sizes may be 0. Sums run in
 * index order, so the bits depend on nothing but the arguments. */
#ifndef SSMCAST_CORE_DENSE_H
#define SSMCAST_CORE_DENSE_H

#include <stddef.h>

/* double, except in embedded builds for float, which define SSMI_REAL_IS_FLOAT. */
#ifdef SSMI_REAL_IS_FLOAT
typedef float ssmi_real;
#else
typedef double ssmi_real;
#endif

/* ---- vectors; a matrix without padding is one too ---- */

ssmi_real ssmi_dot(const ssmi_real *x, const ssmi_real *y, size_t n);        /* x'y */
void ssmi_axpy(ssmi_real *y, ssmi_real alpha, const ssmi_real *x, size_t n); /* y += alpha x; y may be x */
void ssmi_scale(ssmi_real *x, ssmi_real alpha, size_t n);                    /* x *= alpha */
ssmi_real ssmi_max_abs(const ssmi_real *x, size_t n); /* 0 when n is 0; NaN if any is */
void ssmi_fill(ssmi_real *x, ssmi_real value, size_t n);

/* ---- products ---- */

void ssmi_matvec(ssmi_real *y, const ssmi_real *A, const ssmi_real *x, size_t m, size_t n);   /* y = A x */
void ssmi_matvec_t(ssmi_real *y, const ssmi_real *A, const ssmi_real *x, size_t m, size_t n); /* y = A'x */
void ssmi_rank1(ssmi_real *A, ssmi_real alpha, const ssmi_real *x, const ssmi_real *y, size_t m,
                size_t n); /* A (m, n) += alpha x y' */

/* C (m, n) = A B with k the inner size: mul has A (m, k), B (k, n); mul_nt has B (n, k) and uses B';
 * mul_tn has A (k, m) and uses A'. */
void ssmi_mul(ssmi_real *C, const ssmi_real *A, const ssmi_real *B, size_t m, size_t k, size_t n);
void ssmi_mul_nt(ssmi_real *C, const ssmi_real *A, const ssmi_real *B, size_t m, size_t k, size_t n);
void ssmi_mul_tn(ssmi_real *C, const ssmi_real *A, const ssmi_real *B, size_t m, size_t k, size_t n);

/* S (m, m) = A P A' with A (m, n) and symmetric P (n, n); work (m, n). S is exactly symmetric. */
void ssmi_sandwich(ssmi_real *S, const ssmi_real *A, const ssmi_real *P, ssmi_real *work, size_t m, size_t n);
/* S (n, n) = A' P A with A (m, n) and symmetric P (m, m); work (m, n). S is exactly symmetric. */
void ssmi_sandwich_t(ssmi_real *S, const ssmi_real *A, const ssmi_real *P, ssmi_real *work, size_t m,
                     size_t n);

/* ---- forms ---- */

void ssmi_identity(ssmi_real *A, size_t n);
void ssmi_transpose(ssmi_real *B, const ssmi_real *A, size_t m, size_t n); /* B (n, m) = A' */
void ssmi_symmetrise(ssmi_real *A, size_t n); /* A = (A + A') / 2, exactly symmetric */

/* ---- factors ----
 * Only the lower triangle of A is read; L may be A; the upper triangle of L is set to zero. A return of 0
 * means that the matrix is not what the factor needs (or not finite), and L and d are then meaningless. */

/* A = L L', A positive definite. */
int ssmi_cholesky(ssmi_real *L, const ssmi_real *A, size_t n);
/* A = L diag(d) L' with unit lower L and d >= 0, A non-negative definite. A pivot below 512 n epsilon
 * of its own diagonal element (1e-13 n in double) is taken for rounding: it becomes exactly zero, and so does
 * its column below the unit. */
int ssmi_ldl(ssmi_real *L, ssmi_real *d, const ssmi_real *A, size_t n);
/* A = L L' for A non-negative definite, as ssmi_ldl. work (n). */
int ssmi_cholesky_semidefinite(ssmi_real *L, const ssmi_real *A, ssmi_real *work, size_t n);

/* ---- solutions; X (n, m) is overwritten ---- */

void ssmi_solve_lower(ssmi_real *X, const ssmi_real *L, size_t n, size_t m);    /* L^-1 X */
void ssmi_solve_lower_t(ssmi_real *X, const ssmi_real *L, size_t n, size_t m);  /* L'^-1 X */
void ssmi_solve_cholesky(ssmi_real *X, const ssmi_real *L, size_t n, size_t m); /* (L L')^-1 X */
/* X = A^-1 X by elimination with partial pivoting; A (n, n) is destroyed. 0: singular to working precision's
 * last bit (a zero or non-finite pivot). */
int ssmi_solve(ssmi_real *X, ssmi_real *A, size_t n, size_t m);

#endif
