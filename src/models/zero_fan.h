/* Nine quantiles of each step, and any other level from them. */
#ifndef SSMCAST_MODELS_ZERO_FAN_H
#define SSMCAST_MODELS_ZERO_FAN_H

#include <stddef.h>

enum { SSMI_FAN_LEVELS = 9, SSMI_FAN_MIDDLE = 4 }; /* 0.1, 0.2, ..., 0.9; the median is number 4 */

void ssmi_fan_sort(double *q); /* (SSMI_FAN_LEVELS) into ascending order */

/* Quantile p of a row q (SSMI_FAN_LEVELS), ascending. With u = (q - loc) / scale and a = asinh(u), a is
 * linear in the standard normal quantile z of p between the nine levels; beyond 0.1 and 0.9 the line from the
 * median through the outer level goes on: a normal tail in a-space, a heavier one in data units far from loc.
 * `z` is the normal quantile of p. */
double ssmi_fan_quantile(const double *q, double p, double z, double loc, double scale);

/* The same line with the spread corrected: a calibration says by how many upper (or, when negative, lower)
 * half widths a_0.9 - a_0.5 (a_0.5 - a_0.1) the quantile lies from the median, and counts as much as
 * `weight`, in [0, 1]. */
double ssmi_fan_calibrated(const double *q, double z, double loc, double scale, double offset, double weight);

/* How many half widths y lies from the median of a row. */
double ssmi_fan_position(const double *q, double y, double loc, double scale);

/* Lets a row that was forecast from the median of an earlier one carry that one's uncertainty too: distances
 * from the median add as root of the sum of squares. */
void ssmi_fan_widen(double *q, const double *before);

#endif
