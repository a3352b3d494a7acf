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

SSM_END_DECLS

#endif
