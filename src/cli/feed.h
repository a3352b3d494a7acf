/* Forecasters that are fed row by row: what they expected of a row, whether its values are taken in, and what
 * they expect next. One forecaster serves one column, or several that it forecasts jointly.
 *
 *     expected --> value --> innovation --> gate --> update --> expected
 *
 * The innovation is standardised without looking into the model: the distance of the value from the median,
 * in units of the distance from the median to the quantile of Phi(1) = 84.1 % or Phi(-1) = 15.9 % on its
 * side. For a Gaussian forecast that is (y - mean) / sd.
 *
 * The gate: a value whose innovation is larger than the limit is taken as missing. After `reacquire` such
 * values in a row the level has moved rather than the sensor failed: from the last of them on values are
 * taken in as they are, until one is inside of the gate again. */
#ifndef SSMCAST_CLI_FEED_H
#define SSMCAST_CLI_FEED_H

#include "cli/request.h"

enum { CLI_FEED_LEVELS = 5 };

typedef struct cli_gate {
    double limit; /* 0: none */
    size_t reacquire;
} cli_gate;

typedef enum cli_gate_flag { CLI_TAKEN, CLI_GATED, CLI_REACQUIRED } cli_gate_flag;

/* One column. */
typedef struct cli_channel {
    const char *name;
    size_t gated;  /* values in a row outside of the gate */
    int acquiring; /* values are taken in whatever they are */
    /* of the last row: */
    double value, mean, low, high, z; /* NaN: missing, or not known yet */
    cli_gate_flag flag;
} cli_channel;

typedef struct cli_feed {
    ssm_context *ctx;
    ssm_arena *arena; /* lives as long as the feed */
    cli_gate gate;
    double level[CLI_FEED_LEVELS]; /* ascending */
    size_t n_levels, at_low, at_minus, at_median, at_plus, at_high;
    size_t n;             /* columns */
    cli_channel *channel; /* (n) */
    ssm_forecast *next;   /* (n) of the rows to come; NaN while the model cannot tell */
    ssm_forecast *at;     /* (n) of one row at a time of its own */
    double *taken;        /* (n) what the models took in */
    size_t n_units;
    ssm_forecaster **unit; /* (n_units) side by side, each with the columns that its width says */
    size_t rows;           /* taken in, histories not counted */
    int blind;             /* the model could not forecast yet, and that has been said */
} cli_feed;

/* Columns without forecasters. `percent`: central interval, `horizon` >= 1: rows to forecast. */
ssm_status cli_feed_init(cli_feed *feed, const char *const *name, size_t n, double percent, size_t horizon,
                         ssm_arena *arena);
/* Fitted and conditioned forecasters, in the order of the columns; their widths must add up to n. */
ssm_status cli_feed_connect(cli_feed *feed, ssm_forecaster *const *unit, size_t n_units);
/* Takes in one row; the channels then say what came of it. `stamp` NULL: the next row of the grid; else a row
 * at that time, after the last one, for models with SSM_CAP_IRREGULAR. No allocation, O(1). */
ssm_status cli_feed_row(cli_feed *feed, const int64_t *stamp, const double *value /* (n) */);
/* Rows that are not there: all values missing, without effect on the gate. */
ssm_status cli_feed_gap(cli_feed *feed, size_t rows);

#endif
