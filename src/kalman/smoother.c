/* Fixed-interval smoothing of states and disturbances (Durbin & Koopman 2012, sec. 4.4, 4.5, 5.3, 6.4.4).
 *
 *     t = L-1 ... 0:   eta_t = Q R' r,  Var = Q - Q R' N R Q            (r, N: what rows after t say)
 *                      r, N <- through T, then through the scalars of row t, last one first
 *                      alpha_t = a + P r,  Var = P - P N P
 * Errors of the observation: with a diagonal H from each scalar, eps = h u and Var = h - h^2 D, which keeps
 * its digits when h is small; with a correlated H from the state, eps = y - d - Z alpha, Var = Z V Z', and
 * for missing components from their regression on the observed ones.
 *
 * Known value: Nile, variances 15099 and 1469.1: eps_1 = 8.33168087, eta_1 = -0.8106545. */
#include "core/dense.h"
#include "kalman/backward.h"
#include "kalman/errors.h"
#include "kalman/filter.h"

#include <math.h>
#include <string.h>

typedef struct smoother {
    ssmi_kalman_filter filter;
    ssmi_kalman_record record;
    ssmi_kalman_backward back;
    const double *y;
    const ssm_kalman_smooth_output *out;
    double *alpha, *V;       /* (n), (n, n) of this row */
    double *Pinf, *W, *work; /* (n, n), (n, n), (m, 3 * m) with m = max(n, p) */
    double *epsilon, *error; /* (p), (p, p) of this row */
} smoother;

static ssm_status open_smoother(smoother *s, const ssm_statespace *model, size_t length, ssm_arena *arena)
{
    const size_t n = model->n, p = model->p, most = n > p ? n : p;
    SSMI_TRY(ssmi_kalman_filter_init(&s->filter, model, arena));
    SSMI_TRY(ssmi_kalman_backward_init(&s->back, n, arena));
    ssmi_kalman_record *r = &s->record;
    *r = (ssmi_kalman_record){0};
    r->innovation = SSMI_ALLOC(arena, ssmi_innovation, p * length);
    r->M = SSMI_ALLOC(arena, double, n *p *length);
    r->Minf = model->P1inf != NULL ? SSMI_ALLOC(arena, double, n *p *length) : NULL;
    r->A = model->P1inf != NULL ? SSMI_ALLOC(arena, double, n *n *(length + 1)) : NULL;
    r->n_diffuse = SSMI_ALLOC(arena, size_t, length + 1);
    r->a = SSMI_ALLOC(arena, double, n *(length + 1));
    r->P = SSMI_ALLOC(arena, double, n *n *(length + 1));
    s->alpha = SSMI_ALLOC(arena, double, n + p);
    s->V = SSMI_ALLOC(arena, double, 3 * n * n);
    s->work = SSMI_ALLOC(arena, double, 3 * most * most);
    s->error = SSMI_ALLOC(arena, double, p *p);
    if (r->innovation == NULL || r->M == NULL || r->n_diffuse == NULL || r->a == NULL || r->P == NULL ||
        s->alpha == NULL || s->V == NULL || s->work == NULL || s->error == NULL ||
        (model->P1inf != NULL && (r->Minf == NULL || r->A == NULL)))
        return SSM_E_MEMORY;
    s->epsilon = s->alpha + n;
    s->Pinf = s->V + n * n;
    s->W = s->Pinf + n * n;
    return SSM_OK;
}

/* alpha and V of the row from a, P and what the back pass says. */
static void smooth_state(smoother *s, size_t t)
{
    const size_t n = s->back.n;
    const double *a = s->record.a + t * n, *P = s->record.P + t * n * n;
    ssmi_matvec(s->alpha, P, s->back.r0, n, n);
    for (size_t k = 0; k < n; k++) s->alpha[k] += a[k];
    ssmi_sandwich(s->W, P, s->back.N0, s->work, n, n);
    for (size_t k = 0; k < n * n; k++) s->V[k] = P[k] - s->W[k];
}

static void smooth_state_diffuse(smoother *s, size_t t)
{
    const size_t n = s->back.n, columns = s->record.n_diffuse[t];
    const double *P = s->record.P + t * n * n, *A = s->record.A + t * n * n;
    double *product = s->work;
    ssmi_mul_nt(s->Pinf, A, A, n, columns, n);
    ssmi_matvec(product, s->Pinf, s->back.r1, n, n);
    for (size_t k = 0; k < n; k++) s->alpha[k] += product[k];
    ssmi_mul(product, s->Pinf, s->back.N1, n, n, n);
    ssmi_mul(s->W, product, P, n, n, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) s->V[i + j * n] -= s->W[i + j * n] + s->W[j + i * n];
    }
    ssmi_sandwich(s->W, s->Pinf, s->back.N2, s->work, n, n);
    for (size_t k = 0; k < n * n; k++) s->V[k] -= s->W[k];
}

/* Rounding must not leave a negative variance. */
static void clamp_diagonal(double *V, size_t n)
{
    for (size_t k = 0; k < n; k++) V[k + k * n] = fmax(V[k + k * n], 0.0);
}

