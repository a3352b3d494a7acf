/* Discrete Lyapunov equation P = T P T' + V by doubling (Smith 1968; Anderson & Moore 1979, section 6.7):
 *
 *     P_0 = V,  A_0 = T,     P_{k+1} = P_k + A_k P_k A_k',  A_{k+1} = A_k^2
 *
 * P_k is the sum of the first 2^k terms T^j V T'^j: only non-negative terms are added, nothing cancels, and
 * the rest falls like radius^(2^(k+1)), so that 1 - 1e-8 needs 32 doublings.
 *
 * Known value: T = 0.5, V = 3: P = 4. */
#include "core/lyapunov.h"

#include "core/dense.h"
#include "core/lapack.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_DOUBLINGS = 64 };

static ssm_status sum_terms(double *P, const double *T, const double *V, size_t n, ssm_arena *tmp)
{
    double *A = SSMI_ALLOC(tmp, double, n *n), *S = SSMI_ALLOC(tmp, double, n *n);
    double *sum = SSMI_ALLOC(tmp, double, n *n), *work = SSMI_ALLOC(tmp, double, n *n);
    if (A == NULL || S == NULL || sum == NULL || work == NULL) return SSM_E_MEMORY;
    memcpy(A, T, n * n * sizeof *A);
    memcpy(sum, V, n * n * sizeof *sum);
    ssmi_symmetrise(sum, n);
    for (int k = 0; k < MOST_DOUBLINGS; k++) {
        ssmi_sandwich(S, A, sum, work, n, n);
        ssmi_axpy(sum, 1, S, n * n);
        ssmi_mul(work, A, A, n, n, n);
        memcpy(A, work, n * n * sizeof *A);
        if (!isfinite(ssmi_max_abs(sum, n * n))) break;
        if (ssmi_max_abs(S, n * n) <= DBL_EPSILON / 4 * ssmi_max_abs(sum, n * n)) {
            memcpy(P, sum, n * n * sizeof *P);
            return SSM_OK;
        }
    }
    return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "stationary covariance does not converge");
}

static ssm_status lyapunov(double *P, const double *T, const double *V, size_t n, ssm_arena *tmp)
{
    double radius = 0;
    SSMI_TRY(ssmi_spectral_radius(&radius, T, n, tmp));
    if (!(radius < 1 - 1e-8))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC,
                         "state is not stationary: spectral radius of \"T\" is %.10g", radius);
    return sum_terms(P, T, V, n, tmp);
}

ssm_status ssmi_lyapunov(double *P, const double *T, const double *V, size_t n, ssm_arena *tmp)
{
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = lyapunov(P, T, V, n, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
