/* Inside of the nonlinear filters.
 *
 * A distribution is a mean and rows of deviations D with variance D'D. The methods differ in how they carry
 * deviations through a function: by its Jacobian (D F'), or by its values at points that lie at mean plus and
 * minus each deviation. What follows is common: the deviations and the root of the noise are stacked and
 * triangularised. */
#ifndef SSMCAST_KALMAN_NONLINEAR_H
#define SSMCAST_KALMAN_NONLINEAR_H

#include "base/arena.h"
#include <ssmcast/nonlinear.h>

/* Deviations of a function's value, and of the state with it. */
typedef struct ssmi_spread {
    size_t m;        /* rows: n for the Jacobian, 2n for sigma points */
    double *mean;    /* (max(n, p)) of the value */
    double *D;       /* (m, size of the value) */
    double *X;       /* (m, n) of the state */
    double *centre;  /* (max(n, p)) deviation of the value at the mean, scaled by the root of |its weight| */
    int centre_sign; /* of the weight; 0: there is no such row. The state's deviation there is zero */
} ssmi_spread;

struct ssm_nonlinear_state {
    ssm_context *ctx;
    ssm_arena arena;
    ssm_nonlinear model;
    ssm_nonlinear_options options; /* defaults filled in */
    size_t t;
    double *a, *U; /* (n), (n, n) upper, P = U'U */
    ssm_nonlinear_summary summary;

    /* scratch; k = n + p, m = max(n, p) */
    ssmi_spread spread;
    double *x, *point, *value, *jacobian; /* (n) linearised at; (n); (m); (m, n) */
    double *noise, *stack, *root, *work;  /* (m, m); (2n + 1 + m, k); (k, k); (k, 2k) */
    double *v, *e, *shift;                /* (p), (p), (n) */
    size_t *seen;                         /* (p) components taken in */
    ssm_nonlinear_point *judged;          /* (p) */
};

/* Value at x of one of the model's functions, of `size` elements, and its Jacobian when not NULL; checked to
 * be finite. */
ssm_status ssmi_nonlinear_value(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                                const double *x, double *value, double *jacobian);

/* Carries the state's distribution through a function. `x` is where Jacobians are taken; the mean is that of
 * the linearised function at s->a. `observed`: the value is an observation, whose differences are
 * model.difference. */
ssm_status ssmi_nonlinear_spread(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                                 const double *x, int observed);

/* Root of a variance at time t: noise (size, size), noise'noise = S; SSM_E_DATA when it is none. */
ssm_status ssmi_nonlinear_noise(ssm_nonlinear_state *s, ssm_system_matrix S, size_t size, const char *name);

/* Judges each value: gate, weight. */
void ssmi_nonlinear_judge(ssm_nonlinear_state *s, const double *y);

#endif
