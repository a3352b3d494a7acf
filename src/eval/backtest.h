/* Inside of a backtest: what is decided before the first fit, and what one model leaves behind. */
#ifndef SSMCAST_EVAL_BACKTEST_H
#define SSMCAST_EVAL_BACKTEST_H

#include "base/arena.h"
#include <ssmcast/eval.h>

/* Levels of every forecast: the deciles, which the quantile losses use, between the ends of wide intervals.
 */
enum { SSMI_BACKTEST_LEVELS = 13, SSMI_FIRST_DECILE = 2, SSMI_DECILES = 9 };
extern const double ssmi_backtest_level[SSMI_BACKTEST_LEVELS];

typedef struct ssmi_backtest {
    ssm_backtest result; /* first, so that the public pointer is this one */
    ssm_arena memory;
} ssmi_backtest;

/* Sums that scores are made of. */
typedef struct ssmi_tally {
    ssm_score *step; /* (n_measures, longest) */
    ssm_score *loss; /* (n_horizons, n_origins) of the ranking metric */
    double fit_seconds, predict_seconds;
    size_t n_fits, n_forecasts;
} ssmi_tally;

/* Checks the plan and fills everything of `b` but outcomes and rankings. */
ssm_status ssmi_backtest_prepare(ssmi_backtest *b, const ssm_backtest_plan *plan);

/* The parts of a model's row of quantiles that a measure looks at. */
ssm_judged ssmi_backtest_judge(const ssm_backtest *b, size_t measure, double truth, double scale,
                               const ssm_forecast *forecast, size_t step);

/* Runs one entrant over all series and fills `outcome` but its label and model. Returns only what ends the
 * whole backtest: SSM_E_MEMORY and SSM_E_CANCELLED. */
ssm_status ssmi_backtest_entrant(ssmi_backtest *b, const ssm_entrant *entrant, ssm_outcome *outcome);

/* Fills the rankings from the outcomes. */
ssm_status ssmi_backtest_rank(ssmi_backtest *b);

#endif
