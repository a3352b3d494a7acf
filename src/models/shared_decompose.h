/* What several series are made of: a part in common and a part of their own. */
#ifndef SSMCAST_MODELS_SHARED_DECOMPOSE_H
#define SSMCAST_MODELS_SHARED_DECOMPOSE_H

#include "models/shared.h"
#include <ssmcast/forecaster.h>

typedef struct ssmi_shared_view {
    const ssmi_shared *shared;
    const double *y;              /* (p, rows) centred and scaled, NaN missing and in rows to come */
    size_t length, rows;          /* of the history; with rows to come */
    const double *center, *scale; /* (p) back to data units; scale 0 counts as 1 */
    double open;                  /* variance of what the history leaves open; 0: nothing is */
} ssmi_shared_view;

/* Component 0 is what is common, component 1 what is a series' own; out (p). */
ssm_status ssmi_shared_decompose(const ssmi_shared_view *view, ssm_decomposition *out, ssm_arena *tmp);

#endif
