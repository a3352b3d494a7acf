/* Judging forecasts: metrics, significance, backtests over rolling origins, and the report of a backtest.
 *
 * Every metric is a ratio of two sums over forecast rows, followed by one function: RMSE is the root of
 * (sum of squared errors / number of rows), WAPE is (sum of absolute errors / sum of absolute values). So a
 * score of any set of rows is made by adding rows, and scores of disjoint sets can be merged. */
#ifndef SSMCAST_EVAL_H
#define SSMCAST_EVAL_H

#include <ssmcast/forecast.h>

SSM_BEGIN_DECLS

/* One row of a forecast and what really came. */
typedef struct ssm_judged {
    double truth;           /* NaN: missing, the row does not count */
    double mean;            /* the point forecast */
    size_t n_levels;        /* quantiles that count for the quantile losses; 0: none */
    const double *level;    /* (n_levels) */
    const double *quantile; /* (n_levels) */
    double low, high;       /* central interval; NaN: none */
    double nominal;         /* its intended coverage, such as 0.95 */
    double scale;           /* see ssm_seasonal_scale; NaN: none */
} ssm_judged;

enum {                               /* what a metric needs of a row */
       SSM_NEEDS_QUANTILES = 1 << 0, /* level and quantile */
       SSM_NEEDS_INTERVAL = 1 << 1,  /* low, high, nominal */
       SSM_NEEDS_SCALE = 1 << 2      /* scale */
};

typedef enum ssm_direction { SSM_LOWER_IS_BETTER, SSM_NOMINAL_IS_BEST, SSM_DESCRIPTIVE } ssm_direction;

typedef struct ssm_metric {
    const char *name;    /* as in --metric mase */
    const char *title;   /* "MASE" */
    const char *summary; /* one line, lower case */
    const char *formula; /* plain text with the symbols of the report */
    const char *unit;    /* "", "%", or "y" for the unit of the data */
    unsigned needs;
    ssm_direction direction;
    void (*add)(const ssm_judged *row, double *sum, double *weight);
    double (*finish)(double ratio); /* NULL: the ratio itself */
} ssm_metric;

typedef struct ssm_score {
    double sum, weight;
} ssm_score;

/* The metrics in the order of reports; NULL past the end. */
SSM_API const ssm_metric *ssm_metric_at(size_t i);
/* By name; NULL when there is none. */
SSM_API const ssm_metric *ssm_metric_find(const char *name);
/* Adds one row. A row with a missing truth, or without what the metric needs, changes nothing. */
SSM_API void ssm_score_add(ssm_score *score, const ssm_metric *metric, const ssm_judged *row);
/* NaN when no row counted. */
SSM_API double ssm_score_value(const ssm_score *score, const ssm_metric *metric);

/* Mean |y_t - y_{t-period}| over the rows where both are present: the scale of MASE and MSIS (Hyndman &
 * Koehler 2006; M4 rules). NaN when there is no such pair or the mean is 0. */
SSM_API double ssm_seasonal_scale(const double *y, size_t n, size_t period);

/* Are two forecasts equally good? */
typedef struct ssm_dm_test {
    double difference; /* mean of loss_a - loss_b; negative: a is better */
    double statistic;  /* Student t with n-1 degrees of freedom */
    double p_value;    /* two-sided; NaN: cannot be tested (too few origins, or no difference at all) */
    size_t n;          /* origins where both losses are finite */
    size_t lags;       /* autocovariances in the long-run variance */
    int bartlett;      /* 1: weighted, because the plain estimate was not positive */
} ssm_dm_test;

/* Diebold & Mariano (1995) with the small-sample correction of Harvey, Leybourne & Newbold (1997) on the
 * losses (n) of two forecasts at the same origins. Forecasts over h rows whose origins are s rows apart
 * overlap for ceil(h/s) - 1 origins: pass that as `lags`. */
SSM_API ssm_dm_test ssm_diebold_mariano(const double *loss_a, const double *loss_b, size_t n, size_t lags);

/* Holm (1979): p-values adjusted so that the chance of any false alarm among them stays below the level.
 * NaN entries stay NaN and do not count. `adjusted` must not overlap `p`. */
SSM_API void ssm_holm(double *adjusted, const double *p, size_t n);

SSM_END_DECLS

#endif
