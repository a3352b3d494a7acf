/* The filter of a model in the middle of a stream, saved and loaded. */
#ifndef SSMCAST_MODELS_KALMAN_STATE_H
#define SSMCAST_MODELS_KALMAN_STATE_H

#include "forecast/archive.h"
#include "kalman/filter.h"

/* Mean, variance and what is left of the diffuse start; when loading, of a state made for the same model. */
ssm_status ssmi_archive_state(ssm_archive *archive, ssmi_kalman_state *s);
/* Everything that the next row and a forecast depend on. When loading, the filter has been made and the run
 * been started for the same model. The sums of the likelihood are not among it. */
ssm_status ssmi_archive_run(ssm_archive *archive, ssmi_kalman_run *run);

#endif
