/* AdamW (Loshchilov & Hutter 2019, algorithm 2):
 *
 *     m = b1 m + (1-b1) g,   v = b2 v + (1-b2) g^2
 *     w = w - rate (m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps) + decay w)
 *
 * Known value: the first step from w = 0 moves by -rate sign(g) up to eps. */
#include "neural/adamw.h"

#include <math.h>

static void update_tensor(ssmi_adamw *adam, float *w, const float *grad, const ssmi_parameter *p, double rate)
{
    const float b1 = (float)adam->beta1, b2 = (float)adam->beta2, epsilon = (float)adam->epsilon;
    const float scale1 = (float)(rate / (1 - pow(adam->beta1, (double)adam->step)));
    const float scale2 = (float)(1 / (1 - pow(adam->beta2, (double)adam->step)));
    const float keep = p->decay ? (float)(1 - rate * adam->decay) : 1.0f;
    float *m = adam->m + p->offset, *v = adam->v + p->offset;
    for (size_t i = 0; i < p->size; i++) {
        const float g = grad[p->offset + i];
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        w[p->offset + i] = keep * w[p->offset + i] - scale1 * m[i] / (sqrtf(v[i] * scale2) + epsilon);
    }
}

void ssmi_adamw_update(ssmi_adamw *adam, float *params, const float *grad, const ssmi_parameters *table,
                       double rate)
{
    adam->step++;
    for (size_t i = 0; i < table->n; i++) update_tensor(adam, params, grad, &table->entry[i], rate);
}

double ssmi_cosine_rate(double rate, size_t step, size_t warmup, size_t steps)
{
    if (step < warmup) return rate * (double)(step + 1) / (double)warmup;
    if (step >= steps) return 0;
    return rate * 0.5 * (1 + cos(3.14159265358979324 * (double)(step - warmup) / (double)(steps - warmup)));
}

double ssmi_wsd_rate(double rate, size_t step, size_t warmup, size_t cooldown, size_t steps)
{
    if (step < warmup) return rate * (double)(step + 1) / (double)warmup;
    if (step >= steps) return 0;
    const size_t left = steps - step;
    return left < cooldown ? rate * (double)left / (double)cooldown : rate;
}

double ssmi_clip_norm(float *x, size_t n, double most)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    const double norm = sqrt(sum);
    if (norm > most) {
        const float scale = (float)(most / norm);
        for (size_t i = 0; i < n; i++) x[i] *= scale;
    }
    return norm;
}

void ssmi_average_weights(float *average, const float *x, size_t n, double keep)
{
    const float part = (float)(1 - keep);
    for (size_t i = 0; i < n; i++) average[i] += part * (x[i] - average[i]);
}
