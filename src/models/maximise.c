/* NLopt's SLSQP (Kraft 1994), on the gradient or on central differences. Whatever it does, the best point
 * seen is kept. */
#include "models/maximise.h"

#include <math.h>
#include <nlopt.h>
#include <string.h>

/* Of a difference: half of the digits would be lost at 1e-8, a log-likelihood bends little over 1e-4. */
static const double step = 1e-4;
static const double nowhere = -1e10; /* in place of -infinity, which the optimiser cannot use */

typedef struct climb {
    ssmi_maximum *m;
    double best_theta[SSMI_MAXIMISE_MOST];
} climb;

static double value_at(climb *c, const double *theta, double *gradient)
{
    ssmi_maximum *m = c->m;
    const double value = m->value(m->user, theta, gradient);
    m->evaluations++;
    if (!isfinite(value)) return nowhere;
    if (value > m->best) {
        m->best = value;
        memcpy(c->best_theta, theta, m->n * sizeof *theta);
    }
    return value;
}

/* One-sided at a bound. */
static double slope_at(climb *c, const double *theta, size_t k)
{
    double moved[SSMI_MAXIMISE_MOST];
    memcpy(moved, theta, c->m->n * sizeof *theta);
    const double above = fmin(theta[k] + step, c->m->high[k]), below = fmax(theta[k] - step, c->m->low[k]);
    if (!(above > below)) return 0.0;
    moved[k] = above;
    const double high = value_at(c, moved, NULL);
    moved[k] = below;
    const double low = value_at(c, moved, NULL);
    return high > nowhere && low > nowhere ? (high - low) / (above - below) : 0.0;
}

static double call(unsigned n, const double *theta, double *gradient, void *user)
{
    climb *c = user;
    const ssmi_maximum *m = c->m;
    const double value = value_at(c, theta, m->exact ? gradient : NULL);
    for (unsigned k = 0; gradient != NULL && k < n; k++) {
        if (!(value > nowhere))
            gradient[k] = 0.0;
        else
            gradient[k] = (m->exact ? gradient[k] : slope_at(c, theta, k)) / m->size;
    }
    return value / m->size;
}

void ssmi_maximise(ssmi_maximum *m, double *theta)
{
    climb c = {.m = m};
    double value;
    m->best = -INFINITY;
    m->evaluations = 0;
    m->converged = 0;
    for (size_t k = 0; k < m->n; k++) theta[k] = fmin(fmax(theta[k], m->low[k]), m->high[k]);
    memcpy(c.best_theta, theta, m->n * sizeof *theta);
    nlopt_opt opt = nlopt_create(NLOPT_LD_SLSQP, (unsigned)m->n);
    if (opt == NULL) {
        value_at(&c, theta, NULL);
        return;
    }
    nlopt_set_lower_bounds(opt, m->low);
    nlopt_set_upper_bounds(opt, m->high);
    nlopt_set_max_objective(opt, call, &c);
    nlopt_set_ftol_abs(opt, m->precision / m->size);
    nlopt_set_xtol_abs1(opt, 1e-5);
    nlopt_set_maxeval(opt, (int)m->most);
    const nlopt_result result = nlopt_optimize(opt, theta, &value);
    nlopt_destroy(opt);
    m->converged = result > 0 && result != NLOPT_MAXEVAL_REACHED;
    memcpy(theta, c.best_theta, m->n * sizeof *theta);
}
