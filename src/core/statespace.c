/* Properties of a state-space model: stability, stationary state, steady-state filter. The checks of their
 * arguments are here, the algorithms in core/lapack.h, core/lyapunov.h and core/riccati.h. */
#include "core/statespace.h"

#include "core/dense.h"
#include "core/lapack.h"
#include "core/lyapunov.h"
#include "core/riccati.h"

#include <string.h>

int ssmi_is_time_invariant(const ssm_statespace *m)
{
    return (m->Z.stride | m->H.stride | m->T.stride | m->R.stride | m->Q.stride | m->c.stride |
            m->d.stride) == 0;
}

ssm_status ssmi_state_noise(double *V, const ssm_statespace *model, size_t t, ssm_arena *tmp)
{
    const size_t n = model->n, r = model->r;
    const double *R = ssmi_system_at(model->R, t), *Q = ssmi_system_at(model->Q, t);
    ssmi_mark mark = ssmi_arena_mark(tmp);
    double *work = SSMI_ALLOC(tmp, double, n *r);
    if (work == NULL) return SSM_E_MEMORY;
    if (Q == NULL)
        ssmi_fill(V, 0, n * n);
    else if (R == NULL)
        memcpy(V, Q, n * n * sizeof *V);
    else
        ssmi_sandwich(V, R, Q, work, n, r);
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}

ssm_status ssm_statespace_spectral_radius(ssm_context *ctx, const ssm_statespace *model, size_t t,
                                          double *radius)
{
    ssm_arena tmp;
    if (model->T.data == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "matrix \"T\" is missing");
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = ssmi_spectral_radius(radius, ssmi_system_at(model->T, t), model->n, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}

static ssm_status check_invariant(ssm_context *ctx, const ssm_statespace *model)
{
    SSMI_TRY(ssm_statespace_check(ctx, model, 1));
    if (ssmi_is_time_invariant(model)) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "a model that varies in time has no steady state");
}

/* mean = (I - T)^-1 c */
static ssm_status stationary_mean(double *mean, const ssm_statespace *m, ssm_arena *tmp)
{
    const size_t n = m->n;
    double *A = SSMI_ALLOC(tmp, double, n *n);
    if (A == NULL) return SSM_E_MEMORY;
    ssmi_identity(A, n);
    ssmi_axpy(A, -1, m->T.data, n * n);
    if (m->c.data != NULL)
        memcpy(mean, m->c.data, n * sizeof *mean);
    else
        ssmi_fill(mean, 0, n);
    if (ssmi_solve(mean, A, n, 1)) return SSM_OK;
    return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "state has no stationary mean");
}

static ssm_status stationary(double *mean, double *P, const ssm_statespace *m, ssm_arena *tmp)
{
    const size_t n = m->n;
    double *V = SSMI_ALLOC(tmp, double, n *n), *covariance = SSMI_ALLOC(tmp, double, n *n);
    double *centre = SSMI_ALLOC(tmp, double, n);
    if (V == NULL || covariance == NULL || centre == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_state_noise(V, m, 0, tmp));
    SSMI_TRY(ssmi_lyapunov(covariance, m->T.data, V, n, tmp));
    SSMI_TRY(stationary_mean(centre, m, tmp));
    memcpy(P, covariance, n * n * sizeof *P);
    memcpy(mean, centre, n * sizeof *mean);
    return SSM_OK;
}

ssm_status ssm_statespace_stationary(ssm_context *ctx, const ssm_statespace *model, double *mean, double *P)
{
    ssm_arena tmp;
    SSMI_TRY(check_invariant(ctx, model));
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = stationary(mean, P, model, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}

static ssm_status steady_state(double *P, double *K, double *F, const ssm_statespace *m, ssm_arena *tmp)
{
    double *V = SSMI_ALLOC(tmp, double, m->n * m->n);
    if (V == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_state_noise(V, m, 0, tmp));
    return ssmi_riccati(P, K, F, m->T.data, m->Z.data, V, m->H.data, m->n, m->p, tmp);
}

ssm_status ssm_statespace_steady_state(ssm_context *ctx, const ssm_statespace *model, double *P, double *K,
                                       double *F)
{
    ssm_arena tmp;
    SSMI_TRY(check_invariant(ctx, model));
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = steady_state(P, K, F, model, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}
