#include "forecast/checks.h"

#include <math.h>

static const char *name_of(const ssm_series *series)
{
    return series->name != NULL ? series->name : "";
}

/* Infinite values never pass; missing ones only to models that handle them; something must be observed. */
static ssm_status check_values(const ssm_forecaster *f, const ssm_series *series)
{
    size_t observed = 0;
    const char *name = name_of(series);
    for (size_t t = 0; t < series->length; t++) {
        double y = series->value[t];
        if (isinf(y)) return ssmi_fail(f->ctx, SSM_E_DATA, "series \"%s\": row %zu is infinite", name, t + 1);
        if (isnan(y) && !(f->type->caps & SSM_CAP_MISSING)) {
            return ssmi_fail(f->ctx, SSM_E_DATA,
                             "series \"%s\": row %zu is missing, which \"%s\" cannot handle", name, t + 1,
                             f->type->name);
        }
        observed += !isnan(y);
    }
    if (observed == 0) return ssmi_fail(f->ctx, SSM_E_DATA, "series \"%s\" has no observed value", name);
    return SSM_OK;
}

static ssm_status check_times(const ssm_forecaster *f, const ssm_series *series)
{
    if (series->stamp == NULL) return SSM_OK;
    if (!(f->type->caps & SSM_CAP_IRREGULAR)) {
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED,
                         "series \"%s\" keeps no grid of times, which \"%s\" needs", name_of(series),
                         f->type->name);
    }
    const size_t known = series->stamp_rows > series->length ? series->stamp_rows : series->length;
    for (size_t t = 1; t < known; t++) {
        if (series->stamp[t] <= series->stamp[t - 1])
            return ssmi_fail(f->ctx, SSM_E_DATA,
                             "series \"%s\": the time of row %zu is not after that of the row before",
                             name_of(series), t + 1);
    }
    return SSM_OK;
}

static ssm_status check_exogenous(const ssm_forecaster *f, const ssm_series *series)
{
    const size_t n = series->n_exogenous;
    if (n == 0 || !(f->type->caps & SSM_CAP_EXOGENOUS)) return SSM_OK;
    if (series->exogenous == NULL || series->exogenous_rows < series->length) {
        return ssmi_fail(f->ctx, SSM_E_DATA, "series \"%s\": %zu rows, but only %zu exogenous rows",
                         name_of(series), series->length,
                         series->exogenous != NULL ? series->exogenous_rows : (size_t)0);
    }
    for (size_t i = 0; i < series->exogenous_rows * n; i++) {
        if (!isfinite(series->exogenous[i]))
            return ssmi_fail(f->ctx, SSM_E_DATA,
                             "series \"%s\": exogenous column %zu is not finite in row %zu", name_of(series),
                             i % n + 1, i / n + 1);
    }
    return SSM_OK;
}

static ssm_status check_series(const ssm_forecaster *f, const ssm_series *series)
{
    SSMI_TRY(check_values(f, series));
    SSMI_TRY(check_times(f, series));
    return check_exogenous(f, series);
}

/* Do two series have the same rows? */
static int same_rows(const ssm_series *a, const ssm_series *b)
{
    if (a->length != b->length || a->n_exogenous != b->n_exogenous) return 0;
    if ((a->stamp == NULL) != (b->stamp == NULL)) return 0;
    for (size_t t = 0; a->stamp != NULL && t < a->length; t++) {
        if (a->stamp[t] != b->stamp[t]) return 0;
    }
    return 1;
}

static ssm_status check_vector(const ssm_forecaster *f, const ssm_series *series, size_t n)
{
    for (size_t i = 0; i < n; i++) SSMI_TRY(check_series(f, series + i));
    if (!(f->type->caps & SSM_CAP_MULTIVARIATE)) return SSM_OK;
    for (size_t i = 1; i < n; i++) {
        if (!same_rows(series, series + i))
            return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "series \"%s\" and \"%s\" do not have the same rows",
                             name_of(series), name_of(series + i));
    }
    return SSM_OK;
}

