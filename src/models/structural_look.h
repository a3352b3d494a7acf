/* A series as a structural model sees it: plain or as logarithms, centred, scaled, without the patterns that
 * do not change. */
#ifndef SSMCAST_MODELS_STRUCTURAL_LOOK_H
#define SSMCAST_MODELS_STRUCTURAL_LOOK_H

#include "models/structural_search.h"

typedef struct ssmi_look {
    double *x; /* (length) model values */
    double center, scale, jacobian;
    ssmi_pattern pattern;
} ssmi_look;

/* Centres and scales y, or its logarithms; scale 0: all observed values are equal. x lives in tmp. */
ssm_status ssmi_look_open(ssmi_look *l, const double *y, size_t length, int logged, ssm_arena *tmp);
/* Takes out the lines from `keep` on, as a pattern in mem, and sums the Jacobian of the transformation over
 * the observed rows from `burn` on. `row` is the number of the first row, for the phase. */
ssm_status ssmi_look_finish(ssmi_look *l, const double *y, size_t length, int logged, size_t burn, size_t row,
                            const ssmi_line *line, size_t n_lines, size_t keep, ssm_arena *mem,
                            ssm_arena *tmp);

#endif
