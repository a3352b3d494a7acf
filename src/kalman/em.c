/* EM for a linear-Gaussian system (Shumway & Stoffer 1982; Durbin & Koopman 2012, sec. 7.3.4).
 *
 *     expectation    one smoother pass: moments of alpha_t, eta_t, eps_t and, from the covariance of
 *                    neighbouring states,  Cov(eta_t, alpha_t) = R^+ (V_lag - T V)
 *     maximisation   (T, Q) from eta, (Z, H) from eps, a1 and P1 from alpha_1: see kalman/em_part.c
 * Missing observations are part of what is completed: their errors enter with the moments they have given the
 * rest of the row,  Cov(eps_m, alpha) = B Cov(eps_o, alpha),  Cov(eps_o, alpha) = -Z_o V.
 *
 * Known value: Nile, local level: 15098.5 and 1469.2, log-likelihood -633.4646, slowly. */
#include "kalman/em.h"

#include "core/dense.h"
#include "kalman/errors.h"
#include "kalman/smooth_augmented.h"
#include <ssmcast/estimate.h>

#include <math.h>
#include <string.h>

typedef struct em {
    const ssm_em_task *task;
    const ssm_statespace *model;
    const double *y;
    size_t length;
    ssmi_smoother smoother;
    ssmi_em_part state, observation; /* (T, Q), (Z, H) */
    double *cross, *seen;            /* (max(n, p), n), (p, n) of this row */
    double *first, *first_var;       /* (n), (n, n) of alpha_1 */
    double *B, *zeros, *scratch;     /* (p, p), (p, p), (4 p p) */
    double *kept;                    /* the matrices as they were */
} em;

/* ---- checks ---- */

static int starts_diffuse(const ssm_statespace *m)
{
    int diffuse = 0;
    for (size_t j = 0; m->P1inf != NULL && j < m->n; j++) diffuse |= m->P1inf[j + j * m->n] != 0.0;
    return diffuse;
}

static ssm_status check_sizes(ssm_context *ctx, const ssm_em_task *k)
{
    const ssm_statespace *m = k->model;
    if (m->Z.stride != 0 || m->H.stride != 0 || m->T.stride != 0 || m->R.stride != 0 || m->Q.stride != 0)
        return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "EM needs matrices that do not depend on time");
    if ((k->Z != NULL && k->Z != m->Z.data) || (k->H != NULL && k->H != m->H.data) ||
        (k->T != NULL && k->T != m->T.data) || (k->Q != NULL && k->Q != m->Q.data) ||
        (k->a1 != NULL && k->a1 != m->a1) || (k->P1 != NULL && k->P1 != m->P1))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "EM: what is to change must be the memory behind the model");
    if (starts_diffuse(m) && (k->a1 != NULL || k->P1 != NULL))
        return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "EM: a diffuse start has no a1 and P1 to estimate");
    return SSM_OK;
}

/* Elements in the columns of diffuse states change what the diffuse likelihood means. */
static ssm_status check_columns(ssm_context *ctx, const ssm_statespace *m, const double *M,
                                const unsigned char *free, size_t rows, const char *name)
{
    for (size_t k = 0; M != NULL && m->P1inf != NULL && k < rows * m->n; k++) {
        const size_t j = k / rows;
        if (m->P1inf[j + j * m->n] != 0.0 && (free == NULL || free[k]))
            return ssmi_fail(ctx, SSM_E_UNSUPPORTED,
                             "EM: element (%zu, %zu) of %s belongs to a diffuse state", k % rows, j, name);
    }
    return SSM_OK;
}

