/* The maximisation step (Shumway & Stoffer 1982; with fixed elements: Holmes 2013, sec. 3).
 *
 *     M <- M + D:    sum over free (k, l) of  metric_ik S_jl D_kl = (K' C^-1 G)_ij   for free (i, j),
 *                    metric = K' C^-1 K
 *     then           C <- (E - K D G' - G D'K' + K D S D'K') / count
 * D is the change, not M itself, so that the digits of small residuals are not lost in large states. With C
 * held while M moves, and M while C moves, each half raises the expected log-likelihood.
 *
 * Known value: one regressor without errors in it gives least squares. */
#include "kalman/em.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

static int is_free(const ssmi_em_part *p, size_t k)
{
    return p->free == NULL || p->free[k];
}

ssm_status ssmi_em_part_init(ssmi_em_part *p, ssm_arena *arena)
{
    const size_t rows = p->rows, n = p->n, q = p->q;
    const size_t most = q > rows ? (q > n ? q : n) : (rows > n ? rows : n);
    p->n_unknown = 0;
    for (size_t k = 0; p->M != NULL && k < rows * n; k++) p->n_unknown += is_free(p, k) ? 1 : 0;
    p->K = SSMI_ALLOC(arena, double, q *rows);
    p->S = SSMI_ALLOC(arena, double, n *n);
    p->G = SSMI_ALLOC(arena, double, q *n);
    p->E = SSMI_ALLOC(arena, double, q *q);
    p->unknown = SSMI_ALLOC(arena, size_t, p->n_unknown);
    p->A = SSMI_ALLOC(arena, double, p->n_unknown * p->n_unknown);
    p->b = SSMI_ALLOC(arena, double, p->n_unknown);
    p->weight = SSMI_ALLOC(arena, double, q *q);
    p->KW = SSMI_ALLOC(arena, double, rows *q);
    p->metric = SSMI_ALLOC(arena, double, rows *rows);
    p->D = SSMI_ALLOC(arena, double, q *n);
    p->work = SSMI_ALLOC(arena, double, most *most);
    if (p->K == NULL || p->S == NULL || p->G == NULL || p->E == NULL || p->unknown == NULL || p->A == NULL ||
        p->b == NULL || p->weight == NULL || p->KW == NULL || p->metric == NULL || p->D == NULL ||
        p->work == NULL)
        return SSM_E_MEMORY;
    for (size_t k = 0, u = 0; p->M != NULL && k < rows * n; k++) {
        if (is_free(p, k)) p->unknown[u++] = k;
    }
    return SSM_OK;
}

void ssmi_em_part_clear(ssmi_em_part *p)
{
    ssmi_fill(p->S, 0.0, p->n * p->n);
    ssmi_fill(p->G, 0.0, p->q * p->n);
    ssmi_fill(p->E, 0.0, p->q * p->q);
    p->count = 0.0;
}

/* weight = C^-1, KW = K' C^-1, metric = K' C^-1 K */
static ssm_status weigh(ssmi_em_part *p, const char *name, ssm_context *ctx)
{
    const size_t q = p->q;
    if (!ssmi_cholesky(p->work, p->present, q))
        return ssmi_fail(ctx, SSM_E_NUMERIC, "%s is not positive definite, so its regression has no weights",
                         name);
    ssmi_identity(p->weight, q);
    ssmi_solve_cholesky(p->weight, p->work, q, q);
    ssmi_mul_tn(p->KW, p->K, p->weight, p->rows, q, q);
    ssmi_mul(p->metric, p->KW, p->K, p->rows, q, p->rows);
    return SSM_OK;
}

static ssm_status move_matrix(ssmi_em_part *p, const char *name, ssm_context *ctx)
{
    const size_t rows = p->rows, n = p->n, m = p->n_unknown;
    SSMI_TRY(weigh(p, name, ctx));
    for (size_t u = 0; u < m; u++) {
        const size_t i = p->unknown[u] % rows, j = p->unknown[u] / rows;
        p->b[u] = 0.0;
        for (size_t k = 0; k < p->q; k++) p->b[u] += p->KW[i + k * rows] * p->G[k + j * p->q];
        for (size_t v = 0; v < m; v++) {
            const size_t k = p->unknown[v] % rows, l = p->unknown[v] / rows;
            p->A[u + v * m] = p->metric[i + k * rows] * p->S[j + l * n];
        }
    }
    if (!ssmi_cholesky(p->A, p->A, m))
        return ssmi_fail(ctx, SSM_E_NUMERIC, "the elements beside %s cannot be told from each other", name);
    ssmi_solve_cholesky(p->b, p->A, m, 1);
    ssmi_fill(p->D, 0.0, p->q * n);
    for (size_t u = 0; u < m; u++) {
        const size_t i = p->unknown[u] % rows, j = p->unknown[u] / rows;
        p->M[p->unknown[u]] += p->b[u];
        ssmi_axpy(p->D + j * p->q, p->b[u], p->K + i * p->q, p->q);
    }
    return SSM_OK;
}

/* E of the residuals under the moved M; D holds K times the change. */
static void move_residuals(ssmi_em_part *p)
{
    const size_t q = p->q, n = p->n;
    double *cross = p->work;
    ssmi_mul_nt(cross, p->D, p->G, q, n, q);
    for (size_t j = 0; j < q; j++) {
        for (size_t i = 0; i < q; i++) p->E[i + j * q] -= cross[i + j * q] + cross[j + i * q];
    }
    for (size_t i = 0; i < q; i++) {
        for (size_t j = 0; j < q; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < n; k++) {
                for (size_t l = 0; l < n; l++) sum += p->D[i + k * q] * p->S[k + l * n] * p->D[j + l * q];
            }
            p->E[i + j * q] += sum;
        }
    }
}

ssm_status ssmi_em_part_maximise(ssmi_em_part *p, const char *name, ssm_context *ctx)
{
    const size_t q = p->q;
    if (p->n_unknown > 0) {
        SSMI_TRY(move_matrix(p, name, ctx));
        move_residuals(p);
    }
    for (size_t k = 0; p->C != NULL && p->count > 0.0 && k < q * q; k++) {
        const size_t i = k % q, j = k / q;
        if (p->diagonal && i != j) continue;
        const double value = 0.5 * (p->E[i + j * q] + p->E[j + i * q]) / p->count;
        p->C[k] = i == j ? fmax(value, 0.0) : value;
    }
    return SSM_OK;
}
