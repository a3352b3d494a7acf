/* Kalman filter over a series (Durbin & Koopman 2012, sec. 4.3, 5.2, 6.4; log-likelihood eq. 7.2, 7.2.5).
 *
 *     for each row t:   for each observed scalar:  update, add to the log-likelihood;   predict
 *
 * When the model does not depend on time, P and the gains converge. The test is in two stages: the variances
 * F of two rows agree, then P before and after a whole step agrees element by element, relative to the
 * standard deviations. From there on a row costs only the mean. A missing value ends the steady state at
 * once; its covariance is then the start of the full recursion.
 *
 * Known value: Nile, variances 15099 and 1469.1: log-likelihood -633.4645636489, steady P 5501.257941808. */
#include "core/dense.h"
#include "kalman/form.h"
#include "kalman/lean.h"

#include <float.h>
#include <stdio.h>
#include <string.h>

enum { rows_between_tests = 8 }; /* after a test of P has failed */
enum { most_listed = 4 };        /* states in a message */

typedef ssmi_kalman_run run;

ssm_status ssmi_kalman_filter_init(ssmi_kalman_filter *f, const ssm_statespace *model, ssm_arena *arena)
{
    *f = (ssmi_kalman_filter){.ctx = arena->ctx, .form = &ssmi_kalman_univariate};
    SSMI_TRY(ssmi_kalman_system_init(&f->system, model, arena));
    const size_t n = model->n, p = model->p;
    double *state = SSMI_ALLOC(arena, double, SSMI_KALMAN_STATE_SIZE(n));
    f->A1 = SSMI_ALLOC(arena, double, n *n);
    f->P1 = SSMI_ALLOC(arena, double, n *n);
    f->before = SSMI_ALLOC(arena, double, n *n);
    f->row = SSMI_ALLOC(arena, ssmi_innovation, p);
    f->M = SSMI_ALLOC(arena, double, n *p);
    f->Minf = SSMI_ALLOC(arena, double, n *p);
    f->F_before = SSMI_ALLOC(arena, double, p);
    if (state == NULL || f->A1 == NULL || f->P1 == NULL || f->before == NULL || f->row == NULL ||
        f->M == NULL || f->Minf == NULL || f->F_before == NULL)
        return SSM_E_MEMORY;
    ssmi_kalman_state_init(&f->state, n, state);
    ssmi_kalman_filter_refresh(f);
    return SSM_OK;
}

void ssmi_kalman_filter_refresh(ssmi_kalman_filter *f)
{
    const ssm_statespace *m = f->system.model;
    ssmi_kalman_system_refresh(&f->system, 0);
    f->rank = m->P1inf != NULL ? ssmi_kalman_factor(f->A1, m->P1inf, f->before, m->n) : 0;
}

ssm_status ssmi_kalman_filter_use(ssmi_kalman_filter *f, const ssm_kalman_options *options, ssm_arena *arena)
{
    if (options == NULL) return SSM_OK;
    const ssmi_kalman_form *form = ssmi_kalman_sequential_form(options->form);
    if (form == NULL)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "form %d of the filter does not go row after row",
                         (int)options->form);
    f->form = form;
    SSMI_TRY(form->use(f, arena));
    if (options->convention != SSM_LOGLIK_MARGINAL) return SSM_OK;
    f->extra = SSMI_ALLOC(arena, ssmi_kalman_marginal, 1);
    if (f->extra == NULL) return SSM_E_MEMORY;
    return ssmi_kalman_marginal_init(f->extra, f->system.n, f->rank, arena);
}

static void start_state(ssmi_kalman_filter *f, const ssm_kalman_options *options)
{
    const ssm_statespace *m = f->system.model;
    const size_t size = m->n * m->n;
    ssmi_kalman_system_at(&f->system, 0);
    if (options->convention != SSM_LOGLIK_KAPPA || m->P1inf == NULL) {
        ssmi_kalman_start(&f->state, m->a1, m->P1, f->A1, f->rank, &f->system.shock);
        return;
    }
    const double kappa = options->kappa == 0.0 ? 1e7 : options->kappa;
    for (size_t i = 0; i < size; i++) f->P1[i] = (m->P1 != NULL ? m->P1[i] : 0.0) + kappa * m->P1inf[i];
    ssmi_kalman_start(&f->state, m->a1, f->P1, f->A1, 0, &f->system.shock);
}

