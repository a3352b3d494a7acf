/* How much of what the networks add to the skip is to be trusted.
 *
 * With e the skip's error and d what a network adds to it, on its validation windows, the share of d that
 * leaves the least squared error is c/v, c = sum e d, v = sum d^2 (Bates & Granger 1969, eq. 2). It is itself
 * an estimate. Windows whose first target lies in the same stretch of two horizons, counted from the end of
 * their series, are one observation (c_b, v_b): targets of shorter stretches would overlap too much. With n
 * of them
 *
 *     a = c/v     var a = n/(n-1) sum_b (c_b - a v_b)^2 / v^2     share = min(1, a max(0, 1 - var a / a^2))
 *
 * which is the standard error of a ratio (Cochran 1977, eq. 2.46) and the positive part of James and Stein's
 * factor in one dimension: a gain of one standard error is not believed, one of three is to 8/9. One stretch
 * has no standard error; its share is half of a, at most half. Several networks judged on stretches of their
 * own bring more of them.
 * Known value: c_b = 1, 2, 3 and v_b = 2 have a = 1, var a = 1/12 and a share of 11/12. */
#ifndef SSMCAST_MODELS_LEARNER_TRUST_H
#define SSMCAST_MODELS_LEARNER_TRUST_H

#include "models/ridge.h"

typedef struct ssmi_learner_evidence {
    size_t n, rows; /* stretches, and rows of one */
    double *c, *v;  /* (n) */
} ssmi_learner_evidence;

/* No evidence so far; for the series of the task. */
ssm_status ssmi_learner_evidence_new(ssmi_learner_evidence *out, const ssmi_ridge_task *task,
                                     ssm_arena *arena);

/* Adds a window whose first target is `left` rows from the end of its series: target (horizon), NaN missing;
 * skip and added (horizon) are what the skip says and what the network adds. */
void ssmi_learner_evidence_add(ssmi_learner_evidence *evidence, size_t left, const float *target,
                               const float *skip, const float *added, size_t horizon);

/* In [0, 1]; 0 without evidence. */
double ssmi_learner_evidence_share(const ssmi_learner_evidence *evidence);

#endif
