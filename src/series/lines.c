/* The lines of one period.
 *
 * From the last N = c p differences d the bins c j carry the lines and the bins c j + k, k no multiple of c,
 * what lies beside them. Turning d by exp(-2 pi i k t / N) and folding it to p sums brings bin c j + k to
 * bin j of a transform of length p, so no transform of length N is needed and N need not be smooth.
 *
 * Where the spectrum is flat over the b bins beside a line, the ratio r of the line's power to their mean has
 * the distribution F(2, 2b), whose tail is (1 + r / b)^(-b) (Percival & Walden 1993, Spectral Analysis for
 * Physical Applications, sect. 10.10); at frequency 1/2, where the line is real, F(1, 2b). The p-values
 * of independent lines are combined as Fisher did: -2 sum log p has a chi-square distribution with two
 * degrees of freedom per line. Differencing multiplies the power at frequency f by 4 sin^2(pi f), which the
 * energy of a line undoes. Known value: d of a pure sine of amplitude 1 has energy 1/2. */
#include "series/lines.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

static const double two_pi = 6.283185307179586476925;

/* The bins k beside a line that are looked at: up to SSMI_MAX_BESIDE on either side, none of them a line. */
static size_t choose_beside(size_t *beside, size_t n_cycles)
{
    size_t n = 0;
    for (size_t k = 1; n < SSMI_MAX_BESIDE && k < 4 * SSMI_MAX_BESIDE; k++) {
        if (k % n_cycles != 0) beside[n++] = k;
    }
    return n;
}

/* re + i im = sum over cycles of d turned by bin k, folded to p. */
static void fold(double *re, double *im /* (p) */, const double *d /* (c p) */, size_t k, size_t c, size_t p)
{
    memset(re, 0, p * sizeof *re);
    memset(im, 0, p * sizeof *im);
    double step = two_pi * (double)k / (double)(c * p);
    double turn_re = cos(step), turn_im = -sin(step);
    for (size_t cycle = 0; cycle < c; cycle++) {
        double at = step * (double)(cycle * p), u = cos(at), v = -sin(at);
        const double *row = d + cycle * p;
        for (size_t i = 0; i < p; i++) {
            re[i] += row[i] * u;
            im[i] += row[i] * v;
            double next = u * turn_re - v * turn_im;
            v = u * turn_im + v * turn_re;
            u = next;
        }
    }
}

/* Powers of bins c j + k and c j - k, from the folded sums. */
static void powers(double *above, double *below, const double *re, const double *im, size_t j, size_t p)
{
    double step = two_pi * (double)j / (double)p, c = cos(step), s = sin(step), u = 1, v = 0;
    double a = 0, b = 0, e = 0, f = 0; /* sums of re cos, re sin, im cos, im sin */
    for (size_t i = 0; i < p; i++) {
        a += re[i] * u;
        b += re[i] * v;
        e += im[i] * u;
        f += im[i] * v;
        double next = u * c - v * s;
        v = u * s + v * c;
        u = next;
    }
    *above = (a + f) * (a + f) + (e - b) * (e - b); /* sum (re + i im) exp(-i t) */
    *below = (a - f) * (a - f) + (e + b) * (e + b); /* sum (re + i im) exp(+i t), |conj| alike */
}

/* One line: power, bins beside it and their mean power. */
typedef struct line {
    double power, beside;
    size_t n_beside;
} line;

static void measure_beside(line *lines, size_t n_lines, const double *re, const double *im, size_t k,
                           size_t c, size_t p)
{
    for (size_t j = 1; j <= n_lines; j++) {
        double above, below;
        powers(&above, &below, re, im, j, p);
        if (2 * (c * j + k) < c * p) {
            lines[j - 1].beside += above;
            lines[j - 1].n_beside++;
        }
        if (c * j > k) {
            lines[j - 1].beside += below;
            lines[j - 1].n_beside++;
        }
    }
}

