#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trial.h"

static trial data;
static ssm_context *ctx;

static const ssm_entrant simple[] = {{.model = "naive"}, {.model = "seasonal_naive"}, {.model = "mean"}};
static const size_t horizons[] = {5, 24};

static int set_up(void **state)
{
    (void)state;
    trial_fill(&data);
    return ssm_context_new(NULL, &ctx) != SSM_OK;
}

static int tear_down(void **state)
{
    (void)state;
    ssm_context_free(ctx);
    return 0;
}

static ssm_backtest_plan plan_for(size_t n_series)
{
    return (ssm_backtest_plan){.panel = data.panel,
                               .n_series = n_series,
                               .entrant = simple,
                               .n_entrants = 3,
                               .horizon = horizons,
                               .n_horizons = 2,
                               .max_origins = 10};
}

static ssm_backtest *run(const ssm_backtest_plan *plan)
{
    ssm_backtest *b = NULL;
    ssm_status status = ssm_backtest_run(ctx, plan, &b);
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
    return b;
}

static double value_of(const ssm_backtest *b, size_t outcome, size_t horizon, const char *name)
{
    for (size_t m = 0; m < b->n_measures; m++) {
        if (strcmp(b->measure[m].name, name) == 0)
            return b->outcome[outcome].value[horizon * b->n_measures + m];
    }
    fail_msg("no measure %s", name);
    return NAN;
}

static void origins_end_with_the_last_row_and_visit_every_phase(void **state)
{
    ssm_backtest_plan plan = plan_for(1);
    ssm_backtest *b = run(&plan);
    (void)state;
    assert_int_equal(b->test_rows, TRIAL_ROWS / 5);
    assert_int_equal(b->n_origins, 10);
    assert_int_equal(b->step, 7); /* 72 rows of room over 9 steps give 8; 8 has a factor in common with 12 */
    assert_int_equal(ssm_backtest_origin(b, 0, 9) + 24, TRIAL_ROWS);
    assert_int_equal(ssm_backtest_origin(b, 0, 0), TRIAL_ROWS - 24 - 9 * 7);
    ssm_backtest_free(b);
}

static void the_known_best_model_wins_clearly(void **state)
{
    ssm_backtest_plan plan = plan_for(1);
    ssm_backtest *b = run(&plan);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(b->ranking[i].n, 3);
        assert_string_equal(b->outcome[b->ranking[i].order[0]].label, "seasonal_naive");
        assert_true(b->ranking[i].test[1].p_value < 0.01);
        assert_true(b->ranking[i].test[1].difference < 0);
        assert_int_equal(b->ranking[i].wins[0] + b->ranking[i].wins[1] + b->ranking[i].wins[2], 10);
    }
    ssm_backtest_free(b);
}

/* The naive forecast is the last value: everything about it can be computed by a double loop. */
static void scores_equal_a_direct_computation(void **state)
{
    ssm_backtest_plan plan = plan_for(3);
    ssm_backtest *b = run(&plan);
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        double mae = 0, mase = 0, square = 0, n = 0;
        for (size_t s = 0; s < 3; s++) {
            double scale = ssm_seasonal_scale(data.value[s], ssm_backtest_origin(b, s, 0), TRIAL_SEASON);
            for (size_t k = 0; k < b->n_origins; k++) {
                size_t origin = ssm_backtest_origin(b, s, k);
                for (size_t h = 0; h < horizons[i]; h++, n++) {
                    double error = data.value[s][origin + h] - data.value[s][origin - 1];
                    mae += fabs(error);
                    mase += fabs(error) / scale;
                    square += error * error;
                }
            }
        }
        assert_float_equal(value_of(b, 0, i, "mae"), mae / n, 1e-12 * mae / n);
        assert_float_equal(value_of(b, 0, i, "mase"), mase / n, 1e-12 * mase / n);
        assert_float_equal(value_of(b, 0, i, "rmse"), sqrt(square / n), 1e-12 * sqrt(square / n));
    }
    ssm_backtest_free(b);
}

