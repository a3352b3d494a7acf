/* Maximum likelihood for a model of the caller's: starts, boundaries, what is reported.
 *
 *     climb from each start; keep the best
 *     as long as a variance of zero is not worse than the one found: set it to zero, climb again with the
 * rest A log variance never reaches zero, it only creeps towards -infinity while nothing is gained; asking
 * the likelihood at zero itself ends that, and tells the user.
 *
 * Known value: Nile, local level: 15098.52, 1469.18, log-likelihood -633.464561. */
#include "kalman/estimate_search.h"

#include "base/random.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static const double agreement = 0.01; /* of log-likelihoods: the same maximum */

static ssm_status check_task(ssm_context *ctx, const ssm_estimation *task, const double *y, size_t length,
                             const ssm_estimate_options *options)
{
    if (task == NULL || task->parameter == NULL || task->model == NULL || task->set == NULL ||
        (y == NULL && length > 0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT,
                         "a fit needs parameters, a model, a function that sets it, and data");
    if (task->n == 0 || task->n > 1000)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "a fit has between 1 and 1000 parameters, not %zu", task->n);
    if (options != NULL && !(options->precision >= 0.0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "the precision of a fit must be positive");
    return ssmi_transform_check(ctx, task->parameter, task->n);
}

static ssm_status open_search(ssmi_estimate_search *s, ssm_context *ctx, const ssm_estimation *task,
                              const double *y, size_t length, const ssm_estimate_options *options,
                              ssm_arena *arena)
{
    *s = (ssmi_estimate_search){.ctx = ctx, .task = task, .y = y, .length = length, .n = task->n};
    if (options != NULL) s->options = *options;
    if (s->options.starts == 0) s->options.starts = 1;
    if (s->options.precision == 0.0) s->options.precision = 1e-9;
    if (s->options.most_evaluations == 0) s->options.most_evaluations = 1000;
    if (s->options.most_evaluations > 1000000) s->options.most_evaluations = 1000000;
    SSMI_TRY(ssmi_estimate_open(s, arena));
    double *start = SSMI_ALLOC(arena, double, task->n);
    if (start == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < task->n; k++) start[k] = task->parameter[k].start;
    SSMI_TRY(ssm_transform_invert(ctx, task->parameter, task->n, start, s->theta));
    for (size_t k = 0; k < task->n; k++) {
        ssmi_transform_bounds(task->parameter + k, s->theta[k], s->low + k, s->high + k);
        s->free[s->n_free++] = k;
    }
    return SSM_OK;
}

/* Start number `k`: the caller's, or it with every theta moved. */
static ssm_status set_start(const ssmi_estimate_search *s, size_t k, const double *first, double *theta,
                            ssm_arena *arena)
{
    memcpy(theta, first, s->n * sizeof *theta);
    if (k == 0) return SSM_OK;
    const ssmi_mark mark = ssmi_arena_mark(arena);
    gsl_rng *rng = ssmi_random_stream(arena, s->options.stream + k);
    if (rng == NULL) return SSM_E_MEMORY;
    for (size_t j = 0; j < s->n; j++) {
        const double wide = s->task->parameter[j].transform == SSM_VARIANCE ? 2.0 : 1.0;
        theta[j] += wide * gsl_ran_gaussian_ziggurat(rng, 1.0);
    }
    ssmi_arena_rewind(arena, mark);
    return SSM_OK;
}

static ssm_status climb_all(ssmi_estimate_search *s, int *converged, size_t *agreeing, ssm_arena *arena)
{
    const size_t starts = s->options.starts;
    double *first = SSMI_ALLOC(arena, double, s->n), *theta = SSMI_ALLOC(arena, double, s->n);
    double *end = SSMI_ALLOC(arena, double, starts);
    ssm_status failure = SSM_OK;
    if (first == NULL || theta == NULL || end == NULL) return SSM_E_MEMORY;
    memcpy(first, s->theta, s->n * sizeof *first);
    s->loglik = -INFINITY;
    for (size_t k = 0; k < starts; k++) {
        SSMI_TRY(set_start(s, k, first, theta, arena));
        const int done = ssmi_estimate_climb(s, theta, end + k);
        if (s->failure != SSM_OK) failure = s->failure;
        if (s->failure != SSM_OK && s->failure != SSM_E_DATA && s->failure != SSM_E_NUMERIC) return failure;
        if (!(end[k] > s->loglik)) continue;
        s->loglik = end[k];
        *converged = done;
        memcpy(s->theta, theta, s->n * sizeof *theta);
    }
    if (!isfinite(s->loglik))
        return ssmi_fail(s->ctx, failure == SSM_E_DATA ? SSM_E_DATA : SSM_E_NUMERIC,
                         "the likelihood is finite at no start of the search");
    *agreeing = 0;
    for (size_t k = 0; k < starts; k++) *agreeing += end[k] > s->loglik - agreement ? 1 : 0;
    return SSM_OK;
}

static void list_free(ssmi_estimate_search *s)
{
    s->n_free = 0;
    for (size_t k = 0; k < s->n; k++) {
        if (isfinite(s->theta[k])) s->free[s->n_free++] = k;
    }
}

/* Puts variances at zero where the likelihood is not worse there; climbs again when one moved. */
static void settle_boundaries(ssmi_estimate_search *s, double *theta, int *converged)
{
    for (int moved = 1; moved;) {
        moved = 0;
        for (size_t k = 0; k < s->n; k++) {
            if (s->task->parameter[k].transform != SSM_VARIANCE || !isfinite(s->theta[k])) continue;
            memcpy(theta, s->theta, s->n * sizeof *theta);
            theta[k] = -INFINITY;
            const double at_zero = ssmi_estimate_loglik(s, theta, NULL);
            if (!(at_zero >= s->loglik)) continue;
            s->theta[k] = -INFINITY;
            s->loglik = at_zero;
            moved = 1;
        }
        list_free(s);
        if (!moved || s->n_free == 0) return;
        double value;
        memcpy(theta, s->theta, s->n * sizeof *theta);
        const int done = ssmi_estimate_climb(s, theta, &value);
        if (!(value >= s->loglik)) continue;
        s->loglik = value;
        *converged = done;
        memcpy(s->theta, theta, s->n * sizeof *theta);
    }
}

typedef struct report {
    double *x, *covariance, *se_opg; /* (n), (n, n), (n) */
    int *boundary;                   /* (n) */
    ssm_estimate_summary summary;
} report;

static ssm_status make_report(ssmi_estimate_search *s, const ssm_estimate_output *out, report *r,
                              ssm_arena *arena)
{
    const size_t n = s->n;
    ssm_kalman_summary summary;
    r->x = SSMI_ALLOC(arena, double, n);
    r->se_opg = SSMI_ALLOC(arena, double, n);
    r->covariance = SSMI_ALLOC(arena, double, n *n);
    r->boundary = SSMI_ALLOC(arena, int, n);
    if (r->x == NULL || r->se_opg == NULL || r->covariance == NULL || r->boundary == NULL)
        return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++) {
        r->boundary[k] = !isfinite(s->theta[k]) ||
                         ssmi_transform_at_edge(s->task->parameter + k, s->theta[k], s->low[k], s->high[k]);
        r->summary.n_boundary += r->boundary[k] ? 1 : 0;
    }
    if (out->se != NULL || out->se_opg != NULL || out->covariance != NULL)
        SSMI_TRY(ssmi_estimate_errors(s, r->boundary, r->covariance, r->se_opg, arena));
    r->summary.loglik = ssmi_estimate_loglik(s, s->theta, &summary); /* leaves the model at the maximum */
    if (s->failure != SSM_OK) return s->failure;
    memcpy(r->x, s->x, n * sizeof(double));
    r->summary.scale = summary.scale;
    r->summary.evaluations = s->evaluations;
    return SSM_OK;
}

