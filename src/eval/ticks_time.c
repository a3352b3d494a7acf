/* Marks on a time axis stand where a calendar would put them: full hours, midnights, Mondays, first days of
 * months and years; the coarser part of a date is written once, under the first mark it applies to. */
#include "eval/ticks.h"

#include "series/time.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the two lines of a label show. */
typedef enum precision { OF_SECONDS, OF_MINUTES, OF_DAYS, OF_MONTHS, OF_YEARS } precision;

typedef struct spacing {
    int64_t nanoseconds; /* 0: counted in months */
    int64_t months;
    precision shows;
} spacing;

static const spacing spacings[] = {
    {SSMI_SECOND, 0, OF_SECONDS},
    {5 * SSMI_SECOND, 0, OF_SECONDS},
    {15 * SSMI_SECOND, 0, OF_SECONDS},
    {30 * SSMI_SECOND, 0, OF_SECONDS},
    {SSMI_MINUTE, 0, OF_MINUTES},
    {5 * SSMI_MINUTE, 0, OF_MINUTES},
    {15 * SSMI_MINUTE, 0, OF_MINUTES},
    {30 * SSMI_MINUTE, 0, OF_MINUTES},
    {SSMI_HOUR, 0, OF_MINUTES},
    {3 * SSMI_HOUR, 0, OF_MINUTES},
    {6 * SSMI_HOUR, 0, OF_MINUTES},
    {12 * SSMI_HOUR, 0, OF_MINUTES},
    {SSMI_DAY, 0, OF_DAYS},
    {2 * SSMI_DAY, 0, OF_DAYS},
    {3 * SSMI_DAY, 0, OF_DAYS},
    {7 * SSMI_DAY, 0, OF_DAYS},
    {14 * SSMI_DAY, 0, OF_DAYS},
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

/* Months since year 0, with the part of the month that has passed. */
static double months_of(int64_t time)
{
    ssmi_civil c = ssmi_civil_from_time(time);
    double part = ((double)(c.day - 1) + (double)c.clock / (double)SSMI_DAY) / 31;
    return (double)ssmi_month_number(c) + part;
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

static void label_tick(ssmi_tick *tick, ssmi_civil now, precision shows)
{
    static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const char *name = month[now.month - 1];
    int year = (int)now.year, minutes = (int)(now.clock / SSMI_MINUTE);
    int seconds = (int)(now.clock % SSMI_MINUTE / SSMI_SECOND);
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
    double nanoseconds = monthly ? months * 30.4 * (double)SSMI_DAY : (high - low) * (double)index.step.count;
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
        int64_t time;
        int64_t year = ssmi_floor_div(at, 12);
        ssmi_civil first = {.year = year, .month = (int)(at - 12 * year) + 1, .day = 1};
        if (!ssmi_time_from_civil(first, &time)) continue;
        tick[n] = (ssmi_tick){.at = row_of(time, index)};
        label_tick(&tick[n++], ssmi_civil_from_time(time), s->shows);
    }
    return n;
}

static size_t clock_ticks(ssmi_tick *tick, double low, double high, const spacing *s, ssm_time_index index)
{
    /* Weeks begin on Monday, four days after the epoch. */
    int64_t offset = s->nanoseconds % (7 * SSMI_DAY) == 0 ? 4 * SSMI_DAY : 0;
    int64_t from = clamp_time((double)index.start + low * (double)index.step.count);
    int64_t to = clamp_time((double)index.start + high * (double)index.step.count);
    int64_t at = -ssmi_floor_div(offset - from, s->nanoseconds) * s->nanoseconds + offset;
    size_t n = 0;
    for (; n < SSMI_MAX_TICKS && at <= to; at += s->nanoseconds) {
        tick[n] = (ssmi_tick){.at = row_of(at, index)};
        label_tick(&tick[n++], ssmi_civil_from_time(at), s->shows);
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
