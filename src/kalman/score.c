/* The score (Koopman & Shephard 1992; Durbin & Koopman 2012, sec. 7.3.3): with r_t, N_t of the smoother,
 *
 *     d loglik / d Q  = 1/2 sum_t R' (r_t r_t' - N_t) R
 *     d loglik / d H  = 1/2 sum_t (u_t u_t' - D_t)          (through scalars: scaled_errors.c)
 *     d loglik / d P1 = 1/2 (r_0 r_0' - N_0)
 *     d loglik / d T  = sum_t (r_t alpha_t' - N_t T P_{t|t}),   alpha_t = a_{t|t} + P_{t|t} T' r_t
 * the last because it is Q^-1 times the smoothed product of eta_t and alpha_t. In the diffuse phase r0 and N0
 * take the place of r and N. When a common factor sigma^2 of the variances is concentrated out, u, D, r and N
 * come from the model without it, and products of two of u and r are divided by sigma^2. Once P has settled
 * the recursion for N is a fixed map too; when N stops moving, a row costs r only.
 *
 * Known value: at the maximum of the likelihood all of them are zero (Nile: 15098.5 and 1469.2). */
#include "kalman/score.h"

#include "core/dense.h"
#include <string.h>

enum { rows_between_tests = 8 };
static const double settled_tolerance = 1e-13;

/* The columns of the filtered variance that the places need, each once. */
static ssm_status choose_columns(ssmi_kalman_scorer *s, size_t n, ssm_arena *arena)
{
    size_t *column = SSMI_ALLOC(arena, size_t, n), count = 0;
    s->slot = SSMI_ALLOC(arena, size_t, s->n_places);
    if (column == NULL || s->slot == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < s->n_places; k++) {
        size_t j = 0;
        while (j < count && column[j] != s->place[k].column) j++;
        if (j == count) column[count++] = s->place[k].column;
        s->slot[k] = j;
    }
    s->record.column = column;
    s->record.n_columns = count;
    return SSM_OK;
}

ssm_status ssmi_kalman_scorer_init(ssmi_kalman_scorer *s, const ssm_statespace *model,
                                   const ssmi_kalman_motion *motion, size_t capacity, const ssmi_place *place,
                                   size_t n_places, ssm_arena *arena)
{
    const size_t n = model->n, p = model->p;
    *s = (ssmi_kalman_scorer){.capacity = capacity, .place = place, .n_places = n_places};
    SSMI_TRY(ssmi_kalman_filter_init(&s->filter, model, arena));
    if (!s->filter.system.constant)
        return ssmi_fail(arena->ctx, SSM_E_UNSUPPORTED,
                         "the score needs a model that does not depend on time");
    if (motion != NULL) ssmi_kalman_system_move(&s->filter.system, motion);
    SSMI_TRY(ssmi_kalman_backward_init(&s->back, n, arena));
    SSMI_TRY(ssmi_scaled_errors_init(&s->errors, n, p, arena));
    ssmi_kalman_record *r = &s->record;
    r->innovation = SSMI_ALLOC(arena, ssmi_innovation, p * capacity);
    r->M = SSMI_ALLOC(arena, double, n *p *capacity);
    r->Minf = model->P1inf != NULL ? SSMI_ALLOC(arena, double, n *p *capacity) : NULL;
    r->steady = SSMI_ALLOC(arena, unsigned char, capacity);
    r->a_filtered = n_places > 0 ? SSMI_ALLOC(arena, double, n *capacity) : NULL;
    SSMI_TRY(choose_columns(s, n, arena));
    r->P_columns = SSMI_ALLOC(arena, double, n * r->n_columns * capacity);
    s->Tp = SSMI_ALLOC(arena, double, 2 * n);
    s->before = SSMI_ALLOC(arena, double, n *n);
    if (r->innovation == NULL || r->M == NULL || r->steady == NULL || r->P_columns == NULL || s->Tp == NULL ||
        s->before == NULL || (model->P1inf != NULL && r->Minf == NULL) ||
        (n_places > 0 && r->a_filtered == NULL))
        return SSM_E_MEMORY;
    s->shock = s->Tp + n;
    return SSM_OK;
}

/* R' r of the rows after t. */
static const double *seen_by_shocks(ssmi_kalman_scorer *s)
{
    const ssm_statespace *m = s->filter.system.model;
    if (m->R.data == NULL) return s->back.r0;
    ssmi_matvec_t(s->shock, m->R.data, s->back.r0, m->n, m->r);
    return s->shock;
}

