#include "models/learner_trust.h"

#include <math.h>

enum { HORIZONS = 2 /* of a stretch */ };

ssm_status ssmi_learner_evidence_new(ssmi_learner_evidence *out, const ssmi_ridge_task *task,
                                     ssm_arena *arena)
{
    size_t longest = 0;
    for (size_t i = 0; i < task->n_series; i++)
        if (task->panel[i].length > longest) longest = task->panel[i].length;
    out->rows = HORIZONS * task->horizon;
    out->n = longest / out->rows + 1;
    out->c = SSMI_ALLOC(arena, double, out->n);
    out->v = SSMI_ALLOC(arena, double, out->n);
    return out->c != NULL && out->v != NULL ? SSM_OK : SSM_E_MEMORY;
}

void ssmi_learner_evidence_add(ssmi_learner_evidence *evidence, size_t left, const float *target,
                               const float *skip, const float *added, size_t horizon)
{
    const size_t stretch = left / evidence->rows;
    for (size_t h = 0; h < horizon; h++) {
        const double e = (double)(target[h] - skip[h]), d = (double)added[h];
        if (isnan(e)) continue;
        evidence->c[stretch] += e * d;
        evidence->v[stretch] += d * d;
    }
}

double ssmi_learner_evidence_share(const ssmi_learner_evidence *evidence)
{
    double c = 0, v = 0, square = 0, n = 0;
    for (size_t b = 0; b < evidence->n; b++) {
        c += evidence->c[b];
        v += evidence->v[b];
        n += evidence->v[b] > 0;
    }
    const double a = v > 0 ? fmin(c / v, n > 1 ? INFINITY : 1) : 0;
    if (!(a > 0)) return 0;
    if (n < 2) return 0.5 * a;
    for (size_t b = 0; b < evidence->n; b++) {
        const double rest = evidence->c[b] - a * evidence->v[b];
        square += rest * rest;
    }
    const double variance = n / (n - 1) * square / (v * v);
    return fmin(a * fmax(1 - variance / (a * a), 0), 1);
}