/* K = R^+ of the state part; rows of T that may change must have a shock of their own. */
static ssm_status find_shocks(em *e, ssm_context *ctx, ssm_arena *arena)
{
    const size_t n = e->model->n, r = e->model->r;
    const double *R = e->model->R.data;
    ssmi_em_part *p = &e->state;
    double *RR = SSMI_ALLOC(arena, double, r *r);
    if (RR == NULL) return SSM_E_MEMORY;
    if (r == 0 && p->n_unknown > 0)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "EM: T cannot be estimated without shocks");
    if (R == NULL) {
        ssmi_identity(p->K, r);
        return SSM_OK;
    }
    ssmi_mul_tn(RR, R, R, r, n, r);
    ssmi_transpose(p->K, R, n, r);
    if (!ssmi_solve(p->K, RR, r, n))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "EM: the columns of R depend on each other");
    for (size_t u = 0; u < p->n_unknown; u++) {
        const size_t i = p->unknown[u] % n;
        double own = 0.0;
        for (size_t k = 0; k < r; k++) own += R[i + k * n] * p->K[k + i * r];
        if (!(fabs(own - 1.0) <= 1e-8))
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "EM: row %zu of T has no shock of its own", i);
    }
    return SSM_OK;
}

/* ---- expectation ---- */

static void add_state(em *e, const ssmi_smoothed *row)
{
    const size_t n = e->model->n, r = e->model->r;
    ssmi_em_part *p = &e->state;
    ssmi_rank1(p->S, 1.0, row->alpha, row->alpha, n, n);
    ssmi_axpy(p->S, 1.0, row->V, n * n);
    ssmi_rank1(p->E, 1.0, row->eta, row->eta, r, r);
    ssmi_axpy(p->E, 1.0, row->eta_var, r * r);
    p->count += 1.0;
    if (p->n_unknown == 0) return;
    ssmi_rank1(p->G, 1.0, row->eta, row->alpha, r, n);
    ssmi_mul(e->cross, e->model->T.data, row->V, n, n, n);
    for (size_t k = 0; k < n * n; k++) e->cross[k] = row->V_lag[k] - e->cross[k];
    for (size_t j = 0; j < n; j++) {
        for (size_t k = 0; k < n; k++) ssmi_axpy(p->G + j * r, e->cross[k + j * n], p->K + k * r, r);
    }
}

/* cross = Cov(eps, alpha) of a row. */
static void error_with_state(em *e, const double *y, const double *V)
{
    const size_t n = e->model->n, p = e->model->p;
    const double *H = e->model->H.data != NULL ? e->model->H.data : e->zeros;
    double *mean = e->scratch, *rest = mean + p, *work = rest + p * p, *seen = e->seen;
    ssmi_mul(seen, e->model->Z.data, V, p, n, n);
    ssmi_fill(mean, 0.0, p);
    ssmi_fill(rest, 0.0, p * p);
    ssmi_errors_complete(mean, rest, H, y, e->B, work, p);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < p; i++) {
            double sum = 0.0;
            for (size_t o = 0; o < p; o++) {
                if (!isnan(y[o])) sum -= e->B[i + o * p] * seen[o + j * p];
            }
            e->cross[i + j * p] = sum;
        }
    }
}

static void add_observation(em *e, size_t t, const ssmi_smoothed *row)
{
    const size_t n = e->model->n, p = e->model->p;
    ssmi_em_part *part = &e->observation;
    ssmi_rank1(part->S, 1.0, row->alpha, row->alpha, n, n);
    ssmi_axpy(part->S, 1.0, row->V, n * n);
    ssmi_rank1(part->E, 1.0, row->epsilon, row->epsilon, p, p);
    ssmi_axpy(part->E, 1.0, row->epsilon_var, p * p);
    part->count += 1.0;
    if (part->n_unknown == 0) return;
    error_with_state(e, e->y + t * p, row->V);
    ssmi_rank1(part->G, 1.0, row->epsilon, row->alpha, p, n);
    ssmi_axpy(part->G, 1.0, e->cross, p * n);
}

static void clear_sums(em *e)
{
    ssmi_em_part_clear(&e->state);
    ssmi_em_part_clear(&e->observation);
}

