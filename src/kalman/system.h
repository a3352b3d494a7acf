/* A state-space model made ready for the filter: matrices as lists of nonzeros, R Q R' formed, and the
 * observation rotated so that its errors are independent.
 *
 * What is constant is prepared once; what varies is prepared again for each row. */
#ifndef SSMCAST_KALMAN_SYSTEM_H
#define SSMCAST_KALMAN_SYSTEM_H

#include "base/arena.h"
#include "core/statespace.h"
#include "kalman/step.h"

/* One row of observations as a sequence of independent scalars. Component i is missing where y is NaN. */
typedef struct ssmi_observation {
    const ssmi_rows *Z; /* p rows */
    const double *h;    /* (p) variances of the errors */
    const double *y;    /* (p) offset d removed */
    size_t n_missing;
} ssmi_observation;

/* What changes from row to row in a few places only: the entries of Z that read seasons or regressors, and
 * shocks that hit one state at a time. T, R, H and the starting values of the model stay constant. A matrix
 * per row would need n*n doubles for each. */
typedef struct ssmi_kalman_motion {
    void *user;
    /* Lists row t: Z as a whole, and R Q R' of the step from t to t + 1 as a whole. p must be 1. */
    void (*row)(void *user, size_t t, ssmi_rows *Z, ssmi_entries *shock);
    const unsigned char *alone; /* (n) 1: a shock of this state counts only at rows that list it */
} ssmi_kalman_motion;

typedef struct ssmi_kalman_system {
    const ssm_statespace *model;      /* borrowed */
    const ssmi_kalman_motion *motion; /* NULL: the model says everything */
    size_t n, p;
    size_t t;           /* the row prepared last */
    ssmi_rows T, Tt;    /* T and its transpose */
    ssmi_entries shock; /* R Q R' */
    const double *c;    /* (n) or NULL */
    int constant;       /* Z, H, T, R and Q do not depend on time */

    ssmi_rows Z;         /* before the rotation */
    const double *H, *d; /* (p, p), (p), or NULL */

    /* The rest belongs to system.c. */
    int correlated; /* H of this row is not diagonal */
    ssmi_rows rotated;
    double *h, *rotated_h, *y, *L, *dense; /* (p), (p), (p), (p, p), (max(n, p), n) */
    int rotated_is_full;                   /* `rotated` holds the rotation of a complete row */
} ssmi_kalman_system;

/* What a public call checks first: model and observations are there, and every matrix of the model is one for
 * each of the length + horizon rows, or for the first where there are none. */
ssm_status ssmi_kalman_check_call(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                  size_t length, size_t horizon);

/* Checks the model's sizes and pointers, allocates, and prepares row 0. */
ssm_status ssmi_kalman_system_init(ssmi_kalman_system *s, const ssm_statespace *model, ssm_arena *arena);
/* From here on Z and the shocks are what `motion` lists, which is borrowed. */
void ssmi_kalman_system_move(ssmi_kalman_system *s, const ssmi_kalman_motion *motion);
/* Prepares everything for row t: after the numbers behind the model have changed. */
void ssmi_kalman_system_refresh(ssmi_kalman_system *s, size_t t);
/* Prepares for row t what depends on time. */
void ssmi_kalman_system_at(ssmi_kalman_system *s, size_t t);
/* The row y of the time prepared last. The result is valid until the next call on s. */
ssmi_observation ssmi_kalman_observe(ssmi_kalman_system *s, const double *y /* (p) */);

/* A (n, rank) with A A' = X, for a symmetric non-negative definite X; returns the rank. */
size_t ssmi_kalman_factor(double *A /* (n, n) */, const double *X /* (n, n) */, double *work /* (n*n) */,
                          size_t n);

#endif
