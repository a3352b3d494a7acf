/* Weights of an ensemble from the errors its members made at the same rows. */
#ifndef SSMCAST_MODELS_ENSEMBLE_WEIGHTS_H
#define SSMCAST_MODELS_ENSEMBLE_WEIGHTS_H

#include <stddef.h>

enum { SSMI_ENSEMBLE_MEMBERS = 12 }; /* at most */

/* What a backtest showed of n members. */
typedef struct ssmi_ensemble_errors {
    size_t n;
    double cross[SSMI_ENSEMBLE_MEMBERS][SSMI_ENSEMBLE_MEMBERS]; /* sums of e_i e_j / unit^2 */
    double unit;                                                /* what errors are divided by, > 0 */
    double windows; /* horizons that the rows of the backtest would fill without overlap, > 0 */
} ssmi_ensemble_errors;

/* Adds the errors (n) at one row. */
void ssmi_ensemble_add(ssmi_ensemble_errors *errors, const double *error);

/* weight (n): not negative, sum 1. prior (n), likewise, which is also the answer where the errors say
 * nothing: all 0, or not finite. weight and prior must not overlap. */
void ssmi_ensemble_weigh(double *weight, const double *prior, const ssmi_ensemble_errors *errors);

#endif
