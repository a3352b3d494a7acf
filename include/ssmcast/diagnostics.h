/* Does a fitted state-space model leave anything unexplained, and where?
 *
 *     ssm_kalman_innovations(ctx, &model, y, length, NULL, e);      standardised one-step errors: N(0, 1),
 *     ssm_test_ljung_box(ctx, e, length, 10, 2, &result);           independent if the model is right
 *     ssm_kalman_findings(ctx, &model, y, length, NULL, 3.0, found, 20, &count);      outliers and breaks
 *
 * Series e are single columns of doubles in which NaN is missing and is skipped. Definitions are those of
 * Durbin & Koopman (2012, sec. 2.12, 7.5) and of statsmodels, whose values for the Nile stand behind each;
 * but a missing value is skipped here and not taken for a residual of zero. A
 * test that has too few values, or values that do not vary, is refused with SSM_E_DATA. Outputs are untouched
 * on failure. */
#ifndef SSMCAST_DIAGNOSTICS_H
#define SSMCAST_DIAGNOSTICS_H

#include <ssmcast/kalman.h>

SSM_BEGIN_DECLS

/* e (p, length): v / sqrt(F) of each scalar observation; NaN where it is missing, was used up by the diffuse
 * start or carries no information. Within a row of several observations the scalars are those of the
 * sequence y_1, y_2 | y_1, ... (see ssmcast/kalman.h), so they are independent as well. */
SSM_API ssm_status ssm_kalman_innovations(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                          size_t length, const ssm_kalman_options *options, double *e);

typedef struct ssm_test_result {
    double statistic, p_value;
    double df1, df2;           /* degrees of freedom; df2 is 0 for a chi-square */
    double skewness, kurtosis; /* of ssm_test_jarque_bera, 0 elsewhere */
} ssm_test_result;

/* Serial correlation: Q = n (n + 2) sum_k r_k^2 / (n - k), k = 1 .. lags, against chi-square with
 * lags - fitted degrees of freedom (`fitted`: parameters that were estimated; 0 for statsmodels' default).
 * Pairs with a missing value count as zero. Nile, 9 lags: 8.8433, p 0.4519. */
SSM_API ssm_status ssm_test_ljung_box(ssm_context *ctx, const double *e, size_t length, size_t lags,
                                      size_t fitted, ssm_test_result *out);

/* Normality: n (S^2 / 6 + (K - 3)^2 / 24) with skewness S and kurtosis K, against chi-square with 2 degrees
 * of freedom (Jarque & Bera 1987). Nile: 0.04687, p 0.9768. */
SSM_API ssm_status ssm_test_jarque_bera(ssm_context *ctx, const double *e, size_t length,
                                        ssm_test_result *out);

/* Heteroskedasticity: H(h), mean square of the last h rows over that of the first h, counted from the first
 * observed one, two-sided against F. h = 0: a third of the rows. Nile: 0.61296, p 0.1650. */
SSM_API ssm_status ssm_test_heteroskedasticity(ssm_context *ctx, const double *e, size_t length, size_t h,
                                               ssm_test_result *out);

/* Auxiliary residuals (Harvey & Koopman 1992): smoothed disturbances over their standard deviations, each
 * N(0, 1), though not independent over time. epsilon (p, length) points to outliers, eta (r, length) to
 * breaks: eta of row t is what moved between rows t and t + 1. NaN where the data say nothing, such as at
 * missing observations and for the shock after the last row. Either may be NULL. */
SSM_API ssm_status ssm_kalman_auxiliary(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                        size_t length, const ssm_kalman_options *options, double *epsilon,
                                        double *eta);

typedef enum ssm_finding_kind {
    SSM_FINDING_OUTLIER, /* observation `index` of row `row` is off by itself */
    SSM_FINDING_BREAK /* shock `index` moved the state by more than it does: from `row` on it is elsewhere */
} ssm_finding_kind;

typedef struct ssm_finding {
    ssm_finding_kind kind;
    size_t row, index;
    double residual; /* auxiliary residual */
    double p_value;  /* two-sided normal, times the number of residuals looked at (Bonferroni), at most 1 */
} ssm_finding;

/* Auxiliary residuals beyond `threshold` in size (0: 3), the largest first. Neighbours of a large one are
 * large with it, so of consecutive rows beyond the threshold only the largest is named. `count` is how many
 * there are, of which at most `capacity` are written to `out`. The Nile has two: the outlier of 1913 (-3.04)
 * and the break of 1899 (-3.23). */
SSM_API ssm_status ssm_kalman_findings(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                       size_t length, const ssm_kalman_options *options, double threshold,
                                       ssm_finding *out, size_t capacity, size_t *count);

SSM_END_DECLS

#endif
