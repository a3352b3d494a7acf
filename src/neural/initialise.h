/* Initial values of weights, as the reference modules draw them. */
#ifndef SSMCAST_NEURAL_INITIALISE_H
#define SSMCAST_NEURAL_INITIALISE_H

#include <gsl/gsl_rng.h>
#include <stddef.h>

/* Uniform in [-bound, bound). */
void ssmi_fill_uniform(float *w, size_t n, double bound, gsl_rng *rng);
void ssmi_fill_constant(float *w, size_t n, float value);
/* PyTorch's default of a linear layer with `fan_in` inputs: uniform with the bound 1/sqrt(fan_in). */
void ssmi_fill_linear(float *w, size_t n, size_t fan_in, gsl_rng *rng);
/* The bias whose softplus is a step drawn log-uniformly from [0.001, 0.1]. */
double ssmi_initial_step_bias(gsl_rng *rng);

#endif
