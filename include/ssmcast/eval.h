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

/* ---- Backtests ---------------------------------------------------------------------------------------
 *
 * Every model forecasts from the same origins the rows that follow, knowing only the rows before:
 *
 *   rows      0 ............. origin[0] .. origin[1] .. ... .. origin[n-1] ........ length
 *   fit       [0, origin[0])            once, or anew at each origin with `refit`
 *   history   [0, origin[k])            forecast: the longest horizon, rows from origin[k] on
 *
 * Origins are counted back from the end of each series, so that the last forecast ends with the last row.
 * One fit and one forecast at the longest horizon serve all horizons: a shorter one is scored on its first
 * rows. Whatever a model chooses, it must choose on the rows it was fitted on. */

typedef struct ssm_setting {
    const char *option, *value; /* as in ssm_forecaster_set */
} ssm_setting;

typedef struct ssm_entrant {
    const char *model; /* a registered name */
    const char *label; /* shown; NULL: the name */
    size_t n_settings;
    const ssm_setting *setting; /* (n_settings) */
} ssm_entrant;

typedef struct ssm_backtest_plan {
    const ssm_series *panel; /* (n_series) */
    size_t n_series;
    const ssm_entrant *entrant; /* (n_entrants) */
    size_t n_entrants;
    const size_t *horizon; /* (n_horizons), ascending, each >= 1 */
    size_t n_horizons;
    size_t test_rows;   /* 0: the last fifth of the shortest series, at least the longest horizon */
    size_t max_origins; /* 0: 24; spread evenly over the test rows */
    size_t step;        /* rows between origins; 0: even, with no factor in common with the first period */
    int refit;
    const char *metric; /* that ranks; NULL: "mase", or "mae" where no series has a scale */
} ssm_backtest_plan;

/* A metric as a backtest applies it: interval metrics once for each interval. */
typedef struct ssm_measure {
    const ssm_metric *metric;
    double nominal; /* of the interval; NaN: none */
    char name[24];  /* "mase", "coverage_80" */
    char title[32]; /* "MASE", "Coverage 80 %" */
} ssm_measure;

/* Measured on the machine at hand: never part of what must be reproducible. */
typedef struct ssm_cost {
    double fit_seconds;     /* wall time of all fits, summed over series */
    double predict_seconds; /* wall time of all conditions and predictions, summed over series */
    size_t peak_bytes;      /* most memory held at one time through the library's allocator: handles, fits,
                               scratch; not the data, not what BLAS keeps for itself */
    size_t n_fits, n_forecasts;
} ssm_cost;

typedef struct ssm_outcome {
    const char *label, *model;
    const char *settings; /* "lookback=720, alpha=1"; "" */
    ssm_status status;    /* not SSM_OK: failed, only label, model, settings, message, cost are filled */
    const char *message;  /* why it failed; "" */
    const char *note;     /* what the model says about its fit (of the first series); "" */
    size_t n_training;    /* checks of the training behind the first fit; 0: nothing was trained */
    const ssm_training_point *training; /* (n_training) */
    const double *value;                /* (n_horizons, n_measures) */
    const double *step_value;           /* (n_measures, longest horizon): score of each forecast step */
    const double *loss;         /* (n_horizons, n_origins): ranking metric at each origin, all series */
    const ssm_forecast *window; /* (n_windows): the forecasts shown, at the longest horizon */
    ssm_cost cost;
} ssm_outcome;

/* The order at one horizon. Tests compare the losses per origin with those of the best. */
typedef struct ssm_ranking {
    size_t horizon;
    size_t n;                /* models with a score */
    const size_t *order;     /* (n) outcomes, the best first */
    const ssm_dm_test *test; /* (n) this one against the best; the first is empty */
    const double *holm;      /* (n) p-values of `test` adjusted for their number */
    const size_t *wins;      /* (n) origins at which it had the least loss (ties to the better place) */
} ssm_ranking;

/* A stretch chosen to be looked at, by how hard it is for the seasonal naive forecast, not by a model. */
typedef struct ssm_window {
    size_t horizon;             /* rows shown */
    size_t series, origin, row; /* origin: number of the origin; row: its first forecast row */
    const char *reason;         /* "typical window", "hardest window" */
} ssm_window;

typedef struct ssm_backtest {
    size_t n_series, n_horizons, n_origins, n_measures, n_outcomes, n_windows, n_levels;
    const ssm_series *panel; /* the plan's */
    const size_t *horizon;
    size_t longest;         /* horizon[n_horizons - 1] */
    size_t step, test_rows; /* as decided */
    int refit;
    size_t season;       /* m of the seasonal scale: first period of the first series, else 1 */
    const double *scale; /* (n_series), from the rows before the first origin; NaN: none */
    const double *level; /* (n_levels) of all forecasts */
    const ssm_measure *measure;
    size_t ranked_by;           /* a measure */
    const ssm_outcome *outcome; /* in the order of the plan */
    const ssm_ranking *ranking; /* (n_horizons) */
    const ssm_window *window;
} ssm_backtest;

/* Runs every entrant; one that fails is listed with its message and the others go on. SSM_E_ARGUMENT for a
 * plan that cannot be (no models, horizons not ascending, unknown metric), SSM_E_DATA for series too short.
 * The result borrows the panel, whose values must stay valid, and is freed before the context. */
SSM_API ssm_status ssm_backtest_run(ssm_context *ctx, const ssm_backtest_plan *plan, ssm_backtest **out);
SSM_API void ssm_backtest_free(ssm_backtest *backtest); /* NULL is allowed */

/* Row of origin k in series i. */
SSM_API size_t ssm_backtest_origin(const ssm_backtest *backtest, size_t series, size_t k);

/* ---- Reports ----------------------------------------------------------------------------------------- */

/* What the report says about the question; every text may be NULL. Names are escaped where they appear. */
typedef struct ssm_report_facts {
    const char *title;
    const char *command;     /* the command line, so that the run can be repeated */
    const char *data_name;   /* of the file */
    const char *data_digest; /* SHA-256 of the file */
    const char *created;     /* date; leave out for reports that shall be reproducible */
    uint64_t seed;
    size_t threads;
    size_t n_warnings;
    const char *const *warning; /* about the data */
} ssm_report_facts;

typedef enum ssm_report_format { SSM_REPORT_HTML, SSM_REPORT_MARKDOWN, SSM_REPORT_JSON } ssm_report_format;

/* Writes one file, beside and then renamed. HTML is one self-contained page (figures inline, no script, no
 * reference to anything outside); Markdown puts its figures as SVG files next to it, named after it; JSON
 * has a "schema_version". A build without plots leaves the figures out and says so in the report. What was
 * measured on the machine is in one section, `cost`; all else is the same bytes for the same backtest and
 * facts. */
SSM_API ssm_status ssm_report_write(ssm_context *ctx, const ssm_backtest *backtest,
                                    const ssm_report_facts *facts, ssm_report_format format,
                                    const char *path);

SSM_END_DECLS

#endif
