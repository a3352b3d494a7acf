#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "series/clock.h"

enum { ROWS = 4, KNOWN = 6 };
static const double value[ROWS] = {1, 2, 3, 4};
static const int64_t stamp[KNOWN] = {0, 7, 9, 20, 26, 40};

static int64_t time_of(const ssmi_clock *clock, size_t k)
{
    int64_t time;
    assert_int_equal(ssmi_clock_time(clock, k, &time), SSM_OK);
    return time;
}

static ssm_series irregular(size_t known)
{
    return (ssm_series){.value = value,
                        .length = ROWS,
                        .time = {0, {SSM_STEP_NANOSECONDS, 5}},
                        .stamp = stamp,
                        .stamp_rows = known};
}

static void rows_of_a_grid_follow_it(void **state)
{
    (void)state;
    ssmi_clock clock;
    const ssm_series series = {.value = value, .length = ROWS, .time = {100, {SSM_STEP_NANOSECONDS, 5}}};
    ssmi_clock_start(&clock, &series);
    assert_int_equal(time_of(&clock, 0), 115);
    assert_int_equal(time_of(&clock, 2), 125);
    assert_true(ssmi_clock_gap(&clock, 1) == 5);
    ssmi_clock_step(&clock);
    assert_int_equal(time_of(&clock, 0), 120);
    assert_true(ssmi_clock_gap_to(&clock, 123) == 3);
    ssmi_clock_set(&clock, 123);
    assert_int_equal(time_of(&clock, 1), 128);
    int64_t time;
    assert_int_equal(ssm_series_time_at(&series, 6, &time), SSM_OK);
    assert_int_equal(time, 130);
}

static void known_times_come_before_the_typical_step(void **state)
{
    (void)state;
    ssmi_clock clock;
    const ssm_series series = irregular(KNOWN);
    const int64_t expected[] = {20, 26, 40, 45, 50};
    const double gap[] = {0, 6, 14, 5, 5};
    ssmi_clock_start(&clock, &series);
    for (size_t k = 0; k < 5; k++) {
        int64_t time;
        assert_int_equal(time_of(&clock, k), expected[k]);
        assert_int_equal(ssm_series_time_at(&series, ROWS - 1 + k, &time), SSM_OK);
        assert_int_equal(time, expected[k]);
        if (k > 0) assert_true(ssmi_clock_gap(&clock, k) == gap[k]);
    }
    for (size_t k = 0; k < 5; k++, ssmi_clock_step(&clock)) assert_int_equal(time_of(&clock, 0), expected[k]);
    ssmi_clock_start(&clock, &series);
    ssmi_clock_set(&clock, 30); /* passes 26, leaves 40 */
    assert_int_equal(time_of(&clock, 1), 40);
    assert_true(ssmi_clock_gap(&clock, 1) == 10);
}

static void a_slice_knows_the_times_behind_it(void **state)
{
    (void)state;
    ssmi_clock clock;
    const ssm_series whole = irregular(0), slice = ssm_series_slice(whole, 1, 2);
    assert_true(ssmi_series_gap(&slice, 1) == 2);
    assert_int_equal(slice.time.start, 7);
    ssmi_clock_start(&clock, &slice);
    assert_int_equal(time_of(&clock, 0), 9);
    assert_int_equal(time_of(&clock, 1), 20);
    assert_int_equal(time_of(&clock, 2), 25);
}

static void months_count_as_equally_long(void **state)
{
    (void)state;
    const ssm_series series = {.value = value, .length = ROWS, .time = {0, {SSM_STEP_MONTHS, 3}}};
    assert_true(ssmi_series_gap(&series, 1) == ssmi_series_gap(&series, 2));
    assert_true(ssmi_series_gap(&series, 1) == 3 * 2629746e9);
    assert_true(ssmi_step_length((ssm_step){SSM_STEP_NONE, 0}) == 1);
}

static void a_span_beyond_int64_is_still_a_length(void **state)
{
    (void)state;
    const int64_t wide[2] = {INT64_MIN + 1, INT64_MAX};
    const ssm_series series = {.value = value, .length = 2, .stamp = wide};
    assert_true(ssmi_series_gap(&series, 1) > 1.8e19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_grid_follow_it),
        cmocka_unit_test(known_times_come_before_the_typical_step),
        cmocka_unit_test(a_slice_knows_the_times_behind_it),
        cmocka_unit_test(months_count_as_equally_long),
        cmocka_unit_test(a_span_beyond_int64_is_still_a_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
