/* Maximum likelihood where something is in the way: bad starts, points without a likelihood, an optimiser
 * that gives up, data that fit exactly, memory that runs out. */
#include "base/counting.h"
#include "kalman/cases.h"

typedef struct level {
    small_model m;
    double forbidden_above; /* of H: there is no model there */
    ssm_status refusal;
} level;

static ssm_status set_level(void *user, const double *x)
{
    level *l = user;
    if (x[0] > l->forbidden_above) return l->refusal;
    l->m.H[0] = x[0];
    l->m.Q[0] = x[1];
    return SSM_OK;
}

static void slope_level(void *user, const double *x, const ssm_kalman_score *score, double *gradient)
{
    (void)user, (void)x;
    gradient[0] = score->H[0];
    gradient[1] = score->Q[0];
}

static void open_level(level *l, double *y)
{
    *l = (level){.forbidden_above = INFINITY, .refusal = SSM_E_NUMERIC};
    read_nile(y);
    local_level(&l->m, 1, 1);
}

static ssm_status fit(level *l, const ssm_parameter *parameter, const double *y, size_t length,
                      const ssm_estimate_options *options, double *x, ssm_estimate_summary *summary)
{
    const ssm_estimation task = {.n = 2,
                                 .parameter = parameter,
                                 .model = &l->m.model,
                                 .set = set_level,
                                 .gradient = slope_level,
                                 .user = l};
    ssm_context *ctx = open_context();
    const ssm_status status =
        ssm_estimate(ctx, &task, y, length, options, &(ssm_estimate_output){.x = x}, summary);
    if (status != SSM_OK) assert_true(ssm_context_message(ctx)[0] != '\0');
    ssm_context_free(ctx);
    return status;
}

static const ssm_parameter from_1e4[2] = {{"irregular", SSM_VARIANCE, 1e4, 0, 0, 0},
                                          {"level", SSM_VARIANCE, 1e4, 0, 0, 0}};

static double loglik_of(const small_model *m, const double *y, size_t length)
{
    ssm_kalman_summary summary;
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_filter(ctx, &m->model, y, length, NULL, NULL, &summary), SSM_OK);
    ssm_context_free(ctx);
    return summary.loglik;
}

static void giving_up_returns_the_best_point_and_says_so(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2] = {0, 0};
    level l;
    ssm_estimate_summary summary;
    open_level(&l, y);
    l.m.H[0] = l.m.Q[0] = 1e4;
    const double start = loglik_of(&l.m, y, 100);
    const ssm_estimate_options options = {.most_evaluations = 3};
    assert_int_equal(fit(&l, from_1e4, y, 100, &options, x, &summary), SSM_E_CONVERGENCE);
    assert_true(!summary.converged && x[0] > 0 && x[1] > 0 && summary.loglik >= start);
    l.m.H[0] = x[0];
    l.m.Q[0] = x[1];
    assert_close(loglik_of(&l.m, y, 100), summary.loglik, 1e-13);
}

static void points_without_a_model_are_gone_around(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2];
    level l;
    ssm_estimate_summary summary;
    open_level(&l, y);
    l.forbidden_above = 1.6e4; /* the maximum is at 1.51e4 */
    assert_int_equal(fit(&l, from_1e4, y, 100, NULL, x, &summary), SSM_OK);
    assert_close(x[0], 15098.5, 1e-4);
    assert_close(x[1], 1469.2, 1e-3);
}

static void no_start_with_a_likelihood_is_an_error(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2] = {-7, -7};
    level l;
    open_level(&l, y);
    l.forbidden_above = 0;
    assert_int_equal(fit(&l, from_1e4, y, 100, NULL, x, NULL), SSM_E_NUMERIC);
    l.refusal = SSM_E_CANCELLED; /* ends the search at once, and is handed on */
    assert_int_equal(fit(&l, from_1e4, y, 100, NULL, x, NULL), SSM_E_CANCELLED);
    assert_true(x[0] == -7 && x[1] == -7);
}

