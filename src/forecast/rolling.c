#include "forecast/rolling.h"

void ssmi_rolling_fill(ssmi_rolling *plan, size_t length, size_t first, size_t at_most)
{
    plan->first = first > 0 ? first : 1;
    plan->n_origins = 0;
    if (length < plan->horizon || length - plan->horizon < plan->first) return;
    plan->n_origins = (length - plan->horizon - plan->first) / plan->step + 1;
    if (at_most == 0 || plan->n_origins <= at_most) return;
    plan->first += (plan->n_origins - at_most) * plan->step;
    plan->n_origins = at_most;
}

static ssm_status refit(ssm_forecaster *f, const ssm_series *history, size_t horizon)
{
    return ssm_forecaster_fit(f, &(ssm_fit_task){.panel = history, .n_series = 1, .horizon = horizon});
}

ssm_status ssmi_rolling_run(ssm_forecaster *f, const ssm_series *series, const ssmi_rolling *plan,
                            ssmi_rolling_sink sink, void *user, ssm_arena *tmp)
{
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_forecast forecast = {.horizon = plan->horizon, .n_levels = plan->n_levels, .level = plan->level};
    forecast.mean = SSMI_ALLOC(tmp, double, plan->horizon);
    forecast.quantile = ssmi_arena_alloc(tmp, plan->horizon, plan->n_levels * sizeof(double));
    ssm_status status = forecast.mean && forecast.quantile ? SSM_OK : SSM_E_MEMORY;
    for (size_t k = 0; status == SSM_OK && k < plan->n_origins; k++) {
        size_t origin = plan->first + k * plan->step;
        ssm_series history = ssm_series_slice(*series, 0, origin);
        if (plan->refit) status = refit(f, &history, plan->horizon);
        if (status == SSM_OK) status = ssm_forecaster_condition(f, &history);
        if (status == SSM_OK) status = ssm_forecaster_predict(f, &forecast);
        if (status == SSM_OK) status = sink(user, k, origin, &forecast);
    }
    ssmi_arena_rewind(tmp, mark);
    return status;
}
