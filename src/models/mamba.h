/* What the forecasters with Mamba blocks share. */
#ifndef SSMCAST_MODELS_MAMBA_H
#define SSMCAST_MODELS_MAMBA_H

#include "models/learner_options.h"

extern const char *const ssmi_mamba_variants[], *const ssmi_mamba_firsts[];

#define SSMI_MAMBA_BLOCK_ROWS                                                                                \
    SSMI_LEARNER_SIZE(blocks, "mamba blocks", "2", 1, SSMI_MAX_BLOCKS / 2),                                  \
        SSMI_LEARNER_SIZE(states, "states per channel", "16", 1, SSMI_LEARNER_WIDTH),                        \
        SSMI_LEARNER_CHOICE(variant, "generation of the blocks", "1", ssmi_mamba_variants),                  \
        SSMI_LEARNER_CHOICE(first, "kind of the first block", "mamba", ssmi_mamba_firsts),                   \
        SSMI_LEARNER_POLES_ROW("where the poles of a first block s4d start; fitted: by a structural model"), \
        SSMI_LEARNER_FLAG(                                                                                   \
            tied, "keep the states' rates of decay in the ratio in which they start, variant 1", "false")

ssmi_learner_architecture ssmi_mamba_architecture;

#endif
