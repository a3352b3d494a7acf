/* Inside of ssm_estimate: the likelihood as a function of theta, and the climb. */
#ifndef SSMCAST_KALMAN_ESTIMATE_SEARCH_H
#define SSMCAST_KALMAN_ESTIMATE_SEARCH_H

#include "kalman/score.h"
#include "kalman/transform.h"

typedef struct ssmi_estimate_search {
    ssm_context *ctx;
    const ssm_estimation *task;
    ssm_estimate_options options; /* defaults filled in */
    const double *y;
    size_t length;

    int analytic;              /* the score serves */
    ssmi_kalman_scorer scorer; /* of which the filter and the record's innovations serve in any case */
    ssmi_kalman_slope slope;   /* arrays of the score */
    ssm_kalman_score score;    /* what the task's gradient is shown */

    size_t n, n_free, *free;        /* parameters; those in the climb, (n) */
    double *theta, *low, *high;     /* (n) */
    double *x, *gx, *J, *scratch;   /* (n), (n), (n, n), (3 n) */
    double *at, *from, *to, *climb; /* (n) theta of an evaluation; (n), (n), (5 n) of the climb */

    double loglik; /* at theta */
    size_t evaluations;
    ssm_status failure; /* of the last evaluation */
} ssmi_estimate_search;

ssm_status ssmi_estimate_open(ssmi_estimate_search *s, ssm_arena *arena);
/* Log-likelihood at theta (n), -infinity where there is none; s->failure says why. */
double ssmi_estimate_loglik(ssmi_estimate_search *s, const double *theta, ssm_kalman_summary *summary);
/* Maximises over the free elements of theta (n), which receives the best point. Returns whether it
 * converged; *loglik is the value there. */
int ssmi_estimate_climb(ssmi_estimate_search *s, double *theta, double *loglik);

/* Standard errors at s->theta: covariance (n, n) of x from the Hessian, and standard errors of x from the
 * outer products; all NaN where there are none. */
ssm_status ssmi_estimate_errors(ssmi_estimate_search *s, const int *boundary, double *covariance,
                                double *se_opg, ssm_arena *arena);

#endif
