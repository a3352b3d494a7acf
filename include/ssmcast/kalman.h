/* Kalman filtering, smoothing and forecasting of a linear-Gaussian state-space model.
 *
 * The start may be diffuse (P1inf of the model); it is treated exactly, without a large number. Values that
 * are NaN are missing: a whole row or any part of it. A row of several observations is taken in one scalar at
 * a time after a rotation that makes their errors independent (Koopman & Durbin 2000), so v, F and K below
 * are those of the sequence y_1, y_2 | y_1, ... within a row; for a diagonal H they belong to the components
 * themselves.
 *
 * All arrays are column-major and belong to the caller. The calls only read the model, so several threads may
 * share one, each with a context of its own. */
#ifndef SSMCAST_KALMAN_H
#define SSMCAST_KALMAN_H

#include <ssmcast/statespace.h>

SSM_BEGIN_DECLS

/* Which terms the log-likelihood has. They differ by constants when all diffuse states are fixed by the data;
 * the numbers below are those of the Nile with variances 15099 and 1469.1. */
typedef enum ssm_loglik_convention {
    SSM_LOGLIK_DURBIN_KOOPMAN = 0, /* exact diffuse, all constants (eq. 7.2.5; statsmodels): -633.46456 */
    SSM_LOGLIK_KFAS,  /* exact diffuse, no -log(2 pi)/2 for the diffuse observations: -632.54563 */
    SSM_LOGLIK_KAPPA, /* not exact: variance P1 + kappa P1inf, all terms; kappa = 1e7: -641.58558 */
    /* KFAS' plus log |X'X| / 2, where X takes the diffuse states to the observed values: comparable between
     * models whose diffuse parts differ (Francke, Koopman & de Vos 2010): -630.24304 */
    SSM_LOGLIK_MARGINAL
} ssm_loglik_convention;

/* How the filter carries the variance of the state. All forms store the same output; they differ in speed and
 * in how much rounding they forgive. README says when to take which. */
typedef enum ssm_kalman_form {
    SSM_KALMAN_UNIVARIATE = 0, /* P, one scalar at a time; no inversion, the fastest */
    SSM_KALMAN_MULTIVARIATE,   /* P, a row at a time through the factors of F (D&K 2012, sec. 4.3 and 5.2) */
    SSM_KALMAN_SQUARE_ROOT,    /* a triangular root of P, by orthogonal transformations */
    SSM_KALMAN_UD, /* P = U D U' (Bierman 1977, Thornton 1976): no roots; what the filter for control code
                      runs */
    SSM_KALMAN_PARALLEL, /* a scan over time on the context's threads; same bits for any number */
    /* Not exact: P and gains of the steady state from the first row on that follows the diffuse ones. The
     * innovations of this filter then enter the likelihood. ssm_kalman_constant_gain tells what it costs. */
    SSM_KALMAN_CONSTANT_GAIN
} ssm_kalman_form;

/* All zero is the default. */
typedef struct ssm_kalman_options {
    ssm_loglik_convention convention;
    double kappa;         /* for SSM_LOGLIK_KAPPA; 0: 1e7 */
    ssm_kalman_form form; /* of the filter; smoother and score always work on the univariate one */
    /* Not 0: H, Q and P1 are known up to a common factor only. Its maximum-likelihood value is returned in
     * the summary, and loglik is that of the model with it. */
    int concentrate;
    /* The covariances of a model that does not depend on time settle. They are no longer computed once a step
     * changes no element by more than this part of its standard deviations; 0: 1e-13, negative: never. */
    double steady_tolerance;
} ssm_kalman_options;

/* What the filter is to store: a NULL array is not wanted. `length` is the number of rows. */
typedef struct ssm_kalman_output {
    double *a;          /* (n, length + 1) means before each row; the last is the forecast of the next row */
    double *P;          /* (n, n, length + 1) their variances, finite part */
    double *Pinf;       /* (n, n, length + 1) their diffuse part */
    double *a_filtered; /* (n, length) means after each row */
    double *P_filtered; /* (n, n, length), finite part */
    double *v;          /* (p, length) innovations, NaN where missing */
    double *F;          /* (p, length) their variances, finite part; NaN where missing */
    double *Finf;       /* (p, length) their diffuse part, 0 for ordinary observations */
    double *K;          /* (n, p, length) gains: the mean moves by K v; 0 where missing */
} ssm_kalman_output;

typedef struct ssm_kalman_summary {
    double loglik; /* -infinity when a row is impossible under the model (zero variance, other value) */
    size_t n_observed, n_missing; /* scalars */
    size_t n_diffuse;             /* observations that were used up by the diffuse start */
    size_t n_diffuse_left;        /* directions that the data have not fixed; 0 is the healthy case */
    size_t n_certain; /* observations without information, variance 0: they do not enter the likelihood */
    size_t n_steady;  /* rows on which the covariances had settled */
    /* Rows that the form could not take its own way and left to the univariate one: MULTIVARIATE, an F that
     * is singular or diffuse in part; PARALLEL, the rows before the scan, all of them when an observation has
     * no variance of its own. 0 for the other forms. */
    size_t n_fallback;
    double scale; /* common factor of the variances; 1 unless options ask for it */
} ssm_kalman_summary;

