#include "models/structural_backtest.h"

#include <math.h>

enum { most_origins = 6 };

ssmi_structural_trial ssmi_structural_trial_plan(size_t length, size_t horizon, size_t n_validation,
                                                 size_t season)
{
    ssmi_structural_trial trial = {.horizon = horizon > 0 ? horizon : 1};
    const size_t longer = trial.horizon > season ? trial.horizon : season, third = length / 3;
    size_t rows = n_validation > 0 ? n_validation : 2 * longer < third ? 2 * longer : third;
    if (rows >= length) rows = third;
    if (trial.horizon > rows) trial.horizon = rows;
    if (rows == 0) return trial;
    trial.first = length - rows;
    trial.step = (rows - trial.horizon) / (most_origins - 1) + 1;
    trial.n_origins = (rows - trial.horizon) / trial.step + 1;
    return trial;
}

/* Adds the absolute errors of one origin. */
static void score(double *sum, size_t *n, const double *mean, const ssmi_structural_choice *look, size_t row,
                  const double *y, size_t horizon)
{
    for (size_t h = 0; h < horizon; h++) {
        const double x = mean[h] + ssmi_pattern_at(&look->pattern, row + h);
        const double error = fabs(y[h] - ssmi_structural_level(look, x));
        if (isnan(error)) continue;
        *sum += (error - *sum) / (double)++*n; /* a running mean: cannot overflow */
    }
}

ssm_status ssmi_structural_try(double *error, const ssmi_structural *structure,
                               const ssmi_structural_choice *look, size_t row,
                               const ssmi_structural_data *data, const double *y,
                               const ssmi_structural_trial *trial, double precision, size_t n_starts,
                               ssm_arena *tmp)
{
    ssmi_structural *s = SSMI_ALLOC(tmp, ssmi_structural, 1);
    double *mean = SSMI_ALLOC(tmp, double, 2 * trial->horizon), sum = 0.0;
    ssmi_structural_data head = *data;
    ssmi_structural_fit fit;
    ssmi_structural_matrices m;
    ssmi_kalman_filter f;
    ssmi_kalman_run run;
    size_t n = 0, origin = trial->first;
    if (s == NULL || mean == NULL) return SSM_E_MEMORY;
    *s = *structure;
    head.length = trial->first;
    SSMI_TRY(ssmi_structural_estimate(s, &head, 0, n_starts, precision, &fit, tmp));
    SSMI_TRY(ssmi_structural_build(&m, s, &data->rows, tmp));
    SSMI_TRY(ssmi_structural_filter(&f, &m, tmp));
    ssmi_kalman_run_start(&run, &f, NULL, NULL);
    for (size_t t = 0, k = 0; k < trial->n_origins; t++) {
        if (t == origin) {
            const ssmi_mark mark = ssmi_arena_mark(tmp);
            SSMI_TRY(ssmi_structural_forecast(&m, &f, t, mean, mean + trial->horizon, trial->horizon, tmp));
            score(&sum, &n, mean, look, row + t, y + t, trial->horizon);
            ssmi_arena_rewind(tmp, mark);
            origin += trial->step;
            if (++k == trial->n_origins) break;
        }
        SSMI_TRY(ssmi_kalman_run_row(&run, t, data->y + t));
    }
    *error = n > 0 ? sum : NAN;
    return SSM_OK;
}