/* A likelihood of minus infinity, where the data contradict the model, is a place to leave. */
static void singular_likelihoods_are_survived(void **state)
{
    (void)state;
    const double y[6] = {1, 1, 1, 1, 1, 5};
    double x[2];
    level l;
    ssm_estimate_summary summary;
    open_level(&l, (double[MOST_ROWS]){0});
    assert_int_equal(fit(&l, from_1e4, y, 6, NULL, x, &summary), SSM_OK);
    assert_true(isfinite(summary.loglik) && x[0] >= 0 && x[1] >= 0 && x[0] + x[1] > 0);
    /* neither variance may be zero and the other too: the last value would be impossible */
    l.m.H[0] = l.m.Q[0] = 0;
    assert_true(isinf(loglik_of(&l.m, y, 6)));
}

/* Constant and all-zero series fit exactly; the likelihood has no bound, the variances go down, and what is
 * returned is finite. */
static void constant_series_end_in_finite_numbers(void **state)
{
    (void)state;
    for (int zero = 0; zero < 2; zero++) {
        double y[50], x[2];
        level l;
        ssm_estimate_summary summary;
        open_level(&l, (double[MOST_ROWS]){0});
        for (size_t t = 0; t < 50; t++) y[t] = zero ? 0.0 : 7.25;
        const ssm_status status = fit(&l, from_1e4, y, 50, NULL, x, &summary);
        assert_true(status == SSM_OK || status == SSM_E_CONVERGENCE);
        assert_true(isfinite(summary.loglik) && x[0] >= 0 && x[1] >= 0 && x[0] + x[1] < 1e-6);
        l.m.H[0] = x[0];
        l.m.Q[0] = x[1];
        double alpha[50], V[50];
        ssm_context *ctx = open_context();
        const ssm_kalman_smooth_output out = {.alpha = alpha, .V = V};
        assert_int_equal(ssm_kalman_smooth(ctx, &l.m.model, y, 50, NULL, &out), SSM_OK);
        ssm_context_free(ctx);
        for (size_t t = 0; t < 50; t++)
            assert_true(fabs(alpha[t] - y[t]) <= 1e-12 && V[t] >= 0 && V[t] < 1e-6);
    }
}

static void several_starts_find_what_one_misses_and_repeat(void **state)
{
    (void)state;
    static const ssm_parameter far[2] = {{"irregular", SSM_VARIANCE, 1e-3, 0, 0, 0},
                                         {"level", SSM_VARIANCE, 1e9, 0, 0, 0}};
    double y[MOST_ROWS], x[2][2];
    level l;
    ssm_estimate_summary summary[2];
    open_level(&l, y);
    for (int k = 0; k < 2; k++) {
        const ssm_estimate_options options = {.starts = 6};
        assert_int_equal(fit(&l, far, y, 100, &options, x[k], summary + k), SSM_OK);
    }
    assert_memory_equal(x[0], x[1], sizeof x[0]);
    assert_close(summary[0].loglik, -633.4645636362459, 1e-10);
    assert_true(summary[0].starts_agreeing >= 1);
    const ssm_estimate_options other = {.starts = 3, .stream = 99};
    assert_int_equal(fit(&l, from_1e4, y, 100, &other, x[1], summary + 1), SSM_OK);
    assert_int_equal(summary[1].starts_agreeing, 3);
}

/* An autoregression whose coefficient enters T alone: the score of T against differences, through the search.
 */
static ssm_status set_coefficient(void *user, const double *x)
{
    small_model *m = user;
    m->T[0] = x[0];
    m->Q[0] = x[1];
    return SSM_OK;
}

static void slope_coefficient(void *user, const double *x, const ssm_kalman_score *score, double *gradient)
{
    (void)user, (void)x;
    gradient[0] = score->T[0];
    gradient[1] = score->Q[0];
}