ssm_status ssmi_check_task(const ssm_forecaster *f, const ssm_fit_task *task)
{
    if (task->horizon == 0 || task->n_series == 0) {
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "horizon and number of series must be positive");
    }
    if (task->n_series > 1 && !(f->type->caps & (SSM_CAP_GLOBAL | SSM_CAP_MULTIVARIATE))) {
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "\"%s\" fits one series, not a panel of %zu", f->type->name,
                         task->n_series);
    }
    return check_vector(f, task->panel, task->n_series);
}

ssm_status ssmi_check_history(const ssm_forecaster *f, const ssm_series *history)
{
    if (f->type->caps & SSM_CAP_EXOGENOUS && history->n_exogenous != f->n_exogenous) {
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT,
                         "series \"%s\" has %zu exogenous columns, \"%s\" was fitted with %zu",
                         name_of(history), history->n_exogenous, f->type->name, f->n_exogenous);
    }
    return check_vector(f, history, f->width);
}

ssm_status ssmi_check_update(const ssm_forecaster *f, const double *y)
{
    if (f->type->update == NULL) {
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "\"%s\" cannot be updated row by row", f->type->name);
    }
    if (f->stage != SSMI_STAGE_CONDITIONED) return ssmi_fail(f->ctx, SSM_E_STATE, "update before condition");
    for (size_t i = 0; i < f->width; i++) {
        if (isinf(y[i])) return ssmi_fail(f->ctx, SSM_E_DATA, "new row is infinite");
    }
    if (f->n_exogenous > 0 && f->future == 0)
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "the new row has no exogenous values");
    return SSM_OK;
}

ssm_status ssmi_check_time(const ssm_forecaster *f, int64_t time)
{
    int64_t last;
    if (f->type->update_at == NULL)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "\"%s\" does not take rows off the grid", f->type->name);
    if (ssmi_clock_time(&f->clock, 0, &last) == SSM_OK && time > last) return SSM_OK;
    return ssmi_fail(f->ctx, SSM_E_DATA, "the time of the new row is not after that of the row before");
}

static ssm_status check_one_request(const ssm_forecaster *f, const ssm_forecast *out)
{
    if (out->horizon == 0) return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "horizon must be positive");
    if ((f->type->caps & SSM_CAP_DIRECT) && out->horizon > f->horizon) {
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "\"%s\" was fitted for horizon %zu, not %zu", f->type->name,
                         f->horizon, out->horizon);
    }
    if (f->n_exogenous > 0 && out->horizon > f->future) {
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "horizon %zu, but exogenous values for %zu future rows only",
                         out->horizon, f->future);
    }
    for (size_t j = 0; j < out->n_levels; j++) {
        double below = j > 0 ? out->level[j - 1] : 0.0;
        if (!(out->level[j] > below && out->level[j] < 1.0)) {
            return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "quantile levels must ascend inside (0, 1)");
        }
    }
    return SSM_OK;
}

ssm_status ssmi_check_request(const ssm_forecaster *f, const ssm_forecast *out)
{
    if (f->stage != SSMI_STAGE_CONDITIONED) return ssmi_fail(f->ctx, SSM_E_STATE, "predict before condition");
    for (size_t i = 0; i < f->width; i++) {
        if (out[i].horizon != out->horizon)
            return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "series of one vector have one horizon");
        SSMI_TRY(check_one_request(f, out + i));
    }
    return SSM_OK;
}

ssm_status ssmi_check_decompose(const ssm_forecaster *f, const ssm_decomposition *out)
{
    if (f->type->decompose == NULL)
        return ssmi_fail(f->ctx, SSM_E_UNSUPPORTED, "\"%s\" has no components", f->type->name);
    if (f->stage != SSMI_STAGE_CONDITIONED)
        return ssmi_fail(f->ctx, SSM_E_STATE, "decompose before condition");
    if (f->updates > 0)
        return ssmi_fail(f->ctx, SSM_E_STATE, "decompose after update: condition on all rows first");
    for (size_t i = 0; i < f->width; i++) {
        if (f->n_exogenous > 0 && out[i].horizon > f->future)
            return ssmi_fail(f->ctx, SSM_E_ARGUMENT,
                             "horizon %zu, but exogenous values for %zu future rows only", out[i].horizon,
                             f->future);
    }
    return SSM_OK;
}
