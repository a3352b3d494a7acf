#include "neural/mixer.h"

#include <assert.h>

static void lay_out_mamba(ssmi_mixer *m, ssmi_parameters *table, const char *prefix)
{
    const ssmi_mixer_size *s = &m->size;
    m->as.mamba = ssmi_mamba_layout(table, prefix, s->width, s->expand, s->states, s->taps, s->tied);
}

static void lay_out_s4d(ssmi_mixer *m, ssmi_parameters *table, const char *prefix)
{
    m->as.s4d = ssmi_s4d_block_layout(table, prefix, m->size.width, (m->size.states + 1) / 2);
}

static void lay_out_mamba2(ssmi_mixer *m, ssmi_parameters *table, const char *prefix)
{
    const ssmi_mixer_size *s = &m->size;
    assert(s->heads > 0 && s->expand * s->width % s->heads == 0);
    m->as.mamba2 = ssmi_mamba2_layout(table, prefix,
                                      (ssmi_mamba2_size){.width = s->width,
                                                         .heads = s->heads,
                                                         .head_width = s->expand * s->width / s->heads,
                                                         .states = s->states,
                                                         .taps = s->taps,
                                                         .trapezoid = s->trapezoid,
                                                         .turn = s->turn});
}

static void lay_out_attention(ssmi_mixer *m, ssmi_parameters *table, const char *prefix)
{
    m->as.attention = ssmi_attention_layout(table, prefix, m->size.width, m->size.heads, m->size.causal);
}

static void lay_out_mlp(ssmi_mixer *m, ssmi_parameters *table, const char *prefix)
{
    m->as.mlp = ssmi_gated_mlp_layout(table, prefix, m->size.width, m->size.expand * m->size.width);
}

static ssm_status init_mamba(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng,
                             ssm_arena *tmp)
{
    (void)tmp;
    ssmi_mamba_init(params, &m->as.mamba, n_blocks, rng);
    return SSM_OK;
}

static ssm_status init_s4d(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng, ssm_arena *tmp)
{
    return ssmi_s4d_block_init(params, &m->as.s4d, m->size.start, n_blocks, rng, tmp);
}

static ssm_status init_mamba2(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng,
                              ssm_arena *tmp)
{
    (void)tmp;
    ssmi_mamba2_init(params, &m->as.mamba2, n_blocks, rng);
    return SSM_OK;
}

static ssm_status init_attention(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng,
                                 ssm_arena *tmp)
{
    (void)tmp;
    ssmi_attention_init(params, &m->as.attention, n_blocks, rng);
    return SSM_OK;
}

static ssm_status init_mlp(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng, ssm_arena *tmp)
{
    (void)tmp;
    ssmi_gated_mlp_init(params, &m->as.mlp, n_blocks, rng);
    return SSM_OK;
}

static const struct {
    void (*lay_out)(ssmi_mixer *m, ssmi_parameters *table, const char *prefix);
    ssm_status (*init)(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng, ssm_arena *tmp);
} kinds[SSMI_MIXER_KINDS] = {[SSMI_MIXER_MAMBA] = {lay_out_mamba, init_mamba},
                             [SSMI_MIXER_S4D] = {lay_out_s4d, init_s4d},
                             [SSMI_MIXER_MAMBA2] = {lay_out_mamba2, init_mamba2},
                             [SSMI_MIXER_ATTENTION] = {lay_out_attention, init_attention},
                             [SSMI_MIXER_MLP] = {lay_out_mlp, init_mlp}};

ssmi_mixer ssmi_mixer_layout(ssmi_parameters *table, const char *prefix, ssmi_mixer_size size)
{
    ssmi_mixer m = {.size = size};
    kinds[size.kind].lay_out(&m, table, prefix);
    return m;
}

ssm_status ssmi_mixer_init(float *params, const ssmi_mixer *m, size_t n_blocks, gsl_rng *rng, ssm_arena *tmp)
{
    return kinds[m->size.kind].init(params, m, n_blocks, rng, tmp);
}
