/* The U-D form: U and D of kalman/ud.h in place of P, one scalar at a time; the kernels are those of the
 * filter for control code.
 *
 * The diffuse part is carried as the factor A, as in kalman/step.h, and a diffuse observation changes the
 * finite part by (I - K z) P (I - K z)' + h K K', which is Thornton's prediction with the transition I - K z
 * and a shock of variance h along K = A A' z' / Finf.
 *
 * Known value: Nile, variances 15099 and 1469.1: log-likelihood -633.4645636489. */
#include "kalman/form.h"

#include "core/dense.h"
#include "kalman/ud.h"
#include <string.h>

/* Views into f->form_work. */
typedef struct factors {
    double *U, *D, *G, *q; /* (n (n - 1) / 2), (n), R Q R' = G diag(q) G' with G (n, n), q (n) */
    double *L, *work;      /* (n, n), SSMI_UD_WORK(n, n) */
    double *z, *f, *g;     /* (n) */
} factors;

static factors lay_out(const ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    factors x = {.U = f->form_work};
    x.D = x.U + n * n;
    x.G = x.D + n;
    x.q = x.G + n * n;
    x.L = x.q + n;
    x.work = x.L + n * n;
    x.z = x.work + SSMI_UD_WORK(n, n);
    x.f = x.z + n;
    x.g = x.f + n;
    return x;
}

static ssm_status use(ssmi_kalman_filter *f, ssm_arena *arena)
{
    const size_t n = f->system.n;
    f->form_work = SSMI_ALLOC(arena, double, 3 * n * n + SSMI_UD_WORK(n, n) + 5 * n);
    f->form_index = SSMI_ALLOC(arena, size_t, 1); /* columns of G */
    return f->form_work == NULL || f->form_index == NULL ? SSM_E_MEMORY : SSM_OK;
}

static void factor_shock(ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    const factors x = lay_out(f);
    ssmi_fill(x.L, 0, n * n);
    ssmi_entries_add(x.L, &f->system.shock);
    f->form_index[0] = ssmi_kalman_factor(x.G, x.L, x.work, n);
    ssmi_fill(x.q, 1.0, n);
}

/* Zero and a prediction that adds P1 as if it were a shock: no more is needed than a root of it. */
static void start(ssmi_kalman_filter *f)
{
    const size_t n = f->system.n;
    const factors x = lay_out(f);
    const size_t rank = ssmi_kalman_factor(x.G, f->state.P, x.work, n);
    ssmi_fill(x.U, 0, n * (n - 1) / 2);
    ssmi_fill(x.D, 0, n);
    ssmi_fill(x.q, 1.0, n);
    ssmi_identity(x.L, n);
    ssmi_ud_predict_f64(x.U, x.D, x.L, x.G, x.q, x.work, n, rank);
    ssmi_ud_settle_f64(x.U, x.D, n);
    factor_shock(f);
    ssmi_kalman_trust_factors(&f->state);
}

static void covariance(ssmi_kalman_filter *f)
{
    const factors x = lay_out(f);
    ssmi_ud_covariance_f64(f->state.P, x.U, x.D, f->system.n);
}

/* M = P z' = U g */
static void apply(double *M, const double *U, const double *g, size_t n)
{
    for (size_t j = 0; j < n; U += j, j++) {
        for (size_t i = 0; i < j; i++) M[i] += U[i] * g[j];
        M[j] = g[j];
    }
}

static void update_diffuse(ssmi_kalman_filter *f, const factors *x, const ssmi_innovation *in, double h,
                           double *Minf)
{
    ssmi_kalman_state *s = &f->state;
    const size_t n = s->n;
    double *w = s->work, *K = x->f;
    ssmi_matvec(Minf, s->A, w, n, s->n_diffuse);
    for (size_t i = 0; i < n; i++) K[i] = Minf[i] / in->Finf;
    ssmi_axpy(s->a, in->v, K, n);
    ssmi_identity(x->L, n);
    ssmi_rank1(x->L, -1.0, K, x->z, n, n);
    ssmi_ud_predict_f64(x->U, x->D, x->L, K, &h, x->work, n, 1);
    ssmi_ud_settle_f64(x->U, x->D, n);
    ssmi_kalman_remove_direction(s, w, in->Finf);
    if (s->n_diffuse > 0) return;
    covariance(f);
    ssmi_kalman_extend_scale(s);
}

static ssmi_innovation update_scalar(ssmi_kalman_filter *f, const ssmi_observation *o, size_t i)
{
    ssmi_kalman_state *s = &f->state;
    const size_t n = s->n;
    const factors x = lay_out(f);
    const double h = o->h[i];
    double *M = f->M + i * n;
    ssmi_innovation in = {.v = o->y[i] - ssmi_rows_dot(o->Z, i, s->a)};
    ssmi_fill(x.z, 0, n);
    for (size_t e = o->Z->start[i]; e < o->Z->start[i + 1]; e++) x.z[o->Z->column[e]] = o->Z->value[e];
    in.F = ssmi_ud_project_f64(x.f, x.g, x.U, x.D, x.z, h, n);
    apply(M, x.U, x.g, n);
    if (s->n_diffuse > 0) in.Finf = ssmi_kalman_diffuse_direction(s->work, s, o->Z, i);
    if (in.Finf > 0.0) {
        in.kind = SSMI_KALMAN_DIFFUSE;
        update_diffuse(f, &x, &in, h, f->Minf + i * n);
        return in;
    }
    in.kind = ssmi_kalman_judge(s, o->Z, i, h, o->y[i], in.v, in.F);
    if (in.kind != SSMI_KALMAN_ORDINARY) return in;
    ssmi_axpy(s->a, in.v / in.F, M, n);
    ssmi_ud_correct_f64(x.U, x.D, x.z, x.f, x.g, h, n); /* leaves P z' as it was in z */
    ssmi_ud_settle_f64(x.U, x.D, n);
    return in;
}

static void update(ssmi_kalman_filter *f, const double *y)
{
    ssmi_kalman_each_scalar(f, y, update_scalar);
}

/* The kernels cut at a limit what would overflow; an infinite mean tells the run that it has ended. */
static void predict(ssmi_kalman_filter *f)
{
    const ssm_statespace *m = f->system.model;
    const factors x = lay_out(f);
    if (m->R.stride != 0 || m->Q.stride != 0) factor_shock(f);
    ssmi_kalman_predict_mean(&f->state, &f->system.T, f->system.c);
    ssmi_ud_predict_f64(x.U, x.D, ssmi_system_at(m->T, f->system.t), x.G, x.q, x.work, m->n,
                        f->form_index[0]);
    if (ssmi_ud_settle_f64(x.U, x.D, m->n)) ssmi_fill(f->state.a, INFINITY, m->n);
    ssmi_kalman_predict_diffuse(&f->state, &f->system.T);
}

const ssmi_kalman_form ssmi_kalman_ud = {
    .use = use, .start = start, .update = update, .predict = predict, .covariance = covariance};
