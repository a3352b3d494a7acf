/* The term that makes a diffuse likelihood the marginal one (Francke, Koopman & de Vos 2010): log |X'X| / 2,
 * where the observed values have the mean X delta + known terms, delta the diffuse part of the start. */
#ifndef SSMCAST_KALMAN_MARGINAL_H
#define SSMCAST_KALMAN_MARGINAL_H

#include "kalman/system.h"

typedef struct ssmi_kalman_marginal {
    size_t n, rank;
    double *A;    /* (n, rank) what delta moves the state of this row by */
    double *root; /* (rank, rank) upper triangular, root' root = X'X of the rows so far */
    double *work; /* (n + rank) */
} ssmi_kalman_marginal;

ssm_status ssmi_kalman_marginal_init(ssmi_kalman_marginal *x, size_t n, size_t rank, ssm_arena *arena);
void ssmi_kalman_marginal_start(ssmi_kalman_marginal *x, const double *A1 /* (n, rank) */);
/* Takes in the row whose system is prepared, and moves on to the next. */
void ssmi_kalman_marginal_row(ssmi_kalman_marginal *x, const ssmi_kalman_system *s, const double *y);
/* log |X'X| / 2; -infinity when the data leave a direction open. */
double ssmi_kalman_marginal_term(const ssmi_kalman_marginal *x);

#endif
