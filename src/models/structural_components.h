/* The components that a structural model is told apart into: their names, and how a row reads them. */
#ifndef SSMCAST_MODELS_STRUCTURAL_COMPONENTS_H
#define SSMCAST_MODELS_STRUCTURAL_COMPONENTS_H

#include "models/harmonics.h"

enum { SSMI_COMPONENT_NAME = 48, SSMI_COMPONENTS = 8 + SSMI_STRUCTURAL_COEFFICIENTS };

typedef struct ssmi_component {
    char name[SSMI_COMPONENT_NAME]; /* "level", "seasonal_12", "exogenous_rain", "outlier_57" */
    size_t from, to;                /* states [from, to) */
    size_t column;                  /* exogenous: its column; SSMI_NO_COLUMN otherwise */
    size_t period;                  /* seasonal: in rows; 0 otherwise */
    int is_level;
} ssmi_component;

#define SSMI_NO_COLUMN ((size_t)-1)

/* Lists the components of a structure and of the fixed patterns beside it: one for the trend, the cycle, the
 * autoregression, each season, each exogenous column and each intervention. Returns how many. */
size_t ssmi_structural_components(ssmi_component *out /* (SSMI_COMPONENTS) */, const ssmi_structural *s,
                                  const ssmi_pattern *pattern);

/* What component i reads from the state in a row, given the row of Z: its entries there. An exogenous column
 * is taken as it is, not as a deviation from its mean; the level makes up for that. `column` and `value` hold
 * n_states entries; returns how many were written. */
size_t ssmi_component_read(const ssmi_component *component, const ssmi_structural *s, const ssmi_rows *Z,
                           size_t *column, double *value);

#endif
