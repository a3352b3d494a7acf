/* A linear map beside the pretrained network (a residual adapter): ridge regression on the user's own rows.
 *
 *     l' = min(max(l, q_0.1), q_0.9)          the map's forecast, no further out than the network thinks
 *     q' = q + share (l' - q_0.5)             each quantile of the network; its spread stays
 *
 * Two forecasts whose errors differ are better together (Bates & Granger 1969, eq. 2); the share is found
 * over blocks of time (models/zero_adapter_share.h). Only the first rows of a forecast have a share, as many
 * as the map was fitted for; what follows is the network's, which goes on from them. Known value: medians of
 * 2 between deciles of 0 and 4, a map that says 10, and a share of 1/4 give 2.5. */
#ifndef SSMCAST_MODELS_ZERO_ADAPTER_H
#define SSMCAST_MODELS_ZERO_ADAPTER_H

#include "forecast/archive.h"
#include "models/ridge.h"
#include "models/zero_tuning_trust.h"

typedef struct ssmi_zero_adapter {
    double share;  /* in [0, 1]; 0: there is no map */
    size_t period; /* season that fills gaps in a look-back; 0: none */
    ssmi_ridge ridge;
} ssmi_zero_adapter;

/* line (rows <= ridge.horizon): what the map says of the rows behind the history. 0 where nothing of it is
 * observed: line is then untouched. */
ssm_status ssmi_zero_adapter_line(int *known, double *line, const ssmi_zero_adapter *adapter,
                                  const double *history, size_t length, size_t rows, ssm_arena *tmp);

/* What a share of 1 would add to each quantile of a row q (SSMI_FAN_LEVELS). */
double ssmi_zero_adapter_shift(const double *q, double line);

/* Adds the map's share to fan (rows, SSMI_FAN_LEVELS), the forecast of the rows behind the history. */
ssm_status ssmi_zero_adapter_add(const ssmi_zero_adapter *adapter, double *fan, const double *history,
                                 size_t length, size_t rows, ssm_arena *tmp);

/* With what is known of its share. */
ssm_status ssmi_zero_adapter_archive(ssmi_zero_adapter *adapter, ssmi_trust *trust, ssm_archive *archive);
void ssmi_zero_adapter_note(const ssmi_zero_adapter *adapter, const ssmi_trust *trust, char *text,
                            size_t size);

#endif
