/* Mean: independent values around a constant.
 *
 *     y_t = m + e_t,   forecast m,   sigma_h = sigma sqrt(1 + 1/T),   sigma^2 = sum e_t^2 / (T-1)
 *
 * Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., sections 5.2 and 5.5 (table
 * 5.2). T counts the observed rows. The mean is a parameter: a new history does not move it.
 * Known value: 1, 2, 6 gives 3 and sigma_h = sqrt(7) sqrt(4/3). */
#include "forecast/archive.h"
#include "models/gaussian.h"

#include <math.h>

typedef struct mean {
    double mean, sigma, count; /* parameters */
} mean;

static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    mean *self = self_;
    const ssm_series *y = &task->panel[0];
    size_t count;
    self->mean = ssmi_mean(y->value, y->length, &count);
    self->count = (double)count;
    ssmi_spread spread = {0};
    for (size_t t = 0; t < y->length; t++) ssmi_spread_add(&spread, y->value[t] - self->mean);
    self->sigma = ssmi_spread_sd(&spread, 1);
    return SSM_OK;
}

static ssm_status condition(void *self, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)self, (void)history, (void)mem, (void)tmp;
    return SSM_OK;
}

static ssm_status update(void *self, const double *y)
{
    (void)self, (void)y;
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
    const mean *self = self_;
    double *sd = SSMI_ALLOC(tmp, double, out->horizon);
    if (sd == NULL) return SSM_E_MEMORY;
    for (size_t h = 0; h < out->horizon; h++) {
        out->mean[h] = self->mean;
        sd[h] = self->sigma * sqrt(1 + 1 / self->count);
    }
    return ssmi_gaussian_quantiles(out, sd, tmp);
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    mean *self = self_;
    SSMI_TRY(ssmi_archive_real(archive, "mean", &self->mean));
    SSMI_TRY(ssmi_archive_spread(archive, "sigma", &self->sigma));
    SSMI_TRY(ssmi_archive_real(archive, "count", &self->count));
    return self->count >= 1 ? SSM_OK : ssmi_archive_reject(archive, "\"count\" is less than 1");
}

/* Nothing: the history does not move the forecast. */
static ssm_status state(void *self, ssm_archive *archive)
{
    (void)self, (void)archive;
    return SSM_OK;
}

const ssm_forecaster_type ssmi_model_mean = {
    .name = "mean",
    .summary = "the mean of the observed values",
    .reference = "Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, section 5.2",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE | SSM_CAP_IRREGULAR,
    .self_size = sizeof(mean),
    .fit = fit,
    .condition = condition,
    .update = update,
    .update_at = update_at,
    .predict = predict,
    .params = params,
    .state = state,
};
