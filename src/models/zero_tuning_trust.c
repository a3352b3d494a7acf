#include "models/zero_tuning_trust.h"

#include <math.h>

enum { PARTS = SSMI_LOSS_PARTS };

/* The losses of one stretch, summed. */
typedef struct stretch_sum {
    double count, before[PARTS], after[PARTS];
} stretch_sum;

/* Sums of equally many windows serve for their means. `least` keeps a perfect forecast from counting more
 * than all others together. */
static double gain_of(const stretch_sum *s, const double least[PARTS])
{
    double gain = 0;
    for (size_t k = 0; k < PARTS; k++) {
        const double before = s->before[k] / s->count + least[k], after = s->after[k] / s->count + least[k];
        if (before > 0 && after > 0) gain += log(before / after) / PARTS;
    }
    return gain;
}

/* Mean and its standard error over the stretches that have a window. */
static void summarise(ssmi_trust *out, const stretch_sum *sum, size_t most, const double least[PARTS])
{
    double square = 0, n = 0;
    *out = (ssmi_trust){0};
    for (size_t s = 0; s < most; s++) {
        if (!(sum[s].count > 0)) continue;
        const double gain = gain_of(&sum[s], least), apart = gain - out->gain;
        out->gain += apart / ++n;
        square += apart * (gain - out->gain);
    }
    out->stretches = (size_t)n;
    out->error = n > 1 ? sqrt(square / (n - 1) / n) : 0;
}

ssm_status ssmi_trust_measure(ssmi_trust *out, const double *before, const double *after,
                              const size_t *stretch, size_t n, size_t most, ssm_arena *tmp)
{
    const double nothing = 1e-6; /* of the mean loss */
    double least[PARTS] = {0};
    stretch_sum *sum = SSMI_ALLOC(tmp, stretch_sum, most);
    if (sum == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        stretch_sum *s = &sum[stretch[i]];
        s->count++;
        for (size_t k = 0; k < PARTS; k++) {
            s->before[k] += before[i * PARTS + k];
            s->after[k] += after[i * PARTS + k];
            least[k] += nothing * before[i * PARTS + k] / (double)n;
        }
    }
    summarise(out, sum, most, least);
    return SSM_OK;
}

int ssmi_trust_enough(const ssmi_trust *trust)
{
    return trust->stretches >= SSMI_TRUST_STRETCHES && trust->gain > SSMI_TRUST_ERRORS * trust->error;
}
