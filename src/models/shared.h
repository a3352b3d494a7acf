/* Several series as one vector with levels that move together (Durbin & Koopman 2012, sec. 3.7.2; Harvey
 * 1989, sec. 8.5):
 *
 *     y_t = mu_t + eps_t                        eps ~ N(0, diag h)
 *     mu_{t+1} = mu_t (+ nu_t) + eta_t          eta ~ N(0, L L' + diag d)
 *     nu_{t+1} = nu_t + zeta_t                  zeta alike, with an L and d of its own
 *
 * L (p, rank) carries what the series have in common, d what each does for itself. With d = 0 these are
 * common levels or trends, with rank p any covariance at all, with rank 0 the series are independent. All
 * levels and slopes start diffuse. */
#ifndef SSMCAST_MODELS_SHARED_H
#define SSMCAST_MODELS_SHARED_H

#include "base/arena.h"
#include <ssmcast/statespace.h>

enum { SSMI_SHARED_SERIES = 24, SSMI_SHARED_RANK = 4, SSMI_SHARED_BLOCKS = 2 };

typedef struct ssmi_shared {
    size_t p, rank, blocks; /* series; columns of L; 1: levels, 2: slopes too */
    double *h;              /* (p) */
    double *d;              /* (blocks, p) */
    double *L;              /* (blocks, p, rank) column-major (p, rank) each */
} ssmi_shared;

/* Arrays of this size, zero. */
ssm_status ssmi_shared_alloc(ssmi_shared *s, size_t p, size_t rank, size_t blocks, ssm_arena *arena);

/* A state-space model with its numbers; the struct may not be moved. */
typedef struct ssmi_shared_matrices {
    ssm_statespace model;
    double *Z, *H, *T, *Q, *P1, *P1inf;
} ssmi_shared_matrices;

/* States mu, then nu: shocks with their full covariance. For likelihood, filter and forecast. */
ssm_status ssmi_shared_build(ssmi_shared_matrices *m, const ssmi_shared *s, ssm_arena *arena);
/* Writes the numbers into matrices built for the same sizes. */
void ssmi_shared_apply(ssmi_shared_matrices *m, const ssmi_shared *s);

/* The same distribution with what is common as states of its own: own mu (p), own nu (p), then for each
 * column of L its level, and for each column of the slopes' L its level and slope, which start at zero.
 * `open` > 0: what is diffuse starts with this variance instead. */
ssm_status ssmi_shared_split(ssmi_shared_matrices *m, const ssmi_shared *s, double open, ssm_arena *arena);

/* Log-likelihood of y (p, length) and, unless NULL, its gradient with respect to log h (p), log d (blocks, p)
 * and L (blocks, rank, p), one after the other; -infinity where it cannot be evaluated. Writes back to the
 * numbers of `s` what it read from them. */
ssm_status ssmi_shared_loglik(const ssmi_shared *s, const double *y, size_t length, double *loglik,
                              double *gradient, ssm_arena *tmp);

typedef struct ssmi_shared_fit {
    double loglik, criterion; /* exact diffuse; AICc */
    int converged;
} ssmi_shared_fit;

/* Maximises the likelihood of y (p, length), centred and scaled, from the numbers in `s`. SSM_E_NUMERIC: not
 * even the start can be evaluated. */
ssm_status ssmi_shared_estimate(ssmi_shared *s, const double *y, size_t length, ssmi_shared_fit *fit,
                                ssm_arena *tmp);

/* Estimates with the rank wished for, or (negative) with the one that AICc chooses; `s` gets arrays in `mem`.
 * Uses the last rows, as many as bound the time. */
ssm_status ssmi_shared_search(ssmi_shared *s, int rank, size_t blocks, const double *y, size_t p,
                              size_t length, int *converged, ssm_arena *mem, ssm_arena *tmp);

#endif
