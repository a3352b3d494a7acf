/* The sampling interval. First whole months, when all times share day and clock; then the commonest
 * difference, if every time lies on its grid, or within a quarter of a step of it; then the greatest common
 * divisor of the differences, if at least a quarter of its grid is there. Anything else is irregular: the
 * rows keep their own times. */
#include "data/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The commonest of n numbers, the smallest among equals; sorts them. */
static int64_t mode_of(int64_t *x, size_t n, size_t *count)
{
    int64_t best = 0;
    *count = 0;
    qsort(x, n, sizeof *x, compare_int64);
    for (size_t i = 0, run = 0; i < n; i++) {
        run = i > 0 && x[i] == x[i - 1] ? run + 1 : 1;
        if (run > *count) {
            *count = run;
            best = x[i];
        }
    }
    return best;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* Differences of unequal neighbours; returns how many. */
static size_t differences(int64_t *difference, const int64_t *x, size_t n)
{
    size_t used = 0;
    for (size_t i = 1; i < n; i++) {
        if (x[i] != x[i - 1]) difference[used++] = x[i] - x[i - 1];
    }
    return used;
}

/* ---- months ---- */

/* The month number of each time, if day and clock of all agree with counting months from the first. */
static int read_months(int64_t *month, const int64_t *time, size_t n)
{
    ssmi_civil first = ssmi_civil_from_time(time[0]);
    int same_day = 1, month_end = 1;
    for (size_t i = 0; i < n; i++) {
        ssmi_civil c = ssmi_civil_from_time(time[i]);
        int last = ssmi_days_in_month(c.year, c.month);
        if (c.clock != first.clock) return 0;
        same_day &= c.day == (first.day < last ? first.day : last);
        month_end &= c.day == last;
        month[i] = ssmi_month_number(c);
    }
    return same_day || month_end;
}

static int fit_months(ssmi_fit *fit, const int64_t *time, size_t n, int64_t *scratch)
{
    size_t count, used;
    int64_t *month = fit->position;
    if (!read_months(month, time, n)) return 0;
    for (size_t i = 1; i < n; i++) {
        if (time[i] != time[i - 1] && month[i] == month[i - 1]) return 0;
    }
    used = differences(scratch, month, n);
    if (used == 0) return 0;
    int64_t step = mode_of(scratch, used, &count), first = month[0];
    for (size_t i = 0; i < used; i++) step = gcd(step, scratch[i]);
    for (size_t i = 0; i < n; i++) month[i] = (month[i] - first) / step;
    fit->time = (ssm_time_index){time[0], {SSM_STEP_MONTHS, step}};
    return 1;
}

/* ---- fixed steps ---- */

static const int64_t nice_steps[] = {
    1000000,          2000000,          5000000,          10000000,         20000000,         50000000,
    100000000,        200000000,        500000000,        SSMI_SECOND,      2 * SSMI_SECOND,  5 * SSMI_SECOND,
    10 * SSMI_SECOND, 15 * SSMI_SECOND, 20 * SSMI_SECOND, 30 * SSMI_SECOND, SSMI_MINUTE,      2 * SSMI_MINUTE,
    5 * SSMI_MINUTE,  10 * SSMI_MINUTE, 15 * SSMI_MINUTE, 20 * SSMI_MINUTE, 30 * SSMI_MINUTE, SSMI_HOUR,
    2 * SSMI_HOUR,    3 * SSMI_HOUR,    4 * SSMI_HOUR,    6 * SSMI_HOUR,    8 * SSMI_HOUR,    12 * SSMI_HOUR,
    SSMI_DAY,         7 * SSMI_DAY,
};

/* The customary step within 5 % of `step`, else `step` itself. */
static int64_t nearest_nice(int64_t step)
{
    for (size_t i = 0; i < sizeof nice_steps / sizeof nice_steps[0]; i++) {
        int64_t apart = nice_steps[i] > step ? nice_steps[i] - step : step - nice_steps[i];
        if (apart <= nice_steps[i] / 20) return nice_steps[i];
    }
    return step;
}

/* What has to be added to a time to bring it to the nearest row of the grid phase + k*step. */
static int64_t move_of(int64_t time, int64_t step, int64_t phase)
{
    int64_t rest = ssmi_floor_mod(ssmi_floor_mod(time, step) - phase, step);
    return rest > step / 2 ? step - rest : -rest;
}

/* Puts each time on the nearest row. 0 when one is farther than a quarter of a step; `*off` is its index. */
static int place(ssmi_fit *fit, const int64_t *time, size_t n, int64_t step, int64_t phase, size_t *off)
{
    int64_t first = move_of(time[0], step, phase);
    fit->n_snapped = 0;
    fit->largest_move = 0;
    fit->time = (ssm_time_index){time[0] + first, {SSM_STEP_NANOSECONDS, step}};
    for (size_t i = 0; i < n; i++) {
        int64_t move = move_of(time[i], step, phase), size = move < 0 ? -move : move;
        *off = i;
        if (size > step / 4) return 0;
        fit->n_snapped += size > 0;
        if (size > fit->largest_move) fit->largest_move = size;
        fit->position[i] = (time[i] - time[0] + (move - first)) / step;
    }
    return 1;
}

/* Most times agree on a phase, or else the clock's own zero may do. */
static int place_at_likely_phase(ssmi_fit *fit, const int64_t *time, size_t n, int64_t step, int64_t *scratch,
                                 size_t *off)
{
    size_t count;
    for (size_t i = 0; i < n; i++) scratch[i] = ssmi_floor_mod(time[i], step);
    int64_t phase = mode_of(scratch, n, &count);
    if (place(fit, time, n, step, phase, off)) return 1;
    size_t ignored;
    return phase != 0 && place(fit, time, n, step, 0, &ignored);
}

static int fit_divisor(ssmi_fit *fit, const int64_t *time, size_t n, int64_t *scratch)
{
    size_t off, used = differences(scratch, time, n);
    int64_t step = 0;
    for (size_t i = 0; i < used; i++) step = gcd(step, scratch[i]);
    if ((time[n - 1] - time[0]) / step / 4 > (int64_t)used) return 0;
    return place(fit, time, n, step, ssmi_floor_mod(time[0], step), &off);
}

static ssm_status note_irregular(const ssmi_rows *rows, const int64_t *time, const size_t *order, size_t off,
                                 int64_t step, ssmi_notes *notes)
{
    char text[32], at[SSM_TIME_TEXT_SIZE];
    ssm_step_text((ssm_step){SSM_STEP_NANOSECONDS, step}, text, sizeof text);
    ssm_time_text((ssm_time_index){time[off], {SSM_STEP_NANOSECONDS, 1}}, 0, at, sizeof at);
    at[19] = '\0'; /* to the second */
    return ssmi_note(
        notes,
        "%s:%zu: the rows are irregular: %s lies off the %s grid that most of them suggest; they "
        "keep their own times, or bring them to a grid with --step, for example --step \"%s\"",
        rows->path, rows->line[order[off]], at, text, text);
}

static ssm_status check_span(const ssmi_rows *rows, const int64_t *time, ssm_context *ctx)
{
    if ((uint64_t)time[rows->n - 1] - (uint64_t)time[0] < (uint64_t)INT64_MAX / 2 + (uint64_t)INT64_MAX / 4)
        return SSM_OK;
    return ssmi_fail(ctx, SSM_E_DATA,
                     "%s: the times span more than 219 years, which only whole months can count", rows->path);
}

/* Rows of the file with the same time share a row; the typical distance is the median one. */
ssm_status ssmi_interval_none(ssmi_fit *fit, const int64_t *time, size_t n, ssm_arena *tmp)
{
    int64_t *difference = SSMI_ALLOC(tmp, int64_t, n), last = -1;
    size_t count;
    *fit = (ssmi_fit){.position = SSMI_ALLOC(tmp, int64_t, n), .stamp = SSMI_ALLOC(tmp, int64_t, n)};
    if (difference == NULL || fit->position == NULL || fit->stamp == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || time[i] != time[i - 1]) fit->stamp[++last] = time[i];
        fit->position[i] = last;
    }
    const size_t used = differences(difference, time, n);
    mode_of(difference, used, &count); /* sorts them */
    fit->time = (ssm_time_index){time[0], {SSM_STEP_NANOSECONDS, nearest_nice(difference[used / 2])}};
    return SSM_OK;
}

