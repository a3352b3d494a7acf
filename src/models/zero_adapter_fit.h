/* Fitting the linear map beside the pretrained network, and finding its share.
 *
 * For each block of time (models/zero_blocks.h) a map is fitted to the rows before it, settings and all, and
 * the block's rows are forecast by the network and by the map. The share is a number of sixteenths, no more
 * than there are blocks, and is trusted over the blocks (models/zero_tuning_trust.h) at level 0.8, near one
 * standard error: errors are nearly quadratic in the share, so small ones risk little and have most of what
 * there is to be gained. A quarter of the way to a map that is as good as the network and errs independently,
 * best at a half, takes three quarters of the gain. The map that is kept is fitted to all rows. */
#ifndef SSMCAST_MODELS_ZERO_ADAPTER_FIT_H
#define SSMCAST_MODELS_ZERO_ADAPTER_FIT_H

#include "models/zero_blocks.h"
#include "models/zero_forecast.h"
#include "models/zero_tuning_trust.h"
#include <ssmcast/forecaster.h>

enum {
    SSMI_ZERO_ADAPTER_SHARES = SSMI_ZERO_BLOCKS,
    SSMI_ZERO_ADAPTER_LOSSES = (1 + SSMI_ZERO_ADAPTER_SHARES) * SSMI_LOSS_PARTS
};

extern const ssmi_trust_rule ssmi_zero_adapter_rule;

/* Of strength k, 0 to SSMI_ZERO_ADAPTER_SHARES. */
double ssmi_zero_adapter_share(size_t k);

/* Adds to loss (SSMI_ZERO_ADAPTER_LOSSES), at each share, weight times the pinball loss and the squared error
 * in units of `unit` of one row y that the network gives the quantiles q (SSMI_FAN_LEVELS) and the map says
 * `line` of. */
void ssmi_zero_adapter_losses(double *loss, const double *q, double line, double y, double weight,
                              double unit);

/* adapter->share 0: none is trusted, or there are too few rows, which is no error. The map lives in `mem`.
 * model->adapter must be NULL. On the context's threads. */
ssm_status ssmi_zero_adapter_fit(ssmi_zero_adapter *out, ssmi_trust *trust, const ssmi_zero_model *model,
                                 const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp);

#endif
