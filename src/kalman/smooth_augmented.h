/* The fixed-interval smoother with the diffuse part of the start as a regression, for starts that the data
 * hardly tell. Sums of non-negative terms take the place of the differences of kalman/backward.h, so no
 * digits are lost; the price is a pass over the series for each diffuse direction. */
#ifndef SSMCAST_KALMAN_SMOOTH_AUGMENTED_H
#define SSMCAST_KALMAN_SMOOTH_AUGMENTED_H

#include "kalman/smoother.h"

/* Writes alpha, V and V_lag of `out` (those that are not NULL) again for the first `rows` rows. Leaves them
 * as they are where an observation has no variance once the start is known. */
ssm_status ssmi_smooth_augmented(const ssm_statespace *model, const double *y, size_t length, size_t rows,
                                 const ssm_kalman_smooth_output *out, ssm_arena *arena);

#endif