/* Rows come last one first; a pass over all of them begins the sums anew. */
static void add_row(void *user, size_t t, const ssmi_smoothed *row)
{
    em *e = user;
    const size_t n = e->model->n;
    if (t + 1 == e->length) clear_sums(e);
    if (t + 1 < e->length && e->model->r > 0) add_state(e, row);
    add_observation(e, t, row);
    if (t > 0) return;
    memcpy(e->first, row->alpha, n * sizeof(double));
    memcpy(e->first_var, row->V, n * n * sizeof(double));
}

/* ---- maximisation ---- */

static ssm_status maximise(em *e, ssm_context *ctx)
{
    const size_t n = e->model->n;
    const ssm_em_task *k = e->task;
    SSMI_TRY(ssmi_em_part_maximise(&e->state, "Q", ctx));
    SSMI_TRY(ssmi_em_part_maximise(&e->observation, "H", ctx));
    if (k->a1 != NULL) memcpy(k->a1, e->first, n * sizeof(double));
    if (k->P1 == NULL) return SSM_OK;
    memcpy(k->P1, e->first_var, n * n * sizeof(double));
    for (size_t i = 0; i < n; i++) e->first[i] -= e->model->a1 != NULL ? e->model->a1[i] : 0.0;
    ssmi_rank1(k->P1, 1.0, e->first, e->first, n, n);
    return SSM_OK;
}

/* ---- the iteration ---- */

static ssm_status open_em(em *e, ssm_arena *arena)
{
    const ssm_em_task *k = e->task;
    const ssm_statespace *m = e->model;
    const size_t n = m->n, p = m->p, r = m->r, most = n > p ? n : p;
    e->state = (ssmi_em_part){.rows = n,
                              .n = n,
                              .q = r,
                              .M = k->T,
                              .C = k->Q,
                              .present = m->Q.data,
                              .free = k->T_free,
                              .diagonal = k->Q_diagonal};
    e->observation = (ssmi_em_part){
        .rows = p, .n = n, .q = p, .M = k->Z, .C = k->H, .free = k->Z_free, .diagonal = k->H_diagonal};
    SSMI_TRY(ssmi_smoother_init(&e->smoother, m, e->length,
                                (k->T != NULL ? SSMI_SMOOTH_LAG : SSMI_SMOOTH_STATES) | SSMI_SMOOTH_SHOCKS |
                                    SSMI_SMOOTH_ERRORS,
                                arena));
    SSMI_TRY(ssmi_em_part_init(&e->state, arena));
    SSMI_TRY(ssmi_em_part_init(&e->observation, arena));
    e->cross = SSMI_ALLOC(arena, double, most *n);
    e->seen = SSMI_ALLOC(arena, double, p *n);
    e->first = SSMI_ALLOC(arena, double, n);
    e->first_var = SSMI_ALLOC(arena, double, n *n);
    e->B = SSMI_ALLOC(arena, double, p *p);
    e->zeros = SSMI_ALLOC(arena, double, p *p);
    e->scratch = SSMI_ALLOC(arena, double, p *(3 * p + 1));
    if (e->cross == NULL || e->seen == NULL || e->first == NULL || e->first_var == NULL || e->B == NULL ||
        e->zeros == NULL || e->scratch == NULL)
        return SSM_E_MEMORY;
    e->observation.present = m->H.data != NULL ? m->H.data : e->zeros;
    ssmi_identity(e->observation.K, p);
    return SSM_OK;
}

typedef struct place {
    double *data;
    size_t size;
} place;

enum { places = 6 };

static void list_places(const em *e, place *out)
{
    const ssm_em_task *k = e->task;
    const size_t n = e->model->n, p = e->model->p, r = e->model->r;
    const place all[places] = {{k->Z, p * n}, {k->H, p * p}, {k->T, n * n},
                               {k->Q, r * r}, {k->a1, n},    {k->P1, n * n}};
    memcpy(out, all, sizeof all);
}

