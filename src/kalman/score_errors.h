/* The score for a whole H, element by element, from the scalars of each row: what the scalars' errors, made
 * independent of one another, say of the errors as they were. */
#ifndef SSMCAST_KALMAN_SCORE_ERRORS_H
#define SSMCAST_KALMAN_SCORE_ERRORS_H

#include "kalman/backward.h"

typedef struct ssmi_error_score {
    size_t n, p;
    double *u, *D; /* (p), (p, p) of a row: u of its scalars and the variance of u */
    double *C;     /* (n, p) covariance of r0 with u of the scalars passed already */
    double *K, *q; /* (n) gain of the scalar that is passed, N0 K before it */
    double *S;     /* (p, p) */
} ssmi_error_score;

ssm_status ssmi_error_score_init(ssmi_error_score *e, size_t n, size_t p, ssm_arena *arena);
/* Before ssmi_kalman_backward_update takes scalar i of a row, and after. Scalars come last one first. The
 * second fills row and column i of D; u_i and D_ii are the caller's to set before it. */
void ssmi_error_score_before(ssmi_error_score *e, const ssmi_kalman_backward *b, size_t i,
                             const ssmi_innovation *in, const double *M, const double *Minf);
void ssmi_error_score_after(ssmi_error_score *e, const ssmi_rows *Z, size_t i, const ssmi_innovation *in);
/* H (p, p) += (weight u u' - D) / 2, taken back through the factor L of the row's errors; NULL: they were
 * independent. Rows and columns of what is NaN in y (p) get nothing. */
void ssmi_error_score_add(double *H, ssmi_error_score *e, double weight, const double *L, const double *y);

#endif
