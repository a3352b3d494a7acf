/* Fitting the linear map beside the pretrained network, and finding its share.
 *
 * For each block of time (models/zero_blocks.h) a map is fitted to the rows before it, settings and all, and
 * the block's rows are forecast by the network and by the map; how much it counts follows from the errors of
 * both (models/zero_adapter_share.h). The map that is kept is fitted to all rows. */
#ifndef SSMCAST_MODELS_ZERO_ADAPTER_FIT_H
#define SSMCAST_MODELS_ZERO_ADAPTER_FIT_H

#include "models/zero_blocks.h"
#include "models/zero_forecast.h"
#include "models/zero_tuning_trust.h"
#include <ssmcast/forecaster.h>

/* adapter->share 0: it would not have gained, or there are too few rows, which is no error. The map lives in
 * `mem`. model->adapter must be NULL. On the context's threads. */
ssm_status ssmi_zero_adapter_fit(ssmi_zero_adapter *out, ssmi_trust *trust, const ssmi_zero_model *model,
                                 const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp);

#endif
