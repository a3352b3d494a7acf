/* Split conformal intervals.
 *
 * With n exchangeable errors and a new one, P(new <= k-th smallest) >= k / (n+1); hence the rank
 * ceil((n+1) p). Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World, section 2.2; the
 * two-sided form with the halves taken apart: Linusson, Johansson & Lofstrom (2014), eq. 6-7. Isotonic
 * regression by pooling adjacent violators: Ayer et al. (1955).
 * Known value: errors 1..9 and p = 0.9 give rank 9, the offset 9; p = 0.1 gives 1. */
#include "forecast/conformal.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>

enum { POINTS = SSMI_CONFORMAL_POINTS, MIDDLE = POINTS / 2 };

static const double grid[POINTS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,   0.1,  0.15, 0.2,
                                    0.25,  0.3,    0.4,   0.5,  0.6,   0.7,    0.75, 0.8,  0.85,
                                    0.9,   0.95,   0.975, 0.99, 0.995, 0.9975, 0.999};

/* p > 0.5: the order statistic of rank ceil(n p (k+1)/k), k of the n errors being independent, or a normal
 * tail beyond the largest. Mirrored: the same of the errors with their signs changed, for the lower half. */
static double upper_quantile(const double *sorted, size_t n, double k, double p, int mirrored, double spread)
{
    double rank = ceil((double)n * p * (k + 1) / k - 1e-9);
    if (rank <= (double)n) {
        size_t i = (size_t)rank - 1;
        return mirrored ? -sorted[n - 1 - i] : sorted[i];
    }
    double reach = gsl_cdf_ugaussian_Pinv(p) - gsl_cdf_ugaussian_Pinv(k / (k + 1));
    return (mirrored ? -sorted[0] : sorted[n - 1]) + spread * reach;
}

static double root_mean_square(const double *error, size_t n)
{
    double largest = 0, sum = 0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(error[i]));
    if (largest == 0) return 0;
    for (size_t i = 0; i < n; i++) sum += (error[i] / largest) * (error[i] / largest);
    return largest * sqrt(sum / (double)n);
}

/* row (POINTS) from n >= 1 errors, which are sorted in place. */
static void row_of_step(double *row, double *error, size_t n, double independent)
{
    double spread = root_mean_square(error, n);
    gsl_sort(error, 1, n);
    row[MIDDLE] = 0.5 * error[(n - 1) / 2] + 0.5 * error[n / 2];
    for (size_t k = 1; k <= MIDDLE; k++) {
        double p = grid[MIDDLE + k];
        row[MIDDLE + k] = fmax(row[MIDDLE], upper_quantile(error, n, independent, p, 0, spread));
        row[MIDDLE - k] = fmin(row[MIDDLE], -upper_quantile(error, n, independent, p, 1, spread));
    }
}

/* Non-decreasing least-squares fit of x (n), in place; value and weight (n) are scratch. */
static void make_isotonic(double *x, double *value, double *weight, size_t n)
{
    size_t blocks = 0;
    for (size_t i = 0; i < n; i++) {
        value[blocks] = x[i];
        weight[blocks++] = 1;
        while (blocks > 1 && value[blocks - 2] > value[blocks - 1]) {
            double total = weight[blocks - 2] + weight[blocks - 1];
            value[blocks - 2] += (value[blocks - 1] - value[blocks - 2]) * (weight[blocks - 1] / total);
            weight[blocks - 2] = total;
            blocks--;
        }
    }
    size_t i = 0;
    for (size_t b = 0; b < blocks; b++)
        for (size_t k = 0; k < (size_t)weight[b]; k++) x[i++] = value[b];
}

/* Mean over the steps within an eighth of the step's own distance. */
static double smoothed(const double *x, size_t h, size_t n)
{
    size_t reach = (h + 1) / 8;
    size_t from = h - reach, to = h + reach < n ? h + reach : n - 1;
    double sum = 0;
    for (size_t i = from; i <= to; i++) sum += x[i] - x[h];
    return x[h] + sum / (double)(to - from + 1);
}

