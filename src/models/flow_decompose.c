/* The fixed-interval smoother on the matrices of the rows' own gaps (Durbin & Koopman 2012, sec. 4.4, 4.5);
 * rows to come are rows without a value. Odd rows show in the auxiliary residuals (Harvey & Koopman 1992):
 * smoothed errors over the standard deviations of these smoothed errors. */
#include "models/flow_decompose.h"

#include <math.h>
#include <ssmcast/kalman.h>
#include <string.h>

static const char *const season_names[SSM_MAX_PERIODS] = {"seasonal", "seasonal_2", "seasonal_3"};

const char *ssmi_flow_component(const ssmi_flow *flow, size_t i)
{
    if (i == 0) return "level";
    i--;
    if (flow->cycle != SSMI_FLOW_NONE && i-- == 0) return "cycle";
    return i < flow->n_seasons ? season_names[i] : NULL;
}

/* The smoothed states and how they add up. */
typedef struct smoothed {
    ssm_statespace model;
    ssmi_part part[SSMI_FLOW_PARTS];
    size_t n_parts, n, rows; /* parts, states, rows with those to come */
    size_t n_components;
    size_t component[2 * SSMI_FLOW_PARTS]; /* (n) of each state that adds to y; n_components: it does not */
    double *y, *alpha, *V, *epsilon, *epsilon_var, *eta, *eta_var;
} smoothed;

/* The first state of each part belongs to a component. */
static void assign(smoothed *s, const ssmi_flow *flow)
{
    size_t at = 0, season = 0, within = 0;
    const size_t seasons = 1 + (flow->cycle != SSMI_FLOW_NONE);
    s->n_components = seasons + flow->n_seasons;
    for (size_t b = 0; b < s->n_parts; b++) {
        s->component[at] = b < seasons ? b : seasons + season;
        if (b >= seasons && ++within == flow->harmonics[season]) {
            season++;
            within = 0;
        }
        if (ssmi_part_states(s->part[b].motion) == 2) s->component[++at] = s->n_components;
        at++;
    }
    s->n = at;
}

static ssm_status smooth(smoothed *s, const ssmi_flow_view *view, ssm_arena *tmp)
{
    const size_t n = s->n, rows = s->rows;
    ssmi_continuous filter;
    double *after = SSMI_ALLOC(tmp, double, rows);
    s->y = SSMI_ALLOC(tmp, double, rows);
    s->alpha = ssmi_arena_alloc(tmp, rows, n * sizeof(double));
    s->V = ssmi_arena_alloc(tmp, rows, n * n * sizeof(double));
    s->epsilon = SSMI_ALLOC(tmp, double, rows);
    s->epsilon_var = SSMI_ALLOC(tmp, double, rows);
    s->eta = ssmi_arena_alloc(tmp, rows, n * sizeof(double));
    s->eta_var = ssmi_arena_alloc(tmp, rows, n * n * sizeof(double));
    if (after == NULL || s->y == NULL || s->alpha == NULL || s->V == NULL || s->epsilon == NULL ||
        s->epsilon_var == NULL || s->eta == NULL || s->eta_var == NULL)
        return SSM_E_MEMORY;
    for (size_t t = 0; t < rows; t++) {
        s->y[t] = t < view->length ? view->x[t] : NAN;
        after[t] = t + 1 < rows ? view->gap[t + 1] : 0.0;
    }
    SSMI_TRY(ssmi_continuous_init(&filter, s->part, s->n_parts, tmp));
    filter.irregular = view->flow->parameter[SSMI_FLOW_IRREGULAR];
    SSMI_TRY(ssmi_continuous_statespace(&s->model, &filter, after, rows, view->open, tmp));
    const ssm_kalman_smooth_output out = {.alpha = s->alpha,
                                          .V = s->V,
                                          .epsilon = s->epsilon,
                                          .epsilon_var = s->epsilon_var,
                                          .eta = s->eta,
                                          .eta_var = s->eta_var};
    return ssm_kalman_smooth(tmp->ctx, &s->model, s->y, rows, NULL, &out);
}

