/* NLopt behind a border of our own: whatever the optimiser does, the best point seen is kept.
 *
 * SLSQP has no idea of points that cannot be used; it gets a value far below all others and no slope there,
 * which makes its line search shorten the step.
 *
 * Known value: -(x - 1)^2 - 10 (y - x^2)^2 from (-1, 1) has its maximum 0 at (1, 1). */
#include "core/climb.h"

#include <math.h>
#include <nlopt.h>
#include <string.h>

static const double unusable = -1e10;
static const double smallest_step = 1e-9;

typedef struct search {
    const ssmi_climb_task *task;
    ssmi_climb_result result;
    double *best; /* (n) */
    nlopt_opt opt;
} search;

static double evaluate(unsigned n, const double *theta, double *gradient, void *user)
{
    search *s = user;
    int stop = 0;
    double value = s->task->objective(s->task->user, theta, gradient, &stop);
    s->result.evaluations++;
    if (stop) {
        s->result.stopped = 1;
        nlopt_force_stop(s->opt);
    }
    int usable = isfinite(value) != 0;
    for (unsigned k = 0; gradient != NULL && k < n; k++) usable &= isfinite(gradient[k]) != 0;
    if (!usable) {
        if (gradient != NULL) memset(gradient, 0, n * sizeof *gradient);
        return unusable;
    }
    if (value > s->result.value) {
        s->result.value = value;
        memcpy(s->best, theta, n * sizeof *theta);
    }
    return value;
}

ssmi_climb_result ssmi_climb(double *theta, const ssmi_climb_task *task, double *work)
{
    search s = {.task = task, .result = {.value = -INFINITY}, .best = work};
    double *point = work + task->n, value;
    s.opt = nlopt_create(NLOPT_LD_SLSQP, (unsigned)task->n);
    if (s.opt == NULL) return s.result;
    for (size_t k = 0; k < task->n; k++) point[k] = fmin(fmax(theta[k], task->low[k]), task->high[k]);
    memcpy(s.best, point, task->n * sizeof *point);
    nlopt_set_lower_bounds(s.opt, task->low);
    nlopt_set_upper_bounds(s.opt, task->high);
    nlopt_set_max_objective(s.opt, evaluate, &s);
    nlopt_set_ftol_abs(s.opt, task->precision);
    nlopt_set_xtol_abs1(s.opt, smallest_step);
    nlopt_set_maxeval(s.opt, (int)task->most_evaluations);
    const nlopt_result end = nlopt_optimize(s.opt, point, &value);
    nlopt_destroy(s.opt);
    s.result.converged = end > 0 && end != NLOPT_MAXEVAL_REACHED && !s.result.stopped;
    memcpy(theta, s.best, task->n * sizeof *theta);
    return s.result;
}
