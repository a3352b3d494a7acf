/* What all rows say about each component of a structural model, in model units, and the auxiliary residuals
 * (Harvey & Koopman 1992; Durbin & Koopman 2012, sec. 4.5.3, 7.5). */
#ifndef SSMCAST_MODELS_STRUCTURAL_SMOOTH_H
#define SSMCAST_MODELS_STRUCTURAL_SMOOTH_H

#include "models/structural_components.h"

/* Rows from `length` to length + horizon - 1 are forecasts. Any array may be NULL. */
typedef struct ssmi_structural_smooth {
    double *mean,
        *variance;      /* (length + horizon, n_components + 1) row-major; the last column is the signal */
    double *innovation; /* (length) standardised one-step errors; NaN where missing or diffuse */
    double *outlier;    /* (length) standardised smoothed irregular; NaN where missing */
    double *shift;      /* (length) standardised smoothed shock to the level before the row; NaN: first */
} ssmi_structural_smooth;

ssm_status ssmi_structural_smooth_run(const ssmi_structural_smooth *out, const ssmi_structural_matrices *m,
                                      const ssmi_component *component, size_t n_components, const double *y,
                                      size_t length, size_t horizon, ssm_arena *tmp);

#endif
