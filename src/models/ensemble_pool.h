/* One forecast from the members' of an ensemble. */
#ifndef SSMCAST_MODELS_ENSEMBLE_POOL_H
#define SSMCAST_MODELS_ENSEMBLE_POOL_H

#include "base/arena.h"
#include "models/ensemble_weights.h"
#include <ssmcast/forecaster.h>

/* Levels between which the judge keeps the point forecasts of the others, as a backtest asks for them. */
enum { SSMI_ENSEMBLE_BOUNDS = 2 };
extern const double ssmi_ensemble_bounds[SSMI_ENSEMBLE_BOUNDS];

/* Who counts how much. */
typedef struct ssmi_ensemble_pool {
    size_t n;
    double weight[SSMI_ENSEMBLE_MEMBERS]; /* of the point forecasts: not negative, sum 1 */
    double trust[SSMI_ENSEMBLE_MEMBERS];  /* of the spreads, times the weight; > 0 */
    size_t judge;                         /* the member that bounds the others; n: none does */
} ssmi_ensemble_pool;

/* A point forecast as the judge lets it stand; bounds are those of the step, NULL: as it is. */
double ssmi_ensemble_within(double forecast, const double *bounds);

/* Levels to ask the members for: those of `out`, and the bounds where there is a judge. `request` then has
 * the horizon, levels and no room for numbers yet. */
ssm_status ssmi_ensemble_request(ssm_forecast *request, const ssmi_ensemble_pool *pool,
                                 const ssm_forecast *out, ssm_arena *tmp);

/* Fills out->mean and out->quantile from part (pool->n), forecasts of one ssmi_ensemble_request. */
void ssmi_ensemble_combine(ssm_forecast *out, const ssmi_ensemble_pool *pool, const ssm_forecast *part);

#endif
