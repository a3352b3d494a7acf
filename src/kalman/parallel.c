/* Time-parallel Kalman filter (Särkkä & García-Fernández 2021, eq. 10-15, lemma 8).
 *
 * The element of row t is the filter from the state before to the state of row t, as a function of the
 * former: p(alpha_t | y_t, alpha_{t-1}) = N(A alpha_{t-1} + b, C),  p(y_t | alpha_{t-1}) ~ exp(eta'x - x'J x
 * / 2) and two of them, i before j, combine to E = (I + C_i J_j)^-1 A_i                A = A_j E b = A_j (I +
 * C_i J_j)^-1 (b_i + C_i eta_j) + b_j C = A_j (I + C_i J_j)^-1 C_i A_j' + C_j eta = E' (eta_j - J_j b_i) +
 * eta_i      J = E' J_j A_i + J_i The first element does not depend on the past: A = J = 0. So b and C of the
 * scan are the filtered moments. The elements are made by scalar updates on A, b, C, eta, J, without an
 * inversion and with missing values at no cost; what else is asked for of each row then follows from the
 * filtered state of the row before, again in parallel, by the sequential filter's own step.
 *
 * Known value: Nile, variances 15099 and 1469.1: log-likelihood -633.4645636489 as in sequence. */
#include "kalman/parallel.h"

#include "base/parallel.h"
#include "core/dense.h"
#include "core/scan_blocked.h"
#include "kalman/form.h"

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

/* What a block of rows adds to the result. */
typedef struct item {
    ssmi_kalman_run run; /* its sums and counts */
    int degenerate;      /* a row has an observation without variance of its own */
} item;

typedef struct parallel {
    const ssmi_kalman_filter *f; /* as it was after the first rows */
    const ssm_kalman_options *options;
    const ssmi_kalman_record *record;
    const double *y;
    size_t n, p, first, length; /* rows [first, length) are scanned; `first` is the first element */
    double *elements;           /* (length - first) */
    item *items;
} parallel;

static element element_of(const parallel *w, size_t t)
{
    return view(w->elements + (t - w->first) * element_doubles(w->n), w->n);
}

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

/* The element of row t: the transition from row t - 1, then the row's scalars. 0: it has none. */
static int make_element(const parallel *w, size_t t, ssmi_kalman_system *s, double *work)
{
    const size_t n = w->n, p = w->p;
    element e = element_of(w, t);
    ssmi_kalman_system_at(s, t - 1);
    memset(e.A, 0, element_doubles(n) * sizeof(double));
    memcpy(e.A, ssmi_system_at(s->model->T, t - 1), n * n * sizeof(double));
    ssmi_entries_add(e.C, &s->shock);
    if (s->c != NULL) memcpy(e.b, s->c, n * sizeof(double));
    ssmi_kalman_system_at(s, t);
    const ssmi_observation observed = ssmi_kalman_observe(s, w->y + t * p);
    for (size_t i = 0; i < p; i++) {
        if (isnan(observed.y[i])) continue;
        if (!take_in(&e, observed.Z, i, observed.h[i], observed.y[i], work, work + n, n)) return 0;
    }
    return 1;
}

static ssm_status make_elements(void *task, size_t k, ssm_arena *scratch)
{
    const parallel *w = task;
    ssmi_kalman_system s;
    SSMI_TRY(ssmi_kalman_system_init(&s, w->f->system.model, scratch));
    double *work = SSMI_ALLOC(scratch, double, 2 * w->n);
    if (work == NULL) return SSM_E_MEMORY;
    const size_t from = w->first + 1 + k * rows_per_item;
    for (size_t t = from; t < from + rows_per_item && t < w->length; t++)
        w->items[k].degenerate |= !make_element(w, t, &s, work);
    return SSM_OK;
}

/* The state predicted from element t - 1 for row t. */
static void predict_from(const parallel *w, size_t t, ssmi_kalman_filter *f)
{
    const element before = element_of(w, t - 1);
    ssmi_kalman_system_at(&f->system, t - 1);
    memcpy(f->state.a, before.b, w->n * sizeof(double));
    memcpy(f->state.P, before.C, w->n * w->n * sizeof(double));
    f->form->predict(f);
}

static ssm_status finish_rows(void *task, size_t k, ssm_arena *scratch)
{
    const parallel *w = task;
    const size_t from = w->first + 1 + k * rows_per_item;
    ssmi_kalman_filter f;
    ssmi_kalman_run *r = &w->items[k].run;
    SSMI_TRY(ssmi_kalman_filter_init(&f, w->f->system.model, scratch));
    ssmi_kalman_run_start(r, &f, w->options, w->record);
    ssmi_kalman_state_copy(&f.state, &w->f->state);
    for (size_t t = from; t < from + rows_per_item && t < w->length; t++) {
        predict_from(w, t, &f);
        SSMI_TRY(ssmi_kalman_run_take(r, t, w->y + t * w->p));
    }
    r->f = NULL;
    return SSM_OK;
}

