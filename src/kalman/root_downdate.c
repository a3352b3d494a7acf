/* Hyperbolic downdate of a triangular root (Golub & Van Loan 2013, 6.5.4).
 *
 *     for each row k:   u_kk <- sqrt(u_kk^2 - x_k^2),   c = new / old,  s = x_k / old
 *                       u_kj <- (u_kj - s x_j) / c,     x_j <- c x_j - s u_kj
 *
 * Known value: U = (5) less x = (3) is (4). */
#include "kalman/root_downdate.h"

#include <math.h>
#include <string.h>

int ssmi_root_downdate(double *U, double *x, double *work, size_t n)
{
    memcpy(work, U, n * n * sizeof(double));
    for (size_t k = 0; k < n; k++) {
        const double old = work[k + k * n];
        if (x[k] == 0.0) continue;
        if (!(fabs(x[k]) < fabs(old))) return 0;
        const double root = sqrt((old - x[k]) * (old + x[k])), c = root / fabs(old), s = x[k] / old;
        work[k + k * n] = copysign(root, old);
        for (size_t j = k + 1; j < n; j++) {
            const double u = (work[k + j * n] - s * x[j]) / c;
            work[k + j * n] = u;
            x[j] = c * x[j] - s * u;
        }
    }
    memcpy(U, work, n * n * sizeof(double));
    return 1;
}
