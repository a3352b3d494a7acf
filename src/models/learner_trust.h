/* How much of what the networks add to the skip is to be trusted.
 *
 * With e the skip's error and d what the networks add to it, on validation windows, the share of d that
 * leaves the least squared error is c/v, c = sum e d, v = sum d^2 (Bates & Granger 1969, eq. 2). It is itself
 * an estimate. Windows whose first target lies in the same stretch of two horizons, counted from the end of
 * their series, are one observation (c_b, v_b): targets of shorter stretches would overlap too much. With n
 * of them
 *
 *     a = c/v     var a = n/(n-1) sum_b (c_b - a v_b)^2 / v^2     share = min(1, a max(0, 1 - var a / a^2))
 *
 * which is the standard error of a ratio (Cochran 1977, eq. 2.46) and the positive part of James and Stein's
 * factor in one dimension: a gain of one standard error is not believed, one of three is to 8/9.
 * With fewer than two stretches nothing can be said, and the share is 1.
 * Known value: c_b = 1, 2, 3 and v_b = 2 have a = 1, var a = 1/12 and a share of 11/12. */
#ifndef SSMCAST_MODELS_LEARNER_TRUST_H
#define SSMCAST_MODELS_LEARNER_TRUST_H

#include "models/learner.h"

/* c and v (n): of each stretch. */
double ssmi_learner_trust_share(const double *c, const double *v, size_t n);

/* The share for the networks of `self`, whose trust is 1. SSM_E_MEMORY only. */
ssm_status ssmi_learner_trust(double *share, const ssmi_learner *self, const ssmi_ridge_task *task,
                              const ssmi_learner_track *track, ssm_arena *tmp);

#endif
