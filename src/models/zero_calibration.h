/* Recalibration of the pretrained network's quantiles on the past of the series at hand. */
#ifndef SSMCAST_MODELS_ZERO_CALIBRATION_H
#define SSMCAST_MODELS_ZERO_CALIBRATION_H

#include "forecast/conformal.h"
#include "models/zero_forecast.h"

typedef struct ssmi_zero_calibration {
    ssmi_conformal positions; /* in half widths of the fan, see ssmi_fan_position */
    double weight;            /* in [0, 1]; 0: too few past forecasts, the network's own quantiles stand */
} ssmi_zero_calibration;

/* Forecasts rows that are known from the rows before them and keeps where the truth lay in each fan: rows of
 * the second half of each series, or of its last `unseen` rows where the network was trained on others. */
ssm_status ssmi_zero_calibrate(ssmi_zero_calibration *out, const ssmi_zero_model *model,
                               const ssm_fit_task *task, size_t unseen, ssm_arena *mem, ssm_arena *tmp);

/* Quantile p of a row of a forecast; q, z, loc, scale as in ssmi_fan_quantile. */
double ssmi_zero_calibrated(const ssmi_zero_calibration *calibration, const double *q, double p, double z,
                            double loc, double scale);

#endif