/* A grid of which the file has less than one row in twenty is no sampling interval but an accident, and so is
 * one on which more than one time in a hundred falls on the row of another. */
static int holds(const ssmi_fit *fit, const int64_t *time, size_t n)
{
    size_t shared = 0;
    for (size_t i = 1; i < n; i++)
        shared += time[i] != time[i - 1] && fit->position[i] == fit->position[i - 1];
    return fit->position[n - 1] / 20 <= (int64_t)n + 50 && 100 * shared <= n;
}

ssm_status ssmi_interval_find(ssmi_fit *fit, const ssmi_rows *rows, const int64_t *time, const size_t *order,
                              ssm_arena *tmp, ssmi_notes *notes)
{
    size_t n = rows->n, count, off = 0;
    int64_t *scratch = SSMI_ALLOC(tmp, int64_t, n);
    *fit = (ssmi_fit){.position = SSMI_ALLOC(tmp, int64_t, n)};
    if (scratch == NULL || fit->position == NULL) return SSM_E_MEMORY;
    if (fit_months(fit, time, n, scratch)) return SSM_OK;
    SSMI_TRY(check_span(rows, time, tmp->ctx));
    size_t used = differences(scratch, time, n);
    int64_t mode = mode_of(scratch, used, &count);
    int64_t step = 2 * count >= used ? mode : nearest_nice(scratch[used / 2]); /* sorted: the median */
    if (place_at_likely_phase(fit, time, n, step, scratch, &off) && holds(fit, time, n)) return SSM_OK;
    if (fit_divisor(fit, time, n, scratch)) return SSM_OK;
    SSMI_TRY(note_irregular(rows, time, order, off, step, notes));
    return ssmi_interval_none(fit, time, n, tmp);
}

