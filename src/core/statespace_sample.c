/* Sampling of a continuous system at irregular times: one exponential for each distinct gap. */
#include "core/discretise.h"
#include "core/gaps.h"
#include <ssmcast/statespace.h>

#include <string.h>

typedef struct sampling {
    const double *A, *Qc;
    size_t n;
    ssmi_gaps gaps;
    double *Ad, *Qd; /* (n, n) of each distinct gap */
} sampling;

static ssm_status sample_distinct(sampling *s, const double *gap, size_t count, ssm_arena *tmp)
{
    const size_t block = s->n * s->n;
    SSMI_TRY(ssmi_gaps_make(&s->gaps, gap, count, tmp));
    s->Ad = ssmi_arena_alloc(tmp, s->gaps.n, block * sizeof *s->Ad);
    s->Qd = ssmi_arena_alloc(tmp, s->gaps.n, block * sizeof *s->Qd);
    if (s->Ad == NULL || s->Qd == NULL) return SSM_E_MEMORY;
    for (size_t g = 0; g < s->gaps.n; g++)
        SSMI_TRY(ssmi_discretise_noise(s->Ad + g * block, s->Qd + g * block, s->A, s->Qc, s->gaps.size[g],
                                       s->n, tmp));
    return SSM_OK;
}

ssm_status ssm_statespace_sample(ssm_context *ctx, const double *A, const double *Qc, size_t n,
                                 const double *gap, size_t count, double *T, double *Q)
{
    sampling s = {.A = A, .Qc = Qc, .n = n};
    size_t block, all;
    if (A == NULL || Qc == NULL || n == 0 || (gap == NULL && count > 0) || !ssmi_size_mul(n, n, &block) ||
        !ssmi_size_mul(block, count, &all))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "a continuous system and gaps must be given");
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    const ssm_status status = sample_distinct(&s, gap, count, &tmp);
    for (size_t i = 0; status == SSM_OK && i < count; i++) {
        memcpy(T + i * block, s.Ad + s.gaps.of[i] * block, block * sizeof *T);
        memcpy(Q + i * block, s.Qd + s.gaps.of[i] * block, block * sizeof *Q);
    }
    ssmi_arena_clear(&tmp);
    return status;
}
