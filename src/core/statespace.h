/* Inside of ssmcast/statespace.h. */
#ifndef SSMCAST_CORE_STATESPACE_H
#define SSMCAST_CORE_STATESPACE_H

#include "base/arena.h"
#include <gsl/gsl_rng.h>
#include <ssmcast/statespace.h>

/* The matrix of time t, column-major; NULL when all of it is zero (for R: the identity). */
static inline const double *ssmi_system_at(ssm_system_matrix matrix, size_t t)
{
    return matrix.data != NULL ? matrix.data + t * matrix.stride : NULL;
}

/* Whether every system matrix is constant. */
int ssmi_is_time_invariant(const ssm_statespace *model);

/* As ssm_statespace_check, for what depends on time and time t alone, in a model whose sizes are known to be
 * good. No allocation. */
ssm_status ssmi_statespace_check_row(ssm_context *ctx, const ssm_statespace *model, size_t t,
                                     double *work /* (m, m), m = max(n, p) */);

/* V (n, n) = R Q R' at time t. Scratch from tmp. */
ssm_status ssmi_state_noise(double *V, const ssm_statespace *model, size_t t, ssm_arena *tmp);

/* As ssm_statespace_simulate, for a model that is known to be good and a generator of the caller. eta (steps,
 * r), may be NULL: the shocks that lead to the next row, those of the last row too. */
ssm_status ssmi_simulate(double *y, double *alpha, double *eta, const ssm_statespace *model, size_t steps,
                         gsl_rng *rng, ssm_arena *tmp);

#endif
