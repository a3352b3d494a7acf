/* The pretrained network (models/zero.c) beside a trained forecaster, and the average of both:
 *
 *     m = (1 - s) m_own + s m_zero        q(p) = (1 - s) q_own(p) + s q_zero(p)
 *
 * One has learned the series and nothing else, the other everything else and not the series, so their errors
 * go together little (Bates & Granger 1969, eq. 1). The share s is not estimated: equal shares are hard to
 * beat by estimated ones (Smith & Wallis 2009, "A simple explanation of the forecast combination puzzle",
 * Oxford Bulletin of Economics and Statistics 71(3)), here too (notebooks-out/mamba.md). Averaging quantiles
 * keeps their order. Rows that came one by one are shown to it as if they had come at once: they cost nothing
 * then, and a forecast the time of a pass over what the network looks back on. */
#ifndef SSMCAST_MODELS_LEARNER_PRETRAINED_H
#define SSMCAST_MODELS_LEARNER_PRETRAINED_H

#include "base/arena.h"
#include <ssmcast/forecast.h>

/* *member lives in `mem`. */
ssm_status ssmi_learner_pretrained_fit(ssm_forecaster **member, const ssm_fit_task *task, ssm_arena *mem);

/* Averages into `out`, which has the forecast of the other; share in [0, 1] is that of the member, which is
 * shown `history`. To what it says of row h, known[h] is added (horizon). */
ssm_status ssmi_learner_pretrained_mix(ssm_forecast *out, ssm_forecaster *member, double share,
                                       const ssm_series *history, const double *known, ssm_arena *tmp);

#endif
