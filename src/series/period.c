/* Seasonal periods.
 *
 * Candidates are the periods of the calendar (a day, a week, a year, in rows) and the sharpest peaks of the
 * periodogram. A candidate is judged by its spectral lines (series/lines.h) in the differences of the series,
 * with gaps bridged by straight lines and jumps cut to ten robust standard deviations. It is a season when
 *
 *     its lines, without those of shorter seasons found, are no accident: p < 1e-4 for a calendar period,
 *     < 1e-8 for another one (there are many to choose from), and
 *     they hold at least 2 % of the variance that is left when the slow part (a mean over two periods) is
 * gone.
 *
 * A calendar period stays even where it divides a longer one (24 and 168). Of other periods, one that fits
 * two or three times into a longer season is its harmonic. A peak that is not a calendar period only counts
 * where it is stronger than those are (tides), and is multiplied until it is a whole number of rows.
 *
 * Known values: half-hourly demand of England and Wales (taylor) 48 and 336, AirPassengers 12, Nile none. */
#include "series/lines.h"
#include "series/time.h"

#include <gsl/gsl_fft_real.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 32768, PEAK_ROWS = 8192, MOST_PEAKS = 16, LEAST_ROWS = 8, MOST_MULTIPLE = 12 };

static const double calendar_p = 1e-4, other_p = 1e-8, least_share = 0.02;

typedef struct search {
    ssm_arena *tmp;
    double *value;      /* (n + 1) the series without gaps */
    double *difference; /* (n) */
    size_t n;
    size_t period[SSM_MAX_PERIODS], n_periods;
    double energy; /* of all periods found */
} search;

/* ---- preparing ---- */

/* The last rows of the series from its first to its last value, gaps bridged; length 0: nothing there. */
static ssm_status bridge(search *s, const ssm_series *series)
{
    size_t begin = 0, end = series->length;
    const double *y = series->value;
    while (end > 0 && isnan(y[end - 1])) end--;
    if (end > MOST_ROWS + 1) begin = end - MOST_ROWS - 1;
    while (begin < end && isnan(y[begin])) begin++;
    size_t length = end - begin;
    s->n = length > 0 ? length - 1 : 0;
    s->value = SSMI_ALLOC(s->tmp, double, length);
    s->difference = SSMI_ALLOC(s->tmp, double, length);
    if (s->value == NULL || s->difference == NULL) return SSM_E_MEMORY;
    for (size_t i = 0, last = 0; i < length; i++) {
        if (isnan(y[begin + i])) continue;
        double slope = i > 0 ? (y[begin + i] / (double)(i - last) - y[begin + last] / (double)(i - last)) : 0;
        for (size_t k = last + 1; k < i; k++) s->value[k] = y[begin + last] + slope * (double)(k - last);
        s->value[i] = y[begin + i];
        last = i;
    }
    return SSM_OK;
}

/* Differences of values scaled to at most 1, so that nothing overflows, with outliers cut; the values follow
 * them, so that a spike is cut there too. */
static ssm_status difference(search *s)
{
    double largest = 0, *scratch = SSMI_ALLOC(s->tmp, double, s->n);
    if (scratch == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i <= s->n; i++) largest = fmax(largest, fabs(s->value[i]));
    int exponent = 0;
    frexp(largest, &exponent);
    for (size_t i = 0; i <= s->n; i++) s->value[i] = ldexp(s->value[i], -exponent);
    for (size_t i = 0; i < s->n; i++) scratch[i] = s->difference[i] = s->value[i + 1] - s->value[i];
    double middle = gsl_stats_median(scratch, 1, s->n); /* by selection, in place */
    for (size_t i = 0; i < s->n; i++) scratch[i] = fabs(s->difference[i] - middle);
    double limit = 10 * 1.4826 * gsl_stats_median(scratch, 1, s->n);
    for (size_t i = 0; limit > 0 && i < s->n; i++) {
        s->difference[i] = fmin(fmax(s->difference[i], middle - limit), middle + limit);
        s->value[i + 1] = s->value[i] + s->difference[i];
    }
    return SSM_OK;
}

/* Variance of the series about its mean over two periods around each row. */
static double fast_variance(const search *s, size_t period)
{
    size_t n = s->n + 1, width = 2 * period + 1;
    const double *x = s->value;
    double sum = 0, square = 0;
    if (n < width) {
        for (size_t i = 0; i < n; i++) sum += x[i];
        for (size_t i = 0; i < n; i++) square += (x[i] - sum / (double)n) * (x[i] - sum / (double)n);
        return square / (double)n;
    }
    for (size_t i = 0; i < width; i++) sum += x[i];
    for (size_t i = period; i + period < n; i++) {
        double rest = x[i] - sum / (double)width;
        square += rest * rest;
        if (i + period + 1 < n) sum += x[i + period + 1] - x[i - period];
    }
    return square / (double)(n - 2 * period);
}

/* ---- calendar periods ---- */

