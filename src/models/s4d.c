/* S4D: linear time-invariant state-space layers with gates between them, on top of the closed-form linear
 * forecast (models/learner.h). Known value: the poles start at -1/2 + i pi n. */
#include "models/learner_options.h"

static void architecture(ssmi_network_size *size, const ssmi_learner_options *o)
{
    size->backbone.n_blocks = o->blocks;
    for (size_t i = 0; i < o->blocks; i++)
        size->backbone.block[i] =
            (ssmi_mixer_size){.kind = SSMI_MIXER_S4D, .states = o->states, .start = ssmi_learner_start(o)};
}

static ssm_status init(void *self, const void *options_, ssm_arena *mem)
{
    ssmi_learner_options options = *(const ssmi_learner_options *)options_;
    options.heads = 1; /* it has none */
    return ssmi_learner_init(self, &options, architecture, mem);
}

static const ssm_option option_table[] = {
    SSMI_LEARNER_SKIP_ROWS("ridge"),
    SSMI_LEARNER_TOKEN_ROWS,
    SSMI_LEARNER_SIZE(blocks, "S4D blocks", "2", 1, SSMI_MAX_BLOCKS / 2),
    SSMI_LEARNER_SIZE(states, "real states per channel, half as many poles", "16", 1, SSMI_LEARNER_WIDTH),
    SSMI_LEARNER_POLES_ROW("where the poles start; fitted: the first block's by a structural model"),
    SSMI_LEARNER_STATE_ROW,
    SSMI_LEARNER_FLAG(bidirectional, "let a twin of each block see the tokens in reverse", "false"),
    SSMI_LEARNER_TRAINING_ROWS("60000", "0.001", "0.2", "0.05"),
    {0},
};

const ssm_forecaster_type ssmi_model_s4d = {
    .name = "s4d",
    .summary = "time-invariant state-space network on top of a closed-form linear forecast",
    .reference = "Gu, Gupta, Goel & Re (2022), On the Parameterization and Initialization of Diagonal State "
                 "Space Models",
    SSMI_LEARNER_TYPE(option_table, init, SSM_CAP_GLOBAL | SSM_CAP_STUDY),
};
