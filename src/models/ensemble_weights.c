/* Stacked weights on the simplex, drawn towards a prior p.
 *
 *     w = argmin  w'S w / p'S p  +  (3 / windows) |w - p|^2        w >= 0, sum w = 1
 *
 * S: mean products of the members' errors, so that w'S w is the squared error that the combination itself
 * would have had: a member counts for what it adds to the others, not for being good alone (Granger &
 * Ramanathan 1984, method B; Breiman 1996 for weights that are not negative). Rows of overlapping forecasts
 * share most of their noise, hence the strength of the prior goes by the number of whole horizons seen, as
 * that of a mean of so many draws does. The convex problem is solved by exact steps along pairs of members,
 * one giving weight to another. Known value: S = diag(1, 4), p = (1/2, 1/2), one window: w = (0.62, 0.38). */
#include "models/ensemble_weights.h"

#include <math.h>
#include <string.h>

enum { MEMBERS = SSMI_ENSEMBLE_MEMBERS, STEPS = 10000 };
static const double strength = 3, gap = 1e-12;

/* w'Q w - 2 c'w */
typedef struct problem {
    size_t n;
    double Q[MEMBERS][MEMBERS], c[MEMBERS];
} problem;

void ssmi_ensemble_add(ssmi_ensemble_errors *errors, const double *error)
{
    for (size_t i = 0; i < errors->n; i++) {
        for (size_t j = 0; j < errors->n; j++)
            errors->cross[i][j] += error[i] / errors->unit * (error[j] / errors->unit);
    }
}

static double prior_error(const double *prior, const ssmi_ensemble_errors *errors)
{
    double sum = 0;
    for (size_t i = 0; i < errors->n; i++) {
        for (size_t j = 0; j < errors->n; j++) sum += prior[i] * errors->cross[i][j] * prior[j];
    }
    return sum;
}

/* Half the slope along member i. */
static double slope(const problem *p, const double *w, size_t i)
{
    double sum = -p->c[i];
    for (size_t j = 0; j < p->n; j++) sum += p->Q[i][j] * w[j];
    return sum;
}

/* The member that weight should go to, and among those that have any the one it should come from. Returns how
 * much the slopes differ. */
static double steepest_pair(const problem *p, const double *w, size_t *to, size_t *from)
{
    double lowest = INFINITY, highest = -INFINITY;
    for (size_t i = 0; i < p->n; i++) {
        const double s = slope(p, w, i);
        if (s < lowest) lowest = s, *to = i;
        if (w[i] > 0 && s > highest) highest = s, *from = i;
    }
    return highest - lowest;
}

static void solve(double *w, const problem *p)
{
    for (int step = 0; step < STEPS; step++) {
        size_t to = 0, from = 0;
        const double difference = steepest_pair(p, w, &to, &from);
        if (!(difference > gap)) return;
        const double bend = p->Q[to][to] + p->Q[from][from] - 2 * p->Q[to][from];
        const double whole = w[from], part = difference / bend;
        w[to] += part < whole ? part : whole;
        w[from] = part < whole ? whole - part : 0;
    }
}

void ssmi_ensemble_weigh(double *weight, const double *prior, const ssmi_ensemble_errors *errors)
{
    const double scale = prior_error(prior, errors), draw = strength / errors->windows;
    problem p = {.n = errors->n};
    memcpy(weight, prior, errors->n * sizeof *weight);
    for (size_t i = 0; i < p.n; i++) {
        p.c[i] = draw * prior[i];
        for (size_t j = 0; j < p.n; j++) {
            p.Q[i][j] = errors->cross[i][j] / scale + (i == j ? draw : 0);
            if (!isfinite(p.Q[i][j])) return;
        }
    }
    solve(weight, &p);
}
