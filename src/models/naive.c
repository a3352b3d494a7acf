/* Naive forecast: a random walk.
 *
 *     y_t = y_{t-1} + e_t,   forecast y_T,   sigma_h = sigma sqrt(h)
 *
 * Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., sections 5.2 and 5.5 (table
 * 5.2); sigma^2 is the mean square of the T-1 residuals. Across a gap of k rows a difference has variance
 * k sigma^2, which is how missing rows enter both the estimate and the forecast.
 * Known value: 1, 2, 4 gives the forecast 4 and sigma = sqrt(5/2). */
#include "forecast/archive.h"
#include "models/gaussian.h"

#include <math.h>

typedef struct naive {
    double sigma; /* parameter */
    double last;  /* last observed value of the history */
    size_t age;   /* rows since it was observed */
} naive;

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    naive *self = self_;
    const ssm_series *y = &task->panel[0];
    ssmi_spread spread = {0};
    size_t before = y->length;
    for (size_t t = 0; t < y->length; t++) {
        if (isnan(y->value[t])) continue;
        if (before < t)
            ssmi_spread_add(&spread, (y->value[t] - y->value[before]) / sqrt((double)(t - before)));
        before = t;
    }
    self->sigma = ssmi_spread_sd(&spread, 0);
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    naive *self = self_;
    size_t at = ssmi_last_observed(history->value, history->length);
    self->last = history->value[at];
    self->age = history->length - 1 - at;
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y_)
{
    const double y = *y_;
    naive *self = self_;
    self->age = isnan(y) ? self->age + 1 : 0;
    if (!isnan(y)) self->last = y;
    return SSM_OK;
}

/* Rows count, whenever they come. */
static ssm_status update_at(void *self, int64_t time, const double *y)
{
    (void)time;
    return update(self, y);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const naive *self = self_;
    double *sd = SSMI_ALLOC(tmp, double, out->horizon);
    if (sd == NULL) return SSM_E_MEMORY;
    for (size_t h = 0; h < out->horizon; h++) {
        out->mean[h] = self->last;
        sd[h] = self->sigma * sqrt((double)(h + 1 + self->age));
    }
    return ssmi_gaussian_quantiles(out, sd, tmp);
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    naive *self = self_;
    return ssmi_archive_spread(archive, "sigma", &self->sigma);
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    naive *self = self_;
    SSMI_TRY(ssmi_archive_real(archive, "state.last", &self->last));
    return ssmi_archive_size(archive, "state.age", &self->age);
}

const ssm_forecaster_type ssmi_model_naive = {
    .name = "naive",
    .summary = "the last observed value, as for a random walk",
    .reference = "Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, section 5.2",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE | SSM_CAP_IRREGULAR,
    .self_size = sizeof(naive),
    .fit = fit,
    .condition = condition,
    .update = update,
    .update_at = update_at,
    .predict = predict,
    .params = params,
    .state = state,
};
