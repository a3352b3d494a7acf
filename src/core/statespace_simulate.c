/* Simulation of a linear-Gaussian model, in the order of its equations:
 *
 *     alpha_1 = a1 + P1^(1/2) u      y_t = d_t + Z_t alpha_t + H_t^(1/2) u      alpha_{t+1} = c_t + T_t
 * alpha_t
 *                                                                                         + R_t Q_t^(1/2) u
 *
 * with u a fresh vector of standard normals each time (Durbin & Koopman 2012, eq. 4.12). How many normals are
 * drawn depends on the sizes only, never on values, so that models which differ in a parameter can be
 * compared on the same noise.
 *
 * Known value: with H = Q = P1 = 0 the path is that of the deterministic system. */
#include "core/statespace.h"

#include "base/random.h"
#include "core/dense.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* A source of N(0, S_t): the factor of S is made anew only when S changes. */
typedef struct source {
    ssm_system_matrix S;
    size_t size;
    double *L;    /* (size, size) */
    double *u;    /* (size) standard normals */
    double *work; /* (size) */
    int ready;
} source;

typedef struct path {
    const ssm_statespace *model;
    source start, observation, state;
    double *eta;        /* (r) */
    double *now, *next; /* (n) */
} path;

static ssm_status open_source(source *s, ssm_system_matrix S, size_t size, ssm_arena *tmp)
{
    *s = (source){.S = S, .size = size};
    s->L = SSMI_ALLOC(tmp, double, size *size);
    s->u = SSMI_ALLOC(tmp, double, size);
    s->work = SSMI_ALLOC(tmp, double, size);
    return s->L != NULL && s->u != NULL && s->work != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* A matrix that passes the check may be indefinite by 1e-10 of its diagonal; then that much is added to it.
 */
static void factorise(source *s, const double *S)
{
    const size_t n = s->size;
    if (ssmi_cholesky_semidefinite(s->L, S, s->work, n)) return;
    for (double shift = 1e-10; shift < 1; shift *= 10) {
        memcpy(s->L, S, n * n * sizeof *S);
        for (size_t i = 0; i < n; i++) s->L[i + i * n] *= 1 + shift * (double)n;
        if (ssmi_cholesky_semidefinite(s->L, s->L, s->work, n)) return;
    }
}

/* x (size) += N(0, S_t). */
static void add_noise(double *x, source *s, size_t t, gsl_rng *rng)
{
    const double *S = ssmi_system_at(s->S, t);
    for (size_t i = 0; i < s->size; i++) s->u[i] = gsl_ran_gaussian_ziggurat(rng, 1);
    if (S == NULL) return;
    if (!s->ready || s->S.stride != 0) factorise(s, S);
    s->ready = 1;
    for (size_t j = 0; j < s->size; j++) ssmi_axpy(x, s->u[j], s->L + j * s->size, s->size);
}

static void set_offset(double *x, const double *offset, size_t n)
{
    if (offset != NULL)
        memcpy(x, offset, n * sizeof *x);
    else
        ssmi_fill(x, 0, n);
}

/* x (rows) += A v, A (rows, columns) */
static void add_product(double *x, const double *A, const double *v, size_t rows, size_t columns)
{
    for (size_t j = 0; j < columns; j++) ssmi_axpy(x, v[j], A + j * rows, rows);
}

static void observe(double *y, path *w, size_t t, gsl_rng *rng)
{
    const ssm_statespace *m = w->model;
    set_offset(y, ssmi_system_at(m->d, t), m->p);
    add_product(y, ssmi_system_at(m->Z, t), w->now, m->p, m->n);
    add_noise(y, &w->observation, t, rng);
}

static void advance(path *w, size_t t, gsl_rng *rng)
{
    const ssm_statespace *m = w->model;
    const double *R = ssmi_system_at(m->R, t);
    double *kept = w->now;
    ssmi_fill(w->eta, 0, m->r);
    add_noise(w->eta, &w->state, t, rng);
    set_offset(w->next, ssmi_system_at(m->c, t), m->n);
    add_product(w->next, ssmi_system_at(m->T, t), w->now, m->n, m->n);
    if (R != NULL)
        add_product(w->next, R, w->eta, m->n, m->r);
    else
        ssmi_axpy(w->next, 1, w->eta, m->r);
    w->now = w->next;
    w->next = kept;
}

static ssm_status open_path(path *w, const ssm_statespace *m, ssm_arena *tmp)
{
    w->model = m;
    SSMI_TRY(open_source(&w->start, (ssm_system_matrix){m->P1, 0}, m->n, tmp));
    SSMI_TRY(open_source(&w->observation, m->H, m->p, tmp));
    SSMI_TRY(open_source(&w->state, m->Q, m->r, tmp));
    w->eta = SSMI_ALLOC(tmp, double, m->r);
    w->now = SSMI_ALLOC(tmp, double, m->n);
    w->next = SSMI_ALLOC(tmp, double, m->n);
    return w->eta != NULL && w->now != NULL && w->next != NULL ? SSM_OK : SSM_E_MEMORY;
}

ssm_status ssmi_simulate(double *y, double *alpha, double *eta, const ssm_statespace *model, size_t steps,
                         gsl_rng *rng, ssm_arena *tmp)
{
    path w;
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = open_path(&w, model, tmp);
    if (status == SSM_OK) {
        set_offset(w.now, model->a1, model->n);
        add_noise(w.now, &w.start, 0, rng);
    }
    for (size_t t = 0; status == SSM_OK && t < steps; t++) {
        if (alpha != NULL) memcpy(alpha + t * model->n, w.now, model->n * sizeof *alpha);
        observe(y + t * model->p, &w, t, rng);
        if (!isfinite(ssmi_max_abs(w.now, model->n)) || !isfinite(ssmi_max_abs(y + t * model->p, model->p)))
            status = ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "simulated path overflows at time %zu", t);
        else if (t + 1 < steps || eta != NULL)
            advance(&w, t, rng);
        if (eta != NULL) memcpy(eta + t * model->r, w.eta, model->r * sizeof *eta);
    }
    ssmi_arena_rewind(tmp, mark);
    return status;
}

static ssm_status simulate(double *y, double *alpha, const ssm_statespace *m, size_t steps, uint64_t stream,
                           ssm_arena *tmp)
{
    gsl_rng *rng = ssmi_random_stream(tmp, stream);
    double *ys = ssmi_arena_alloc(tmp, steps, m->p * sizeof *ys);
    double *alphas = ssmi_arena_alloc(tmp, steps, alpha != NULL ? m->n * sizeof *alphas : 0);
    if (rng == NULL || ys == NULL || alphas == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_simulate(ys, alpha != NULL ? alphas : NULL, NULL, m, steps, rng, tmp));
    memcpy(y, ys, steps * m->p * sizeof *y);
    if (alpha != NULL) memcpy(alpha, alphas, steps * m->n * sizeof *alpha);
    return SSM_OK;
}

ssm_status ssm_statespace_simulate(ssm_context *ctx, const ssm_statespace *model, size_t steps,
                                   uint64_t stream, double *y, double *alpha)
{
    ssm_arena tmp;
    SSMI_TRY(ssm_statespace_check(ctx, model, steps));
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = simulate(y, alpha, model, steps, stream, &tmp);
    ssmi_arena_clear(&tmp);
    return status;
}