/* Mean and variance of the sum of the states of row t that belong to a component; n_components: of all. */
static void add_up(const smoothed *s, size_t t, size_t component, double *mean, double *variance)
{
    const size_t n = s->n;
    const double *a = s->alpha + t * n, *V = s->V + t * n * n;
    *mean = *variance = 0.0;
    for (size_t j = 0; j < n; j++) {
        const size_t of = s->component[j];
        if (of == s->n_components || (component < s->n_components && of != component)) continue;
        *mean += a[j];
        for (size_t i = 0; i < n; i++) {
            const size_t with = s->component[i];
            if (with < s->n_components && (component == s->n_components || with == component))
                *variance += V[i + j * n];
        }
    }
    *variance = fmax(*variance, 0.0);
}

static void write_row(const smoothed *s, const ssmi_flow_view *view, size_t t, ssm_decomposition *out)
{
    double mean, variance;
    const double scale = view->scale, irregular = view->flow->parameter[SSMI_FLOW_IRREGULAR];
    add_up(s, t, s->n_components, &mean, &variance);
    if (out->signal != NULL) out->signal[t] = view->center + scale * mean;
    if (out->signal_sd != NULL) out->signal_sd[t] = scale * sqrt(variance);
    if (out->observation_sd != NULL) out->observation_sd[t] = scale * sqrt(variance + irregular);
    for (size_t k = 0; k < s->n_components; k++) {
        const size_t at = t * s->n_components + k;
        add_up(s, t, k, &mean, &variance);
        if (out->component != NULL) out->component[at] = (k == 0 ? view->center : 0.0) + scale * mean;
        if (out->component_sd != NULL) out->component_sd[at] = scale * sqrt(variance);
    }
}

/* x over its standard deviation; NaN when that is nothing. */
static double standardised(double x, double variance, double of)
{
    return variance > 1e-12 * of ? x / sqrt(variance) : NAN;
}

static void write_residuals(const smoothed *s, const ssmi_flow_view *view, ssm_decomposition *out)
{
    const size_t n = s->n;
    const double H = view->flow->parameter[SSMI_FLOW_IRREGULAR];
    for (size_t t = 0; t < view->length; t++) {
        if (out->outlier != NULL)
            out->outlier[t] = isnan(s->y[t]) ? NAN : standardised(s->epsilon[t], H - s->epsilon_var[t], H);
        if (out->shift == NULL) continue;
        out->shift[t] = NAN;
        if (t == 0) continue;
        const double Q = s->model.Q.data[(t - 1) * n * n];
        out->shift[t] = standardised(s->eta[(t - 1) * n], Q - s->eta_var[(t - 1) * n * n], Q);
    }
}

static ssm_status write_innovations(smoothed *s, const ssmi_flow_view *view, double *innovation,
                                    ssm_arena *tmp)
{
    ssmi_continuous filter;
    SSMI_TRY(ssmi_continuous_init(&filter, s->part, s->n_parts, tmp));
    filter.irregular = view->flow->parameter[SSMI_FLOW_IRREGULAR];
    ssmi_continuous_start(&filter);
    for (size_t t = 0; t < view->length; t++) {
        if (t > 0) ssmi_continuous_advance(&filter, view->gap[t]);
        const ssmi_innovation in = ssmi_continuous_take(&filter, view->x[t]);
        innovation[t] = in.kind == SSMI_KALMAN_ORDINARY ? in.v / sqrt(in.F) : NAN;
    }
    return SSM_OK;
}

ssm_status ssmi_flow_decompose(const ssmi_flow_view *view, ssm_decomposition *out, ssm_arena *tmp)
{
    smoothed *s = SSMI_ALLOC(tmp, smoothed, 1);
    if (s == NULL) return SSM_E_MEMORY;
    s->rows = view->length + out->horizon;
    s->n_parts = ssmi_flow_parts(s->part, view->flow);
    assign(s, view->flow);
    SSMI_TRY(smooth(s, view, tmp));
    if (out->innovation != NULL) SSMI_TRY(write_innovations(s, view, out->innovation, tmp));
    for (size_t t = 0; t < s->rows; t++) write_row(s, view, t, out);
    write_residuals(s, view, out);
    out->multiplicative = out->states = 0;
    return SSM_OK;
}
