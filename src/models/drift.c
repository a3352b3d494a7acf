/* Drift: a random walk with a constant step, the line through the first and the last observation.
 *
 *     y_t = b + y_{t-1} + e_t,   forecast y_T + h b,   b = (y_T - y_1) / (T-1)
 *     sigma_h = sigma sqrt(h (1 + h/(T-1))),   sigma^2 = sum e_t^2 / (T-2)
 *
 * Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., sections 5.2 and 5.5 (table
 * 5.2). Across a gap of k rows a difference has mean k b and variance k sigma^2. The step is a parameter:
 * a new history moves the last value only.
 * Known value: 1, 2, 4 gives b = 1.5, sigma = sqrt(1/2), and 5.5 one step ahead. */
#include "forecast/archive.h"
#include "models/gaussian.h"

#include <math.h>

typedef struct drift {
    double slope, sigma; /* parameters */
    double span;         /* T-1: rows between the first and the last observation of the fit */
    double last;         /* last observed value of the history */
    size_t age;          /* rows since it was observed */
} drift;

static size_t first_observed(const double *value, size_t length)
{
    size_t t = 0;
    while (t < length && isnan(value[t])) t++;
    return t;
}

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    drift *self = self_;
    const double *y = task->panel[0].value;
    size_t length = task->panel[0].length;
    size_t first = first_observed(y, length), last = ssmi_last_observed(y, length);
    self->span = (double)(last - first);
    self->slope = last > first ? y[last] / self->span - y[first] / self->span : 0;
    ssmi_spread spread = {0};
    for (size_t t = first + 1, before = first; t <= last; t++) {
        if (isnan(y[t])) continue;
        double rows = (double)(t - before);
        ssmi_spread_add(&spread, (y[t] - y[before] - rows * self->slope) / sqrt(rows));
        before = t;
    }
    self->sigma = ssmi_spread_sd(&spread, 1);
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    drift *self = self_;
    size_t at = ssmi_last_observed(history->value, history->length);
    self->last = history->value[at];
    self->age = history->length - 1 - at;
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y_)
{
    const double y = *y_;
    drift *self = self_;
    self->age = isnan(y) ? self->age + 1 : 0;
    if (!isnan(y)) self->last = y;
    return SSM_OK;
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const drift *self = self_;
    double *sd = SSMI_ALLOC(tmp, double, out->horizon);
    if (sd == NULL) return SSM_E_MEMORY;
    for (size_t h = 0; h < out->horizon; h++) {
        double rows = (double)(h + 1 + self->age);
        out->mean[h] = self->last + rows * self->slope;
        sd[h] = self->span > 0 ? self->sigma * sqrt(rows * (1 + rows / self->span)) : 0;
    }
    return ssmi_gaussian_quantiles(out, sd, tmp);
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    drift *self = self_;
    SSMI_TRY(ssmi_archive_real(archive, "slope", &self->slope));
    SSMI_TRY(ssmi_archive_spread(archive, "sigma", &self->sigma));
    return ssmi_archive_spread(archive, "span", &self->span);
}

static ssm_status state(void *self_, ssm_archive *archive)
{
    drift *self = self_;
    SSMI_TRY(ssmi_archive_real(archive, "state.last", &self->last));
    return ssmi_archive_size(archive, "state.age", &self->age);
}

const ssm_forecaster_type ssmi_model_drift = {
    .name = "drift",
    .summary = "the line through the first and the last observation, continued",
    .reference = "Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, section 5.2",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE,
    .self_size = sizeof(drift),
    .fit = fit,
    .condition = condition,
    .update = update,
    .predict = predict,
    .params = params,
    .state = state,
};
