/* What the nonlinear filters do with values that fit badly, and with calls that are wrong. */
#include "base/counting.h"
#include "kalman/pendulum.h"

static ssm_status stay(void *user, size_t t, const double *x, double *next, double *F)
{
    (void)user, (void)t;
    next[0] = x[0];
    if (F != NULL) F[0] = 1;
    return SSM_OK;
}

/* ---- gate and weights, on a local level ---- */

enum { level_rows = 100 };
static const double level_Q = 1469.1, level_H = 15099, level_P1 = 1e6, level_a1 = 1000;

static ssm_nonlinear level_model(void)
{
    return (ssm_nonlinear){.n = 1,
                           .p = 1,
                           .transition = stay,
                           .observation = stay,
                           .Q = {&level_Q, 0},
                           .H = {&level_H, 0},
                           .a1 = &level_a1,
                           .P1 = &level_P1};
}

static void gated_values_are_named_and_count_as_missing(void **state)
{
    (void)state;
    static const size_t bad[2] = {30, 77};
    double y[MOST_ROWS], a[2][level_rows + 1];
    ssm_nonlinear_point point[level_rows];
    ssm_nonlinear_summary summary;
    const ssm_nonlinear model = level_model();
    const ssm_nonlinear_options options = {.gate = 5};
    ssm_context *ctx = open_context();
    read_nile(y);
    y[bad[0]] = 3000;
    y[bad[1]] = -800;
    const ssm_nonlinear_output out = {.a = a[0], .point = point}, again = {.a = a[1]};
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, y, level_rows, &options, &out, &summary), SSM_OK);
    assert_int_equal(summary.n_gated, 2);
    for (size_t t = 0; t < level_rows; t++) {
        const int expected = t == bad[0] || t == bad[1];
        assert_int_equal(point[t].gated, expected);
        assert_true(point[t].weight == (expected ? 0.0 : 1.0));
        assert_close(point[t].innovation, y[t] - a[0][t], 1e-12);
    }
    y[bad[0]] = y[bad[1]] = NAN;
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, y, level_rows, &options, &again, &summary), SSM_OK);
    assert_memory_equal(a[0], a[1], sizeof a[0]);
    assert_int_equal(summary.n_missing, 2);
    ssm_context_free(ctx);
}

/* The fixed points, in the formulas of the papers: Huber bounds the residual at k, Student's weight is the
 * expectation of the precision given the posterior. */
static void robust_weights_satisfy_their_equations(void **state)
{
    (void)state;
    const ssm_nonlinear model = level_model();
    static const double residual[] = {10, -150, 400, -2500, 20000};
    for (size_t k = 0; k < sizeof residual / sizeof *residual; k++) {
        for (int robust = SSM_ROBUST_HUBER; robust <= SSM_ROBUST_STUDENT; robust++) {
            const ssm_nonlinear_options options = {.robust = (ssm_robust)robust};
            const double y = level_a1 + residual[k];
            double a, P;
            ssm_nonlinear_point point;
            ssm_nonlinear_state *s = NULL;
            ssm_context *ctx = open_context();
            assert_int_equal(ssm_nonlinear_new(ctx, &model, &options, &s), SSM_OK);
            assert_int_equal(ssm_nonlinear_update(s, &y, &point), SSM_OK);
            ssm_nonlinear_get(s, &a, &P);
            const double rest = y - a, size = fabs(rest) / sqrt(level_H), w = point.weight;
            assert_close(P, 1 / (1 / level_P1 + w / level_H), 1e-10); /* precisions add */
            if (robust == SSM_ROBUST_STUDENT)
                assert_close(w, 5 / (4 + (rest * rest + P) / level_H), 1e-8);
            else if (w < 1)
                assert_close(w, 1.345 / size, 1e-9);
            else
                assert_true(size <= 1.345);
            ssm_nonlinear_free(s);
            ssm_context_free(ctx);
        }
    }
}

static void robust_filters_are_moved_less_by_outliers(void **state)
{
    (void)state;
    double y[MOST_ROWS], clean[level_rows], a[level_rows], worst[3] = {0};
    const ssm_nonlinear model = level_model();
    ssm_context *ctx = open_context();
    read_nile(y);
    const ssm_nonlinear_output first = {.a_filtered = clean}, out = {.a_filtered = a};
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, y, level_rows, NULL, &first, NULL), SSM_OK);
    y[30] = 3000;
    y[77] = -800;
    for (int robust = SSM_ROBUST_NONE; robust <= SSM_ROBUST_STUDENT; robust++) {
        const ssm_nonlinear_options options = {.robust = (ssm_robust)robust};
        ssm_nonlinear_summary summary;
        assert_int_equal(ssm_nonlinear_filter(ctx, &model, y, level_rows, &options, &out, &summary), SSM_OK);
        worst[robust] = fmax(fabs(a[30] - clean[30]), fabs(a[77] - clean[77]));
        assert_int_equal(summary.n_weighted > 0, robust != SSM_ROBUST_NONE);
    }
    ssm_context_free(ctx);
    assert_true(worst[1] < 0.25 * worst[0] && worst[2] < 0.25 * worst[0]);
}

