/* Discretisation of dense systems. The hold is read off one exponential (Van Loan 1978, theorem 1, also for
 * singular A):
 *
 *     exp( [A B; 0 0] dt ) = [Ad Bd; 0 I]
 *
 * and so is the noise for a short step h (Van Loan 1978, eq. 1.2 and 2.1):
 *
 *     exp( [-A Qc; 0 A'] h ) = [. G; 0 F],   Ad = F',  Qd = F' G
 *
 * For a long step exp(-A h) of a stable A drowns Qd, so h is taken with |A h| <= 1/2 and doubled, which adds
 * non-negative terms only:   Qd(2h) = Qd(h) + Ad(h) Qd(h) Ad(h)',  Ad(2h) = Ad(h)^2.
 *
 * Known value: A = [0 1; 0 0], Qc = [0 0; 0 q] (constant velocity): Qd = q [dt^3/3 dt^2/2; dt^2/2 dt]. */
#include "core/discretise.h"

#include "core/dense.h"
#include "core/expm.h"

#include <math.h>
#include <string.h>

typedef struct job {
    double *Ad, *Bd; /* results in scratch, copied out when all went well */
    const double *A, *B;
    double dt;
    size_t n, m;
} job;

/* block (rows, columns) goes to [i0, j0] of M, which has `lead` rows, times `factor`. */
static void put_block(double *M, size_t lead, size_t i0, size_t j0, const double *block, size_t rows,
                      size_t columns, double factor)
{
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < rows; i++) M[i0 + i + (j0 + j) * lead] = factor * block[i + j * rows];
    }
}

static void get_block(double *block, size_t rows, size_t columns, const double *M, size_t lead, size_t i0,
                      size_t j0)
{
    for (size_t j = 0; j < columns; j++)
        memcpy(block + j * rows, M + i0 + (j0 + j) * lead, rows * sizeof *block);
}

static ssm_status hold(const job *w, ssm_arena *tmp)
{
    const size_t n = w->n, m = w->m, N = n + m;
    double *M = SSMI_ALLOC(tmp, double, N *N);
    if (M == NULL) return SSM_E_MEMORY;
    put_block(M, N, 0, 0, w->A, n, n, w->dt);
    put_block(M, N, 0, n, w->B, n, m, w->dt);
    SSMI_TRY(ssmi_expm(M, M, N, tmp));
    get_block(w->Ad, n, n, M, N, 0, 0);
    get_block(w->Bd, n, m, M, N, 0, n);
    return SSM_OK;
}

static ssm_status bilinear(const job *w, ssm_arena *tmp)
{
    const size_t n = w->n, m = w->m;
    double *M = SSMI_ALLOC(tmp, double, n *n), *X = SSMI_ALLOC(tmp, double, n *(n + m));
    if (M == NULL || X == NULL) return SSM_E_MEMORY;
    ssmi_identity(M, n);
    ssmi_axpy(M, -w->dt / 2, w->A, n * n);
    ssmi_identity(X, n);
    ssmi_axpy(X, w->dt / 2, w->A, n * n);
    ssmi_axpy(X + n * n, w->dt, w->B, n * m);
    if (!ssmi_solve(X, M, n, n + m))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "bilinear step of %g hits a pole of the system", w->dt);
    memcpy(w->Ad, X, n * n * sizeof *X);
    memcpy(w->Bd, X + n * n, n * m * sizeof *X);
    return SSM_OK;
}

static ssm_status euler_b(const job *w, ssm_arena *tmp)
{
    ssmi_axpy(w->Ad, w->dt, w->A, w->n * w->n);
    ssmi_axpy(w->Bd, w->dt, w->B, w->n * w->m);
    return ssmi_expm(w->Ad, w->Ad, w->n, tmp);
}

static ssm_status (*const rules[])(const job *, ssm_arena *) = {
    [SSMI_ZERO_ORDER_HOLD] = hold, [SSMI_BILINEAR] = bilinear, [SSMI_EULER_B] = euler_b};

static ssm_status check(const double *A, const double *B, double dt, size_t n, size_t m, ssm_arena *tmp)
{
    if (!(dt >= 0) || !isfinite(dt))
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "time step %g is not a length of time", dt);
    if (!isfinite(ssmi_max_abs(A, n * n)) || !isfinite(ssmi_max_abs(B, n * m)))
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "continuous system is not finite");
    return SSM_OK;
}

