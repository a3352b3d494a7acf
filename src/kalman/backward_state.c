/* From the backward recursions to the state (Durbin & Koopman 2012, eq. 4.44, 5.24, 5.30).
 *
 *     alpha = a + P r0 + Pinf r1
 *     V = P - P N0 P - Pinf N1 P - (Pinf N1 P)' - Pinf N2 Pinf
 *
 * Known value: Nile, variances 15099 and 1469.1: 1111.66831913 and 4032.15794181 for the first level. */
#include "kalman/backward.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

static const double certain = 1e-12, negative = -1e-11; /* parts of a variance */
enum { fewest_wide = 12 }; /* states; below, a call of a wide instance costs more than it saves */

/* Y = X B, rows `from` and on of columns j ... j + 3 or fewer; sums in order of the inner index, so that all
 * instances give the same bits. */
static void product_columns(double *restrict Y, const double *restrict X, const double *restrict B,
                            size_t from, size_t n, size_t columns, const ssmi_columns *wide)
{
    if (wide != NULL && columns == 4 && n >= fewest_wide) {
        wide->combine4(Y, X, B, n, from, n);
        return;
    }
    for (size_t j = 0; j < columns; j++) {
        double *restrict y = Y + j * n;
        const double *restrict b = B + j * n;
        for (size_t i = from; i < n; i++) y[i] = b[0] * X[i];
        for (size_t k = 1; k < n; k++) {
            const double *restrict x = X + k * n, bk = b[k];
            for (size_t i = from; i < n; i++) y[i] += bk * x[i];
        }
    }
}

static size_t block(size_t j, size_t n)
{
    return n - j < 4 ? n - j : 4;
}

void ssmi_smoothed_mean(double *alpha, const ssmi_kalman_backward *b, const double *a, const double *P,
                        const double *A, size_t n_diffuse, double *Pinf, double *work)
{
    const size_t n = b->n;
    product_columns(alpha, P, b->r0, 0, n, 1, NULL);
    for (size_t k = 0; k < n; k++) alpha[k] += a[k];
    if (n_diffuse == 0) return;
    ssmi_mul_nt(Pinf, A, A, n, n_diffuse, n);
    ssmi_matvec(work, Pinf, b->r1, n, n);
    for (size_t k = 0; k < n; k++) alpha[k] += work[k];
}

/* V = P - P (N P): the lower triangle, in blocks of four columns, and its mirror. */
static void subtract_information(double *V, const double *P, const double *N, double *X, double *W, size_t n,
                                 const ssmi_columns *wide)
{
    for (size_t j = 0; j < n; j += 4) {
        const size_t columns = block(j, n);
        product_columns(X + j * n, N, P + j * n, 0, n, columns, wide);
        product_columns(W + j * n, P, X + j * n, j, n, columns, wide);
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) V[i + j * n] = P[i + j * n] - W[i + j * n];
        for (size_t i = j + 1; i < n; i++) V[j + i * n] = V[i + j * n];
    }
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

/* Whether V has a direction of negative variance, more so than rounding of V itself allows. */
static int is_indefinite(const double *V, double *W, size_t n)
{
    memcpy(W, V, n * n * sizeof(double));
    for (size_t k = 0; k < n; k++) {
        const double pivot = W[k + k * n], whole = V[k + k * n];
        if (!(pivot >= negative * whole)) return 1;
        if (!(pivot > certain * whole)) continue;
        for (size_t j = k + 1; j < n; j++) {
            const double share = W[j + k * n] / pivot;
            for (size_t i = j; i < n; i++) W[i + j * n] -= W[i + k * n] * share;
        }
    }
    return 0;
}

int ssmi_smoothed_variance(double *V, const ssmi_kalman_backward *b, const double *P, const double *Pinf,
                           size_t n_diffuse, double *W, double *work, const ssmi_columns *wide)
{
    const size_t n = b->n;
    subtract_information(V, P, b->N0, work, W, n, wide);
    if (n_diffuse > 0) subtract_diffuse(V, b, P, Pinf, W, work);
    const int failed = n_diffuse > 0 && is_indefinite(V, W, n);
    for (size_t k = 0; k < n; k++) V[k + k * n] = fmax(V[k + k * n], 0.0); /* rounding must not go below */
    return failed;
}
