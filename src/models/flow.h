/* The structural model of continuous time that a forecaster fits: a level, with or without a slope, a
 * stationary part, and seasons by harmonics of the calendar; time in units of the typical gap.
 *
 * Structure and numbers are chosen by maximum likelihood and AICc on values that are centred and scaled. */
#ifndef SSMCAST_MODELS_FLOW_H
#define SSMCAST_MODELS_FLOW_H

#include "base/arena.h"
#include "kalman/continuous.h"
#include <ssmcast/series.h>

enum { SSMI_FLOW_HARMONICS = 12, SSMI_FLOW_PARTS = 2 + SSM_MAX_PERIODS * SSMI_FLOW_HARMONICS };

enum {
    SSMI_FLOW_IRREGULAR,
    SSMI_FLOW_LEVEL, /* growth of its variance per unit of time */
    SSMI_FLOW_SLOPE, /* the same of the slope */
    SSMI_FLOW_DAMPING,
    SSMI_FLOW_CYCLE, /* stationary variance */
    SSMI_FLOW_DECAY,
    SSMI_FLOW_TURN,
    SSMI_FLOW_SEASON, /* one for each season */
    SSMI_FLOW_PARAMETERS = SSMI_FLOW_SEASON + SSM_MAX_PERIODS
};

typedef enum ssmi_flow_trend { SSMI_FLOW_WANDER, SSMI_FLOW_TREND, SSMI_FLOW_DAMPED } ssmi_flow_trend;
typedef enum ssmi_flow_cycle { SSMI_FLOW_NONE, SSMI_FLOW_REVERTING, SSMI_FLOW_TURNING } ssmi_flow_cycle;

typedef struct ssmi_flow {
    ssmi_flow_trend trend;
    ssmi_flow_cycle cycle;
    size_t n_seasons;
    double period[SSM_MAX_PERIODS]; /* in units of time */
    size_t harmonics[SSM_MAX_PERIODS];
    double parameter[SSMI_FLOW_PARAMETERS]; /* variances may be 0 */
} ssmi_flow;

/* The parts: trend first, then the cycle, then the harmonics season by season. Returns how many. */
size_t ssmi_flow_parts(ssmi_part *part /* (SSMI_FLOW_PARTS) */, const ssmi_flow *flow);
/* Is parameter i in use? */
int ssmi_flow_uses(const ssmi_flow *flow, size_t i);

/* Maximises the likelihood of rows over the parameters in use, from the values in `flow`. `fit` is of the
 * best point; `*converged` 0: the optimiser gave up. SSM_E_NUMERIC: not even the start can be evaluated. */
ssm_status ssmi_flow_estimate(ssmi_flow *flow, const double *y, const double *gap, size_t length, size_t burn,
                              ssmi_continuous_fit *fit, int *converged, ssm_arena *tmp);

/* What is wished for; negative: to be chosen. */
typedef struct ssmi_flow_wishes {
    int trend, cycle;
    size_t n_periods;
    double period[SSM_MAX_PERIODS]; /* candidates, ascending, in units of time */
    int uneven; /* gaps differ: then harmonics may be shorter than two of them (no aliases) */
} ssmi_flow_wishes;

/* Chooses and estimates on the last rows, as many as bound the time; y (length) centred and scaled, gap[t]
 * leads to row t. Falls back to a wandering level when there is too little to estimate. */
ssm_status ssmi_flow_search(ssmi_flow *flow, const ssmi_flow_wishes *wishes, const double *y,
                            const double *gap, size_t length, int *converged, ssm_arena *tmp);

#endif
