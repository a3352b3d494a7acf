/* Fixed-interval smoothing of states and disturbances (Durbin & Koopman 2012, sec. 4.4, 4.5, 5.3, 6.4.4).
 *
 *     t = L-1 ... 0:   eta_t = Q R' r,  Var = Q - Q R' N R Q            (r, N: what rows after t say)
 *                      r, N <- through T, then through the scalars of row t, last one first
 *                      alpha_t = a + P r,  Var = P - P N P
 * Errors of the observation: with a diagonal H from each scalar, eps = h u and Var = h - h^2 D; with a
 * correlated H from all scalars of the row (kalman/scaled_errors.h), eps = H w and Var = H - H Var(w) H. That
 * keeps its digits when H is small, and where the diffuse terms of the state's variance lose theirs.
 *
 * Where the filter had settled, N goes to a fixed point too; once it stops moving, every variance of a row
 * is that of the row after it, and a row costs the means.
 *
 * Known value: Nile, variances 15099 and 1469.1: eps_1 = 8.33168087, eta_1 = -0.8106545. */
#include "kalman/smoother.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

enum { rows_between_tests = 8 };
static const double settled_tolerance = 1e-13;

ssm_status ssmi_smoother_record(ssmi_kalman_record *r, const ssm_statespace *model, size_t capacity,
                                ssm_arena *arena)
{
    const size_t n = model->n, p = model->p;
    const int diffuse = model->P1inf != NULL;
    *r = (ssmi_kalman_record){0};
    r->innovation = SSMI_ALLOC(arena, ssmi_innovation, p * capacity);
    r->M = SSMI_ALLOC(arena, double, n *p *capacity);
    r->Minf = diffuse ? SSMI_ALLOC(arena, double, n *p *capacity) : NULL;
    r->A = diffuse ? SSMI_ALLOC(arena, double, n *n *(capacity + 1)) : NULL;
    r->n_diffuse = SSMI_ALLOC(arena, size_t, capacity + 1);
    r->steady = SSMI_ALLOC(arena, unsigned char, capacity);
    r->a = SSMI_ALLOC(arena, double, n *(capacity + 1));
    r->P = SSMI_ALLOC(arena, double, n *n *(capacity + 1));
    if (r->innovation == NULL || r->M == NULL || r->n_diffuse == NULL || r->steady == NULL || r->a == NULL ||
        r->P == NULL || (diffuse && (r->Minf == NULL || r->A == NULL)))
        return SSM_E_MEMORY;
    return SSM_OK;
}

/* Everything but the record. */
static ssm_status open_row(ssmi_smoother *s, const ssm_statespace *model, ssm_arena *arena)
{
    SSMI_TRY(ssmi_kalman_filter_init(&s->filter, model, arena));
    const size_t n = model->n, p = model->p, r = model->r, most = n > p ? n : p;
    SSMI_TRY(ssmi_kalman_backward_init(&s->back, n, arena));
    SSMI_TRY(ssmi_scaled_errors_init(&s->scaled, n, p, arena));
    s->alpha = SSMI_ALLOC(arena, double, n + 2 * p + 2 * r);
    s->V = SSMI_ALLOC(arena, double, 5 * n * n);
    s->work = SSMI_ALLOC(arena, double, most *most);
    s->error = SSMI_ALLOC(arena, double, p *p + r * r);
    if (s->alpha == NULL || s->V == NULL || s->work == NULL || s->error == NULL) return SSM_E_MEMORY;
    s->epsilon = s->alpha + n;
    s->explained = s->epsilon + p;
    s->eta = s->explained + p;
    s->eta_explained = s->eta + r;
    s->eta_var = s->error + p * p;
    s->V_lag = s->V + n * n;
    s->Pinf = s->V_lag + n * n;
    s->W = s->Pinf + n * n;
    s->before = s->W + n * n;
    return SSM_OK;
}

