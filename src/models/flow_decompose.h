/* What a series in continuous time is made of, given all its rows. */
#ifndef SSMCAST_MODELS_FLOW_DECOMPOSE_H
#define SSMCAST_MODELS_FLOW_DECOMPOSE_H

#include "models/flow.h"
#include <ssmcast/forecaster.h>

/* Name of component i: "level", then "cycle" when there is one, then each season; NULL past the last. */
const char *ssmi_flow_component(const ssmi_flow *flow, size_t i);

typedef struct ssmi_flow_view {
    const ssmi_flow *flow;
    const double *x;   /* (length) centred and scaled, NaN missing */
    const double *gap; /* (length + horizon) gap[t] leads to row t, in units of time */
    size_t length;
    double center, scale; /* back to data units: center + scale x */
    double open;          /* variance of what the history leaves open; 0: nothing is */
} ssmi_flow_view;

ssm_status ssmi_flow_decompose(const ssmi_flow_view *view, ssm_decomposition *out, ssm_arena *tmp);

#endif
