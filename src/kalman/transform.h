/* Inside of the parameter transforms of ssmcast/estimate.h. */
#ifndef SSMCAST_KALMAN_TRANSFORM_H
#define SSMCAST_KALMAN_TRANSFORM_H

#include "base/context.h"
#include <ssmcast/estimate.h>

/* Checks blocks and intervals. */
ssm_status ssmi_transform_check(ssm_context *ctx, const ssm_parameter *parameter, size_t n);
/* x (n) from theta (n), checked before. */
void ssmi_transform_apply(const ssm_parameter *parameter, size_t n, const double *theta, double *x);
/* J (n, n) = dx / dtheta; work (3 n). */
void ssmi_transform_slope(const ssm_parameter *parameter, size_t n, const double *theta, double *J,
                          double *work);
/* Bounds of theta[k] for the search, around its start. */
void ssmi_transform_bounds(const ssm_parameter *parameter, double start, double *low, double *high);
/* Does theta lie where x can no longer be told from the edge of its range? */
int ssmi_transform_at_edge(const ssm_parameter *parameter, double theta, double low, double high);

#endif