/* (R' N R)_ij */
static double shock_information(const ssmi_kalman_scorer *s, size_t i, size_t j)
{
    const ssm_statespace *m = s->filter.system.model;
    const size_t n = m->n;
    if (m->R.data == NULL) return s->back.N0[i + j * n];
    const double *Ri = m->R.data + i * n, *Rj = m->R.data + j * n;
    double sum = 0.0;
    for (size_t a = 0; a < n; a++) {
        if (Rj[a] != 0.0) sum += Rj[a] * ssmi_dot(Ri, s->back.N0 + a * n, n);
    }
    return sum;
}

/* Does the step after this row shock state j? */
static int is_shocked(const ssmi_kalman_system *system, size_t j)
{
    const ssmi_kalman_motion *motion = system->motion;
    if (motion == NULL || motion->alone == NULL || !motion->alone[j]) return 1;
    for (size_t e = 0; e < system->shock.count; e++) {
        if (system->shock.place[e] == j * (system->n + 1)) return 1;
    }
    return 0;
}

static void add_shocks(ssmi_kalman_scorer *s, const ssmi_kalman_slope *out)
{
    const size_t r = s->filter.system.model->r;
    if (out->Q == NULL && out->Qdiag == NULL) return;
    const double *x = seen_by_shocks(s);
    for (size_t j = 0; j < r; j++) {
        if (out->Qdiag != NULL && is_shocked(&s->filter.system, j))
            out->Qdiag[j] += 0.5 * (s->weight * x[j] * x[j] - shock_information(s, j, j));
        for (size_t i = 0; i < r && out->Q != NULL; i++)
            out->Q[i + j * r] += 0.5 * (s->weight * x[i] * x[j] - shock_information(s, i, j));
    }
}

static void add_transitions(ssmi_kalman_scorer *s, size_t t, const ssmi_kalman_slope *out)
{
    const size_t n = s->back.n;
    for (size_t k = 0; k < s->n_places && out->T != NULL; k++) {
        const size_t i = s->place[k].row, j = s->place[k].column;
        ssmi_rows_times(s->Tp, &s->filter.system.T,
                        s->record.P_columns + (t * s->record.n_columns + s->slot[k]) * n);
        const double alpha = s->record.a_filtered[t * n + j] + ssmi_dot(s->Tp, s->back.r0, n);
        out->T[k] += s->weight * s->back.r0[i] * alpha - ssmi_dot(s->back.N0 + i * n, s->Tp, n);
    }
}

/* What the row says of the variances of its errors; `variance`: W is of this row's scalars. */
static void add_errors(ssmi_kalman_scorer *s, const ssmi_kalman_slope *out, int variance)
{
    const ssmi_kalman_system *system = &s->filter.system;
    const size_t p = system->p;
    const double *w = s->errors.w, *W = s->errors.W;
    for (size_t i = 0; i < p && out->Hdiag != NULL; i++)
        out->Hdiag[i] += 0.5 * (s->weight * w[i] * w[i] - W[i + i * p]);
    if (out->H == NULL) return;
    if (system->correlated) ssmi_scaled_errors_restore(&s->errors, system->L, system->y, variance);
    for (size_t k = 0; k < p * p; k++) out->H[k] += 0.5 * (s->weight * w[k % p] * w[k / p] - W[k]);
}

/* A row before which N is a fixed point: W of its errors stays as it was on the row after. */
static void pass_settled(ssmi_kalman_scorer *s, size_t t, const ssmi_observation *observed)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    ssmi_kalman_backward_predict_mean(&s->back, &s->filter.system.Tt, 0);
    for (size_t i = p; i-- > 0;) {
        const size_t k = t * p + i;
        s->errors.w[i] = ssmi_kalman_backward_mean(&s->back, observed->Z, i, s->record.innovation + k,
                                                   s->record.M + k * n, NULL, 0);
    }
}

static void pass_full(ssmi_kalman_scorer *s, size_t t, const ssmi_observation *observed, int all_of_H)
{
    const size_t n = s->filter.system.n, p = s->filter.system.p;
    ssmi_kalman_backward_predict(&s->back, &s->filter.system.Tt, 0);
    for (size_t i = p; i-- > 0;) {
        const ssmi_innovation *in = s->record.innovation + t * p + i;
        const double *M = s->record.M + (t * p + i) * n;
        const double *Minf = s->record.Minf != NULL ? s->record.Minf + (t * p + i) * n : NULL;
        if (all_of_H) ssmi_scaled_errors_before(&s->errors, &s->back, i, in, M, Minf);
        const ssmi_smoothed_error e = ssmi_kalman_backward_update(&s->back, observed->Z, i, in, M, Minf, 0);
        if (all_of_H) {
            ssmi_scaled_errors_after(&s->errors, observed->Z, i, in, e);
        } else {
            s->errors.w[i] = e.u;
            s->errors.W[i + i * p] = e.D;
        }
    }
}

