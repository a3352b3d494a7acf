/* From a series to a structural model: transformation, harmonics, components, parameters. */
#ifndef SSMCAST_MODELS_STRUCTURAL_SEARCH_H
#define SSMCAST_MODELS_STRUCTURAL_SEARCH_H

#include "models/harmonics.h"

/* A yes, a no, or the choice of the search; SSMI_DAMPED and SSMI_FIXED are for the slope only. */
typedef enum ssmi_wish { SSMI_AUTO, SSMI_YES, SSMI_NO, SSMI_DAMPED, SSMI_FIXED } ssmi_wish;

typedef enum ssmi_effects { SSMI_COLUMNS_FIXED, SSMI_COLUMNS_WALK, SSMI_COLUMNS_OFF } ssmi_effects;

typedef struct ssmi_structural_wishes {
    ssmi_wish slope, cycle, logarithm;
    int undamped_cycle;
    int fixed_level, no_irregular;             /* variances held at 0 */
    size_t least_order, most_order;            /* of the autoregression: those tried */
    double shortest_cycle, longest_cycle;      /* rows; 0: the search decides */
    int dummies, own_variances;                /* seasons: as dummies; of harmonics: a variance each */
    size_t n_periods, period[SSM_MAX_PERIODS]; /* ascending */
    size_t harmonics;                          /* most of them in the state; 0: the search decides */
    size_t window;                             /* rows, the last ones; 0: the search decides */
    ssmi_effects columns;
    size_t n_interventions;
    ssmi_intervention intervention[SSMI_STRUCTURAL_INTERVENTIONS];
    double detect; /* beyond this an auxiliary residual becomes an intervention; 0: none does */
    int backtest;  /* choose by a backtest in place of AICc */
    size_t horizon, n_validation; /* of the backtest; 0 rows: the search decides */
} ssmi_structural_wishes;

/* Model value = (y or log y - center) / scale - pattern. */
typedef struct ssmi_structural_choice {
    ssmi_structural structure;
    ssmi_pattern pattern;
    int logged, converged;
    double center, scale; /* scale 0: all values are equal; then 1 is to be used */
    size_t n_found;       /* interventions that were detected: the last ones of the structure */
    double freedom;       /* observations less parameters: what quantiles allow for; 0: nothing estimated */
    double inflation;     /* of standard deviations: sqrt(observations / freedom); 0 stands for 1 */
} ssmi_structural_choice;

/* Number of a series' first row on its time grid: what interventions count from. */
int64_t ssmi_grid_row(const ssm_series *series);
/* The same within a period, from which the phase of patterns counts. */
size_t ssmi_first_row(const ssm_series *series, size_t period);

/* y as a model value, row given by its number; NaN stays, and so does what has no logarithm. */
double ssmi_structural_value(const ssmi_structural_choice *c, double y, size_t row);
/* And back: without the pattern. The logarithm's is the median of the value. */
double ssmi_structural_level(const ssmi_structural_choice *c, double x);

/* The pattern lives in mem. */
ssm_status ssmi_structural_search(ssmi_structural_choice *choice, const ssmi_structural_wishes *wishes,
                                  const ssm_series *series, ssm_arena *mem, ssm_arena *tmp);

#endif
