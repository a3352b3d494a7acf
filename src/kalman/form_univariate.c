/* The univariate form: kalman/step.h, one scalar after the other (Koopman & Durbin 2000), or the same for a
 * whole row at once. */
#include "kalman/form.h"
#include "kalman/whole_row.h"

static ssm_status use(ssmi_kalman_filter *f, ssm_arena *arena)
{
    (void)f;
    (void)arena;
    return SSM_OK;
}

static void nothing(ssmi_kalman_filter *f)
{
    (void)f;
}

static void each_scalar(ssmi_kalman_filter *f, const ssmi_observation *observed, ssmi_kalman_take *take)
{
    for (size_t i = 0; i < f->system.p; i++) {
        if (isnan(observed->y[i]))
            f->row[i] = (ssmi_innovation){.kind = SSMI_KALMAN_MISSING, .v = NAN, .F = NAN};
        else
            f->row[i] = take(f, observed, i);
    }
}

void ssmi_kalman_each_scalar(ssmi_kalman_filter *f, const double *y, ssmi_kalman_take *take)
{
    const ssmi_observation observed = ssmi_kalman_observe(&f->system, y);
    each_scalar(f, &observed, take);
}

static ssmi_innovation take(ssmi_kalman_filter *f, const ssmi_observation *o, size_t i)
{
    const size_t n = f->system.n;
    return ssmi_kalman_update(&f->state, o->Z, i, o->h[i], o->y[i], f->M + i * n, f->Minf + i * n);
}

void ssmi_kalman_update_scalars(ssmi_kalman_filter *f, const double *y)
{
    const ssmi_observation observed = ssmi_kalman_observe(&f->system, y);
    if (!ssmi_kalman_update_whole_row(&f->state, &observed, f->row, f->M)) each_scalar(f, &observed, take);
}

static void predict(ssmi_kalman_filter *f)
{
    ssmi_kalman_predict(&f->state, &f->system.T, &f->system.shock, f->system.c);
}

const ssmi_kalman_form ssmi_kalman_univariate = {.use = use,
                                                 .start = nothing,
                                                 .update = ssmi_kalman_update_scalars,
                                                 .predict = predict,
                                                 .covariance = nothing};