static void steps_and_origins_average_to_the_horizon(void **state)
{
    ssm_backtest_plan plan = plan_for(2);
    ssm_backtest *b = run(&plan);
    (void)state;
    for (size_t o = 0; o < b->n_outcomes; o++) {
        double by_step = 0, by_origin = 0;
        for (size_t h = 0; h < 24; h++) by_step += b->outcome[o].step_value[b->ranked_by * 24 + h] / 24;
        for (size_t k = 0; k < b->n_origins; k++) {
            by_origin += b->outcome[o].loss[b->n_origins + k] / (double)b->n_origins;
        }
        assert_float_equal(by_step, value_of(b, o, 1, "mase"), 1e-12);
        assert_float_equal(by_origin, value_of(b, o, 1, "mase"), 1e-12);
    }
    ssm_backtest_free(b);
}

static void refit_changes_what_is_learned_and_counts_its_fits(void **state)
{
    ssm_backtest_plan plan = plan_for(1);
    ssm_backtest *once = run(&plan);
    plan.refit = 1;
    ssm_backtest *anew = run(&plan);
    (void)state;
    assert_int_equal(once->outcome[2].cost.n_fits, 1);
    assert_int_equal(anew->outcome[2].cost.n_fits, 10);
    assert_int_equal(anew->outcome[2].cost.n_forecasts, 10);
    /* intervals come from the fit, and the fit saw other rows */
    assert_true(value_of(once, 2, 1, "width_80") != value_of(anew, 2, 1, "width_80"));
    ssm_backtest_free(once);
    ssm_backtest_free(anew);
}

static void a_failing_model_is_listed_and_the_others_go_on(void **state)
{
    static const ssm_setting bad = {"no_such_option", "1"};
    static const ssm_entrant entrants[] = {
        {.model = "naive", .label = "broken", .n_settings = 1, .setting = &bad},
        {.model = "no_such_model"},
        {.model = "mean"}};
    ssm_backtest_plan plan = plan_for(1);
    plan.entrant = entrants;
    ssm_backtest *b = run(&plan);
    (void)state;
    assert_int_equal(b->outcome[0].status, SSM_E_ARGUMENT);
    assert_non_null(strstr(b->outcome[0].message, "no_such_option"));
    assert_int_equal(b->outcome[1].status, SSM_E_ARGUMENT);
    assert_int_equal(b->outcome[2].status, SSM_OK);
    assert_int_equal(b->ranking[0].n, 1);
    assert_int_equal(b->ranking[0].order[0], 2);
    ssm_backtest_free(b);
}

static void a_failing_series_is_named(void **state)
{
    static double hole[TRIAL_ROWS];
    ssm_backtest_plan plan = plan_for(3);
    (void)state;
    memcpy(hole, data.value[2], sizeof hole);
    hole[TRIAL_ROWS - 30] = INFINITY;
    ssm_series panel[3] = {data.panel[0], data.panel[1], data.panel[2]};
    panel[2].value = hole;
    panel[2].name = "third";
    plan.panel = panel;
    ssm_backtest *b = run(&plan);
    assert_int_equal(b->outcome[0].status, SSM_E_DATA);
    assert_non_null(strstr(b->outcome[0].message, "third"));
    assert_int_equal(b->ranking[0].n, 0);
    ssm_backtest_free(b);
}

static void missing_truth_is_left_out(void **state)
{
    static double gaps[TRIAL_ROWS];
    ssm_backtest_plan plan = plan_for(1);
    (void)state;
    memcpy(gaps, data.value[0], sizeof gaps);
    for (size_t t = TRIAL_ROWS - 96; t < TRIAL_ROWS; t += 7) gaps[t] = NAN;
    ssm_series series = data.panel[0];
    series.value = gaps;
    plan.panel = &series;
    ssm_backtest *b = run(&plan);
    for (size_t o = 0; o < 3; o++) {
        if (b->outcome[o].status == SSM_OK) assert_true(isfinite(value_of(b, o, 1, "mase")));
    }
    ssm_backtest_free(b);
}

