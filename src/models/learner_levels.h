/* Between the nine deciles of the network and intervals of any level.
 *
 * The ridge's calibrated offsets give the shape: between two deciles a level takes the place that it has
 * among the offsets; beyond the outermost decile the offsets' tail goes on, stretched as the network
 * stretched that decile's distance from the median. A network that changes nothing therefore gives the
 * ridge's intervals back. */
#ifndef SSMCAST_MODELS_LEARNER_LEVELS_H
#define SSMCAST_MODELS_LEARNER_LEVELS_H

#include "forecast/conformal.h"
#include "neural/quantile_head.h"

/* base (SSMI_BASE_ROWS, horizon): the offsets' deciles in the form in which the quantile head wants them. */
void ssmi_learner_base(float *base, const ssmi_conformal *interval);

/* What a level asks of the offsets: its own place and those of the deciles around it, beyond the outermost
 * decile those of that one and of the median. */
typedef struct ssmi_learner_level {
    size_t decile; /* the one below; beyond the outermost, that one */
    int beyond;
    double share; /* of the way to the next decile, where the offsets have no say */
    ssmi_conformal_place own, low, high;
} ssmi_learner_level;

ssmi_learner_level ssmi_learner_level_of(double p); /* p inside (0, 1) */

/* The quantile of step h, from the deciles d (SSMI_QUANTILES), ascending. Non-decreasing in the level. */
double ssmi_learner_quantile(const double *d, const ssmi_conformal *interval, size_t h,
                             const ssmi_learner_level *level);

#endif
