/* Errors of a row of observations through its scalars, with their covariances (Durbin & Koopman 2012,
 * sec. 4.5.3 and 6.4.4; Koopman & Shephard 1992, eq. 2.8, for the score).
 *
 *     H = L diag(h) L':   w = L'^-1 u,  Var w = L'^-1 Var(u) L^-1,      u_i = v_i / F_i - K_i' r of scalar i
 * Two scalars of a row depend on each other through r alone. With C_k = Cov(r, u_k), for i = p ... 1 and each
 * k > i:
 *     Cov(u_i, u_k) = -K_i' C_k        C_k <- C_k + z_i' Cov(u_i, u_k)        C_i = z_i' Var(u_i) - N K_i
 * where N is that before scalar i; a diffuse scalar has K0 and N0 in the place of K and N. Nothing is divided
 * by H, which may be singular.
 *
 * Known value: one row y = (1, 2) of alpha = 0, H = [2 1; 1 2]: w = (0, 1) and Var w = H^-1, so the score is
 * [-1/3 1/6; 1/6 1/6]. */
#include "kalman/scaled_errors.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

ssm_status ssmi_scaled_errors_init(ssmi_scaled_errors *e, size_t n, size_t p, ssm_arena *arena)
{
    *e = (ssmi_scaled_errors){.n = n,
                              .p = p,
                              .w = SSMI_ALLOC(arena, double, p),
                              .W = SSMI_ALLOC(arena, double, p *p),
                              .C = SSMI_ALLOC(arena, double, n *p),
                              .K = SSMI_ALLOC(arena, double, n),
                              .q = SSMI_ALLOC(arena, double, n)};
    return e->w == NULL || e->W == NULL || e->C == NULL || e->K == NULL || e->q == NULL ? SSM_E_MEMORY
                                                                                        : SSM_OK;
}

static int tells(const ssmi_innovation *in)
{
    return in->kind == SSMI_KALMAN_ORDINARY || in->kind == SSMI_KALMAN_DIFFUSE;
}

void ssmi_scaled_errors_before(ssmi_scaled_errors *e, const ssmi_kalman_backward *b, size_t i,
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

void ssmi_scaled_errors_after(ssmi_scaled_errors *e, const ssmi_rows *Z, size_t i, const ssmi_innovation *in,
                              ssmi_smoothed_error error)
{
    const size_t n = e->n, p = e->p;
    e->w[i] = error.u;
    e->W[i + i * p] = error.D;
    for (size_t k = i + 1; k < p; k++) {
        double *C = e->C + k * n;
        const double both = tells(in) ? -ssmi_dot(e->K, C, n) : 0.0;
        add_row(C, Z, i, both);
        e->W[i + k * p] = e->W[k + i * p] = both;
    }
    if (i == 0) return;
    double *C = e->C + i * n;
    memset(C, 0, n * sizeof *C);
    if (!tells(in)) return;
    add_row(C, Z, i, error.D);
    ssmi_axpy(C, -1.0, e->q, n);
}

/* x <- L'^-1 x over the observed components. */
static void restore(double *x, const double *L, const double *y, size_t p)
{
    for (size_t i = p; i-- > 0;) {
        for (size_t k = i + 1; k < p && !isnan(y[i]); k++) {
            if (!isnan(y[k])) x[i] -= L[k + i * p] * x[k];
        }
    }
}

void ssmi_scaled_errors_restore(ssmi_scaled_errors *e, const double *L, const double *y, int variance)
{
    const size_t p = e->p;
    restore(e->w, L, y, p);
    for (size_t j = p; j-- > 0 && variance;) { /* X L = W, column after column from the last */
        for (size_t k = j + 1; k < p && !isnan(y[j]); k++) {
            if (!isnan(y[k])) ssmi_axpy(e->W + j * p, -L[k + j * p], e->W + k * p, p);
        }
    }
    for (size_t j = 0; j < p && variance; j++) restore(e->W + j * p, L, y, p);
}
