#include "models/zero_forecast.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { LEVELS = SSMI_FAN_LEVELS };

static size_t rows_at_once(size_t horizon)
{
    return horizon < SSMI_ZERO_HORIZON ? horizon : SSMI_ZERO_HORIZON;
}

ssm_status ssmi_zero_view_of(const ssmi_zero_model *model, const double *history, size_t length,
                             size_t horizon, ssmi_zero_view *view, ssm_arena *arena)
{
    const size_t rows = length < model->context ? length : model->context;
    const ssmi_zero_context context = {history + length - rows, rows, rows_at_once(horizon), model->period};
    return ssmi_zero_look(&context, view, arena);
}

/* q (rows, LEVELS) in units of scale around loc. */
static void to_units(double *q, const float *quantile, size_t rows)
{
    const ssmi_zero_frame unit = {.loc = 0, .scale = 1};
    for (size_t h = 0; h < rows; h++, q += LEVELS, quantile += LEVELS) {
        for (size_t k = 0; k < LEVELS; k++) q[k] = ssmi_zero_restore(&unit, quantile[k]);
        ssmi_fan_sort(q);
    }
}

static void average_with_turned(double *q, const double *turned, size_t rows)
{
    for (size_t h = 0; h < rows; h++, q += LEVELS, turned += LEVELS) {
        for (size_t k = 0; k < LEVELS; k++) q[k] = 0.5 * (q[k] - turned[LEVELS - 1 - k]);
    }
}

ssm_status ssmi_zero_unwind(const ssmi_zero_model *model, double *fan, const float *quantile, size_t rows,
                            const ssmi_zero_frame *frame, ssm_arena *tmp)
{
    const size_t batch = model->flip ? 2 : 1,
                 out = (rows + SSMI_ZERO_PATCH - 1) / SSMI_ZERO_PATCH * SSMI_ZERO_PATCH;
    double *q = SSMI_ALLOC(tmp, double, batch *out *LEVELS);
    if (q == NULL) return SSM_E_MEMORY;
    to_units(q, quantile, batch * out);
    if (batch == 2) average_with_turned(q, q + out * LEVELS, out);
    for (size_t i = 0; i < rows * LEVELS; i++)
        fan[i] = fmin(fmax(q[i] * frame->scale + frame->loc, -DBL_MAX), DBL_MAX);
    return SSM_OK;
}

/* fan (rows, LEVELS) in data units, from one run of the network. */
static ssm_status forecast_once(const ssmi_zero_model *model, double *fan, const ssmi_zero_view *view,
                                size_t rows, ssm_arena *tmp)
{
    const size_t batch = model->flip ? 2 : 1, size = view->tokens * SSMI_ZERO_FEATURES;
    const size_t out = view->n_future * SSMI_ZERO_PATCH;
    float *both = SSMI_ALLOC(tmp, float, 2 * size), *quantile = SSMI_ALLOC(tmp, float, batch *out *LEVELS);
    if (both == NULL || quantile == NULL) return SSM_E_MEMORY;
    memcpy(both, view->feature, size * sizeof *both);
    if (batch == 2) ssmi_zero_flip(both + size, both, view->tokens);
    const ssmi_zero_pass pass = {batch, view->tokens, view->from, both, quantile, NULL, NULL, NULL};
    SSMI_TRY(ssmi_zero_forward(model->network, &pass, ssmi_cpu_isa(), tmp));
    return ssmi_zero_unwind(model, fan, quantile, rows, &view->frame, tmp);
}

/* Fills fan from row SSMI_ZERO_HORIZON on. */
static ssm_status go_on(const ssmi_zero_model *model, double *fan, const double *history, size_t length,
                        size_t horizon, ssm_arena *tmp)
{
    size_t done = rows_at_once(horizon);
    const size_t kept = length < model->context ? length : model->context;
    double *past = SSMI_ALLOC(tmp, double, kept + horizon);
    if (past == NULL) return SSM_E_MEMORY;
    memcpy(past, history + length - kept, kept * sizeof *past);
    for (size_t from = 0; done < horizon;) {
        for (; from < done; from++) past[kept + from] = fan[from * LEVELS + SSMI_FAN_MIDDLE];
        const size_t rows = rows_at_once(horizon - done);
        const ssmi_mark mark = ssmi_arena_mark(tmp);
        ssmi_zero_view view;
        SSMI_TRY(ssmi_zero_view_of(model, past, kept + done, rows, &view, tmp));
        SSMI_TRY(forecast_once(model, fan + done * LEVELS, &view, rows, tmp));
        ssmi_arena_rewind(tmp, mark);
        for (size_t h = done; h < done + rows; h++)
            ssmi_fan_widen(fan + h * LEVELS, fan + (done - 1) * LEVELS);
        done += rows;
    }
    return SSM_OK;
}

ssm_status ssmi_zero_finish(const ssmi_zero_model *model, double *fan, const double *history, size_t length,
                            size_t horizon, ssm_arena *tmp)
{
    const size_t done = rows_at_once(horizon);
    if (model->adapter != NULL)
        SSMI_TRY(ssmi_zero_adapter_add(model->adapter, fan, history, length, done, tmp));
    return done < horizon ? go_on(model, fan, history, length, horizon, tmp) : SSM_OK;
}

ssm_status ssmi_zero_forecast(const ssmi_zero_model *model, double *fan, const double *history, size_t length,
                              size_t horizon, const ssmi_zero_view *view, ssm_arena *tmp)
{
    const size_t rows = rows_at_once(horizon), patches = (rows + SSMI_ZERO_PATCH - 1) / SSMI_ZERO_PATCH;
    ssmi_zero_view fresh = *view;
    if (patches != view->n_future) SSMI_TRY(ssmi_zero_view_of(model, history, length, rows, &fresh, tmp));
    SSMI_TRY(forecast_once(model, fan, &fresh, rows, tmp));
    return ssmi_zero_finish(model, fan, history, length, horizon, tmp);
}