/* column (4, horizon) is scratch. */
static void smooth_over_steps(double *offset, double *column, size_t horizon)
{
    double *middle = column, *distance = column + horizon;
    for (size_t h = 0; h < horizon; h++) middle[h] = offset[h * POINTS + MIDDLE];
    for (size_t k = 0; k < POINTS; k++) {
        if (k == MIDDLE) continue;
        double side = k > MIDDLE ? 1 : -1;
        for (size_t h = 0; h < horizon; h++) distance[h] = side * (offset[h * POINTS + k] - middle[h]);
        make_isotonic(distance, column + 2 * horizon, column + 3 * horizon, horizon);
        for (size_t h = 0; h < horizon; h++) offset[h * POINTS + k] = side * distance[h];
    }
    for (size_t h = 0; h < horizon; h++) {
        double *row = offset + h * POINTS, centre = smoothed(middle, h, horizon);
        row[MIDDLE] = 0;
        for (size_t k = 0; k < POINTS; k++) row[k] += centre;
        for (size_t k = 1; k < POINTS; k++) row[k] = fmax(row[k], row[k - 1]); /* rounding */
    }
}

/* Steps without errors take the row of the step before, at the beginning that of the first one with any. */
static int fill_empty_steps(double *offset, const size_t *count, size_t horizon)
{
    size_t first = 0;
    while (first < horizon && count[first] == 0) first++;
    if (first == horizon) return 0;
    for (size_t h = 0; h < horizon; h++) {
        if (count[h] > 0) continue;
        size_t from = h < first ? first : h - 1;
        for (size_t k = 0; k < POINTS; k++) offset[h * POINTS + k] = offset[from * POINTS + k];
    }
    return 1;
}

ssm_status ssmi_conformal_fit(ssmi_conformal *out, const double *error, size_t n, size_t horizon,
                              double independent, ssm_arena *mem, ssm_arena *tmp)
{
    double *offset = ssmi_arena_alloc(mem, horizon, POINTS * sizeof(double));
    double *finite = SSMI_ALLOC(tmp, double, n);
    double *column = ssmi_arena_alloc(tmp, horizon, 4 * sizeof(double));
    size_t *count = SSMI_ALLOC(tmp, size_t, horizon);
    if (offset == NULL || finite == NULL || column == NULL || count == NULL) return SSM_E_MEMORY;
    for (size_t h = 0; h < horizon; h++) {
        for (size_t i = 0; i < n; i++)
            if (!isnan(error[i * horizon + h])) finite[count[h]++] = error[i * horizon + h];
        double k = fmax(independent * (double)count[h] / (double)n, 1);
        if (count[h] > 0) row_of_step(offset + h * POINTS, finite, count[h], k);
    }
    if (!fill_empty_steps(offset, count, horizon))
        return ssmi_fail(tmp->ctx, SSM_E_DATA, "no forecast error to calibrate intervals from");
    smooth_over_steps(offset, column, horizon);
    *out = (ssmi_conformal){horizon, offset};
    return SSM_OK;
}

ssmi_conformal_place ssmi_conformal_place_of(double p)
{
    size_t k = 0;
    while (k + 2 < POINTS && p >= grid[k + 1]) k++;
    double low = gsl_cdf_ugaussian_Pinv(grid[k]), high = gsl_cdf_ugaussian_Pinv(grid[k + 1]);
    return (ssmi_conformal_place){k, (gsl_cdf_ugaussian_Pinv(p) - low) / (high - low)};
}

double ssmi_conformal_at(const ssmi_conformal *conformal, size_t h, ssmi_conformal_place place)
{
    const double *row = conformal->offset + h * POINTS + place.k;
    return row[0] + place.share * (row[1] - row[0]);
}

double ssmi_conformal_offset(const ssmi_conformal *conformal, size_t h, double p)
{
    return ssmi_conformal_at(conformal, h, ssmi_conformal_place_of(p));
}

void ssmi_conformal_quantiles(ssm_forecast *out, const ssmi_conformal *conformal, double scale)
{
    for (size_t k = 0; k < out->n_levels; k++) {
        const ssmi_conformal_place place = ssmi_conformal_place_of(out->level[k]);
        for (size_t h = 0; h < out->horizon; h++)
            out->quantile[h * out->n_levels + k] =
                out->mean[h] + scale * ssmi_conformal_at(conformal, h, place);
    }
}
