/* How much a linear map counts beside the pretrained network.
 *
 * All windows of all columns in the same block of time are one observation: windows overlap and columns move
 * together. With e the network's errors in block k and d what the whole map would change, summed over the
 * block,
 *
 *     c_k = sum e d / sum e^2        v_k = sum d^2 / sum e^2
 *     share = min(1/2, sum_k c_k / sum_k v_k)
 *
 * which leaves the least squared error of the blocks (Bates & Granger 1969, eq. 2), each of which counts
 * alike, but the map never counts for more than the network, which owes nothing to these rows. It counts for
 * nothing where fewer than SSMI_TRUST_BLOCKS blocks say anything, or where what it would have gained in them,
 * by the logarithm of the squared error, has no lower end above 0 at level 0.8, near one standard error
 * (models/zero_tuning_trust.h). Chosen on thirteen sets without test rows (notebooks-out/zero_tuning.md).
 *
 * Known value: c = .1, .2, .3 and v = .5, .5, .5 have a share of .4. */
#ifndef SSMCAST_MODELS_ZERO_ADAPTER_SHARE_H
#define SSMCAST_MODELS_ZERO_ADAPTER_SHARE_H

#include "models/zero_tuning_trust.h"

typedef struct ssmi_zero_adapter_errors {
    double square, cross, change; /* sums of e^2, e d, d^2 */
} ssmi_zero_adapter_errors;

/* Adds, times weight and in units of `unit`, one row y that the network gives the quantiles q
 * (SSMI_FAN_LEVELS) and the map says `line` of. */
void ssmi_zero_adapter_errors_add(ssmi_zero_adapter_errors *sum, const double *q, double line, double y,
                                  double weight, double unit);

void ssmi_zero_adapter_errors_join(ssmi_zero_adapter_errors *to, const ssmi_zero_adapter_errors *more);

/* The squared error with a share, as a part of that without: log. block (1), `floor` > 0 or square > 0. */
double ssmi_zero_adapter_log_ratio(const ssmi_zero_adapter_errors *block, double share, double floor);

/* The share, and in *trust what it would have done, by the squared error alone: chosen is 1 or 0. block (n);
 * those without errors on either side are not counted. */
double ssmi_zero_adapter_share(ssmi_trust *trust, const ssmi_zero_adapter_errors *block, size_t n);

#endif
