/* Rolling origins: the one loop behind backtests, auto, ensemble weights and calibration.
 *
 *   rows      0 ............ first ........ first+step ........ first+2*step ...
 *   history   [0, origin)    forecast rows [origin, origin+horizon)
 *
 * Without refit the forecaster must be fitted already and only its history moves (fit once, condition many
 * times); with refit it is fitted anew on the rows before each origin. */
#ifndef SSMCAST_FORECAST_ROLLING_H
#define SSMCAST_FORECAST_ROLLING_H

#include "base/arena.h"
#include <ssmcast/forecast.h>

typedef struct ssmi_rolling {
    size_t horizon; /* >= 1 */
    size_t first;   /* first origin, >= 1; rows of history before the first forecast */
    size_t step;    /* rows between origins, >= 1 */
    size_t n_origins;
    int refit;
    size_t n_series; /* of one vector, forecast jointly; 0 counts as 1 */
    size_t n_levels;
    const double *level; /* (n_levels) */
} ssmi_rolling;

/* As many origins as fit into `length` rows such that each horizon is complete; keeps the last ones when
 * `at_most` is smaller (0: no limit). Sets first and n_origins; n_origins 0 when none fits. */
void ssmi_rolling_fill(ssmi_rolling *plan, size_t length, size_t first, size_t at_most);

/* Called once per origin in order, with the forecast of rows [origin, origin+horizon): one per series of the
 * vector. */
typedef ssm_status (*ssmi_rolling_sink)(void *user, size_t k, size_t origin, const ssm_forecast *forecast);

/* Runs the plan on one series, or on n_series of one length for a model that forecasts them jointly. `tmp` is
 * rewound before returning. Stops at the first failure. */
ssm_status ssmi_rolling_run(ssm_forecaster *f, const ssm_series *series, const ssmi_rolling *plan,
                            ssmi_rolling_sink sink, void *user, ssm_arena *tmp);

#endif
