/* Local maximisation of a smooth function within bounds: NLopt's SLSQP (Kraft 1994), by the function's
 * gradient or by central differences. */
#ifndef SSMCAST_CORE_CLIMB_H
#define SSMCAST_CORE_CLIMB_H

#include <stddef.h>

/* Value at theta (n); writes the gradient (n) unless it is NULL. A value that is not finite marks a point
 * that cannot be used. Setting *stop to a non-zero value ends the search. */
typedef double (*ssmi_objective)(void *user, const double *theta, double *gradient, int *stop);

typedef struct ssmi_climb_task {
    size_t n;
    ssmi_objective objective;
    void *user;
    const double *low, *high; /* (n) */
    double precision;         /* ends when a step gains less */
    double size; /* of the value, such as the number of rows: the optimiser wants numbers near 1; 0: 1 */
    double smallest_step; /* ends when all of theta moves less; 0: 1e-9 */
    double difference; /* step of central differences, one-sided at a bound; then no gradient is asked for; 0:
                          the objective gives it */
    size_t most_evaluations;
} ssmi_climb_task;

typedef struct ssmi_climb_result {
    double value; /* at the best point seen; -infinity when none could be used */
    size_t evaluations;
    int converged, stopped;
} ssmi_climb_result;

/* From theta (n), which receives the best point seen, converged or not; it is never worse than the start.
 * work (3*n). */
ssmi_climb_result ssmi_climb(double *theta, const ssmi_climb_task *task, double *work);

#endif
