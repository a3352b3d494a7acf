/* The public face of the fixed-interval smoother: copies what was asked for out of each row. */
#include "kalman/smooth_augmented.h"

#include <string.h>

typedef struct copier {
    const ssm_kalman_smooth_output *out;
    size_t n, p, r, length;
} copier;

static void copy(double *to, size_t t, const double *from, size_t size)
{
    if (to != NULL) memcpy(to + t * size, from, size * sizeof(double));
}

static void copy_row(void *user, size_t t, const ssmi_smoothed *row)
{
    const copier *c = user;
    copy(c->out->alpha, t, row->alpha, c->n);
    copy(c->out->V, t, row->V, c->n * c->n);
    copy(c->out->epsilon, t, row->epsilon, c->p);
    copy(c->out->epsilon_var, t, row->epsilon_var, c->p * c->p);
    copy(c->out->eta, t, row->eta, c->r);
    copy(c->out->eta_var, t, row->eta_var, c->r * c->r);
    if (t + 1 < c->length) copy(c->out->V_lag, t, row->V_lag, c->n * c->n);
}

static ssm_status smooth(const ssm_statespace *model, const double *y, size_t length,
                         const ssm_kalman_options *options, const ssm_kalman_smooth_output *out,
                         ssm_arena *arena)
{
    ssmi_smoother s;
    copier c = {.out = out, .n = model->n, .p = model->p, .r = model->r, .length = length};
    const int variances = out->epsilon_var != NULL || out->eta_var != NULL;
    const int errors = out->epsilon != NULL || out->epsilon_var != NULL;
    const int shocks = out->eta != NULL || out->eta_var != NULL;
    const unsigned want = (variances ? SSMI_SMOOTH_VARIANCES : 0) |
                          (out->V != NULL ? SSMI_SMOOTH_STATES : 0) | (shocks ? SSMI_SMOOTH_SHOCKS : 0) |
                          (errors ? SSMI_SMOOTH_ERRORS : 0) | (out->V_lag != NULL ? SSMI_SMOOTH_LAG : 0);
    SSMI_TRY(ssmi_smoother_init(&s, model, length, want, arena));
    SSMI_TRY(ssmi_smoother_run(&s, y, length, options, NULL, copy_row, &c));
    return ssmi_smooth_mend(&s, y, length, copy_row, &c, arena);
}

ssm_status ssm_kalman_smooth(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                             const ssm_kalman_options *options, const ssm_kalman_smooth_output *out)
{
    if (out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "a smoother needs an output");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = smooth(model, y, length, options, out, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
