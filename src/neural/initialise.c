#include "neural/initialise.h"

#include <math.h>

void ssmi_fill_uniform(float *w, size_t n, double bound, gsl_rng *rng)
{
    for (size_t i = 0; i < n; i++) w[i] = (float)(bound * (2 * gsl_rng_uniform(rng) - 1));
}

void ssmi_fill_constant(float *w, size_t n, float value)
{
    for (size_t i = 0; i < n; i++) w[i] = value;
}

void ssmi_fill_linear(float *w, size_t n, size_t fan_in, gsl_rng *rng)
{
    ssmi_fill_uniform(w, n, 1 / sqrt((double)fan_in), rng);
}

double ssmi_initial_step_bias(gsl_rng *rng)
{
    const double dt = fmax(exp(log(0.001) + gsl_rng_uniform(rng) * (log(0.1) - log(0.001))), 1e-4);
    return dt + log(-expm1(-dt));
}
