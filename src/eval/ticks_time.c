/* Marks on a time axis stand where a calendar would put them: full hours, midnights, Mondays, first days of
 * months and years; the coarser part of a date is written once, under the first mark it applies to.
 *
 * Days and civil dates are converted as in Hinnant, "chrono-compatible low-level date algorithms" (2013).
 * Known value: day 0 is 1970-01-01, a Thursday; day 11017 is 2000-03-01. */
#include "eval/ticks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

typedef struct civil {
    int64_t year;
    int month, day; /* from 1 */
    int64_t within; /* nanoseconds since midnight */
} civil;

/* What the two lines of a label show. */
typedef enum precision { OF_SECONDS, OF_MINUTES, OF_DAYS, OF_MONTHS, OF_YEARS } precision;

typedef struct spacing {
    int64_t nanoseconds; /* 0: counted in months */
    int64_t months;
    precision shows;
} spacing;

static const spacing spacings[] = {
    {SECOND, 0, OF_SECONDS},
    {5 * SECOND, 0, OF_SECONDS},
    {15 * SECOND, 0, OF_SECONDS},
    {30 * SECOND, 0, OF_SECONDS},
    {MINUTE, 0, OF_MINUTES},
    {5 * MINUTE, 0, OF_MINUTES},
    {15 * MINUTE, 0, OF_MINUTES},
    {30 * MINUTE, 0, OF_MINUTES},
    {HOUR, 0, OF_MINUTES},
    {3 * HOUR, 0, OF_MINUTES},
    {6 * HOUR, 0, OF_MINUTES},
    {12 * HOUR, 0, OF_MINUTES},
    {DAY, 0, OF_DAYS},
    {2 * DAY, 0, OF_DAYS},
    {7 * DAY, 0, OF_DAYS},
    {14 * DAY, 0, OF_DAYS},
    {0, 1, OF_MONTHS},
    {0, 3, OF_MONTHS},
    {0, 6, OF_MONTHS},
    {0, 12, OF_YEARS},
    {0, 24, OF_YEARS},
    {0, 60, OF_YEARS},
    {0, 120, OF_YEARS},
    {0, 240, OF_YEARS},
    {0, 600, OF_YEARS},
    {0, 1200, OF_YEARS},
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static civil civil_of(int64_t time)
{
    int64_t days = floor_div(time, DAY);
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t of_era = z - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t shifted = (5 * of_year + 2) / 153; /* months from March */
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (civil){.year = year + era * 400 + (month <= 2),
                   .month = month,
                   .day = (int)(of_year - (153 * shifted + 2) / 5 + 1),
                   .within = time - days * DAY};
}

static int64_t time_of_month(int64_t months)
{
    int64_t y = floor_div(months, 12) - (months - 12 * floor_div(months, 12) < 2);
    int64_t m = months - 12 * floor_div(months, 12) + 1;
    int64_t era = floor_div(y, 400);
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5;
    return (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468) * DAY;
}

/* Months since year 0, with the part of the month that has passed. */
static double months_of(int64_t time)
{
    civil c = civil_of(time);
    double part = ((double)(c.day - 1) + (double)c.within / (double)DAY) / 31;
    return (double)(c.year * 12 + c.month - 1) + part;
}

static int64_t clamp_time(double nanoseconds)
{
    if (nanoseconds > 9.2e18) return INT64_MAX;
    return nanoseconds < -9.2e18 ? INT64_MIN : (int64_t)nanoseconds;
}

static double row_of(int64_t time, ssm_time_index index)
{
    if (index.step.unit == SSM_STEP_MONTHS) {
        return (months_of(time) - months_of(index.start)) / (double)index.step.count;
    }
    return ((double)time - (double)index.start) / (double)index.step.count;
}

static double months_at(double row, ssm_time_index index)
{
    if (index.step.unit == SSM_STEP_MONTHS) {
        return months_of(index.start) + row * (double)index.step.count;
    }
    return months_of(clamp_time((double)index.start + row * (double)index.step.count));
}

static void label_tick(ssmi_tick *tick, civil now, precision shows)
{
    static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const char *name = month[now.month - 1];
    int year = (int)now.year, minutes = (int)(now.within / MINUTE);
    int seconds = (int)(now.within % MINUTE / SECOND);
    size_t size = sizeof tick->label;
    if (shows == OF_SECONDS) {
        snprintf(tick->label, size, "%02d:%02d:%02d", minutes / 60, minutes % 60, seconds);
    } else if (shows == OF_MINUTES) {
        snprintf(tick->label, size, "%02d:%02d", minutes / 60, minutes % 60);
    } else if (shows == OF_DAYS) {
        snprintf(tick->label, size, "%d %s", now.day, name);
    } else if (shows == OF_MONTHS) {
        snprintf(tick->label, size, "%s", name);
    } else {
        snprintf(tick->label, size, "%d", year);
    }
    if (shows <= OF_MINUTES) snprintf(tick->second, size, "%d %s %d", now.day, name, year);
    if (shows == OF_DAYS || shows == OF_MONTHS) snprintf(tick->second, size, "%d", year);
}

/* The second line stays only where it differs from the one before. */
static void drop_repeated_lines(ssmi_tick *tick, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        if (strcmp(tick[i].second, tick[i - 1].second) == 0) tick[i].second[0] = '\0';
    }
}

