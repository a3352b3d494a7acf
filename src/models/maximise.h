/* Maximum of a smooth function of bounded numbers: a log-likelihood with its score, or one whose matrices
 * depend on the parameters in ways that have no short derivative, where differences take its place. */
#ifndef SSMCAST_MODELS_MAXIMISE_H
#define SSMCAST_MODELS_MAXIMISE_H

#include <stddef.h>

enum { SSMI_MAXIMISE_MOST = 256 };

typedef struct ssmi_maximum {
    size_t n; /* <= SSMI_MAXIMISE_MOST */
    const double *low, *high;
    /* -infinity where it cannot be evaluated. With `exact` it fills the gradient (n), unless that is NULL. */
    double (*value)(void *user, const double *theta, double *gradient);
    int exact;
    void *user;
    double size;      /* of the value, such as the number of rows: the optimiser wants numbers near 1 */
    double precision; /* of the value: a step that gains less ends the search */
    size_t most;      /* iterations of the optimiser at most */
    /* results */
    double best; /* -infinity: there was not a single value */
    size_t evaluations;
    int converged; /* 0: the optimiser gave up; theta is the best it had seen all the same */
} ssmi_maximum;

/* Climbs from theta (n) and leaves the best point seen there; never worse than the start. */
void ssmi_maximise(ssmi_maximum *m, double *theta);

#endif
