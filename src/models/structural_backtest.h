/* How well a structure forecasts the last rows of its own history. */
#ifndef SSMCAST_MODELS_STRUCTURAL_BACKTEST_H
#define SSMCAST_MODELS_STRUCTURAL_BACKTEST_H

#include "models/structural_search.h"

typedef struct ssmi_structural_trial {
    size_t first, step, n_origins, horizon; /* forecasts start at first, first + step, ... */
} ssmi_structural_trial;

/* Up to `most_origins` origins over the last n_validation rows (0: twice the longer of horizon and season, at
 * most a third). n_origins 0: too short for a trial. */
ssmi_structural_trial ssmi_structural_trial_plan(size_t length, size_t horizon, size_t n_validation,
                                                 size_t season);

/* Mean absolute error of the medians, in data units, over the origins: the structure is estimated on the rows
 * before the first, then only its history moves. `y` (data->length) are the values in data units, `look` says
 * how data->y was made of them; its structure is not looked at, and `row` is the phase of data's first row.
 * NaN when nothing could be scored. */
ssm_status ssmi_structural_try(double *error, const ssmi_structural *structure,
                               const ssmi_structural_choice *look, size_t row,
                               const ssmi_structural_data *data, const double *y,
                               const ssmi_structural_trial *trial, double precision, size_t n_starts,
                               ssm_arena *tmp);

#endif
