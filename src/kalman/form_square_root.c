/* The square-root form: U of kalman/square_root.h in place of P, one scalar at a time.
 *
 * The diffuse part is carried as the factor A, as in kalman/step.h, and a diffuse observation changes the
 * finite part by (I - K z) P (I - K z)' + h K K' (Koopman & Durbin 2003 in Joseph's form), which has the
 * array
 *
 *     [ U - u K'      ]      K = A A' z' / Finf,  u = U z'
 *     [ h^(1/2) K'    ]
 *
 * Known value: Nile, variances 15099 and 1469.1: log-likelihood -633.4645636489. */
#include "kalman/form.h"

#include "core/dense.h"
#include "kalman/square_root.h"
#include <string.h>

/* Views into f->form_work. */
typedef struct root {
    double *U, *G, *work; /* (n, n), (n, n) a root of R Q R' with `rank` columns, (2 n n) */
    double *u, *K;        /* (n) */
} root;

static root lay_out(const ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    root x = {.U = f->form_work};
    x.G = x.U + n * n;
    x.work = x.G + n * n;
    x.u = x.work + 2 * n * n;
    x.K = x.u + n;
    return x;
}

static ssm_status use(ssmi_kalman_filter *f, ssm_arena *arena)
{
    const size_t n = f->system.n;
    f->form_work = SSMI_ALLOC(arena, double, 4 * n * n + 2 * n);
    f->form_index = SSMI_ALLOC(arena, size_t, 1); /* columns of G */
    return f->form_work == NULL || f->form_index == NULL ? SSM_E_MEMORY : SSM_OK;
}

static void factor_shock(ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    const root x = lay_out(f);
    double *V = x.work;
    ssmi_fill(V, 0, n * n);
    ssmi_entries_add(V, &f->system.shock);
    f->form_index[0] = ssmi_kalman_factor(x.G, V, x.work + n * n, n);
}

static void start(ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    const root x = lay_out(f);
    const size_t rank = ssmi_kalman_factor(x.G, f->state.P, x.work, n);
    ssmi_transpose(x.work, x.G, n, rank);
    ssmi_root_triangle(x.U, x.work, rank, n);
    factor_shock(f);
    ssmi_kalman_trust_factors(&f->state);
}

static void covariance(ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    const double *U = lay_out(f).U;
    double *P = f->state.P;
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i <= j; i++) P[i + j * n] = P[j + i * n] = ssmi_dot(U + i * n, U + j * n, i + 1);
    }
}

/* u = U z', M = U' u */
static void read_out(const root *x, const ssmi_rows *Z, size_t i, double *M, size_t n)
{
    ssmi_rows_combine(x->u, x->U, Z, i, n);
    for (size_t j = 0; j < n; j++) M[j] = ssmi_dot(x->U + j * n, x->u, j + 1);
}

static void update_diffuse(ssmi_kalman_filter *f, const root *x, const ssmi_innovation *in, double h,
                           double *Minf)
{
    ssmi_kalman_state *s = &f->state;
    const size_t n = s->n;
    double *w = s->work;
    ssmi_matvec(Minf, s->A, w, n, s->n_diffuse);
    for (size_t j = 0; j < n; j++) {
        const double K = Minf[j] / in->Finf;
        double *column = x->work + j * (n + 1);
        for (size_t i = 0; i < n; i++) column[i] = x->U[i + j * n] - x->u[i] * K;
        column[n] = sqrt(h) * K;
        s->a[j] += K * in->v;
    }
    ssmi_root_triangle(x->U, x->work, n + 1, n);
    ssmi_kalman_remove_direction(s, w, in->Finf);
    if (s->n_diffuse > 0) return;
    covariance(f);
    ssmi_kalman_extend_scale(s);
}

static ssmi_innovation update_scalar(ssmi_kalman_filter *f, const ssmi_observation *o, size_t i)
{
    ssmi_kalman_state *s = &f->state;
    const size_t n = s->n;
    const root x = lay_out(f);
    const double h = o->h[i];
    double *M = f->M + i * n;
    ssmi_innovation in = {.v = o->y[i] - ssmi_rows_dot(o->Z, i, s->a)};
    read_out(&x, o->Z, i, M, n);
    in.F = ssmi_dot(x.u, x.u, n) + h;
    if (s->n_diffuse > 0) in.Finf = ssmi_kalman_diffuse_direction(s->work, s, o->Z, i);
    if (in.Finf > 0.0) {
        in.kind = SSMI_KALMAN_DIFFUSE;
        update_diffuse(f, &x, &in, h, f->Minf + i * n);
        return in;
    }
    in.kind = ssmi_kalman_judge(s, o->Z, i, h, o->y[i], in.v, in.F);
    if (in.kind != SSMI_KALMAN_ORDINARY) return in;
    const double F = ssmi_root_update(x.U, x.K, x.u, sqrt(h), n);
    ssmi_axpy(s->a, in.v / F, x.K, n);
    return in;
}

static void update(ssmi_kalman_filter *f, const double *y)
{
    ssmi_kalman_each_scalar(f, y, update_scalar);
}

static void predict(ssmi_kalman_filter *f)
{
    const ssm_statespace *m = f->system.model;
    const root x = lay_out(f);
    if (m->R.stride != 0 || m->Q.stride != 0) factor_shock(f);
    ssmi_kalman_predict_mean(&f->state, &f->system.T, f->system.c);
    ssmi_root_predict(x.U, ssmi_system_at(m->T, f->system.t), x.G, x.work, m->n, f->form_index[0]);
    ssmi_kalman_predict_diffuse(&f->state, &f->system.T);
}

const ssmi_kalman_form ssmi_kalman_square_root = {
    .use = use, .start = start, .update = update, .predict = predict, .covariance = covariance};
