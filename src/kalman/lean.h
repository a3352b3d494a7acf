/* The filter for small models without the generality: one observation, up to LEAN_MOST states, constant
 * matrices, nothing recorded. Same bits as row after row, a fraction of the time, because the sizes are
 * constants and nothing is called between the rows. */
#ifndef SSMCAST_KALMAN_LEAN_H
#define SSMCAST_KALMAN_LEAN_H

#include "kalman/filter.h"

/* Takes in rows from t on as long as they are ordinary: observed, not diffuse, of positive variance, finite.
 * Returns the row that it has not taken in, t when it can do nothing; that one is for ssmi_kalman_run_row. */
size_t ssmi_kalman_lean_rows(ssmi_kalman_run *r, size_t t, const double *y /* (length) */, size_t length);

#endif
