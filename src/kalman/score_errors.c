/* The score for an H whose elements are all wanted (Koopman & Shephard 1992, eq. 2.8, through scalars).
 *
 *     d loglik / d H = 1/2 sum_t (w_t w_t' - Var w_t),   w = L'^-1 u,   H = L diag(h) L'
 * with u_i = v_i / F_i - K_i' r of scalar i, so that E(eps | Y) = H w. Two scalars of a row depend on each
 * other through r alone. With C_k = Cov(r, u_k), for i = p ... 1 and each k > i:
 *     Cov(u_i, u_k) = -K_i' C_k         C_k <- C_k + z_i' Cov(u_i, u_k)         C_i = z_i' D_ii - N K_i
 * where N is that before scalar i; a diffuse scalar has K0 and N0 in the place of K and N. Nothing is divided
 * by H, which may be singular.
 *
 * Known value: one row y = (1, 2) of alpha = 0, H = [2 1; 1 2]: w = (0, 1), so the score is
 * [-1/3 1/6; 1/6 1/6]. */
#include "kalman/score_errors.h"

#include "core/dense.h"
#include "kalman/errors.h"

#include <math.h>
#include <string.h>

ssm_status ssmi_error_score_init(ssmi_error_score *e, size_t n, size_t p, ssm_arena *arena)
{
    *e = (ssmi_error_score){.n = n,
                            .p = p,
                            .u = SSMI_ALLOC(arena, double, p),
                            .D = SSMI_ALLOC(arena, double, p *p),
                            .C = SSMI_ALLOC(arena, double, n *p),
                            .K = SSMI_ALLOC(arena, double, n),
                            .q = SSMI_ALLOC(arena, double, n),
                            .S = SSMI_ALLOC(arena, double, p *p)};
    return e->u == NULL || e->D == NULL || e->C == NULL || e->K == NULL || e->q == NULL || e->S == NULL
               ? SSM_E_MEMORY
               : SSM_OK;
}

static int tells(const ssmi_innovation *in)
{
    return in->kind == SSMI_KALMAN_ORDINARY || in->kind == SSMI_KALMAN_DIFFUSE;
}

void ssmi_error_score_before(ssmi_error_score *e, const ssmi_kalman_backward *b, size_t i,
                             const ssmi_innovation *in, const double *M, const double *Minf)
{
    if (e->p == 1 || !tells(in)) return;
    const int diffuse = in->kind == SSMI_KALMAN_DIFFUSE;
    for (size_t k = 0; k < e->n; k++) e->K[k] = diffuse ? Minf[k] / in->Finf : M[k] / in->F;
    if (i > 0) ssmi_matvec(e->q, b->N0, e->K, e->n, e->n);
}

static void add_row(double *x, const ssmi_rows *Z, size_t i, double factor)
{
    for (size_t k = Z->start[i]; k < Z->start[i + 1]; k++) x[Z->column[k]] += factor * Z->value[k];
}

void ssmi_error_score_after(ssmi_error_score *e, const ssmi_rows *Z, size_t i, const ssmi_innovation *in)
{
    const size_t n = e->n, p = e->p;
    for (size_t k = i + 1; k < p; k++) {
        double *C = e->C + k * n;
        const double both = tells(in) ? -ssmi_dot(e->K, C, n) : 0.0;
        add_row(C, Z, i, both);
        e->D[i + k * p] = e->D[k + i * p] = both;
    }
    if (i == 0) return;
    double *C = e->C + i * n;
    memset(C, 0, n * sizeof *C);
    if (!tells(in)) return;
    add_row(C, Z, i, e->D[i + i * p]);
    ssmi_axpy(C, -1.0, e->q, n);
}

void ssmi_error_score_add(double *H, ssmi_error_score *e, double weight, const double *L, const double *y)
{
    const size_t p = e->p;
    for (size_t j = 0; j < p; j++) {
        for (size_t i = 0; i < p; i++) e->S[i + j * p] = 0.5 * (weight * e->u[i] * e->u[j] - e->D[i + j * p]);
    }
    if (L != NULL) ssmi_errors_restore_slope(e->S, L, y, p);
    ssmi_axpy(H, 1.0, e->S, p * p);
}
