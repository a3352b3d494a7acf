/* The unit that the intervals of a ridge map are told in, known at the origin: spread^gamma lately^power, the
 * panel's values being standardised; `spread` is that of the window, `lately` says how large the map's errors
 * known at the origin were (models/ridge_recent.h). */
#ifndef SSMCAST_MODELS_RIDGE_UNIT_H
#define SSMCAST_MODELS_RIDGE_UNIT_H

#include "models/ridge_errors.h"

/* Brings the errors into that unit: gamma 0, 1/2 or 1, then, where errors->lately is known, power 1/4, 1/2 or
 * 3/4 (1/2 while gamma is chosen), whichever gives the intervals (forecast/conformal.h) with the lowest
 * quantile loss over the deciles on these very errors. `independent` must be set; scaled errors lie in `tmp`.
 * Where `lately` is NULL or 1 throughout, power is 0, and `power` may be NULL. */
ssm_status ssmi_ridge_errors_scale(double *gamma, double *power, ssmi_ridge_errors *errors, ssm_arena *tmp);

/* The spread of a window of standardised values, but at least a thousandth: a flat one has some, too. */
double ssmi_ridge_spread(double spread);

/* ssmi_ridge_spread(spread)^gamma. */
double ssmi_ridge_unit(double spread, double gamma);

#endif
