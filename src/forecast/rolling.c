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

/* What moves along: the rows known at an origin, and room for the forecasts made there. */
typedef struct vector {
    size_t n;
    ssm_series *known;      /* (n) */
    ssm_forecast *forecast; /* (n) */
} vector;

static ssm_status make_vector(vector *v, const ssmi_rolling *plan, ssm_arena *tmp)
{
    v->n = plan->n_series > 0 ? plan->n_series : 1;
    v->known = SSMI_ALLOC(tmp, ssm_series, v->n);
    v->forecast = SSMI_ALLOC(tmp, ssm_forecast, v->n);
    if (v->known == NULL || v->forecast == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < v->n; i++) {
        ssm_forecast *f = v->forecast + i;
        *f = (ssm_forecast){.horizon = plan->horizon, .n_levels = plan->n_levels, .level = plan->level};
        f->mean = SSMI_ALLOC(tmp, double, plan->horizon);
        f->quantile = ssmi_arena_alloc(tmp, plan->horizon, plan->n_levels * sizeof(double));
        if (f->mean == NULL || f->quantile == NULL) return SSM_E_MEMORY;
    }
    return SSM_OK;
}

static ssm_status run_origin(ssm_forecaster *f, const vector *v, const ssmi_rolling *plan)
{
    if (plan->refit)
        SSMI_TRY(ssm_forecaster_fit(
            f, &(ssm_fit_task){.panel = v->known, .n_series = v->n, .horizon = plan->horizon}));
    SSMI_TRY(ssm_forecaster_condition(f, v->known));
    return ssm_forecaster_predict(f, v->forecast);
}

ssm_status ssmi_rolling_run(ssm_forecaster *f, const ssm_series *series, const ssmi_rolling *plan,
                            ssmi_rolling_sink sink, void *user, ssm_arena *tmp)
{
    ssmi_mark mark = ssmi_arena_mark(tmp);
    vector v;
    ssm_status status = make_vector(&v, plan, tmp);
    for (size_t k = 0; status == SSM_OK && k < plan->n_origins; k++) {
        size_t origin = plan->first + k * plan->step;
        for (size_t i = 0; i < v.n; i++) v.known[i] = ssm_series_slice(series[i], 0, origin);
        status = run_origin(f, &v, plan);
        if (status == SSM_OK) status = sink(user, k, origin, v.forecast);
    }
    ssmi_arena_rewind(tmp, mark);
    return status;
}