static void run_back(ssmi_kalman_scorer *s, const double *y, size_t length, const ssmi_kalman_slope *out)
{
    ssmi_kalman_system *system = &s->filter.system;
    const size_t n = system->n, p = system->p;
    int settled = 0;
    ssmi_kalman_backward_reset(&s->back);
    for (size_t t = length; t-- > 0;) {
        ssmi_kalman_system_at(system, t);
        const ssmi_observation observed = ssmi_kalman_observe(system, y + t * p);
        add_shocks(s, out);
        add_transitions(s, t, out);
        settled = settled && s->record.steady[t];
        const int test = !settled && s->record.steady[t] && t % rows_between_tests == 0;
        if (test) memcpy(s->before, s->back.N0, n * n * sizeof(double));
        if (settled)
            pass_settled(s, t, &observed);
        else
            pass_full(s, t, &observed, out->H != NULL);
        add_errors(s, out, !settled);
        settled = settled || (test && ssmi_kalman_settled(s->back.N0, s->before, settled_tolerance, n));
    }
}

static void clear(double *x, size_t count)
{
    if (x != NULL) memset(x, 0, count * sizeof(double));
}

ssm_status ssmi_kalman_scorer_run(ssmi_kalman_scorer *s, const double *y, size_t length,
                                  const ssm_kalman_options *options, ssm_kalman_summary *summary,
                                  const ssmi_kalman_slope *out)
{
    const ssm_statespace *m = s->filter.system.model;
    if (length > s->capacity) return ssmi_fail(s->filter.ctx, SSM_E_ARGUMENT, "series longer than announced");
    ssmi_kalman_filter_refresh(&s->filter);
    SSMI_TRY(ssmi_kalman_filter_run(&s->filter, y, length, options, &s->record, summary));
    s->weight = options != NULL && options->concentrate && summary->scale > 0.0 ? 1.0 / summary->scale : 1.0;
    clear(out->Hdiag, m->p);
    clear(out->H, m->p * m->p);
    clear(out->Q, m->r * m->r);
    clear(out->Qdiag, m->r);
    clear(out->T, s->n_places);
    run_back(s, y, length, out);
    for (size_t j = 0; j < m->n && out->P1 != NULL; j++) {
        for (size_t i = 0; i < m->n; i++) {
            out->P1[i + j * m->n] =
                0.5 * (s->weight * s->back.r0[i] * s->back.r0[j] - s->back.N0[i + j * m->n]);
        }
    }
    return SSM_OK;
}

/* ---- the public call ---- */

static ssm_status all_places(const ssm_statespace *model, ssmi_place **out, ssm_arena *arena)
{
    ssmi_place *place = SSMI_ALLOC(arena, ssmi_place, model->n * model->n);
    if (place == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < model->n * model->n; k++)
        place[k] = (ssmi_place){.row = k % model->n, .column = k / model->n};
    *out = place;
    return SSM_OK;
}

static ssm_status score(const ssm_statespace *model, const double *y, size_t length,
                        const ssm_kalman_options *options, double *loglik, const ssm_kalman_score *out,
                        ssm_arena *arena)
{
    ssmi_kalman_scorer s;
    ssm_kalman_summary summary;
    ssmi_place *place = NULL;
    if (out->T != NULL) SSMI_TRY(all_places(model, &place, arena));
    SSMI_TRY(ssmi_kalman_scorer_init(&s, model, NULL, length, place, out->T != NULL ? model->n * model->n : 0,
                                     arena));
    const ssmi_kalman_slope slope = {.H = out->H, .Q = out->Q, .P1 = out->P1, .T = out->T};
    SSMI_TRY(ssmi_kalman_scorer_run(&s, y, length, options, &summary, &slope));
    if (loglik != NULL) *loglik = summary.loglik;
    return SSM_OK;
}

ssm_status ssm_kalman_loglik_score(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                   size_t length, const ssm_kalman_options *options, double *loglik,
                                   const ssm_kalman_score *out)
{
    if (out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "the place for the score is missing");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = score(model, y, length, options, loglik, out, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
