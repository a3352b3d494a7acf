/* Fitting the parameters of a state-space model of one's own, by maximum likelihood or by EM.
 *
 * Maximum likelihood wants a model whose matrices live in memory of the caller, and a function that writes
 * parameters into them:
 *
 *     typedef struct level { double H, Q; } level;
 *     static ssm_status set(void *user, const double *x) {
 *         level *m = user;
 *         m->H = x[0];
 *         m->Q = x[1];
 *         return SSM_OK;
 *     }
 *     static void slope(void *user, const double *x, const ssm_kalman_score *s, double *g) {
 *         g[0] = s->H[0];
 *         g[1] = s->Q[0];
 *     }
 *     ...
 *     const ssm_parameter parameter[2] = {{.name = "irregular", .transform = SSM_VARIANCE, .start = 1e4},
 *                                         {.name = "level", .transform = SSM_VARIANCE, .start = 1e3}};
 *     const ssm_estimation task = {.n = 2, .parameter = parameter, .model = &model, .set = set,
 *                                  .gradient = slope, .user = &m};
 *     ssm_estimate(ctx, &task, nile, 100, NULL, &out, &summary);          15098.5, 1469.2: -633.4646
 *
 * The search runs on a scale without bounds (the transforms below) with NLopt's SLSQP (Kraft 1994) from one
 * or several starts. Calls are not thread safe over one task, because the task's memory is written. */
#ifndef SSMCAST_ESTIMATE_H
#define SSMCAST_ESTIMATE_H

#include <ssmcast/kalman.h>

SSM_BEGIN_DECLS

/* How a parameter x follows from theta, which runs over all real numbers. */
typedef enum ssm_transform {
    SSM_FREE = 0,   /* x = theta times the size of its start, or theta when that is 0 */
    SSM_VARIANCE,   /* x = exp(theta); set to 0 exactly where the likelihood is not worse there */
    SSM_POSITIVE,   /* x = log(1 + exp(theta)): linear where x is large */
    SSM_INTERVAL,   /* x = low + (high - low) / (1 + exp(-theta)) */
    SSM_STATIONARY, /* coefficients of a stationary autoregression, through partial autocorrelations
                     * tanh(theta) and the Durbin-Levinson recursion (Monahan 1984) */
    SSM_INVERTIBLE  /* coefficients of an invertible moving average: minus those of an autoregression */
} ssm_transform;

typedef struct ssm_parameter {
    const char *name; /* for messages; may be NULL */
    ssm_transform transform;
    double start;
    double low, high; /* of SSM_INTERVAL */
    size_t order; /* SSM_STATIONARY, SSM_INVERTIBLE: at the first coefficient how many follow on each other,
                   * itself included; 0 at the others */
} ssm_parameter;

/* x (n) from theta (n) and back. SSM_E_ARGUMENT: blocks that overrun n, low >= high; back also SSM_E_DATA
 * when x lies outside its range. Three partial autocorrelations tanh(1): -0.3984572, 0.6233126, 0.7615942. */
SSM_API ssm_status ssm_transform_apply(ssm_context *ctx, const ssm_parameter *parameter, size_t n,
                                       const double *theta, double *x);
SSM_API ssm_status ssm_transform_invert(ssm_context *ctx, const ssm_parameter *parameter, size_t n,
                                        const double *x, double *theta);

typedef struct ssm_estimation {
    size_t n; /* parameters, at least 1 */
    const ssm_parameter *parameter;
    const ssm_statespace *model;
    /* Writes the parameters x (n) into the memory behind the model. Sizes stay. SSM_E_DATA or SSM_E_NUMERIC:
     * there is no model for these values, the search goes elsewhere; another status ends it. */
    ssm_status (*set)(void *user, const double *x);
    /* NULL, or gradient (n) = d loglik / d x from the score of the matrices (see ssm_kalman_score for what it
     * supports; what it does not support must not depend on parameters). Without it, and for models that
     * depend on time, central differences are taken. */
    void (*gradient)(void *user, const double *x, const ssm_kalman_score *score, double *gradient);
    int score_of_T; /* the gradient reads score->T, which is NULL otherwise */
    void *user;
} ssm_estimation;

