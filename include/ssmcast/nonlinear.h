/* Filters for nonlinear state-space models with additive Gaussian noise:
 *
 *     y_t         = h_t(x_t) + eps_t,     eps_t ~ N(0, H_t)      observation, p
 *     x_{t+1}     = f_t(x_t) + eta_t,     eta_t ~ N(0, Q_t)      state, n
 *     x_0 ~ N(a1, P1)
 *
 * Extended (Jazwinski 1970), iterated extended (Bell & Cathey 1993) and unscented (Julier & Uhlmann 2004, in
 * the scaled form of van der Merwe 2004). All carry a triangular root of the variance and only ever add to it
 * by orthogonal transformations, so it cannot become indefinite.
 *
 *     static ssm_status turn(void *user, size_t t, const double *x, double *next, double *F) {
 *         const double dt = *(const double *)user;          column-major: F[i + j * n] = d next_i / d x_j
 *         next[0] = x[0] + dt * x[1];                       F[0] = 1, F[2] = dt
 *         next[1] = x[1] - dt * 9.81 * sin(x[0]);           F[1] = -dt * 9.81 * cos(x[0]), F[3] = 1
 *         ...
 *     }
 *     const ssm_nonlinear model = {.n = 2, .p = 1, .transition = turn, .observation = see, ...};
 *     ssm_nonlinear_filter(ctx, &model, y, length, NULL, &out, &summary);
 *
 * tests/examples/pendulum.c is the whole of it. Values that are NaN are missing, whole rows or any part.
 * Matrices are column-major doubles; those behind the model stay borrowed. Callbacks may be called from any
 * thread that calls the filter, several times a row. */
#ifndef SSMCAST_NONLINEAR_H
#define SSMCAST_NONLINEAR_H

#include <ssmcast/statespace.h>

SSM_BEGIN_DECLS

/* value = f_t(x) or h_t(x), of n or p elements. `jacobian` (size of value, n) is NULL when only the value is
 * wanted, and otherwise zeroed before the call. Any status but SSM_OK ends the filter and is handed on. */
typedef ssm_status (*ssm_nonlinear_function)(void *user, size_t t, const double *x, double *value,
                                             double *jacobian);

typedef struct ssm_nonlinear {
    size_t n, p;
    ssm_nonlinear_function transition, observation;
    void *user;
    /* NULL, or puts a difference of observations into its range, in place; for angles:
     * v[i] = remainder(v[i], 2 pi). */
    void (*difference)(void *user, size_t t, double *v);
    ssm_system_matrix Q; /* (n, n) symmetric, non-negative definite; data NULL: none */
    ssm_system_matrix H; /* (p, p) likewise */
    const double *a1;    /* (n); NULL: zeros */
    const double *P1;    /* (n, n); NULL: zeros */
} ssm_nonlinear;

typedef enum ssm_nonlinear_method { SSM_EKF = 0, SSM_ITERATED_EKF, SSM_UKF } ssm_nonlinear_method;

/* What a value that fits badly may do. */
typedef enum ssm_robust {
    SSM_ROBUST_NONE = 0,
    SSM_ROBUST_HUBER,  /* variance of its error times r / k when its residual is r > k standard deviations */
    SSM_ROBUST_STUDENT /* its error is Student t with nu degrees of freedom (Piche, Sarkka & Hartikainen 2012)
                        */
} ssm_robust;

/* All zero is the default. */
typedef struct ssm_nonlinear_options {
    ssm_nonlinear_method method;
    size_t iterations; /* SSM_ITERATED_EKF: at most so many linearisations a row; 0: 20 */
    /* SSM_UKF: spread of the sigma points; alpha 0: alpha = 1, beta = 2, kappa = 0, else as given. */
    double alpha, beta, kappa;
    int numeric_jacobian; /* not 0: central differences instead of the callbacks' Jacobians */
    /* A value whose innovation exceeds so many of its standard deviations is not taken in; 0: none. */
    double gate;
    ssm_robust robust;
    double robust_parameter; /* k of Huber (0: 1.345) or nu of Student (0: 4) */
} ssm_nonlinear_options;

/* One observed value and what was made of it. */
typedef struct ssm_nonlinear_point {
    double innovation; /* y - E(y | rows before); NaN when missing */
    double variance;   /* of the innovation, by itself; NaN when missing */
    double weight; /* its error's variance was divided by it: 1 without a robust option, 0 when not taken in,
                    * a little above 1 where Student's t finds it to fit better than expected */
    int gated;     /* 1: beyond the gate */
} ssm_nonlinear_point;

/* ---- a row at a time ---- */

typedef struct ssm_nonlinear_state ssm_nonlinear_state;

/* Starts at row 0 with a1 and P1. `options` NULL: defaults. SSM_E_ARGUMENT: sizes, missing callbacks, options
 * out of range; SSM_E_DATA: a variance that is not one. Free it before its context. */
SSM_API ssm_status ssm_nonlinear_new(ssm_context *ctx, const ssm_nonlinear *model,
                                     const ssm_nonlinear_options *options, ssm_nonlinear_state **out);
/* Takes in y (p) of the present row. `point` (p) may be NULL. No allocation. On failure the state is as it
 * was: SSM_E_DATA for infinite values, SSM_E_NUMERIC when a callback returns numbers that are not finite. */
SSM_API ssm_status ssm_nonlinear_update(ssm_nonlinear_state *s, const double *y, ssm_nonlinear_point *point);
/* Moves on to the next row. No allocation. On failure the state is as it was. */
SSM_API ssm_status ssm_nonlinear_predict(ssm_nonlinear_state *s);
/* The present mean a (n) and variance P (n, n); either may be NULL. */
SSM_API void ssm_nonlinear_get(const ssm_nonlinear_state *s, double *a, double *P);
SSM_API void ssm_nonlinear_free(ssm_nonlinear_state *s); /* NULL is allowed */

/* ---- a series ---- */

/* A NULL array is not wanted. */
typedef struct ssm_nonlinear_output {
    double *a, *P;                   /* (n, length + 1), (n, n, length + 1) before each row */
    double *a_filtered, *P_filtered; /* (n, length), (n, n, length) after each row */
    ssm_nonlinear_point *point;      /* (p, length) */
} ssm_nonlinear_output;

typedef struct ssm_nonlinear_summary {
    double loglik; /* Gaussian, of the values taken in, with the variances they were taken in with */
    size_t n_observed, n_missing, n_gated;
    size_t n_weighted; /* taken in with a weight below 1 */
} ssm_nonlinear_summary;

/* Filters y (p, length). `options`, `out` and `summary` may be NULL. On failure the arrays hold the rows
 * before it, the summary is untouched. */
SSM_API ssm_status ssm_nonlinear_filter(ssm_context *ctx, const ssm_nonlinear *model, const double *y,
                                        size_t length, const ssm_nonlinear_options *options,
                                        const ssm_nonlinear_output *out, ssm_nonlinear_summary *summary);

/* Largest distance at x (n) between the callbacks' Jacobians and central differences, relative to the largest
 * element of each: about 1e-9 when they are right. */
SSM_API ssm_status ssm_nonlinear_check(ssm_context *ctx, const ssm_nonlinear *model, size_t t,
                                       const double *x, double *distance);

SSM_END_DECLS

#endif
