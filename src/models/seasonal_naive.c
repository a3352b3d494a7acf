/* Seasonal naive: each row repeats the last observed one of its season.
 *
 *     y_t = y_{t-m} + e_t,   forecast of row T+h: y_{T+h-m(k+1)},   k = floor((h-1)/m)
 *     sigma_h = sigma sqrt(k+1),   sigma^2 = mean e_t^2
 *
 * Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., sections 5.2 and 5.5 (table
 * 5.2). Where a row of the last cycle is missing, an earlier cycle answers and k counts the cycles to it.
 * A position of the season that was never observed repeats the last observed value of all. Without a known
 * season m is 1, which is the naive forecast.
 * Known value: 1, 5, 2, 7 with m = 2 gives 2, 7, 2, ... with sigma = sqrt(5/2). */
#include "forecast/archive.h"
#include "models/gaussian.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

enum { MAX_PERIOD = 1000000 };

typedef struct options {
    size_t period;
} options;

typedef struct seasonal_naive {
    size_t period;  /* parameter; 1: no season */
    double sigma;   /* parameter */
    size_t wanted;  /* option; 0: detect */
    double *season; /* (period) last observed value at each position row % period, NaN never */
    size_t *cycle;  /* (period) row / period where it was observed */
    double last;    /* last observed value of all */
    size_t length;  /* rows seen */
} seasonal_naive;

static ssm_status init(void *self_, const void *options_, ssm_arena *mem)
{
    (void)mem;
    seasonal_naive *self = self_;
    self->wanted = ((const options *)options_)->period;
    return SSM_OK;
}

/* Mean |y_t - y_{t-m}| over the pairs with both observed; infinite when there is none. */
static double seasonal_error(const ssm_series *y, size_t m)
{
    double mean = 0;
    size_t n = 0;
    for (size_t t = m; t < y->length; t++) {
        double e = fabs(y->value[t] - y->value[t - m]);
        if (isnan(e)) continue;
        n++;
        mean += (e - mean) / (double)n;
    }
    return n > 0 ? mean : INFINITY;
}

static size_t best_period(const ssm_series *y)
{
    size_t best = 1;
    double lowest = INFINITY;
    for (size_t i = 0; i < y->n_periods; i++) {
        double error = seasonal_error(y, y->period[i]);
        if (!(error < lowest)) continue;
        lowest = error;
        best = y->period[i];
    }
    return best;
}

static void observe(seasonal_naive *self, double y)
{
    size_t at = self->length % self->period;
    if (!isnan(y)) {
        self->season[at] = self->last = y;
        self->cycle[at] = self->length / self->period;
    }
    self->length++;
}

static ssm_status start(seasonal_naive *self, ssm_arena *arena)
{
    self->season = SSMI_ALLOC(arena, double, self->period);
    self->cycle = SSMI_ALLOC(arena, size_t, self->period);
    if (self->season == NULL || self->cycle == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < self->period; i++) self->season[i] = NAN;
    self->length = 0;
    return SSM_OK;
}

/* Differences to the last observation at the same position, k cycles back, have variance k sigma^2. */
static ssm_status fit(void *self_, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem;
    seasonal_naive *self = self_;
    const ssm_series *y = &task->panel[0];
    self->period = self->wanted > 0 ? self->wanted : best_period(y);
    SSMI_TRY(start(self, tmp));
    ssmi_spread spread = {0};
    for (size_t t = 0; t < y->length; t++) {
        size_t at = t % self->period;
        double cycles = (double)(t / self->period - self->cycle[at]);
        if (!isnan(self->season[at]))
            ssmi_spread_add(&spread, (y->value[t] - self->season[at]) / sqrt(cycles));
        observe(self, y->value[t]);
    }
    self->sigma = ssmi_spread_sd(&spread, 0);
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)tmp;
    seasonal_naive *self = self_;
    SSMI_TRY(start(self, mem));
    for (size_t t = 0; t < history->length; t++) observe(self, history->value[t]);
    return SSM_OK;
}

