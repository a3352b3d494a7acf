/* The basic structural model of a seasonal series (Harvey 1989; Durbin & Koopman 2012, ch. 3):
 *
 *     y_t = level_t + sum of harmonics_t + cycle_t + eps_t
 *     level_{t+1} = level_t + slope_t + xi_t          slope_{t+1} = damping * slope_t + zeta_t
 *     cycle_{t+1} = phi * cycle_t + kappa_t           (stationary first-order autoregression)
 *     each harmonic of frequency f turns by 2 pi f a row, with shocks of one variance per season
 *
 * Level, slope and the harmonics of short periods start diffuse. Harmonics of long periods start with a wide
 * distribution instead: over the few rows that an exact diffuse start would take they can hardly be told from
 * each other, and the variances it would leave exceed what doubles can carry. */
#ifndef SSMCAST_MODELS_STRUCTURAL_H
#define SSMCAST_MODELS_STRUCTURAL_H

#include "base/arena.h"
#include "kalman/score.h"
#include <ssmcast/series.h>

enum { SSMI_STRUCTURAL_LINES = 64, SSMI_LONGEST_DIFFUSE_PERIOD = 24 };

typedef enum ssmi_slope { SSMI_SLOPE_NONE, SSMI_SLOPE_ON, SSMI_SLOPE_DAMPED } ssmi_slope;

/* One harmonic: `multiple` turns in `period` rows. */
typedef struct ssmi_line {
    size_t multiple, period, season; /* season: index of its shock variance, < SSM_MAX_PERIODS */
} ssmi_line;

/* Parameters of the model; a variance may be 0. */
enum {
    SSMI_IRREGULAR,
    SSMI_LEVEL,
    SSMI_SLOPE,
    SSMI_CYCLE,
    SSMI_SEASON,
    SSMI_PHI = SSMI_SEASON + SSM_MAX_PERIODS,
    SSMI_DAMPING,
    SSMI_STRUCTURAL_PARAMETERS
};

typedef struct ssmi_structural {
    ssmi_slope slope;
    int cycle;
    size_t n_lines;
    ssmi_line line[SSMI_STRUCTURAL_LINES];
    double parameter[SSMI_STRUCTURAL_PARAMETERS];
} ssmi_structural;

/* A structural model as matrices. */
typedef struct ssmi_structural_matrices {
    ssm_statespace model;
    double *Z, *H, *T, *Q, *P1, *P1inf;
} ssmi_structural_matrices;

size_t ssmi_structural_states(const ssmi_structural *s);
size_t ssmi_structural_diffuse(const ssmi_structural *s); /* of which start diffuse */
/* Is parameter i in use? */
int ssmi_structural_uses(const ssmi_structural *s, size_t i);

/* Allocates matrices of this structure and fills them. The struct must stay where it is. */
ssm_status ssmi_structural_build(ssmi_structural_matrices *m, const ssmi_structural *s, ssm_arena *arena);
/* Writes the parameters into matrices built for the same structure. */
void ssmi_structural_apply(ssmi_structural_matrices *m, const ssmi_structural *s);

/* What a fit found. */
typedef struct ssmi_structural_fit {
    double loglik;        /* exact diffuse, all constants */
    double conditional;   /* of the rows from `burn` on, given those before */
    size_t n_conditional; /* observations in it */
    size_t evaluations;
    int converged; /* 0: the optimiser gave up; the parameters are the best it had seen */
} ssmi_structural_fit;

/* Maximises the likelihood over the parameters in use, from the values in s and, when several starts are
 * asked for, from others. y should have a standard deviation of about 1. The result is never worse than the
 * start; the search ends when a step gains less than `precision` in log-likelihood. SSM_E_NUMERIC only when
 * not even a start can be evaluated. */
ssm_status ssmi_structural_estimate(ssmi_structural *s, const double *y, size_t length, size_t burn,
                                    size_t n_starts, double precision, ssmi_structural_fit *fit,
                                    ssm_arena *tmp);

#endif
