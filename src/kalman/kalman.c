/* The public face of filter and forecast: memory of one call around the internal workspace. */
#include "base/arena.h"
#include "kalman/form.h"
#include "kalman/parallel.h"

#include <math.h>
#include <string.h>

static ssm_status check_options(ssm_context *ctx, const ssm_kalman_options *options)
{
    if (options == NULL) return SSM_OK;
    if (ssm_kalman_form_name(options->form) == NULL)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "the filter has no form %d", (int)options->form);
    if (ssm_loglik_convention_name(options->convention) == NULL)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "there is no likelihood convention %d",
                         (int)options->convention);
    return SSM_OK;
}

/* The internal record of what `out` asks for; what it has no array for goes to `arena`. */
static ssm_status open_record(ssmi_kalman_record *record, const ssm_kalman_output *out, size_t n, size_t p,
                              size_t length, ssm_arena *arena)
{
    *record = (ssmi_kalman_record){
        .a = out->a, .P = out->P, .a_filtered = out->a_filtered, .P_filtered = out->P_filtered};
    int failed = 0;
    if (out->v != NULL || out->F != NULL || out->Finf != NULL || out->K != NULL) {
        record->innovation = SSMI_ALLOC(arena, ssmi_innovation, p * length);
        failed |= record->innovation == NULL;
    }
    if (out->K != NULL) {
        record->M = SSMI_ALLOC(arena, double, n *p *length);
        record->Minf = SSMI_ALLOC(arena, double, n *p *length);
        failed |= record->M == NULL || record->Minf == NULL;
    }
    if (out->Pinf != NULL) {
        record->A = SSMI_ALLOC(arena, double, n *n *(length + 1));
        record->n_diffuse = SSMI_ALLOC(arena, size_t, length + 1);
        failed |= record->A == NULL || record->n_diffuse == NULL;
    }
    return failed ? SSM_E_MEMORY : SSM_OK;
}

static void write_gain(double *K, const ssmi_kalman_record *record, size_t k, size_t n)
{
    const ssmi_innovation *in = record->innovation + k;
    for (size_t i = 0; i < n; i++) {
        K[k * n + i] = in->kind == SSMI_KALMAN_ORDINARY  ? record->M[k * n + i] / in->F
                       : in->kind == SSMI_KALMAN_DIFFUSE ? record->Minf[k * n + i] / in->Finf
                                                         : 0.0;
    }
}

static void write_diffuse(double *Pinf, const double *A, size_t columns, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            Pinf[i + j * n] = 0.0;
            for (size_t k = 0; k < columns; k++) Pinf[i + j * n] += A[i + k * n] * A[j + k * n];
        }
    }
}

static void close_record(const ssm_kalman_output *out, const ssmi_kalman_record *record, size_t n, size_t p,
                         size_t length)
{
    for (size_t k = 0; record->innovation != NULL && k < p * length; k++) {
        if (out->v != NULL) out->v[k] = record->innovation[k].v;
        if (out->F != NULL) out->F[k] = record->innovation[k].F;
        if (out->Finf != NULL) out->Finf[k] = record->innovation[k].Finf;
        if (out->K != NULL) write_gain(out->K, record, k, n);
    }
    for (size_t t = 0; out->Pinf != NULL && t <= length; t++)
        write_diffuse(out->Pinf + t * n * n, record->A + t * n * n, record->n_diffuse[t], n);
}

static ssm_status filter(const ssm_statespace *model, const double *y, size_t length,
                         const ssm_kalman_options *options, const ssm_kalman_output *out,
                         ssm_kalman_summary *summary, ssm_arena *arena)
{
    const ssm_kalman_output nothing = {0};
    if (out == NULL) out = &nothing;
    ssmi_kalman_filter f;
    ssmi_kalman_record record;
    SSMI_TRY(ssmi_kalman_filter_init(&f, model, arena));
    SSMI_TRY(open_record(&record, out, model->n, model->p, length, arena));
    if (options != NULL && options->form == SSM_KALMAN_PARALLEL) {
        SSMI_TRY(ssmi_kalman_parallel_run(&f, y, length, options, &record, summary, arena));
    } else {
        SSMI_TRY(ssmi_kalman_filter_use(&f, options, arena));
        SSMI_TRY(ssmi_kalman_filter_run(&f, y, length, options, out != &nothing ? &record : NULL, summary));
    }
    close_record(out, &record, model->n, model->p, length);
    return SSM_OK;
}

ssm_status ssm_kalman_filter(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                             const ssm_kalman_options *options, const ssm_kalman_output *out,
                             ssm_kalman_summary *summary)
{
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    SSMI_TRY(check_options(ctx, options));
    ssm_kalman_summary ours;
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = filter(model, y, length, options, out, &ours, &arena);
    ssmi_arena_clear(&arena);
    if (status == SSM_OK && summary != NULL) *summary = ours;
    return status;
}

/* mean = d + Z a, variance = Z P Z' + H, of row t. */
static void read_out(const ssmi_kalman_filter *f, size_t t, double *mean, double *variance, double *PZ)
{
    const ssm_statespace *m = f->system.model;
    const ssmi_rows *Z = &f->system.Z;
    const size_t n = m->n, p = m->p;
    const double *H = m->H.data != NULL ? m->H.data + t * m->H.stride : NULL;
    for (size_t i = 0; i < p; i++) {
        mean[i] = ssmi_rows_dot(Z, i, f->state.a) + (f->system.d != NULL ? f->system.d[i] : 0.0);
        if (variance == NULL) continue;
        ssmi_rows_combine(PZ, f->state.P, Z, i, n);
        for (size_t j = i; j < p; j++) {
            const double value = ssmi_rows_dot(Z, j, PZ) + (H != NULL ? H[i + j * p] : 0.0);
            variance[i + j * p] = variance[j + i * p] = value;
        }
    }
}

static ssm_status forecast(const ssm_statespace *model, const double *y, size_t length, size_t horizon,
                           const ssm_kalman_options *options, double *mean, double *variance,
                           ssm_arena *arena)
{
    ssmi_kalman_filter f;
    ssm_kalman_summary summary;
    const size_t p = model->p;
    SSMI_TRY(ssmi_kalman_filter_init(&f, model, arena));
    double *PZ = SSMI_ALLOC(arena, double, model->n);
    if (PZ == NULL) return SSM_E_MEMORY;
    if (options != NULL && options->form != SSM_KALMAN_PARALLEL)
        SSMI_TRY(ssmi_kalman_filter_use(&f, options, arena));
    SSMI_TRY(ssmi_kalman_filter_run(&f, y, length, options, NULL, &summary));
    SSMI_TRY(ssmi_kalman_require_known(&f));
    for (size_t h = 0; h < horizon; h++) {
        ssmi_kalman_system_at(&f.system, length + h);
        read_out(&f, length + h, mean + h * p, variance != NULL ? variance + h * p * p : NULL, PZ);
        ssmi_kalman_predict(&f.state, &f.system.T, &f.system.shock, f.system.c);
    }
    return SSM_OK;
}

ssm_status ssm_kalman_forecast(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                               size_t horizon, const ssm_kalman_options *options, double *mean,
                               double *variance)
{
    if (mean == NULL || horizon == 0)
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "a forecast needs a horizon and an array for the mean");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, horizon));
    SSMI_TRY(check_options(ctx, options));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = forecast(model, y, length, horizon, options, mean, variance, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
