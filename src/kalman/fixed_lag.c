/* Fixed-lag smoothing: the backward recursion of the fixed-interval smoother over a ring of the last rows.
 *
 *     r = 0, N = 0;   for t = T, T-1, ..., T - back:   through the scalars of row t;   through T_{t-1}
 *     alpha_{T-back | T} = a + P r,   Var = P - P N P              (see kalman/backward.h for a diffuse
 * start) Each row of the ring holds what the filter knew before it and what its updates returned. Once the
 * filter has settled over the whole window, the variance is that of the call before, and only r is carried.
 *
 * Known value: with a lag as long as the series it is the fixed-interval smoother: Nile, variances 15099 and
 * 1469.1: 1111.66831913 for the first of 100 rows. */
#include "core/dense.h"
#include "kalman/backward.h"
#include "kalman/filter.h"
#include <ssmcast/smoothers.h>

#include <math.h>
#include <string.h>

/* One row of the ring. */
typedef struct lagged {
    double *y, *a, *P, *A, *M, *Minf; /* (p), (n), (n, n), (n, n), (n, p), (n, p) */
    ssmi_innovation *innovation;      /* (p) */
    size_t n_diffuse;                 /* columns of A */
} lagged;

struct ssm_fixed_lag {
    ssm_context *ctx;
    ssm_arena arena;
    ssm_statespace model;
    ssmi_kalman_filter filter;
    ssmi_kalman_run run;
    ssmi_kalman_backward back;
    size_t lag, rows;                    /* rows taken so far */
    lagged *ring;                        /* (lag + 1) row t at t % (lag + 1) */
    double *alpha, *V, *Pinf, *W, *work; /* (n), (n, n), (n, n), (n, n), (n, n) */
    double *check;                       /* (m, m), m = max(n, p); NULL when nothing varies */
    size_t steady_rows;                  /* that came last, one after the other, with settled covariances */
    size_t settled_back;                 /* V is the settled variance so many rows back; SIZE_MAX: of none */
    int broken;
};

static lagged *row_of(ssm_fixed_lag *f, size_t t)
{
    return f->ring + t % (f->lag + 1);
}

static ssm_status open_ring(ssm_fixed_lag *f)
{
    const size_t n = f->model.n, p = f->model.p, each = p + n + 2 * n * n + 2 * n * p, rows = f->lag + 1;
    double *number = ssmi_arena_alloc(&f->arena, rows, each * sizeof *number);
    ssmi_innovation *innovation = ssmi_arena_alloc(&f->arena, rows, p * sizeof *innovation);
    f->ring = SSMI_ALLOC(&f->arena, lagged, rows);
    if (number == NULL || innovation == NULL || f->ring == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < rows; k++, number += each) {
        lagged *row = f->ring + k;
        row->y = number;
        row->a = row->y + p;
        row->P = row->a + n;
        row->A = row->P + n * n;
        row->M = row->A + n * n;
        row->Minf = row->M + n * p;
        row->innovation = innovation + k * p;
    }
    return SSM_OK;
}

static ssm_status open_handle(ssm_fixed_lag *f, const ssm_kalman_options *options)
{
    const size_t n = f->model.n, most = n > f->model.p ? n : f->model.p;
    SSMI_TRY(ssmi_kalman_filter_init(&f->filter, &f->model, &f->arena));
    SSMI_TRY(ssmi_kalman_backward_init(&f->back, n, &f->arena));
    SSMI_TRY(open_ring(f));
    f->alpha = SSMI_ALLOC(&f->arena, double, n + 4 * n * n);
    const int varies = !ssmi_is_time_invariant(&f->model);
    f->check = varies ? SSMI_ALLOC(&f->arena, double, most *most) : NULL;
    if (f->alpha == NULL || (varies && f->check == NULL)) return SSM_E_MEMORY;
    f->V = f->alpha + n;
    f->Pinf = f->V + n * n;
    f->W = f->Pinf + n * n;
    f->work = f->W + n * n;
    f->settled_back = SIZE_MAX;
    ssmi_kalman_run_start(&f->run, &f->filter, options, NULL);
    return SSM_OK;
}

ssm_status ssm_fixed_lag_new(ssm_context *ctx, const ssm_statespace *model, size_t lag,
                             const ssm_kalman_options *options, ssm_fixed_lag **out)
{
    if (model == NULL || out == NULL) return ssmi_fail(ctx, SSM_E_ARGUMENT, "model and handle must be given");
    if (lag >= SIZE_MAX / 2) return ssmi_fail(ctx, SSM_E_ARGUMENT, "the lag is out of range");
    SSMI_TRY(ssm_statespace_check(ctx, model, 1));
    ssm_fixed_lag *f = ssmi_resize(ctx, NULL, 1, sizeof *f);
    if (f == NULL) return SSM_E_MEMORY;
    *f = (ssm_fixed_lag){.ctx = ctx, .model = *model, .lag = lag};
    ssmi_arena_init(&f->arena, ctx);
    const ssm_status status = open_handle(f, options);
    if (status != SSM_OK) {
        ssm_fixed_lag_free(f);
        return status;
    }
    *out = f;
    return SSM_OK;
}

void ssm_fixed_lag_free(ssm_fixed_lag *f)
{
    if (f == NULL) return;
    ssmi_arena_clear(&f->arena);
    ssmi_release(f->ctx, f);
}

