/* Which harmonics of the seasonal periods a model needs. */
#ifndef SSMCAST_MODELS_HARMONICS_H
#define SSMCAST_MODELS_HARMONICS_H

#include "models/structural.h"

/* How to choose. */
typedef struct ssmi_harmonics_plan {
    size_t n_periods, period[SSM_MAX_PERIODS]; /* ascending */
    size_t all_up_to;                          /* a period of at most this many rows has all its harmonics */
    size_t most;                               /* harmonics altogether */
} ssmi_harmonics_plan;

/* Writes the chosen harmonics to `line`, which holds plan->most, those of short periods first, then the
 * strongest first, and their number to `n_lines`. A period of which y does not hold two cycles gets none. No
 * frequency is chosen twice. */
ssm_status ssmi_harmonics_choose(const ssmi_harmonics_plan *plan, const double *y, size_t length,
                                 ssmi_line *line, size_t *n_lines, ssm_arena *tmp);

/* Seasonal patterns that do not change: for each period one cycle of values, looked up by the number of the
 * row. */
typedef struct ssmi_pattern {
    size_t n, period[SSM_MAX_PERIODS];
    double *value[SSM_MAX_PERIODS]; /* (period) */
} ssmi_pattern;

/* Sum of the patterns at a row. */
double ssmi_pattern_at(const ssmi_pattern *pattern, size_t row);

/* Rows after which all of them repeat; 1 when there is none. */
size_t ssmi_pattern_cycle(const ssmi_pattern *pattern);

/* Fits the lines to y by least squares and sums those from `keep` on into patterns, in `mem`. `row` is the
 * number of y's first row. */
ssm_status ssmi_pattern_fit(ssmi_pattern *pattern, const ssmi_line *line, size_t n_lines, size_t keep,
                            const double *y, size_t length, size_t row, ssm_arena *mem, ssm_arena *tmp);

#endif
