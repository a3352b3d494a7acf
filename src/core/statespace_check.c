/* Checks of a state-space model: sizes, finite values, symmetry, definiteness.
 *
 * A covariance S is judged after scaling to correlations, C = D^-1/2 S D^-1/2 with D its diagonal, so that a
 * small variance beside a large one is judged by its own size. C is accepted as non-negative definite when
 * C + 1e-10 n I has a Cholesky factor, which is the case when no eigenvalue of C is below about -1e-10 n. */
#include "core/statespace.h"

#include "core/dense.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double tolerance = 1e-10;

typedef struct part {
    const char *name;
    ssm_system_matrix matrix;
    size_t rows, columns;
    int covariance, required;
} part;

enum { N_PARTS = 10 };

static void list_parts(part *parts, const ssm_statespace *m)
{
    const size_t n = m->n, p = m->p, r = m->r;
    const part all[N_PARTS] = {{"Z", m->Z, p, n, 0, 1},        {"H", m->H, p, p, 1, 0},
                               {"T", m->T, n, n, 0, 1},        {"R", m->R, n, r, 0, r != n},
                               {"Q", m->Q, r, r, 1, r > 0},    {"c", m->c, n, 1, 0, 0},
                               {"d", m->d, p, 1, 0, 0},        {"a1", {m->a1, 0}, n, 1, 0, 0},
                               {"P1", {m->P1, 0}, n, n, 1, 0}, {"P1inf", {m->P1inf, 0}, n, n, 1, 0}};
    for (size_t i = 0; i < N_PARTS; i++) parts[i] = all[i];
}

static ssm_status check_layout(ssm_context *ctx, const part *x)
{
    const size_t size = x->rows * x->columns;
    if (x->matrix.data == NULL && x->required && size > 0)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "matrix \"%s\" (%zu, %zu) is missing", x->name, x->rows,
                         x->columns);
    if (x->matrix.data != NULL && x->matrix.stride != 0 && x->matrix.stride < size)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "stride %zu of matrix \"%s\" is less than its %zu elements",
                         x->matrix.stride, x->name, size);
    return SSM_OK;
}

/* The matrix, and its time if it has one. */
typedef struct place {
    char text[48];
} place;

static place where(const part *x, size_t t)
{
    place at;
    if (x->matrix.stride == 0)
        snprintf(at.text, sizeof at.text, "matrix \"%s\"", x->name);
    else
        snprintf(at.text, sizeof at.text, "matrix \"%s\" at time %zu", x->name, t);
    return at;
}

static ssm_status report(ssm_context *ctx, const part *x, size_t t, size_t i, size_t j, const char *problem)
{
    return ssmi_fail(ctx, SSM_E_DATA, "%s, entry (%zu, %zu), %s", where(x, t).text, i, j, problem);
}

static ssm_status check_finite(ssm_context *ctx, const part *x, size_t t, const double *A)
{
    for (size_t k = 0; k < x->rows * x->columns; k++) {
        if (!isfinite(A[k])) return report(ctx, x, t, k % x->rows, k / x->rows, "is not finite");
    }
    return SSM_OK;
}

/* Symmetry and the 2 x 2 minors, which name an entry; leaves the shifted correlations in C. */
static ssm_status check_pairs(ssm_context *ctx, const part *x, size_t t, const double *S, double *C)
{
    const size_t n = x->rows;
    for (size_t j = 0; j < n; j++) {
        if (S[j + j * n] < 0) return report(ctx, x, t, j, j, "is a negative variance");
    }
    for (size_t j = 0; j < n; j++) {
        C[j + j * n] = 1 + tolerance * (double)n;
        for (size_t i = j + 1; i < n; i++) {
            const double scale = sqrt(S[i + i * n]) * sqrt(S[j + j * n]), s = S[i + j * n];
            if (!(fabs(s - S[j + i * n]) <= tolerance * fmax(scale, fabs(s))))
                return report(ctx, x, t, i, j, "differs from its mirror image");
            if (!(fabs(s) <= (1 + tolerance) * scale))
                return report(ctx, x, t, i, j, "exceeds what its variances allow");
            C[i + j * n] = scale > 0 ? s / scale : 0;
        }
    }
    return SSM_OK;
}

static ssm_status check_covariance(ssm_context *ctx, const part *x, size_t t, const double *S, double *C)
{
    SSMI_TRY(check_pairs(ctx, x, t, S, C));
    if (ssmi_cholesky(C, C, x->rows)) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_DATA, "%s is not non-negative definite", where(x, t).text);
}

/* Is the matrix of time t, bit for bit, that of the time before? Then it is as good. */
static int is_repeated(const part *x, size_t t)
{
    const size_t bytes = x->rows * x->columns * sizeof(double);
    return memcmp(ssmi_system_at(x->matrix, t), ssmi_system_at(x->matrix, t - 1), bytes) == 0;
}

/* The times from .. to-1. */
static ssm_status check_values(ssm_context *ctx, const part *x, size_t from, size_t to, double *work)
{
    for (size_t t = from; x->matrix.data != NULL && t < to; t++) {
        const double *A = ssmi_system_at(x->matrix, t);
        if (t > from && is_repeated(x, t)) continue;
        SSMI_TRY(check_finite(ctx, x, t, A));
        if (x->covariance) SSMI_TRY(check_covariance(ctx, x, t, A, work));
    }
    return SSM_OK;
}

static ssm_status check(const ssm_statespace *model, size_t steps, ssm_arena *tmp)
{
    part parts[N_PARTS];
    const size_t widest = model->n > model->p ? model->n : model->p;
    if (model->n == 0 || model->p == 0 || model->r > model->n)
        return ssmi_fail(tmp->ctx, SSM_E_ARGUMENT,
                         "a model of %zu states, %zu observations and %zu shocks is not possible", model->n,
                         model->p, model->r);
    size_t count;
    if (!ssmi_size_mul(widest, widest, &count))
        return ssmi_fail(tmp->ctx, SSM_E_ARGUMENT, "a model of %zu states is too large", widest);
    double *work = SSMI_ALLOC(tmp, double, count);
    if (work == NULL) return SSM_E_MEMORY;
    list_parts(parts, model);
    for (size_t i = 0; i < N_PARTS; i++) SSMI_TRY(check_layout(tmp->ctx, &parts[i]));
    for (size_t i = 0; i < N_PARTS; i++) {
        const size_t times = parts[i].matrix.stride != 0 ? steps : 1;
        SSMI_TRY(check_values(tmp->ctx, &parts[i], 0, times, work));
    }
    return SSM_OK;
}

ssm_status ssm_statespace_check(ssm_context *ctx, const ssm_statespace *model, size_t steps)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = check(model, steps, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}

ssm_status ssmi_statespace_check_row(ssm_context *ctx, const ssm_statespace *model, size_t t, double *work)
{
    part parts[N_PARTS];
    list_parts(parts, model);
    for (size_t i = 0; i < N_PARTS; i++) {
        if (parts[i].matrix.stride != 0) SSMI_TRY(check_values(ctx, &parts[i], t, t + 1, work));
    }
    return SSM_OK;
}
