/* The nonlinear filters over a whole series, and the check of a model's Jacobians. */
#include "kalman/nonlinear.h"

#include <math.h>
#include <string.h>

static double *at(double *array, size_t t, size_t size)
{
    return array != NULL ? array + t * size : NULL;
}

static ssm_status filter_row(ssm_nonlinear_state *s, size_t t, const double *y,
                             const ssm_nonlinear_output *out)
{
    const size_t n = s->model.n, p = s->model.p;
    ssm_nonlinear_get(s, at(out->a, t, n), at(out->P, t, n * n));
    SSMI_TRY(ssm_nonlinear_update(s, y, out->point != NULL ? out->point + t * p : NULL));
    ssm_nonlinear_get(s, at(out->a_filtered, t, n), at(out->P_filtered, t, n * n));
    return ssm_nonlinear_predict(s);
}

ssm_status ssm_nonlinear_filter(ssm_context *ctx, const ssm_nonlinear *model, const double *y, size_t length,
                                const ssm_nonlinear_options *options, const ssm_nonlinear_output *out,
                                ssm_nonlinear_summary *summary)
{
    const ssm_nonlinear_output nothing = {0};
    ssm_nonlinear_state *s = NULL;
    if (y == NULL && length > 0) return ssmi_fail(ctx, SSM_E_ARGUMENT, "observations must be given");
    if (out == NULL) out = &nothing;
    SSMI_TRY(ssm_nonlinear_new(ctx, model, options, &s));
    ssm_status status = SSM_OK;
    for (size_t t = 0; status == SSM_OK && t < length; t++) status = filter_row(s, t, y + t * model->p, out);
    if (status == SSM_OK) {
        ssm_nonlinear_get(s, at(out->a, length, model->n), at(out->P, length, model->n * model->n));
        if (summary != NULL) *summary = s->summary;
    }
    ssm_nonlinear_free(s);
    return status;
}

/* Largest distance between two Jacobians, relative to the largest element of the second. */
static ssm_status compare(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                          const double *x, double *distance)
{
    const size_t count = size * s->model.n;
    double *given = SSMI_ALLOC(&s->arena, double, count), *numeric = SSMI_ALLOC(&s->arena, double, count);
    double apart = 0.0, largest = 0.0;
    if (given == NULL || numeric == NULL) return SSM_E_MEMORY;
    s->options.numeric_jacobian = 0;
    SSMI_TRY(ssmi_nonlinear_value(s, function, size, x, s->spread.mean, given));
    s->options.numeric_jacobian = 1;
    SSMI_TRY(ssmi_nonlinear_value(s, function, size, x, s->spread.mean, numeric));
    for (size_t k = 0; k < count; k++) {
        apart = fmax(apart, fabs(given[k] - numeric[k]));
        largest = fmax(largest, fabs(numeric[k]));
    }
    if (apart > 0.0) *distance = fmax(*distance, largest > 0.0 ? apart / largest : INFINITY);
    return SSM_OK;
}

ssm_status ssm_nonlinear_check(ssm_context *ctx, const ssm_nonlinear *model, size_t t, const double *x,
                               double *distance)
{
    ssm_nonlinear_state *s = NULL;
    double worst = 0.0;
    if (x == NULL || distance == NULL)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "a state and a result must be given");
    SSMI_TRY(ssm_nonlinear_new(ctx, model, NULL, &s));
    s->t = t;
    ssm_status status = compare(s, model->transition, model->n, x, &worst);
    if (status == SSM_OK) status = compare(s, model->observation, model->p, x, &worst);
    ssm_nonlinear_free(s);
    if (status == SSM_OK) *distance = worst;
    return status;
}
