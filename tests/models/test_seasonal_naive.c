#include "models/fixture.h"

static void air_passengers_have_the_values_of_r(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series air = fixture_series(y, fixture_read("air_passengers.csv", y), 12);
    fixture_answer a;
    fixture_forecast("seasonal_naive", NULL, NULL, &air, 24, &a);
    /* R forecast 8.20, snaive(AirPassengers, h = 24): 80 % interval of steps 1 and 24 */
    assert_near(a.mean[0], 417, 1e-15);
    assert_near(a.quantile[0], 370.459500169063, 1e-12);
    assert_near(a.mean[23], 432, 1e-15);
    assert_near(a.quantile[23 * FIXTURE_LEVELS], 366.181793939467, 1e-12);
    assert_near(a.quantile[23 * FIXTURE_LEVELS + 2], 497.818206060533, 1e-12);
}

static void a_missing_row_is_answered_by_the_cycle_before(void **state)
{
    (void)state;
    /* period 2: 1 5 | 3 - | 4 9 | - 8: differences 2, 1 one cycle apart, 4 over two cycles, -1 over one */
    const double y[] = {1, 5, 3, NAN, 4, 9, NAN, 8};
    ssm_series series = fixture_series(y, 8, 0);
    double sigma = sqrt((4 + 1 + 16.0 / 2 + 1) / 4), z = 1.2815515655446004;
    fixture_answer a;
    fixture_forecast("seasonal_naive", "period", "2", &series, 3, &a);
    assert_near(a.mean[0], 4, 1e-15);
    assert_near(a.mean[1], 8, 1e-15);
    assert_near(a.mean[2], 4, 1e-15);
    assert_near(a.quantile[2] - 4, z * sigma * sqrt(2), 1e-12);
    assert_near(a.quantile[5] - 8, z * sigma, 1e-12);
    assert_near(a.quantile[8] - 4, z * sigma * sqrt(3), 1e-12);
}

static void of_several_periods_the_one_with_the_lowest_error_is_taken(void **state)
{
    (void)state;
    double y[60];
    for (int t = 0; t < 60; t++) y[t] = (t % 6) * (t % 6) + 0.01 * t;
    ssm_series series = {.name = "test", .value = y, .length = 60, .n_periods = 3, .period = {2, 4, 6}};
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "seasonal_naive", NULL, NULL, &series, 6);
    char note[128];
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_string_equal(note, "season of 6 rows");
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void without_a_season_it_is_naive_and_says_so(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series nile = fixture_series(y, fixture_read("nile.csv", y), 0);
    fixture_answer a, b;
    fixture_forecast("seasonal_naive", NULL, NULL, &nile, 7, &a);
    fixture_forecast("naive", NULL, NULL, &nile, 7, &b);
    for (size_t h = 0; h < 7; h++) {
        assert_near(a.mean[h], b.mean[h], 0);
        assert_near(a.quantile[h * FIXTURE_LEVELS], b.quantile[h * FIXTURE_LEVELS], 1e-14);
    }
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "seasonal_naive", NULL, NULL, &nile, 6);
    char note[128];
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_string_equal(note, "no season known: same as naive");
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(air_passengers_have_the_values_of_r),
        cmocka_unit_test(a_missing_row_is_answered_by_the_cycle_before),
        cmocka_unit_test(of_several_periods_the_one_with_the_lowest_error_is_taken),
        cmocka_unit_test(without_a_season_it_is_naive_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
