/* The errors of a row given all rows, over their variance: w = H^-1 E(eps | Y), and Var w. That gives the
 * errors themselves, E(eps | Y) = H w and Var(eps | Y) = H - H Var(w) H, those of missing components too, and
 * the score for H, (w w' - Var w) / 2. Scalars of the filter come last one first:
 *
 *     for i = p-1 ... 0:   before(i);  e = ssmi_kalman_backward_update(...);  after(i, e);
 *     restore()            (if H is not diagonal) */
#ifndef SSMCAST_KALMAN_SCALED_ERRORS_H
#define SSMCAST_KALMAN_SCALED_ERRORS_H

#include "kalman/backward.h"

typedef struct ssmi_scaled_errors {
    size_t n, p;
    double *w, *W; /* (p), (p, p) w and Var w; 0 for missing components */
    double *C;     /* (n, p) covariance of r0 with w of the scalars passed already */
    double *K, *q; /* (n) gain of the scalar that is passed, N0 K before it */
} ssmi_scaled_errors;

ssm_status ssmi_scaled_errors_init(ssmi_scaled_errors *e, size_t n, size_t p, ssm_arena *arena);
/* Around the update of scalar i. Where only the diagonal of W is wanted, w[i] and W[i + i p] may be set
 * instead. */
void ssmi_scaled_errors_before(ssmi_scaled_errors *e, const ssmi_kalman_backward *b, size_t i,
                               const ssmi_innovation *in, const double *M, const double *Minf);
void ssmi_scaled_errors_after(ssmi_scaled_errors *e, const ssmi_rows *Z, size_t i, const ssmi_innovation *in,
                              ssmi_smoothed_error error);
/* From scalars with independent errors to the components they were made of: w <- L'^-1 w, and with
 * `variance` W <- L'^-1 W L^-1, where L (p, p) is the factor of the row's H and y (p) is NaN where missing.
 */
void ssmi_scaled_errors_restore(ssmi_scaled_errors *e, const double *L, const double *y, int variance);

#endif
