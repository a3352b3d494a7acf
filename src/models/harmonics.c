/* Choosing harmonics by lines in the spectrum.
 *
 * The series less its centred moving average over the longest period (which harmonics of that period pass
 * unchanged) is compared at each harmonic j/s with the frequencies beside it, in a window of whole cycles:
 * for noise of any smooth spectrum the ratio of the power to the mean of 2K neighbours is F(2, 4K)
 * distributed (Priestley 1981, sec. 6.1.4, with a local estimate of the spectrum). Harmonics that stand out
 * are ranked by power. Short periods need no choice: all their harmonics fit into the state.
 *
 * The patterns that do not change are fitted to the same detrended series, one harmonic after the other to
 * what the others leave, a few rounds over (Gauss-Seidel on the normal equations, which are almost diagonal).
 *
 * Known value: a pure sine of period 48 yields the one harmonic 1/48. */
#include "models/harmonics.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { neighbours = 4 /* on each side, at most */, rounds = 4 };
static const double false_alarm = 1e-3;
static const double two_pi = 6.283185307179586477;

typedef struct candidate {
    ssmi_line line;
    double power;
    int given; /* belongs to a short period: not to be judged */
} candidate;

static size_t count_observed(const double *y, size_t length)
{
    size_t n = 0;
    for (size_t t = 0; t < length; t++) n += isnan(y[t]) ? 0 : 1;
    return n;
}

/* x = y less its centred moving average over `span` rows (at the ends: over what there is of it); 0 where y
 * is missing. */
static void remove_trend(double *x, const double *y, size_t length, size_t span)
{
    double sum = 0.0;
    size_t n = 0, from = 0, to = 0;
    for (size_t t = 0; t < length; t++) {
        const size_t low = t > span / 2 ? t - span / 2 : 0;
        const size_t high = low + span < length ? low + span : length;
        for (; to < high; to++) {
            if (!isnan(y[to])) sum += y[to], n++;
        }
        for (; from < low; from++) {
            if (!isnan(y[from])) sum -= y[from], n--;
        }
        x[t] = isnan(y[t]) || n == 0 ? 0.0 : y[t] - sum / (double)n;
    }
}

/* |sum_t x_t e^{-2 pi i f t}|^2 by Goertzel's recurrence. */
static double power_at(const double *x, size_t length, double frequency)
{
    const double angle = two_pi * frequency, twice = 2.0 * cos(angle);
    double s1 = 0.0, s2 = 0.0;
    for (size_t t = 0; t < length; t++) {
        const double s = x[t] + twice * s1 - s2;
        s2 = s1;
        s1 = s;
    }
    return s1 * s1 + s2 * s2 - twice * s1 * s2;
}

/* Power of the harmonic if it stands out from its neighbours, else 0. */
static double line_power(const double *x, size_t length, const ssmi_line *line)
{
    const size_t cycles = length / line->period, rows = cycles * line->period;
    const size_t sides = cycles / 2 < neighbours ? cycles / 2 : neighbours;
    const double f = (double)line->multiple / (double)line->period;
    const double *window = x + (length - rows);
    const double power = power_at(window, rows, f) / (double)rows;
    double around = 0.0;
    for (size_t k = 1; k <= sides; k++) {
        around += power_at(window, rows, f - (double)k / (double)rows);
        around += power_at(window, rows, fmin(f + (double)k / (double)rows, 1.0));
    }
    around /= 2.0 * (double)sides * (double)rows;
    const double least = gsl_cdf_fdist_Qinv(false_alarm, 2.0, 4.0 * (double)sides);
    return power > least * around ? power : 0.0;
}

static int same_frequency(const ssmi_line *a, const ssmi_line *b)
{
    return a->multiple * b->period == b->multiple * a->period;
}

static size_t list_candidates(candidate *out, const ssmi_harmonics_plan *plan, const double *y,
                              const double *x, size_t length)
{
    size_t n = 0;
    for (size_t s = 0; s < plan->n_periods; s++) {
        const size_t period = plan->period[s];
        if (length < 2 * period || count_observed(y, length) < 2 * period) continue;
        for (size_t j = 1; j <= period / 2; j++) {
            candidate c = {.line = {.multiple = j, .period = period, .season = s}};
            int taken = 0;
            for (size_t k = 0; k < n; k++) taken |= same_frequency(&out[k].line, &c.line);
            c.given = period <= plan->all_up_to;
            c.power = taken || c.given ? 0.0 : line_power(x, length, &c.line);
            if (!taken && (c.given || c.power > 0.0)) out[n++] = c;
        }
    }
    return n;
}

/* Given ones first, then by power; ties by frequency keep the order defined. */
static int by_rank(const void *a_, const void *b_)
{
    const candidate *a = a_, *b = b_;
    if (a->given != b->given) return b->given - a->given;
    if (a->power != b->power) return a->power < b->power ? 1 : -1;
    if (a->line.season != b->line.season) return a->line.season < b->line.season ? -1 : 1;
    return a->line.multiple < b->line.multiple ? -1 : a->line.multiple > b->line.multiple;
}