void ssmi_kalman_run_start(run *r, ssmi_kalman_filter *f, const ssm_kalman_options *options,
                           const ssmi_kalman_record *record)
{
    const ssm_kalman_options defaults = {0};
    if (options == NULL) options = &defaults;
    *r = (run){.f = f, .record = record, .sum = ssmi_loglik_zero()};
    r->squares = ssmi_loglik_zero();
    r->convention = options->convention;
    r->concentrate = options->concentrate;
    r->tolerance = options->steady_tolerance == 0.0 ? 1e-13 : options->steady_tolerance;
    if (!f->system.constant) r->tolerance = -1.0;
    for (size_t i = 0; i < f->system.p; i++) f->row[i] = (ssmi_innovation){.F = NAN};
    start_state(f, options);
    f->form->start(f);
    f->n_fallback = 0;
    if (f->extra != NULL) ssmi_kalman_marginal_start(f->extra, f->A1);
}

/* One scalar's part in the likelihood and the summary. */
static void account(run *r, const ssmi_innovation *in)
{
    ssm_kalman_summary *summary = &r->summary;
    if (in->kind == SSMI_KALMAN_MISSING) {
        summary->n_missing++;
        return;
    }
    summary->n_observed++;
    switch (in->kind) {
    case SSMI_KALMAN_ORDINARY:
        ssmi_loglik_log(&r->sum, in->F);
        ssmi_loglik_plain(r->concentrate ? &r->squares : &r->sum, in->v * in->v / in->F);
        r->sum.count++;
        break;
    case SSMI_KALMAN_DIFFUSE:
        ssmi_loglik_log(&r->sum, in->Finf);
        r->sum.count += r->convention == SSM_LOGLIK_DURBIN_KOOPMAN ? 1 : 0;
        summary->n_diffuse++;
        break;
    case SSMI_KALMAN_CERTAIN:
        summary->n_certain++;
        break;
    default:
        r->impossible = 1;
        break;
    }
}

static void record_before(const run *r, size_t t)
{
    const ssmi_kalman_record *out = r->record;
    const ssmi_kalman_state *s = &r->f->state;
    const size_t n = s->n;
    if (out == NULL) return;
    if (out->a != NULL) memcpy(out->a + t * n, s->a, n * sizeof(double));
    if (out->P != NULL) {
        r->f->form->covariance(r->f);
        memcpy(out->P + t * n * n, s->P, n * n * sizeof(double));
    }
    if (out->A != NULL) memcpy(out->A + t * n * n, s->A, n * s->n_diffuse * sizeof(double));
    if (out->n_diffuse != NULL) out->n_diffuse[t] = s->n_diffuse;
}

/* In the steady state the filtered covariances are those of the row before. */
static void record_variance(const run *r, size_t t)
{
    const ssmi_kalman_record *out = r->record;
    const double *P = r->f->state.P;
    const size_t n = r->f->system.n, block = n * out->n_columns;
    if (r->steady) {
        if (out->P_filtered != NULL)
            memcpy(out->P_filtered + t * n * n, out->P_filtered + (t - 1) * n * n, n * n * sizeof(double));
        if (out->P_columns != NULL)
            memcpy(out->P_columns + t * block, out->P_columns + (t - 1) * block, block * sizeof(double));
        return;
    }
    if (out->P_filtered != NULL || out->n_columns > 0) r->f->form->covariance(r->f);
    if (out->P_filtered != NULL) memcpy(out->P_filtered + t * n * n, P, n * n * sizeof(double));
    for (size_t k = 0; k < out->n_columns; k++)
        memcpy(out->P_columns + t * block + k * n, P + out->column[k] * n, n * sizeof(double));
}

static void record_after(const run *r, size_t t)
{
    const ssmi_kalman_record *out = r->record;
    const ssmi_kalman_filter *f = r->f;
    const size_t n = f->system.n, p = f->system.p;
    if (out == NULL) return;
    if (out->innovation != NULL) memcpy(out->innovation + t * p, f->row, p * sizeof(*f->row));
    if (out->M != NULL) memcpy(out->M + t * n * p, f->M, n * p * sizeof(double));
    if (out->Minf != NULL) memcpy(out->Minf + t * n * p, f->Minf, n * p * sizeof(double));
    if (out->a_filtered != NULL) memcpy(out->a_filtered + t * n, f->state.a, n * sizeof(double));
    if (out->steady != NULL) out->steady[t] = (unsigned char)r->steady;
    record_variance(r, t);
}