static void a_plan_that_cannot_be_is_refused(void **state)
{
    static const size_t descending[] = {24, 5}, huge[] = {479};
    ssm_backtest *b = NULL;
    ssm_backtest_plan plan = plan_for(1);
    (void)state;
    plan.horizon = descending;
    assert_int_equal(ssm_backtest_run(ctx, &plan, &b), SSM_E_ARGUMENT);
    plan = plan_for(1);
    plan.horizon = huge;
    plan.n_horizons = 1;
    assert_int_equal(ssm_backtest_run(ctx, &plan, &b), SSM_E_DATA);
    plan = plan_for(1);
    plan.metric = "coverage";
    assert_int_equal(ssm_backtest_run(ctx, &plan, &b), SSM_E_ARGUMENT);
    assert_null(b);
}

static void a_constant_series_is_ranked_by_absolute_error(void **state)
{
    static double flat[TRIAL_ROWS];
    ssm_backtest_plan plan = plan_for(1);
    (void)state;
    for (size_t t = 0; t < TRIAL_ROWS; t++) flat[t] = 3;
    ssm_series series = data.panel[0];
    series.value = flat;
    plan.panel = &series;
    ssm_backtest *b = run(&plan);
    assert_string_equal(b->measure[b->ranked_by].name, "mae");
    assert_float_equal(value_of(b, 0, 0, "mae"), 0, 0);
    assert_true(isnan(b->ranking[0].test[1].p_value));
    ssm_backtest_free(b);
}

static void results_do_not_depend_on_the_number_of_threads(void **state)
{
    ssm_backtest_plan plan = plan_for(TRIAL_SERIES);
    (void)state;
    ssm_context_set_threads(ctx, 1);
    ssm_backtest *one = run(&plan);
    ssm_context_set_threads(ctx, 4);
    ssm_backtest *four = run(&plan);
    for (size_t o = 0; o < one->n_outcomes; o++) {
        const ssm_outcome *a = &one->outcome[o], *b = &four->outcome[o];
        assert_memory_equal(a->value, b->value, 2 * one->n_measures * sizeof(double));
        assert_memory_equal(a->step_value, b->step_value, one->n_measures * 24 * sizeof(double));
        assert_memory_equal(a->loss, b->loss, 2 * one->n_origins * sizeof(double));
    }
    ssm_backtest_free(one);
    ssm_backtest_free(four);
}

static void windows_hold_the_forecast_of_their_origin(void **state)
{
    ssm_backtest_plan plan = plan_for(2);
    ssm_backtest *b = run(&plan);
    (void)state;
    assert_int_equal(b->n_windows, 4);
    for (size_t w = 0; w < b->n_windows; w++) {
        const ssm_window *window = &b->window[w];
        const ssm_forecast *f = &b->outcome[0].window[w];
        assert_int_equal(window->row, ssm_backtest_origin(b, window->series, window->origin));
        assert_float_equal(f->mean[0], data.value[window->series][window->row - 1], 0);
        assert_true(f->quantile[0] < f->quantile[f->n_levels - 1]);
    }
    ssm_backtest_free(b);
}

static void cost_is_measured(void **state)
{
    ssm_backtest_plan plan = plan_for(1);
    ssm_backtest *b = run(&plan);
    (void)state;
    for (size_t o = 0; o < 3; o++) {
        assert_true(b->outcome[o].cost.fit_seconds > 0);
        assert_true(b->outcome[o].cost.predict_seconds > 0);
        assert_true(b->outcome[o].cost.peak_bytes > 1000 && b->outcome[o].cost.peak_bytes < 50000000);
    }
    ssm_backtest_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_end_with_the_last_row_and_visit_every_phase),
        cmocka_unit_test(the_known_best_model_wins_clearly),
        cmocka_unit_test(scores_equal_a_direct_computation),
        cmocka_unit_test(steps_and_origins_average_to_the_horizon),
        cmocka_unit_test(refit_changes_what_is_learned_and_counts_its_fits),
        cmocka_unit_test(a_failing_model_is_listed_and_the_others_go_on),
        cmocka_unit_test(a_failing_series_is_named),
        cmocka_unit_test(missing_truth_is_left_out),
        cmocka_unit_test(a_plan_that_cannot_be_is_refused),
        cmocka_unit_test(a_constant_series_is_ranked_by_absolute_error),
        cmocka_unit_test(results_do_not_depend_on_the_number_of_threads),
        cmocka_unit_test(windows_hold_the_forecast_of_their_origin),
        cmocka_unit_test(cost_is_measured),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
