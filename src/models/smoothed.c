/* States and residuals of a system, given all rows (Durbin & Koopman 2012, sec. 4.4, 4.5 and 2.12.2, 7.5).
 *
 *     signal = d + Z E(alpha),   Var = Z V Z',   of a value observed there + H
 *     outlier = E(eps) / sd(E(eps)),   Var E(eps) = H - Var(eps | y)     (auxiliary residuals, eq. 7.5.1)
 *     shift   = the largest of the shocks eta that led to the row, standardised in the same way
 *
 * Rows after the history are rows without values, so one pass gives history and forecast.
 * Known value: Nile, variances 15099 and 1469.1: the shift of 1899 is -3.3 or so, below every other. */
#include "models/smoothed.h"

#include "kalman/filter.h"

#include <math.h>

typedef struct work {
    const ssmi_smoothed_series *series;
    size_t n, p, r, length, rows; /* length: of the history; rows: with the horizon */
    double *y;                    /* (p, rows) */
    double *v, *F, *Finf;         /* (p, rows) */
    ssm_kalman_smooth_output smooth;
} work;

static ssm_status alloc_work(work *w, ssm_arena *tmp)
{
    const size_t n = w->n, p = w->p, r = w->r, rows = w->rows;
    w->y = ssmi_arena_alloc(tmp, rows, p * sizeof(double));
    w->v = ssmi_arena_alloc(tmp, rows, 3 * p * sizeof(double));
    w->smooth.alpha = ssmi_arena_alloc(tmp, rows, n * sizeof(double));
    w->smooth.V = ssmi_arena_alloc(tmp, rows, n * n * sizeof(double));
    w->smooth.epsilon = ssmi_arena_alloc(tmp, rows, p * sizeof(double));
    w->smooth.epsilon_var = ssmi_arena_alloc(tmp, rows, p * p * sizeof(double));
    w->smooth.eta = ssmi_arena_alloc(tmp, rows, r * sizeof(double));
    w->smooth.eta_var = ssmi_arena_alloc(tmp, rows, r * r * sizeof(double));
    if (w->y == NULL || w->v == NULL || w->smooth.alpha == NULL || w->smooth.V == NULL ||
        w->smooth.epsilon == NULL || w->smooth.epsilon_var == NULL || w->smooth.eta == NULL ||
        w->smooth.eta_var == NULL)
        return SSM_E_MEMORY;
    w->F = w->v + rows * p;
    w->Finf = w->F + rows * p;
    for (size_t t = 0; t < rows; t++) {
        for (size_t i = 0; i < p; i++) w->y[i + t * p] = t < w->length ? w->series->value[i][t] : NAN;
    }
    return SSM_OK;
}

static ssm_status run(work *w, ssm_arena *tmp)
{
    const ssm_kalman_output filter = {.v = w->v, .F = w->F, .Finf = w->Finf};
    ssm_kalman_summary summary;
    SSMI_TRY(ssm_kalman_filter(tmp->ctx, w->series->model, w->y, w->rows, NULL, &filter, &summary));
    return ssm_kalman_smooth(tmp->ctx, w->series->model, w->y, w->rows, NULL, &w->smooth);
}

static double entry(const double *matrix, size_t i)
{
    return matrix != NULL ? matrix[i] : 0.0;
}

/* Mean over the standard deviation of that mean; 0 when it cannot differ from 0. */
static double auxiliary(double mean, double prior, double posterior, double scale)
{
    const double variance = prior - posterior;
    return variance > 1e-12 * prior && scale > 0.0 ? mean / sqrt(scale) / sqrt(variance) : 0.0;
}

static void fill_signal(const work *w, ssm_decomposition *out, size_t i, size_t t)
{
    const ssm_statespace *m = w->series->model;
    const size_t n = w->n;
    const double *alpha = w->smooth.alpha + t * n, *V = w->smooth.V + t * n * n, *Z = m->Z.data;
    double mean = entry(m->d.data, i), variance = 0.0;
    for (size_t j = 0; j < n; j++) {
        const double z = Z[i + j * w->p];
        if (z == 0.0) continue;
        mean += z * alpha[j];
        for (size_t k = 0; k < n; k++) variance += z * V[j + k * n] * Z[i + k * w->p];
    }
    variance = fmax(variance, 0.0);
    if (out->signal != NULL) out->signal[t] = mean;
    if (out->signal_sd != NULL) out->signal_sd[t] = sqrt(w->series->scale * variance);
    if (out->observation_sd != NULL)
        out->observation_sd[t] = sqrt(w->series->scale * (variance + entry(m->H.data, i + i * w->p)));
}

static void fill_states(const work *w, ssm_decomposition *out, size_t t)
{
    const size_t n = w->n;
    const double *V = w->smooth.V + t * n * n;
    for (size_t j = 0; j < n; j++) {
        if (out->component != NULL) out->component[t * n + j] = w->smooth.alpha[t * n + j];
        if (out->component_sd != NULL)
            out->component_sd[t * n + j] = sqrt(w->series->scale * fmax(V[j + j * n], 0.0));
    }
}

static double largest_shock(const work *w, size_t t)
{
    const size_t r = w->r;
    double largest = 0.0;
    for (size_t k = 0; t > 0 && k < r; k++) {
        const double *eta = w->smooth.eta + (t - 1) * r, *variance = w->smooth.eta_var + (t - 1) * r * r;
        const double x =
            auxiliary(eta[k], w->series->model->Q.data[k + k * r], variance[k + k * r], w->series->scale);
        if (fabs(x) > fabs(largest)) largest = x;
    }
    return largest;
}

static void fill_residuals(const work *w, ssm_decomposition *out, size_t i, size_t t)
{
    const size_t p = w->p, at = i + t * p;
    const int missing = isnan(w->y[at]),
              known = !missing && w->series->scale * w->F[at] > 0.0 && !(w->Finf[at] > 0.0);
    if (out->innovation != NULL)
        out->innovation[t] = known ? w->v[at] / sqrt(w->series->scale * w->F[at]) : NAN;
    if (out->outlier != NULL)
        out->outlier[t] = missing
                              ? NAN
                              : auxiliary(w->smooth.epsilon[at], entry(w->series->model->H.data, i + i * p),
                                          w->smooth.epsilon_var[i + i * p + t * p * p], w->series->scale);
    if (out->shift != NULL) out->shift[t] = largest_shock(w, t);
}

ssm_status ssmi_smoothed_decompose(ssm_decomposition *out, const ssmi_smoothed_series *series, ssm_arena *tmp)
{
    const ssm_statespace *m = series->model;
    work w = {.series = series, .n = m->n, .p = m->p, .r = m->r, .length = series->length};
    for (size_t i = 0; i < m->p; i++) {
        if (out[i].horizon > w.rows) w.rows = out[i].horizon;
    }
    w.rows += w.length;
    SSMI_TRY(alloc_work(&w, tmp));
    SSMI_TRY(run(&w, tmp));
    for (size_t i = 0; i < m->p; i++) {
        out[i].multiplicative = 0;
        out[i].states = 1;
        for (size_t t = 0; t < w.length + out[i].horizon; t++) {
            fill_signal(&w, out + i, i, t);
            fill_states(&w, out + i, t);
            if (t < w.length) fill_residuals(&w, out + i, i, t);
        }
    }
    return SSM_OK;
}
