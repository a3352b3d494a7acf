/* Central differences against an analytic gradient, in double precision. */
#ifndef SSMCAST_TESTS_NEURAL_DIFFERENCES_H
#define SSMCAST_TESTS_NEURAL_DIFFERENCES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

typedef double (*scalar_function)(void *user);

/* Moves x[i] for every `every`-th i and returns the largest difference between the slope seen (five points,
 * so that truncation is of order step^4) and gradient[i], relative to the largest gradient. f must be smooth
 * over +-2 steps. */
static inline double gradient_error(scalar_function f, void *user, double *x, const double *gradient,
                                    size_t n, size_t every)
{
    const double step = 1e-3, moves[] = {2, 1, -1, -2}, weights[] = {-1, 8, -8, 1};
    double worst = 0, largest = 1e-300;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(gradient[i]));
    for (size_t i = 0; i < n; i += every) {
        const double kept = x[i];
        double slope = 0;
        for (size_t k = 0; k < 4; k++) {
            x[i] = kept + moves[k] * step;
            slope += weights[k] * f(user) / (12 * step);
        }
        x[i] = kept;
        worst = fmax(worst, fabs(slope - gradient[i]) / largest);
    }
    return worst;
}

/* Reproducible numbers in [low, high). */
static inline double next_number(uint32_t *seed, double low, double high)
{
    *seed = 1664525u * *seed + 1013904223u;
    return low + (high - low) * (*seed >> 8) / 16777216.0;
}

static inline void fill_numbers(double *x, size_t n, double low, double high, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) x[i] = next_number(&seed, low, high);
}

#endif
