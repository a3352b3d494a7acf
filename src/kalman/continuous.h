/* Continuous-time structural models, filtered at whatever times the rows have.
 *
 *     y(t_i) = sum of parts(t_i) + eps_i,  eps_i ~ N(0, irregular)         each part moves on its own
 *
 * A part over a gap d moves exactly as its stochastic differential equation says (Harvey 1989, ch. 9), so
 * rows that are lost change nothing but what is known:
 *
 *     WIENER       dm = dW                                             level that wanders
 *     TREND        dm = s dt + dW,  ds = dU                            local linear trend
 *     DAMPED       dm = s dt + dW,  ds = -rate s dt + dU               slope that dies out
 *     REVERTING    dx = -rate x dt + dW                                Ornstein-Uhlenbeck, stationary
 *     TURNING      two states that turn and decay, stationary          stochastic cycle
 *     HARMONIC     two states that turn and wander                     one harmonic of a season
 *
 * Gaps are numbers in a unit of the caller's choice; variances grow per unit. The typical gap should not be
 * far from 1: beside gaps above 1e8 the diffuse start can no longer tell a slope from the rest. A gap of 0
 * holds the state: rows of one time are several observations of it. */
#ifndef SSMCAST_KALMAN_CONTINUOUS_H
#define SSMCAST_KALMAN_CONTINUOUS_H

#include "core/gaps.h"
#include "kalman/loglik_sum.h"
#include "kalman/step.h"
#include <ssmcast/statespace.h>

typedef enum ssmi_motion {
    SSMI_WIENER,
    SSMI_TREND,
    SSMI_DAMPED,
    SSMI_REVERTING,
    SSMI_TURNING,
    SSMI_HARMONIC,
    SSMI_MOTIONS
} ssmi_motion;

/* One part. The first of its states is what adds to y. */
typedef struct ssmi_part {
    ssmi_motion motion;
    double variance; /* growth per unit of time; REVERTING, TURNING: the stationary variance */
    double slope;    /* TREND, DAMPED: growth of the slope's variance per unit of time */
    double rate;     /* DAMPED, REVERTING, TURNING: decay per unit of time, > 0 */
    double turn;     /* TURNING, HARMONIC: turns per unit of time */
    double start;    /* HARMONIC: variance of both states at the start; 0: diffuse, like all that wanders */
} ssmi_part;

enum { SSMI_PART_STATES = 2 };

size_t ssmi_part_states(ssmi_motion motion); /* 1 or 2 */

/* T and Q of one part over a gap, for testing and for dense matrices: (k, k) with k its states. */
void ssmi_part_move(double *T, double *Q, const ssmi_part *part, double gap);

/* The filter: parts and irregular variance are read anew at each start and at each gap. */
typedef struct ssmi_continuous {
    const ssmi_part *part; /* (n_parts) borrowed; numbers may change between runs, motions not */
    size_t n_parts, n;     /* n states, those of part 0 first */
    double irregular;
    ssmi_kalman_state state;
    ssmi_rows Z, T;
    ssmi_entries shock;
    double gap; /* that T and shock are of; -1: none */
    double *A1, *P1, *M, *Minf, *own_T, *own_shock;
    size_t n_T, n_shock; /* entries */
} ssmi_continuous;

/* For models of these motions. The struct may not be moved afterwards. */
ssm_status ssmi_continuous_init(ssmi_continuous *f, const ssmi_part *part, size_t n_parts, ssm_arena *arena);

/* Before the first row. */
void ssmi_continuous_start(ssmi_continuous *f);
/* Lets time pass. O(1), no allocation; a gap equal to the last one is not worked out again. */
void ssmi_continuous_advance(ssmi_continuous *f, double gap);
/* An observation at the present time; NaN is missing. */
ssmi_innovation ssmi_continuous_take(ssmi_continuous *f, double y);
/* The sum of the parts now: mean and variance without the irregular one. */
void ssmi_continuous_read(ssmi_continuous *f, double *mean, double *variance);

/* Rows with the gaps that lead to them: gaps.of[t] leads to row t, that of row 0 is not used. */
typedef struct ssmi_continuous_rows {
    const double *y; /* (length) NaN missing */
    size_t length;
    ssmi_gaps gaps;
    double *memory; /* T and shock of each distinct gap; see ssmi_continuous_rows_init */
} ssmi_continuous_rows;

/* gap (length): gap[t] leads from row t - 1 to row t; gap[0] is not looked at. `y` stays borrowed. */
ssm_status ssmi_continuous_rows_init(ssmi_continuous_rows *rows, const ssmi_continuous *f, const double *y,
                                     const double *gap, size_t length, ssm_arena *arena);

typedef struct ssmi_continuous_fit {
    double loglik;        /* exact diffuse, all constants; -infinity: impossible */
    double conditional;   /* of the observations behind the first `burn`, given those */
    size_t n_conditional; /* observations in it */
} ssmi_continuous_fit;

/* Filters all rows; each distinct gap is worked out once. No allocation. */
ssmi_continuous_fit ssmi_continuous_run(ssmi_continuous *f, const ssmi_continuous_rows *rows, size_t burn);

/* The same model as matrices that vary in time, for the smoothers: gap[t] leads from row t to row t + 1. The
 * matrices are allocated; with `open` > 0 the start is not diffuse but has this variance there. */
ssm_status ssmi_continuous_statespace(ssm_statespace *out, const ssmi_continuous *f, const double *gap,
                                      size_t length, double open, ssm_arena *arena);

#endif
