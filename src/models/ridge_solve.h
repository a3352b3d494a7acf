/* Sums over the windows of a task, and the map that solves them: what fitting and choosing share. */
#ifndef SSMCAST_MODELS_RIDGE_SOLVE_H
#define SSMCAST_MODELS_RIDGE_SOLVE_H

#include "models/ridge_moments.h"

/* Which windows: with targets before the validation rows, or all. */
typedef enum ssmi_ridge_range { SSMI_RIDGE_TRAINING, SSMI_RIDGE_ALL } ssmi_ridge_range;

/* Sums over the windows of a range, less those that touch the fold the task leaves out. */
ssm_status ssmi_ridge_sum_windows(ssmi_ridge_sums *out, const ssmi_ridge_task *task, size_t lookback,
                                  ssmi_ridge_range range, ssm_arena *arena);

/* How many windows of a look-back have their targets before the validation rows. */
size_t ssmi_ridge_count_windows(const ssmi_ridge_task *task, size_t lookback);

/* The sums of all windows less those that touch the task's fold: what summing the others gives, but for
 * rounding. */
ssm_status ssmi_ridge_leave_out(ssmi_ridge_sums *out, const ssmi_ridge_sums *whole,
                                const ssmi_ridge_task *task, ssm_arena *arena);

/* penalty (lookback + 1): the diagonal of P in models/ridge.h. */
void ssmi_ridge_penalty(double *penalty, size_t lookback, double fade);

/* weight (width, horizon) = (gram + alpha P)^-1 cross; factor (width, width) is left holding the Cholesky
 * factor. Where rounding leaves the sum without one, alpha is raised to what can be resolved; the alpha used
 * comes back. */
ssm_status ssmi_ridge_solve(double *weight, double *factor, double *alpha, const double *penalty,
                            const ssmi_ridge_moments *m, ssm_context *ctx);

/* Sum over windows and steps of the squared errors of a map; image (width, horizon) is scratch. */
double ssmi_ridge_square_error(const double *weight, double *image, const ssmi_ridge_moments *m);

#endif
