/* The likelihood of a model of the caller's as a function of theta, its slope, and the climb.
 *
 *     d loglik / d theta = J' d loglik / d x,   J = dx / dtheta
 * with d loglik / dx from one smoother pass (Koopman & Shephard 1992) where the task knows how its matrices
 * depend on x; else d loglik / d theta by central differences. A variance of zero has theta = -infinity,
 * where J is zero, so it stays there. The marginal likelihood has a term that no smoother pass knows: its
 * slope is by differences.
 *
 * Known value: Nile, local level: -633.464561 at 15098.52 and 1469.18. */
#include "kalman/estimate_search.h"

#include "core/climb.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

static const double difference_step = 6e-6; /* about the cube root of epsilon */

static ssm_status open_places(const ssm_statespace *m, ssmi_place **out, size_t *count, ssm_arena *arena)
{
    *count = m->n * m->n;
    *out = SSMI_ALLOC(arena, ssmi_place, *count);
    if (*out == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < *count; k++) (*out)[k] = (ssmi_place){k % m->n, k / m->n};
    return SSM_OK;
}

static int is_constant(const ssm_statespace *m)
{
    return m->Z.stride == 0 && m->H.stride == 0 && m->T.stride == 0 && m->R.stride == 0 && m->Q.stride == 0;
}

static ssm_status open_score(ssmi_estimate_search *s, ssm_arena *arena)
{
    const ssm_statespace *m = s->task->model;
    const size_t n = m->n, p = m->p, r = m->r, with_T = s->task->score_of_T ? n * n : 0;
    ssmi_place *place = NULL;
    size_t places = 0;
    if (with_T > 0) SSMI_TRY(open_places(m, &place, &places, arena));
    SSMI_TRY(ssmi_kalman_scorer_init(&s->scorer, m, NULL, s->length, place, places, arena));
    s->score.H = SSMI_ALLOC(arena, double, p *p);
    s->score.Q = SSMI_ALLOC(arena, double, r *r);
    s->score.P1 = SSMI_ALLOC(arena, double, n *n);
    s->score.T = with_T > 0 ? SSMI_ALLOC(arena, double, with_T) : NULL;
    if (s->score.H == NULL || s->score.Q == NULL || s->score.P1 == NULL || (with_T > 0 && s->score.T == NULL))
        return SSM_E_MEMORY;
    s->slope = (ssmi_kalman_slope){.H = s->score.H, .Q = s->score.Q, .P1 = s->score.P1, .T = s->score.T};
    return SSM_OK;
}

static ssm_status open_filter(ssmi_estimate_search *s, ssm_arena *arena)
{
    const ssm_statespace *m = s->task->model;
    SSMI_TRY(ssmi_kalman_filter_init(&s->scorer.filter, m, arena));
    s->scorer.record.innovation = SSMI_ALLOC(arena, ssmi_innovation, m->p * s->length);
    return s->scorer.record.innovation != NULL ? SSM_OK : SSM_E_MEMORY;
}

ssm_status ssmi_estimate_open(ssmi_estimate_search *s, ssm_arena *arena)
{
    const size_t n = s->n;
    s->free = SSMI_ALLOC(arena, size_t, n);
    s->theta = SSMI_ALLOC(arena, double, n *(n + 16));
    if (s->free == NULL || s->theta == NULL) return SSM_E_MEMORY;
    s->low = s->theta + n;
    s->high = s->low + n;
    s->x = s->high + n;
    s->gx = s->x + n;
    s->at = s->gx + n;
    s->from = s->at + n;
    s->to = s->from + n;
    s->climb = s->to + n;
    s->scratch = s->climb + 5 * n;
    s->J = s->scratch + 3 * n;
    const int marginal = s->options.filter.convention == SSM_LOGLIK_MARGINAL;
    s->analytic = s->task->gradient != NULL && is_constant(s->task->model) && !marginal;
    if (s->analytic) return open_score(s, arena);
    SSMI_TRY(open_filter(s, arena));
    const ssm_kalman_options options = {.convention = s->options.filter.convention};
    return ssmi_kalman_filter_use(&s->scorer.filter, &options, arena);
}

/* A failure that is no property of the point. */
static int is_fatal(ssm_status status)
{
    return status != SSM_OK && status != SSM_E_DATA && status != SSM_E_NUMERIC;
}

/* Writes theta into the model. */
static ssm_status set_model(ssmi_estimate_search *s, const double *theta)
{
    ssmi_transform_apply(s->task->parameter, s->n, theta, s->x);
    for (size_t k = 0; k < s->n; k++) {
        if (!isfinite(s->x[k])) return SSM_E_NUMERIC;
    }
    const ssm_status status = s->task->set(s->task->user, s->x);
    if (!is_fatal(status)) return status;
    return ssmi_fail(s->ctx, status, "the function that sets the model ended the fit: %s",
                     ssm_status_text(status));
}

