/* Structural models of a series (Harvey 1989; Durbin & Koopman 2012, ch. 3): a sum of parts, of which each is
 * a few states.
 *
 *     y_t = trend_t + cycle_t + autoregression_t + seasons_t + regression_t + interventions_t + eps_t
 *
 * A structure says which parts there are and what their parameters are; what a kind of part is stands in one
 * table (structural_parts.h), and nothing else asks for the kind. */
#ifndef SSMCAST_MODELS_STRUCTURAL_H
#define SSMCAST_MODELS_STRUCTURAL_H

#include "base/arena.h"
#include "kalman/score.h"
#include <ssmcast/series.h>

enum {
    SSMI_STRUCTURAL_LINES = 64,
    SSMI_STRUCTURAL_PARTS = 8,
    SSMI_STRUCTURAL_COLUMNS = 64,       /* exogenous ones */
    SSMI_STRUCTURAL_INTERVENTIONS = 24, /* given or found */
    SSMI_STRUCTURAL_PARAMETERS = 160,
    SSMI_STRUCTURAL_COEFFICIENTS = SSMI_STRUCTURAL_COLUMNS + SSMI_STRUCTURAL_INTERVENTIONS,
    SSMI_LONGEST_AUTOREGRESSION = 8,
    SSMI_MOST_DUMMIES = 1000 /* of all seasons together */
};

typedef enum ssmi_slope { SSMI_SLOPE_NONE, SSMI_SLOPE_ON, SSMI_SLOPE_DAMPED } ssmi_slope;

/* One harmonic: `multiple` turns in `period` rows. */
typedef struct ssmi_line {
    size_t multiple, period, season; /* season: which of the periods, < SSM_MAX_PERIODS */
} ssmi_line;

typedef enum ssmi_part_kind {
    SSMI_TREND,
    SSMI_CYCLE,
    SSMI_AUTOREGRESSION,
    SSMI_HARMONICS,
    SSMI_DUMMIES,
    SSMI_REGRESSION,
    SSMI_INTERVENTIONS,
    SSMI_PART_KINDS
} ssmi_part_kind;

typedef struct ssmi_part {
    ssmi_part_kind kind;
    size_t form;   /* trend: a ssmi_slope; cycle: 1 without damping; harmonics: 1 for a variance each;
                      regression: 1 for random walks */
    size_t count;  /* order, number of harmonics, rows of the season, number of columns */
    size_t from;   /* harmonics: the first of them among the lines */
    size_t period; /* seasons: in rows */
    double shortest, longest;                        /* cycle: bounds of its period in rows */
    size_t state, n_states, parameter, n_parameters; /* set by ssmi_structural_lay_out */
} ssmi_part;

typedef enum ssmi_intervention_kind {
    SSMI_LEVEL_SHIFT,  /* 1 from its row on */
    SSMI_SLOPE_CHANGE, /* rows since its row */
    SSMI_OUTLIER,      /* 1 in its row */
    SSMI_INTERVENTION_KINDS
} ssmi_intervention_kind;

enum { SSMI_LABEL_SIZE = 48 };

typedef struct ssmi_intervention {
    ssmi_intervention_kind kind;
    int64_t row;                 /* number on the grid of the series, see ssmi_grid_row */
    char label[SSMI_LABEL_SIZE]; /* "level_1899" */
} ssmi_intervention;

typedef struct ssmi_structural {
    size_t n_parts;
    ssmi_part part[SSMI_STRUCTURAL_PARTS]; /* those that are read alike in each row come first */
    size_t n_lines;
    ssmi_line line[SSMI_STRUCTURAL_LINES]; /* of the harmonics, part after part */
    size_t n_states, n_parameters;
    double parameter[SSMI_STRUCTURAL_PARAMETERS]; /* the first is the variance of eps; then part after part */
    unsigned char held[SSMI_STRUCTURAL_PARAMETERS]; /* 1: not to be estimated */
    size_t n_columns;
    double center[SSMI_STRUCTURAL_COLUMNS], spread[SSMI_STRUCTURAL_COLUMNS]; /* spread 0: left out */
    char column_label[SSMI_STRUCTURAL_COLUMNS][SSMI_LABEL_SIZE]; /* "exogenous_rain", "exogenous_2" */
    size_t n_interventions;
    ssmi_intervention intervention[SSMI_STRUCTURAL_INTERVENTIONS];
    /* What the fit found of each column and then each intervention, in model units: stands in where a history
     * does not show it. */
    double coefficient[SSMI_STRUCTURAL_COEFFICIENTS], deviation[SSMI_STRUCTURAL_COEFFICIENTS];
} ssmi_structural;

