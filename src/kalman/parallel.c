/* Time-parallel Kalman filter (Särkkä & García-Fernández 2021, eq. 10-15, lemma 8).
 *
 * The element of row t is the filter from the state before to the state of row t, as a function of the
 * former: p(alpha_t | y_t, alpha_{t-1}) = N(A alpha_{t-1} + b, C),  p(y_t | alpha_{t-1}) ~ exp(eta'x - x'J x
 * / 2) and two of them, i before j, combine to E = (I + C_i J_j)^-1 A_i             A = A_j E              b
 * = A_j (I + C_i J_j)^-1 (b_i + C_i eta_j) + b_j C = A_j (I + C_i J_j)^-1 C_i A_j' + C_j eta = E' (eta_j -
 * J_j b_i) + eta_i   J = E' J_j A_i + J_i The first element does not depend on the past: A = J = 0. So b and
 * C of the scan are the filtered moments. The elements are made by scalar updates on A, b, C, eta, J, without
 * an inversion and with missing values at no cost; the likelihood of each row then follows from the filtered
 * state of the row before, again in parallel.
 *
 * Known value: Nile, variances 15099 and 1469.1: log-likelihood -633.4645636489 as in sequence. */
#include "kalman/parallel.h"

#include "base/parallel.h"
#include "core/dense.h"
#include "core/scan_blocked.h"
#include "kalman/filter.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { rows_per_item = 64 }; /* of the loops over rows; fixed, so that results do not depend on threads */

/* Views into one element's memory. */
typedef struct element {
    double *A, *C, *J, *b, *eta;
} element;

static size_t element_doubles(size_t n)
{
    return 3 * n * n + 2 * n;
}

static element view(const void *memory, size_t n)
{
    double *x = (double *)(uintptr_t)memory; /* the scan hands its inputs out as const */
    return (element){x, x + n * n, x + 2 * n * n, x + 3 * n * n, x + 3 * n * n + n};
}

/* M <- I + C J */
static void one_plus_product(double *M, const double *C, const double *J, size_t n)
{
    ssmi_mul(M, C, J, n, n, n);
    for (size_t k = 0; k < n; k++) M[k * (n + 1)] += 1.0;
}

static void combine(void *out_, const void *left, const void *right, const void *user, void *scratch)
{
    const size_t n = *(const size_t *)user;
    const element i = view(left, n), j = view(right, n), out = view(out_, n);
    double *M = scratch, *X = M + n * n, *W = X + n * (2 * n + 1); /* X = (I + C_i J_j)^-1 [A_i, C_i, .] */
    double *E = X, *D = X + n * n, *e = X + 2 * n * n;
    one_plus_product(M, i.C, j.J, n);
    memcpy(E, i.A, n * n * sizeof(double));
    memcpy(D, i.C, n * n * sizeof(double));
    ssmi_matvec(e, i.C, j.eta, n, n);
    ssmi_axpy(e, 1.0, i.b, n);
    if (!ssmi_solve(X, M, n, 2 * n + 1)) ssmi_fill(X, NAN, n * (2 * n + 1));
    ssmi_mul(out.A, j.A, E, n, n, n);
    ssmi_matvec(out.b, j.A, e, n, n);
    ssmi_axpy(out.b, 1.0, j.b, n);
    ssmi_mul(W, j.A, D, n, n, n);
    ssmi_mul_nt(out.C, W, j.A, n, n, n);
    ssmi_axpy(out.C, 1.0, j.C, n * n);
    ssmi_symmetrise(out.C, n);
    ssmi_matvec(e, j.J, i.b, n, n);
    for (size_t k = 0; k < n; k++) e[k] = j.eta[k] - e[k];
    ssmi_matvec_t(out.eta, E, e, n, n);
    ssmi_axpy(out.eta, 1.0, i.eta, n);
    ssmi_mul(W, j.J, i.A, n, n, n);
    ssmi_mul_tn(out.J, E, W, n, n, n);
    ssmi_axpy(out.J, 1.0, i.J, n * n);
    ssmi_symmetrise(out.J, n);
}

typedef struct parallel {
    const ssm_statespace *model;
    const double *y;
    size_t n, p, first, length; /* rows [first, length) are scanned; `first` is the first element */
    double *elements;           /* (length - first) */
    double *term;               /* (length) log-likelihood of each row */
    double *a_filtered, *P_filtered;
} parallel;

