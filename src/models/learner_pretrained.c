/* Known value: forecasts of 2 and 6 with a share of 1/4 give 3. */
#include "models/learner_pretrained.h"

#include "forecast/handle.h"

ssm_status ssmi_learner_pretrained_fit(ssm_forecaster **member, const ssm_fit_task *task, ssm_arena *mem)
{
    if (task->panel[0].n_exogenous > 0)
        return ssmi_fail(mem->ctx, SSM_E_UNSUPPORTED,
                         "\"pretrained\": the pretrained network cannot see exogenous columns");
    SSMI_TRY(ssmi_forecaster_new_member(mem, "zero", member));
    return ssm_forecaster_fit(*member, task);
}

static void mix(double *own, const double *other, double share, size_t n)
{
    for (size_t i = 0; i < n; i++) own[i] = (1 - share) * own[i] + share * other[i];
}

ssm_status ssmi_learner_pretrained_mix(ssm_forecast *out, ssm_forecaster *member, double share,
                                       ssm_arena *tmp)
{
    const size_t n = out->horizon * out->n_levels;
    ssm_forecast other = *out;
    other.mean = SSMI_ALLOC(tmp, double, out->horizon);
    other.quantile = SSMI_ALLOC(tmp, double, n);
    if (other.mean == NULL || other.quantile == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssm_forecaster_predict(member, &other));
    mix(out->mean, other.mean, share, out->horizon);
    mix(out->quantile, other.quantile, share, n);
    return SSM_OK;
}