/* -log of the probability that a line stands out so far by chance. Powers up to `rounding` are none. */
static double surprise_of(const line *l, double rounding, int at_half)
{
    if (l->n_beside == 0 || l->power <= rounding) return 0;
    double b = (double)l->n_beside, ratio = l->power / fmax(l->beside / b, rounding);
    if (!at_half) return b * log1p(ratio / b);
    double p = gsl_cdf_fdist_Q(ratio, 1, 2 * b);
    return p > 1e-300 ? -log(p) : 690;
}

ssm_status ssmi_lines_measure(ssmi_lines *out, const double *difference, size_t n, size_t period,
                              ssm_arena *tmp)
{
    size_t p = period, c = n / p, beside[SSMI_MAX_BESIDE];
    line lines[SSMI_MAX_LINES] = {{0}};
    ssmi_mark mark = ssmi_arena_mark(tmp);
    double *re = SSMI_ALLOC(tmp, double, p), *im = SSMI_ALLOC(tmp, double, p), unused;
    if (re == NULL || im == NULL) return SSM_E_MEMORY;
    *out =
        (ssmi_lines){.period = p, .n_cycles = c, .n_lines = p / 2 < SSMI_MAX_LINES ? p / 2 : SSMI_MAX_LINES};
    const double *d = difference + (n - c * p);
    size_t n_beside = choose_beside(beside, c);
    fold(re, im, d, 0, c, p);
    for (size_t j = 1; j <= out->n_lines; j++) powers(&lines[j - 1].power, &unused, re, im, j, p);
    for (size_t i = 0; i < n_beside; i++) {
        fold(re, im, d, beside[i], c, p);
        measure_beside(lines, out->n_lines, re, im, beside[i], c, p);
    }
    double rounding = 0; /* what is left of a power after sums of c p terms with relative errors of 1e-12 */
    for (size_t i = 0; i < c * p; i++) rounding += 1e-24 * (double)(c * p) * d[i] * d[i];
    for (size_t j = 1; j <= out->n_lines; j++) {
        int at_half = 2 * j == p;
        double size = (double)(c * p), gain = 2 * sin(0.5 * two_pi * (double)j / (double)p);
        out->surprise[j - 1] = surprise_of(&lines[j - 1], rounding, at_half);
        out->energy[j - 1] = (at_half ? 1 : 2) * lines[j - 1].power / (size * size) / (gain * gain);
    }
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}

/* Line j of `period` is also a line of `part`. */
static int is_shared(size_t j, size_t period, size_t part)
{
    return j * part % period == 0;
}

/* A smooth season shows in its first lines only, a sharp one in all: Fisher's test is made on the first 1, 2,
 * 4, ... lines, and the smallest p-value counts, times the number of tests (Bonferroni). */
double ssmi_lines_judge(const ssmi_lines *lines, const size_t *known, size_t n_known, double *energy)
{
    double surprise = 0, least = 1;
    size_t n = 0, n_tests = 0;
    *energy = 0;
    for (size_t j = 1; j <= lines->n_lines; j++) {
        int shared = 0;
        for (size_t i = 0; i < n_known; i++) shared |= is_shared(j, lines->period, known[i]);
        if (!shared) {
            n++;
            surprise += lines->surprise[j - 1];
            *energy += lines->energy[j - 1];
        }
        int power_of_two = n > 0 && (n & (n - 1)) == 0 && !shared;
        if (!power_of_two && (j < lines->n_lines || n == 0)) continue;
        n_tests++;
        least = fmin(least, gsl_cdf_chisq_Q(2 * surprise, 2 * (double)n));
    }
    return n_tests == 0 ? 1 : fmin(1, least * (double)n_tests);
}

double ssmi_lines_shared(const ssmi_lines *lines, const size_t *known, size_t n_known, size_t which)
{
    double energy = 0;
    for (size_t j = 1; j <= lines->n_lines; j++) {
        int others = 0;
        for (size_t i = 0; i < n_known; i++) others |= i != which && is_shared(j, lines->period, known[i]);
        if (!others && is_shared(j, lines->period, known[which])) energy += lines->energy[j - 1];
    }
    return energy;
}