/* ---- what goes wrong ---- */

static ssm_status fail_at_three(void *user, size_t t, const double *x, double *next, double *F)
{
    (void)user;
    if (F != NULL) F[0] = 1;
    next[0] = t == 3 ? NAN : x[0];
    return t == 5 ? SSM_E_CANCELLED : SSM_OK;
}

static void failures_leave_the_state_as_it_was(void **state)
{
    (void)state;
    ssm_nonlinear model = level_model();
    const double y = 900, bad = INFINITY;
    double a, after, P, P_after;
    ssm_nonlinear_state *s = NULL;
    ssm_context *ctx = open_context();
    model.transition = fail_at_three;
    assert_int_equal(ssm_nonlinear_new(ctx, &model, NULL, &s), SSM_OK);
    for (size_t t = 0; t < 3; t++) {
        assert_int_equal(ssm_nonlinear_update(s, &y, NULL), SSM_OK);
        assert_int_equal(ssm_nonlinear_predict(s), SSM_OK);
    }
    ssm_nonlinear_get(s, &a, &P);
    assert_int_equal(ssm_nonlinear_update(s, &bad, NULL), SSM_E_DATA);
    assert_int_equal(ssm_nonlinear_predict(s), SSM_E_NUMERIC);
    ssm_nonlinear_get(s, &after, &P_after);
    assert_true(a == after && P == P_after);
    assert_non_null(strstr(ssm_context_message(ctx), "row 3: the transition function"));
    ssm_nonlinear_free(s);
    double series[10];
    for (size_t t = 0; t < 10; t++) series[t] = 900;
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, series, 10, NULL, NULL, NULL), SSM_E_NUMERIC);
    ssm_context_free(ctx);
}

static void wrong_calls_are_refused(void **state)
{
    (void)state;
    const double negative = -1, y = 3;
    static const ssm_nonlinear_options wrong[] = {
        {.method = (ssm_nonlinear_method)9},
        {.robust = (ssm_robust)7},
        {.gate = -1},
        {.gate = NAN},
        {.alpha = -1},
        {.alpha = 1, .kappa = -1},
        {.robust = SSM_ROBUST_HUBER, .robust_parameter = -2},
    };
    ssm_nonlinear model = level_model();
    ssm_context *ctx = open_context();
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        assert_int_equal(ssm_nonlinear_filter(ctx, &model, &y, 1, wrong + k, NULL, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_nonlinear_filter(ctx, NULL, &y, 1, NULL, NULL, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, NULL, 1, NULL, NULL, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, NULL, 0, NULL, NULL, NULL), SSM_OK);
    model.H.data = &negative;
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, &y, 1, NULL, NULL, NULL), SSM_E_DATA);
    model = level_model();
    model.P1 = &negative;
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, &y, 1, NULL, NULL, NULL), SSM_E_DATA);
    model = level_model();
    model.observation = NULL;
    assert_int_equal(ssm_nonlinear_filter(ctx, &model, &y, 1, NULL, NULL, NULL), SSM_E_ARGUMENT);
    ssm_nonlinear_free(NULL);
    ssm_context_free(ctx);
}

static void nothing_is_allocated_after_the_start(void **state)
{
    (void)state;
    counting memory = {0};
    const ssm_allocator allocator = counting_allocator(&memory);
    const ssm_nonlinear model = pendulum_model();
    for (int method = SSM_EKF; method <= SSM_UKF; method++) {
        const ssm_nonlinear_options options = {.method = (ssm_nonlinear_method)method, .gate = 4};
        ssm_nonlinear_state *s = NULL;
        ssm_context *ctx;
        assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
        assert_int_equal(ssm_nonlinear_new(ctx, &model, &options, &s), SSM_OK);
        const size_t calls = memory.calls;
        for (size_t t = 0; t < 50; t++) {
            const double y = sin((double)t);
            assert_int_equal(ssm_nonlinear_update(s, &y, NULL), SSM_OK);
            assert_int_equal(ssm_nonlinear_predict(s), SSM_OK);
        }
        assert_int_equal(memory.calls, calls);
        ssm_nonlinear_free(s);
        ssm_context_free(ctx);
    }
    assert_int_equal(memory.blocks_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gated_values_are_named_and_count_as_missing),
        cmocka_unit_test(robust_weights_satisfy_their_equations),
        cmocka_unit_test(robust_filters_are_moved_less_by_outliers),
        cmocka_unit_test(failures_leave_the_state_as_it_was),
        cmocka_unit_test(wrong_calls_are_refused),
        cmocka_unit_test(nothing_is_allocated_after_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
