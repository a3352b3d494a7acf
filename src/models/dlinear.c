/* DLinear: two linear maps from the window to the horizon, one of its moving mean and one of the rest,
 * trained by gradient steps (models/learner.h, neural/linear_network_body.h). Unlike the original it starts
 * from the last value, as NLinear does. Known value: untrained it repeats the last value. */
#include "models/learner_options.h"

static void architecture(ssmi_network_size *size, const ssmi_learner_options *options)
{
    (void)options;
    size->kind = SSMI_NETWORK_DLINEAR;
}

static ssm_status init(void *self, const void *options, ssm_arena *mem)
{
    return ssmi_learner_init_linear(self, options, architecture, mem);
}

static const ssm_option option_table[] = {
    SSMI_LEARNER_SKIP_ROWS("last"),
    SSMI_LEARNER_TRAINING_ROWS("60000", "0.002", "0", "0"),
    {0},
};

const ssm_forecaster_type ssmi_model_dlinear = {
    .name = "dlinear",
    .summary = "trained linear maps of the window's moving mean and of the rest to the horizon",
    .reference = "Zeng, Chen, Zhang & Xu (2023), Are Transformers Effective for Time Series Forecasting?",
    SSMI_LEARNER_TYPE(option_table, init, SSM_CAP_GLOBAL | SSM_CAP_STUDY),
};
