/* Eigenvalues by LAPACK's dgeev, in memory of the arena. Known value: [0 1; -1 0] has +i and -i. */
#include "core/lapack.h"

#include "core/dense.h"

#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static ssm_status eigen(double *lambda, double *V, const double *A, size_t n, ssm_arena *tmp)
{
    const lapack_int N = (lapack_int)n;
    const char vectors = V != NULL ? 'V' : 'N';
    double *copy = SSMI_ALLOC(tmp, double, n *n), *values = SSMI_ALLOC(tmp, double, 2 * n);
    double *found = SSMI_ALLOC(tmp, double, n *n), best = 0;
    if (copy == NULL || values == NULL || found == NULL) return SSM_E_MEMORY;
    memcpy(copy, A, n * n * sizeof *copy);
    LAPACKE_dgeev_work(LAPACK_COL_MAJOR, 'N', vectors, N, copy, N, values, values + n, NULL, 1, found, N,
                       &best, -1);
    double *work = SSMI_ALLOC(tmp, double, (size_t)best);
    if (work == NULL) return SSM_E_MEMORY;
    if (LAPACKE_dgeev_work(LAPACK_COL_MAJOR, 'N', vectors, N, copy, N, values, values + n, NULL, 1, found, N,
                           work, (lapack_int)best) != 0)
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "eigenvalues of a matrix of order %zu do not converge", n);
    memcpy(lambda, values, 2 * n * sizeof *lambda);
    if (V != NULL) memcpy(V, found, n * n * sizeof *V);
    return SSM_OK;
}

ssm_status ssmi_eigen(double *lambda, double *V, const double *A, size_t n, ssm_arena *tmp)
{
    if (n == 0) return SSM_OK;
    if (n > 30000) return ssmi_fail(tmp->ctx, SSM_E_UNSUPPORTED, "a matrix of order %zu is too large", n);
    if (!isfinite(ssmi_max_abs(A, n * n)))
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "matrix for eigenvalues is not finite");
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = eigen(lambda, V, A, n, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}

ssm_status ssmi_spectral_radius(double *radius, const double *A, size_t n, ssm_arena *tmp)
{
    double largest = 0, *lambda = SSMI_ALLOC(tmp, double, 2 * n);
    if (lambda == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_eigen(lambda, NULL, A, n, tmp));
    for (size_t i = 0; i < n; i++) largest = fmax(largest, hypot(lambda[i], lambda[n + i]));
    *radius = largest;
    return SSM_OK;
}