/* One scalar observation taken into an element. Returns 0 when it has no variance of its own. */
static int take_in(element *e, const ssmi_rows *Z, size_t i, double h, double y, double *M, double *zA,
                   size_t n)
{
    ssmi_rows_combine(M, e->C, Z, i, n);
    const double f = ssmi_rows_dot(Z, i, M) + h, v = y - ssmi_rows_dot(Z, i, e->b);
    if (!(f > 0.0)) return 0;
    for (size_t k = 0; k < n; k++) zA[k] = ssmi_rows_dot(Z, i, e->A + k * n);
    ssmi_axpy(e->b, v / f, M, n);
    ssmi_axpy(e->eta, v / f, zA, n);
    ssmi_rank1(e->A, -1.0 / f, M, zA, n, n);
    ssmi_rank1(e->J, 1.0 / f, zA, zA, n, n);
    ssmi_rank1(e->C, -1.0 / f, M, M, n, n);
    return 1;
}

/* The element of row t: the transition from row t - 1, then the row's scalars. */
static ssm_status make_element(const parallel *w, size_t t, ssmi_kalman_system *s, double *work,
                               ssm_context *ctx)
{
    const size_t n = w->n, p = w->p;
    element e = view(w->elements + (t - w->first) * element_doubles(n), n);
    ssmi_kalman_system_at(s, t - 1);
    memset(e.A, 0, element_doubles(n) * sizeof(double));
    memcpy(e.A, ssmi_system_at(w->model->T, t - 1), n * n * sizeof(double));
    ssmi_entries_add(e.C, &s->shock);
    if (s->c != NULL) memcpy(e.b, s->c, n * sizeof(double));
    ssmi_kalman_system_at(s, t);
    const ssmi_observation observed = ssmi_kalman_observe(s, w->y + t * p);
    for (size_t i = 0; i < p; i++) {
        if (isnan(observed.y[i])) continue;
        if (!take_in(&e, observed.Z, i, observed.h[i], observed.y[i], work, work + n, n))
            return ssmi_fail(ctx, SSM_E_UNSUPPORTED, "row %zu: an observation without variance of its own",
                             t);
    }
    return SSM_OK;
}

static ssm_status make_elements(void *task, size_t item, ssm_arena *scratch)
{
    const parallel *w = task;
    ssmi_kalman_system s;
    SSMI_TRY(ssmi_kalman_system_init(&s, w->model, scratch));
    double *work = SSMI_ALLOC(scratch, double, 2 * w->n);
    if (work == NULL) return SSM_E_MEMORY;
    const size_t from = w->first + 1 + item * rows_per_item;
    for (size_t t = from; t < from + rows_per_item && t < w->length; t++)
        SSMI_TRY(make_element(w, t, &s, work, scratch->ctx));
    return SSM_OK;
}

/* The scalars of row t taken into the prediction for it, as the sequential filter does. */
static void finish_row(const parallel *w, size_t t, ssmi_kalman_filter *f)
{
    const size_t n = w->n;
    ssmi_loglik_sum sum = ssmi_loglik_zero();
    const ssmi_observation observed = ssmi_kalman_observe(&f->system, w->y + t * w->p);
    for (size_t i = 0; i < w->p; i++) {
        if (isnan(observed.y[i])) continue;
        const ssmi_innovation in =
            ssmi_kalman_update(&f->state, observed.Z, i, observed.h[i], observed.y[i], f->M, f->Minf);
        if (in.kind == SSMI_KALMAN_CERTAIN) continue;
        ssmi_loglik_log(&sum, in.F);
        ssmi_loglik_plain(&sum, in.v * in.v / in.F);
        sum.count++;
        if (in.kind == SSMI_KALMAN_CONTRADICTION) sum.sum = INFINITY;
    }
    w->term[t] = ssmi_loglik_value(&sum);
    if (w->a_filtered != NULL) memcpy(w->a_filtered + t * n, f->state.a, n * sizeof(double));
    if (w->P_filtered != NULL) memcpy(w->P_filtered + t * n * n, f->state.P, n * n * sizeof(double));
}

