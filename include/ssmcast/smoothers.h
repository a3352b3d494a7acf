/* More ways to look back than the fixed-interval smoother of ssmcast/kalman.h: draws of the whole path,
 * estimates a fixed number of rows late while rows arrive, and series with their gaps filled.
 *
 * Arrays are column-major and the caller's; NaN in y is missing; models and their numbers are borrowed. What
 * the calls refuse, they refuse as ssm_kalman_smooth does: SSM_E_ARGUMENT for sizes and missing pointers,
 * SSM_E_DATA for infinite values and for diffuse directions that the data leave open, SSM_E_NUMERIC when
 * numbers overflow. */
#ifndef SSMCAST_SMOOTHERS_H
#define SSMCAST_SMOOTHERS_H

#include <ssmcast/kalman.h>

SSM_BEGIN_DECLS

/* ---- simulation smoother ---- */

/* Draws from the joint distribution of everything unobserved given all rows. A NULL array is not wanted. */
typedef struct ssm_kalman_draws {
    double *alpha;   /* (n, length, draws) states */
    double *epsilon; /* (p, length, draws) observation errors */
    double *eta;     /* (r, length, draws) shocks that lead to the next row */
    double *y;       /* (p, length, draws) observations; those that are there are themselves */
} ssm_kalman_draws;

/* Makes `draws` independent draws (Durbin & Koopman 2002; exact for a diffuse start). Within a draw the
 * equations of the model hold to rounding. The bits depend on the context's seed, on `stream` (below 2^32)
 * and on the number of the draw, not on threads or on how many draws are made. Runs on the context's threads;
 * the filter runs once, a draw costs three passes over means. The model is checked (ssm_statespace_check).
 * On failure the arrays hold what was drawn before. */
SSM_API ssm_status ssm_kalman_simulate(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                       size_t length, const ssm_kalman_options *options, uint64_t stream,
                                       size_t draws, const ssm_kalman_draws *out);

/* ---- signal and imputation ---- */

/* A NULL array is not wanted. Standard errors are the roots of the diagonals. */
typedef struct ssm_kalman_imputed {
    double *signal;     /* (p, length) means of d + Z alpha, the series without its errors */
    double *signal_var; /* (p, p, length) */
    double *y;          /* (p, length) the observations; where missing, their means given all that is there */
    double *y_var;      /* (p, p, length) variances of those means; 0 where observed */
} ssm_kalman_imputed;

SSM_API ssm_status ssm_kalman_impute(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                     size_t length, const ssm_kalman_options *options,
                                     const ssm_kalman_imputed *out);

/* ---- fixed lag ---- */

/* Takes rows as they come and says what the last rows look like now:
 *
 *     ssm_fixed_lag_new(ctx, &model, 24, NULL, &f);
 *     for each row:   ssm_fixed_lag_push(f, y);  ssm_fixed_lag_state(f, 24, alpha, V);
 *
 * Memory is O(lag n^2) however many rows come; push costs a filter step; state costs O(back n^2), or
 * O(back n) once the covariances have settled. Nothing is allocated after _new. A handle belongs to one
 * thread at a time and must be freed before its context. */
typedef struct ssm_fixed_lag ssm_fixed_lag;

/* The matrices behind the model stay borrowed until _free; the struct itself is copied. */
SSM_API ssm_status ssm_fixed_lag_new(ssm_context *ctx, const ssm_statespace *model, size_t lag,
                                     const ssm_kalman_options *options, ssm_fixed_lag **out);
/* The next row, y (p). SSM_E_DATA: an infinite value, or a matrix of this row that is none, as
 * ssm_statespace_check says; the row is not taken and the handle stays good. After
 * SSM_E_NUMERIC every further call says SSM_E_STATE. */
SSM_API ssm_status ssm_fixed_lag_push(ssm_fixed_lag *f, const double *y);
/* Mean alpha (n) and variance V (n, n), either may be NULL, of the state `back` rows before the last one
 * given all rows so far. SSM_E_STATE: there is no such row yet; SSM_E_ARGUMENT: back exceeds the lag;
 * SSM_E_DATA: the rows so far leave a diffuse direction open. SSM_E_NUMERIC, if V is wanted: the rows so far
 * hardly tell the diffuse start, and the variance of a row from before it was known is a difference without
 * digits (ssm_kalman_smooth takes another way there, which needs all rows); the handle stays good, and rows
 * from after the start are not concerned. */
SSM_API ssm_status ssm_fixed_lag_state(ssm_fixed_lag *f, size_t back, double *alpha, double *V);
SSM_API void ssm_fixed_lag_free(ssm_fixed_lag *f); /* NULL is allowed */

SSM_END_DECLS

#endif
