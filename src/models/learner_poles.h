/* Poles of a time-invariant layer from a structural model of the series: the memory that its steady-state
 * predictor has, at the pace of the network's tokens. */
#ifndef SSMCAST_MODELS_LEARNER_POLES_H
#define SSMCAST_MODELS_LEARNER_POLES_H

#include "base/arena.h"
#include <ssmcast/series.h>

enum { SSMI_LEARNER_POLES = 128 };

typedef struct ssmi_learner_poles {
    size_t n;
    double re[SSMI_LEARNER_POLES], im[SSMI_LEARNER_POLES]; /* per token; re < 0 <= im; slowest first */
} ssmi_learner_poles;

/* Fits the structural model of `kalman` (models/structural_search.h) to the last rows of the series' first
 * `rows`; columns, and what it makes a fixed pattern of, have no poles. `stride`: rows per token; `tokens`:
 * of a window, no pole remembers longer. A series that the model cannot be fitted to has no poles.
 * SSM_E_MEMORY, SSM_E_CANCELLED. */
ssm_status ssmi_learner_poles_find(ssmi_learner_poles *out, const ssm_series *series, size_t rows,
                                   size_t stride, size_t tokens, ssm_arena *tmp);

/* The same from eigenvalues (2, n), real parts, then imaginary parts, of one row to the next. */
void ssmi_learner_poles_of(ssmi_learner_poles *out, const double *eigenvalue, size_t n, size_t stride,
                           size_t tokens);

#endif