/* Rows per hour, day, week and year, as far as they are whole numbers; ascending. */
static size_t calendar_periods(size_t *period, ssm_step step)
{
    static const struct {
        int64_t cycle, longest_step; /* beyond that step, or below a 720th, the cycle means little */
    } table[] = {{SSMI_HOUR, 10 * SSMI_MINUTE},
                 {SSMI_DAY, 12 * SSMI_HOUR},
                 {7 * SSMI_DAY, SSMI_DAY},
                 {364 * SSMI_DAY, 7 * SSMI_DAY}};
    size_t n = 0;
    if (step.unit == SSM_STEP_MONTHS && step.count < 12 && 12 % step.count == 0) {
        period[n++] = (size_t)(12 / step.count);
    }
    if (step.unit != SSM_STEP_NANOSECONDS) return n;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t cycle = table[i].cycle;
        if (cycle == 364 * SSMI_DAY && step.count < SSMI_DAY) continue;
        if (cycle == 364 * SSMI_DAY && step.count == SSMI_DAY) cycle = 365 * SSMI_DAY;
        if (step.count > table[i].longest_step || cycle % step.count != 0) continue;
        if (cycle / step.count <= 2 * 10080) period[n++] = (size_t)(cycle / step.count);
    }
    return n;
}

/* 1 when the period adds to those found so far. */
static ssm_status judge(search *s, size_t period, double most_p, int *is_season, ssmi_lines *lines)
{
    double energy;
    *is_season = 0;
    if (period < 2 || s->n / period < 2) return SSM_OK;
    SSMI_TRY(ssmi_lines_measure(lines, s->difference, s->n, period, s->tmp));
    double p = ssmi_lines_judge(lines, s->period, s->n_periods, &energy);
    *is_season = p < most_p && energy >= least_share * fast_variance(s, period);
    return SSM_OK;
}

static void accept(search *s, size_t period, const ssmi_lines *lines)
{
    double energy;
    ssmi_lines_judge(lines, s->period, s->n_periods, &energy);
    s->energy += energy;
    s->period[s->n_periods++] = period;
}

static ssm_status try_calendar(search *s, ssm_step step)
{
    size_t period[8], n = calendar_periods(period, step);
    for (size_t i = 0; i < n && s->n_periods < SSM_MAX_PERIODS; i++) {
        ssmi_lines lines;
        int is_season;
        SSMI_TRY(judge(s, period[i], calendar_p, &is_season, &lines));
        if (is_season) accept(s, period[i], &lines);
    }
    return SSM_OK;
}

/* ---- peaks of the periodogram ---- */

typedef struct peak {
    double frequency; /* cycles per row */
    double ratio;     /* power over the mean power beside it */
} peak;

/* Power of the differences at i/m, i = 0 .. m/2, zero-padded to m >= 4n rows, a power of two. */
static double *periodogram(const double *d, size_t n, size_t *m, ssm_arena *tmp)
{
    *m = 4;
    while (*m < 4 * n) *m *= 2;
    double *x = SSMI_ALLOC(tmp, double, *m), mean = 0;
    if (x == NULL) return NULL;
    for (size_t i = 0; i < n; i++) mean += d[i] / (double)n;
    for (size_t i = 0; i < n; i++) { /* Hann's taper keeps strong lines from leaking over weak ones */
        x[i] = (d[i] - mean) * (0.5 - 0.5 * cos(6.283185307179586 * ((double)i + 0.5) / (double)n));
    }
    gsl_fft_real_radix2_transform(x, 1, *m);
    x[0] *= x[0];
    for (size_t i = 1; i < *m / 2; i++) x[i] = x[i] * x[i] + x[*m - i] * x[*m - i];
    x[*m / 2] *= x[*m / 2];
    return x;
}

static void keep_peak(peak *best, size_t *n, peak found)
{
    size_t at = *n < MOST_PEAKS ? (*n)++ : MOST_PEAKS - 1;
    if (at == MOST_PEAKS - 1 && *n == MOST_PEAKS && best[at].ratio > found.ratio && best[at].frequency > 0)
        return;
    best[at] = found;
    for (; at > 0 && best[at - 1].ratio < best[at].ratio; at--) {
        peak swap = best[at];
        best[at] = best[at - 1];
        best[at - 1] = swap;
    }
}

/* The local maxima that stand out most from their surroundings of sixteen bins on either side. */
static size_t find_peaks(peak *best, const double *power, size_t m, size_t n)
{
    size_t bin = m / n, wide = 16 * bin, gap = 3 * bin, found = 0;
    for (size_t i = 2 * bin; i + 1 <= m / 2; i++) {
        if (power[i] < power[i - 1] || (i < m / 2 && power[i] < power[i + 1])) continue;
        double sum = 0;
        size_t count = 0;
        for (size_t k = gap; k <= wide; k += bin) {
            if (i + k <= m / 2) sum += power[i + k], count++;
            if (i > k) sum += power[i - k], count++;
        }
        if (!(power[i] > 0) || count == 0) continue;
        double left = power[i - 1], right = i < m / 2 ? power[i + 1] : left,
               curve = left - 2 * power[i] + right;
        double shift = curve < 0 ? 0.5 * (left - right) / curve : 0;
        double ratio = sum > 0 ? power[i] * (double)count / sum : 1e300;
        keep_peak(best, &found, (peak){((double)i + shift) / (double)m, ratio});
    }
    return found;
}

