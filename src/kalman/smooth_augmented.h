/* The fixed-interval smoother with the diffuse part of the start as a regression, for starts that the data
 * hardly tell. Sums of non-negative terms take the place of the differences of kalman/backward.h, so no
 * digits are lost; the price is a pass over the series for each diffuse direction. */
#ifndef SSMCAST_KALMAN_SMOOTH_AUGMENTED_H
#define SSMCAST_KALMAN_SMOOTH_AUGMENTED_H

#include "kalman/smoother.h"

/* After a run of `s` over y (p, length): shows all rows again, the first `rows` with alpha, V and V_lag by
 * regression. Nothing is shown where an observation has no variance once the start is known. */
ssm_status ssmi_smooth_augmented(ssmi_smoother *s, const double *y, size_t length, size_t rows,
                                 ssmi_smooth_visitor visit, void *user, ssm_arena *arena);
/* The same when the run has found variances of diffuse rows without digits; else nothing is shown. */
ssm_status ssmi_smooth_mend(ssmi_smoother *s, const double *y, size_t length, ssmi_smooth_visitor visit,
                            void *user, ssm_arena *arena);

#endif