static ssm_status check_finite(const run *r, size_t t, double y, const ssmi_innovation *in)
{
    if (fabs(in->v) <= DBL_MAX && in->F <= DBL_MAX && in->Finf <= DBL_MAX) return SSM_OK;
    if (isinf(y)) return ssmi_fail(r->f->ctx, SSM_E_DATA, "row %zu: infinite observation", t);
    return ssmi_fail(r->f->ctx, SSM_E_NUMERIC, "row %zu: the filter's numbers are no longer finite", t);
}

/* The updates of one row. `calm`: every scalar was ordinary and no F moved. */
static ssm_status update_row(run *r, size_t t, const double *y, int *calm)
{
    ssmi_kalman_filter *f = r->f;
    const size_t p = f->system.p;
    for (size_t i = 0; i < p; i++) f->F_before[i] = f->row[i].F;
    f->form->update(f, y);
    *calm = 1;
    for (size_t i = 0; i < p; i++) {
        const ssmi_innovation *in = f->row + i;
        if (in->kind != SSMI_KALMAN_MISSING) SSMI_TRY(check_finite(r, t, y[i], in));
        *calm &= in->kind == SSMI_KALMAN_ORDINARY && fabs(in->F - f->F_before[i]) <= r->tolerance * in->F;
        account(r, in);
    }
    return SSM_OK;
}

int ssmi_kalman_settled(const double *X, const double *before, double tolerance, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) {
            const double change = X[i + j * n] - before[i + j * n];
            if (change * change > tolerance * tolerance * X[i + i * n] * X[j + j * n]) return 0;
        }
    }
    return 1;
}

void ssmi_kalman_run_watch(run *r, size_t t, int calm)
{
    ssmi_kalman_filter *f = r->f;
    const size_t n = f->system.n;
    if (r->watching) {
        r->watching = 0;
        f->form->covariance(f);
        r->steady = calm && ssmi_kalman_settled(f->state.P, f->before, r->tolerance, n);
        r->test_after = t + rows_between_tests;
    } else if (calm && t >= r->test_after && f->state.n_diffuse == 0) {
        f->form->covariance(f);
        memcpy(f->before, f->state.P, n * n * sizeof(double));
        r->watching = 1;
    }
}

static ssm_status take(run *r, size_t t, const double *y, int *calm)
{
    ssmi_kalman_system_at(&r->f->system, t);
    record_before(r, t);
    SSMI_TRY(update_row(r, t, y, calm));
    record_after(r, t);
    return SSM_OK;
}

ssm_status ssmi_kalman_run_take(run *r, size_t t, const double *y)
{
    int calm;
    return take(r, t, y, &calm);
}

static ssm_status full_row(run *r, size_t t, const double *y)
{
    int calm;
    SSMI_TRY(take(r, t, y, &calm));
    r->f->form->predict(r->f);
    if (r->tolerance >= 0.0) ssmi_kalman_run_watch(r, t, calm);
    return SSM_OK;
}

/* A row in the steady state: P, M and F stay as they are. */
static ssm_status steady_row(run *r, size_t t, const ssmi_observation *observed)
{
    ssmi_kalman_filter *f = r->f;
    const size_t n = f->system.n, p = f->system.p;
    record_before(r, t);
    for (size_t i = 0; i < p; i++) {
        ssmi_innovation *in = f->row + i;
        in->v = observed->y[i] - ssmi_rows_dot(observed->Z, i, f->state.a);
        SSMI_TRY(check_finite(r, t, observed->y[i], in));
        const double step = in->v / in->F, *M = f->M + i * n;
        for (size_t k = 0; k < n; k++) f->state.a[k] += M[k] * step;
        account(r, in);
    }
    record_after(r, t);
    ssmi_kalman_predict_mean(&f->state, &f->system.T, f->system.c);
    r->summary.n_steady++;
    return SSM_OK;
}

ssm_status ssmi_kalman_run_row(run *r, size_t t, const double *y)
{
    ssmi_kalman_filter *f = r->f;
    if (f->extra != NULL) {
        ssmi_kalman_system_at(&f->system, t);
        ssmi_kalman_marginal_row(f->extra, &f->system, y);
    }
    if (r->steady) {
        ssmi_kalman_system_at(&f->system, t);
        const ssmi_observation observed = ssmi_kalman_observe(&f->system, y);
        if (observed.n_missing == 0) return steady_row(r, t, &observed);
        r->steady = 0;
    }
    return full_row(r, t, y);
}