/* Names of forms and conventions, such as "square-root" and "durbin-koopman". NULL when there is no such
 * value; SSM_E_ARGUMENT when there is no such name, and the message lists them. */
SSM_API const char *ssm_kalman_form_name(ssm_kalman_form form);
SSM_API ssm_status ssm_kalman_form_find(ssm_context *ctx, const char *name, ssm_kalman_form *form);
SSM_API const char *ssm_loglik_convention_name(ssm_loglik_convention convention);
SSM_API ssm_status ssm_loglik_convention_find(ssm_context *ctx, const char *name,
                                              ssm_loglik_convention *convention);

/* Filters y (p, length). `options` NULL: defaults; `out` NULL: only the summary. The matrices of all rows are
 * checked first, as by ssm_statespace_check, by this and by all other calls that take a model and a series.
 * SSM_E_ARGUMENT: sizes; SSM_E_DATA: values of the model, and the message names matrix, row and entry, or y
 * has an infinite value; SSM_E_NUMERIC: the recursion overflowed, the message names the row where an
 * observation tells. On failure the arrays of `out` hold what was stored before it, the summary is untouched.
 */
SSM_API ssm_status ssm_kalman_filter(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                     size_t length, const ssm_kalman_options *options,
                                     const ssm_kalman_output *out, ssm_kalman_summary *summary);

/* What the constant gain of the steady state costs a filter of a model that does not depend on time. */
typedef struct ssm_kalman_gain_loss {
    double loglik_full, loglik_constant; /* of the data, Durbin & Koopman's convention */
    size_t transient; /* rows after the diffuse ones until the two filters know the same, data complete */
    double excess;    /* mean relative increase of the variances of one-step forecasts over these rows */
} ssm_kalman_gain_loss;

/* Compares the forms UNIVARIATE and CONSTANT_GAIN on y (p, length) and in the variances that their errors
 * have under the model. SSM_E_UNSUPPORTED: a model that varies; SSM_E_NUMERIC: no steady state. */
SSM_API ssm_status ssm_kalman_constant_gain(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                            size_t length, ssm_kalman_gain_loss *loss);

/* Smoothed quantities: given all rows. A NULL array is not wanted. */
typedef struct ssm_kalman_smooth_output {
    double *alpha;       /* (n, length) means of the states */
    double *V;           /* (n, n, length) their variances */
    double *epsilon;     /* (p, length) means of the observation errors */
    double *epsilon_var; /* (p, p, length) their variances */
    double *eta;         /* (r, length) means of the shocks that lead to the next row */
    double *eta_var;     /* (r, r, length) their variances */
    double *V_lag;       /* (n, n, length - 1) Cov(alpha_{t+1}, alpha_t), row t + 1 down, row t across */
} ssm_kalman_smooth_output;

/* Fixed-interval smoother. When the data hardly tell the diffuse states (states that fade within the rows it
 * takes to see them), V of the first rows, a difference in the diffuse recursion, may lose its digits; means
 * and variances of these rows then come from a regression on the start, at the price of a pass over the
 * series for each diffuse direction. Fails as the filter does, and with SSM_E_DATA when the data leave a
 * diffuse direction open. */
SSM_API ssm_status ssm_kalman_smooth(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                     size_t length, const ssm_kalman_options *options,
                                     const ssm_kalman_smooth_output *out);

/* Means and variances of the `horizon` rows after y. The model must cover length + horizon rows. */
SSM_API ssm_status ssm_kalman_forecast(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                       size_t length, size_t horizon, const ssm_kalman_options *options,
                                       double *mean /* (p, horizon) */,
                                       double *variance /* (p, p, horizon), NULL: not wanted */);

/* Derivatives of the exact diffuse log-likelihood with respect to the matrices of a model that does not
 * depend on time, from one pass of the filter and one backwards (Koopman & Shephard 1992). For a parameter
 * theta, d loglik / d theta is the sum over all elements of score * d matrix / d theta. A NULL array is not
 * wanted. */
typedef struct ssm_kalman_score {
    double *H;  /* (p, p) symmetric, also where H is diagonal */
    double *Q;  /* (r, r) symmetric */
    double *P1; /* (n, n) symmetric */
    double *T;  /* (n, n); wants no diffuse start among the states of the columns that depend on parameters */
} ssm_kalman_score;

SSM_API ssm_status ssm_kalman_loglik_score(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                           size_t length, const ssm_kalman_options *options, double *loglik,
                                           const ssm_kalman_score *score);

SSM_END_DECLS

#endif
