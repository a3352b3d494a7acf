/* Where in their seasons and in the calendar the tokens of a window end: sines and cosines that the network
 * is given beside the values. */
#ifndef SSMCAST_MODELS_LEARNER_PHASES_H
#define SSMCAST_MODELS_LEARNER_PHASES_H

#include <ssmcast/series.h>

enum { SSMI_LEARNER_PHASES = SSM_MAX_PERIODS + 3 };

typedef struct ssmi_learner_phases {
    size_t n;
    double period[SSMI_LEARNER_PHASES]; /* in rows */
} ssmi_learner_phases;

/* The series' periods, then day, week and year where its grid has a length of time, each unless it is there
 * already, is shorter than two rows, or is not passed twice by the series. */
void ssmi_learner_phases_find(ssmi_learner_phases *out, const ssm_series *series);

/* Number of a series' first row on its grid, counted from 1970, or from the start where rows are numbered:
 * the same row has the same number in every slice. */
int64_t ssmi_learner_row(const ssm_series *series);

/* out (tokens, 2 n): sine and cosine of each period at the last row of each token; the last token ends with
 * row `last`, each other `stride` rows before the next. */
void ssmi_learner_phases_fill(float *out, const ssmi_learner_phases *phases, int64_t last, size_t tokens,
                              size_t stride);

#endif
