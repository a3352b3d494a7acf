/* What callers of the front door may do wrong: order of calls, series, requests. Each check says in the
 * context what is wrong and gives the status that ssmcast/forecast.h promises. */
#ifndef SSMCAST_FORECAST_CHECKS_H
#define SSMCAST_FORECAST_CHECKS_H

#include "forecast/handle.h"

ssm_status ssmi_check_task(const ssm_forecaster *f, const ssm_fit_task *task);
ssm_status ssmi_check_history(const ssm_forecaster *f, const ssm_series *history /* (width) */);
ssm_status ssmi_check_update(const ssm_forecaster *f, const double *y /* (width) */);
/* Of a row with a time of its own. */
ssm_status ssmi_check_time(const ssm_forecaster *f, int64_t time);
ssm_status ssmi_check_request(const ssm_forecaster *f, const ssm_forecast *out /* (width) */);
ssm_status ssmi_check_decompose(const ssm_forecaster *f, const ssm_decomposition *out /* (width) */);

#endif
