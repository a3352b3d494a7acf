/* Forecasts a short monthly series through the public headers alone and prints the forecast, one row a line.
 * The series repeats 12 values, so the seasonal naive forecast is exact and can be compared by its text. */
#include <ssmcast/ssmcast.h>
#include <stdio.h>

enum { PERIOD = 12, ROWS = 4 * PERIOD, HORIZON = 6 };

static ssm_status forecast(ssm_context *ctx, const ssm_series *series, double *mean)
{
    ssm_forecaster *f = NULL;
    ssm_fit_task task = {.panel = series, .n_series = 1, .horizon = HORIZON};
    ssm_forecast out = {.horizon = HORIZON, .mean = mean};
    ssm_status status = ssm_forecaster_new(ctx, "seasonal_naive", &f);
    if (status == SSM_OK) status = ssm_forecaster_fit(f, &task);
    if (status == SSM_OK) status = ssm_forecaster_condition(f, series);
    if (status == SSM_OK) status = ssm_forecaster_predict(f, &out);
    ssm_forecaster_free(f);
    return status;
}

int main(void)
{
    double value[ROWS], mean[HORIZON];
    for (int t = 0; t < ROWS; t++) value[t] = (t % PERIOD) * (t % PERIOD);
    ssm_series series = {
        .name = "squares",
        .value = value,
        .length = ROWS,
        .time = {.start = 0, .step = {SSM_STEP_MONTHS, 1}},
        .n_periods = 1,
        .period = {PERIOD},
    };
    ssm_context *ctx;
    ssm_status status = ssm_context_new(NULL, &ctx);
    if (status != SSM_OK) return 1;
    status = forecast(ctx, &series, mean);
    if (status != SSM_OK) {
        fprintf(stderr, "%s: %s\n", ssm_status_text(status), ssm_context_message(ctx));
    } else {
        for (int h = 0; h < HORIZON; h++) printf("%g\n", mean[h]);
    }
    ssm_context_free(ctx);
    return status == SSM_OK ? 0 : 1;
}
