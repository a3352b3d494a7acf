#include "series/clock.h"

/* Of the Gregorian calendar, 146097 days in 4800 months. */
static const double mean_month = 2629746e9;

double ssmi_step_length(ssm_step step)
{
    if (step.unit == SSM_STEP_NONE) return 1.0;
    return step.unit == SSM_STEP_MONTHS ? mean_month * (double)step.count : (double)step.count;
}

/* Without overflow; b is after a. */
static double between(int64_t a, int64_t b)
{
    return (double)((uint64_t)b - (uint64_t)a);
}

void ssmi_clock_start(ssmi_clock *clock, const ssm_series *history)
{
    const size_t last = history->length - 1;
    *clock = (ssmi_clock){.origin = history->time, .beyond = last};
    if (history->stamp == NULL) return;
    clock->origin.start = history->stamp[last];
    clock->beyond = 0;
    if (history->stamp_rows <= history->length) return;
    clock->ahead = history->stamp + history->length;
    clock->n_ahead = history->stamp_rows - history->length;
}

void ssmi_clock_step(ssmi_clock *clock)
{
    if (clock->n_ahead > 0)
        ssmi_clock_set(clock, clock->ahead[0]);
    else
        clock->beyond++;
}

void ssmi_clock_set(ssmi_clock *clock, int64_t time)
{
    clock->origin.start = time;
    clock->beyond = 0;
    while (clock->n_ahead > 0 && clock->ahead[0] <= time) {
        clock->ahead++;
        clock->n_ahead--;
    }
}

ssm_status ssmi_clock_time(const ssmi_clock *clock, size_t k, int64_t *time)
{
    ssm_time_index from = clock->origin;
    if (k > 0 && k <= clock->n_ahead) {
        *time = clock->ahead[k - 1];
        return SSM_OK;
    }
    if (clock->n_ahead == 0) return ssm_time_at(from, (int64_t)(clock->beyond + k), time);
    if (k > 0) {
        from.start = clock->ahead[clock->n_ahead - 1];
        k -= clock->n_ahead;
    }
    return ssm_time_at(from, (int64_t)k, time);
}

double ssmi_clock_gap(const ssmi_clock *clock, size_t k)
{
    if (k > clock->n_ahead) return ssmi_step_length(clock->origin.step);
    return between(k > 1 ? clock->ahead[k - 2] : clock->origin.start, clock->ahead[k - 1]);
}

double ssmi_clock_gap_to(const ssmi_clock *clock, int64_t time)
{
    int64_t now;
    return ssmi_clock_time(clock, 0, &now) == SSM_OK ? between(now, time) : 0.0;
}

double ssmi_series_gap(const ssm_series *series, size_t t)
{
    if (series->stamp == NULL) return ssmi_step_length(series->time.step);
    return between(series->stamp[t - 1], series->stamp[t]);
}

ssm_status ssm_series_time_at(const ssm_series *series, size_t t, int64_t *time)
{
    ssmi_clock clock;
    if (series->length == 0 || series->stamp == NULL) return ssm_time_at(series->time, (int64_t)t, time);
    if (t < series->length) {
        *time = series->stamp[t];
        return SSM_OK;
    }
    ssmi_clock_start(&clock, series);
    return ssmi_clock_time(&clock, t - (series->length - 1), time);
}

void ssm_series_time_text(const ssm_series *series, size_t t, char *text, size_t size)
{
    ssm_time_index index = series->time;
    if (series->stamp == NULL || series->length == 0) {
        ssm_time_text(index, (int64_t)t, text, size);
        return;
    }
    if (size > 0) text[0] = '\0';
    if (ssm_series_time_at(series, t, &index.start) == SSM_OK) ssm_time_text(index, 0, text, size);
}

double ssmi_series_place(const ssm_series *series, size_t t)
{
    int64_t time;
    if (series->stamp == NULL || series->length == 0 || ssm_series_time_at(series, t, &time) != SSM_OK)
        return (double)t;
    const int after = time >= series->time.start;
    const double apart = after ? between(series->time.start, time) : -between(time, series->time.start);
    return apart / ssmi_step_length(series->time.step);
}
