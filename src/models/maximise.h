/* Maximum of a smooth function of a few bounded numbers of which only values are known: a log-likelihood
 * whose matrices depend on the parameters in ways that have no short derivative. */
#ifndef SSMCAST_MODELS_MAXIMISE_H
#define SSMCAST_MODELS_MAXIMISE_H

#include <stddef.h>

enum { SSMI_MAXIMISE_MOST = 24 };

typedef struct ssmi_maximum {
    size_t n; /* <= SSMI_MAXIMISE_MOST */
    const double *low, *high;
    double (*value)(void *user, const double *theta); /* -infinity where it cannot be evaluated */
    void *user;
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
