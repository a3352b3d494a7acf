#include "models/zero_tuning_trust.h"

#include <math.h>

/* Mean over all windows of each loss, so that a calm stretch counts what it weighs. */
static void mean_of(double mean[SSMI_LOSS_PARTS], const double *loss, size_t n)
{
    for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
        mean[k] = 0;
        for (size_t i = 0; i < n; i++) mean[k] += loss[i * SSMI_LOSS_PARTS + k] / (double)n;
    }
}

/* Mean and its standard error of the stretches' gains; stretches without a window have count 0. */
static void summarise(ssmi_trust *out, const double *sum, const double *count, size_t most)
{
    double square = 0, n = 0;
    *out = (ssmi_trust){0};
    for (size_t s = 0; s < most; s++) {
        if (!(count[s] > 0)) continue;
        const double gain = sum[s] / count[s], apart = gain - out->gain;
        out->gain += apart / ++n;
        square += apart * (gain - out->gain);
    }
    out->stretches = (size_t)n;
    out->error = n > 1 ? sqrt(square / (n - 1) / n) : 0;
}

ssm_status ssmi_trust_measure(ssmi_trust *out, const double *before, const double *after,
                              const size_t *stretch, size_t n, size_t most, ssm_arena *tmp)
{
    double *sum = SSMI_ALLOC(tmp, double, most), *count = SSMI_ALLOC(tmp, double, most);
    double mean[SSMI_LOSS_PARTS];
    if (sum == NULL || count == NULL) return SSM_E_MEMORY;
    mean_of(mean, before, n);
    for (size_t i = 0; i < n; i++) {
        count[stretch[i]]++;
        for (size_t k = 0; k < SSMI_LOSS_PARTS; k++) {
            const size_t at = i * SSMI_LOSS_PARTS + k;
            if (mean[k] > 0) sum[stretch[i]] += (before[at] - after[at]) / mean[k] / SSMI_LOSS_PARTS;
        }
    }
    summarise(out, sum, count, most);
    return SSM_OK;
}

int ssmi_trust_enough(const ssmi_trust *trust)
{
    return trust->stretches >= SSMI_TRUST_STRETCHES && trust->gain > SSMI_TRUST_ERRORS * trust->error;
}
