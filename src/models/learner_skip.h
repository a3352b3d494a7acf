/* The forecast that a network starts from: a ridge map that may lean on the season, or the last value alone,
 * and its calibrated intervals. */
#ifndef SSMCAST_MODELS_LEARNER_SKIP_H
#define SSMCAST_MODELS_LEARNER_SKIP_H

#include "forecast/conformal.h"
#include "models/ridge.h"

typedef struct ssmi_learner_base_forecast {
    ssmi_ridge ridge;        /* solved without the validation windows */
    ssmi_conformal interval; /* in units of spread^gamma, the panel's values being standardised */
    double gamma;
    double ratio; /* mean squared error on unseen windows over that of repeating the season; NaN without a
                     season */
} ssmi_learner_base_forecast;

/* Fits the ridge, mixes in as much of the seasonal naive forecast as makes the errors over folds of all rows
 * smallest (season among the series' periods up to the look-back), chooses gamma, and calibrates the
 * interval on unseen windows. Where the look-back is left open, the ridge's own choice competes with two of
 * the longest seasons by the ratio. With `plain` the map repeats the last value, and only the ridge's
 * look-back and centre are kept of it. */
ssm_status ssmi_learner_skip_fit(ssmi_learner_base_forecast *out, const ssmi_ridge_task *task,
                                 const ssm_series *series, int plain, ssm_arena *mem, ssm_arena *tmp);

#endif