static void keep_before(ssm_fixed_lag *f, lagged *row, const double *y)
{
    const ssmi_kalman_state *s = &f->filter.state;
    const size_t n = s->n;
    memcpy(row->y, y, f->model.p * sizeof *y);
    memcpy(row->a, s->a, n * sizeof(double));
    memcpy(row->P, s->P, n * n * sizeof(double));
    memcpy(row->A, s->A, n * s->n_diffuse * sizeof(double));
    row->n_diffuse = s->n_diffuse;
}

static void keep_after(ssm_fixed_lag *f, lagged *row)
{
    const size_t n = f->model.n, p = f->model.p;
    memcpy(row->M, f->filter.M, n * p * sizeof(double));
    memcpy(row->Minf, f->filter.Minf, n * p * sizeof(double));
    memcpy(row->innovation, f->filter.row, p * sizeof *row->innovation);
}

ssm_status ssm_fixed_lag_push(ssm_fixed_lag *f, const double *y)
{
    if (f->broken) return ssmi_fail(f->ctx, SSM_E_STATE, "the filter has failed on an earlier row");
    for (size_t i = 0; i < f->model.p; i++) {
        if (isinf(y[i])) return ssmi_fail(f->ctx, SSM_E_DATA, "row %zu: infinite observation", f->rows);
    }
    if (f->check != NULL) SSMI_TRY(ssmi_statespace_check_row(f->ctx, &f->model, f->rows, f->check));
    lagged *row = row_of(f, f->rows);
    const size_t steady_before = f->run.summary.n_steady;
    keep_before(f, row, y);
    const ssm_status status = ssmi_kalman_run_row(&f->run, f->rows, y);
    f->broken = status != SSM_OK;
    if (f->broken) return status;
    keep_after(f, row);
    f->rows++;
    f->steady_rows = f->run.summary.n_steady > steady_before ? f->steady_rows + 1 : 0;
    if (f->steady_rows == 0) f->settled_back = SIZE_MAX;
    return SSM_OK;
}

/* Back through row t; `settled`: means alone. */
static void pass_row(ssm_fixed_lag *f, size_t t, int settled)
{
    const lagged *row = row_of(f, t);
    const size_t n = f->model.n;
    const int diffuse = row->n_diffuse > 0;
    const ssmi_observation observed = ssmi_kalman_observe(&f->filter.system, row->y);
    for (size_t i = f->model.p; i-- > 0;) {
        if (settled)
            ssmi_kalman_backward_mean(&f->back, observed.Z, i, row->innovation + i, row->M + i * n, NULL, 0);
        else
            ssmi_kalman_backward_update(&f->back, observed.Z, i, row->innovation + i, row->M + i * n,
                                        row->Minf + i * n, diffuse);
    }
}

static void run_back(ssm_fixed_lag *f, size_t back, int settled)
{
    const size_t last = f->rows - 1;
    int diffuse_after = 0;
    ssmi_kalman_backward_reset(&f->back);
    for (size_t t = last;; t--) {
        ssmi_kalman_system_at(&f->filter.system, t);
        if (t < last && settled) ssmi_kalman_backward_predict_mean(&f->back, &f->filter.system.Tt, 0);
        if (t < last && !settled) ssmi_kalman_backward_predict(&f->back, &f->filter.system.Tt, diffuse_after);
        pass_row(f, t, settled);
        diffuse_after = row_of(f, t)->n_diffuse > 0;
        if (t == last - back) return;
    }
}

static void find_mean(ssm_fixed_lag *f, const lagged *row)
{
    ssmi_smoothed_mean(f->alpha, &f->back, row->a, row->P, row->A, row->n_diffuse, f->Pinf, f->work);
}

ssm_status ssm_fixed_lag_state(ssm_fixed_lag *f, size_t back, double *alpha, double *V)
{
    const size_t n = f->model.n;
    if (f->broken) return ssmi_fail(f->ctx, SSM_E_STATE, "the filter has failed on an earlier row");
    if (back > f->lag)
        return ssmi_fail(f->ctx, SSM_E_ARGUMENT, "%zu rows back are more than the lag of %zu", back, f->lag);
    if (back >= f->rows)
        return ssmi_fail(f->ctx, SSM_E_STATE, "no row lies %zu back, %zu have come", back, f->rows);
    SSMI_TRY(ssmi_kalman_require_known(&f->filter));
    const int settled = f->settled_back == back;
    const lagged *row = row_of(f, f->rows - 1 - back);
    run_back(f, back, settled);
    find_mean(f, row);
    if (!settled) {
        const int indefinite = ssmi_smoothed_variance(f->V, &f->back, row->P, f->Pinf, row->n_diffuse, f->W,
                                                      f->work, f->filter.system.T.wide);
        if (indefinite && V != NULL)
            return ssmi_fail(f->ctx, SSM_E_NUMERIC,
                             "the variance %zu rows back has lost its digits: the rows so far hardly tell "
                             "the diffuse start",
                             back);
        f->settled_back = f->steady_rows > back ? back : SIZE_MAX;
    }
    if (alpha != NULL) memcpy(alpha, f->alpha, n * sizeof(double));
    if (V != NULL) memcpy(V, f->V, n * n * sizeof(double));
    return SSM_OK;
}