/* Assigns states and parameters to the parts; the numbers of the parameters are not touched. */
void ssmi_structural_lay_out(ssmi_structural *s);
/* Adds a part and returns it, zeroed but for its kind. */
ssmi_part *ssmi_structural_add(ssmi_structural *s, ssmi_part_kind kind);
const ssmi_part *ssmi_structural_part(const ssmi_structural *s, ssmi_part_kind kind); /* NULL: none */
/* Parameters and whether they are held, from the parts of another structure that are of the same kind and
 * period; variances that are not held are at least `least`. */
void ssmi_structural_inherit(ssmi_structural *s, const ssmi_structural *from, double least);
/* The start'th of SSMI_STARTS sets of reasonable values, in units of the variance of the series. */
enum { SSMI_STARTS = 3 };
void ssmi_structural_start(ssmi_structural *s, size_t start);
size_t ssmi_structural_free(const ssmi_structural *s); /* parameters to estimate */

/* Where the rows of a history lie: row 0 of it has this number on the grid, and these exogenous values. */
typedef struct ssmi_structural_rows {
    const double *x; /* (.., n_x) row-major, borrowed; NULL: none */
    size_t n_x;
    int64_t first;
} ssmi_structural_rows;

/* A structural model as matrices; the structure and the exogenous values stay borrowed. */
typedef struct ssmi_structural_matrices {
    const ssmi_structural *s;
    ssm_statespace model;
    ssmi_structural_rows rows;
    double *Z, *H, *T, *Q, *P1, *P1inf;
    size_t *shock; /* (n) parameter that is the variance of the shock of a state, SSMI_NO_SHOCK: none */
    int moves;     /* does anything change from row to row? then `motion` says what */
    ssmi_kalman_motion motion;
    unsigned char *alone;
} ssmi_structural_matrices;

#define SSMI_NO_SHOCK ((size_t)-1)

/* Allocates matrices of this structure and fills them. The struct must stay where it is. */
ssm_status ssmi_structural_build(ssmi_structural_matrices *m, const ssmi_structural *s,
                                 const ssmi_structural_rows *rows, ssm_arena *arena);
/* Writes the parameters into matrices built for the same structure. */
void ssmi_structural_apply(ssmi_structural_matrices *m);
/* A filter of the matrices, made to move where they do. */
ssm_status ssmi_structural_filter(ssmi_kalman_filter *f, const ssmi_structural_matrices *m, ssm_arena *arena);

/* Takes a guess where the rows have left a direction of the state open: coefficients as the fit found them,
 * seasons and slope 0 with a wide variance, the level last. `taken` (NULL: not wanted) is called for each. */
typedef void (*ssmi_structural_taken)(void *user, const ssmi_rows *Z, size_t i, const ssmi_innovation *in,
                                      const double *M, const double *Minf);
ssm_status ssmi_structural_close(const ssmi_structural_matrices *m, ssmi_kalman_state *state,
                                 ssmi_structural_taken taken, void *user, ssm_arena *tmp);

/* Mean and variance (with that of eps) of each of the rows t to t + horizon - 1, given the filter's state
 * before row t, which is not changed. */
ssm_status ssmi_structural_forecast(const ssmi_structural_matrices *m, const ssmi_kalman_filter *f, size_t t,
                                    double *mean, double *variance, size_t horizon, ssm_arena *tmp);

/* ---- estimation ---- */

/* The rows of a fit. */
typedef struct ssmi_structural_data {
    const double *y; /* (length) NaN missing, standard deviation about 1 */
    size_t length;
    ssmi_structural_rows rows;
} ssmi_structural_data;

/* What a fit found. */
typedef struct ssmi_structural_fit {
    double loglik;        /* exact diffuse, all constants */
    double conditional;   /* of the rows from `burn` on, given those before */
    size_t n_conditional; /* observations in it */
    size_t n_ordinary;    /* observations that the diffuse start did not use up */
    size_t evaluations;
    int converged; /* 0: the optimiser gave up; the parameters are the best it had seen */
} ssmi_structural_fit;

/* Maximises the likelihood over the parameters that are not held, from the values in s and, when several
 * starts are asked for, from others. The result is never worse than the start; the search ends when a step
 * gains less than `precision` in log-likelihood. Sets the coefficients too. SSM_E_NUMERIC only when not even
 * a start can be evaluated. */
ssm_status ssmi_structural_estimate(ssmi_structural *s, const ssmi_structural_data *data, size_t burn,
                                    size_t n_starts, double precision, ssmi_structural_fit *fit,
                                    ssm_arena *tmp);

/* Log-likelihood at the parameters of s and its derivatives by those that are not held, in their order. */
ssm_status ssmi_structural_score(ssmi_structural *s, const ssmi_structural_data *data, double *loglik,
                                 double *gradient, ssm_arena *tmp);

#endif
