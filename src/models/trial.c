#include "models/trial.h"

#include "base/parallel.h"

#include <math.h>
#include <string.h>

enum { ORIGINS = 5, TRIAL_ROWS = 4096, SHORTEST = 10 };

/* Mean |y_t - y_{t-m}| over the pairs with both observed, 0 when there is none. */
static double mean_difference(const double *y, size_t length, size_t m)
{
    double mean = 0, n = 0;
    for (size_t t = m; t < length; t++) {
        double size = fabs(y[t] - y[t - m]);
        if (!isnan(size)) mean += (size - mean) / ++n;
    }
    return mean;
}

static ssm_series last_rows(const ssm_series *series, size_t rows)
{
    size_t from = series->length > rows ? series->length - rows : 0;
    return ssm_series_slice(*series, from, series->length - from);
}

void ssmi_trial_plan_make(ssmi_trial_plan *plan, const ssm_series *series, size_t horizon)
{
    size_t season = series->n_periods > 0 ? series->period[series->n_periods - 1] : 1;
    size_t rows = 4 * season + 3 * horizon;
    *plan = (ssmi_trial_plan){.series = last_rows(series, rows > TRIAL_ROWS ? rows : TRIAL_ROWS), .scale = 1};
    size_t length = plan->series.length;
    plan->rolling.horizon = horizon < length / 5 ? horizon : length / 5;
    if (length < SHORTEST) return;
    plan->rolling.step = plan->rolling.horizon / 2 > 0 ? plan->rolling.horizon / 2 : 1;
    /* the origins lie in the last two fifths; the newest row is the last target */
    size_t first = length - length * 2 / 5;
    first += (length - plan->rolling.horizon - first) % plan->rolling.step;
    ssmi_rolling_fill(&plan->rolling, length, first, ORIGINS);
    size_t lag = series->n_periods > 0 ? series->period[0] : 1;
    double scale = mean_difference(plan->series.value, plan->rolling.first, lag);
    if (!(scale > 0)) scale = mean_difference(plan->series.value, plan->rolling.first, 1);
    if (scale > 0) plan->scale = scale;
}

double ssmi_trial_mase(const double *mean, const ssmi_trial_plan *plan)
{
    double sum = 0, n = 0;
    const ssmi_rolling *rolling = &plan->rolling;
    for (size_t k = 0; k < rolling->n_origins; k++) {
        const double *truth = plan->series.value + rolling->first + k * rolling->step;
        for (size_t h = 0; h < rolling->horizon; h++) {
            if (isnan(truth[h])) continue;
            sum += fabs(truth[h] - mean[k * rolling->horizon + h]) / plan->scale;
            n++;
        }
    }
    return n > 0 ? sum / n : NAN;
}

typedef struct task {
    ssmi_trial *trials;
    const ssmi_trial_plan *plan;
} task;

static ssm_status keep(void *trial_, size_t k, size_t origin, const ssm_forecast *forecast)
{
    (void)origin;
    ssmi_trial *trial = trial_;
    const size_t horizon = forecast->horizon, cells = horizon * forecast->n_levels;
    memcpy(trial->mean + k * horizon, forecast->mean, horizon * sizeof(double));
    if (cells > 0) memcpy(trial->quantile + k * cells, forecast->quantile, cells * sizeof(double));
    return SSM_OK;
}

static ssm_status fit_and_roll(ssm_forecaster *f, ssmi_trial *trial, const ssmi_trial_plan *plan,
                               ssm_arena *tmp)
{
    ssm_series train = ssm_series_slice(plan->series, 0, plan->rolling.first);
    SSMI_TRY(ssm_forecaster_fit(
        f, &(ssm_fit_task){.panel = &train, .n_series = 1, .horizon = plan->rolling.horizon}));
    return ssmi_rolling_run(f, &plan->series, &plan->rolling, keep, trial, tmp);
}

static ssm_status run_one(void *task_, size_t i, ssm_arena *scratch)
{
    const task *t = task_;
    ssmi_trial *trial = &t->trials[i];
    ssm_forecaster *f = NULL;
    trial->status = ssm_forecaster_new(scratch->ctx, trial->model, &f);
    if (trial->status == SSM_OK && trial->option != NULL)
        trial->status = ssm_forecaster_set(f, trial->option, trial->value);
    if (trial->status == SSM_OK) trial->status = fit_and_roll(f, trial, t->plan, scratch);
    ssm_forecaster_free(f);
    trial->mase = trial->status == SSM_OK ? ssmi_trial_mase(trial->mean, t->plan) : NAN;
    int fatal = trial->status == SSM_E_MEMORY || trial->status == SSM_E_CANCELLED;
    return fatal ? trial->status : SSM_OK;
}

ssm_status ssmi_trial_run(ssmi_trial *trials, size_t n, const ssmi_trial_plan *plan, ssm_arena *mem)
{
    const size_t origins = plan->rolling.n_origins, row = plan->rolling.horizon * sizeof(double);
    for (size_t i = 0; i < n; i++) {
        trials[i].mean = ssmi_arena_alloc(mem, origins, row);
        trials[i].quantile = ssmi_arena_alloc(mem, origins * plan->rolling.n_levels, row);
        if (trials[i].mean == NULL || trials[i].quantile == NULL) return SSM_E_MEMORY;
    }
    return ssmi_parallel_for(mem->ctx, n, run_one, &(task){trials, plan});
}