static void copy(double *to, const double *from, size_t count)
{
    if (to != NULL) memcpy(to, from, count * sizeof *to);
}

static void write_out(const ssmi_estimate_search *s, const report *r, const ssm_estimate_output *out)
{
    const size_t n = s->n;
    copy(out->x, r->x, n);
    copy(out->theta, s->theta, n);
    copy(out->covariance, r->covariance, n * n);
    copy(out->se_opg, r->se_opg, n);
    for (size_t k = 0; k < n; k++) {
        if (out->se != NULL) out->se[k] = sqrt(r->covariance[k + k * n]);
        if (out->boundary != NULL) out->boundary[k] = r->boundary[k];
    }
}

static ssm_status estimate(const ssm_estimation *task, const double *y, size_t length,
                           const ssm_estimate_options *options, const ssm_estimate_output *out,
                           ssm_estimate_summary *summary, ssm_arena *arena)
{
    ssmi_estimate_search s;
    report r = {0};
    SSMI_TRY(open_search(&s, arena->ctx, task, y, length, options, arena));
    double *theta = SSMI_ALLOC(arena, double, s.n);
    if (theta == NULL) return SSM_E_MEMORY;
    SSMI_TRY(climb_all(&s, &r.summary.converged, &r.summary.starts_agreeing, arena));
    settle_boundaries(&s, theta, &r.summary.converged);
    SSMI_TRY(make_report(&s, out, &r, arena));
    write_out(&s, &r, out);
    if (summary != NULL) *summary = r.summary;
    if (r.summary.converged) return SSM_OK;
    return ssmi_fail(arena->ctx, SSM_E_CONVERGENCE,
                     "the fit did not converge in %zu evaluations; the best point has log-likelihood %.10g",
                     r.summary.evaluations, r.summary.loglik);
}

ssm_status ssm_estimate(ssm_context *ctx, const ssm_estimation *task, const double *y, size_t length,
                        const ssm_estimate_options *options, const ssm_estimate_output *out,
                        ssm_estimate_summary *summary)
{
    const ssm_estimate_output nothing = {0};
    SSMI_TRY(check_task(ctx, task, y, length, options));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status =
        estimate(task, y, length, options, out != NULL ? out : &nothing, summary, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
