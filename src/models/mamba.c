/* Mamba: a selective state-space network on top of the closed-form linear forecast (models/learner.h).
 *
 *     blocks: Mamba-1 (Gu & Dao 2023), Mamba-2 (Dao & Gu 2024), or Mamba-2 with the trapezoid and turned
 * states of Mamba-3; the first may be linear and time-invariant (S4D), which suits raw, evenly sampled
 * signals
 *
 * Known value: ETTh1, look-back 512, horizon 96: MSE at most .368. */
#include "models/mamba.h"

enum { TAPS = 4, EXPAND = 2, HEAD_WIDTH = 16 };

static ssmi_mixer_size selective(const ssmi_learner_options *o)
{
    const ssmi_mixer_kind kinds[] = {SSMI_MIXER_MAMBA, SSMI_MIXER_MAMBA2, SSMI_MIXER_MAMBA2};
    const size_t inner = EXPAND * o->width;
    ssmi_mixer_size size = {.kind = kinds[o->variant],
                            .expand = EXPAND,
                            .states = o->states,
                            .taps = TAPS,
                            .tied = o->tied,
                            .heads = inner / HEAD_WIDTH,
                            .trapezoid = o->variant == 2,
                            .turn = o->variant == 2 ? SSMI_TURN_DATA : SSMI_TURN_NONE};
    while (size.heads > 1 && inner % size.heads != 0) size.heads--;
    if (size.heads == 0) size.heads = 1;
    if (size.turn != SSMI_TURN_NONE) size.states += size.states % 2; /* states turn in pairs */
    return size;
}

void ssmi_mamba_architecture(ssmi_network_size *size, const ssmi_learner_options *o)
{
    size->backbone.n_blocks = o->blocks;
    for (size_t i = 0; i < o->blocks; i++) size->backbone.block[i] = selective(o);
    if (o->first == 1)
        size->backbone.block[0] =
            (ssmi_mixer_size){.kind = SSMI_MIXER_S4D, .states = o->states, .start = ssmi_learner_start(o)};
}

static ssm_status init(void *self, const void *options_, ssm_arena *mem)
{
    ssmi_learner_options options = *(const ssmi_learner_options *)options_;
    options.heads = 1; /* follows from the width */
    return ssmi_learner_init(self, &options, ssmi_mamba_architecture, mem);
}

const char *const ssmi_mamba_variants[] = {"1", "2", "3", NULL}, *const ssmi_mamba_firsts[] = {"mamba", "s4d",
                                                                                               NULL};

static const ssm_option option_table[] = {
    SSMI_LEARNER_SKIP_ROWS("ridge"),
    SSMI_LEARNER_TOKEN_ROWS,
    SSMI_MAMBA_BLOCK_ROWS,
    SSMI_LEARNER_STATE_ROW,
    SSMI_LEARNER_FLAG(bidirectional, "let a twin of each block see the tokens in reverse", "false"),
    SSMI_LEARNER_TRAINING_ROWS("60000", "0.001", "0.2", "0.05"),
    SSMI_LEARNER_PRETRAINED_ROW,
    {0},
};

const ssm_forecaster_type ssmi_model_mamba = {
    .name = "mamba",
    .summary = "selective state-space network on top of a closed-form linear forecast",
    .reference = "Gu & Dao (2023), Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
    SSMI_LEARNER_TYPE(option_table, init, SSM_CAP_GLOBAL),
};
