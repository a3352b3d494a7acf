/* Householder triangularisation and the hyperbolic downdate.
 *
 *     column k:   x = (a_kk ... a_mk),  w = x + sign(x_1) |x| e_1,   A <- A - 2 w w'A / w'w
 *     downdate:   u_kk <- sqrt(u_kk^2 - x_k^2),  c = new / old,  s = x_k / old
 *                 u_kj <- (u_kj - s x_j) / c,    x_j <- c x_j - s u_kj
 *
 * Known value: the rows (3, 1) and (4, 2) have the root ((-5, -2.2), (0, -0.4)) up to signs. */
#include "core/triangle.h"

#include <math.h>
#include <string.h>

/* Reflects column k so that it ends at row k, and the columns after it likewise. */
static void reflect(double *A, size_t k, size_t m, size_t n)
{
    double *x = A + k * m, sum = 0.0;
    for (size_t i = k; i < m; i++) sum += x[i] * x[i];
    const double norm = sqrt(sum), old = x[k];
    if (!(norm > 0.0)) return;
    x[k] += copysign(norm, old);
    const double beta = 1.0 / (sum + fabs(old) * norm);
    for (size_t j = k + 1; j < n; j++) {
        double *y = A + j * m, dot = 0.0;
        for (size_t i = k; i < m; i++) dot += x[i] * y[i];
        for (size_t i = k; i < m; i++) y[i] -= dot * beta * x[i];
    }
    x[k] = -copysign(norm, old);
}

void ssmi_triangle(double *U, double *A, size_t m, size_t n)
{
    for (size_t k = 0; k < n && k < m; k++) reflect(A, k, m, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) U[i + j * n] = i < m && i <= j ? A[i + j * m] : 0.0;
    }
}

int ssmi_triangle_downdate(double *U, double *x, double *work, size_t n)
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
