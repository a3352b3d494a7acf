/* Known value: with `last` the forecast is the last value of every window. */
#include "models/learner_skip.h"

#include "models/ridge_unit.h"

enum { MAX_ERRORS = 2000 };

ssm_status ssmi_learner_skip_fit(ssmi_learner_base_forecast *out, const ssmi_ridge_task *task, int last,
                                 ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_ridge_errors e;
    SSMI_TRY(ssmi_ridge_fit(&out->ridge, task, mem, tmp));
    out->ridge.last = last;
    if (last) SSMI_TRY(ssmi_ridge_refit(&out->ridge, task, mem, tmp));
    SSMI_TRY(ssmi_ridge_errors_collect(&e, &out->ridge, task, MAX_ERRORS, NULL, tmp, tmp));
    SSMI_TRY(ssmi_ridge_errors_scale(&out->gamma, NULL, &e, tmp));
    return ssmi_conformal_fit(&out->interval, e.error, e.n, e.horizon, e.independent, mem, tmp);
}
