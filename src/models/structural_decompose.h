/* A history and its forecast told apart into components, in the units of the data. */
#ifndef SSMCAST_MODELS_STRUCTURAL_DECOMPOSE_H
#define SSMCAST_MODELS_STRUCTURAL_DECOMPOSE_H

#include "models/structural_components.h"
#include "models/structural_search.h"
#include <ssmcast/forecaster.h>

/* See ssm_decomposition. `component` is what ssmi_structural_components lists for the choice. The signal is
 * the sum of the components to the last bit, of a logged model their product: each is then a factor, the
 * exponential of its part, with the standard deviation of the lognormal distribution. */
ssm_status ssmi_structural_decompose(const ssmi_structural_choice *choice, const ssmi_component *component,
                                     size_t n_components, const ssm_series *history, ssm_decomposition *out,
                                     ssm_arena *tmp);

#endif
