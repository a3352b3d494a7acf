/* Outliers and level shifts that a series shows by itself. */
#ifndef SSMCAST_MODELS_STRUCTURAL_DETECT_H
#define SSMCAST_MODELS_STRUCTURAL_DETECT_H

#include "models/structural_search.h"

/* Adds an intervention at the largest auxiliary residual beyond the threshold and estimates again, until none
 * is left, or SSMI_STRUCTURAL_INTERVENTIONS are reached; those that the final estimate puts below the
 * threshold are taken back. `first` is the row of data within the series, which gives the labels. `n_found`
 * receives how many were kept; they are the last ones of the structure. */
ssm_status ssmi_structural_detect(ssmi_structural *s, const ssmi_structural_data *data,
                                  const ssm_series *series, size_t first, double threshold, double precision,
                                  size_t *n_found, ssm_arena *tmp);

/* Makes room for one more intervention: adds the part if there is none, keeps all parameters. */
void ssmi_structural_intervene(ssmi_structural *s, const ssmi_intervention *event);

#endif
