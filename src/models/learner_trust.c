#include "models/learner_trust.h"

#include <math.h>

enum { MOST_WINDOWS = 768, HORIZONS = 2 /* of a stretch */ };

double ssmi_learner_trust_share(const double *c, const double *v, size_t n)
{
    double all_c = 0, all_v = 0, square = 0, stretches = 0;
    for (size_t b = 0; b < n; b++) {
        all_c += c[b];
        all_v += v[b];
        stretches += v[b] > 0;
    }
    if (stretches < 2) return 1;
    const double a = all_c / all_v;
    for (size_t b = 0; b < n; b++) square += (c[b] - a * v[b]) * (c[b] - a * v[b]);
    const double variance = stretches / (stretches - 1) * square / (all_v * all_v);
    return a > 0 ? fmin(a * fmax(1 - variance / (a * a), 0), 1) : 0;
}

/* Sums of the stretches. */
typedef struct stretches {
    size_t n;
    double *c, *v; /* (n) */
} stretches;

static ssm_status open_stretches(stretches *out, const ssmi_ridge_task *task, ssm_arena *tmp)
{
    size_t longest = 0;
    for (size_t i = 0; i < task->n_series; i++)
        if (task->panel[i].length > longest) longest = task->panel[i].length;
    out->n = longest / (HORIZONS * task->horizon) + 1;
    out->c = SSMI_ALLOC(tmp, double, out->n);
    out->v = SSMI_ALLOC(tmp, double, out->n);
    return out->c != NULL && out->v != NULL ? SSM_OK : SSM_E_MEMORY;
}

static ssm_status add_window(stretches *out, size_t stretch, const ssmi_learner *self,
                             const ssmi_learner_batch *batch, ssm_arena *tmp)
{
    const size_t H = self->ridge.horizon;
    float *mean = SSMI_ALLOC(tmp, float, H), *decile = SSMI_ALLOC(tmp, float, SSMI_QUANTILES *H);
    if (mean == NULL || decile == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_learner_ask(mean, decile, self, batch, NULL, tmp));
    for (size_t h = 0; h < H; h++) {
        const double e = (double)(batch->target[h] - batch->skip[h]), d = (double)(mean[h] - batch->skip[h]);
        if (isnan(e)) continue;
        out->c[stretch] += e * d;
        out->v[stretch] += d * d;
    }
    return SSM_OK;
}

ssm_status ssmi_learner_trust(double *share, const ssmi_learner *self, const ssmi_ridge_task *task,
                              const ssmi_learner_track *track, ssm_arena *tmp)
{
    const ssmi_learner_skip skip = ssmi_learner_skip_of(self);
    ssmi_learner_windows windows;
    stretches sum;
    SSMI_TRY(ssmi_learner_windows_collect(&windows, task, &self->ridge, SSMI_LEARNER_VALIDATION, MOST_WINDOWS,
                                          tmp));
    SSMI_TRY(open_stretches(&sum, task, tmp));
    float *room = SSMI_ALLOC(tmp, float, ssmi_learner_batch_of(NULL, &skip, 1).size);
    if (room == NULL) return SSM_E_MEMORY;
    ssmi_learner_batch batch = ssmi_learner_batch_of(room, &skip, 1);
    for (size_t k = 0; k < windows.n; k++) {
        const size_t left = task->panel[windows.series[k]].length - windows.origin[k];
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        ssmi_learner_batch_fill(&batch, task->panel, track, &windows, &k, 1, &skip);
        SSMI_TRY(add_window(&sum, left / (HORIZONS * task->horizon), self, &batch, tmp));
        ssmi_arena_rewind(tmp, mark);
    }
    *share = ssmi_learner_trust_share(sum.c, sum.v, sum.n);
    return SSM_OK;
}
