/* The table of block kinds for one element type. */

/* The four functions of a kind whose forward pass takes what all but mamba's take. */
#define MIXER(member, stem)                                                                                  \
    static size_t NAME(member##_record_of)(const ssmi_mixer *m, size_t batch, size_t length)                 \
    {                                                                                                        \
        return NAME(stem##_record)(&m->as.member, batch, length);                                            \
    }                                                                                                        \
    static size_t NAME(member##_scratch_of)(const ssmi_mixer *m, size_t batch, size_t length)                \
    {                                                                                                        \
        return NAME(stem##_scratch)(&m->as.member, batch, length);                                           \
    }                                                                                                        \
    static void NAME(member##_forward)(REAL * y, REAL * record, REAL * scratch, const REAL *x,               \
                                       const REAL *params, const ssmi_mixer *m, NAME(ssmi_tokens) tokens)    \
    {                                                                                                        \
        NAME(stem##_forward)(y, record, scratch, x, params, &m->as.member, tokens);                          \
    }                                                                                                        \
    static void NAME(member##_backward)(REAL * dx, REAL * dparams, REAL * scratch, const REAL *dy,           \
                                        REAL *record, const REAL *x, const REAL *params,                     \
                                        const ssmi_mixer *m, NAME(ssmi_tokens) tokens)                       \
    {                                                                                                        \
        NAME(stem##_backward)(dx, dparams, scratch, dy, record, x, params, &m->as.member, tokens);           \
    }

MIXER(s4d, ssmi_s4d_block)
MIXER(mamba2, ssmi_mamba2)
MIXER(attention, ssmi_attention)
MIXER(mlp, ssmi_gated_mlp)
#undef MIXER

static size_t NAME(mamba_record_of)(const ssmi_mixer *m, size_t batch, size_t length)
{
    return NAME(ssmi_mamba_record)(&m->as.mamba, batch, length);
}

static size_t NAME(mamba_scratch_of)(const ssmi_mixer *m, size_t batch, size_t length)
{
    return NAME(ssmi_mamba_scratch)(&m->as.mamba, batch, length);
}

static void NAME(mamba_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                                const ssmi_mixer *m, NAME(ssmi_tokens) tokens)
{
    (void)scratch;
    NAME(ssmi_mamba_forward)
    (y, record, NULL, NULL, x, tokens.step, params, &m->as.mamba, tokens.batch, tokens.length,
     tokens.kernels);
}

static void NAME(mamba_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                                 const REAL *x, const REAL *params, const ssmi_mixer *m,
                                 NAME(ssmi_tokens) tokens)
{
    NAME(ssmi_mamba_backward)
    (dx, dparams, scratch, dy, record, x, tokens.step, params, &m->as.mamba, tokens.batch, tokens.length,
     tokens.kernels);
}

static const struct {
    size_t (*record)(const ssmi_mixer *, size_t, size_t);
    size_t (*scratch)(const ssmi_mixer *, size_t, size_t);
    void (*forward)(REAL *, REAL *, REAL *, const REAL *, const REAL *, const ssmi_mixer *,
                    NAME(ssmi_tokens));
    void (*backward)(REAL *, REAL *, REAL *, const REAL *, REAL *, const REAL *, const REAL *,
                     const ssmi_mixer *, NAME(ssmi_tokens));
} NAME(mixers)[SSMI_MIXER_KINDS] = {
#define ROW(member)                                                                                          \
    NAME(member##_record_of), NAME(member##_scratch_of), NAME(member##_forward), NAME(member##_backward)
    [SSMI_MIXER_MAMBA] = {ROW(mamba)},   [SSMI_MIXER_S4D] = {ROW(s4d)},
    [SSMI_MIXER_MAMBA2] = {ROW(mamba2)}, [SSMI_MIXER_ATTENTION] = {ROW(attention)},
    [SSMI_MIXER_MLP] = {ROW(mlp)},
#undef ROW
};

size_t NAME(ssmi_mixer_record)(const ssmi_mixer *m, size_t batch, size_t length)
{
    return NAME(mixers)[m->size.kind].record(m, batch, length);
}

size_t NAME(ssmi_mixer_scratch)(const ssmi_mixer *m, size_t batch, size_t length)
{
    return NAME(mixers)[m->size.kind].scratch(m, batch, length);
}

void NAME(ssmi_mixer_forward)(REAL *y, REAL *record, REAL *scratch, const REAL *x, const REAL *params,
                              const ssmi_mixer *m, NAME(ssmi_tokens) tokens)
{
    NAME(mixers)[m->size.kind].forward(y, record, scratch, x, params, m, tokens);
}

void NAME(ssmi_mixer_backward)(REAL *dx, REAL *dparams, REAL *scratch, const REAL *dy, REAL *record,
                               const REAL *x, const REAL *params, const ssmi_mixer *m,
                               NAME(ssmi_tokens) tokens)
{
    NAME(mixers)[m->size.kind].backward(dx, dparams, scratch, dy, record, x, params, m, tokens);
}