static ssm_status discretise(double *Ad, double *Bd, job *w, ssmi_rule rule, ssm_arena *tmp)
{
    const size_t square = w->n * w->n, wide = w->n * w->m;
    w->Ad = SSMI_ALLOC(tmp, double, square);
    w->Bd = SSMI_ALLOC(tmp, double, wide);
    if (w->Ad == NULL || w->Bd == NULL) return SSM_E_MEMORY;
    SSMI_TRY(rules[rule](w, tmp));
    if (!isfinite(ssmi_max_abs(w->Ad, square)) || !isfinite(ssmi_max_abs(w->Bd, wide)))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "discrete system overflows with a time step of %g", w->dt);
    memcpy(Ad, w->Ad, square * sizeof *Ad);
    if (wide > 0) memcpy(Bd, w->Bd, wide * sizeof *Bd);
    return SSM_OK;
}

ssm_status ssmi_discretise(double *Ad, double *Bd, const double *A, const double *B, double dt, size_t n,
                           size_t m, ssmi_rule rule, ssm_arena *tmp)
{
    job w = {.A = A, .B = B, .dt = dt, .n = n, .m = m};
    SSMI_TRY(check(A, B, dt, n, m, tmp));
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = discretise(Ad, Bd, &w, rule, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}

/* ---- noise ---- */

/* Ad and Qd for the step h, |A h| <= 1/2; Qc comes scaled to 1, so that it does not drive the exponential. */
static ssm_status short_step(double *Ad, double *Qd, const double *A, const double *Qc, double scale,
                             double h, size_t n, ssm_arena *tmp)
{
    const size_t N = 2 * n;
    double *M = SSMI_ALLOC(tmp, double, N *N), *block = SSMI_ALLOC(tmp, double, n *n);
    if (M == NULL || block == NULL) return SSM_E_MEMORY;
    ssmi_transpose(block, A, n, n);
    put_block(M, N, 0, 0, A, n, n, -h);
    put_block(M, N, n, n, block, n, n, h);
    put_block(M, N, 0, n, Qc, n, n, h / scale);
    SSMI_TRY(ssmi_expm(M, M, N, tmp));
    get_block(block, n, n, M, N, n, n);
    ssmi_transpose(Ad, block, n, n);
    get_block(block, n, n, M, N, 0, n);
    ssmi_mul(Qd, Ad, block, n, n, n);
    ssmi_symmetrise(Qd, n);
    ssmi_scale(Qd, scale, n * n);
    return SSM_OK;
}

static ssm_status double_steps(double *Ad, double *Qd, size_t doublings, size_t n, ssm_arena *tmp)
{
    double *S = SSMI_ALLOC(tmp, double, n *n), *work = SSMI_ALLOC(tmp, double, n *n);
    if (S == NULL || work == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < doublings; k++) {
        ssmi_sandwich(S, Ad, Qd, work, n, n);
        ssmi_axpy(Qd, 1, S, n * n);
        ssmi_mul(work, Ad, Ad, n, n, n);
        memcpy(Ad, work, n * n * sizeof *Ad);
    }
    return SSM_OK;
}

static ssm_status noise(double *Ad, double *Qd, const double *A, const double *Qc, double dt, size_t n,
                        ssm_arena *tmp)
{
    double *F = SSMI_ALLOC(tmp, double, n *n), *Q = SSMI_ALLOC(tmp, double, n *n);
    const double size = (double)n * ssmi_max_abs(A, n * n) * dt, largest = ssmi_max_abs(Qc, n * n);
    const size_t doublings = size > 0.5 ? (size_t)fmin(ceil(log2(size)) + 1, 2000) : 0;
    if (F == NULL || Q == NULL) return SSM_E_MEMORY;
    SSMI_TRY(short_step(F, Q, A, Qc, largest > 0 ? largest : 1, ldexp(dt, -(int)doublings), n, tmp));
    SSMI_TRY(double_steps(F, Q, doublings, n, tmp));
    if (!isfinite(ssmi_max_abs(F, n * n)) || !isfinite(ssmi_max_abs(Q, n * n)))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "noise overflows with a time step of %g", dt);
    memcpy(Ad, F, n * n * sizeof *Ad);
    memcpy(Qd, Q, n * n * sizeof *Qd);
    return SSM_OK;
}

ssm_status ssmi_discretise_noise(double *Ad, double *Qd, const double *A, const double *Qc, double dt,
                                 size_t n, ssm_arena *tmp)
{
    SSMI_TRY(check(A, Qc, dt, n, n, tmp));
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = noise(Ad, Qd, A, Qc, dt, n, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
