/* The metric table. Symbols: y truth, f point forecast, q_tau quantile forecast, [l, u] central interval of
 * nominal coverage 1 - alpha, s seasonal scale, sums and means over all rows of all windows.
 *
 * MASE: Hyndman & Koehler (2006, eq. 6). sMAPE, MSIS: M4 rules (Makridakis et al. 2020, eq. 1 and 5). WQL:
 * GluonTS and GIFT-Eval. Known value: y = 100, f = 80 gives an sMAPE of 22.222. */
#include <ssmcast/eval.h>

#include <math.h>
#include <string.h>

static void add_absolute(const ssm_judged *row, double *sum, double *weight)
{
    *sum += fabs(row->truth - row->mean);
    *weight += 1;
}

static void add_squared(const ssm_judged *row, double *sum, double *weight)
{
    *sum += (row->truth - row->mean) * (row->truth - row->mean);
    *weight += 1;
}

static void add_scaled(const ssm_judged *row, double *sum, double *weight)
{
    *sum += fabs(row->truth - row->mean) / row->scale;
    *weight += 1;
}

static void add_symmetric(const ssm_judged *row, double *sum, double *weight)
{
    double size = fabs(row->truth) + fabs(row->mean);
    *sum += size > 0 ? 200 * fabs(row->truth - row->mean) / size : 0;
    *weight += 1;
}

static void add_relative(const ssm_judged *row, double *sum, double *weight)
{
    *sum += 100 * fabs(row->truth - row->mean);
    *weight += fabs(row->truth);
}

static double mean_pinball(const ssm_judged *row)
{
    double sum = 0;
    for (size_t k = 0; k < row->n_levels; k++) {
        double above = row->truth - row->quantile[k];
        sum += above >= 0 ? row->level[k] * above : (row->level[k] - 1) * above;
    }
    return sum / (double)row->n_levels;
}

static void add_pinball(const ssm_judged *row, double *sum, double *weight)
{
    *sum += mean_pinball(row);
    *weight += 1;
}

static void add_weighted_quantile(const ssm_judged *row, double *sum, double *weight)
{
    *sum += 2 * mean_pinball(row);
    *weight += fabs(row->truth);
}

static void add_coverage(const ssm_judged *row, double *sum, double *weight)
{
    *sum += row->low <= row->truth && row->truth <= row->high ? 100 : 0;
    *weight += 1;
}

static void add_width(const ssm_judged *row, double *sum, double *weight)
{
    *sum += row->high - row->low;
    *weight += 1;
}

/* Width, plus 2/alpha for each unit by which the truth lies outside. */
static void add_interval_score(const ssm_judged *row, double *sum, double *weight)
{
    double outside = fmax(row->low - row->truth, 0) + fmax(row->truth - row->high, 0);
    *sum += (row->high - row->low + 2 / (1 - row->nominal) * outside) / row->scale;
    *weight += 1;
}

static const ssm_metric metrics[] = {
    {"mae", "MAE", "mean absolute error", "mean |y - f|", "y", 0, SSM_LOWER_IS_BETTER, add_absolute, NULL},
    {"mse", "MSE", "mean squared error", "mean (y - f)\xc2\xb2", "y\xc2\xb2", 0, SSM_LOWER_IS_BETTER,
     add_squared, NULL},
    {"rmse", "RMSE", "root of the mean squared error", "sqrt(mean (y - f)\xc2\xb2)", "y", 0,
     SSM_LOWER_IS_BETTER, add_squared, sqrt},
    {"mase", "MASE", "absolute error in units of the seasonal naive error in the training rows",
     "mean |y - f| / s, s = mean |y[t] - y[t-m]| over the training rows", "", SSM_NEEDS_SCALE,
     SSM_LOWER_IS_BETTER, add_scaled, NULL},
    {"smape", "sMAPE", "symmetric percentage error, 0 to 200", "mean 200 |y - f| / (|y| + |f|)", "%", 0,
     SSM_LOWER_IS_BETTER, add_symmetric, NULL},
    {"wape", "WAPE", "absolute error as a share of the absolute values", "100 sum |y - f| / sum |y|", "%", 0,
     SSM_LOWER_IS_BETTER, add_relative, NULL},
    {"pinball", "Pinball", "mean quantile loss over the levels 0.1 to 0.9",
     "mean over levels of max(\xcf\x84 (y - q), (\xcf\x84 - 1) (y - q))", "y", SSM_NEEDS_QUANTILES,
     SSM_LOWER_IS_BETTER, add_pinball, NULL},
    {"wql", "WQL", "weighted quantile loss over the levels 0.1 to 0.9", "2 sum pinball / sum |y|", "",
     SSM_NEEDS_QUANTILES, SSM_LOWER_IS_BETTER, add_weighted_quantile, NULL},
    {"msis", "MSIS", "scaled interval score: narrow is good, missing the truth is punished",
     "mean (u - l + 2/\xce\xb1 (l - y if y < l) + 2/\xce\xb1 (y - u if y > u)) / s", "",
     SSM_NEEDS_INTERVAL | SSM_NEEDS_SCALE, SSM_LOWER_IS_BETTER, add_interval_score, NULL},
    {"coverage", "Coverage", "how often the interval holds the truth",
     "100 mean [l \xe2\x89\xa4 y \xe2\x89\xa4 u]", "%", SSM_NEEDS_INTERVAL, SSM_NOMINAL_IS_BEST, add_coverage,
     NULL},
    {"width", "Width", "mean width of the interval", "mean (u - l)", "y", SSM_NEEDS_INTERVAL, SSM_DESCRIPTIVE,
     add_width, NULL},
};

enum { N_METRICS = sizeof metrics / sizeof metrics[0] };

const ssm_metric *ssm_metric_at(size_t i)
{
    return i < N_METRICS ? &metrics[i] : NULL;
}

const ssm_metric *ssm_metric_find(const char *name)
{
    for (size_t i = 0; i < N_METRICS; i++) {
        if (strcmp(metrics[i].name, name) == 0) return &metrics[i];
    }
    return NULL;
}

void ssm_score_add(ssm_score *score, const ssm_metric *metric, const ssm_judged *row)
{
    if (isnan(row->truth)) return;
    if ((metric->needs & SSM_NEEDS_QUANTILES) && row->n_levels == 0) return;
    if ((metric->needs & SSM_NEEDS_INTERVAL) && (isnan(row->low) || isnan(row->high))) return;
    if ((metric->needs & SSM_NEEDS_SCALE) && isnan(row->scale)) return;
    metric->add(row, &score->sum, &score->weight);
}

double ssm_score_value(const ssm_score *score, const ssm_metric *metric)
{
    if (!(score->weight > 0)) return NAN;
    double ratio = score->sum / score->weight;
    return metric->finish != NULL ? metric->finish(ratio) : ratio;
}

double ssm_seasonal_scale(const double *y, size_t n, size_t period)
{
    double sum = 0;
    size_t pairs = 0;
    for (size_t t = period; t < n; t++) {
        if (isnan(y[t]) || isnan(y[t - period])) continue;
        sum += fabs(y[t] - y[t - period]);
        pairs++;
    }
    return pairs > 0 && sum > 0 ? sum / (double)pairs : NAN;
}
