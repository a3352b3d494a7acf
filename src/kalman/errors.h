/* Correlated observation errors of one row, of which some components may be missing.
 *
 * H_oo = L D L' over the observed components, in their order, with L unit lower triangular. Rows and columns
 * of missing components (NaN in y) of L are neither written nor read. */
#ifndef SSMCAST_KALMAN_ERRORS_H
#define SSMCAST_KALMAN_ERRORS_H

#include <stddef.h>

/* A zero pivot means that an error is a combination of earlier ones; D_i and column i of L are then zero. */
void ssmi_errors_factor(double *L /* (p, p) */, double *D /* (p) */, const double *H /* (p, p) */,
                        const double *y /* (p) */, size_t p);
/* y <- L^-1 y over the observed components. */
void ssmi_errors_rotate(double *y /* (p) */, const double *L /* (p, p) */, size_t p);
/* Given mean and variance of the observed errors, fills in the missing ones by their regression on them:
 * eps_m = B eps_o + rest, B = H_mo H_oo^-1, Var rest = H_mm - B H_om. */
void ssmi_errors_complete(double *epsilon /* (p) */, double *V /* (p, p) */, const double *H /* (p, p) */,
                          const double *y /* (p) */, double *B /* (p, p) */, double *work /* (2*p*p) */,
                          size_t p);

#endif
