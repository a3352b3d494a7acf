#include "models/gaussian.h"

#include "forecast/archive.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

/* Blue's scaled sum of squares: sum x^2 = scale^2 * sum with scale the largest |x| so far. */
void ssmi_spread_add(ssmi_spread *spread, double residual)
{
    if (isnan(residual)) return;
    double size = fabs(residual);
    spread->n++;
    if (size == 0) return;
    if (size > spread->scale) {
        double ratio = spread->scale / size;
        spread->sum = 1 + spread->sum * ratio * ratio;
        spread->scale = size;
    } else {
        double ratio = size / spread->scale;
        spread->sum += ratio * ratio;
    }
}

double ssmi_spread_sd(const ssmi_spread *spread, size_t parameters)
{
    if (spread->n <= parameters) return 0;
    return spread->scale * sqrt(spread->sum / (double)(spread->n - parameters));
}

double ssmi_mean(const double *value, size_t length, size_t *n)
{
    double mean = NAN;
    size_t count = 0;
    for (size_t t = 0; t < length; t++) {
        if (isnan(value[t])) continue;
        count++;
        mean = count == 1 ? value[t] : mean + (value[t] / (double)count - mean / (double)count);
    }
    if (n != NULL) *n = count;
    return mean;
}

size_t ssmi_last_observed(const double *value, size_t length)
{
    for (size_t t = length; t > 0; t--) {
        if (!isnan(value[t - 1])) return t - 1;
    }
    return length;
}

ssm_status ssmi_gaussian_quantiles(ssm_forecast *out, const double *sd, ssm_arena *tmp)
{
    double *z = SSMI_ALLOC(tmp, double, out->n_levels);
    if (z == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < out->n_levels; k++) {
        assert(out->level[k] > 0 && out->level[k] < 1);
        z[k] = gsl_cdf_ugaussian_Pinv(out->level[k]);
    }
    for (size_t h = 0; h < out->horizon; h++) {
        for (size_t k = 0; k < out->n_levels; k++)
            out->quantile[h * out->n_levels + k] = out->mean[h] + sd[h] * z[k];
    }
    return SSM_OK;
}

ssm_status ssmi_archive_spread(ssm_archive *archive, const char *name, double *value)
{
    SSMI_TRY(ssmi_archive_real(archive, name, value));
    return *value >= 0 ? SSM_OK : ssmi_archive_reject(archive, "\"%s\" is negative", name);
}
