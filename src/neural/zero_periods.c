/* Period search by autocorrelation with counts corrected for missing values.
 *
 *     r(k) = (sum_t y_t y_{t-k} / n_k) / (sum_t y_t^2 / n_0)      n_k: pairs seen at lag k, r = 0 below 5
 *     s(k) = r(k) - r(ceil(k/2))/2 - r(floor(3k/2))/2             high at a period, low half a cycle off
 *
 * y is the window minus its line (version 0) or minus also a centred moving average of 129 rows (version 1,
 * for levels that drift), clipped at four standard deviations. Version 1 is taken when its best score is
 * higher by more than 0.05. The main period is the smallest local maximum of r that scores 0.88 of the best;
 * the second one the largest local maximum at 1.5 main periods or more. Sums over lags come from the
 * Wiener-Khinchin theorem: both versions are transformed together, as real and imaginary part. Known value: a
 * sine of period 24 over 480 rows has main period 24. */
#include "neural/zero_periods.h"

#include <gsl/gsl_fft_complex.h>
#include <math.h>
#include <string.h>

enum { HALF_WIDTH = 64, VERSIONS = 2 };
static const double NONE = -9, ENOUGH_PAIRS = 4.5, MARGIN = 0.05, NEAR_BEST = 0.88, CLIP = 4;

typedef struct search {
    size_t length, longest, n_lags, n; /* n: size of the transform; n_lags: lags of r that scores ask for */
    size_t first;                      /* row seen; the last one is span - 1 rows further */
    double n_seen, span;
    const unsigned char *seen;
    double *y[VERSIONS]; /* (length) */
    double *r[VERSIONS]; /* (n_lags) */
    double *pairs;       /* (n_lags) */
    double *wave;        /* (n, 2) */
} search;

/* Candidates k have 3k/2 <= span - 4 and k < longest. */
static void size_search(search *s, size_t span)
{
    s->n_lags = s->longest * 3 / 2 + 2;
    if (s->n_lags + 3 > span) s->n_lags = span > 4 ? span - 3 : 1;
    for (s->n = 1; s->n < span + s->n_lags;) s->n *= 2;
}

size_t ssmi_zero_periods_scratch(size_t length, size_t longest)
{
    search s = {.length = length, .longest = longest};
    const size_t blocks = 2 * VERSIONS + 2, rounding = 64;
    size_search(&s, length);
    return sizeof(double) * (VERSIONS * (s.length + s.n_lags) + s.n_lags + 2 * s.n) + blocks * rounding;
}

