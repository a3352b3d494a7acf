/* The filter run backwards: what later rows say about the state of this one.
 *
 * r is the weighted sum of later innovations and N its variance, so that given all rows the state of row t
 * has mean a + P r and variance P - P N P. While the start is diffuse, a second r and two more N carry the
 * terms of order 1/kappa and 1/kappa^2: mean  a + P r0 + Pinf r1,   variance  P - P N0 P - Pinf N1 P - (Pinf
 * N1 P)' - Pinf N2 Pinf. */
#ifndef SSMCAST_KALMAN_BACKWARD_H
#define SSMCAST_KALMAN_BACKWARD_H

#include "base/arena.h"
#include "kalman/step.h"

typedef struct ssmi_kalman_backward {
    size_t n;
    double *r0, *r1;         /* (n) */
    double *N0, *N1, *N2;    /* (n, n); N1 is not symmetric */
    double *work;            /* (2*n*n + 4*n) */
    double *K0, *K1, *q, *z; /* (n) */
} ssmi_kalman_backward;

/* Zeros: nothing comes after the last row. NULL arrays mean out of memory: SSM_E_MEMORY. */
ssm_status ssmi_kalman_backward_init(ssmi_kalman_backward *b, size_t n, ssm_arena *arena);
void ssmi_kalman_backward_reset(ssmi_kalman_backward *b);

/* What one scalar says about its own error: u = (smoothed error) / h, and the variance of u. The score for
 * its variance is (u^2 - D) / 2. */
typedef struct ssmi_smoothed_error {
    double u, D;
} ssmi_smoothed_error;

/* Passes scalar i of a row, whose update returned `in`, M and Minf. `diffuse`: r1, N1 and N2 are carried
 * along; r0 and N0 never depend on them. */
ssmi_smoothed_error ssmi_kalman_backward_update(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                                                const ssmi_innovation *in, const double *M,
                                                const double *Minf, int diffuse);
/* The part of it that concerns the means, r0 and when `diffuse` r1; returns u. */
double ssmi_kalman_backward_mean(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                                 const ssmi_innovation *in, const double *M, const double *Minf, int diffuse);

/* Passes the transition: r <- T'r, N <- T'N T. */
void ssmi_kalman_backward_predict(ssmi_kalman_backward *b, const ssmi_rows *Tt, int diffuse);
void ssmi_kalman_backward_predict_mean(ssmi_kalman_backward *b, const ssmi_rows *Tt, int diffuse);

/* alpha = a + P r0, and while n_diffuse > 0 + Pinf r1 with Pinf = A A', which is stored for the variance. */
void ssmi_smoothed_mean(double *alpha /* (n) */, const ssmi_kalman_backward *b, const double *a /* (n) */,
                        const double *P /* (n, n) */, const double *A /* (n, n_diffuse) */, size_t n_diffuse,
                        double *Pinf /* (n, n) */, double *work /* (n) */);
/* V = P - P N0 P and the terms of the diffuse part; its diagonal is not negative. `wide`: see kalman/rows.h;
 * NULL for the portable loops, which give the same bits. Returns 1 when the diffuse terms are so large that
 * their difference has a direction of negative variance. */
int ssmi_smoothed_variance(double *V /* (n, n) */, const ssmi_kalman_backward *b,
                           const double *P /* (n, n) */, const double *Pinf /* (n, n) */, size_t n_diffuse,
                           double *W /* (n, n) */, double *work /* (n, n) */, const ssmi_columns *wide);

#endif
