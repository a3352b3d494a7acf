#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "series/time.h"

static void days_agree_with_counting_one_by_one(void **state)
{
    (void)state;
    int64_t day = ssmi_days_from_civil(1600, 1, 1);
    assert_int_equal(ssmi_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(ssmi_days_from_civil(2000, 3, 1), 11017);
    for (int64_t year = 1600; year < 2400; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int d = 1; d <= ssmi_days_in_month(year, month); d++) {
                assert_int_equal(ssmi_days_from_civil(year, month, d), day++);
            }
        }
    }
}

static void civil_and_back_is_the_identity(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 100000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        int64_t time = (int64_t)x / 2, back;
        ssmi_civil civil = ssmi_civil_from_time(time);
        assert_int_equal(ssmi_time_from_civil(civil, &back), 1);
        assert_int_equal(back, time);
    }
}

static void the_gregorian_leap_rule_decides_february(void **state)
{
    (void)state;
    int64_t time;
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){2000, 2, 29, 0}, &time), 1);
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){2024, 2, 29, 0}, &time), 1);
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){1900, 2, 29, 0}, &time), 0);
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){2100, 2, 29, 0}, &time), 0);
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){2023, 2, 29, 0}, &time), 0);
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){1600, 1, 1, 0}, &time), 0);
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){2300, 1, 1, 0}, &time), 0);
}

static ssm_time_index index_at(int64_t year, int month, int day, int64_t clock, ssm_step_unit unit,
                               int64_t count)
{
    ssm_time_index index = {.step = {unit, count}};
    assert_int_equal(ssmi_time_from_civil((ssmi_civil){year, month, day, clock}, &index.start), 1);
    return index;
}

static void check_text(ssm_time_index index, int64_t t, const char *expected)
{
    char text[SSM_TIME_TEXT_SIZE];
    ssm_time_text(index, t, text, sizeof text);
    assert_string_equal(text, expected);
}

static void months_keep_the_day_or_the_month_end(void **state)
{
    (void)state;
    ssm_time_index month = index_at(1949, 1, 1, 0, SSM_STEP_MONTHS, 1);
    check_text(month, 143, "1960-12-01");
    check_text(month, -1, "1948-12-01");
    ssm_time_index end = index_at(2019, 4, 30, 0, SSM_STEP_MONTHS, 1);
    check_text(end, 1, "2019-05-31");
    check_text(end, 10, "2020-02-29");
    ssm_time_index thirtieth = index_at(2019, 1, 30, 0, SSM_STEP_MONTHS, 1);
    check_text(thirtieth, 1, "2019-02-28");
    check_text(thirtieth, 2, "2019-03-30");
    check_text(index_at(1960, 1, 1, 0, SSM_STEP_MONTHS, 3), 107, "1986-10-01");
}

static void text_shows_what_the_grid_needs_and_no_more(void **state)
{
    (void)state;
    check_text(index_at(2020, 2, 28, 0, SSM_STEP_NANOSECONDS, SSMI_DAY), 2, "2020-03-01");
    check_text(index_at(2020, 2, 28, 0, SSM_STEP_NANOSECONDS, SSMI_HOUR), 24, "2020-02-29T00:00:00");
    check_text(index_at(2020, 2, 28, 0, SSM_STEP_NANOSECONDS, SSMI_SECOND / 4), 1, "2020-02-28T00:00:00.25");
    check_text(index_at(2020, 2, 28, 0, SSM_STEP_NANOSECONDS, SSMI_SECOND / 4), 4, "2020-02-28T00:00:01.00");
    check_text(index_at(1969, 12, 31, SSMI_DAY - 1, SSM_STEP_NANOSECONDS, 1), 0,
               "1969-12-31T23:59:59.999999999");
    check_text((ssm_time_index){.start = 1}, 4, "5");
    check_text(index_at(2020, 1, 1, 0, SSM_STEP_NANOSECONDS, SSMI_DAY), INT64_MAX, "");
    check_text(index_at(2020, 1, 1, 0, SSM_STEP_MONTHS, 12), 300, "");
}

