/* Intervals from past errors: split conformal prediction, step by step.
 *
 * Errors of forecasts that were made without knowing the truth are sorted for each step of the horizon; a
 * quantile of the forecast is the point forecast plus a quantile of those errors. Errors are given in units
 * of a scale that the model knows at the origin (the spread of its window, say) and the offsets come back
 * in the same units. */
#ifndef SSMCAST_FORECAST_CONFORMAL_H
#define SSMCAST_FORECAST_CONFORMAL_H

#include "base/arena.h"
#include <ssmcast/forecaster.h>

enum { SSMI_CONFORMAL_POINTS = 25 };

/* Calibrated offsets at a fixed set of probabilities, from 0.001 to 0.999, in the middle 0.5. */
typedef struct ssmi_conformal {
    size_t horizon;
    double *offset; /* (horizon, SSMI_CONFORMAL_POINTS) non-decreasing along a row */
} ssmi_conformal;

/* `error` (n, horizon) row-major: truth minus forecast, NaN where the truth is missing; `independent` of the
 * n rows count as independent (overlapping windows do not all), 1 <= independent <= n. With m finite errors
 * at a step, of which k = m independent/n are independent, probability p gets the order statistic of rank
 * ceil(m p (k+1)/k) from the middle outwards (for the lower half mirrored). With k = m that is
 * ceil((m+1) p), which covers with at least the nominal rate when errors are exchangeable. Beyond the
 * largest error a normal tail of the errors' own root mean square continues. Then, over the horizon, the
 * distance from the median is made non-decreasing (least squares), because errors grow with the step and
 * the growth is known better than each step, and the median is averaged over neighbouring steps. A step
 * without a single error borrows from its neighbours; SSM_E_DATA when there is no error at all. */
ssm_status ssmi_conformal_fit(ssmi_conformal *out, const double *error, size_t n, size_t horizon,
                              double independent, ssm_arena *mem, ssm_arena *tmp);

/* Where a probability lies among the stored ones: at k, and a share of the way to k + 1. Outside the stored
 * range share leaves [0, 1] and the last segment goes on. */
typedef struct ssmi_conformal_place {
    size_t k;
    double share;
} ssmi_conformal_place;

/* p inside (0, 1). Three normal quantiles are computed: once for a level, not once for a step. */
ssmi_conformal_place ssmi_conformal_place_of(double p);

double ssmi_conformal_at(const ssmi_conformal *conformal, size_t h, ssmi_conformal_place place);

/* Offset at step h (0-based, < horizon) and probability p inside (0, 1): between the stored ones linear in
 * the normal quantile of p. */
double ssmi_conformal_offset(const ssmi_conformal *conformal, size_t h, double p);

/* out->quantile = out->mean + scale * offset, for the first out->horizon steps. scale >= 0. */
void ssmi_conformal_quantiles(ssm_forecast *out, const ssmi_conformal *conformal, double scale);

#endif
