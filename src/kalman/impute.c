/* The smoothed signal and the missing observations, with their variances.
 *
 *     signal = d + Z alpha,  Var = Z V Z'                 y_m = d_m + Z_m alpha + B (y_o - d_o - Z_o alpha)
 *                            Var y_m = G V G' + H_mm - B H_om,   B = H_mo H_oo^-1,   G = Z_m - B Z_o
 * B carries what the observed components of a row say about the errors of the missing ones; it is zero when
 * the errors are independent.
 *
 * Known value: Nile without rows 21 to 40, variances 15099 and 1469.1: row 31 is 893.80981, variance
 * 24813.99778. */
#include "kalman/smooth_augmented.h"

#include "core/dense.h"
#include "kalman/errors.h"
#include <ssmcast/smoothers.h>

#include <math.h>
#include <string.h>

typedef struct imputer {
    const ssm_statespace *model;
    const double *y;
    const ssm_kalman_imputed *out;
    double *B, *rest, *G, *work; /* (p, p), (p, p), (p, n), max(2 p p, p n) */
    double *zeros;               /* (p, p): H of a model without errors */
} imputer;

/* B with a unit row for each observed component, and the variance that is left of the missing errors. */
static void regression(const imputer *m, size_t t, const double *y)
{
    const size_t p = m->model->p;
    const double *H = ssmi_system_at(m->model->H, t);
    double *mean = m->G; /* (p), scratch */
    for (size_t i = 0; i < p; i++) mean[i] = 0.0;
    memset(m->rest, 0, p * p * sizeof(double));
    ssmi_errors_complete(mean, m->rest, H != NULL ? H : m->zeros, y, m->B, m->work, p);
}

static void store_signal(const imputer *m, size_t t, const ssmi_smoothed *row)
{
    const size_t n = m->model->n, p = m->model->p;
    const double *Z = ssmi_system_at(m->model->Z, t), *d = ssmi_system_at(m->model->d, t);
    if (m->out->signal != NULL) {
        double *signal = m->out->signal + t * p;
        ssmi_matvec(signal, Z, row->alpha, p, n);
        for (size_t i = 0; i < p && d != NULL; i++) signal[i] += d[i];
    }
    if (m->out->signal_var != NULL) ssmi_sandwich(m->out->signal_var + t * p * p, Z, row->V, m->work, p, n);
}

static void store_means(const imputer *m, size_t t, const ssmi_smoothed *row)
{
    const size_t n = m->model->n, p = m->model->p;
    const double *Z = ssmi_system_at(m->model->Z, t), *d = ssmi_system_at(m->model->d, t), *y = m->y + t * p;
    for (size_t i = 0; i < p; i++) {
        double value = y[i];
        if (isnan(y[i])) {
            value = row->epsilon[i] + (d != NULL ? d[i] : 0.0);
            for (size_t j = 0; j < n; j++) value += Z[i + j * p] * row->alpha[j];
        }
        m->out->y[t * p + i] = value;
    }
}

/* Rows of G that belong to observed components are zero, and so is their part of the variance. */
static void store_variances(const imputer *m, size_t t, const ssmi_smoothed *row)
{
    const size_t n = m->model->n, p = m->model->p;
    const double *Z = ssmi_system_at(m->model->Z, t), *y = m->y + t * p;
    double *variance = m->out->y_var + t * p * p;
    regression(m, t, y);
    ssmi_mul(m->G, m->B, Z, p, p, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < p; i++) m->G[i + j * p] = isnan(y[i]) ? Z[i + j * p] - m->G[i + j * p] : 0.0;
    }
    ssmi_sandwich(variance, m->G, row->V, m->work, p, n);
    for (size_t k = 0; k < p * p; k++) variance[k] += m->rest[k];
    for (size_t i = 0; i < p; i++) variance[i + i * p] = fmax(variance[i + i * p], 0.0);
}

static void impute_row(void *user, size_t t, const ssmi_smoothed *row)
{
    const imputer *m = user;
    store_signal(m, t, row);
    if (m->out->y != NULL) store_means(m, t, row);
    if (m->out->y_var != NULL) store_variances(m, t, row);
}

static ssm_status impute(const ssm_statespace *model, const double *y, size_t length,
                         const ssm_kalman_options *options, const ssm_kalman_imputed *out, ssm_arena *arena)
{
    const size_t n = model->n, p = model->p, most = 2 * p > n ? 2 * p : n;
    const int variances = out->signal_var != NULL || out->y_var != NULL;
    ssmi_smoother s;
    SSMI_TRY(ssmi_smoother_init(&s, model, length, (variances ? SSMI_SMOOTH_STATES : 0) | SSMI_SMOOTH_ERRORS,
                                arena));
    imputer m = {.model = model,
                 .y = y,
                 .out = out,
                 .B = SSMI_ALLOC(arena, double, p *p),
                 .rest = SSMI_ALLOC(arena, double, p *p),
                 .G = SSMI_ALLOC(arena, double, p *n),
                 .work = SSMI_ALLOC(arena, double, p *most),
                 .zeros = SSMI_ALLOC(arena, double, p *p)};
    if (m.B == NULL || m.rest == NULL || m.G == NULL || m.work == NULL || m.zeros == NULL)
        return SSM_E_MEMORY;
    SSMI_TRY(ssmi_smoother_run(&s, y, length, options, NULL, impute_row, &m));
    return ssmi_smooth_mend(&s, y, length, impute_row, &m, arena);
}

ssm_status ssm_kalman_impute(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                             const ssm_kalman_options *options, const ssm_kalman_imputed *out)
{
    if (out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "an imputation needs an output");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = impute(model, y, length, options, out, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
