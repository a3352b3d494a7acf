/* Backward recursions of the smoother in scalar steps.
 *
 * Ordinary scalar (Durbin & Koopman 2012, sec. 6.4.4), K = M / F, L = I - K z:
 *     r0 <- z' v / F + L' r0        N0 <- z' z / F + L' N0 L
 * Diffuse scalar (their sec. 5.3 with r and N stacked as r' = (r0' r1'), N = [N0 N1'; N1 N2]), with
 * K0 = Minf / Finf, K1 = M / Finf - Minf F / Finf^2, L0 = I - K0 z, L1 = -K1 z:
 *     r0 <- L0' r0                  r1 <- z' v / Finf + L0' r1 + L1' r0
 *     N0 <- L0' N0 L0               N1 <- z' z / Finf + (L0' N1 + L1' N0) L0
 *     N2 <- -z' z F / Finf^2 + L0' N2 L0 + L0' N1 L1 + (L0' N1 L1)' + L1' N0 L1
 * L differs from the identity by one column pattern only, so each step costs N K plus a few columns.
 *
 * Known value: Nile, variances 15099 and 1469.1: the smoothed first level is 1111.66831913, its variance
 * 4032.15794181. */
#include "kalman/backward.h"

#include <string.h>

ssm_status ssmi_kalman_backward_init(ssmi_kalman_backward *b, size_t n, ssm_arena *arena)
{
    double *memory = SSMI_ALLOC(arena, double, 5 * n * n + 10 * n);
    if (memory == NULL) return SSM_E_MEMORY;
    *b = (ssmi_kalman_backward){.n = n, .N0 = memory};
    b->N1 = b->N0 + n * n;
    b->N2 = b->N1 + n * n;
    b->work = b->N2 + n * n;
    b->r0 = b->work + 2 * n * n + 4 * n;
    b->r1 = b->r0 + n;
    b->K0 = b->r1 + n;
    b->K1 = b->K0 + n;
    b->q = b->K1 + n;
    b->z = b->q + n;
    return SSM_OK;
}

void ssmi_kalman_backward_reset(ssmi_kalman_backward *b)
{
    memset(b->N0, 0, 3 * b->n * b->n * sizeof(double));
    memset(b->r0, 0, 2 * b->n * sizeof(double));
}

static double dot(const double *x, const double *y, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* q = N K for a symmetric N. */
static void times(double *restrict q, const double *restrict N, const double *restrict K, size_t n)
{
    for (size_t i = 0; i < n; i++) q[i] = 0.0;
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) q[i] += N[i + j * n] * K[j];
    }
}

/* q = N' K. */
static void times_transposed(double *q, const double *N, const double *K, size_t n)
{
    for (size_t j = 0; j < n; j++) q[j] = dot(N + j * n, K, n);
}

static void add_row(double *r, const ssmi_rows *Z, size_t i, double factor)
{
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) r[Z->column[e]] += factor * Z->value[e];
}

/* N <- N - z' q' - q z + s z' z, symmetric to the last bit; q is overwritten. */
static void subtract_cross(double *N, const ssmi_rows *Z, size_t i, double *q, double s, double *z, size_t n)
{
    add_row(q, Z, i, -0.5 * s);
    add_row(z, Z, i, 1.0); /* z is zero elsewhere */
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) {
        const size_t c = Z->column[e];
        const double zc = Z->value[e], qc = q[c];
        for (size_t k = 0; k < n; k++) N[k + c * n] -= q[k] * zc + z[k] * qc;
    }
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) {
        const size_t c = Z->column[e];
        for (size_t k = 0; k < n; k++) N[c + k * n] = N[k + c * n];
        z[c] = 0.0;
    }
}

/* N <- L' N L + s z' z with L = I - K z; returns K'N K. */
static double pass(ssmi_kalman_backward *b, double *N, const ssmi_rows *Z, size_t i, const double *K,
                   double s)
{
    times(b->q, N, K, b->n);
    const double KNK = dot(K, b->q, b->n);
    subtract_cross(N, Z, i, b->q, KNK + s, b->z, b->n);
    return KNK;
}

/* N1 <- s z' z + (L0' N1 - z' K1' N0) L0. */
static void pass_mixed(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i, double s)
{
    const size_t n = b->n;
    double *row = b->work, *column = b->work + n;
    times(row, b->N0, b->K1, n);
    times_transposed(column, b->N1, b->K0, n);
    for (size_t k = 0; k < n; k++) row[k] += column[k];
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) {
        for (size_t k = 0; k < n; k++) b->N1[Z->column[e] + k * n] -= Z->value[e] * row[k];
    }
    times(column, b->N1, b->K0, n); /* `times` reads columns, so it serves the asymmetric N1 as well */
    add_row(column, Z, i, -s);
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) {
        for (size_t k = 0; k < n; k++) b->N1[k + Z->column[e] * n] -= column[k] * Z->value[e];
    }
}

