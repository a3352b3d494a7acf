/* Known value: forecasts of 2 and 6 with a share of 1/4 give 3. */
#include "models/learner_pretrained.h"

#include "forecast/handle.h"

ssm_status ssmi_learner_pretrained_fit(ssm_forecaster **member, const ssm_fit_task *task, ssm_arena *mem)
{
    SSMI_TRY(ssmi_forecaster_new_member(mem, "zero", member));
    return ssm_forecaster_fit(*member, task);
}

ssm_status ssmi_learner_pretrained_mix(ssm_forecast *out, ssm_forecaster *member, double share,
                                       const ssm_series *history, const double *known, ssm_arena *tmp)
{
    const size_t n = out->n_levels;
    ssm_forecast other = *out;
    other.mean = SSMI_ALLOC(tmp, double, out->horizon);
    other.quantile = SSMI_ALLOC(tmp, double, out->horizon *n);
    if (other.mean == NULL || other.quantile == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssm_forecaster_condition(member, history));
    SSMI_TRY(ssm_forecaster_predict(member, &other));
    for (size_t h = 0; h < out->horizon; h++) {
        out->mean[h] = (1 - share) * out->mean[h] + share * (other.mean[h] + known[h]);
        for (size_t i = h * n; i < (h + 1) * n; i++)
            out->quantile[i] = (1 - share) * out->quantile[i] + share * (other.quantile[i] + known[h]);
    }
    return SSM_OK;
}
