#include "models/structural_decompose.h"

#include "models/structural_smooth.h"

#include <math.h>

typedef struct work {
    const ssmi_structural_choice *choice;
    const ssmi_component *component;
    size_t n_components, rows, first; /* first: phase of row 0 */
    double irregular;                 /* its variance, in model units */
    double *x, *mean, *variance;      /* (length), (rows, n_components + 1) twice */
} work;

static double clamp_finite(double x)
{
    return fmin(fmax(x, -1.7e308), 1.7e308);
}

/* The value of the patterns of one period. */
static double pattern_of(const ssmi_pattern *p, size_t period, size_t row)
{
    double sum = 0.0;
    for (size_t k = 0; k < p->n; k++) sum += p->period[k] == period ? p->value[k][row % period] : 0.0;
    return sum;
}

/* Component k of row t in the units of the look: a term, or the logarithm of a factor. */
static double term(const work *w, size_t t, size_t k)
{
    const ssmi_component *c = w->component + k;
    const double scale = w->choice->scale > 0.0 ? w->choice->scale : 1.0;
    double x = w->mean[t * (w->n_components + 1) + k];
    if (c->period > 0) x += pattern_of(&w->choice->pattern, c->period, w->first + t);
    return scale * x + (c->is_level ? w->choice->center : 0.0);
}

/* Standard deviation of a value whose term has this variance, `at` being the value itself. */
static double deviation(const work *w, double at, double variance)
{
    const double s = (w->choice->scale > 0.0 ? w->choice->scale : 1.0) * sqrt(variance);
    if (!w->choice->logged) return clamp_finite(s);
    return clamp_finite(at * exp(fmin(0.5 * s * s, 350.0)) * sqrt(expm1(fmin(s * s, 350.0))));
}

static void write_row(const work *w, size_t t, ssm_decomposition *out)
{
    const int logged = w->choice->logged;
    const size_t n = w->n_components;
    const double *variance = w->variance + t * (n + 1);
    double signal = logged ? 1.0 : 0.0;
    for (size_t k = 0; k < n; k++) {
        const double x = term(w, t, k), value = clamp_finite(logged ? exp(fmin(x, 709.0)) : x);
        signal = clamp_finite(logged ? signal * value : signal + value);
        if (out->component != NULL) out->component[t * n + k] = value;
        if (out->component_sd != NULL) out->component_sd[t * n + k] = deviation(w, value, variance[k]);
    }
    if (out->signal != NULL) out->signal[t] = signal;
    if (out->signal_sd != NULL) out->signal_sd[t] = deviation(w, signal, variance[n]);
    if (out->observation_sd != NULL)
        out->observation_sd[t] = deviation(w, signal, variance[n] + w->irregular);
}

static ssm_status open_work(work *w, const ssm_series *history, size_t horizon, ssm_arena *tmp)
{
    w->rows = history->length + horizon;
    if (w->rows < horizon) return ssmi_fail(tmp->ctx, SSM_E_MEMORY, "horizon %zu is too long", horizon);
    w->first = ssmi_first_row(history, ssmi_pattern_cycle(&w->choice->pattern));
    w->x = SSMI_ALLOC(tmp, double, history->length);
    w->mean = ssmi_arena_alloc(tmp, w->rows, (w->n_components + 1) * sizeof(double));
    w->variance = ssmi_arena_alloc(tmp, w->rows, (w->n_components + 1) * sizeof(double));
    if (w->x == NULL || w->mean == NULL || w->variance == NULL) return SSM_E_MEMORY;
    for (size_t t = 0; t < history->length; t++)
        w->x[t] = ssmi_structural_value(w->choice, history->value[t], w->first + t);
    return SSM_OK;
}

ssm_status ssmi_structural_decompose(const ssmi_structural_choice *choice, const ssmi_component *component,
                                     size_t n_components, const ssm_series *history, ssm_decomposition *out,
                                     ssm_arena *tmp)
{
    work w = {.choice = choice,
              .component = component,
              .n_components = n_components,
              .irregular = choice->structure.parameter[0]};
    ssmi_structural_matrices m;
    const ssmi_structural_rows rows = {
        .x = history->exogenous, .n_x = history->n_exogenous, .first = ssmi_grid_row(history)};
    SSMI_TRY(open_work(&w, history, out->horizon, tmp));
    SSMI_TRY(ssmi_structural_build(&m, &choice->structure, &rows, tmp));
    const ssmi_structural_smooth smooth = {.mean = w.mean,
                                           .variance = w.variance,
                                           .innovation = out->innovation,
                                           .outlier = out->outlier,
                                           .shift = out->shift};
    SSMI_TRY(ssmi_structural_smooth_run(&smooth, &m, component, n_components, w.x, history->length,
                                        out->horizon, tmp));
    for (size_t t = 0; t < w.rows; t++) write_row(&w, t, out);
    out->multiplicative = choice->logged;
    return SSM_OK;
}
