/* Tests of standardised innovations (Durbin & Koopman 2012, sec. 2.12; Harvey 1989, sec. 5.4).
 *
 *     Q = n (n + 2) sum_k r_k^2 / (n - k)         r_k = sum (e_t - m)(e_{t-k} - m) / sum (e_t - m)^2
 *     JB = n (S^2 / 6 + (K - 3)^2 / 24)           H(h) = mean of the last h e^2 / mean of the first h
 *
 * Known values: statsmodels' for the Nile, in ssmcast/diagnostics.h. */
#include "base/context.h"
#include <ssmcast/diagnostics.h>

#include <gsl/gsl_cdf.h>
#include <math.h>

typedef struct moments {
    size_t n;
    double mean, sum2, sum3, sum4; /* central sums */
} moments;

static moments measure(const double *e, size_t length)
{
    moments m = {0};
    for (size_t t = 0; t < length; t++) {
        if (isnan(e[t])) continue;
        m.mean += e[t];
        m.n++;
    }
    m.mean /= (double)(m.n > 0 ? m.n : 1);
    for (size_t t = 0; t < length; t++) {
        if (isnan(e[t])) continue;
        const double x = e[t] - m.mean;
        m.sum2 += x * x;
        m.sum3 += x * x * x;
        m.sum4 += x * x * x * x;
    }
    return m;
}

/* `least` values that vary. */
static ssm_status check(ssm_context *ctx, const double *e, size_t length, size_t least, const void *out,
                        moments *m)
{
    if (e == NULL || out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "residuals and result must be given");
    *m = measure(e, length);
    if (m->n < least)
        return ssmi_fail(ctx, SSM_E_DATA, "%zu residuals are too few for the test, it needs %zu", m->n,
                         least);
    if (!isfinite(m->sum4) || !(m->sum2 > 0.0))
        return ssmi_fail(ctx, SSM_E_DATA, "residuals do not vary, or are not finite");
    return SSM_OK;
}

static double product_at_lag(const double *e, size_t length, size_t lag, double mean)
{
    double sum = 0.0;
    for (size_t t = lag; t < length; t++) {
        if (!isnan(e[t]) && !isnan(e[t - lag])) sum += (e[t] - mean) * (e[t - lag] - mean);
    }
    return sum;
}

ssm_status ssm_test_ljung_box(ssm_context *ctx, const double *e, size_t length, size_t lags, size_t fitted,
                              ssm_test_result *out)
{
    moments m;
    if (lags == 0 || fitted >= lags)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "the test needs more lags than fitted parameters");
    if (lags >= length) return ssmi_fail(ctx, SSM_E_DATA, "%zu lags in %zu rows", lags, length);
    SSMI_TRY(check(ctx, e, length, lags + 1, out, &m));
    const double n = (double)m.n;
    double sum = 0.0;
    for (size_t k = 1; k <= lags; k++) {
        const double r = product_at_lag(e, length, k, m.mean) / m.sum2;
        sum += r * r / (n - (double)k);
    }
    *out = (ssm_test_result){.statistic = n * (n + 2.0) * sum, .df1 = (double)(lags - fitted)};
    out->p_value = gsl_cdf_chisq_Q(out->statistic, out->df1);
    return SSM_OK;
}

ssm_status ssm_test_jarque_bera(ssm_context *ctx, const double *e, size_t length, ssm_test_result *out)
{
    moments m;
    SSMI_TRY(check(ctx, e, length, 4, out, &m));
    const double n = (double)m.n, variance = m.sum2 / n;
    const double skewness = m.sum3 / n / (variance * sqrt(variance));
    const double kurtosis = m.sum4 / n / (variance * variance), excess = kurtosis - 3.0;
    *out = (ssm_test_result){.statistic = n * (skewness * skewness / 6.0 + excess * excess / 24.0),
                             .df1 = 2.0,
                             .skewness = skewness,
                             .kurtosis = kurtosis};
    out->p_value = gsl_cdf_chisq_Q(out->statistic, 2.0);
    return SSM_OK;
}

/* Mean of the squares of what is observed among `count` values. */
static double mean_square(const double *e, size_t count, double *observed)
{
    double sum = 0.0;
    *observed = 0.0;
    for (size_t t = 0; t < count; t++) {
        if (isnan(e[t])) continue;
        sum += e[t] * e[t];
        *observed += 1.0;
    }
    return sum / *observed;
}

ssm_status ssm_test_heteroskedasticity(ssm_context *ctx, const double *e, size_t length, size_t h,
                                       ssm_test_result *out)
{
    moments m;
    SSMI_TRY(check(ctx, e, length, 4, out, &m));
    size_t first = 0;
    while (isnan(e[first])) first++;
    const size_t rows = length - first;
    if (h == 0) h = (size_t)rint((double)rows / 3.0);
    if (h > rows / 2) return ssmi_fail(ctx, SSM_E_ARGUMENT, "h of %zu in %zu rows", h, rows);
    ssm_test_result r = {0};
    const double late = mean_square(e + (length - h), h, &r.df1), early = mean_square(e + first, h, &r.df2);
    if (r.df1 < 2.0 || r.df2 < 2.0 || !(early > 0.0))
        return ssmi_fail(ctx, SSM_E_DATA, "too few residuals at one end of the series");
    r.statistic = late / early;
    const double below = gsl_cdf_fdist_P(r.statistic, r.df1, r.df2),
                 above = gsl_cdf_fdist_Q(r.statistic, r.df1, r.df2);
    r.p_value = fmin(1.0, 2.0 * fmin(below, above));
    *out = r;
    return SSM_OK;
}
