/* The filter in parallel over time, by an associative scan. About five times the work of the sequential
 * filter, so it pays with many processors or for the thesis that it is the same recurrence as every other
 * scan. */
#ifndef SSMCAST_KALMAN_PARALLEL_H
#define SSMCAST_KALMAN_PARALLEL_H

#include "base/arena.h"
#include <ssmcast/kalman.h>

/* Filters y (p, length) on ctx->threads; a_filtered (n, length) and P_filtered (n, n, length) may be NULL.
 * Results do not depend on the number of threads. The diffuse rows and the first 2n are run through in
 * sequence. SSM_E_UNSUPPORTED when an observation has neither an error nor a shock of its own row,
 * SSM_E_NUMERIC when a combination is singular. */
ssm_status ssmi_kalman_parallel_filter(const ssm_statespace *model, const double *y, size_t length,
                                       double *a_filtered, double *P_filtered, double *loglik,
                                       ssm_arena *tmp);

#endif
