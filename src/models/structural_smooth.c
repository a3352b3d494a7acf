/* Smoothing components without smoothing states.
 *
 *   forwards   before row t:  m_k = z_k' a,  w_k = P z_k,  V_k = z_k' w_k     (z_k: what component k reads)
 *   backwards  mean m_k + w_k' r0,   variance V_k - w_k' N0 w_k
 * and while the start is diffuse, with d_k = Pinf z_k:
 *              mean + d_k' r1,       variance - 2 d_k' N1 w_k - d_k' N2 d_k
 * (Durbin & Koopman 2012, sec. 4.4, 5.3, read out by z_k). It stores n numbers for each component and row in
 * place of n squared, and none for rows on which the variances had settled. With u, D of the observation and
 * r, N of the rows after t, the auxiliary residuals are u / sqrt(D) and r / sqrt(N) at the level.
 *
 * Known value: Nile, variances 15099 and 1469.1: first level 1111.66831913, variance 4032.15794181. */
#include "models/structural_smooth.h"

#include <math.h>
#include <string.h>

/* What the filter knew before a row. */
typedef struct row_record {
    ssmi_innovation innovation;
    size_t n_diffuse;
    const double *M, *w;    /* (n), (n, n_components + 1) */
    const double *Minf, *d; /* the same of the diffuse part; NULL without */
} row_record;

/* A guess that closes an open direction after the last row. */
typedef struct closing {
    size_t column;
    ssmi_innovation innovation;
    double *M, *Minf;
} closing;

typedef struct smoother {
    const ssmi_structural_smooth *out;
    const ssmi_structural_matrices *m;
    const ssmi_component *component;
    size_t n, n_components, length;
    ssmi_kalman_filter filter;
    ssmi_kalman_run run;
    ssmi_kalman_backward back;
    row_record *row; /* (length) */
    closing *closing;
    size_t n_closings;
    int was_diffuse; /* after the last row, before the closing */
    size_t *column;  /* of one component, and its values */
    double *value, *work;
    ssm_arena *tmp;
    ssm_status failure; /* of a callback */
} smoother;

static ssm_status open_smoother(smoother *s)
{
    s->row = SSMI_ALLOC(s->tmp, row_record, s->length);
    s->closing = SSMI_ALLOC(s->tmp, closing, s->n);
    s->column = SSMI_ALLOC(s->tmp, size_t, 2 * s->n);
    s->value = SSMI_ALLOC(s->tmp, double, 2 * s->n);
    s->work = SSMI_ALLOC(s->tmp, double, s->n);
    if (s->row == NULL || s->closing == NULL || s->column == NULL || s->value == NULL || s->work == NULL)
        return SSM_E_MEMORY;
    SSMI_TRY(ssmi_structural_filter(&s->filter, s->m, s->tmp));
    ssmi_kalman_run_start(&s->run, &s->filter, NULL, NULL);
    return ssmi_kalman_backward_init(&s->back, s->n, s->tmp);
}

/* ---- forwards ---- */

