/* Transformer: attention and gated perceptrons over patches (Nie et al. 2023, "A Time Series is Worth 64
 * Words"), on top of the closed-form linear forecast (models/learner.h): the baseline for the recurrent
 * networks, with the same tokens, head and training. Known value: a single token attends to itself alone. */
#include "models/learner_options.h"

enum { EXPAND = 2 };

/* The largest divisor of the width up to the wish. */
static size_t heads_of(const ssmi_learner_options *o)
{
    size_t heads = o->heads < o->width ? o->heads : o->width;
    while (o->width % heads != 0) heads--;
    return heads;
}

static void architecture(ssmi_network_size *size, const ssmi_learner_options *o)
{
    size->backbone.n_blocks = 2 * o->blocks;
    for (size_t i = 0; i < o->blocks; i++) {
        size->backbone.block[2 * i] =
            (ssmi_mixer_size){.kind = SSMI_MIXER_ATTENTION, .heads = heads_of(o), .causal = o->variant == 1};
        size->backbone.block[2 * i + 1] = (ssmi_mixer_size){.kind = SSMI_MIXER_MLP, .expand = EXPAND};
    }
}

static ssm_status init(void *self, const void *options_, ssm_arena *mem)
{
    ssmi_learner_options options = *(const ssmi_learner_options *)options_;
    options.states = 1; /* it has none */
    return ssmi_learner_init(self, &options, architecture, mem);
}

static const ssm_option option_table[] = {
    SSMI_LEARNER_SKIP_ROWS("ridge"),
    SSMI_LEARNER_TOKEN_ROWS,
    SSMI_LEARNER_SIZE(blocks, "layers, each of attention and perceptron", "2", 1, SSMI_MAX_BLOCKS / 2),
    SSMI_LEARNER_SIZE(heads, "heads of attention at most; they divide the width", "4", 1, SSMI_LEARNER_WIDTH),
    {"causal", "tokens see only themselves and those before", SSM_OPTION_FLAG,
     offsetof(ssmi_learner_options, variant), "false", 0, 1, NULL},
    SSMI_LEARNER_TRAINING_ROWS("60000", "0.001", "0.2", "0.05"),
    {0},
};

const ssm_forecaster_type ssmi_model_transformer = {
    .name = "transformer",
    .summary = "attention over patches on top of a closed-form linear forecast",
    .reference = "Nie, Nguyen, Sinthong & Kalagnanam (2023), A Time Series is Worth 64 Words",
    SSMI_LEARNER_TYPE(option_table, init, SSM_CAP_GLOBAL | SSM_CAP_STUDY),
};
