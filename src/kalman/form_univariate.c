/* The univariate form: kalman/step.h, one scalar after the other (Koopman & Durbin 2000). */
#include "kalman/form.h"

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

void ssmi_kalman_update_scalars(ssmi_kalman_filter *f, const double *y)
{
    const size_t n = f->system.n, p = f->system.p;
    const ssmi_observation observed = ssmi_kalman_observe(&f->system, y);
    for (size_t i = 0; i < p; i++) {
        if (isnan(observed.y[i]))
            f->row[i] = (ssmi_innovation){.kind = SSMI_KALMAN_MISSING, .v = NAN, .F = NAN};
        else
            f->row[i] = ssmi_kalman_update(&f->state, observed.Z, i, observed.h[i], observed.y[i],
                                           f->M + i * n, f->Minf + i * n);
    }
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
