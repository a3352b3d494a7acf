/* Triangular roots: matrices U, upper triangular, that stand for the variance U'U. They are changed by
 * orthogonal transformations, so what they stand for stays non-negative definite whatever the rounding. */
#ifndef SSMCAST_CORE_TRIANGLE_H
#define SSMCAST_CORE_TRIANGLE_H

#include <stddef.h>

/* U with U'U = A'A (Householder; Golub & Van Loan 2013, 5.2.1). The diagonal of U may be negative. A is
 * destroyed. */
void ssmi_triangle(double *U /* (n, n) */, double *A /* (m, n) */, size_t m, size_t n);

/* U with U'U = U'U - x x' (hyperbolic rotations; Golub & Van Loan 2013, 6.5.4). 0: the difference is not
 * non-negative definite, and U is as it was. x and work are destroyed. */
int ssmi_triangle_downdate(double *U /* (n, n) */, double *x /* (n) */, double *work /* (n*n) */, size_t n);

#endif
