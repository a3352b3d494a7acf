/* Known value: a sine of n turns has 2n - 1 swings. */
#include "models/learner_drift.h"

#include <math.h>

void ssmi_learner_drift_means(double *mean, const double *x, size_t rows, size_t lookback, size_t n, size_t k)
{
    double sum = (double)lookback * x[k];
    for (size_t t = 0; t < rows; t++) {
        sum += x[t * n + k] - x[(t < lookback ? 0 : t - lookback) * n + k];
        mean[t] = sum / (double)lookback;
    }
}

static size_t swings_of(const double *m, size_t rows)
{
    double sum = 0, square = 0;
    size_t swings = 0;
    for (size_t t = 0; t < rows; t++) sum += m[t];
    const double centre = sum / (double)rows;
    for (size_t t = 0; t < rows; t++) square += (m[t] - centre) * (m[t] - centre);
    const double half = 0.5 * sqrt(square / (double)rows);
    for (size_t t = 0, side = 0; t < rows; t++) {
        const size_t now = m[t] > centre + half ? 1 : m[t] < centre - half ? 2 : side;
        swings += side != 0 && now != side;
        side = now;
    }
    return swings;
}

ssm_status ssmi_learner_drift_find(double *drifts, const ssmi_window_series *panel, size_t n_series,
                                   size_t held, size_t lookback, ssm_arena *tmp)
{
    const size_t n = panel->n_columns;
    for (size_t k = 0; k < n; k++) drifts[k] = 1;
    for (size_t i = 0; i < n_series; i++) {
        const size_t rows = panel[i].length > held ? panel[i].length - held : 0;
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        double *mean = SSMI_ALLOC(tmp, double, rows);
        if (mean == NULL) return SSM_E_MEMORY;
        for (size_t k = 0; k < n && rows > 0; k++) {
            ssmi_learner_drift_means(mean, panel[i].column, rows, lookback, n, k);
            if (swings_of(mean, rows) >= SSMI_LEARNER_SWINGS) drifts[k] = 0;
        }
        ssmi_arena_rewind(tmp, mark);
    }
    return SSM_OK;
}
