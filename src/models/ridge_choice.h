/* The settings of a ridge map that a task leaves open: look-back, alpha, centre.
 *
 * Each candidate is judged on windows that its weights have not seen: the rows are cut into up to five
 * consecutive folds, each fold's windows are forecast by a map solved without any window that touches it, and
 * the lowest mean squared error over all folds and the horizon wins. One stretch of validation rows alone
 * would be one season of one year: it prefers settings that the next stretch does not. */
#ifndef SSMCAST_MODELS_RIDGE_CHOICE_H
#define SSMCAST_MODELS_RIDGE_CHOICE_H

#include "models/ridge.h"

typedef struct ssmi_ridge_choice {
    ssmi_ridge_part part; /* n_windows: training windows of the task */
    double mse;           /* on the windows it was judged by, at most 64 steps spread over the horizon, in the
                             panel's units; NaN without such windows */
    size_t n_judged;      /* windows, 0: nothing to choose from */
} ssmi_ridge_choice;

/* Gives the best setting, best first, and those of other look-backs that come within a fiftieth of
 * its error: errors of different windows differ, so that the mean of the maps has no larger error than they
 * have on average, and as a rule a smaller one. Ties go to the shorter look-back, then the larger alpha. All
 * candidates are judged on the same rows, as far as their gaps allow. Without a single window to judge by,
 * the defaults are alpha = one tenth of the number of windows, centre last, and the longest look-back that
 * its own number of windows can carry. SSM_E_DATA when no series holds one usable training window of the
 * shortest look-back. */
ssm_status ssmi_ridge_choose(ssmi_ridge_choice *out /* (SSMI_RIDGE_PARTS) */, size_t *n,
                             const ssmi_ridge_task *task, ssm_arena *tmp);

#endif
