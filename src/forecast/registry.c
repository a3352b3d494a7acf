/* The registered models, in the order in which lists show them. Adding a forecaster is one file in
 * src/models/ and one line here. */
#include <ssmcast/forecast.h>

#include <stddef.h>
#include <string.h>

/* X(name): src/models/ defines `const ssm_forecaster_type ssmi_model_<name>`. */
#define MODELS(X)                                                                                            \
    X(naive)                                                                                                 \
    X(seasonal_naive)                                                                                        \
    X(drift)                                                                                                 \
    X(mean)                                                                                                  \
    X(kalman)                                                                                                \
    X(statespace)                                                                                            \
    X(multivariate)                                                                                          \
    X(continuous)                                                                                            \
    X(linear)                                                                                                \
    X(nlinear)                                                                                               \
    X(dlinear)                                                                                               \
    X(mamba)                                                                                                 \
    X(mamba_joint)                                                                                           \
    X(s4d)                                                                                                   \
    X(transformer)                                                                                           \
    X(zero)                                                                                                  \
    X(ensemble)                                                                                              \
    X(auto)

#define DECLARE(name) extern const ssm_forecaster_type ssmi_model_##name;
MODELS(DECLARE)

#define ADDRESS(name) &ssmi_model_##name,
static const ssm_forecaster_type *const registry[] = {MODELS(ADDRESS) NULL};

const ssm_forecaster_type *ssm_forecaster_type_at(size_t i)
{
    return i < sizeof registry / sizeof *registry ? registry[i] : NULL;
}

const ssm_forecaster_type *ssm_forecaster_type_find(const char *name)
{
    for (size_t i = 0; registry[i] != NULL; i++) {
        if (strcmp(registry[i]->name, name) == 0) return registry[i];
    }
    return NULL;
}