/* Keeps the numbers as they are (`restore` 0), or puts them back. */
static ssm_status keep(em *e, int restore, ssm_arena *arena)
{
    place all[places];
    size_t total = 0, at = 0;
    list_places(e, all);
    for (size_t k = 0; k < places; k++) total += all[k].size;
    if (!restore) e->kept = SSMI_ALLOC(arena, double, total);
    if (e->kept == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < places; at += all[k++].size) {
        if (all[k].data == NULL) continue;
        double *from = restore ? e->kept + at : all[k].data, *to = restore ? all[k].data : e->kept + at;
        memcpy(to, from, all[k].size * sizeof(double));
    }
    return SSM_OK;
}

static ssm_status iterate(em *e, const ssm_em_options *options, double *path, ssm_em_summary *out,
                          ssm_arena *arena)
{
    ssm_context *ctx = arena->ctx;
    const double tolerance = options->tolerance > 0.0 ? options->tolerance : 1e-7;
    const size_t most = options->most_iterations > 0 ? options->most_iterations : 1000;
    double before = -INFINITY;
    for (size_t k = 0;; k++) {
        ssm_kalman_summary summary;
        clear_sums(e);
        ssmi_kalman_filter_refresh(&e->smoother.filter);
        SSMI_TRY(ssmi_smoother_run(&e->smoother, e->y, e->length, NULL, &summary, add_row, e));
        SSMI_TRY(ssmi_smooth_mend(&e->smoother, e->y, e->length, add_row, e, arena));
        if (!isfinite(summary.loglik))
            return ssmi_fail(ctx, SSM_E_NUMERIC, "EM: the data are impossible under the model");
        if (path != NULL) path[k] = summary.loglik;
        *out = (ssm_em_summary){summary.loglik, k, summary.loglik - before < tolerance};
        if (out->converged || k == most) return SSM_OK;
        before = summary.loglik;
        SSMI_TRY(maximise(e, ctx));
    }
}

static ssm_status run_em(const ssm_em_task *task, const double *y, size_t length,
                         const ssm_em_options *options, double *path, ssm_em_summary *summary,
                         ssm_arena *arena)
{
    em e = {.task = task, .model = task->model, .y = y, .length = length};
    ssm_em_summary ours = {0};
    ssm_context *ctx = arena->ctx;
    SSMI_TRY(check_sizes(ctx, task));
    SSMI_TRY(open_em(&e, arena));
    SSMI_TRY(check_columns(ctx, e.model, task->Z, task->Z_free, e.model->p, "Z"));
    SSMI_TRY(check_columns(ctx, e.model, task->T, task->T_free, e.model->n, "T"));
    SSMI_TRY(find_shocks(&e, ctx, arena));
    SSMI_TRY(keep(&e, 0, arena));
    const ssm_status status = iterate(&e, options, path, &ours, arena);
    if (status != SSM_OK) {
        keep(&e, 1, arena);
        return status;
    }
    if (summary != NULL) *summary = ours;
    if (ours.converged) return SSM_OK;
    return ssmi_fail(ctx, SSM_E_CONVERGENCE, "EM did not converge in %zu iterations; log-likelihood %.10g",
                     ours.iterations, ours.loglik);
}

ssm_status ssm_em(ssm_context *ctx, const ssm_em_task *task, const double *y, size_t length,
                  const ssm_em_options *options, double *path, ssm_em_summary *summary)
{
    const ssm_em_options defaults = {0};
    if (task == NULL || task->model == NULL || (y == NULL && length > 0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "EM needs a model and data");
    if (options != NULL && !(options->tolerance >= 0.0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "the tolerance of EM must be positive");
    SSMI_TRY(ssmi_kalman_check_call(ctx, task->model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status =
        run_em(task, y, length, options != NULL ? options : &defaults, path, summary, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
