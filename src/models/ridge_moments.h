/* Sums over look-back windows that ridge regression needs, without making the windows.
 *
 * Let x be a run of n consecutive windows and R_ij = sum_s x_{s+i} x_{s+j} over s = 0..n-1. Moving along a
 * diagonal changes only the ends of the sum,
 *
 *     R_{i+1,j+1} = R_ij + x_{n+i} x_{n+j} - x_i x_j,
 *
 * so n (L+H) products for the first row and L (L+H) updates replace n L (L+H) products. Both kinds of
 * centre c_s are linear in the window, hence u_j = sum_s c_s x_{s+j} and q = sum_s c_s^2 are sums of
 * elements of R, and centring is a change of rank two:
 *
 *     sum_s (x_{s+i} - c_s)(x_{s+j} - c_s) = R_ij - u_i - u_j + q. */
#ifndef SSMCAST_MODELS_RIDGE_MOMENTS_H
#define SSMCAST_MODELS_RIDGE_MOMENTS_H

#include "models/ridge.h"

/* Raw sums; d_s is the standard deviation of window s. */
typedef struct ssmi_ridge_sums {
    size_t lookback, horizon, n_windows;
    double *product; /* (lookback, lookback + horizon) row-major, columns j >= i only: R_ij */
    double *square;  /* (horizon) sum_s x_{s+L+h}^2 */
    double *by_sd;   /* (lookback + horizon) sum_s d_s x_{s+j} */
    double sd_sd;    /* sum_s d_s^2 */
} ssmi_ridge_sums;

/* The same with each window centred: what the normal equations are made of. */
typedef struct ssmi_ridge_moments {
    size_t width, horizon; /* width = lookback + 1 */
    size_t n_windows;
    double *gram;   /* (width, width) row-major, upper triangle: sum z z' */
    double *cross;  /* (width, horizon): sum z (y - c)' */
    double *target; /* (horizon) sum (y - c)^2 */
} ssmi_ridge_moments;

ssm_status ssmi_ridge_sums_new(ssmi_ridge_sums *out, size_t lookback, size_t horizon, ssm_arena *arena);

/* Adds every usable window of the series with an origin in [first, last]. */
ssm_status ssmi_ridge_sums_add(ssmi_ridge_sums *sums, const ssmi_window_series *series, size_t first,
                               size_t last, ssm_arena *tmp);

/* Centres. Of the targets from step `from` on only every step-th is kept, the last one always among them:
 * horizon becomes ceil((horizon - from) / step). */
ssm_status ssmi_ridge_centre_sums(ssmi_ridge_moments *out, const ssmi_ridge_sums *sums,
                                  ssmi_ridge_centre centre, size_t from, size_t step, ssm_arena *arena);

#endif
