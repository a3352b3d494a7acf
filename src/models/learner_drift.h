/* Columns known beside a series whose level the network is not told.
 *
 *     x_t - m_t,    m_t = (x_t + ... + x_{t-L+1}) / L                    L: the look-back
 *
 * is what it is shown of a column whose level m has swung too seldom to be learned from: at its own level
 * such a column, a temperature over a year say, tells which month it is, and what the months of a year or two
 * had is learned by heart. A swing takes m from half a standard deviation above its mean to as much below, or
 * back. Other columns are shown as they are, so that an effect that bends with the level can be learned. */
#ifndef SSMCAST_MODELS_LEARNER_DRIFT_H
#define SSMCAST_MODELS_LEARNER_DRIFT_H

#include "models/windows.h"

enum { SSMI_LEARNER_SWINGS = 16 }; /* eight up and eight down: some of them in the stretch that judges */

/* mean (rows): m of column k of `rows` rows of n columns; before the first row all is as in it. */
void ssmi_learner_drift_means(double *mean, const double *x, size_t rows, size_t lookback, size_t n,
                              size_t k);

/* drifts (n_columns): 1 where no series of the panel has as many swings as that in all rows but its last
 * `held`, else 0. SSM_E_MEMORY. */
ssm_status ssmi_learner_drift_find(double *drifts, const ssmi_window_series *panel, size_t n_series,
                                   size_t held, size_t lookback, ssm_arena *tmp);

#endif
