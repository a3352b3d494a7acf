/* A start from the model alone: stationary where the state is, diffuse elsewhere.
 *
 * The real Schur form T = Q [A B; 0 C] Q' with the stable eigenvalues first is split by the solution of
 * A Y - Y C = -B (Golub & Van Loan 2013, sec. 7.6.3): with X_s = Q_1 and X_u = Q_1 Y + Q_2,
 *     alpha = X_s b_s + X_u b_u,     b_s <- A b_s + W c + W R eta,     W = Q_1' - Y Q_2'
 * so that b_s has the stationary variance of A, and b_u, of the eigenvalues on or outside the unit circle,
 * none. Covariances between the two do not matter, because b_u is diffuse whatever is known of b_s.
 *
 * Known value: a level and an AR(1) of coefficient 0.5 and variance 3: P1 = diag(0, 4), P1inf = diag(1, 0).
 */
#include "core/statespace.h"

#include "core/dense.h"
#include "core/lyapunov.h"
#include <lapacke.h>
#include <math.h>
#include <string.h>

static const double unit_root = 1 - 1e-6; /* multiple roots come out of LAPACK spread by more than rounding */
static const double rounding = 1e-12; /* elements of the projection on the diffuse part below it are none */

static lapack_logical is_stable(const double *re, const double *im)
{
    return hypot(*re, *im) < unit_root;
}

typedef struct split {
    size_t n, stable;
    double *S, *Q; /* (n, n) Schur form, its vectors */
    double *Y;     /* (stable, n - stable) */
    double *W;     /* (stable, n) */
} split;

static ssm_status schur(split *x, const double *T, ssm_arena *tmp)
{
    const lapack_int n = (lapack_int)x->n;
    double *values = SSMI_ALLOC(tmp, double, 2 * x->n), best = 0;
    lapack_logical *flags = SSMI_ALLOC(tmp, lapack_logical, x->n);
    lapack_int stable = 0;
    if (values == NULL || flags == NULL) return SSM_E_MEMORY;
    memcpy(x->S, T, x->n * x->n * sizeof(double));
    LAPACKE_dgees_work(LAPACK_COL_MAJOR, 'V', 'S', is_stable, n, x->S, n, &stable, values, values + n, x->Q,
                       n, &best, -1, flags);
    double *work = SSMI_ALLOC(tmp, double, (size_t)best);
    if (work == NULL) return SSM_E_MEMORY;
    if (LAPACKE_dgees_work(LAPACK_COL_MAJOR, 'V', 'S', is_stable, n, x->S, n, &stable, values, values + n,
                           x->Q, n, work, (lapack_int)best, flags) != 0)
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "stable and unstable part of \"T\" cannot be told apart");
    x->stable = (size_t)stable;
    return SSM_OK;
}

/* Y from A Y - Y C = -B, then W = Q_1' - Y Q_2'. */
static ssm_status decouple(split *x, ssm_arena *tmp)
{
    const size_t n = x->n, m = x->stable, rest = n - m;
    double scale = 1;
    for (size_t j = 0; j < rest; j++) {
        for (size_t i = 0; i < m; i++) x->Y[i + j * m] = -x->S[i + (m + j) * n];
    }
    if (m > 0 && rest > 0 &&
        LAPACKE_dtrsyl_work(LAPACK_COL_MAJOR, 'N', 'N', -1, (lapack_int)m, (lapack_int)rest, x->S,
                            (lapack_int)n, x->S + m + m * n, (lapack_int)n, x->Y, (lapack_int)m, &scale) != 0)
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "stable and unstable part of \"T\" cannot be told apart");
    ssmi_scale(x->Y, 1 / scale, m * rest);
    ssmi_mul_nt(x->W, x->Y, x->Q + m * n, m, rest, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < m; i++) x->W[i + j * m] = x->Q[j + i * n] - x->W[i + j * m];
    }
    return SSM_OK;
}