double ssmi_estimate_loglik(ssmi_estimate_search *s, const double *theta, ssm_kalman_summary *summary)
{
    ssmi_kalman_filter *f = &s->scorer.filter;
    ssm_kalman_summary ours;
    s->evaluations++;
    s->failure = set_model(s, theta);
    if (s->failure == SSM_OK) {
        ssmi_kalman_filter_refresh(f);
        if (f->extra != NULL && f->extra->rank != f->rank)
            s->failure =
                ssmi_fail(s->ctx, SSM_E_UNSUPPORTED,
                          "the marginal likelihood needs a diffuse start of the same rank everywhere");
    }
    if (s->failure == SSM_OK) {
        const ssmi_kalman_record record = {.innovation = s->scorer.record.innovation};
        s->failure = ssmi_kalman_filter_run(f, s->y, s->length, &s->options.filter, &record, &ours);
    }
    if (s->failure != SSM_OK) return -INFINITY;
    if (summary != NULL) *summary = ours;
    return isfinite(ours.loglik) ? ours.loglik : -INFINITY;
}

static void slope_by_differences(ssmi_estimate_search *s, const double *theta, double *gradient)
{
    double *point = s->to;
    memcpy(point, theta, s->n * sizeof *theta);
    for (size_t j = 0; j < s->n_free; j++) {
        const size_t k = s->free[j];
        const double step = difference_step * fmax(fabs(theta[k]), 1.0);
        point[k] = theta[k] + step;
        const double above = ssmi_estimate_loglik(s, point, NULL);
        point[k] = theta[k] - step;
        const double below = ssmi_estimate_loglik(s, point, NULL);
        point[k] = theta[k];
        gradient[j] = (above - below) / (2.0 * step);
    }
}

/* From the slopes of the matrices, which the scorer has left, to those of theta. */
static void gather(ssmi_estimate_search *s, const double *theta, double *gradient)
{
    const size_t n = s->n;
    s->task->gradient(s->task->user, s->x, &s->score, s->gx);
    ssmi_transform_slope(s->task->parameter, n, theta, s->J, s->scratch);
    for (size_t j = 0; j < s->n_free; j++) gradient[j] = ssmi_dot(s->J + s->free[j] * n, s->gx, n);
}

static double with_slope(ssmi_estimate_search *s, const double *theta, double *gradient)
{
    ssm_kalman_summary summary;
    s->evaluations++;
    s->failure = set_model(s, theta);
    if (s->failure == SSM_OK)
        s->failure =
            ssmi_kalman_scorer_run(&s->scorer, s->y, s->length, &s->options.filter, &summary, &s->slope);
    if (s->failure != SSM_OK || !isfinite(summary.loglik)) return -INFINITY;
    gather(s, theta, gradient);
    return summary.loglik;
}

static double objective(void *user, const double *free, double *gradient, int *stop)
{
    ssmi_estimate_search *s = user;
    double value;
    for (size_t j = 0; j < s->n_free; j++) s->at[s->free[j]] = free[j];
    if (gradient != NULL && s->analytic) {
        value = with_slope(s, s->at, gradient);
    } else {
        value = ssmi_estimate_loglik(s, s->at, NULL);
        if (gradient != NULL && isfinite(value)) slope_by_differences(s, s->at, gradient);
    }
    *stop = is_fatal(s->failure);
    return value;
}

int ssmi_estimate_climb(ssmi_estimate_search *s, double *theta, double *loglik)
{
    double *low = s->climb, *high = low + s->n;
    for (size_t j = 0; j < s->n_free; j++) {
        const size_t k = s->free[j];
        s->from[j] = theta[k];
        low[j] = s->low[k];
        high[j] = s->high[k];
    }
    memcpy(s->at, theta, s->n * sizeof *theta);
    const ssmi_climb_task task = {.n = s->n_free,
                                  .objective = objective,
                                  .user = s,
                                  .low = low,
                                  .high = high,
                                  .precision = s->options.precision,
                                  .most_evaluations = s->options.most_evaluations};
    const ssmi_climb_result result = ssmi_climb(s->from, &task, high + s->n);
    for (size_t j = 0; j < s->n_free; j++) theta[s->free[j]] = s->from[j];
    *loglik = result.value;
    if (result.stopped) return 0;
    s->failure = isfinite(result.value) ? SSM_OK : s->failure != SSM_OK ? s->failure : SSM_E_NUMERIC;
    return result.converged;
}