/* ---- a step given as text ---- */

/* Rows begin at multiples of the step: of midnight for steps within a day, of the first day beyond. */
ssm_status ssmi_interval_given(ssmi_fit *fit, const ssmi_rows *rows, const int64_t *time, const char *text,
                               ssm_arena *tmp)
{
    ssm_step step;
    const char *rest = ssmi_step_read(text, &step);
    if (rest == NULL || *rest != '\0') {
        return ssmi_fail(
            tmp->ctx, SSM_E_ARGUMENT,
            "cannot read \"%s\" as a step; write it as 10 s, 15 min, 1 h, 7 d, 1 month, 1 quarter or 1 year",
            text);
    }
    *fit = (ssmi_fit){.position = SSMI_ALLOC(tmp, int64_t, rows->n)};
    if (fit->position == NULL) return SSM_E_MEMORY;
    if (step.unit == SSM_STEP_MONTHS) {
        int64_t first = ssmi_floor_div(ssmi_month_number(ssmi_civil_from_time(time[0])), step.count);
        ssmi_civil start = {ssmi_floor_div(first * step.count, 12),
                            (int)ssmi_floor_mod(first * step.count, 12) + 1, 1, 0};
        for (size_t i = 0; i < rows->n; i++) {
            int64_t month = ssmi_month_number(ssmi_civil_from_time(time[i]));
            fit->position[i] = ssmi_floor_div(month, step.count) - first;
        }
        if (!ssmi_time_from_civil(start, &fit->time.start)) {
            return ssmi_fail(tmp->ctx, SSM_E_DATA, "%s: times before 1678 have no calendar here", rows->path);
        }
    } else {
        SSMI_TRY(check_span(rows, time, tmp->ctx));
        int64_t unit = step.count > SSMI_DAY ? SSMI_DAY : step.count;
        fit->time.start = ssmi_floor_div(time[0], unit) * unit;
        for (size_t i = 0; i < rows->n; i++) fit->position[i] = (time[i] - fit->time.start) / step.count;
    }
    fit->time.step = step;
    return SSM_OK;
}