static const spacing *choose_spacing(double low, double high, size_t wanted, ssm_time_index index)
{
    const size_t count = sizeof spacings / sizeof spacings[0];
    double months = months_at(high, index) - months_at(low, index);
    int monthly = index.step.unit == SSM_STEP_MONTHS;
    double nanoseconds = monthly ? months * 30.4 * (double)DAY : (high - low) * (double)index.step.count;
    size_t k = 0;
    while (k + 1 < count) {
        double passed = spacings[k].months > 0 ? months / (double)spacings[k].months
                                               : nanoseconds / (double)spacings[k].nanoseconds;
        int fits = !monthly || spacings[k].months > 0;
        if (fits && passed <= (double)wanted) break;
        k++;
    }
    return &spacings[k];
}

static size_t month_ticks(ssmi_tick *tick, double low, double high, const spacing *s, ssm_time_index index)
{
    size_t n = 0;
    int64_t at = (int64_t)ceil(months_at(low, index) / (double)s->months - 1e-9) * s->months;
    for (; n < SSMI_MAX_TICKS && (double)at <= months_at(high, index) + 1e-9; at += s->months) {
        int64_t time = time_of_month(at);
        tick[n] = (ssmi_tick){.at = row_of(time, index)};
        label_tick(&tick[n++], civil_of(time), s->shows);
    }
    return n;
}

static size_t clock_ticks(ssmi_tick *tick, double low, double high, const spacing *s, ssm_time_index index)
{
    /* Weeks begin on Monday, four days after the epoch. */
    int64_t offset = s->nanoseconds % (7 * DAY) == 0 ? 4 * DAY : 0;
    int64_t from = clamp_time((double)index.start + low * (double)index.step.count);
    int64_t to = clamp_time((double)index.start + high * (double)index.step.count);
    int64_t at = -floor_div(offset - from, s->nanoseconds) * s->nanoseconds + offset;
    size_t n = 0;
    for (; n < SSMI_MAX_TICKS && at <= to; at += s->nanoseconds) {
        tick[n] = (ssmi_tick){.at = row_of(at, index)};
        label_tick(&tick[n++], civil_of(at), s->shows);
    }
    return n;
}

size_t ssmi_ticks_time(ssmi_tick *tick, double low, double high, size_t wanted, ssm_time_index index)
{
    if (index.step.unit == SSM_STEP_NONE || index.step.count <= 0) {
        return ssmi_ticks_linear(tick, low, high, wanted);
    }
    const spacing *s = choose_spacing(low, high, wanted, index);
    size_t n =
        s->months > 0 ? month_ticks(tick, low, high, s, index) : clock_ticks(tick, low, high, s, index);
    drop_repeated_lines(tick, n);
    return n;
}
