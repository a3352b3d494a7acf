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
static const double default_step = 1e-9;

typedef struct search {
    const ssmi_climb_task *task;
    ssmi_climb_result result;
    double size;
    double *best, *moved; /* (n), (n) */
    nlopt_opt opt;
} search;

/* The value, which is kept when it is the best; NaN or infinite where theta cannot be used. */
static double value_at(search *s, const double *theta, double *gradient)
{
    const size_t n = s->task->n;
    int stop = 0;
    double value = s->task->objective(s->task->user, theta, gradient, &stop);
    s->result.evaluations++;
    if (stop) {
        s->result.stopped = 1;
        nlopt_force_stop(s->opt);
    }
    for (size_t k = 0; gradient != NULL && k < n; k++) value = isfinite(gradient[k]) ? value : NAN;
    if (isfinite(value) && value > s->result.value) {
        s->result.value = value;
        memcpy(s->best, theta, n * sizeof *theta);
    }
    return value;
}

static double slope_at(search *s, const double *theta, size_t k)
{
    const ssmi_climb_task *task = s->task;
    const double above = fmin(theta[k] + task->difference, task->high[k]);
    const double below = fmax(theta[k] - task->difference, task->low[k]);
    if (!(above > below)) return 0.0;
    memcpy(s->moved, theta, task->n * sizeof *theta);
    s->moved[k] = above;
    const double high = value_at(s, s->moved, NULL);
    s->moved[k] = below;
    const double low = value_at(s, s->moved, NULL);
    return isfinite(high) && isfinite(low) ? (high - low) / (above - below) : 0.0;
}

static double evaluate(unsigned n, const double *theta, double *gradient, void *user)
{
    search *s = user;
    const int differs = s->task->difference > 0.0;
    const double value = value_at(s, theta, differs ? NULL : gradient);
    for (unsigned k = 0; gradient != NULL && k < n; k++) {
        if (!isfinite(value))
            gradient[k] = 0.0;
        else
            gradient[k] = (differs ? slope_at(s, theta, k) : gradient[k]) / s->size;
    }
    return (isfinite(value) ? value : unusable) / s->size;
}

ssmi_climb_result ssmi_climb(double *theta, const ssmi_climb_task *task, double *work)
{
    search s = {.task = task,
                .result = {.value = -INFINITY},
                .size = task->size > 0.0 ? task->size : 1.0,
                .best = work,
                .moved = work + task->n};
    double *point = s.moved + task->n, value;
    s.opt = nlopt_create(NLOPT_LD_SLSQP, (unsigned)task->n);
    if (s.opt == NULL) return s.result;
    for (size_t k = 0; k < task->n; k++) point[k] = fmin(fmax(theta[k], task->low[k]), task->high[k]);
    memcpy(s.best, point, task->n * sizeof *point);
    nlopt_set_lower_bounds(s.opt, task->low);
    nlopt_set_upper_bounds(s.opt, task->high);
    nlopt_set_max_objective(s.opt, evaluate, &s);
    nlopt_set_ftol_abs(s.opt, task->precision / s.size);
    nlopt_set_xtol_abs1(s.opt, task->smallest_step > 0.0 ? task->smallest_step : default_step);
    nlopt_set_maxeval(s.opt, (int)task->most_evaluations);
    const nlopt_result end = nlopt_optimize(s.opt, point, &value);
    nlopt_destroy(s.opt);
    s.result.converged = end > 0 && end != NLOPT_MAXEVAL_REACHED && !s.result.stopped;
    memcpy(theta, s.best, task->n * sizeof *theta);
    return s.result;
}