static ssm_status update(void *self, const double *y)
{
    observe(self, *y);
    return SSM_OK;
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    const seasonal_naive *self = self_;
    double *sd = SSMI_ALLOC(tmp, double, out->horizon);
    if (sd == NULL) return SSM_E_MEMORY;
    for (size_t h = 0; h < out->horizon; h++) {
        size_t row = self->length + h, at = row % self->period;
        int seen = !isnan(self->season[at]);
        size_t cycles = seen ? row / self->period - self->cycle[at] : h / self->period + 1;
        out->mean[h] = seen ? self->season[at] : self->last;
        sd[h] = self->sigma * sqrt((double)cycles);
    }
    return ssmi_gaussian_quantiles(out, sd, tmp);
}

static ssm_status params(void *self_, ssm_archive *archive)
{
    seasonal_naive *self = self_;
    SSMI_TRY(ssmi_archive_size(archive, "period", &self->period));
    if (self->period < 1 || self->period > MAX_PERIOD)
        return ssmi_archive_reject(archive, "a season of %zu rows", self->period);
    return ssmi_archive_spread(archive, "sigma", &self->sigma);
}

/* The cycle of each position is stored from 1, so that 0 means never seen. */
static ssm_status state(void *self_, ssm_archive *archive)
{
    seasonal_naive *self = self_;
    const size_t m = self->period;
    const int loading = ssmi_archive_loading(archive);
    double *value = SSMI_ALLOC(ssmi_archive_scratch(archive), double, m);
    double *cycle = SSMI_ALLOC(ssmi_archive_scratch(archive), double, m);
    if (value == NULL || cycle == NULL) return SSM_E_MEMORY;
    if (loading) SSMI_TRY(start(self, ssmi_archive_memory(archive)));
    for (size_t i = 0; !loading && i < m; i++) {
        if (isnan(self->season[i])) continue;
        value[i] = self->season[i];
        cycle[i] = (double)self->cycle[i] + 1;
    }
    SSMI_TRY(ssmi_archive_size(archive, "state.length", &self->length));
    SSMI_TRY(ssmi_archive_real(archive, "state.last", &self->last));
    SSMI_TRY(ssmi_archive_values(archive, "state.season", value, m));
    SSMI_TRY(ssmi_archive_values(archive, "state.cycle", cycle, m));
    for (size_t i = 0; loading && i < m; i++) {
        if (cycle[i] == 0) continue;
        if (!(cycle[i] >= 1 && cycle[i] <= (double)(self->length / m + 1)))
            return ssmi_archive_reject(archive, "position %zu was seen in the future", i);
        self->season[i] = value[i];
        self->cycle[i] = (size_t)cycle[i] - 1;
    }
    return SSM_OK;
}

static ssm_status note(const void *self_, char *text, size_t size)
{
    const seasonal_naive *self = self_;
    if (self->period > 1)
        snprintf(text, size, "season of %zu rows", self->period);
    else
        snprintf(text, size, "no season known: same as naive");
    return SSM_OK;
}

static const ssm_option option_table[] = {
    {"period", "rows of one season; 0 takes the detected one with the lowest error", SSM_OPTION_SIZE,
     offsetof(options, period), "0", 0, MAX_PERIOD, NULL},
    {0},
};

const ssm_forecaster_type ssmi_model_seasonal_naive = {
    .name = "seasonal_naive",
    .summary = "the last observed value of the same season",
    .reference = "Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, section 5.2",
    .caps = SSM_CAP_MISSING | SSM_CAP_ONLINE,
    .self_size = sizeof(seasonal_naive),
    .options_size = sizeof(options),
    .options = option_table,
    .init = init,
    .fit = fit,
    .condition = condition,
    .update = update,
    .predict = predict,
    .params = params,
    .state = state,
    .note = note,
};
