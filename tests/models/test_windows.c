#include "models/windows.h"

#include "models/fixture.h"

static void short_gaps_are_bridged_by_a_line_and_open_ends_repeat(void **state)
{
    (void)state;
    const double y[] = {NAN, 2, NAN, NAN, 8, NAN}, expected[] = {2, 2, 4, 6, 8, 8};
    double out[6];
    ssmi_windows_fill(out, y, 6, 0);
    for (int t = 0; t < 6; t++) assert_near(out[t], expected[t], 1e-14);
}

static void long_gaps_repeat_the_season_and_meet_both_ends(void **state)
{
    (void)state;
    double y[24], out[24];
    const double season[] = {0, 3, -1, 5};
    for (int trend = 0; trend <= 1; trend++) {
        for (int t = 0; t < 24; t++) y[t] = season[t % 4] + 0.5 * trend * t;
        /* with a trend the season before, lifted, is exact within one season; without one it always is */
        for (int t = 9; t < (trend ? 12 : 18); t++) y[t] = NAN;
        ssmi_windows_fill(out, y, 24, 4);
        for (int t = 0; t < 24; t++) assert_near(out[t] + 10, season[t % 4] + 0.5 * trend * t + 10, 1e-14);
    }
}

static void an_open_gap_at_the_end_repeats_the_last_season(void **state)
{
    (void)state;
    const double y[] = {1, 2, 3, 1, 2, 3, NAN, NAN, NAN, NAN}, expected[] = {1, 2, 3, 1};
    double out[10];
    ssmi_windows_fill(out, y, 10, 3);
    for (int t = 0; t < 4; t++) assert_near(out[6 + t], expected[t], 0);
}

/* At every origin: the end of what filling makes of the rows before it alone. Long and short gaps, the series
 * begins late. */
static void a_window_as_it_is_known_is_that_of_the_rows_before_it(void **state)
{
    enum { ROWS = 240, LOOKBACK = 12, BEGIN = 20 };
    (void)state;
    double y[ROWS], filled[ROWS], room[LOOKBACK];
    unsigned seed = 5;
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    for (size_t t = 0; t < ROWS; t++) {
        seed = 1664525u * seed + 1013904223u;
        const int silent = t < BEGIN || t / 30 % 2 == 1 ? t % 30 < 17 : (seed >> 16) % 3 == 0;
        y[t] = silent ? NAN : (double)(seed >> 8);
    }
    for (size_t period = 0; period <= 16; period += 4) {
        ssm_series series = {.value = y, .length = ROWS, .n_periods = period > 0, .period = {period}};
        ssmi_window_series s;
        assert_int_equal(ssmi_windows_prepare(&s, &series, ROWS, &arena), SSM_OK);
        for (size_t origin = LOOKBACK; origin <= ROWS; origin++) {
            const double *window = ssmi_windows_known(room, &s, origin, LOOKBACK, period);
            size_t observed = 0;
            for (size_t t = 0; t < origin; t++) {
                filled[t] = (y[t] - s.mean) / s.scale;
                observed += !isnan(y[t]);
            }
            if (observed > 0) ssmi_windows_fill(filled, filled, origin, period);
            for (size_t i = 0; i < LOOKBACK; i++)
                assert_float_equal(window[i], observed > 0 ? filled[origin - LOOKBACK + i] : 0, 0);
        }
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void standardising_uses_the_training_rows_only(void **state)
{
    (void)state;
    const double y[] = {1, NAN, 3, 1e6};
    ssm_series series = fixture_series(y, 4, 0);
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    ssmi_window_series out;
    assert_int_equal(ssmi_windows_prepare(&out, &series, 3, &arena), SSM_OK);
    assert_near(out.mean, 2, 1e-15);
    assert_near(out.scale, 1, 1e-15);
    assert_near(out.value[1] + 1, 1, 1e-15);
    assert_int_equal(out.missing[4], 1);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void a_window_needs_an_observed_last_row_and_mostly_observed_rows(void **state)
{
    (void)state;
    size_t missing[11] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2}; /* rows 2 and 5 are gaps */
    double value[10] = {0};
    ssmi_window_series s = {.length = 10, .value = value, .missing = missing};
    assert_true(ssmi_windows_usable(&s, 4, 4, 4));
    assert_false(ssmi_windows_usable(&s, 3, 3, 4)); /* row 2 is missing */
    assert_false(ssmi_windows_usable(&s, 4, 4, 2)); /* one of two targets is missing */
    assert_false(ssmi_windows_usable(&s, 3, 4, 1)); /* no room for the look-back */
    assert_false(ssmi_windows_usable(&s, 8, 2, 3)); /* no room for the targets */
    assert_true(ssmi_windows_usable(&s, 8, 2, 2));
}

static void validation_leaves_two_horizons_for_training(void **state)
{
    (void)state;
    assert_int_equal(ssmi_windows_validation(1000, 10), 200);
    assert_int_equal(ssmi_windows_validation(100, 30), 30);
    assert_int_equal(ssmi_windows_validation(89, 30), 0);
    assert_int_equal(ssmi_windows_validation(1, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_gaps_are_bridged_by_a_line_and_open_ends_repeat),
        cmocka_unit_test(long_gaps_repeat_the_season_and_meet_both_ends),
        cmocka_unit_test(an_open_gap_at_the_end_repeats_the_last_season),
        cmocka_unit_test(a_window_as_it_is_known_is_that_of_the_rows_before_it),
        cmocka_unit_test(standardising_uses_the_training_rows_only),
        cmocka_unit_test(a_window_needs_an_observed_last_row_and_mostly_observed_rows),
        cmocka_unit_test(validation_leaves_two_horizons_for_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
