/* Taking a part away from a variance that is carried as a triangular root (see kalman/square_root.h). */
#ifndef SSMCAST_KALMAN_ROOT_DOWNDATE_H
#define SSMCAST_KALMAN_ROOT_DOWNDATE_H

#include <stddef.h>

/* U'U -= x x', U upper triangular. 0: the difference is not non-negative definite, and U is as it was. x and
 * work are destroyed. */
int ssmi_root_downdate(double *U /* (n, n) */, double *x /* (n) */, double *work /* (n*n) */, size_t n);

#endif
