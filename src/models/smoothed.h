/* What smoothing says about the series of a linear-Gaussian system: its states, signal, and residuals. */
#ifndef SSMCAST_MODELS_SMOOTHED_H
#define SSMCAST_MODELS_SMOOTHED_H

#include "base/arena.h"
#include <ssmcast/forecaster.h>
#include <ssmcast/statespace.h>

typedef struct ssmi_smoothed_series {
    const ssm_statespace *model; /* does not depend on time */
    double scale;                /* factor of all its variances */
    const double *const *value;  /* (p) of (length) */
    size_t length;
} ssmi_smoothed_series;

/* Fills out (p), with the states as components. SSM_E_DATA: the rows leave a diffuse state open. */
ssm_status ssmi_smoothed_decompose(ssm_decomposition *out, const ssmi_smoothed_series *series,
                                   ssm_arena *tmp);

#endif