/* P1 = Q_1 (variance of b_s) Q_1', a1 = Q_1 (I - A)^-1 W c. */
static ssm_status stationary_part(double *a1, double *P1, const split *x, const ssm_statespace *model,
                                  ssm_arena *tmp)
{
    const size_t n = x->n, m = x->stable;
    double *A = SSMI_ALLOC(tmp, double, m *m), *V = SSMI_ALLOC(tmp, double, n *n);
    double *b = SSMI_ALLOC(tmp, double, m), *work = SSMI_ALLOC(tmp, double, n *n);
    double *variance = SSMI_ALLOC(tmp, double, m *m);
    if (A == NULL || V == NULL || b == NULL || work == NULL || variance == NULL) return SSM_E_MEMORY;
    for (size_t j = 0; j < m; j++) memcpy(A + j * m, x->S + j * n, m * sizeof(double));
    SSMI_TRY(ssmi_state_noise(V, model, 0, tmp));
    ssmi_sandwich(variance, x->W, V, work, m, n);
    SSMI_TRY(ssmi_lyapunov(variance, A, variance, m, tmp));
    ssmi_sandwich(P1, x->Q, variance, work, n, m);
    if (model->c.data != NULL) ssmi_matvec(b, x->W, model->c.data, m, n);
    ssmi_scale(A, -1, m * m);
    for (size_t i = 0; i < m; i++) A[i * (m + 1)] += 1;
    if (!ssmi_solve(b, A, m, 1)) return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "state has no stationary mean");
    ssmi_matvec(a1, x->Q, b, n, m);
    return SSM_OK;
}

/* P1inf: the projection on the columns of X_u. */
static ssm_status diffuse_part(double *P1inf, const split *x, ssm_arena *tmp)
{
    const size_t n = x->n, m = x->stable, rest = n - m;
    double *X = SSMI_ALLOC(tmp, double, n *rest), *G = SSMI_ALLOC(tmp, double, rest *rest);
    double *Xt = SSMI_ALLOC(tmp, double, n *rest);
    if (X == NULL || G == NULL || Xt == NULL) return SSM_E_MEMORY;
    ssmi_mul(X, x->Q, x->Y, n, m, rest);
    ssmi_axpy(X, 1, x->Q + m * n, n * rest);
    ssmi_mul_tn(G, X, X, rest, n, rest);
    if (!ssmi_cholesky(G, G, rest))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "stable and unstable part of \"T\" cannot be told apart");
    ssmi_transpose(Xt, X, n, rest);
    ssmi_solve_lower(Xt, G, rest, n);
    ssmi_mul_tn(P1inf, Xt, Xt, n, rest, n);
    for (size_t k = 0; k < n * n; k++) P1inf[k] = fabs(P1inf[k]) < rounding ? 0 : P1inf[k];
    ssmi_symmetrise(P1inf, n);
    return SSM_OK;
}

static ssm_status start(double *a1, double *P1, double *P1inf, const ssm_statespace *model, ssm_arena *tmp)
{
    const size_t n = model->n, square = n * n;
    split x = {.n = n};
    double *found = SSMI_ALLOC(tmp, double, n + 2 * square);
    x.S = SSMI_ALLOC(tmp, double, square);
    x.Q = SSMI_ALLOC(tmp, double, square);
    x.Y = SSMI_ALLOC(tmp, double, square);
    x.W = SSMI_ALLOC(tmp, double, square);
    if (found == NULL || x.S == NULL || x.Q == NULL || x.Y == NULL || x.W == NULL) return SSM_E_MEMORY;
    SSMI_TRY(schur(&x, model->T.data, tmp));
    SSMI_TRY(decouple(&x, tmp));
    if (x.stable > 0) SSMI_TRY(stationary_part(found, found + n, &x, model, tmp));
    if (x.stable < n) SSMI_TRY(diffuse_part(found + n + square, &x, tmp));
    memcpy(a1, found, n * sizeof(double));
    memcpy(P1, found + n, square * sizeof(double));
    memcpy(P1inf, found + n + square, square * sizeof(double));
    return SSM_OK;
}

ssm_status ssm_statespace_start(ssm_context *ctx, const ssm_statespace *model, double *a1, double *P1,
                                double *P1inf)
{
    ssm_arena tmp;
    ssm_statespace checked = *model;
    checked.a1 = checked.P1 = checked.P1inf = NULL; /* they are what is wanted */
    SSMI_TRY(ssm_statespace_check(ctx, &checked, 1));
    if (!ssmi_is_time_invariant(model))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "a model that varies in time has no stationary start");
    ssmi_arena_init(&tmp, ctx);
    const ssm_status status = start(a1, P1, P1inf, &checked, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}
