/* The forecast that a network starts from: a ridge map or the last value alone, and its calibrated intervals.
 */
#ifndef SSMCAST_MODELS_LEARNER_SKIP_H
#define SSMCAST_MODELS_LEARNER_SKIP_H

#include "forecast/conformal.h"
#include "models/ridge.h"

typedef struct ssmi_learner_base_forecast {
    ssmi_ridge ridge;        /* solved without the validation windows */
    ssmi_conformal interval; /* in units of spread^gamma, the panel's values being standardised */
    double gamma;
} ssmi_learner_base_forecast;

/* Fits the ridge, chooses gamma, and calibrates the interval on unseen windows. With `last` the map repeats
 * the last value, and only the ridge's look-back and centre are kept of it. */
ssm_status ssmi_learner_skip_fit(ssmi_learner_base_forecast *out, const ssmi_ridge_task *task, int last,
                                 ssm_arena *mem, ssm_arena *tmp);

#endif
