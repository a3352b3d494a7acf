/* Spread of residuals and Gaussian forecasts from it: what the simple models share. */
#ifndef SSMCAST_MODELS_GAUSSIAN_H
#define SSMCAST_MODELS_GAUSSIAN_H

#include "base/arena.h"
#include <ssmcast/forecaster.h>

/* Sum of squares kept as scale^2 * sum, so that neither 1e150 squared overflows nor 1e-150 squared
 * vanishes; start with zeros. */
typedef struct ssmi_spread {
    double scale, sum;
    size_t n;
} ssmi_spread;

void ssmi_spread_add(ssmi_spread *spread, double residual); /* a NaN residual is not counted */
/* sqrt(sum of squares / (n - parameters)); 0 when nothing is left to divide by. */
double ssmi_spread_sd(const ssmi_spread *spread, size_t parameters);

/* Mean of the values that are not NaN, NaN when there is none; *n (may be NULL) gets their number. Does not
 * overflow where the values do not. */
double ssmi_mean(const double *value, size_t length, size_t *n);

/* Index of the last value that is not NaN, `length` when there is none. */
size_t ssmi_last_observed(const double *value, size_t length);

/* Fills out->quantile with mean + sd[h] * (standard normal quantile of each level); sd (horizon) >= 0. The
 * levels lie inside (0, 1), as the front door has checked. */
ssm_status ssmi_gaussian_quantiles(ssm_forecast *out, const double *sd, ssm_arena *tmp);

/* A parameter that must not be negative, saved and loaded; SSM_E_FORMAT when a file holds less. */
ssm_status ssmi_archive_spread(ssm_archive *archive, const char *name, double *value);

#endif
