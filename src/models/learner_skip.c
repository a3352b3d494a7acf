/* The share of the season. Two forecasts with errors e (ridge) and d (seasonal naive) on the same windows are
 * mixed with the share that minimises the squared error (Bates & Granger 1969, eq. 2, without the constraint
 * on the mean):
 *
 *     share = sum e (e - d) / sum (e - d)^2, kept in [0, 1];   the mix has error e + share (d - e)
 *
 * for the steps of each band of the ridge.
 *
 * Known value: errors of equal size and no correlation give one half. */
#include "models/learner_skip.h"

#include "models/ridge_unit.h"

#include <math.h>

enum { MAX_ERRORS = 2000 };

/* Mean squares over the windows and some steps of the horizon, of how many errors. */
typedef struct squares {
    double mixed, seasonal, n;
} squares;

/* Share of d in the mix of e and d that is best at the steps [from, to). */
static double best_share(squares *out, const ssmi_ridge_errors *e, const ssmi_ridge_errors *d, size_t from,
                         size_t to)
{
    double ee = 0, ef = 0, ff = 0, n = 0;
    for (size_t i = 0; i < e->n * e->horizon; i++) {
        const double error = e->error[i], f = error - d->error[i];
        if (i % e->horizon < from || i % e->horizon >= to || isnan(f)) continue;
        n++;
        ee += (error * error - ee) / n;
        ef += (error * f - ef) / n;
        ff += (f * f - ff) / n;
    }
    const double share = ff > 0 ? fmin(fmax(ef / ff, 0), 1) : 0;
    *out = (squares){ee - 2 * share * ef + share * share * ff, ee - 2 * ef + ff, n};
    return share;
}

/* Shares (n_bands) of d in the best mix of each band, and the squares of the whole. */
static squares best_shares(double *share, const ssmi_ridge *ridge, const ssmi_ridge_errors *e,
                           const ssmi_ridge_errors *d)
{
    squares all = {0};
    for (size_t b = 0; b < ridge->n_bands; b++) {
        squares own;
        share[b] = best_share(&own, e, d, b > 0 ? ridge->band[b - 1].end : 0, ridge->band[b].end);
        all.n += own.n;
        if (!(own.n > 0)) continue;
        all.mixed += (own.mixed - all.mixed) * own.n / all.n;
        all.seasonal += (own.seasonal - all.seasonal) * own.n / all.n;
    }
    return all;
}

static void lean_on(ssmi_ridge *ridge, size_t season, const double *share)
{
    ridge->season = season;
    for (size_t b = 0; b < ridge->n_bands; b++) ridge->band[b].share = share[b];
}

static const double all_of_it[SSMI_RIDGE_BANDS] = {1, 1, 1};

/* Errors over folds of repeating the last season alone. */
static ssm_status season_errors(ssmi_ridge_errors *out, const ssmi_ridge *ridge, size_t season,
                                const ssmi_ridge_task *task, ssm_arena *tmp)
{
    ssmi_ridge repeat = *ridge;
    lean_on(&repeat, season, all_of_it);
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
        double share[SSMI_RIDGE_BANDS];
        if (series->period[i] > ridge->lookback) continue;
        SSMI_TRY(season_errors(&d, ridge, series->period[i], task, tmp));
        /* Each season's ratio is to its own naive forecast: what counts is the error of the mix. */
        const squares s = best_shares(share, ridge, &e, &d);
        if (!(s.mixed < least)) continue;
        least = s.mixed;
        skip->ratio = s.seasonal > 0 ? s.mixed / s.seasonal : 1;
        lean_on(ridge, series->period[i], share);
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
        lean_on(&out->ridge, 1, all_of_it); /* the season of one row */
        ssmi_ridge_lean(&out->ridge);
    }
    if (!plain) SSMI_TRY(lean(out, task, series, tmp));
    SSMI_TRY(ssmi_ridge_errors_collect(&e, &out->ridge, task, MAX_ERRORS, NULL, tmp, tmp));
    SSMI_TRY(ssmi_ridge_errors_scale(&out->gamma, NULL, &e, tmp));
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
