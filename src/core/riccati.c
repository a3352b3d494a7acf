/* Discrete algebraic Riccati equation by structured doubling (Chu, Fan, Lin & Wang 2004,
 * "Structure-preserving algorithms for periodic discrete-time algebraic Riccati equations", algorithm SDA;
 * for X = A'X (I + G X)^-1 A
 * + D):
 *
 *     A <- A W A,   G <- G + A W G A',   D <- D + A' D W A,     W = (I + G D)^-1,     D -> X
 *
 * The filter has A = T', G = Z' H^-1 Z, which does not exist when H is singular. So the equation is solved
 * for the difference to a start P0 (Anderson & Moore 1979, section 6.7; Lainiotis 1976): with F0 = Z P0 Z' +
 * H and K0 = T P0 Z' F0^-1, X = P - P0 solves the same equation with
 *
 *     A = (T - K0 Z)',   G = Z' F0^-1 Z,   D = Ric(P0) - P0.
 *
 * P0 is what the filter predicts from perfect knowledge one step before, P0 = V, or after as many more steps
 * as it takes for F0 to be regular. That path never falls, so D >= 0; with S = (T - K Z) P (T - K Z)' + K H
 * K' (Joseph) of the present and of the previous step, D = S - S_previous, without V, which could hide it.
 *
 * Known value: T = Z = H = V = 1 (local level): P = (1 + sqrt 5) / 2. */
#include "core/riccati.h"

#include "core/dense.h"
#include "core/lapack.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MOST_DOUBLINGS = 60 };

typedef struct problem {
    const double *T, *Z, *V, *H;
    size_t n, p;
    double *P, *K, *F;    /* (n, n), (n, p), (p, p) */
    double *M;            /* (n, p): P Z' */
    double *L, *d;        /* (p, p), (p): F = L diag(d) L' */
    double *A, *G, *D;    /* (n, n) */
    double *X;            /* (n, 2n): W [A G] */
    double *work, *work2; /* (m, m), m = max(n, p) */
} problem;

/* F, its factors, and K from P. Returns how many pivots of F are zero, or p + 1 when F is not a covariance.
 * Redundant observations (zero pivots) get no gain. */
static size_t gain(problem *w)
{
    const size_t n = w->n, p = w->p;
    size_t redundant = 0;
    ssmi_mul_nt(w->M, w->P, w->Z, n, n, p);
    ssmi_mul(w->F, w->Z, w->M, p, n, p);
    if (w->H != NULL) ssmi_axpy(w->F, 1, w->H, p * p);
    ssmi_symmetrise(w->F, p);
    if (!ssmi_ldl(w->L, w->d, w->F, p)) return p + 1;
    /* K' = F^-1 M' T', solved in work (p, n), column by column; T M comes first */
    ssmi_mul(w->work2, w->T, w->M, n, n, p);
    ssmi_transpose(w->work, w->work2, n, p);
    ssmi_solve_lower(w->work, w->L, p, n);
    for (size_t i = 0; i < p; i++) {
        redundant += w->d[i] == 0;
        for (size_t j = 0; j < n; j++) w->work[i + j * p] = w->d[i] > 0 ? w->work[i + j * p] / w->d[i] : 0;
    }
    ssmi_solve_lower_t(w->work, w->L, p, n);
    ssmi_transpose(w->K, w->work, p, n);
    return redundant;
}

/* S (n, n) = (T - K Z) P (T - K Z)' + K H K'; leaves T - K Z in w->A. */
static void filtered_ahead(double *S, problem *w)
{
    const size_t n = w->n, square = n * n;
    ssmi_mul(w->A, w->K, w->Z, n, w->p, n);
    for (size_t i = 0; i < square; i++) w->A[i] = w->T[i] - w->A[i];
    ssmi_sandwich(S, w->A, w->P, w->work, n, n);
    if (w->H == NULL) return;
    ssmi_sandwich(w->G, w->K, w->H, w->work, n, w->p);
    ssmi_axpy(S, 1, w->G, square);
}

/* Finds P0, in w->P, and D. */
static ssm_status start(problem *w, ssm_arena *tmp)
{
    const size_t square = w->n * w->n;
    double *S = SSMI_ALLOC(tmp, double, square), *previous = SSMI_ALLOC(tmp, double, square);
    if (S == NULL || previous == NULL) return SSM_E_MEMORY;
    memcpy(w->P, w->V, square * sizeof *S);
    for (size_t step = 0; step <= w->n; step++) {
        const size_t redundant = gain(w);
        if (redundant > w->p) break;
        filtered_ahead(S, w);
        memcpy(w->D, S, square * sizeof *S);
        ssmi_axpy(w->D, -1, previous, square);
        if (redundant == 0) return SSM_OK;
        memcpy(previous, S, square * sizeof *S);
        memcpy(w->P, w->V, square * sizeof *S);
        ssmi_axpy(w->P, 1, S, square);
    }
    return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "innovation variance \"F\" is singular in the steady state");
}

