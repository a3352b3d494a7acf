/* The steady-state predictor (Durbin & Koopman 2012, section 4.3.2, with section 1.6 of Anderson & Moore 1979
 * for the innovations form), diagonalised.
 *
 * Known value: for the local level it is exponential smoothing, a_{t+1} = (1 - K) a_t + K y_t. */
#include "core/predictor.h"

#include "core/dense.h"
#include "core/recurrence.h"

#include <math.h>
#include <string.h>

static ssm_status allocate_steady_state(ssmi_predictor *w, ssm_arena *mem)
{
    w->P = SSMI_ALLOC(mem, double, w->n * w->n);
    w->K = SSMI_ALLOC(mem, double, w->n * w->p);
    w->F = SSMI_ALLOC(mem, double, w->p * w->p);
    w->d = SSMI_ALLOC(mem, double, w->p);
    return w->P != NULL && w->K != NULL && w->F != NULL && w->d != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssm_status diagonalise(ssmi_predictor *w, const ssm_statespace *model, ssm_arena *mem, ssm_arena *tmp)
{
    const size_t n = w->n;
    double *A = SSMI_ALLOC(tmp, double, n *n);
    if (A == NULL) return SSM_E_MEMORY;
    ssmi_mul(A, w->K, model->Z.data, n, w->p, n);
    for (size_t i = 0; i < n * n; i++) A[i] = model->T.data[i] - A[i];
    return ssmi_modal_init(&w->modal, A, n, mem, tmp);
}

/* B = to K, C = Z from, f = to (c - K d), start = to a1. */
static ssm_status set_layer(ssmi_predictor *w, const ssm_statespace *model, ssm_arena *mem, ssm_arena *tmp)
{
    const size_t n = w->n, p = w->p, m = 2 * w->modal.modes;
    double *offset = SSMI_ALLOC(tmp, double, n), *work = SSMI_ALLOC(tmp, double, n);
    w->B = SSMI_ALLOC(mem, double, m *p);
    w->C = SSMI_ALLOC(mem, double, p *m);
    w->f = SSMI_ALLOC(mem, double, m);
    w->start = SSMI_ALLOC(mem, double, m);
    if (offset == NULL || work == NULL || w->B == NULL || w->C == NULL || w->f == NULL || w->start == NULL)
        return SSM_E_MEMORY;
    if (model->d.data != NULL) memcpy(w->d, model->d.data, p * sizeof *w->d);
    if (model->c.data != NULL) memcpy(offset, model->c.data, n * sizeof *offset);
    ssmi_matvec(work, w->K, w->d, n, p);
    ssmi_axpy(offset, -1, work, n);
    ssmi_mul(w->B, w->modal.to, w->K, m, n, p);
    ssmi_mul(w->C, model->Z.data, w->modal.from, p, n, m);
    ssmi_matvec(w->f, w->modal.to, offset, m, n);
    if (model->a1 != NULL) ssmi_matvec(w->start, w->modal.to, model->a1, m, n);
    return SSM_OK;
}

static ssm_status initialise(ssmi_predictor *w, const ssm_statespace *model, ssm_arena *mem, ssm_arena *tmp)
{
    SSMI_TRY(allocate_steady_state(w, mem));
    SSMI_TRY(ssm_statespace_steady_state(tmp->ctx, model, w->P, w->K, w->F));
    SSMI_TRY(diagonalise(w, model, mem, tmp));
    return set_layer(w, model, mem, tmp);
}

ssm_status ssmi_predictor_init(ssmi_predictor *predictor, const ssm_statespace *model, ssm_arena *mem,
                               ssm_arena *tmp)
{
    ssmi_predictor made = {.n = model->n, .p = model->p};
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = initialise(&made, model, mem, tmp);
    if (mem != tmp) ssmi_arena_rewind(tmp, mark);
    if (status == SSM_OK) *predictor = made;
    return status;
}

static ssm_status check(const ssmi_predictor *w, const double *y, size_t steps, ssm_arena *tmp)
{
    for (size_t i = 0; i < steps * w->p; i++) {
        if (!isfinite(y[i]))
            return ssmi_fail(tmp->ctx, SSM_E_DATA,
                             "steady-state predictor needs every value, but row %zu is missing or not finite",
                             i / w->p);
    }
    return SSM_OK;
}

static ssm_status run(double *yhat, double *next, const ssmi_predictor *w, const double *y, size_t steps,
                      ssm_arena *tmp)
{
    const size_t p = w->p, modes = w->modal.modes, m = 2 * modes;
    double *z = ssmi_arena_alloc(tmp, steps + 1, m * sizeof *z); /* row t: z_t */
    if (z == NULL) return SSM_E_MEMORY;
    memcpy(z, w->start, m * sizeof *z);
    ssmi_mul(z + m, w->B, y, m, p, steps);
    for (size_t t = 1; t <= steps; t++) ssmi_axpy(z + t * m, 1, w->f, m);
    ssmi_kernels_for(ssmi_cpu_isa())->recur_c64(z + m, w->modal.lambda, z + m, w->start, 0, steps, modes);
    ssmi_mul(yhat, w->C, z, p, m, steps);
    for (size_t t = 0; t < steps; t++) ssmi_axpy(yhat + t * p, 1, w->d, p);
    if (next != NULL) ssmi_matvec(next, w->modal.from, z + steps * m, w->n, m);
    return SSM_OK;
}

ssm_status ssmi_predictor_run(double *yhat, double *next, const ssmi_predictor *predictor, const double *y,
                              size_t steps, ssm_arena *tmp)
{
    SSMI_TRY(check(predictor, y, steps, tmp));
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = run(yhat, next, predictor, y, steps, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}
