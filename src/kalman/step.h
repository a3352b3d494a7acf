/* One step of the Kalman filter: take in one scalar observation, or move the state one row on.
 *
 * This is the only place where the filter's arithmetic stands; whole series, streaming, and forecasting all
 * call it. Freestanding: the caller owns the memory, nothing is allocated, nothing but sqrt is called, and
 * the time of a call depends on the sizes only. A vector observation with independent errors is a sequence of
 * scalar ones (Koopman & Durbin 2000), so there is no matrix inversion, and a partly missing row is a shorter
 * sequence.
 *
 * The variance of the state is  P + kappa * A A'  with kappa -> infinity (Koopman & Durbin 2003). Carrying
 * the diffuse part as a factor keeps it non-negative and makes its rank a count of columns: each diffuse
 * observation removes exactly one. */
#ifndef SSMCAST_KALMAN_STEP_H
#define SSMCAST_KALMAN_STEP_H

#include "kalman/rows.h"

typedef struct ssmi_kalman_state {
    size_t n, n_diffuse; /* states; columns of A that are left, 0 once the start is forgotten */
    double *a;           /* (n) mean */
    double *P;           /* (n, n) finite part of the variance, symmetric */
    double *A;           /* (n, n_diffuse) factor of the diffuse part */
    double *reach;       /* (n) largest norm that each row of A has had */
    double *scale;       /* (n) variance of each state at the start: what counts as zero is relative to it */
    double *work;        /* (2*n*n + n) */
    double zero;         /* an F below this part of the variance that z reads at the start counts as zero */
} ssmi_kalman_state;

/* Doubles of memory for n states; in a macro so that static buffers can be sized by it. */
#define SSMI_KALMAN_STATE_SIZE(n) (4 * (n) * (n) + 4 * (n))

/* Lays the arrays of the state into `memory`. */
void ssmi_kalman_state_init(ssmi_kalman_state *s, size_t n, double *memory /* SSMI_KALMAN_STATE_SIZE(n) */);
/* Copies the content of `from`, which has the same n. */
void ssmi_kalman_state_copy(ssmi_kalman_state *s, const ssmi_kalman_state *from);

/* The lower triangle of a symmetric matrix as a list by columns; `mirror` is the place across the diagonal.
 */
typedef struct ssmi_entries {
    size_t count;
    size_t *place, *mirror; /* offsets into an (n, n) matrix */
    double *value;
} ssmi_entries;

/* Start. A is an (n, n_diffuse) factor of the diffuse part; P1 and a1 may be NULL for zero. `shock` is R Q R'
 * of the first row; it only gives the scale of the variances. */
void ssmi_kalman_start(ssmi_kalman_state *s, const double *a1, const double *P1, const double *A,
                       size_t n_diffuse, const ssmi_entries *shock);

typedef enum ssmi_kalman_kind {
    SSMI_KALMAN_MISSING = 0,  /* nothing observed, state unchanged */
    SSMI_KALMAN_ORDINARY,     /* F > 0, no diffuse part involved */
    SSMI_KALMAN_DIFFUSE,      /* F_inf > 0: the observation fixed one diffuse direction */
    SSMI_KALMAN_CERTAIN,      /* F = 0 and v = 0 up to rounding: nothing to learn, state unchanged */
    SSMI_KALMAN_CONTRADICTION /* F = 0 but v is not: impossible under the model, state unchanged */
} ssmi_kalman_kind;

typedef struct ssmi_innovation {
    ssmi_kalman_kind kind;
    double v, F, Finf; /* y - d - z a; variance; its diffuse part, 0 unless DIFFUSE */
} ssmi_innovation;

/* Takes in y = z alpha + eps, eps ~ N(0, h), where z is row i of Z and y has its offset d removed.
 * M and Minf receive P z' and A A' z' as they were before the update (Minf only when DIFFUSE). */
ssmi_innovation ssmi_kalman_update(ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h, double y,
                                   double *M /* (n) */, double *Minf /* (n) */);

/* The parts of the above that forms with another P are made of.
 *
 * w = row i of Z times A; returns its squared length, or 0 when that is only rounding. */
double ssmi_kalman_diffuse_direction(double *w /* (n_diffuse) */, const ssmi_kalman_state *s,
                                     const ssmi_rows *Z, size_t i);
/* Takes the direction w, of that squared length, out of A, which loses a column. w is destroyed. */
void ssmi_kalman_remove_direction(ssmi_kalman_state *s, double *w, double length);
/* What an innovation with these v and F, not diffuse, is: ORDINARY, CERTAIN or CONTRADICTION. */
ssmi_kalman_kind ssmi_kalman_judge(const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h,
                                   double y, double v, double F);
/* An F that is not above this counts as zero. It depends on the start only. */
double ssmi_kalman_least_variance(const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h);
/* Forms that carry a factor of P know F to the square of the rounding of P: says so. */
void ssmi_kalman_trust_factors(ssmi_kalman_state *s);
/* Notes the present variances as the scale of the start: when the last column of A has gone. */
void ssmi_kalman_extend_scale(ssmi_kalman_state *s);
/* A <- T A */
void ssmi_kalman_predict_diffuse(ssmi_kalman_state *s, const ssmi_rows *T);

/* alpha <- T alpha + c + R eta, where shock lists R Q R'. c may be NULL. */
void ssmi_kalman_predict(ssmi_kalman_state *s, const ssmi_rows *T, const ssmi_entries *shock,
                         const double *c /* (n) */);
/* Gives what is left of the diffuse part this variance in place of an infinite one: P + variance A A'. */
void ssmi_kalman_close_diffuse(ssmi_kalman_state *s, double variance);
/* The mean alone, for a filter in its steady state. */
void ssmi_kalman_predict_mean(ssmi_kalman_state *s, const ssmi_rows *T, const double *c /* (n) */);

/* X += the listed symmetric matrix. */
void ssmi_entries_add(double *X /* (n, n) */, const ssmi_entries *entries);

#endif
