/* LDL' of the observed part of a variance, and regression on it (Golub & Van Loan 2013, 4.1.2).
 *
 * Known value: H = [4 2; 2 5]: L_21 = 1/2, D = (4, 4); with the second component missing its error is half
 * the first one plus a rest of variance 4. */
#include "kalman/errors.h"

#include "core/dense.h"
#include <float.h>
#include <math.h>
#include <string.h>

void ssmi_errors_factor(double *L, double *D, const double *H, const double *y, size_t p)
{
    for (size_t i = 0; i < p; i++) {
        if (isnan(y[i])) continue;
        D[i] = H[i + i * p];
        for (size_t j = 0; j < i; j++) {
            if (isnan(y[j])) continue;
            double sum = H[i + j * p];
            for (size_t k = 0; k < j; k++) {
                if (!isnan(y[k])) sum -= L[i + k * p] * L[j + k * p] * D[k];
            }
            L[i + j * p] = D[j] > 0.0 ? sum / D[j] : 0.0;
            D[i] -= L[i + j * p] * L[i + j * p] * D[j];
        }
        if (D[i] <= 4.0 * (double)p * DBL_EPSILON * H[i + i * p]) D[i] = 0.0;
    }
}

void ssmi_errors_rotate(double *y, const double *L, size_t p)
{
    for (size_t i = 0; i < p; i++) {
        for (size_t k = 0; k < i && !isnan(y[i]); k++) {
            if (!isnan(y[k])) y[i] -= L[i + k * p] * y[k];
        }
    }
}

/* Row m of B = H_mo (L D L')^-1; zero pivots carry nothing. */
static void regress(double *B, const double *H, const double *L, const double *D, const double *y, size_t m,
                    size_t p)
{
    for (size_t i = 0; i < p; i++) {
        if (isnan(y[i])) continue;
        B[m + i * p] = H[m + i * p];
        for (size_t k = 0; k < i; k++) {
            if (!isnan(y[k])) B[m + i * p] -= L[i + k * p] * B[m + k * p];
        }
    }
    for (size_t i = p; i-- > 0;) {
        if (isnan(y[i])) continue;
        B[m + i * p] = D[i] > 0.0 ? B[m + i * p] / D[i] : 0.0;
        for (size_t k = i + 1; k < p; k++) {
            if (!isnan(y[k])) B[m + i * p] -= L[k + i * p] * B[m + k * p];
        }
    }
}

/* B with a unit row for each observed component and the regression for each missing one. */
static void complete_map(double *B, const double *H, const double *y, double *work, size_t p)
{
    double *L = work, *D = work + p * p;
    ssmi_errors_factor(L, D, H, y, p);
    memset(B, 0, p * p * sizeof(double));
    for (size_t i = 0; i < p; i++) {
        if (isnan(y[i]))
            regress(B, H, L, D, y, i, p);
        else
            B[i + i * p] = 1.0;
    }
}

void ssmi_errors_complete(double *epsilon, double *V, const double *H, const double *y, double *B,
                          double *work, size_t p)
{
    double *full = work, *mean = work + p * p;
    complete_map(B, H, y, work, p);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p && isnan(y[i]); j++) V[i + j * p] = V[j + i * p] = 0.0;
        if (isnan(y[i])) epsilon[i] = 0.0;
    }
    ssmi_matvec(mean, B, epsilon, p, p);
    memcpy(epsilon, mean, p * sizeof(double));
    ssmi_sandwich(full, B, V, mean, p, p);
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++) {
            if (!isnan(y[i]) || !isnan(y[j])) continue;
            full[i + j * p] += H[i + j * p];
            for (size_t k = 0; k < p; k++) full[i + j * p] -= B[i + k * p] * H[k + j * p];
        }
    }
    memcpy(V, full, p * p * sizeof(double));
}