/* All zero is the default. */
typedef struct ssm_estimate_options {
    ssm_kalman_options filter; /* convention of the likelihood; `concentrate` takes a common factor of H, Q
                                * and P1 out of the search, so that one variance can be fixed at 1 */
    size_t starts;             /* the parameters' own and random ones around it; 0: 1 */
    uint64_t stream;           /* of the random starts */
    double precision;          /* the search ends when a step gains less in log-likelihood; 0: 1e-9 */
    size_t most_evaluations;   /* of the likelihood, for each start; 0: 1000 */
} ssm_estimate_options;

/* What is found; NULL arrays are not wanted. Standard errors are NaN at boundaries, and all of them where the
 * curvature is not that of a maximum. */
typedef struct ssm_estimate_output {
    double *x;          /* (n) */
    double *theta;      /* (n); -infinity for a variance of zero */
    double *se;         /* (n) from the Hessian at the maximum, by the delta method */
    double *se_opg;     /* (n) from the outer products of the rows' scores; NaN for the marginal likelihood */
    double *covariance; /* (n, n) of x from the Hessian */
    int *boundary; /* (n) 1: the maximum lies at the edge: a variance of 0, an interval's end, a unit root */
} ssm_estimate_output;

typedef struct ssm_estimate_summary {
    double loglik;
    double scale; /* common factor; 1 unless concentrated */
    size_t evaluations, n_boundary;
    size_t starts_agreeing; /* starts that ended within 0.01 of the best log-likelihood */
    int converged;
} ssm_estimate_summary;

/* Maximises the log-likelihood of y (p, length). The memory behind the model holds the result afterwards.
 * SSM_E_CONVERGENCE: the optimiser gave up, and the outputs hold the best point that it saw, which is never
 * worse than the start. Any other failure leaves the outputs untouched: SSM_E_NUMERIC when no start has a
 * finite likelihood, SSM_E_ARGUMENT and SSM_E_DATA for tasks and starts that make no sense, SSM_E_UNSUPPORTED
 * for the marginal convention when the rank of P1inf depends on the parameters. */
SSM_API ssm_status ssm_estimate(ssm_context *ctx, const ssm_estimation *task, const double *y, size_t length,
                                const ssm_estimate_options *options, const ssm_estimate_output *out,
                                ssm_estimate_summary *summary);

/* ---- EM ---- */

/* What EM may change of a model: the memory behind its matrices, NULL for those that stay. Sizes, R, c and d
 * stay in any case. */
typedef struct ssm_em_task {
    const ssm_statespace *model; /* Z, H, T, R and Q do not depend on time */
    double *Z, *H, *T, *Q;       /* (p, n), (p, p), (n, n), (r, r): model->Z.data and so on, writable */
    double *a1, *P1;             /* (n), (n, n); only without a diffuse start */
    const unsigned char *Z_free; /* (p, n) 1: this element is estimated, 0: it stays; NULL: all are */
    const unsigned char *T_free; /* (n, n) likewise */
    int H_diagonal, Q_diagonal;  /* not 0: elements off the diagonal stay zero */
} ssm_em_task;

typedef struct ssm_em_options {
    double tolerance;       /* ends when the log-likelihood gains less; 0: 1e-7 */
    size_t most_iterations; /* 0: 1000 */
} ssm_em_options;

typedef struct ssm_em_summary {
    double loglik;
    size_t iterations;
    int converged;
} ssm_em_summary;

/* Maximises the likelihood of y (p, length) by expectation and maximisation (Shumway & Stoffer 1982), from
 * the numbers in the model. Each iteration is one smoother pass and raises the log-likelihood, of which
 * `path` (most_iterations + 1), NULL: not wanted, receives one value for each set of numbers tried. Fixed
 * patterns, missing rows and parts of rows, correlated errors and shocks on a part of the states are taken
 * in. T is estimated in rows that have a shock of their own; Q (or H, for Z) must then be positive definite.
 *
 * SSM_E_CONVERGENCE: the iterations ran out; the matrices hold the last, best numbers. Any other failure
 * leaves them as they were: SSM_E_ARGUMENT, and SSM_E_UNSUPPORTED for models that depend on time and for
 * elements of Z and T in the columns of diffuse states. EM is slow near the maximum; ssm_estimate is not, and
 * gives standard errors. */
SSM_API ssm_status ssm_em(ssm_context *ctx, const ssm_em_task *task, const double *y, size_t length,
                          const ssm_em_options *options, double *path, ssm_em_summary *summary);

SSM_END_DECLS

#endif
