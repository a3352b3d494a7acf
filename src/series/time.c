/* The civil calendar, and the time index on top of it.
 *
 * Days from a civil date: count years from March, so that the leap day ends the year; then month m (0 =
 * March) begins on day (153 m + 2) / 5 of the year, and a 400-year era has 146097 days (Richards, in the
 * Explanatory Supplement to the Astronomical Almanac, 2013, sect. 15.11). Known value: 2000-03-01 is day
 * 11017. */
#include "series/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t ssmi_floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b < 0);
}

int64_t ssmi_floor_mod(int64_t a, int64_t b)
{
    int64_t r = a % b;
    return r < 0 ? r + b : r;
}

int64_t ssmi_days_from_civil(int64_t year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = ssmi_floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int ssmi_days_in_month(int64_t year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

ssmi_civil ssmi_civil_from_time(int64_t time)
{
    int64_t day = ssmi_floor_div(time, SSMI_DAY) + 719468;
    int64_t era = ssmi_floor_div(day, 146097);
    int64_t d = day - era * 146097;
    int64_t year_of_era = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    int64_t day_of_year = d - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    int month = (int)(m < 10 ? m + 3 : m - 9);
    return (ssmi_civil){.year = year_of_era + era * 400 + (month <= 2),
                        .month = month,
                        .day = (int)(day_of_year - (153 * m + 2) / 5 + 1),
                        .clock = ssmi_floor_mod(time, SSMI_DAY)};
}

int ssmi_time_from_civil(ssmi_civil civil, int64_t *time)
{
    if (civil.year < 1678 || civil.year > 2261 || civil.month < 1 || civil.month > 12) return 0;
    if (civil.day < 1 || civil.day > ssmi_days_in_month(civil.year, civil.month)) return 0;
    int64_t day = ssmi_days_from_civil(civil.year, civil.month, civil.day);
    *time = day * SSMI_DAY + civil.clock;
    return 1;
}

int64_t ssmi_month_number(ssmi_civil civil)
{
    return civil.year * 12 + civil.month - 1;
}

int ssmi_is_month_end(ssmi_civil civil)
{
    return civil.day == ssmi_days_in_month(civil.year, civil.month);
}

/* a + b*c, or 0 when it leaves the int64 range; c > 0. */
static int add_multiple(int64_t a, int64_t b, int64_t c, int64_t *out)
{
    if (b > INT64_MAX / c || b < INT64_MIN / c) return 0;
    int64_t product = b * c;
    if (product > 0 ? a > INT64_MAX - product : a < INT64_MIN - product) return 0;
    *out = a + product;
    return 1;
}

static int add_months(int64_t start, int64_t months, int64_t *time)
{
    ssmi_civil civil = ssmi_civil_from_time(start);
    if (months > 12 * 1000 || months < -12 * 1000) return 0;
    int to_month_end = ssmi_is_month_end(civil);
    int64_t month = ssmi_month_number(civil) + months;
    civil.year = ssmi_floor_div(month, 12);
    civil.month = (int)ssmi_floor_mod(month, 12) + 1;
    int last = ssmi_days_in_month(civil.year, civil.month);
    if (to_month_end || civil.day > last) civil.day = last;
    return ssmi_time_from_civil(civil, time);
}

ssm_status ssm_time_at(ssm_time_index index, int64_t t, int64_t *time)
{
    int64_t count = index.step.unit == SSM_STEP_NONE ? 1 : index.step.count;
    if (count <= 0) return SSM_E_ARGUMENT;
    if (index.step.unit != SSM_STEP_MONTHS) {
        return add_multiple(index.start, t, count, time) ? SSM_OK : SSM_E_ARGUMENT;
    }
    int64_t months;
    if (!add_multiple(0, t, count, &months) || !add_months(index.start, months, time)) return SSM_E_ARGUMENT;
    return SSM_OK;
}

ssm_series ssm_series_slice(ssm_series series, size_t from, size_t length)
{
    const size_t known = series.stamp_rows > series.length ? series.stamp_rows : series.length;
    series.value += from;
    series.length = length;
    if (series.exogenous != NULL) {
        series.exogenous += from * series.n_exogenous;
        series.exogenous_rows -= from;
    }
    if (series.stamp != NULL) {
        series.stamp += from;
        series.stamp_rows = known - from;
        if (length > 0) series.time.start = series.stamp[0];
        return series;
    }
    ssm_time_at(series.time, (int64_t)from, &series.time.start);
    return series;
}

/* Decimals of the second that every row of the grid needs. */
static int decimals(ssm_time_index index)
{
    int64_t rest[2] = {ssmi_floor_mod(index.start, SSMI_SECOND), 0};
    if (index.step.unit == SSM_STEP_NANOSECONDS) rest[1] = ssmi_floor_mod(index.step.count, SSMI_SECOND);
    int needed = 9;
    while (needed > 0 && rest[0] % 10 == 0 && rest[1] % 10 == 0) {
        rest[0] /= 10;
        rest[1] /= 10;
        needed--;
    }
    return needed;
}

static int whole_days(ssm_time_index index)
{
    if (ssmi_floor_mod(index.start, SSMI_DAY) != 0) return 0;
    return index.step.unit == SSM_STEP_MONTHS || index.step.count % SSMI_DAY == 0;
}

void ssm_time_text(ssm_time_index index, int64_t t, char *text, size_t size)
{
    int64_t time;
    if (size == 0) return;
    text[0] = '\0';
    if (ssm_time_at(index, t, &time) != SSM_OK) return;
    if (index.step.unit == SSM_STEP_NONE) {
        snprintf(text, size, "%" PRId64, time);
        return;
    }
    ssmi_civil c = ssmi_civil_from_time(time);
    int used = snprintf(text, size, "%04" PRId64 "-%02d-%02d", c.year, c.month, c.day);
    if (whole_days(index) || used < 0 || (size_t)used >= size) return;
    int64_t second = c.clock / SSMI_SECOND;
    int n = decimals(index);
    char fraction[12] = "";
    if (n > 0) snprintf(fraction, sizeof fraction, ".%09d", (int)(c.clock % SSMI_SECOND));
    if (n > 0) fraction[n + 1] = '\0';
    snprintf(text + used, size - (size_t)used, "T%02d:%02d:%02d%s", (int)(second / 3600),
             (int)(second / 60 % 60), (int)(second % 60), fraction);
}

void ssm_step_text(ssm_step step, char *text, size_t size)
{
    static const struct {
        ssm_step_unit unit;
        int64_t count;
        const char *name;
    } table[] = {
        {SSM_STEP_MONTHS, 12, "year"},
        {SSM_STEP_MONTHS, 3, "quarter"},
        {SSM_STEP_MONTHS, 1, "month"},
        {SSM_STEP_NANOSECONDS, SSMI_DAY, "d"},
        {SSM_STEP_NANOSECONDS, SSMI_HOUR, "h"},
        {SSM_STEP_NANOSECONDS, SSMI_MINUTE, "min"},
        {SSM_STEP_NANOSECONDS, SSMI_SECOND, "s"},
        {SSM_STEP_NANOSECONDS, 1000000, "ms"},
        {SSM_STEP_NANOSECONDS, 1000, "us"},
        {SSM_STEP_NANOSECONDS, 1, "ns"},
    };
    if (size == 0) return;
    snprintf(text, size, "1 row");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (step.unit != table[i].unit || step.count % table[i].count != 0) continue;
        int64_t n = step.count / table[i].count;
        int plural = n > 1 && step.unit == SSM_STEP_MONTHS;
        snprintf(text, size, "%" PRId64 " %s%s", n, table[i].name, plural ? "s" : "");
        return;
    }
}
