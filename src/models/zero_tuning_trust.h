/* Whether a gain on validation windows is more than chance.
 *
 * Windows overlap and columns move together, so windows are not independent. Those whose first target lies in
 * the same stretch of one horizon, counted from the end of the series, are one observation:
 *
 *     d = 1/2 sum over both losses of log(mean before / mean after)
 *
 * Logarithms, since losses of wild stretches are many times those of calm ones. A gain is trusted where there
 * are SSMI_TRUST_STRETCHES or more and the mean of d is more than SSMI_TRUST_ERRORS standard errors above 0.
 * Known value: d of .01, .02 and .03 have mean .02 and standard error .00577. */
#ifndef SSMCAST_MODELS_ZERO_TUNING_TRUST_H
#define SSMCAST_MODELS_ZERO_TUNING_TRUST_H

#include "neural/trainer.h"

enum { SSMI_TRUST_STRETCHES = 3, SSMI_TRUST_ERRORS = 2 };

typedef struct ssmi_trust {
    size_t stretches;   /* that have a window */
    double gain, error; /* mean of d and its standard error; 0 where there are fewer than two */
} ssmi_trust;

/* before, after (n, SSMI_LOSS_PARTS); stretch (n): of each window, below `most`. SSM_E_MEMORY only. */
ssm_status ssmi_trust_measure(ssmi_trust *out, const double *before, const double *after,
                              const size_t *stretch, size_t n, size_t most, ssm_arena *tmp);
int ssmi_trust_enough(const ssmi_trust *trust);

#endif
