/* Inside of the simulation smoother. */
#ifndef SSMCAST_KALMAN_SIMULATION_H
#define SSMCAST_KALMAN_SIMULATION_H

#include "kalman/smoother.h"
#include <ssmcast/smoothers.h>

/* A path from the unconditional distribution, the diffuse part of its start being zero. */
typedef struct ssmi_path {
    double *y, *alpha, *eta; /* (p, length), (n, length), (r, length) */
} ssmi_path;

/* The model without its offsets and with a start of mean zero: y - y+ is a series of it. */
ssm_statespace ssmi_centred(const ssm_statespace *model);

/* Turns an unconditional path into draw number `draw` given y. `s` shares the gains of the centred model over
 * y; difference (p, length) is scratch. */
void ssmi_simulation_correct(ssmi_smoother *s, const ssm_statespace *model, const double *y, size_t length,
                             const ssmi_path *plus, double *difference, size_t draw,
                             const ssm_kalman_draws *out);

#endif