static void text_never_overruns_a_short_buffer(void **state)
{
    (void)state;
    ssm_time_index index = index_at(2020, 2, 28, 1, SSM_STEP_NANOSECONDS, 1);
    for (size_t size = 0; size <= SSM_TIME_TEXT_SIZE; size++) {
        char text[SSM_TIME_TEXT_SIZE + 1];
        memset(text, 'x', sizeof text);
        ssm_time_text(index, 0, text, size);
        assert_int_equal(text[size], 'x');
    }
}

static void steps_are_named_in_their_largest_unit(void **state)
{
    (void)state;
    static const struct {
        ssm_step step;
        const char *text;
    } cases[] = {
        {{SSM_STEP_NANOSECONDS, SSMI_HOUR}, "1 h"},
        {{SSM_STEP_NANOSECONDS, 15 * SSMI_MINUTE}, "15 min"},
        {{SSM_STEP_NANOSECONDS, 7 * SSMI_DAY}, "7 d"},
        {{SSM_STEP_NANOSECONDS, 90 * SSMI_SECOND}, "90 s"},
        {{SSM_STEP_NANOSECONDS, 2500000}, "2500 us"},
        {{SSM_STEP_MONTHS, 1}, "1 month"},
        {{SSM_STEP_MONTHS, 3}, "1 quarter"},
        {{SSM_STEP_MONTHS, 6}, "2 quarters"},
        {{SSM_STEP_MONTHS, 12}, "1 year"},
        {{SSM_STEP_MONTHS, 120}, "10 years"},
        {{SSM_STEP_NONE, 0}, "1 row"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];
        ssm_step_text(cases[i].step, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void a_slice_starts_at_the_time_of_its_first_row(void **state)
{
    (void)state;
    double value[5] = {0, 1, 2, 3, 4};
    ssm_series series = {.value = value, .length = 5, .time = index_at(2019, 12, 1, 0, SSM_STEP_MONTHS, 1)};
    ssm_series slice = ssm_series_slice(series, 2, 2);
    check_text(slice.time, 0, "2020-02-01");
    assert_ptr_equal(slice.value, value + 2);
    assert_int_equal(slice.length, 2);
}

static void steps_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ssm_step_unit unit;
        int64_t count;
        const char *rest;
    } good[] = {
        {"15 min", SSM_STEP_NANOSECONDS, 15 * SSMI_MINUTE, ""},
        {"  7d, 1 h", SSM_STEP_NANOSECONDS, 7 * SSMI_DAY, ", 1 h"},
        {"0.5 s", SSM_STEP_NANOSECONDS, SSMI_SECOND / 2, ""},
        {"12.42 hours", SSM_STEP_NANOSECONDS, INT64_C(44712) * SSMI_SECOND, ""},
        {"quarter", SSM_STEP_MONTHS, 3, ""},
        {"2 years x", SSM_STEP_MONTHS, 24, " x"},
    };
    static const char *const bad[] = {
        "", "5", "0 s", "1 parsec", "1.5 months", "1e3 s", "-1 s", "0.1 ns", "99999999999999999999 d", "sss"};
    for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
        ssm_step step;
        assert_string_equal(ssmi_step_read(good[k].text, &step), good[k].rest);
        assert_int_equal(step.unit, good[k].unit);
        assert_int_equal(step.count, good[k].count);
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        ssm_step step = {SSM_STEP_NONE, 7};
        assert_null(ssmi_step_read(bad[k], &step));
        assert_int_equal(step.count, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_agree_with_counting_one_by_one),
        cmocka_unit_test(civil_and_back_is_the_identity),
        cmocka_unit_test(the_gregorian_leap_rule_decides_february),
        cmocka_unit_test(months_keep_the_day_or_the_month_end),
        cmocka_unit_test(text_shows_what_the_grid_needs_and_no_more),
        cmocka_unit_test(text_never_overruns_a_short_buffer),
        cmocka_unit_test(steps_are_named_in_their_largest_unit),
        cmocka_unit_test(steps_are_read_as_people_write_them),
        cmocka_unit_test(a_slice_starts_at_the_time_of_its_first_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