ssm_status ssmi_harmonics_choose(const ssmi_harmonics_plan *plan, const double *y, size_t length,
                                 ssmi_line *line, size_t *n_lines, ssm_arena *tmp)
{
    size_t most = 0, longest = 1;
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    for (size_t s = 0; s < plan->n_periods; s++) {
        if (length < 2 * plan->period[s]) continue;
        most += plan->period[s] / 2;
        longest = plan->period[s];
    }
    candidate *all = SSMI_ALLOC(tmp, candidate, most);
    double *x = SSMI_ALLOC(tmp, double, length);
    if (all == NULL || x == NULL) return SSM_E_MEMORY;
    remove_trend(x, y, length, longest);
    const size_t n = list_candidates(all, plan, y, x, length);
    qsort(all, n, sizeof *all, by_rank);
    *n_lines = n < plan->most ? n : plan->most;
    for (size_t k = 0; k < *n_lines; k++) line[k] = all[k].line;
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}

double ssmi_pattern_at(const ssmi_pattern *pattern, size_t row)
{
    double sum = 0.0;
    for (size_t k = 0; k < pattern->n; k++) sum += pattern->value[k][row % pattern->period[k]];
    return sum;
}

size_t ssmi_pattern_cycle(const ssmi_pattern *pattern)
{
    size_t rows = 1;
    for (size_t k = 0; k < pattern->n; k++) rows *= pattern->period[k];
    return rows;
}

typedef struct wave {
    double cosine, sine;
} wave;

/* Adds factor * wave to x at the rows where y is observed. The angle is computed afresh for each phase of the
 * period, so nothing drifts. */
static void add_wave(double *x, const double *y, size_t length, const ssmi_line *line, wave w, double factor,
                     double *table)
{
    for (size_t k = 0; k < line->period; k++) {
        const double angle = two_pi * (double)(line->multiple * k % line->period) / (double)line->period;
        table[k] = factor * (w.cosine * cos(angle) + w.sine * sin(angle));
    }
    for (size_t t = 0, k = 0; t < length; t++) {
        if (y == NULL || !isnan(y[t])) x[t] += table[k];
        k = k + 1 == line->period ? 0 : k + 1;
    }
}

/* Least squares of one wave on the observed rows of x; phase 0 is the first row. */
static wave fit_wave(const double *x, const double *y, size_t length, const ssmi_line *line, double *table)
{
    double *c = table, *s = table + line->period, cc = 0, ss = 0, cs = 0, xc = 0, xs = 0;
    for (size_t k = 0; k < line->period; k++) {
        const double angle = two_pi * (double)(line->multiple * k % line->period) / (double)line->period;
        c[k] = cos(angle);
        s[k] = 2 * line->multiple == line->period ? 0.0 : sin(angle);
    }
    for (size_t t = 0, k = 0; t < length; t++) {
        if (!isnan(y[t])) {
            cc += c[k] * c[k], ss += s[k] * s[k], cs += c[k] * s[k];
            xc += x[t] * c[k], xs += x[t] * s[k];
        }
        k = k + 1 == line->period ? 0 : k + 1;
    }
    const double det = cc * ss - cs * cs;
    if (det > 1e-6 * cc * ss) return (wave){(xc * ss - xs * cs) / det, (xs * cc - xc * cs) / det};
    return (wave){cc > 0.0 ? xc / cc : 0.0, 0.0};
}

static ssm_status open_patterns(ssmi_pattern *out, const ssmi_line *line, size_t n_lines, ssm_arena *mem)
{
    *out = (ssmi_pattern){0};
    for (size_t k = 0; k < n_lines; k++) {
        size_t at = 0;
        while (at < out->n && out->period[at] != line[k].period) at++;
        if (at < out->n) continue;
        out->period[at] = line[k].period;
        out->value[at] = SSMI_ALLOC(mem, double, line[k].period);
        if (out->value[at] == NULL) return SSM_E_MEMORY;
        out->n++;
    }
    return SSM_OK;
}

/* Adds a wave to the pattern of its period, so that row number `row` has phase 0. */
static void store_wave(ssmi_pattern *out, const ssmi_line *line, wave w, size_t row, double *table)
{
    size_t at = 0;
    while (out->period[at] != line->period) at++;
    double *cycle = table + line->period;
    memset(cycle, 0, line->period * sizeof(double));
    add_wave(cycle, NULL, line->period, line, w, 1.0, table);
    for (size_t k = 0; k < line->period; k++) out->value[at][(row + k) % line->period] += cycle[k];
}

ssm_status ssmi_pattern_fit(ssmi_pattern *pattern, const ssmi_line *line, size_t n_lines, size_t keep,
                            const double *y, size_t length, size_t row, ssm_arena *mem, ssm_arena *tmp)
{
    size_t longest = 1;
    ssmi_pattern out = {0};
    if (keep < n_lines) SSMI_TRY(open_patterns(&out, line + keep, n_lines - keep, mem));
    for (size_t k = 0; k < n_lines; k++) longest = line[k].period > longest ? line[k].period : longest;
    double *x = SSMI_ALLOC(tmp, double, length), *table = SSMI_ALLOC(tmp, double, 2 * longest);
    wave *w = SSMI_ALLOC(tmp, wave, n_lines);
    if (x == NULL || table == NULL || w == NULL) return SSM_E_MEMORY;
    remove_trend(x, y, length, longest);
    for (size_t round = 0; round < rounds && out.n > 0; round++) {
        for (size_t k = 0; k < n_lines; k++) {
            const wave more = fit_wave(x, y, length, line + k, table);
            add_wave(x, y, length, line + k, more, -1.0, table);
            w[k].cosine += more.cosine;
            w[k].sine += more.sine;
        }
    }
    for (size_t k = keep; k < n_lines; k++) store_wave(&out, line + k, w[k], row, table);
    *pattern = out;
    return SSM_OK;
}
