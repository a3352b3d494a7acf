/* A short rolling backtest of several forecasters on one series: what ensemble weights and the automatic
 * choice are decided by. */
#ifndef SSMCAST_MODELS_TRIAL_H
#define SSMCAST_MODELS_TRIAL_H

#include "forecast/rolling.h"

/* How the trial is run. Each forecaster is fitted once, on the rows before the first origin, and then
 * conditioned at each origin. */
typedef struct ssmi_trial_plan {
    ssm_series series; /* the last rows of the series, as many as bound the time of a trial */
    ssmi_rolling rolling;
    double scale; /* mean |y_t - y_{t-m}| of the rows before the first origin: the denominator of MASE */
} ssmi_trial_plan;

typedef struct ssmi_trial {
    const char *model;
    const char *option, *value; /* one that is not left at its default; NULL: none */
    double *mean;               /* (n_origins, horizon) forecasts */
    double *quantile;           /* (n_origins, horizon, rolling.n_levels) */
    double mase;                /* mean |error| / scale over all origins and steps; NaN when it failed */
    ssm_status status;          /* of the run */
} ssmi_trial;

/* At most five origins, half a horizon apart, ending with the series; the horizon is cut to a fifth of the
 * series. n_origins 0: the series is too short for a trial. */
void ssmi_trial_plan_make(ssmi_trial_plan *plan, const ssm_series *series, size_t horizon);

/* Runs trials[i].model for each i, in parallel, and fills the rest. A forecaster that cannot handle the
 * series only fails its own trial; SSM_E_MEMORY and SSM_E_CANCELLED end the run. */
ssm_status ssmi_trial_run(ssmi_trial *trials, size_t n, const ssmi_trial_plan *plan, ssm_arena *mem);

/* MASE of forecasts (n_origins, horizon) under the plan; NaN when no truth was observed. */
double ssmi_trial_mase(const double *mean, const ssmi_trial_plan *plan);

#endif
