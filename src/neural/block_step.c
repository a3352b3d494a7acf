#include "neural/block_step.h"

/* The four functions of a kind. */
#define KIND(member)                                                                                         \
    static ssm_status member##_open(ssmi_block_step *step, const float *params, const ssmi_mixer *m,         \
                                    ssm_arena *arena)                                                        \
    {                                                                                                        \
        return ssmi_##member##_step_open(&step->as.member, params, &m->as.member, arena);                    \
    }                                                                                                        \
    static size_t member##_memory(const ssmi_mixer *m)                                                       \
    {                                                                                                        \
        return ssmi_##member##_step_memory(&m->as.member);                                                   \
    }                                                                                                        \
    static size_t member##_scratch(const ssmi_mixer *m)                                                      \
    {                                                                                                        \
        return ssmi_##member##_step_scratch(&m->as.member);                                                  \
    }                                                                                                        \
    static void member##_run(float *y, float *memory, float *scratch, const float *x, const float *factor,   \
                             const ssmi_block_step *step, ssmi_isa isa)                                      \
    {                                                                                                        \
        ssmi_##member##_step_run(y, memory, scratch, x, factor, &step->as.member, isa);                      \
    }

KIND(mamba)
KIND(s4d)
KIND(mamba2)
#undef KIND

static const struct {
    ssm_status (*open)(ssmi_block_step *, const float *, const ssmi_mixer *, ssm_arena *);
    size_t (*memory)(const ssmi_mixer *);
    size_t (*scratch)(const ssmi_mixer *);
    void (*run)(float *, float *, float *, const float *, const float *, const ssmi_block_step *, ssmi_isa);
} kinds[SSMI_MIXER_KINDS] = {
#define ROW(member)                                                                                          \
    {                                                                                                        \
        member##_open, member##_memory, member##_scratch, member##_run                                       \
    }
    [SSMI_MIXER_MAMBA] = ROW(mamba),
    [SSMI_MIXER_S4D] = ROW(s4d),
    [SSMI_MIXER_MAMBA2] = ROW(mamba2),
#undef ROW
};

int ssmi_mixer_carries(const ssmi_mixer_size *size)
{
    return kinds[size->kind].run != NULL;
}

ssm_status ssmi_block_step_open(ssmi_block_step *step, const float *params, const ssmi_mixer *m,
                                ssm_arena *arena)
{
    step->m = *m;
    return kinds[m->size.kind].open(step, params, m, arena);
}

size_t ssmi_block_step_memory(const ssmi_mixer *m)
{
    return kinds[m->size.kind].memory(m);
}

size_t ssmi_block_step_scratch(const ssmi_mixer *m)
{
    return kinds[m->size.kind].scratch(m);
}

void ssmi_block_step_run(float *y, float *memory, float *scratch, const float *x, const float *factor,
                         const ssmi_block_step *step, ssmi_isa isa)
{
    kinds[step->m.size.kind].run(y, memory, scratch, x, factor, step, isa);
}
