/* From a series to a structural model: transformation, harmonics, components, parameters. */
#ifndef SSMCAST_MODELS_STRUCTURAL_SEARCH_H
#define SSMCAST_MODELS_STRUCTURAL_SEARCH_H

#include "models/harmonics.h"

/* A yes, a no, or the choice of the search; SSMI_DAMPED is for the slope only. */
typedef enum ssmi_wish { SSMI_AUTO, SSMI_YES, SSMI_NO, SSMI_DAMPED } ssmi_wish;

typedef struct ssmi_structural_wishes {
    ssmi_wish slope, cycle, logarithm;
    size_t n_periods, period[SSM_MAX_PERIODS]; /* ascending */
    size_t harmonics;                          /* most of them in the state; 0: the search decides */
    size_t window;                             /* rows, the last ones; 0: the search decides */
} ssmi_structural_wishes;

/* Model value = (y or log y - center) / scale - pattern. */
typedef struct ssmi_structural_choice {
    ssmi_structural structure;
    ssmi_pattern pattern;
    int logged, converged;
    double center, scale; /* scale 0: all values are equal; then 1 is to be used */
} ssmi_structural_choice;

/* Number of the series' first row on its time grid, from which the phase of patterns counts. */
size_t ssmi_first_row(const ssm_series *series, size_t period);

/* y as a model value, row given by its number; NaN stays, and so does what has no logarithm. */
double ssmi_structural_value(const ssmi_structural_choice *c, double y, size_t row);

/* The pattern lives in mem. */
ssm_status ssmi_structural_search(ssmi_structural_choice *choice, const ssmi_structural_wishes *wishes,
                                  const ssm_series *series, ssm_arena *mem, ssm_arena *tmp);

#endif
