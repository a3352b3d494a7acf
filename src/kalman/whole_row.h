/* A whole row of observations at once, for the univariate form: same innovations, gains and state as one
 * scalar after the other, up to rounding, but P is read and written once and not 2p times. Pays for many
 * states and several observations. */
#ifndef SSMCAST_KALMAN_WHOLE_ROW_H
#define SSMCAST_KALMAN_WHOLE_ROW_H

#include "kalman/system.h"

/* Takes in the row and returns 1. Returns 0, the state unchanged, for what is left to the scalars: a small
 * system, a missing value, an observation without error (it may be certain, which only P after those before
 * it tells), a diffuse state, an F that is not more than rounding. `row` and M (n, p) receive what
 * ssmi_kalman_update returns for every scalar; M is overwritten in any case. */
int ssmi_kalman_update_whole_row(ssmi_kalman_state *s, const ssmi_observation *o, ssmi_innovation *row,
                                 double *M);

#endif
