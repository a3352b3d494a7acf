/* Interventions as a user writes them: "level:1899,outlier:1912-05,slope:57". */
#ifndef SSMCAST_MODELS_STRUCTURAL_INTERVENTIONS_H
#define SSMCAST_MODELS_STRUCTURAL_INTERVENTIONS_H

#include "models/structural.h"

/* Reads a list of KIND:WHEN. WHEN is a year, a month, a day, or a day with a clock time, when the series has
 * times and lies there; otherwise the number of a row: that of the time index when there is no time, else
 * counted from 1. SSM_E_ARGUMENT quotes what cannot be read or lies outside of the series. */
ssm_status ssmi_interventions_parse(const char *text, const ssm_series *series, ssmi_intervention *out,
                                    size_t *n, ssm_context *ctx);

#endif