static void score_of_the_transition_serves_the_search(void **state)
{
    (void)state;
    static const ssm_parameter parameter[2] = {{"phi", SSM_INTERVAL, 0.5, -1.5, 1.5, 0},
                                               {"shock", SSM_VARIANCE, 1e4, 0, 0, 0}};
    double y[MOST_ROWS], x[2][2];
    size_t evaluations[2];
    read_nile(y);
    for (size_t t = 0; t < 100; t++) y[t] -= 919.35;
    for (int with_slope = 0; with_slope < 2; with_slope++) {
        small_model m;
        local_level(&m, 5000, 1);
        m.P1inf[0] = 0.0;
        m.P1[0] = 1e4;
        const ssm_estimation task = {.n = 2,
                                     .parameter = parameter,
                                     .model = &m.model,
                                     .set = set_coefficient,
                                     .gradient = with_slope ? slope_coefficient : NULL,
                                     .score_of_T = 1,
                                     .user = &m};
        ssm_estimate_summary summary;
        ssm_context *ctx = open_context();
        assert_int_equal(
            ssm_estimate(ctx, &task, y, 100, NULL, &(ssm_estimate_output){.x = x[with_slope]}, &summary),
            SSM_OK);
        ssm_context_free(ctx);
        evaluations[with_slope] = summary.evaluations;
    }
    assert_close(x[1][0], x[0][0], 1e-4);
    assert_close(x[1][1], x[0][1], 1e-4);
    assert_true(evaluations[1] < evaluations[0]);
}

/* Two sensors of nothing: the maximum is at the mean of y y', and the slope of the covariance is the score of
 * two elements of H. */
typedef struct pair {
    double Z[2], H[4], T;
    ssm_statespace model;
} pair;

static ssm_status set_pair(void *user, const double *x)
{
    pair *m = user;
    m->H[0] = x[0];
    m->H[3] = x[1];
    m->H[1] = m->H[2] = x[2] * sqrt(x[0] * x[1]);
    return SSM_OK;
}

static void slope_pair(void *user, const double *x, const ssm_kalman_score *score, double *gradient)
{
    (void)user;
    const double *H = score->H, root = sqrt(x[0] * x[1]);
    gradient[0] = H[0] + (H[1] + H[2]) * 0.5 * x[2] * root / x[0];
    gradient[1] = H[3] + (H[1] + H[2]) * 0.5 * x[2] * root / x[1];
    gradient[2] = (H[1] + H[2]) * root;
}

static void score_of_correlated_errors_serves_the_search(void **state)
{
    (void)state;
    static const ssm_parameter parameter[3] = {{"first", SSM_VARIANCE, 1, 0, 0, 0},
                                               {"second", SSM_VARIANCE, 1, 0, 0, 0},
                                               {"correlation", SSM_INTERVAL, 0, -1, 1, 0}};
    double nile[MOST_ROWS], y[200], mean[3] = {0, 0, 0}, x[2][3];
    size_t evaluations[2];
    read_nile(nile);
    for (size_t t = 0; t < 100; t++) {
        y[2 * t] = (nile[t] - 919.35) / 100;
        y[2 * t + 1] = 0.7 * y[2 * t] + (nile[(7 * t) % 100] - 919.35) / 200;
        mean[0] += y[2 * t] * y[2 * t] / 100;
        mean[1] += y[2 * t + 1] * y[2 * t + 1] / 100;
        mean[2] += y[2 * t] * y[2 * t + 1] / 100;
    }
    mean[2] /= sqrt(mean[0] * mean[1]);
    for (int with_slope = 0; with_slope < 2; with_slope++) {
        pair m = {.H = {1, 0, 0, 1}, .T = 1};
        m.model = (ssm_statespace){.n = 1, .p = 2, .Z = {m.Z, 0}, .H = {m.H, 0}, .T = {&m.T, 0}};
        const ssm_estimation task = {.n = 3,
                                     .parameter = parameter,
                                     .model = &m.model,
                                     .set = set_pair,
                                     .gradient = with_slope ? slope_pair : NULL,
                                     .user = &m};
        ssm_estimate_summary summary;
        ssm_context *ctx = open_context();
        assert_int_equal(
            ssm_estimate(ctx, &task, y, 100, NULL, &(ssm_estimate_output){.x = x[with_slope]}, &summary),
            SSM_OK);
        ssm_context_free(ctx);
        evaluations[with_slope] = summary.evaluations;
        for (size_t k = 0; k < 3; k++) assert_close(x[with_slope][k], mean[k], 1e-4);
    }
    assert_true(evaluations[1] < evaluations[0]);
}