ssm_status ssmi_smoother_init(ssmi_smoother *s, const ssm_statespace *model, size_t capacity, unsigned want,
                              ssm_arena *arena)
{
    if (want & SSMI_SMOOTH_LAG) want |= SSMI_SMOOTH_STATES;
    if (want & SSMI_SMOOTH_STATES) want |= SSMI_SMOOTH_VARIANCES;
    *s = (ssmi_smoother){.want = want, .capacity = capacity};
    SSMI_TRY(open_row(s, model, arena));
    return ssmi_smoother_record(&s->record, model, capacity, arena);
}

ssm_status ssmi_smoother_share(ssmi_smoother *s, const ssmi_smoother *main, const ssm_statespace *model,
                               size_t length, ssm_arena *arena)
{
    *s = (ssmi_smoother){.want = SSMI_SMOOTH_SHOCKS | SSMI_SMOOTH_ERRORS, .capacity = length};
    SSMI_TRY(open_row(s, model, arena));
    s->record = main->record;
    s->record.a = SSMI_ALLOC(arena, double, model->n *(length + 1));
    s->record.innovation = SSMI_ALLOC(arena, ssmi_innovation, model->p * length);
    if (s->record.a == NULL || s->record.innovation == NULL) return SSM_E_MEMORY;
    memcpy(s->record.innovation, main->record.innovation, model->p * length * sizeof(ssmi_innovation));
    return SSM_OK;
}

/* ---- states ---- */

static void state_mean(ssmi_smoother *s, size_t t)
{
    const size_t n = s->back.n, columns = s->record.n_diffuse[t];
    const double *A = columns > 0 ? s->record.A + t * n * n : NULL;
    ssmi_smoothed_mean(s->alpha, &s->back, s->record.a + t * n, s->record.P + t * n * n, A, columns, s->Pinf,
                       s->work);
}

static void state_variance(ssmi_smoother *s, size_t t)
{
    const size_t n = s->back.n;
    s->indefinite |= ssmi_smoothed_variance(s->V, &s->back, s->record.P + t * n * n, s->Pinf,
                                            s->record.n_diffuse[t], s->W, s->work, s->filter.system.T.wide);
}

/* Rounding must not leave a negative variance. */
static void clamp_diagonal(double *V, size_t n)
{
    for (size_t k = 0; k < n; k++) V[k + k * n] = fmax(V[k + k * n], 0.0);
}

/* ---- shocks: of row t, while r and N are those of the rows after t ---- */

static void shocks(ssmi_smoother *s, size_t t)
{
    const ssm_statespace *m = s->filter.system.model;
    const size_t n = m->n, r = m->r;
    const double *R = ssmi_system_at(m->R, t), *Q = ssmi_system_at(m->Q, t);
    double *QR = s->W; /* (r, n) */
    if (r == 0 || !(s->want & SSMI_SMOOTH_SHOCKS)) return;
    if (R != NULL)
        ssmi_mul_nt(QR, Q, R, r, r, n);
    else
        memcpy(QR, Q, n * n * sizeof(double));
    ssmi_matvec(s->eta, QR, s->back.r0, r, n);
    if (s->settled || !(s->want & SSMI_SMOOTH_VARIANCES)) return;
    ssmi_sandwich(s->eta_var, QR, s->back.N0, s->work, r, n);
    for (size_t k = 0; k < r; k++) s->eta_explained[k] = s->eta_var[k + k * r];
    for (size_t k = 0; k < r * r; k++) s->eta_var[k] = Q[k] - s->eta_var[k];
    clamp_diagonal(s->eta_var, r);
}

/* ---- through the scalars of row t, which tell its errors ---- */

static int wants_variances(const ssmi_smoother *s)
{
    return (s->want & SSMI_SMOOTH_VARIANCES) != 0;
}

static void pass_means(ssmi_smoother *s, size_t t, const ssmi_observation *observed, int diffuse)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    for (size_t i = p; i-- > 0;) {
        const size_t k = t * p + i;
        const double *Minf = s->record.Minf != NULL ? s->record.Minf + k * n : NULL;
        s->scaled.w[i] = ssmi_kalman_backward_mean(&s->back, observed->Z, i, s->record.innovation + k,
                                                   s->record.M + k * n, Minf, diffuse);
    }
}