static double dot(const double *x, const double *y, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

/* Entries of component k, or of the whole row of Z for k = n_components. */
static size_t read(smoother *s, size_t k)
{
    const ssmi_rows *Z = &s->filter.system.Z;
    if (k < s->n_components) return ssmi_component_read(s->component + k, s->m->s, Z, s->column, s->value);
    memcpy(s->column, Z->column, Z->start[1] * sizeof *s->column);
    memcpy(s->value, Z->value, Z->start[1] * sizeof *s->value);
    return Z->start[1];
}

/* w = P z of the entries read last. */
static void times_variance(const smoother *s, double *w, size_t entries)
{
    const double *P = s->filter.state.P;
    for (size_t e = 0; e < entries; e++) {
        for (size_t i = 0; i < s->n; i++) w[i] += s->value[e] * P[i + s->column[e] * s->n];
    }
}

/* d = A A' z. */
static void times_diffuse(const smoother *s, double *d, size_t entries)
{
    const ssmi_kalman_state *state = &s->filter.state;
    for (size_t j = 0; j < state->n_diffuse; j++) {
        const double *a = state->A + j * s->n;
        double sum = 0.0;
        for (size_t e = 0; e < entries; e++) sum += s->value[e] * a[s->column[e]];
        for (size_t i = 0; i < s->n; i++) d[i] += sum * a[i];
    }
}

static double dot_entries(const smoother *s, const double *x, size_t entries)
{
    double sum = 0.0;
    for (size_t e = 0; e < entries; e++) sum += s->value[e] * x[s->column[e]];
    return sum;
}

/* Means and variances before row t; w (n, n_components + 1) is NULL when the variances are the last row's. */
static void look(smoother *s, size_t t, double *w, double *d)
{
    const size_t width = s->n_components + 1;
    double *mean = s->out->mean + t * width, *variance = s->out->variance + t * width;
    for (size_t k = 0; k < width; k++) {
        const size_t entries = read(s, k);
        mean[k] = dot_entries(s, s->filter.state.a, entries);
        if (w == NULL) {
            variance[k] = variance[k - width];
            continue;
        }
        times_variance(s, w + k * s->n, entries);
        if (d != NULL) times_diffuse(s, d + k * s->n, entries);
        variance[k] = dot_entries(s, w + k * s->n, entries);
    }
}

/* Memory of a row: w and M, and when the start is still diffuse d and Minf. */
static ssm_status new_block(smoother *s, size_t t, double **w, double **d)
{
    const size_t width = s->out->mean != NULL ? s->n_components + 1 : 0, size = s->n * (width + 1);
    row_record *row = s->row + t;
    *w = SSMI_ALLOC(s->tmp, double, size);
    *d = row->n_diffuse > 0 ? SSMI_ALLOC(s->tmp, double, size) : NULL;
    if (*w == NULL || (row->n_diffuse > 0 && *d == NULL)) return SSM_E_MEMORY;
    row->w = *w;
    row->d = *d;
    row->M = *w + s->n * width;
    row->Minf = *d != NULL ? *d + s->n * width : NULL;
    return SSM_OK;
}

static ssm_status forward_row(smoother *s, size_t t, double y)
{
    row_record *row = s->row + t;
    double *w = NULL, *d = NULL;
    ssmi_kalman_system_at(&s->filter.system, t);
    const int settled = s->run.steady && !isnan(y);
    row->n_diffuse = s->filter.state.n_diffuse;
    if (settled) {
        row->M = row[-1].M;
        row->w = row[-1].w;
    } else {
        SSMI_TRY(new_block(s, t, &w, &d));
    }
    if (s->out->mean != NULL) look(s, t, w, d);
    SSMI_TRY(ssmi_kalman_run_row(&s->run, t, &y));
    row->innovation = s->filter.row[0];
    if (settled) return SSM_OK;
    memcpy(w + (row->M - w), s->filter.M, s->n * sizeof(double));
    if (d != NULL) memcpy(d + (row->Minf - d), s->filter.Minf, s->n * sizeof(double));
    return SSM_OK;
}

static void taken(void *user, const ssmi_rows *Z, size_t i, const ssmi_innovation *in, const double *M,
                  const double *Minf)
{
    smoother *s = user;
    closing *c = s->closing + s->n_closings++;
    *c = (closing){.column = Z->column[Z->start[i]],
                   .innovation = *in,
                   .M = SSMI_ALLOC(s->tmp, double, s->n),
                   .Minf = SSMI_ALLOC(s->tmp, double, s->n)};
    if (c->M == NULL || c->Minf == NULL) {
        s->failure = SSM_E_MEMORY;
        return;
    }
    memcpy(c->M, M, s->n * sizeof(double));
    memcpy(c->Minf, Minf, s->n * sizeof(double));
}

static ssm_status forecast(smoother *s, size_t horizon)
{
    const size_t width = s->n_components + 1;
    ssmi_kalman_system *system = &s->filter.system;
    double *w = SSMI_ALLOC(s->tmp, double, s->n *width);
    if (w == NULL) return SSM_E_MEMORY;
    for (size_t t = s->length; t < s->length + horizon && s->out->mean != NULL; t++) {
        ssmi_kalman_system_at(system, t);
        memset(w, 0, s->n * width * sizeof(double));
        look(s, t, w, NULL);
        ssmi_kalman_predict(&s->filter.state, &system->T, &system->shock, NULL);
    }
    return SSM_OK;
}

static ssm_status run_forwards(smoother *s, const double *y, size_t horizon)
{
    for (size_t t = 0; t < s->length; t++) SSMI_TRY(forward_row(s, t, y[t]));
    s->was_diffuse = s->filter.state.n_diffuse > 0;
    SSMI_TRY(ssmi_structural_close(s->m, &s->filter.state, taken, s, s->tmp));
    SSMI_TRY(s->failure);
    return forecast(s, horizon);
}

/* ---- backwards ---- */

static void times_back(const smoother *s, const double *N, const double *x)
{
    memset(s->work, 0, s->n * sizeof(double));
    for (size_t j = 0; j < s->n; j++) {
        for (size_t i = 0; i < s->n; i++) s->work[i] += N[i + j * s->n] * x[j];
    }
}

/* What the rows from t on add to the means and take from the variances. */
static void smooth_row(smoother *s, size_t t)
{
    const size_t width = s->n_components + 1, n = s->n;
    const row_record *row = s->row + t;
    double *mean = s->out->mean + t * width, *variance = s->out->variance + t * width;
    for (size_t k = 0; k < width; k++) {
        const double *w = row->w + k * n, *d = row->d != NULL ? row->d + k * n : NULL;
        mean[k] += dot(w, s->back.r0, n);
        times_back(s, s->back.N0, w);
        variance[k] -= dot(w, s->work, n);
        if (d != NULL) {
            mean[k] += dot(d, s->back.r1, n);
            times_back(s, s->back.N1, w);
            variance[k] -= 2.0 * dot(d, s->work, n);
            times_back(s, s->back.N2, d);
            variance[k] -= dot(d, s->work, n);
        }
        variance[k] = fmax(variance[k], 0.0);
    }
}

/* r / sqrt(N) of the level, from the rows after t: the shock that leads to row t + 1. */
static void store_shift(smoother *s, size_t t)
{
    const ssmi_part *trend = ssmi_structural_part(s->m->s, SSMI_TREND);
    const size_t k = trend != NULL ? trend->state : 0;
    if (s->out->shift == NULL || t + 1 >= s->length) return;
    const double N = s->back.N0[k * (s->n + 1)];
    s->out->shift[t + 1] = N > 0.0 ? s->back.r0[k] / sqrt(N) : NAN;
}

static void store_residuals(smoother *s, size_t t, ssmi_smoothed_error e)
{
    const ssmi_innovation *in = &s->row[t].innovation;
    const int ordinary = in->kind == SSMI_KALMAN_ORDINARY;
    if (s->out->innovation != NULL) s->out->innovation[t] = ordinary ? in->v / sqrt(in->F) : NAN;
    if (s->out->outlier != NULL) s->out->outlier[t] = e.D > 0.0 ? e.u / sqrt(e.D) : NAN;
}

static void pass_closings(smoother *s)
{
    for (size_t k = s->n_closings; k-- > 0;) {
        const closing *c = s->closing + k;
        size_t start[2] = {0, 1}, column[1] = {c->column};
        double one[1] = {1.0};
        const ssmi_rows Z = {.n_rows = 1, .start = start, .column = column, .value = one};
        ssmi_kalman_backward_update(&s->back, &Z, 0, &c->innovation, c->M, c->Minf, 1);
    }
}

static void run_backwards(smoother *s)
{
    ssmi_kalman_system *system = &s->filter.system;
    ssmi_kalman_backward_reset(&s->back);
    pass_closings(s);
    for (size_t t = s->length; t-- > 0;) {
        const row_record *row = s->row + t;
        const int after = t + 1 < s->length ? row[1].n_diffuse > 0 : s->was_diffuse;
        ssmi_kalman_system_at(system, t);
        store_shift(s, t);
        ssmi_kalman_backward_predict(&s->back, &system->Tt, after);
        const ssmi_smoothed_error e = ssmi_kalman_backward_update(&s->back, &system->Z, 0, &row->innovation,
                                                                  row->M, row->Minf, row->n_diffuse > 0);
        store_residuals(s, t, e);
        if (s->out->mean != NULL) smooth_row(s, t);
    }
    if (s->out->shift != NULL && s->length > 0) s->out->shift[0] = NAN;
}

ssm_status ssmi_structural_smooth_run(const ssmi_structural_smooth *out, const ssmi_structural_matrices *m,
                                      const ssmi_component *component, size_t n_components, const double *y,
                                      size_t length, size_t horizon, ssm_arena *tmp)
{
    smoother s = {.out = out,
                  .m = m,
                  .component = component,
                  .n = m->model.n,
                  .n_components = n_components,
                  .length = length,
                  .tmp = tmp};
    SSMI_TRY(open_smoother(&s));
    SSMI_TRY(run_forwards(&s, y, horizon));
    run_backwards(&s);
    return SSM_OK;
}