/* r1, N1 and N2 through a diffuse scalar, while r0 and N0 are still as they were. N2 needs the old N1. */
static void pass_higher_orders(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                               const ssmi_innovation *in, const double *M)
{
    const size_t n = b->n;
    double *q = b->work + 2 * n, *q0 = b->work + 3 * n;
    for (size_t k = 0; k < n; k++) b->K1[k] = (M[k] - b->K0[k] * in->F) / in->Finf;
    times(q0, b->N0, b->K1, n);
    const double K1N0K1 = dot(b->K1, q0, n);
    times(q, b->N1, b->K1, n);
    add_row(q, Z, i, -dot(b->K0, q, n));
    pass(b, b->N2, Z, i, b->K0, K1N0K1 - in->F / (in->Finf * in->Finf));
    subtract_cross(b->N2, Z, i, q, 0.0, b->z, n);
    pass_mixed(b, Z, i, 1.0 / in->Finf);
    add_row(b->r1, Z, i, in->v / in->Finf - dot(b->K0, b->r1, n) - dot(b->K1, b->r0, n));
}

static ssmi_smoothed_error update_diffuse(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                                          const ssmi_innovation *in, const double *M, const double *Minf,
                                          int diffuse)
{
    for (size_t k = 0; k < b->n; k++) b->K0[k] = Minf[k] / in->Finf;
    if (diffuse) pass_higher_orders(b, Z, i, in, M);
    ssmi_smoothed_error out = {.u = -dot(b->K0, b->r0, b->n)};
    out.D = pass(b, b->N0, Z, i, b->K0, 0.0);
    add_row(b->r0, Z, i, out.u);
    return out;
}

static double mean_ordinary(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i, const ssmi_innovation *in,
                            const double *M)
{
    const double u = (in->v - dot(M, b->r0, b->n)) / in->F;
    add_row(b->r0, Z, i, u);
    return u;
}

/* r1 through a diffuse scalar, while r0 is still as it was. */
static void mean_higher_order(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                              const ssmi_innovation *in, const double *M, const double *Minf)
{
    double K0r1 = 0.0, K1r0 = 0.0;
    for (size_t k = 0; k < b->n; k++) {
        const double K0 = Minf[k] / in->Finf;
        K0r1 += K0 * b->r1[k];
        K1r0 += (M[k] - K0 * in->F) / in->Finf * b->r0[k];
    }
    add_row(b->r1, Z, i, in->v / in->Finf - K0r1 - K1r0);
}

double ssmi_kalman_backward_mean(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                                 const ssmi_innovation *in, const double *M, const double *Minf, int diffuse)
{
    double u;
    switch (in->kind) {
    case SSMI_KALMAN_ORDINARY:
        if (diffuse) add_row(b->r1, Z, i, -dot(M, b->r1, b->n) / in->F);
        return mean_ordinary(b, Z, i, in, M);
    case SSMI_KALMAN_DIFFUSE:
        if (diffuse) mean_higher_order(b, Z, i, in, M, Minf);
        u = -dot(Minf, b->r0, b->n) / in->Finf;
        add_row(b->r0, Z, i, u);
        return u;
    default:
        return 0.0; /* missing, or without information */
    }
}

static ssmi_smoothed_error update_ordinary(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                                           const ssmi_innovation *in, const double *M, int diffuse)
{
    const size_t n = b->n;
    for (size_t k = 0; k < n; k++) b->K0[k] = M[k] / in->F;
    ssmi_smoothed_error out = {.u = mean_ordinary(b, Z, i, in, M)};
    out.D = 1.0 / in->F + pass(b, b->N0, Z, i, b->K0, 1.0 / in->F);
    if (!diffuse) return out;
    add_row(b->r1, Z, i, -dot(b->K0, b->r1, n));
    pass(b, b->N2, Z, i, b->K0, 0.0);
    for (size_t k = 0; k < n; k++) b->K1[k] = 0.0;
    pass_mixed(b, Z, i, 0.0);
    return out;
}

ssmi_smoothed_error ssmi_kalman_backward_update(ssmi_kalman_backward *b, const ssmi_rows *Z, size_t i,
                                                const ssmi_innovation *in, const double *M,
                                                const double *Minf, int diffuse)
{
    if (in->kind == SSMI_KALMAN_ORDINARY) return update_ordinary(b, Z, i, in, M, diffuse);
    if (in->kind == SSMI_KALMAN_DIFFUSE) return update_diffuse(b, Z, i, in, M, Minf, diffuse);
    return (ssmi_smoothed_error){0}; /* missing, or without information */
}

void ssmi_kalman_backward_predict_mean(ssmi_kalman_backward *b, const ssmi_rows *Tt, int diffuse)
{
    ssmi_rows_move(b->r0, Tt, b->work);
    if (diffuse) ssmi_rows_move(b->r1, Tt, b->work);
}

static void transpose(double *out, const double *in, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) out[i + j * n] = in[j + i * n];
    }
}

/* N1 <- T' N1 T without symmetry. */
static void predict_mixed(ssmi_kalman_backward *b, const ssmi_rows *Tt)
{
    const size_t n = b->n;
    double *W = b->work, *V = b->work + n * n;
    for (size_t i = 0; i < n; i++) ssmi_rows_combine(W + i * n, b->N1, Tt, i, n);
    transpose(V, W, n);
    for (size_t i = 0; i < n; i++) ssmi_rows_combine(W + i * n, V, Tt, i, n);
    transpose(b->N1, W, n);
}

void ssmi_kalman_backward_predict(ssmi_kalman_backward *b, const ssmi_rows *Tt, int diffuse)
{
    ssmi_kalman_backward_predict_mean(b, Tt, diffuse);
    ssmi_rows_congruence(b->N0, Tt, b->work, b->n);
    if (!diffuse) return;
    ssmi_rows_congruence(b->N2, Tt, b->work, b->n);
    predict_mixed(b, Tt);
}
