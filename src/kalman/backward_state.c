/* From the backward recursions to the state (Durbin & Koopman 2012, eq. 4.44, 5.24, 5.30).
 *
 *     alpha = a + P r0 + Pinf r1
 *     V = P - P N0 P - Pinf N1 P - (Pinf N1 P)' - Pinf N2 Pinf
 *
 * Known value: Nile, variances 15099 and 1469.1: 1111.66831913 and 4032.15794181 for the first level. */
#include "kalman/backward.h"

#include "core/dense.h"

#include <math.h>

void ssmi_smoothed_mean(double *alpha, const ssmi_kalman_backward *b, const double *a, const double *P,
                        const double *A, size_t n_diffuse, double *Pinf, double *work)
{
    const size_t n = b->n;
    ssmi_matvec(alpha, P, b->r0, n, n);
    for (size_t k = 0; k < n; k++) alpha[k] += a[k];
    if (n_diffuse == 0) return;
    ssmi_mul_nt(Pinf, A, A, n, n_diffuse, n);
    ssmi_matvec(work, Pinf, b->r1, n, n);
    for (size_t k = 0; k < n; k++) alpha[k] += work[k];
}

static void subtract_diffuse(double *V, const ssmi_kalman_backward *b, const double *P, const double *Pinf,
                             double *W, double *work)
{
    const size_t n = b->n;
    ssmi_mul(work, Pinf, b->N1, n, n, n);
    ssmi_mul(W, work, P, n, n, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) V[i + j * n] -= W[i + j * n] + W[j + i * n];
    }
    ssmi_sandwich(W, Pinf, b->N2, work, n, n);
    for (size_t k = 0; k < n * n; k++) V[k] -= W[k];
}

void ssmi_smoothed_variance(double *V, const ssmi_kalman_backward *b, const double *P, const double *Pinf,
                            size_t n_diffuse, double *W, double *work)
{
    const size_t n = b->n;
    ssmi_sandwich(W, P, b->N0, work, n, n);
    for (size_t k = 0; k < n * n; k++) V[k] = P[k] - W[k];
    if (n_diffuse > 0) subtract_diffuse(V, b, P, Pinf, W, work);
    for (size_t k = 0; k < n; k++) V[k + k * n] = fmax(V[k + k * n], 0.0); /* rounding must not go below */
}