/* Maximum over a common factor of the variances: its value and the likelihood there. Diffuse observations do
 * not depend on it. */
static double concentrate(run *r)
{
    const double N = (double)(r->summary.n_observed - r->summary.n_diffuse - r->summary.n_certain);
    const double squares = r->squares.sum + r->squares.lost;
    r->summary.scale = N > 0.0 ? squares / N : 1.0;
    if (!(r->summary.scale > 0.0)) return INFINITY; /* fitted exactly: the likelihood has no bound */
    return ssmi_loglik_value(&r->sum) - 0.5 * N * (1.0 + log(r->summary.scale));
}

/* The whole log-likelihood; NaN when it cannot be told. */
static double total(run *r)
{
    const double sum = r->concentrate ? concentrate(r) : ssmi_loglik_value(&r->sum);
    if (r->impossible) return -INFINITY;
    if (r->convention != SSM_LOGLIK_MARGINAL) return sum;
    return r->f->extra != NULL ? sum + ssmi_kalman_marginal_term(r->f->extra) : NAN;
}

/* "0, 1, 4": the states that take part in what is open, the first few of them. */
static void list_open(char *text, size_t size, const ssmi_kalman_state *s)
{
    size_t used = 0, listed = 0;
    text[0] = '\0';
    for (size_t k = 0; k < s->n && listed <= most_listed; k++) {
        double part = 0.0;
        for (size_t j = 0; j < s->n_diffuse; j++) part += s->A[k + j * s->n] * s->A[k + j * s->n];
        if (!(part > 1e-20 * s->reach[k] * s->reach[k])) continue;
        const char *before = listed > 0 ? ", " : "";
        if (listed++ == most_listed)
            snprintf(text + used, size - used, " ...");
        else
            used += (size_t)snprintf(text + used, size - used, "%s%zu", before, k);
    }
}

ssm_status ssmi_kalman_require_known(const ssmi_kalman_filter *f)
{
    const size_t open = f->state.n_diffuse;
    char states[128];
    if (open == 0) return SSM_OK;
    list_open(states, sizeof states, &f->state);
    return ssmi_fail(f->ctx, SSM_E_DATA,
                     "the data do not fix %zu direction%s of the diffuse start; open among the states: %s",
                     open, open == 1 ? "" : "s", states);
}

ssm_status ssmi_kalman_run_finish(run *r, size_t length)
{
    ssmi_kalman_filter *f = r->f;
    f->form->covariance(f); /* the state is valid from here on */
    record_before(r, length);
    r->summary.n_diffuse_left = f->state.n_diffuse;
    r->summary.n_fallback = f->n_fallback;
    r->summary.scale = 1.0;
    r->summary.loglik = total(r);
    if (r->convention == SSM_LOGLIK_MARGINAL && f->extra == NULL)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "the marginal likelihood is known to the filter alone");
    if (r->convention == SSM_LOGLIK_MARGINAL && f->state.n_diffuse > 0)
        return ssmi_fail(f->ctx, SSM_E_DATA,
                         "the marginal likelihood needs data that fix all diffuse states; %zu are open",
                         f->state.n_diffuse);
    if (isnan(r->summary.loglik))
        return ssmi_fail(f->ctx, SSM_E_NUMERIC, "the log-likelihood is not a number");
    const size_t n = f->system.n; /* without an observation no row would have told */
    if (!(ssmi_max_abs(f->state.a, n) <= DBL_MAX) || !(ssmi_max_abs(f->state.P, n * n) <= DBL_MAX))
        return ssmi_fail(f->ctx, SSM_E_NUMERIC, "the state is no longer finite after row %zu", length);
    return SSM_OK;
}

ssm_status ssmi_kalman_filter_run(ssmi_kalman_filter *f, const double *y, size_t length,
                                  const ssm_kalman_options *options, const ssmi_kalman_record *record,
                                  ssm_kalman_summary *summary)
{
    run r;
    ssmi_kalman_run_start(&r, f, options, record);
    for (size_t t = 0; t < length; t++) {
        if (record == NULL) t = ssmi_kalman_lean_rows(&r, t, y, length);
        if (t < length) SSMI_TRY(ssmi_kalman_run_row(&r, t, y + t * f->system.p));
    }
    SSMI_TRY(ssmi_kalman_run_finish(&r, length));
    *summary = r.summary;
    return SSM_OK;
}
