/* Inside of EM: one regression with a covariance, which serves (T, Q) and (Z, H) alike.
 *
 *     e_t = residual under the present M,   x_t = state it is explained by
 *     sums over t, given all rows:   S = sum E(x x'),   G = sum E(e x'),   E = sum E(e e') */
#ifndef SSMCAST_KALMAN_EM_H
#define SSMCAST_KALMAN_EM_H

#include "base/arena.h"

typedef struct ssmi_em_part {
    size_t rows, n, q;         /* of M (rows, n); q residuals */
    double *M;                 /* (rows, n), NULL: stays */
    double *C;                 /* (q, q) covariance, NULL: stays */
    const double *present;     /* (q, q) the covariance now, whether it stays or not */
    const unsigned char *free; /* (rows, n), NULL: all */
    int diagonal;
    double *K;         /* (q, rows): a change D of M changes e by -K D x */
    double *S, *G, *E; /* (n, n), (q, n), (q, q) */
    double count;      /* terms of the sums */

    size_t n_unknown, *unknown; /* free elements of M */
    double *A, *b;              /* (n_unknown, n_unknown), (n_unknown) */
    double *weight, *KW;        /* (q, q) inverse of the covariance; (rows, q) */
    double *metric, *D, *work;  /* (rows, rows), (q, n), (max(q, rows, n))^2 */
} ssmi_em_part;

/* Takes memory for a part whose description, down to `diagonal`, is set. */
ssm_status ssmi_em_part_init(ssmi_em_part *part, ssm_arena *arena);
/* Forgets the sums. */
void ssmi_em_part_clear(ssmi_em_part *part);
/* Improves M, given the covariance, then the covariance, given M. SSM_E_NUMERIC when the covariance or the
 * normal equations are not positive definite. */
ssm_status ssmi_em_part_maximise(ssmi_em_part *part, const char *name, ssm_context *ctx);

#endif
