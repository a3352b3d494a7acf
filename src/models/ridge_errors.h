/* Forecast errors of a ridge map on windows that its weights have not seen, to calibrate intervals from. */
#ifndef SSMCAST_MODELS_RIDGE_ERRORS_H
#define SSMCAST_MODELS_RIDGE_ERRORS_H

#include "models/ridge_recent.h"

typedef struct ssmi_ridge_errors {
    size_t n, horizon;
    double *error;  /* (n, horizon) truth minus forecast in the panel's units, NaN where truth is missing */
    double *spread; /* (n) standard deviation of each look-back window */
    double *lately; /* (n) how large the map's errors known before each window were, 1: as usual
                       (models/ridge_recent.h); NULL: not looked at */
    double independent; /* how many independent errors the n correlated ones are worth, from 1 to n */
} ssmi_ridge_errors;

/* `ridge` was fitted by `task` on the training windows only. Where the validation windows hold
 * 20 whole horizons or more, these are the errors. Otherwise the series are cut into folds and
 * each fold is forecast by a map of the same settings that was solved without it; where a fold would leave
 * no window, errors on the training windows themselves are widened by the factor of generalised
 * cross-validation, 1 / (1 - freedom/N) (Golub, Heath & Wahba 1979, eq. 1.4). At most `at_most` windows,
 * evenly spread. `recent`, opened for the same map, learns what errors are usual, and `lately` is filled;
 * NULL: neither. */
ssm_status ssmi_ridge_errors_collect(ssmi_ridge_errors *out, const ssmi_ridge *ridge,
                                     const ssmi_ridge_task *task, size_t at_most, ssmi_ridge_recent *recent,
                                     ssm_arena *mem, ssm_arena *tmp);

#endif