static void pass_full(ssmi_smoother *s, size_t t, const ssmi_observation *observed, int diffuse)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    const int whole = s->filter.system.correlated && (s->want & SSMI_SMOOTH_ERRORS);
    for (size_t i = p; i-- > 0;) {
        const ssmi_innovation *in = s->record.innovation + t * p + i;
        const double *M = s->record.M + (t * p + i) * n;
        const double *Minf = s->record.Minf != NULL ? s->record.Minf + (t * p + i) * n : NULL;
        if (whole) ssmi_scaled_errors_before(&s->scaled, &s->back, i, in, M, Minf);
        const ssmi_smoothed_error e =
            ssmi_kalman_backward_update(&s->back, observed->Z, i, in, M, Minf, diffuse);
        if (whole) {
            ssmi_scaled_errors_after(&s->scaled, observed->Z, i, in, e);
        } else {
            s->scaled.w[i] = e.u;
            s->scaled.W[i + i * p] = e.D;
        }
    }
}

/* Independent errors, each from its scalar. */
static void scalar_errors(ssmi_smoother *s, const double *h, int variance)
{
    const size_t p = s->filter.system.p;
    for (size_t i = 0; i < p; i++) s->epsilon[i] = h[i] * s->scaled.w[i];
    if (!variance) return;
    memset(s->error, 0, p * p * sizeof(double));
    for (size_t i = 0; i < p; i++) {
        s->explained[i] = h[i] * h[i] * s->scaled.W[i + i * p];
        s->error[i + i * p] = fmax(h[i] - s->explained[i], 0.0);
    }
}

static void correlated_errors(ssmi_smoother *s, int variance)
{
    const ssmi_kalman_system *system = &s->filter.system;
    const size_t p = system->p;
    const double *H = system->H;
    ssmi_scaled_errors_restore(&s->scaled, system->L, system->y, variance);
    ssmi_matvec(s->epsilon, H, s->scaled.w, p, p);
    if (!variance) return;
    ssmi_sandwich(s->error, H, s->scaled.W, s->work, p, p);
    for (size_t i = 0; i < p; i++) s->explained[i] = fmax(s->error[i + i * p], 0.0);
    for (size_t k = 0; k < p * p; k++) s->error[k] = H[k] - s->error[k];
    clamp_diagonal(s->error, p);
}

static void pass_row(ssmi_smoother *s, size_t t)
{
    ssmi_kalman_system *system = &s->filter.system;
    const ssmi_observation observed = ssmi_kalman_observe(system, s->y + t * system->p);
    const int before = s->record.n_diffuse[t] > 0, after = s->record.n_diffuse[t + 1] > 0;
    const int variance = wants_variances(s) && !s->settled;
    if (variance) {
        ssmi_kalman_backward_predict(&s->back, &system->Tt, after);
        pass_full(s, t, &observed, before);
    } else {
        ssmi_kalman_backward_predict_mean(&s->back, &system->Tt, after);
        pass_means(s, t, &observed, before);
    }
    if (!(s->want & SSMI_SMOOTH_ERRORS)) return;
    if (system->correlated)
        correlated_errors(s, variance);
    else
        scalar_errors(s, observed.h, variance);
}

/* ---- the run ---- */

static void show(ssmi_smoother *s, size_t t, ssmi_smooth_visitor visit, void *user)
{
    const int variances = wants_variances(s), shocks = (s->want & SSMI_SMOOTH_SHOCKS) != 0,
              errors = (s->want & SSMI_SMOOTH_ERRORS) != 0;
    const ssmi_smoothed row = {.alpha = s->alpha,
                               .V = s->want & SSMI_SMOOTH_STATES ? s->V : NULL,
                               .epsilon = errors ? s->epsilon : NULL,
                               .epsilon_var = errors && variances ? s->error : NULL,
                               .epsilon_explained = errors && variances ? s->explained : NULL,
                               .eta = shocks ? s->eta : NULL,
                               .eta_var = shocks && variances ? s->eta_var : NULL,
                               .eta_explained = shocks && variances ? s->eta_explained : NULL,
                               .V_lag = s->want & SSMI_SMOOTH_LAG ? s->V_lag : NULL};
    visit(user, t, &row);
}