/* A = (T - K0 Z)', G = Z' F0^-1 Z; expects T - K0 Z in A and the factors of F0. */
static void set_coefficients(problem *w)
{
    const size_t n = w->n, p = w->p;
    memcpy(w->work, w->A, n * n * sizeof(double));
    ssmi_transpose(w->A, w->work, n, n);
    memcpy(w->work, w->Z, p * n * sizeof(double));
    ssmi_solve_lower(w->work, w->L, p, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < p; i++) w->work[i + j * p] /= sqrt(w->d[i]);
    }
    ssmi_mul_tn(w->G, w->work, w->work, n, p, n);
    ssmi_symmetrise(w->G, n);
}

/* One doubling; returns the largest change of D, NaN when I + G D is singular. */
static double double_step(problem *w)
{
    const size_t n = w->n, square = n * n;
    ssmi_mul(w->work, w->G, w->D, n, n, n);
    for (size_t i = 0; i < n; i++) w->work[i + i * n] += 1;
    memcpy(w->X, w->A, square * sizeof(double));
    memcpy(w->X + square, w->G, square * sizeof(double));
    if (!ssmi_solve(w->X, w->work, n, 2 * n)) return NAN;
    ssmi_mul(w->work, w->A, w->X + square, n, n, n);
    ssmi_mul_nt(w->work2, w->work, w->A, n, n, n);
    ssmi_axpy(w->G, 1, w->work2, square);
    ssmi_symmetrise(w->G, n);
    ssmi_mul(w->work, w->D, w->X, n, n, n);
    ssmi_mul_tn(w->work2, w->A, w->work, n, n, n);
    ssmi_symmetrise(w->work2, n);
    ssmi_axpy(w->D, 1, w->work2, square);
    const double change = ssmi_max_abs(w->work2, square);
    ssmi_mul(w->work, w->A, w->X, n, n, n);
    memcpy(w->A, w->work, square * sizeof(double));
    return change;
}

static ssm_status solve(problem *w, ssm_arena *tmp)
{
    const size_t square = w->n * w->n;
    double change = INFINITY, size = 0, radius = 0;
    SSMI_TRY(start(w, tmp));
    set_coefficients(w);
    for (int k = 0; k < MOST_DOUBLINGS && change > DBL_EPSILON / 4 * size; k++) {
        change = double_step(w);
        size = ssmi_max_abs(w->D, square) + ssmi_max_abs(w->P, square);
    }
    if (!(change <= DBL_EPSILON * size) || !isfinite(size))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC,
                         "filter has no steady state: its variance does not converge");
    ssmi_axpy(w->P, 1, w->D, square);
    if (gain(w) != 0)
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC,
                         "innovation variance \"F\" is singular in the steady state");
    filtered_ahead(w->D, w);
    SSMI_TRY(ssmi_spectral_radius(&radius, w->A, w->n, tmp));
    if (radius < 1 - 1e-8) return SSM_OK;
    return ssmi_fail(tmp->ctx, SSM_E_NUMERIC,
                     "filter has no steady state: spectral radius of \"T - K Z\" is %.10g", radius);
}

static ssm_status allocate(problem *w, ssm_arena *tmp)
{
    const size_t n = w->n, p = w->p, m = n > p ? n : p;
    double **const array[] = {&w->P, &w->K, &w->F, &w->M, &w->L,    &w->d,
                              &w->A, &w->G, &w->D, &w->X, &w->work, &w->work2};
    const size_t count[] = {n * n, n * p, p * p, n * p,     p * p, p,
                            n * n, n * n, n * n, 2 * n * n, m * m, m * m};
    for (size_t i = 0; i < sizeof count / sizeof count[0]; i++) {
        *array[i] = SSMI_ALLOC(tmp, double, count[i]);
        if (*array[i] == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

ssm_status ssmi_riccati(double *P, double *K, double *F, const double *T, const double *Z, const double *V,
                        const double *H, size_t n, size_t p, ssm_arena *tmp)
{
    problem w = {.T = T, .Z = Z, .V = V, .H = H, .n = n, .p = p};
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = allocate(&w, tmp);
    if (status == SSM_OK) status = solve(&w, tmp);
    if (status == SSM_OK) {
        memcpy(P, w.P, n * n * sizeof *P);
        memcpy(K, w.K, n * p * sizeof *K);
        memcpy(F, w.F, p * p * sizeof *F);
    }
    ssmi_arena_rewind(tmp, mark);
    return status;
}
