/* The share of the season. Two forecasts with errors e (ridge) and d (seasonal naive) on the same windows are
 * mixed with the share that minimises the squared error (Bates & Granger 1969, eq. 2, without the constraint
 * on the mean):
 *
 *     share = sum e (e - d) / sum (e - d)^2, kept in [0, 1];   the mix has error e + share (d - e)
 *
 * Known value: errors of equal size and no correlation give one half. */
#include "models/learner_skip.h"

#include "models/ridge_errors.h"
#include <math.h>

enum { MAX_ERRORS = 2000 };

/* Share of d in the best mix, and the mix's mean square over that of d. */
static double best_share(double *ratio, const ssmi_ridge_errors *e, const ssmi_ridge_errors *d)
{
    double ee = 0, ef = 0, ff = 0;
    size_t n = 0;
    for (size_t i = 0; i < e->n * e->horizon; i++) {
        const double error = e->error[i], f = error - d->error[i];
        if (isnan(f)) continue;
        n++;
        ee += (error * error - ee) / (double)n;
        ef += (error * f - ef) / (double)n;
        ff += (f * f - ff) / (double)n;
    }
    const double share = ff > 0 ? fmin(fmax(ef / ff, 0), 1) : 0;
    const double mixed = ee - 2 * share * ef + share * share * ff, seasonal = ee - 2 * ef + ff;
    *ratio = seasonal > 0 ? mixed / seasonal : 1;
    return share;
}

/* Mean square of the mix of e with a share of d. */
static double mixed_error(const ssmi_ridge_errors *e, const ssmi_ridge_errors *d, double share)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < e->n * e->horizon; i++) {
        const double mix = e->error[i] + share * (d->error[i] - e->error[i]);
        if (isnan(mix)) continue;
        n++;
        sum += (mix * mix - sum) / (double)n;
    }
    return sum;
}

/* Errors over folds of repeating the last season alone. */
static ssm_status season_errors(ssmi_ridge_errors *out, const ssmi_ridge *ridge, size_t season,
                                const ssmi_ridge_task *task, ssm_arena *tmp)
{
    ssmi_ridge repeat = *ridge;
    repeat.season = season;
    repeat.share = 1;
    repeat.weight = SSMI_ALLOC(tmp, double, ssmi_ridge_width(ridge) * ridge->horizon);
    if (repeat.weight == NULL) return SSM_E_MEMORY;
    ssmi_ridge_lean(&repeat);
    return ssmi_ridge_errors_cross(out, &repeat, task, MAX_ERRORS, tmp, tmp);
}

/* Leans the ridge on the season that helps most. */
static ssm_status lean(ssmi_learner_base_forecast *skip, const ssmi_ridge_task *task,
                       const ssm_series *series, ssm_arena *tmp)
{
    ssmi_ridge *ridge = &skip->ridge;
    ssmi_ridge_errors e, d;
    double least = INFINITY;
    skip->ratio = NAN;
    SSMI_TRY(ssmi_ridge_errors_cross(&e, ridge, task, MAX_ERRORS, tmp, tmp));
    for (size_t i = 0; i < series->n_periods; i++) {
        double ratio;
        if (series->period[i] > ridge->lookback) continue;
        SSMI_TRY(season_errors(&d, ridge, series->period[i], task, tmp));
        const double share = best_share(&ratio, &e, &d);
        /* Each season's ratio is to its own naive forecast: what counts is the error of the mix. */
        const double error = mixed_error(&e, &d, share);
        if (!(error < least)) continue;
        least = error;
        skip->ratio = ratio;
        ridge->season = series->period[i];
        ridge->share = share;
    }
    ssmi_ridge_lean(ridge);
    return SSM_OK;
}

static ssm_status fit_and_calibrate(ssmi_learner_base_forecast *out, const ssmi_ridge_task *task,
                                    const ssm_series *series, int plain, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_errors e;
    SSMI_TRY(ssmi_ridge_fit(&out->ridge, task, mem, tmp));
    if (plain) {
        out->ratio = NAN;
        out->ridge.season = 1; /* the season of one row, leaned on with all weight */
        out->ridge.share = 1;
        ssmi_ridge_lean(&out->ridge);
    }
    if (!plain) SSMI_TRY(lean(out, task, series, tmp));
    SSMI_TRY(ssmi_ridge_errors_collect(&e, &out->ridge, task, MAX_ERRORS, tmp, tmp));
    SSMI_TRY(ssmi_ridge_errors_scale(&out->gamma, &e, tmp));
    return ssmi_conformal_fit(&out->interval, e.error, e.n, e.horizon, e.independent, mem, tmp);
}

ssm_status ssmi_learner_skip_fit(ssmi_learner_base_forecast *out, const ssmi_ridge_task *task,
                                 const ssm_series *series, int plain, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_learner_base_forecast chosen, longer;
    ssmi_ridge_task wider = *task;
    SSMI_TRY(fit_and_calibrate(&chosen, task, series, plain, mem, tmp));
    wider.lookback = 2 * task->period;
    if (!plain && task->lookback == 0 && wider.lookback > chosen.ridge.lookback) {
        const ssm_status status = fit_and_calibrate(&longer, &wider, series, plain, mem, tmp);
        if (status != SSM_OK && status != SSM_E_DATA) return status;
        if (status == SSM_OK && longer.ridge.season == chosen.ridge.season && longer.ratio < chosen.ratio)
            chosen = longer;
    }
    *out = chosen;
    return SSM_OK;
}
