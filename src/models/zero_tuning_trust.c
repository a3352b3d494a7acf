#include "models/zero_tuning_trust.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>

enum { PARTS = SSMI_LOSS_PARTS };

/* Losses summed over the windows of each block. */
typedef struct sums {
    size_t most, row;    /* blocks; losses of a window */
    double *count;       /* (most) */
    double *loss;        /* (most, row) */
    double least[PARTS]; /* keeps a perfect forecast from counting more than all others together */
} sums;

static ssm_status add_up(sums *s, const double *loss, const size_t *block, size_t n, ssm_arena *tmp)
{
    const double nothing = 1e-6; /* of the mean loss */
    s->count = SSMI_ALLOC(tmp, double, s->most);
    s->loss = SSMI_ALLOC(tmp, double, s->most * s->row);
    if (s->count == NULL || s->loss == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        s->count[block[i]]++;
        for (size_t j = 0; j < s->row; j++) s->loss[block[i] * s->row + j] += loss[i * s->row + j];
        for (size_t k = 0; k < PARTS; k++) s->least[k] += nothing * loss[i * s->row + k] / (double)n;
    }
    return SSM_OK;
}

/* Nothing to gain and nothing lost: rows that are missing, or known without an error. */
static int is_silent(const sums *s, size_t block, size_t strength)
{
    const double *before = s->loss + block * s->row, *after = before + strength * PARTS;
    for (size_t k = 0; k < PARTS; k++)
        if (before[k] != 0 || after[k] != 0) return 0;
    return 1;
}

static double gain_of(const sums *s, size_t block, size_t strength)
{
    const double *before = s->loss + block * s->row, *after = before + strength * PARTS;
    double gain = 0;
    for (size_t k = 0; k < PARTS; k++) {
        const double b = before[k] / s->count[block] + s->least[k],
                     a = after[k] / s->count[block] + s->least[k];
        if (b > 0 || a > 0) gain += log(b / a) / PARTS;
    }
    return isnan(gain) ? -INFINITY : gain; /* a loss that is not finite is no gain */
}

static int is_trusted(const ssmi_trust *t, const ssmi_trust_rule *rule)
{
    return t->blocks >= SSMI_TRUST_BLOCKS && t->low > 0 && (t->least > 0 || !rule->everywhere);
}

void ssmi_trust_add(ssmi_trust *trust, double gain)
{
    const double apart = gain - trust->gain;
    trust->least = trust->blocks > 0 ? fmin(trust->least, gain) : gain;
    trust->gain += apart / (double)++trust->blocks;
    trust->squares += apart * (gain - trust->gain);
}

void ssmi_trust_close(ssmi_trust *trust, double level)
{
    const double n = (double)trust->blocks;
    trust->error = n > 1 ? sqrt(trust->squares / (n - 1) / n) : 0;
    trust->low = n > 1 ? trust->gain - gsl_cdf_tdist_Pinv(level, n - 1) * trust->error : -INFINITY;
}

/* Of one strength, over the blocks that say something. */
static ssmi_trust summarise(const sums *s, const ssmi_trust_rule *rule, size_t strength)
{
    ssmi_trust t = {0};
    for (size_t k = 0; k < s->most; k++)
        if (!is_silent(s, k, strength)) ssmi_trust_add(&t, gain_of(s, k, strength));
    ssmi_trust_close(&t, rule->level);
    if (is_trusted(&t, rule)) t.chosen = strength;
    return t;
}

static int is_better(const ssmi_trust *a, const ssmi_trust *b)
{
    if ((a->chosen > 0) != (b->chosen > 0)) return a->chosen > 0;
    return a->chosen > 0 ? a->low > b->low : a->least > b->least;
}

ssm_status ssmi_trust_choose(ssmi_trust *out, const ssmi_trust_rule *rule, const double *loss,
                             const size_t *block, size_t n, size_t strengths, size_t most, ssm_arena *tmp)
{
    sums s = {.most = most, .row = (1 + strengths) * PARTS};
    *out = (ssmi_trust){0};
    SSMI_TRY(add_up(&s, loss, block, n, tmp));
    for (size_t k = 1; k <= strengths && n > 0; k++) {
        const ssmi_trust t = summarise(&s, rule, k);
        if (k == 1 || is_better(&t, out)) *out = t;
    }
    return SSM_OK;
}

void ssmi_trust_describe(const ssmi_trust *trust, char *text, size_t size)
{
    snprintf(text, size, "losses of %zu block%s of time %+.1f %% (standard error %.1f), the worst %+.1f %%",
             trust->blocks, trust->blocks == 1 ? "" : "s", -100 * trust->gain, 100 * trust->error,
             -100 * trust->least);
}

/* The numbers stand in memory of the archive, which reads them when the file is written. */
ssm_status ssmi_trust_archive(ssmi_trust *trust, ssm_archive *archive)
{
    double *const real[] = {&trust->gain, &trust->error, &trust->least};
    enum { REALS = sizeof real / sizeof *real };
    double *value = SSMI_ALLOC(ssmi_archive_scratch(archive), double, REALS);
    if (value == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_archive_size(archive, "trust.blocks", &trust->blocks));
    SSMI_TRY(ssmi_archive_size(archive, "trust.chosen", &trust->chosen));
    for (size_t i = 0; i < REALS; i++) value[i] = isfinite(*real[i]) ? *real[i] : 0;
    SSMI_TRY(ssmi_archive_values(archive, "trust", value, REALS));
    for (size_t i = 0; i < REALS; i++) *real[i] = value[i];
    return SSM_OK;
}