static ssm_status finish_rows(void *task, size_t item, ssm_arena *scratch)
{
    const parallel *w = task;
    const size_t n = w->n, from = w->first + 1 + item * rows_per_item;
    ssmi_kalman_filter f;
    SSMI_TRY(ssmi_kalman_filter_init(&f, w->model, scratch));
    for (size_t t = from; t < from + rows_per_item && t < w->length; t++) {
        const element before = view(w->elements + (t - 1 - w->first) * element_doubles(n), n);
        ssmi_kalman_system_at(&f.system, t - 1);
        ssmi_kalman_start(&f.state, before.b, before.C, f.A1, 0, &f.system.shock);
        ssmi_kalman_predict(&f.state, &f.system.T, &f.system.shock, f.system.c);
        ssmi_kalman_system_at(&f.system, t);
        finish_row(w, t, &f);
    }
    return SSM_OK;
}

/* Runs through the diffuse rows, and as many as it takes for a wide starting variance to come down: I + C J
 * would lose its digits to it. The last of them becomes the first element. */
static ssm_status start(parallel *w, double *loglik, ssm_arena *tmp)
{
    const size_t n = w->n;
    ssmi_kalman_filter f;
    ssmi_kalman_run r;
    double *a = SSMI_ALLOC(tmp, double, n * w->length), *P = w->P_filtered;
    if (P == NULL) P = SSMI_ALLOC(tmp, double, n *n * w->length);
    if (a == NULL || P == NULL) return SSM_E_MEMORY;
    const ssmi_kalman_record record = {.a_filtered = a, .P_filtered = P};
    const ssm_kalman_options never = {.steady_tolerance = -1.0};
    SSMI_TRY(ssmi_kalman_filter_init(&f, w->model, tmp));
    ssmi_kalman_run_start(&r, &f, &never, &record);
    size_t t = 0;
    do {
        SSMI_TRY(ssmi_kalman_run_row(&r, t, w->y + t * w->p));
    } while (++t < w->length && (f.state.n_diffuse > 0 || t < 2 * n));
    SSMI_TRY(ssmi_kalman_run_finish(&r, t));
    *loglik = r.summary.loglik;
    w->first = t - 1;
    w->elements = SSMI_ALLOC(tmp, double, (w->length - w->first) * element_doubles(n));
    if (w->elements == NULL) return SSM_E_MEMORY;
    const element e = view(w->elements, n);
    memcpy(e.b, a + w->first * n, n * sizeof(double));
    memcpy(e.C, P + w->first * n * n, n * n * sizeof(double));
    if (w->a_filtered != NULL) memcpy(w->a_filtered, a, t * n * sizeof(double));
    return SSM_OK;
}

static double add_terms(double first, const parallel *w)
{
    ssmi_loglik_sum sum = ssmi_loglik_zero();
    ssmi_loglik_plain(&sum, first);
    for (size_t t = w->first + 1; t < w->length; t++) ssmi_loglik_plain(&sum, w->term[t]);
    return sum.sum + sum.lost;
}

ssm_status ssmi_kalman_parallel_filter(const ssm_statespace *model, const double *y, size_t length,
                                       double *a_filtered, double *P_filtered, double *loglik, ssm_arena *tmp)
{
    const size_t n = model->n;
    if (length == 0) return ssmi_fail(tmp->ctx, SSM_E_DATA, "no rows");
    parallel w = {.model = model,
                  .y = y,
                  .n = n,
                  .p = model->p,
                  .length = length,
                  .a_filtered = a_filtered,
                  .P_filtered = P_filtered};
    double first;
    SSMI_TRY(start(&w, &first, tmp));
    w.term = SSMI_ALLOC(tmp, double, length);
    if (w.term == NULL) return SSM_E_MEMORY;
    const size_t rest = length - 1 - w.first, items = (rest + rows_per_item - 1) / rows_per_item;
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, items, make_elements, &w));
    const ssmi_scan_operation scan = {.size = element_doubles(n) * sizeof(double),
                                      .scratch = (4 * n * n + n) * sizeof(double),
                                      .combine = combine,
                                      .user = &w.n};
    SSMI_TRY(ssmi_scan_blocked(&scan, w.elements, length - w.first, SSMI_SCAN_FORWARD, tmp));
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, items, finish_rows, &w));
    const double total = add_terms(first, &w);
    if (isnan(total)) return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "a combination of rows is singular");
    *loglik = total;
    return SSM_OK;
}
