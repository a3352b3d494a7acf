/* Several series as one vector, by a network whose windows speak to each other (models/learner.h).
 *
 *     windows of V series at one origin -> Mamba blocks, each series alone -> hidden numbers (V, K)
 *     -> blocks over the V series, in both directions -> outputs of each series
 *
 * A block over the series is Mamba in both directions, as in Wang et al. (2024), or attention, as in Liu et
 * al. (2024), iTransformer. What one series says about another is learned from the windows of all; which
 * series is which the network is told. The linear skip stays that of each series alone, so what is won
 * against `mamba` is what others know.
 *
 * Known value: of a series that follows another by four rows, noise apart, a thousand windows teach the
 * better half.
 */
#include "models/mamba.h"

enum { ACROSS_MAMBA, ACROSS_ATTENTION };
enum { TAPS = 2, EXPAND = 2, HEADS = 4 };

static ssmi_mixer_size across(const ssmi_learner_options *o)
{
    if (o->across == ACROSS_MAMBA)
        return (ssmi_mixer_size){
            .kind = SSMI_MIXER_MAMBA, .expand = EXPAND, .states = o->states, .taps = TAPS};
    size_t heads = HEADS;
    while (o->hidden % heads != 0) heads--;
    return (ssmi_mixer_size){.kind = SSMI_MIXER_ATTENTION, .heads = heads};
}

static void architecture(ssmi_network_size *size, const ssmi_learner_options *o)
{
    ssmi_mamba_architecture(size, o);
    size->across.bidirectional = o->across == ACROSS_MAMBA;
    size->across.n_blocks = o->across_blocks;
    for (size_t i = 0; i < o->across_blocks; i++) size->across.block[i] = across(o);
}

static ssm_status init(void *self, const void *options_, ssm_arena *mem)
{
    ssmi_learner_options options = *(const ssmi_learner_options *)options_;
    options.heads = 1; /* follows from the width */
    return ssmi_learner_init(self, &options, architecture, mem);
}

static const char *const kinds[] = {"mamba", "attention", NULL};

static const ssm_option option_table[] = {
    SSMI_LEARNER_CHOICE(across, "what lets the series speak to each other", "mamba", kinds),
    SSMI_LEARNER_SIZE(across_blocks, "blocks over the series", "1", 1, SSMI_MAX_BLOCKS / 2),
    SSMI_LEARNER_SKIP_ROWS("ridge"),
    SSMI_LEARNER_TOKEN_ROWS,
    SSMI_MAMBA_BLOCK_ROWS,
    SSMI_LEARNER_FLAG(bidirectional, "let a twin of each block see the tokens in reverse", "false"),
    SSMI_LEARNER_TRAINING_ROWS("60000", "0.001", "0.2", "0.05"),
    SSMI_LEARNER_PRETRAINED_ROW,
    {0},
};

const ssm_forecaster_type ssmi_model_mamba_joint = {
    .name = "mamba_joint",
    .summary = "mamba for several series as one vector: what one says about another is learned",
    .reference = "Wang, Kong, Feng et al. (2024), Is Mamba Effective for Time Series Forecasting?",
    SSMI_LEARNER_TYPE(option_table, init, SSM_CAP_MULTIVARIATE | SSM_CAP_STUDY),
};