void ssmi_smoother_back(ssmi_smoother *s, const double *y, size_t length, ssmi_smooth_visitor visit,
                        void *user)
{
    const size_t n = s->back.n;
    s->y = y;
    s->indefinite = 0;
    ssmi_kalman_backward_reset(&s->back);
    s->settled = 0;
    for (size_t t = length; t-- > 0;) {
        ssmi_kalman_system_at(&s->filter.system, t);
        s->settled = s->settled && s->record.steady[t];
        const int test =
            wants_variances(s) && !s->settled && s->record.steady[t] && t % rows_between_tests == 0;
        if (test) memcpy(s->before, s->back.N0, n * n * sizeof(double));
        shocks(s, t);
        if ((s->want & SSMI_SMOOTH_LAG) && !s->settled) ssmi_smoother_lag(s, t);
        pass_row(s, t);
        state_mean(s, t);
        if ((s->want & SSMI_SMOOTH_STATES) && !s->settled) state_variance(s, t);
        show(s, t, visit, user);
        if (test) s->settled = ssmi_kalman_settled(s->back.N0, s->before, settled_tolerance, n);
    }
}

ssm_status ssmi_smoother_run(ssmi_smoother *s, const double *y, size_t length,
                             const ssm_kalman_options *options, ssm_kalman_summary *summary,
                             ssmi_smooth_visitor visit, void *user)
{
    ssm_context *ctx = s->filter.ctx;
    ssm_kalman_summary ours;
    if (length > s->capacity) return ssmi_fail(ctx, SSM_E_ARGUMENT, "series longer than announced");
    SSMI_TRY(ssmi_kalman_filter_run(&s->filter, y, length, options, &s->record, &ours));
    SSMI_TRY(ssmi_kalman_require_known(&s->filter));
    if (summary != NULL) *summary = ours;
    ssmi_smoother_back(s, y, length, visit, user);
    return SSM_OK;
}

/* a <- a + K v for one scalar whose gain is recorded. */
static void take_in(ssmi_smoother *s, size_t k, double *a, double v)
{
    const size_t n = s->back.n;
    ssmi_innovation *in = s->record.innovation + k;
    in->v = v;
    if (in->kind == SSMI_KALMAN_ORDINARY) ssmi_axpy(a, v / in->F, s->record.M + k * n, n);
    if (in->kind == SSMI_KALMAN_DIFFUSE) ssmi_axpy(a, v / in->Finf, s->record.Minf + k * n, n);
}

void ssmi_smoother_again(ssmi_smoother *s, const double *y, size_t length, ssmi_smooth_visitor visit,
                         void *user)
{
    ssmi_kalman_system *system = &s->filter.system;
    const size_t n = system->n, p = system->p;
    double *a = s->filter.state.a;
    ssmi_fill(a, 0.0, n);
    if (system->model->a1 != NULL) memcpy(a, system->model->a1, n * sizeof(double));
    for (size_t t = 0; t < length; t++) {
        ssmi_kalman_system_at(system, t);
        memcpy(s->record.a + t * n, a, n * sizeof(double));
        const ssmi_observation observed = ssmi_kalman_observe(system, y + t * p);
        for (size_t i = 0; i < p; i++)
            take_in(s, t * p + i, a, observed.y[i] - ssmi_rows_dot(observed.Z, i, a));
        ssmi_kalman_predict_mean(&s->filter.state, &system->T, system->c);
    }
    ssmi_smoother_back(s, y, length, visit, user);
}