/* The smallest whole number of rows in which the peak's wave fits a whole number of times, to within a
 * quarter of a bin of n rows; 0: none among its first multiples. */
static size_t whole_period(double frequency, size_t n)
{
    for (int k = 1; k <= MOST_MULTIPLE; k++) {
        double period = floor(k / frequency + 0.5);
        if (4 * period > (double)n) return 0;
        if (period >= 2 && fabs(k / period - frequency) * (double)n < 0.25) return (size_t)period;
    }
    return 0;
}

/* A period that holds the found ones two or three times over replaces them when they are its harmonics. */
static void drop_harmonics(search *s, const ssmi_lines *longer)
{
    size_t kept = 0, period[SSM_MAX_PERIODS];
    for (size_t i = 0; i < s->n_periods; i++) {
        size_t part = s->period[i], times = longer->period / part;
        double own, shared = ssmi_lines_shared(longer, s->period, s->n_periods, i);
        ssmi_lines_judge(longer, s->period, s->n_periods, &own);
        int harmonic = longer->period % part == 0 && (times < 4 ? shared < 4 * own : shared < 0.3 * own);
        if (!harmonic) period[kept++] = part;
    }
    memcpy(s->period, period, kept * sizeof *period);
    s->n_periods = kept;
}

static int compare_sizes(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* All lines of `period` are lines of a season found before. */
static int is_part(const search *s, size_t period)
{
    for (size_t i = 0; i < s->n_periods; i++) {
        if (s->period[i] % period == 0) return 1;
    }
    return 0;
}

/* Rows without a calendar that repeat like the hours of a day may well have a week. */
static ssm_status try_week(search *s)
{
    static const size_t days[] = {24, 48, 96, 144, 288, 1440};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        ssmi_lines lines;
        int is_season, has_day = 0, has_week = 0;
        for (size_t k = 0; k < s->n_periods; k++) {
            has_day |= s->period[k] == days[i];
            has_week |= s->period[k] == 7 * days[i];
        }
        if (!has_day || has_week) continue;
        SSMI_TRY(judge(s, 7 * days[i], calendar_p, &is_season, &lines));
        if (is_season) drop_harmonics(s, &lines);
        if (is_season && s->n_periods < SSM_MAX_PERIODS) accept(s, 7 * days[i], &lines);
    }
    return SSM_OK;
}

/* Peaks in ascending period; with calendar periods found, only what is stronger than they are. */
static ssm_status try_peaks(search *s)
{
    size_t n = s->n < PEAK_ROWS ? s->n : PEAK_ROWS, m, period[MOST_PEAKS];
    peak best[MOST_PEAKS] = {{0}};
    double *power = periodogram(s->difference + (s->n - n), n, &m, s->tmp), calendar = s->energy;
    if (power == NULL) return SSM_E_MEMORY;
    size_t n_peaks = find_peaks(best, power, m, n);
    for (size_t i = 0; i < n_peaks; i++) period[i] = whole_period(best[i].frequency, n);
    qsort(period, n_peaks, sizeof *period, compare_sizes);
    for (size_t i = 0; i < n_peaks && s->n_periods < SSM_MAX_PERIODS; i++) {
        ssmi_lines lines;
        int is_season;
        double energy;
        if (period[i] < 2 || is_part(s, period[i])) continue;
        SSMI_TRY(judge(s, period[i], other_p, &is_season, &lines));
        if (!is_season) continue;
        ssmi_lines_judge(&lines, s->period, s->n_periods, &energy);
        if (calendar > 0 && energy < calendar) continue;
        if (calendar <= 0) drop_harmonics(s, &lines);
        accept(s, period[i], &lines);
    }
    return calendar > 0 ? SSM_OK : try_week(s);
}

static ssm_status detect(search *s, const ssm_series *series)
{
    SSMI_TRY(bridge(s, series));
    if (s->n < LEAST_ROWS) return SSM_OK;
    SSMI_TRY(difference(s));
    SSMI_TRY(try_calendar(s, series->time.step));
    SSMI_TRY(try_peaks(s));
    qsort(s->period, s->n_periods, sizeof *s->period, compare_sizes);
    return SSM_OK;
}

ssm_status ssm_series_detect_periods(ssm_context *ctx, ssm_series *series)
{
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    search s = {.tmp = &tmp};
    ssm_status status = series->stamp == NULL ? detect(&s, series) : SSM_OK;
    ssmi_arena_clear(&tmp);
    if (status != SSM_OK) return status;
    series->n_periods = s.n_periods;
    memcpy(series->period, s.period, sizeof series->period);
    return SSM_OK;
}