static ssm_status open_search(search *s, ssm_arena *tmp)
{
    size_search(s, s->length);
    for (int v = 0; v < VERSIONS; v++) {
        s->y[v] = SSMI_ALLOC(tmp, double, s->length);
        s->r[v] = SSMI_ALLOC(tmp, double, s->n_lags);
        if (s->y[v] == NULL || s->r[v] == NULL) return SSM_E_MEMORY;
    }
    s->pairs = SSMI_ALLOC(tmp, double, s->n_lags);
    s->wave = SSMI_ALLOC(tmp, double, 2 * s->n);
    return s->pairs != NULL && s->wave != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* Rows seen, and how far apart the first and the last of them are. */
static void measure_span(search *s)
{
    size_t first = s->length, end = 0, count = 0;
    for (size_t t = 0; t < s->length; t++) {
        if (!s->seen[t]) continue;
        if (count++ == 0) first = t;
        end = t + 1;
    }
    s->first = first;
    s->n_seen = count > 0 ? (double)count : 1;
    s->span = end > first ? (double)(end - first) : 0;
    size_search(s, end > first ? end - first : 0);
}

/* Version 0: residuals of the least-squares line. */
static void remove_line(search *s, const double *z)
{
    const double step = 2 / (double)(s->length - 1);
    double mean_t = 0, mean_z = 0, cross = 0, square = 0;
    for (size_t t = 0; t < s->length; t++) {
        if (!s->seen[t]) continue;
        mean_t += (double)t * step - 1;
        mean_z += z[t];
    }
    mean_t /= s->n_seen;
    mean_z /= s->n_seen;
    for (size_t t = 0; t < s->length; t++) {
        const double x = (double)t * step - 1 - mean_t;
        if (!s->seen[t]) continue;
        cross += x * (z[t] - mean_z);
        square += x * x;
    }
    const double slope = cross / fmax(square, 1e-6);
    for (size_t t = 0; t < s->length; t++) {
        const double x = (double)t * step - 1 - mean_t;
        s->y[0][t] = s->seen[t] ? z[t] - mean_z - slope * x : 0;
    }
}

/* Version 1: minus the mean of the rows seen within HALF_WIDTH. The sum slides along. */
static void remove_level(search *s)
{
    double sum = 0, count = 0;
    for (size_t t = 0; t < HALF_WIDTH && t < s->length; t++) sum += s->y[0][t], count += s->seen[t];
    for (size_t t = 0; t < s->length; t++) {
        const size_t enters = t + HALF_WIDTH;
        if (enters < s->length) sum += s->y[0][enters], count += s->seen[enters];
        if (t > HALF_WIDTH) {
            sum -= s->y[0][t - HALF_WIDTH - 1];
            count -= s->seen[t - HALF_WIDTH - 1];
        }
        s->y[1][t] = s->seen[t] ? s->y[0][t] - sum / fmax(count, 1) : 0;
    }
}

static void clip(const search *s, double *y)
{
    double square = 0;
    for (size_t t = 0; t < s->length; t++) square += y[t] * y[t];
    const double limit = CLIP * fmax(sqrt(square / s->n_seen), 1e-6);
    for (size_t t = 0; t < s->length; t++) {
        if (y[t] > limit) y[t] = limit;
        if (y[t] < -limit) y[t] = -limit;
    }
}

/* wave holds x + i u; afterwards (sum_t x_t x_{t-k}) + i (sum_t u_t u_{t-k}) in row k. n is a power of two,
 * so the transforms cannot fail. */
static void correlate(search *s)
{
    double *w = s->wave;
    gsl_fft_complex_radix2_forward(w, 1, s->n);
    for (size_t k = 0; k <= s->n / 2; k++) {
        const size_t m = (s->n - k) % s->n;
        const double re = w[2 * k] + w[2 * m], im = w[2 * k + 1] - w[2 * m + 1];
        const double ue = w[2 * k + 1] + w[2 * m + 1], ui = w[2 * m] - w[2 * k];
        w[2 * k] = w[2 * m] = (re * re + im * im) / 4;
        w[2 * k + 1] = w[2 * m + 1] = (ue * ue + ui * ui) / 4;
    }
    gsl_fft_complex_radix2_inverse(w, 1, s->n);
}

/* From the first row seen on, so that the transform need not hold what is empty. */
static void load_wave(search *s, const double *re, const double *im)
{
    const size_t span = (size_t)s->span;
    memset(s->wave, 0, 2 * s->n * sizeof *s->wave);
    for (size_t i = 0, t = s->first; i < span; i++, t++) {
        s->wave[2 * i] = re != NULL ? re[t] : s->seen[t];
        if (im != NULL) s->wave[2 * i + 1] = im[t];
    }
}

/* Without gaps the number of pairs needs no transform. */
static void count_pairs(search *s)
{
    if (s->n_seen >= s->span) {
        for (size_t k = 0; k < s->n_lags; k++) s->pairs[k] = fmax(s->span - (double)k, 0);
        return;
    }
    load_wave(s, NULL, NULL);
    correlate(s);
    for (size_t k = 0; k < s->n_lags; k++) s->pairs[k] = s->wave[2 * k];
}

static void autocorrelation(search *s)
{
    load_wave(s, s->y[0], s->y[1]);
    correlate(s);
    for (int v = 0; v < VERSIONS; v++) {
        const double variance = fmax(s->wave[v] / fmax(s->pairs[0], 1), 1e-8);
        for (size_t k = 0; k < s->n_lags; k++)
            s->r[v][k] =
                s->pairs[k] >= ENOUGH_PAIRS ? s->wave[2 * k + (size_t)v] / s->pairs[k] / variance : 0;
    }
}

/* A local maximum at a lag that the window covers one and a half times. */
static int is_candidate(const search *s, const double *r, size_t k)
{
    if (k < 2 || k >= s->longest || 1.5 * (double)k > s->span - 4) return 0;
    return r[k] >= r[k - 1] && r[k] >= r[k + 1];
}

static double score(const search *s, const double *r, size_t k)
{
    return is_candidate(s, r, k) ? r[k] - 0.5 * r[(k + 1) / 2] - 0.5 * r[k * 3 / 2] : NONE;
}

static double best_score(const search *s, const double *r)
{
    double best = NONE;
    for (size_t k = 2; k < s->longest; k++) best = fmax(best, score(s, r, k));
    return best;
}

static void choose(const search *s, ssmi_zero_periods *out)
{
    const double best[VERSIONS] = {best_score(s, s->r[0]), best_score(s, s->r[1])};
    const int v = best[1] > best[0] + MARGIN;
    const double *r = s->r[v];
    double highest = NONE;
    *out = (ssmi_zero_periods){.main = 1};
    for (size_t k = 2; k < s->longest && best[v] > 0 && out->main == 1; k++) {
        if (score(s, r, k) < NEAR_BEST * best[v]) continue;
        out->main = k;
        out->main_strength = r[k];
    }
    out->second = out->main;
    out->second_strength = out->main_strength;
    for (size_t k = (3 * out->main + 1) / 2; k < s->longest; k++) {
        if (!is_candidate(s, r, k) || r[k] <= highest) continue;
        out->second = k;
        out->second_strength = highest = r[k];
    }
}

ssm_status ssmi_zero_find_periods(const double *z, const unsigned char *seen, size_t length, size_t longest,
                                  ssmi_zero_periods *out, ssm_arena *tmp)
{
    search s = {.length = length, .longest = longest, .seen = seen};
    SSMI_TRY(open_search(&s, tmp));
    measure_span(&s);
    remove_line(&s, z);
    remove_level(&s);
    clip(&s, s.y[0]);
    clip(&s, s.y[1]);
    count_pairs(&s);
    autocorrelation(&s);
    choose(&s, out);
    return SSM_OK;
}
