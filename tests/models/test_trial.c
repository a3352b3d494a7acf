#include "models/trial.h"

#include "models/fixture.h"

static void the_plan_ends_with_the_series_and_leaves_three_fifths_for_fitting(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    for (int t = 0; t < FIXTURE_ROWS; t++) y[t] = t;
    const size_t lengths[] = {10, 11, 37, 100, 999, 4096, 5000}, horizons[] = {1, 2, 7, 24, 400, 2000};
    for (size_t i = 0; i < 7; i++) {
        for (size_t j = 0; j < 6; j++) {
            ssm_series series = fixture_series(y, lengths[i], 0);
            ssmi_trial_plan plan;
            ssmi_trial_plan_make(&plan, &series, horizons[j]);
            const ssmi_rolling *r = &plan.rolling;
            size_t length = plan.series.length;
            assert_in_range(r->n_origins, 1, 5);
            assert_in_range(r->horizon, 1, horizons[j]);
            assert_true(5 * r->first >= 3 * length);
            assert_int_equal(r->first + (r->n_origins - 1) * r->step + r->horizon, length);
            assert_true(plan.series.value + length == y + lengths[i]);
            assert_near(plan.scale, 1, 1e-12);
        }
    }
}

static void too_short_a_series_has_no_plan(void **state)
{
    (void)state;
    const double y[9] = {0};
    ssm_series series = fixture_series(y, 9, 0);
    ssmi_trial_plan plan;
    ssmi_trial_plan_make(&plan, &series, 1);
    assert_int_equal(plan.rolling.n_origins, 0);
}

static void the_score_is_the_mean_absolute_error_over_the_seasonal_difference(void **state)
{
    (void)state;
    /* season 2, differences of 1 two rows apart; naive at origins in a sawtooth 0 9 1 10 2 11 ... */
    double y[60];
    for (int t = 0; t < 60; t++) y[t] = t / 2 + 9 * (t % 2);
    ssm_series series = fixture_series(y, 60, 2);
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    ssmi_trial_plan plan;
    ssmi_trial_plan_make(&plan, &series, 4);
    assert_near(plan.scale, 1, 1e-12);
    ssmi_trial trials[] = {{.model = "naive"}, {.model = "no such model"}, {.model = "seasonal_naive"}};
    assert_int_equal(ssmi_trial_run(trials, 3, &plan, &arena), SSM_OK);
    double sum = 0;
    for (size_t k = 0; k < plan.rolling.n_origins; k++)
        for (size_t o = plan.rolling.first + k * plan.rolling.step, h = 0; h < 4; h++)
            sum += fabs(y[o + h] - y[o - 1]);
    assert_near(trials[0].mase, sum / (double)(4 * plan.rolling.n_origins), 1e-12);
    assert_true(isnan(trials[1].mase));
    assert_int_equal(trials[1].status, SSM_E_ARGUMENT);
    assert_near(trials[2].mase, 1.5, 1e-12); /* one cycle late for two steps, two for two */
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void a_trial_sets_the_option_it_names(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series series = fixture_series(y, fixture_read("air_passengers.csv", y), 12);
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    ssmi_trial_plan plan;
    ssmi_trial_plan_make(&plan, &series, 12);
    ssmi_trial trials[] = {{.model = "zero"},
                           {.model = "zero", .option = "flip", .value = "true"},
                           {.model = "zero", .option = "turn", .value = "true"}};
    assert_int_equal(ssmi_trial_run(trials, 3, &plan, &arena), SSM_OK);
    assert_true(trials[0].mase > 0 && trials[1].mase > 0);
    assert_true(trials[0].mean[0] != trials[1].mean[0]);
    assert_int_equal(trials[2].status, SSM_E_ARGUMENT);
    assert_true(isnan(trials[2].mase));
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_ends_with_the_series_and_leaves_three_fifths_for_fitting),
        cmocka_unit_test(too_short_a_series_has_no_plan),
        cmocka_unit_test(the_score_is_the_mean_absolute_error_over_the_seasonal_difference),
        cmocka_unit_test(a_trial_sets_the_option_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
