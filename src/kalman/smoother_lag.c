/* Covariance of neighbouring states given all rows (de Jong & Mackinnon 1988; Durbin & Koopman 2012,
 * sec. 4.7): what the expectation step of EM needs beside means and variances.
 *
 *     Cov(alpha_{t+1}, alpha_t) = C0 - P+ N0 C0,        C0 = T P_{t|t},  P+ = P_{t+1}
 * with N0 what rows after t say. While the start is diffuse, with C1 = T Pinf_{t|t}:
 *     ... - P+ N1' C1 - Pinf+ (N1 C0 + N2 C1)
 * P_{t|t} is P_t taken through the gains that the filter recorded.
 *
 * Known value: Nile, variances 15099 and 1469.1: Cov(mu_2, mu_1) = 2955.37817707643. */
#include "kalman/smoother.h"

#include "core/dense.h"

#include <string.h>

/* P (and Pinf, when diffuse) of row t after its scalars. */
static void filtered_variance(const ssmi_smoother *s, size_t t, double *P, double *Pinf)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    const ssmi_kalman_record *r = &s->record;
    memcpy(P, r->P + t * n * n, n * n * sizeof(double));
    if (r->n_diffuse[t] > 0) ssmi_mul_nt(Pinf, r->A + t * n * n, r->A + t * n * n, n, r->n_diffuse[t], n);
    for (size_t i = 0; i < p; i++) {
        const ssmi_innovation *in = r->innovation + t * p + i;
        const double *M = r->M + (t * p + i) * n;
        if (in->kind == SSMI_KALMAN_ORDINARY) ssmi_rank1(P, -1.0 / in->F, M, M, n, n);
        if (in->kind != SSMI_KALMAN_DIFFUSE) continue;
        const double *Minf = r->Minf + (t * p + i) * n, scale = 1.0 / in->Finf;
        ssmi_rank1(P, -scale, Minf, M, n, n);
        ssmi_rank1(P, -scale, M, Minf, n, n);
        ssmi_rank1(P, in->F * scale * scale, Minf, Minf, n, n);
        ssmi_rank1(Pinf, -scale, Minf, Minf, n, n);
    }
}

/* X <- T X, by columns. */
static void transit(ssmi_smoother *s, double *X)
{
    const size_t n = s->back.n;
    for (size_t j = 0; j < n; j++) {
        ssmi_rows_times(s->alpha, &s->filter.system.T, X + j * n);
        memcpy(X + j * n, s->alpha, n * sizeof(double));
    }
}

static void add_diffuse(ssmi_smoother *s, size_t t, double *NC, const double *C0, const double *C1)
{
    const size_t n = s->back.n, columns = s->record.n_diffuse[t + 1];
    const double *A = s->record.A + (t + 1) * n * n;
    double *W = s->W, *AW = s->before; /* `before` is free: no test while diffuse */
    ssmi_mul_tn(W, s->back.N1, C1, n, n, n);
    ssmi_axpy(NC, 1.0, W, n * n);
    ssmi_mul(W, s->back.N1, C0, n, n, n);
    ssmi_mul(AW, s->back.N2, C1, n, n, n);
    ssmi_axpy(W, 1.0, AW, n * n);
    ssmi_mul_tn(AW, A, W, columns, n, n);
    ssmi_mul(W, A, AW, n, columns, n);
    ssmi_axpy(s->V_lag, -1.0, W, n * n);
}

void ssmi_smoother_lag(ssmi_smoother *s, size_t t)
{
    const size_t n = s->back.n;
    const double *next = s->record.P + (t + 1) * n * n;
    double *C0 = s->V, *C1 = s->Pinf, *NC = s->work; /* V and Pinf of the row after are done with */
    filtered_variance(s, t, C0, C1);
    transit(s, C0);
    memcpy(s->V_lag, C0, n * n * sizeof(double));
    ssmi_mul(NC, s->back.N0, C0, n, n, n);
    if (s->record.n_diffuse[t + 1] > 0) {
        transit(s, C1);
        add_diffuse(s, t, NC, C0, C1);
    }
    ssmi_mul(s->W, next, NC, n, n, n);
    ssmi_axpy(s->V_lag, -1.0, s->W, n * n);
}
