#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "eval/ticks.h"
#include <math.h>

static void linear_marks_are_round_numbers(void **state)
{
    static const char *const expected[] = {"0", "20", "40", "60", "80"};
    ssmi_tick tick[SSMI_MAX_TICKS];
    (void)state;
    assert_int_equal(ssmi_ticks_linear(tick, 0, 97, 5), 5);
    for (size_t i = 0; i < 5; i++) assert_string_equal(tick[i].label, expected[i]);
    assert_int_equal(ssmi_ticks_linear(tick, -0.31, 0.32, 4), 3);
    assert_string_equal(tick[0].label, "\xe2\x88\x92"
                                       "0.2");
    assert_string_equal(tick[1].label, "0.0");
}

static void logarithmic_marks_stand_at_one_two_five(void **state)
{
    static const double expected[] = {0.5, 1, 2, 5, 10, 20};
    ssmi_tick tick[SSMI_MAX_TICKS];
    (void)state;
    assert_int_equal(ssmi_ticks_log(tick, 0.4, 30, 8), 6);
    for (size_t i = 0; i < 6; i++) assert_float_equal(tick[i].at, expected[i], 1e-12);
}

static void long_numbers_are_grouped(void **state)
{
    char text[SSMI_TICK_LABEL];
    (void)state;
    ssmi_number_label(text, sizeof text, 27000, 1000);
    assert_string_equal(text, "27\xc2\xa0"
                              "000");
    ssmi_number_label(text, sizeof text, -1234567, 1);
    assert_string_equal(text, "\xe2\x88\x92"
                              "1\xc2\xa0"
                              "234\xc2\xa0"
                              "567");
    ssmi_number_label(text, sizeof text, 4000, 1000);
    assert_string_equal(text, "4000");
}

static void hours_carry_their_day_once(void **state)
{
    /* 2000-02-28T20:00, half-hourly: the marks pass a leap day */
    ssm_time_index index = {INT64_C(951768000) * 1000000000, {SSM_STEP_NANOSECONDS, INT64_C(1800000000000)}};
    ssmi_tick tick[SSMI_MAX_TICKS];
    (void)state;
    size_t n = ssmi_ticks_time(tick, 0, 96, 8, index);
    assert_int_equal(n, 8);
    assert_string_equal(tick[0].label, "00:00");
    assert_string_equal(tick[0].second, "29 Feb 2000");
    assert_float_equal(tick[0].at, 8, 1e-9);
    assert_string_equal(tick[1].label, "06:00");
    assert_string_equal(tick[1].second, "");
    assert_string_equal(tick[4].second, "1 Mar 2000");
}

static void months_and_years_stand_at_their_first_day(void **state)
{
    /* monthly from 1949-01 */
    ssm_time_index index = {-INT64_C(662688000) * 1000000000, {SSM_STEP_MONTHS, 1}};
    ssmi_tick tick[SSMI_MAX_TICKS];
    (void)state;
    size_t n = ssmi_ticks_time(tick, 0, 143, 8, index);
    assert_int_equal(n, 6);
    assert_string_equal(tick[0].label, "1950");
    assert_float_equal(tick[0].at, 12, 1e-9);
    n = ssmi_ticks_time(tick, 0, 11, 6, index);
    assert_int_equal(n, 4);
    assert_string_equal(tick[1].label, "Apr");
    assert_string_equal(tick[0].second, "1949");
    assert_string_equal(tick[1].second, "");
}

static void weeks_begin_on_monday(void **state)
{
    /* daily from Wednesday 2024-05-01 */
    ssm_time_index index = {INT64_C(1714521600) * 1000000000,
                            {SSM_STEP_NANOSECONDS, INT64_C(86400000000000)}};
    ssmi_tick tick[SSMI_MAX_TICKS];
    (void)state;
    assert_true(ssmi_ticks_time(tick, 0, 40, 7, index) >= 5);
    assert_string_equal(tick[0].label, "6 May");
}

static void every_span_has_ordered_marks_inside(void **state)
{
    ssm_time_index index = {INT64_C(951768000) * 1000000000, {SSM_STEP_NANOSECONDS, 1000000000}};
    ssmi_tick tick[SSMI_MAX_TICKS];
    (void)state;
    for (double span = 10; span < 9e9; span *= 1.7) {
        size_t n = ssmi_ticks_time(tick, -span / 3, span, 9, index);
        assert_true(n >= 2 && n <= 10);
        for (size_t i = 0; i < n; i++) {
            assert_true(tick[i].at >= -span / 3 - 1 && tick[i].at <= span + 1);
            if (i > 0) assert_true(tick[i].at > tick[i - 1].at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_marks_are_round_numbers),
        cmocka_unit_test(logarithmic_marks_stand_at_one_two_five),
        cmocka_unit_test(long_numbers_are_grouped),
        cmocka_unit_test(hours_carry_their_day_once),
        cmocka_unit_test(months_and_years_stand_at_their_first_day),
        cmocka_unit_test(weeks_begin_on_monday),
        cmocka_unit_test(every_span_has_ordered_marks_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
