/* The linear-Gaussian state-space model, in the notation of Durbin & Koopman (2012, eq. 4.12):
 *
 *     y_t     = d_t + Z_t alpha_t + eps_t,             eps_t ~ N(0, H_t)    observation, p
 *     alpha_{t+1} = c_t + T_t alpha_t + R_t eta_t,     eta_t ~ N(0, Q_t)    state, n; shocks, r
 *     alpha_1 ~ N(a1, P1 + kappa P1inf),  kappa -> infinity
 *
 * All matrices are column-major doubles, leading dimension = rows. A system matrix is constant when its
 * stride is 0; otherwise the one for time t starts at data + t*stride. Pointers are borrowed. */
#ifndef SSMCAST_STATESPACE_H
#define SSMCAST_STATESPACE_H

#include <ssmcast/context.h>

SSM_BEGIN_DECLS

typedef struct ssm_system_matrix {
    const double *data; /* NULL: all zeros (allowed for c, d, H, P1inf), or for R the identity (r == n) */
    size_t stride;      /* elements between t and t+1; 0: constant */
} ssm_system_matrix;

typedef struct ssm_statespace {
    size_t n, p, r;      /* states, observations, shocks; r <= n */
    ssm_system_matrix Z; /* (p, n) */
    ssm_system_matrix H; /* (p, p) symmetric, non-negative definite */
    ssm_system_matrix T; /* (n, n) */
    ssm_system_matrix R; /* (n, r) */
    ssm_system_matrix Q; /* (r, r) symmetric, non-negative definite */
    ssm_system_matrix c; /* (n) */
    ssm_system_matrix d; /* (p) */
    const double *a1;    /* (n); NULL: zeros */
    const double *P1;    /* (n, n); NULL: zeros */
    const double *P1inf; /* (n, n) diffuse part; NULL: none */
} ssm_statespace;

/* Checks a model for the times 0 .. steps-1: SSM_E_ARGUMENT for sizes, missing matrices and strides that
 * overlap, SSM_E_DATA for values: everything finite; H, Q, P1 and P1inf symmetric and non-negative definite,
 * up to 1e-10 relative to the scale of their diagonal. The message names matrix, time and entry, counted from
 * 0. A time-invariant model is checked for all times with steps = 1. */
SSM_API ssm_status ssm_statespace_check(ssm_context *ctx, const ssm_statespace *model, size_t steps);

/* Draws a path: y (steps, p) and alpha (steps, n), one row per time; alpha may be NULL. alpha_1 is drawn from
 * N(a1, P1); its diffuse part counts as zero. The draws depend on the seed of the context and on `stream`
 * only. Checks the model first. SSM_E_NUMERIC: the path overflows (unstable T). */
SSM_API ssm_status ssm_statespace_simulate(ssm_context *ctx, const ssm_statespace *model, size_t steps,
                                           uint64_t stream, double *y, double *alpha);

/* Largest modulus of the eigenvalues of T at time t: below 1 the state is stable. */
SSM_API ssm_status ssm_statespace_spectral_radius(ssm_context *ctx, const ssm_statespace *model, size_t t,
                                                  double *radius);

/* Mean (n) and covariance P (n, n) of the stationary state of a time-invariant model: m = T m + c and
 * P = T P T' + R Q R'. SSM_E_NUMERIC when the spectral radius of T is not below 1 - 1e-8. */
SSM_API ssm_status ssm_statespace_stationary(ssm_context *ctx, const ssm_statespace *model, double *mean,
                                             double *P);

/* A start from the model alone, for a1 (n), P1 (n, n) and P1inf (n, n) of a time-invariant model: the part of
 * the state that belongs to eigenvalues of T inside the unit circle gets its stationary mean and variance,
 * the rest is diffuse, with the orthogonal projection on it as P1inf. A modulus of at least 1 - 1e-6 counts
 * as a unit root. a1, P1 and P1inf of the model are not looked at. SSM_E_NUMERIC when the two parts cannot be
 * told apart. */
SSM_API ssm_status ssm_statespace_start(ssm_context *ctx, const ssm_statespace *model, double *a1, double *P1,
                                        double *P1inf);

/* The filter of a time-invariant model after many observations: variance P (n, n) of the predicted state,
 * gain K (n, p) and innovation variance F (p, p), with a_{t+1} = c + T a_t + K v_t, v_t = y_t - d - Z a_t
 * (Durbin & Koopman 2012, section 4.3.2). SSM_E_NUMERIC when there is no such limit, or T - K Z is not stable
 * (a state that is never excited, or one that is not observed and does not decay). */
SSM_API ssm_status ssm_statespace_steady_state(ssm_context *ctx, const ssm_statespace *model, double *P,
                                               double *K, double *F);

/* The matrices of a continuous-time model at irregular times. The state moves by dx = A x dt + dW with
 * Cov dW = Qc dt; over gap[t], which leads from row t to row t + 1, that is exactly
 *
 *     T_t = exp(A gap[t]),   Q_t = integral over the gap of exp(A s) Qc exp(A's) ds     (R is the identity)
 *
 * by the method of Van Loan (1978), once for each distinct gap. A and Qc (n, n), Qc symmetric and
 * non-negative definite; gap (count), not negative: a gap of 0 holds the state, so that rows of one time are
 * several observations of it. Fills T and Q (n, n, count), which a model takes with stride n * n. SSM_E_DATA:
 * a gap that is no length of time, a system that is not finite; SSM_E_NUMERIC: overflow. */
SSM_API ssm_status ssm_statespace_sample(ssm_context *ctx, const double *A, const double *Qc, size_t n,
                                         const double *gap, size_t count, double *T, double *Q);

SSM_END_DECLS

#endif