/* eta and its variance of row t, while r and N are those of the rows after t. */
static void smooth_shock(smoother *s, size_t t)
{
    const ssm_statespace *m = s->filter.system.model;
    const ssm_kalman_smooth_output *out = s->out;
    const size_t n = m->n, r = m->r;
    const double *R = ssmi_system_at(m->R, t), *Q = ssmi_system_at(m->Q, t);
    double *QR = s->W, *work = s->Pinf; /* (r, n), (r, n) */
    if (r == 0 || (out->eta == NULL && out->eta_var == NULL)) return;
    if (R != NULL)
        ssmi_mul_nt(QR, Q, R, r, r, n);
    else
        memcpy(QR, Q, n * n * sizeof(double));
    if (out->eta != NULL) ssmi_matvec(out->eta + t * r, QR, s->back.r0, r, n);
    if (out->eta_var == NULL) return;
    double *variance = out->eta_var + t * r * r;
    ssmi_sandwich(variance, QR, s->back.N0, work, r, n);
    for (size_t k = 0; k < r * r; k++) variance[k] = Q[k] - variance[k];
    clamp_diagonal(variance, r);
}

/* Takes the back pass through the scalars of row t; with a diagonal H that gives the errors too. */
static void pass_row(smoother *s, size_t t)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    const int diffuse = s->record.n_diffuse[t] > 0;
    const ssmi_observation observed = ssmi_kalman_observe(&s->filter.system, s->y + t * p);
    memset(s->error, 0, p * p * sizeof(double));
    for (size_t i = p; i-- > 0;) {
        const size_t k = t * p + i;
        const ssmi_smoothed_error e = ssmi_kalman_backward_update(
            &s->back, observed.Z, i, s->record.innovation + k, s->record.M + k * n,
            s->record.Minf != NULL ? s->record.Minf + k * n : NULL, diffuse);
        s->epsilon[i] = observed.h[i] * e.u;
        s->error[i + i * p] = observed.h[i] - observed.h[i] * observed.h[i] * e.D;
    }
}

/* The errors of a row with correlated H from its smoothed state. */
static void correlated_errors(smoother *s, size_t t)
{
    const ssm_statespace *m = s->filter.system.model;
    const size_t n = m->n, p = m->p;
    const double *Z = ssmi_system_at(m->Z, t), *H = ssmi_system_at(m->H, t), *d = ssmi_system_at(m->d, t);
    const double *y = s->y + t * p;
    double *B = s->work, *work = s->work + p * p;
    ssmi_matvec(s->epsilon, Z, s->alpha, p, n);
    ssmi_sandwich(s->error, Z, s->V, s->work, p, n);
    for (size_t i = 0; i < p; i++) s->epsilon[i] = y[i] - (d != NULL ? d[i] : 0.0) - s->epsilon[i];
    ssmi_errors_complete(s->epsilon, s->error, H, y, B, work, p);
}

static void store_row(smoother *s, size_t t)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    const ssm_kalman_smooth_output *out = s->out;
    if (s->filter.system.correlated && (out->epsilon != NULL || out->epsilon_var != NULL))
        correlated_errors(s, t);
    clamp_diagonal(s->V, n);
    clamp_diagonal(s->error, p);
    if (out->alpha != NULL) memcpy(out->alpha + t * n, s->alpha, n * sizeof(double));
    if (out->V != NULL) memcpy(out->V + t * n * n, s->V, n * n * sizeof(double));
    if (out->epsilon != NULL) memcpy(out->epsilon + t * p, s->epsilon, p * sizeof(double));
    if (out->epsilon_var != NULL) memcpy(out->epsilon_var + t * p * p, s->error, p * p * sizeof(double));
}

static void run_back(smoother *s, size_t length)
{
    ssmi_kalman_system *system = &s->filter.system;
    ssmi_kalman_backward_reset(&s->back);
    for (size_t t = length; t-- > 0;) {
        const int diffuse = s->record.n_diffuse[t] > 0;
        ssmi_kalman_system_at(system, t);
        smooth_shock(s, t);
        ssmi_kalman_backward_predict(&s->back, &system->Tt, s->record.n_diffuse[t + 1] > 0);
        pass_row(s, t);
        smooth_state(s, t);
        if (diffuse) smooth_state_diffuse(s, t);
        store_row(s, t);
    }
}

static ssm_status smooth(const ssm_statespace *model, const double *y, size_t length,
                         const ssm_kalman_options *options, const ssm_kalman_smooth_output *out,
                         ssm_arena *arena)
{
    smoother s = {.y = y, .out = out};
    ssm_kalman_summary summary;
    SSMI_TRY(open_smoother(&s, model, length, arena));
    SSMI_TRY(ssmi_kalman_filter_run(&s.filter, y, length, options, &s.record, &summary));
    if (summary.n_diffuse_left > 0)
        return ssmi_fail(arena->ctx, SSM_E_DATA, "%zu directions of the state are not fixed by the data",
                         summary.n_diffuse_left);
    run_back(&s, length);
    return SSM_OK;
}

ssm_status ssm_kalman_smooth(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                             const ssm_kalman_options *options, const ssm_kalman_smooth_output *out)
{
    if (model == NULL || out == NULL || (y == NULL && length > 0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "model, observations and output must be given");
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = smooth(model, y, length, options, out, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
