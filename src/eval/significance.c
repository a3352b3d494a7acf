/* Is the difference more than luck?
 *
 *   d_k = loss_a - loss_b at origin k,   DM = mean(d) / sqrt(V / n),   V = g_0 + 2 sum_{j<=lags} g_j
 *   HLN = DM * sqrt((n + 1 - 2h + h(h - 1)/n) / n),  h = lags + 1,  compared with Student t, n - 1
 *
 * Diebold & Mariano (1995, eq. 6), Harvey, Leybourne & Newbold (1997, eq. 9). The plain V can come out
 * negative; then the weights of Bartlett, 1 - j/h, which never do, take over (Newey & West 1987).
 * Known value: d = 1, 2, 3, 4, 5 without lags gives g_0 = 2, DM = 3 / sqrt(2/5), HLN = DM * sqrt(4/5) =
 * 4.2426, p = 0.01324. */
#include <ssmcast/eval.h>

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Lag-j autocovariance of the differences of finite pairs; pairs are counted as if they were adjacent. */
static double autocovariance(const double *a, const double *b, size_t n, size_t lag, double mean)
{
    double sum = 0;
    for (size_t k = lag; k < n; k++) {
        double now = a[k] - b[k], before = a[k - lag] - b[k - lag];
        if (isfinite(now) && isfinite(before)) sum += (now - mean) * (before - mean);
    }
    return sum;
}

/* n times the long-run variance; bartlett: with falling weights. */
static double long_run(const double *a, const double *b, size_t n, const ssm_dm_test *test, int bartlett)
{
    double sum = autocovariance(a, b, n, 0, test->difference);
    for (size_t j = 1; j <= test->lags; j++) {
        double weight = bartlett ? 1 - (double)j / (double)(test->lags + 1) : 1;
        sum += 2 * weight * autocovariance(a, b, n, j, test->difference);
    }
    return sum;
}

static void mean_difference(const double *a, const double *b, size_t n, ssm_dm_test *test)
{
    double sum = 0, largest = 0;
    for (size_t k = 0; k < n; k++) {
        if (!isfinite(a[k] - b[k])) continue;
        sum += a[k] - b[k];
        largest = fmax(largest, fabs(a[k] - b[k]));
        test->n++;
    }
    test->difference = test->n > 0 ? sum / (double)test->n : NAN;
    if (largest == 0) test->difference = test->n > 0 ? 0 : NAN;
}

ssm_dm_test ssm_diebold_mariano(const double *loss_a, const double *loss_b, size_t n, size_t lags)
{
    ssm_dm_test test = {.statistic = NAN, .p_value = NAN};
    mean_difference(loss_a, loss_b, n, &test);
    if (test.n < 3 || test.difference == 0) return test;
    test.lags = lags < test.n - 1 ? lags : test.n - 1;
    double count = (double)test.n, h = (double)(test.lags + 1);
    double variance = long_run(loss_a, loss_b, n, &test, 0) / count;
    /* a difference that never varies is rounding noise away from infinitely significant: not testable */
    double noise = 1e-24 * test.difference * test.difference;
    if (!(variance > noise)) {
        test.bartlett = 1;
        variance = long_run(loss_a, loss_b, n, &test, 1) / count;
    }
    if (!(variance > noise)) return test;
    double correction = fmax((count + 1 - 2 * h + h * (h - 1) / count) / count, 0);
    test.statistic = test.difference / sqrt(variance / count) * sqrt(correction);
    test.p_value = 2 * gsl_cdf_tdist_Q(fabs(test.statistic), count - 1);
    return test;
}

/* How many p-values come before the i-th in ascending order (equal ones in the order given). */
static size_t rank_of(const double *p, size_t n, size_t i)
{
    size_t rank = 0;
    for (size_t j = 0; j < n; j++) rank += p[j] < p[i] || (p[j] == p[i] && j < i);
    return rank;
}

void ssm_holm(double *adjusted, const double *p, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) m += !isnan(p[i]);
    for (size_t i = 0; i < n; i++) {
        adjusted[i] = isnan(p[i]) ? NAN : 0;
        for (size_t j = 0; j < n && !isnan(p[i]); j++) {
            if (!(p[j] <= p[i])) continue;
            adjusted[i] = fmax(adjusted[i], fmin((double)(m - rank_of(p, n, j)) * p[j], 1));
        }
    }
}
