/* Given all rows of all series: what each has in common with the others and what is its own, by the
 * fixed-interval smoother on the split form. Innovations are those of the sequence of scalars, one series
 * after the other within a row, so that they are independent. */
#include "models/shared_decompose.h"

#include <math.h>
#include <ssmcast/kalman.h>

typedef struct smoothed {
    const ssmi_shared_view *view;
    ssmi_shared_matrices split;
    size_t n, p, own; /* states; series; states that belong to one series */
    double *alpha, *V, *epsilon, *epsilon_var, *eta, *eta_var;
    double *v, *F, *Finf; /* innovations */
    double *weight;       /* (n) */
} smoothed;

static ssm_status alloc_smoothed(smoothed *s, ssm_arena *tmp)
{
    const size_t rows = s->view->rows, n = s->n, p = s->p, unit = sizeof(double);
    s->alpha = ssmi_arena_alloc(tmp, rows, n * unit);
    s->V = ssmi_arena_alloc(tmp, rows, n * n * unit);
    s->epsilon = ssmi_arena_alloc(tmp, rows, p * unit);
    s->epsilon_var = ssmi_arena_alloc(tmp, rows, p * p * unit);
    s->eta = ssmi_arena_alloc(tmp, rows, n * unit);
    s->eta_var = ssmi_arena_alloc(tmp, rows, n * n * unit);
    s->v = ssmi_arena_alloc(tmp, rows, p * unit);
    s->F = ssmi_arena_alloc(tmp, rows, p * unit);
    s->Finf = ssmi_arena_alloc(tmp, rows, p * unit);
    s->weight = SSMI_ALLOC(tmp, double, n);
    const int failed = s->alpha == NULL || s->V == NULL || s->epsilon == NULL || s->epsilon_var == NULL ||
                       s->eta == NULL || s->eta_var == NULL || s->v == NULL || s->F == NULL ||
                       s->Finf == NULL || s->weight == NULL;
    return failed ? SSM_E_MEMORY : SSM_OK;
}

static ssm_status smooth(smoothed *s, ssm_arena *tmp)
{
    const ssmi_shared_view *view = s->view;
    SSMI_TRY(ssmi_shared_split(&s->split, view->shared, view->open, tmp));
    s->n = s->split.model.n;
    s->p = view->shared->p;
    s->own = view->shared->blocks * s->p;
    SSMI_TRY(alloc_smoothed(s, tmp));
    const ssm_kalman_smooth_output out = {.alpha = s->alpha,
                                          .V = s->V,
                                          .epsilon = s->epsilon,
                                          .epsilon_var = s->epsilon_var,
                                          .eta = s->eta,
                                          .eta_var = s->eta_var};
    SSMI_TRY(ssm_kalman_smooth(tmp->ctx, &s->split.model, view->y, view->rows, NULL, &out));
    const ssm_kalman_output filtered = {.v = s->v, .F = s->F, .Finf = s->Finf};
    return ssm_kalman_filter(tmp->ctx, &s->split.model, view->y, view->rows, NULL, &filtered, NULL);
}

/* Mean and variance of weight'x, with x ~ (mean, V). */
static void combine(const smoothed *s, const double *mean, const double *V, double *out, double *variance)
{
    *out = *variance = 0.0;
    for (size_t j = 0; j < s->n; j++) {
        if (s->weight[j] == 0.0) continue;
        *out += s->weight[j] * mean[j];
        for (size_t i = 0; i < s->n; i++) *variance += s->weight[i] * s->weight[j] * V[i + j * s->n];
    }
    *variance = fmax(*variance, 0.0);
}

enum { COMMON, OWN, ALL };

/* How states add up to series i, or to a part of it. */
static void weigh(smoothed *s, size_t i, int part)
{
    for (size_t j = 0; j < s->n; j++) {
        const int is_own = j < s->own;
        s->weight[j] = part == ALL || is_own == (part == OWN) ? s->split.Z[i + j * s->p] : 0.0;
    }
}

static void write_part(smoothed *s, size_t i, int part, double *mean, double *sd, size_t stride)
{
    const ssmi_shared_view *view = s->view;
    const double unit = view->scale[i] > 0.0 ? view->scale[i] : 1.0;
    weigh(s, i, part);
    for (size_t t = 0; t < view->rows; t++) {
        double m, v;
        combine(s, s->alpha + t * s->n, s->V + t * s->n * s->n, &m, &v);
        if (mean != NULL) mean[t * stride] = unit * m + (part == COMMON ? 0.0 : view->center[i]);
        if (sd != NULL) sd[t * stride] = unit * sqrt(v);
    }
}

static void write_observation(const smoothed *s, size_t i, const double *signal_sd, double *out)
{
    const double unit = s->view->scale[i] > 0.0 ? s->view->scale[i] : 1.0;
    for (size_t t = 0; t < s->view->rows; t++)
        out[t] = sqrt(signal_sd[t] * signal_sd[t] + unit * unit * s->view->shared->h[i]);
}

static double standardised(double x, double variance, double of)
{
    return variance > 1e-12 * of ? x / sqrt(variance) : NAN;
}

static void write_residuals(smoothed *s, size_t i, ssm_decomposition *out)
{
    const ssmi_shared *shared = s->view->shared;
    double Q = shared->d[i];
    for (size_t j = 0; j < s->n; j++) s->weight[j] = j == i ? 1.0 : 0.0;
    for (size_t k = 0; k < shared->rank; k++) { /* shocks of the level alone */
        const double loading = shared->L[i + k * s->p];
        s->weight[s->own + k] = loading;
        Q += loading * loading;
    }
    for (size_t t = 0; t < s->view->length; t++) {
        const size_t at = t * s->p + i;
        const double H = shared->h[i];
        double shock, variance;
        if (out->innovation != NULL)
            out->innovation[t] = s->Finf[at] > 0.0 ? NAN : standardised(s->v[at], s->F[at], s->F[at]);
        if (out->outlier != NULL)
            out->outlier[t] = isnan(s->view->y[at])
                                  ? NAN
                                  : standardised(s->epsilon[at], H - s->epsilon_var[at * s->p + i], H);
        if (out->shift == NULL) continue;
        out->shift[t] = NAN;
        if (t == 0) continue;
        combine(s, s->eta + (t - 1) * s->n, s->eta_var + (t - 1) * s->n * s->n, &shock, &variance);
        out->shift[t] = standardised(shock, Q - variance, Q);
    }
}

static ssm_status write_series(smoothed *s, size_t i, ssm_decomposition *out, ssm_arena *tmp)
{
    double *sd = out->signal_sd;
    if (sd == NULL) sd = SSMI_ALLOC(tmp, double, s->view->rows);
    if (sd == NULL) return SSM_E_MEMORY;
    write_part(s, i, ALL, out->signal, sd, 1);
    if (out->observation_sd != NULL) write_observation(s, i, sd, out->observation_sd);
    for (int part = COMMON; part <= OWN; part++)
        write_part(s, i, part, out->component != NULL ? out->component + part : NULL,
                   out->component_sd != NULL ? out->component_sd + part : NULL, 2);
    write_residuals(s, i, out);
    out->multiplicative = out->states = 0;
    return SSM_OK;
}

ssm_status ssmi_shared_decompose(const ssmi_shared_view *view, ssm_decomposition *out, ssm_arena *tmp)
{
    smoothed s = {.view = view};
    SSMI_TRY(smooth(&s, tmp));
    for (size_t i = 0; i < s.p; i++) SSMI_TRY(write_series(&s, i, out + i, tmp));
    return SSM_OK;
}
