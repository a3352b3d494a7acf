/* Log-likelihood and its derivatives from one pass forwards and one backwards, in a workspace that is made
 * once and run many times: what an optimiser calls. The matrices must not depend on time; a motion may move
 * Z and the shocks, and then R is the identity. */
#ifndef SSMCAST_KALMAN_SCORE_H
#define SSMCAST_KALMAN_SCORE_H

#include "kalman/backward.h"
#include "kalman/filter.h"
#include "kalman/scaled_errors.h"

typedef struct ssmi_place {
    size_t row, column;
} ssmi_place;

typedef struct ssmi_kalman_scorer {
    ssmi_kalman_filter filter; /* its model may change its numbers between runs */
    ssmi_kalman_backward back;
    ssmi_kalman_record record;
    size_t capacity;
    const ssmi_place *place; /* (n_places) elements of T whose derivative is wanted; borrowed */
    size_t n_places;
    ssmi_scaled_errors errors;
    size_t *slot;                /* (n_places) which of the record's columns belongs to the place */
    double weight;               /* of products of means: 1 / the concentrated scale */
    double *Tp, *before, *shock; /* (n), (n, n), (n) */
} ssmi_kalman_scorer;

/* Derivatives of the log-likelihood; NULL: not wanted. */
typedef struct ssmi_kalman_slope {
    double *Hdiag; /* (p) with respect to the diagonal of an H that is diagonal */
    double *H;     /* (p, p) */
    double *Q;     /* (r, r) */
    double *Qdiag; /* (r) the diagonal of it; with a motion, over the rows that list the shock */
    double *P1;    /* (n, n) */
    double *T;     /* (n_places) */
} ssmi_kalman_slope;

/* For series of up to `capacity` rows. `motion` may be NULL. */
ssm_status ssmi_kalman_scorer_init(ssmi_kalman_scorer *s, const ssm_statespace *model,
                                   const ssmi_kalman_motion *motion, size_t capacity, const ssmi_place *place,
                                   size_t n_places, ssm_arena *arena);
/* Reads the model's numbers again, filters y (p, length), goes back. No allocation. */
ssm_status ssmi_kalman_scorer_run(ssmi_kalman_scorer *s, const double *y, size_t length,
                                  const ssm_kalman_options *options, ssm_kalman_summary *summary,
                                  const ssmi_kalman_slope *out);

#endif
