/* Standardised innovations and auxiliary residuals (Harvey & Koopman 1992; Durbin & Koopman 2012,
 * sec. 7.5.2).
 *
 *     e_t = v_t / sqrt(F_t)          eps*_t = E(eps_t | Y) / sqrt(Var E(eps_t | Y)),   eta* likewise
 * with Var E(eps | Y) = h^2 D and Var E(eta | Y) = Q R'N R Q, which the backward recursion gives directly:
 * taking Var(eps | Y) from H would lose the digits of a disturbance about which the data say little.
 *
 * Known value: Nile, variances 15099 and 1469.1: eps* of 1913 is -3.03902, eta* of 1898 is -3.23371. */
#include "kalman/smoother.h"
#include <ssmcast/diagnostics.h>

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ssm_status innovations(const ssm_statespace *model, const double *y, size_t length,
                              const ssm_kalman_options *options, double *e, ssm_arena *arena)
{
    ssmi_kalman_filter f;
    ssm_kalman_summary summary;
    SSMI_TRY(ssmi_kalman_filter_init(&f, model, arena));
    ssmi_kalman_record record = {.innovation = SSMI_ALLOC(arena, ssmi_innovation, model->p * length)};
    if (record.innovation == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_kalman_filter_run(&f, y, length, options, &record, &summary));
    for (size_t k = 0; k < model->p * length; k++) {
        const ssmi_innovation *in = record.innovation + k;
        e[k] = in->kind == SSMI_KALMAN_ORDINARY ? in->v / sqrt(in->F) : NAN;
    }
    return SSM_OK;
}

ssm_status ssm_kalman_innovations(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                  size_t length, const ssm_kalman_options *options, double *e)
{
    if (e == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "the array for the innovations is missing");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = innovations(model, y, length, options, e, &arena);
    ssmi_arena_clear(&arena);
    return status;
}

typedef struct residuals {
    const ssm_statespace *model;
    double *epsilon, *eta; /* (p, length), (r, length) or NULL */
} residuals;

/* What the data explain of a variance below its rounding is nothing. */
static double standardise(double mean, double explained, double variance)
{
    return explained > 64.0 * DBL_EPSILON * variance ? mean / sqrt(explained) : NAN;
}

static void store(void *user, size_t t, const ssmi_smoothed *row)
{
    const residuals *out = user;
    const size_t p = out->model->p, r = out->model->r;
    const double *H = ssmi_system_at(out->model->H, t), *Q = ssmi_system_at(out->model->Q, t);
    for (size_t i = 0; out->epsilon != NULL && i < p; i++)
        out->epsilon[t * p + i] =
            standardise(row->epsilon[i], row->epsilon_explained[i], H != NULL ? H[i + i * p] : 0.0);
    for (size_t i = 0; out->eta != NULL && i < r; i++)
        out->eta[t * r + i] = standardise(row->eta[i], row->eta_explained[i], Q[i + i * r]);
}

static ssm_status auxiliary(const ssm_statespace *model, const double *y, size_t length,
                            const ssm_kalman_options *options, double *epsilon, double *eta, ssm_arena *arena)
{
    ssmi_smoother s;
    residuals out = {model, epsilon, eta};
    SSMI_TRY(ssmi_smoother_init(&s, model, length,
                                SSMI_SMOOTH_VARIANCES | SSMI_SMOOTH_SHOCKS | SSMI_SMOOTH_ERRORS, arena));
    return ssmi_smoother_run(&s, y, length, options, NULL, store, &out);
}

ssm_status ssm_kalman_auxiliary(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                                const ssm_kalman_options *options, double *epsilon, double *eta)
{
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = auxiliary(model, y, length, options, epsilon, eta, &arena);
    ssmi_arena_clear(&arena);
    return status;
}

/* ---- findings ---- */

/* The rows of one component that lie beyond the threshold, one entry for each run of them. A shock
 * is named by the row that it leads to. */
static size_t collect(ssm_finding *out, ssm_finding_kind kind, const double *x, size_t index, size_t width,
                      size_t length, double threshold)
{
    const size_t shift = kind == SSM_FINDING_BREAK;
    size_t count = 0;
    int inside = 0;
    for (size_t t = 0; t < length; t++) {
        const double value = x[index + t * width];
        const int beyond = fabs(value) > threshold; /* no for NaN */
        if (beyond && (!inside || fabs(value) > fabs(out[count - 1].residual))) {
            if (!inside) count++;
            out[count - 1] = (ssm_finding){.kind = kind, .row = t + shift, .index = index, .residual = value};
        }
        inside = beyond;
    }
    return count;
}

static int by_size(const void *left, const void *right)
{
    const ssm_finding *a = left, *b = right;
    const double x = fabs(a->residual), y = fabs(b->residual);
    if (x != y) return x < y ? 1 : -1;
    if (a->row != b->row) return a->row < b->row ? -1 : 1;
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : (a->index < b->index ? -1 : 1);
}

static double count_numbers(const double *x, size_t count)
{
    double n = 0.0;
    for (size_t k = 0; k < count; k++) n += isnan(x[k]) ? 0.0 : 1.0;
    return n;
}

static ssm_status findings(const ssm_statespace *model, const double *y, size_t length,
                           const ssm_kalman_options *options, double threshold, ssm_finding *out,
                           size_t capacity, size_t *count, ssm_arena *arena)
{
    const size_t p = model->p, r = model->r;
    double *epsilon = SSMI_ALLOC(arena, double, p *length), *eta = SSMI_ALLOC(arena, double, r *length);
    ssm_finding *all = SSMI_ALLOC(arena, ssm_finding, (p + r) * length);
    if (epsilon == NULL || eta == NULL || all == NULL) return SSM_E_MEMORY;
    SSMI_TRY(auxiliary(model, y, length, options, epsilon, eta, arena));
    const double tests = count_numbers(epsilon, p * length) + count_numbers(eta, r * length);
    size_t n = 0;
    for (size_t i = 0; i < p; i++)
        n += collect(all + n, SSM_FINDING_OUTLIER, epsilon, i, p, length, threshold);
    for (size_t i = 0; i < r; i++) n += collect(all + n, SSM_FINDING_BREAK, eta, i, r, length, threshold);
    for (size_t k = 0; k < n; k++)
        all[k].p_value = fmin(1.0, 2.0 * gsl_cdf_ugaussian_Q(fabs(all[k].residual)) * tests);
    if (n > 0) qsort(all, n, sizeof *all, by_size);
    if (capacity > 0) memcpy(out, all, (n < capacity ? n : capacity) * sizeof *all);
    *count = n;
    return SSM_OK;
}

ssm_status ssm_kalman_findings(ssm_context *ctx, const ssm_statespace *model, const double *y, size_t length,
                               const ssm_kalman_options *options, double threshold, ssm_finding *out,
                               size_t capacity, size_t *count)
{
    if (count == NULL || (out == NULL && capacity > 0))
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "places for the findings and their number must be given");
    SSMI_TRY(ssmi_kalman_check_call(ctx, model, y, length, 0));
    if (!(threshold >= 0.0)) return ssmi_fail(ctx, SSM_E_ARGUMENT, "the threshold must not be negative");
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status =
        findings(model, y, length, options, threshold == 0.0 ? 3.0 : threshold, out, capacity, count, &arena);
    ssmi_arena_clear(&arena);
    return status;
}