/* Runs through the diffuse rows, and as many as it takes for a wide starting variance to come down: I + C J
 * would lose its digits to it. The last of them becomes the first element. */
static ssm_status start(parallel *w, ssmi_kalman_run *r, ssm_arena *tmp)
{
    const size_t n = w->n;
    ssmi_kalman_filter *f = r->f;
    size_t t = 0;
    for (;;) {
        SSMI_TRY(ssmi_kalman_run_take(r, t, w->y + t * w->p));
        if (++t == w->length || (f->state.n_diffuse == 0 && t >= 2 * n)) break;
        f->form->predict(f);
    }
    w->first = t - 1;
    w->elements = SSMI_ALLOC(tmp, double, (w->length - w->first) * element_doubles(n));
    if (w->elements == NULL) return SSM_E_MEMORY;
    const element e = element_of(w, w->first);
    memcpy(e.b, f->state.a, n * sizeof(double));
    memcpy(e.C, f->state.P, n * n * sizeof(double));
    return SSM_OK;
}

/* Sums and counts of all items, in their order. */
static void add_up(ssmi_kalman_run *r, const item *items, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const ssmi_kalman_run *from = &items[k].run;
        ssmi_loglik_merge(&r->sum, &from->sum);
        ssmi_loglik_merge(&r->squares, &from->squares);
        r->summary.n_observed += from->summary.n_observed;
        r->summary.n_missing += from->summary.n_missing;
        r->summary.n_certain += from->summary.n_certain;
        r->impossible |= from->impossible;
    }
}

/* The rows after the first; 0 in *done when they have to be run through in sequence. */
static ssm_status scan_rows(parallel *w, ssmi_kalman_run *r, int *done, ssm_arena *tmp)
{
    const size_t n = w->n, rest = w->length - 1 - w->first;
    const size_t count = (rest + rows_per_item - 1) / rows_per_item;
    w->items = SSMI_ALLOC(tmp, item, count);
    if (w->items == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, count, make_elements, w));
    *done = 0;
    for (size_t k = 0; k < count; k++) {
        if (w->items[k].degenerate) return SSM_OK;
    }
    const ssmi_scan_operation scan = {.size = element_doubles(n) * sizeof(double),
                                      .scratch = (4 * n * n + n) * sizeof(double),
                                      .combine = combine,
                                      .user = &w->n};
    SSMI_TRY(ssmi_scan_blocked(&scan, w->elements, w->length - w->first, SSMI_SCAN_FORWARD, tmp));
    for (size_t t = w->first; t < w->length; t++) {
        const element e = element_of(w, t);
        if (!isfinite(ssmi_max_abs(e.b, n)) || !isfinite(ssmi_max_abs(e.C, n * n))) return SSM_OK;
    }
    SSMI_TRY(ssmi_parallel_for(tmp->ctx, count, finish_rows, w));
    *done = 1;
    add_up(r, w->items, count);
    if (rest == 0)
        r->f->form->predict(r->f);
    else
        predict_from(w, w->length, r->f);
    return SSM_OK;
}

static ssm_status run_in_sequence(ssmi_kalman_filter *f, const double *y, size_t length,
                                  const ssm_kalman_options *options, const ssmi_kalman_record *record,
                                  ssm_kalman_summary *summary)
{
    SSMI_TRY(ssmi_kalman_filter_run(f, y, length, options, record, summary));
    summary->n_fallback = length;
    return SSM_OK;
}

ssm_status ssmi_kalman_parallel_run(ssmi_kalman_filter *f, const double *y, size_t length,
                                    const ssm_kalman_options *options, const ssmi_kalman_record *record,
                                    ssm_kalman_summary *summary, ssm_arena *tmp)
{
    ssm_kalman_options ours = *options;
    ours.form = SSM_KALMAN_UNIVARIATE;
    SSMI_TRY(ssmi_kalman_filter_use(f, &ours, tmp));
    if (length == 0) return run_in_sequence(f, y, length, &ours, record, summary);
    ours.steady_tolerance = -1.0;
    parallel w = {.f = f, .options = &ours, .record = record, .y = y};
    w.n = f->system.n;
    w.p = f->system.p;
    w.length = length;
    ssmi_kalman_run r;
    int done;
    ssmi_kalman_run_start(&r, f, &ours, record);
    SSMI_TRY(start(&w, &r, tmp));
    SSMI_TRY(scan_rows(&w, &r, &done, tmp));
    if (!done) return run_in_sequence(f, y, length, &ours, record, summary);
    for (size_t t = 0; f->extra != NULL && t < length; t++) {
        ssmi_kalman_system_at(&f->system, t);
        ssmi_kalman_marginal_row(f->extra, &f->system, y + t * w.p);
    }
    SSMI_TRY(ssmi_kalman_run_finish(&r, length));
    *summary = r.summary;
    summary->n_fallback = w.first + 1;
    return SSM_OK;
}