static void wrong_tasks_are_refused(void **state)
{
    (void)state;
    const double y[3] = {1, 2, 3};
    static const ssm_parameter zero[2] = {{"irregular", SSM_VARIANCE, 0, 0, 0, 0},
                                          {"level", SSM_VARIANCE, 1, 0, 0, 0}};
    level l;
    open_level(&l, (double[MOST_ROWS]){0});
    const ssm_estimation good = {
        .n = 2, .parameter = from_1e4, .model = &l.m.model, .set = set_level, .user = &l};
    ssm_estimation bad[4] = {good, good, good, good};
    bad[0].n = 0;
    bad[1].parameter = NULL;
    bad[2].set = NULL;
    bad[3].model = NULL;
    ssm_context *ctx = open_context();
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(ssm_estimate(ctx, bad + k, y, 3, NULL, NULL, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_estimate(ctx, &good, NULL, 3, NULL, NULL, NULL), SSM_E_ARGUMENT);
    bad[0] = good;
    bad[0].parameter = zero;
    assert_int_equal(ssm_estimate(ctx, bad, y, 3, NULL, NULL, NULL), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(ctx), "\"irregular\""));
    const ssm_estimate_options negative = {.precision = -1};
    assert_int_equal(ssm_estimate(ctx, &good, y, 3, &negative, NULL, NULL), SSM_E_ARGUMENT);
    ssm_context_free(ctx);
}

static void memory_that_runs_out_is_an_ordinary_error(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2] = {-7, -7};
    for (size_t fail_at = 2;; fail_at++) {
        level l;
        counting memory = {.fail_at = fail_at};
        const ssm_allocator allocator = counting_allocator(&memory);
        ssm_context *ctx;
        open_level(&l, y);
        if (ssm_context_new(&allocator, &ctx) != SSM_OK) continue;
        const ssm_estimation task = {.n = 2,
                                     .parameter = from_1e4,
                                     .model = &l.m.model,
                                     .set = set_level,
                                     .gradient = slope_level,
                                     .user = &l};
        double se[2];
        const ssm_status status = ssm_estimate(ctx, &task, y, 100, &(ssm_estimate_options){.starts = 2},
                                               &(ssm_estimate_output){.x = x, .se = se}, NULL);
        ssm_context_free(ctx);
        assert_int_equal(memory.blocks_out, 0);
        if (status == SSM_OK) break;
        assert_int_equal(status, SSM_E_MEMORY);
        assert_true(x[0] == -7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(giving_up_returns_the_best_point_and_says_so),
        cmocka_unit_test(points_without_a_model_are_gone_around),
        cmocka_unit_test(no_start_with_a_likelihood_is_an_error),
        cmocka_unit_test(singular_likelihoods_are_survived),
        cmocka_unit_test(constant_series_end_in_finite_numbers),
        cmocka_unit_test(several_starts_find_what_one_misses_and_repeat),
        cmocka_unit_test(score_of_the_transition_serves_the_search),
        cmocka_unit_test(score_of_correlated_errors_serves_the_search),
        cmocka_unit_test(wrong_tasks_are_refused),
        cmocka_unit_test(memory_that_runs_out_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
