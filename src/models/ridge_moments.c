#include "models/ridge_moments.h"

#include <cblas.h>
#include <math.h>

/* A longer run is cut, which bounds scratch and the length of one sum. */
enum { MAX_RUN = 8192, REFRESH = 64 };

/* Scratch of one run. */
typedef struct run {
    const double *x;  /* (n + lookback + horizon - 1) from the first row of the first window */
    size_t n;         /* windows */
    double *sd;       /* (n) of each window */
    double *diagonal; /* (lookback + horizon) R_{i,i+d} of the present row i */
} run;

ssm_status ssmi_ridge_sums_new(ssmi_ridge_sums *out, size_t lookback, size_t horizon, ssm_arena *arena)
{
    size_t span = lookback + horizon;
    *out = (ssmi_ridge_sums){.lookback = lookback, .horizon = horizon};
    out->product = ssmi_arena_alloc(arena, lookback, span * sizeof(double));
    out->square = SSMI_ALLOC(arena, double, horizon);
    out->by_sd = SSMI_ALLOC(arena, double, span);
    return out->product && out->square && out->by_sd ? SSM_OK : SSM_E_MEMORY;
}

static double mean_of(const double *x, size_t n)
{
    double mean = x[0];
    for (size_t i = 0; i < n; i++) mean += (x[i] - x[0]) / (double)n;
    return mean;
}

/* Sliding sums of x - shift; shift and sums are made anew every REFRESH windows, so that rounding cannot
 * build up where windows are nearly constant. */
static void window_deviations(run *r, size_t lookback)
{
    double shift = 0, sum = 0, square = 0, n = (double)lookback;
    for (size_t s = 0; s < r->n; s++) {
        const double *w = r->x + s;
        if (s % REFRESH == 0) {
            shift = mean_of(w, lookback);
            sum = square = 0;
            for (size_t i = 0; i < lookback; i++) {
                sum += w[i] - shift;
                square += (w[i] - shift) * (w[i] - shift);
            }
        } else {
            double in = w[lookback - 1] - shift, out = w[-1] - shift;
            sum += in - out;
            square += in * in - out * out;
        }
        double variance = square / n - (sum / n) * (sum / n);
        r->sd[s] = variance > 0 ? sqrt(variance) : 0;
    }
}

static void add_products(ssmi_ridge_sums *sums, run *r)
{
    size_t span = sums->lookback + sums->horizon;
    for (size_t d = 0; d < span; d++) r->diagonal[d] = cblas_ddot((int)r->n, r->x, 1, r->x + d, 1);
    for (size_t i = 0; i < sums->lookback; i++) {
        const double *in = r->x + r->n + i, *out = r->x + i;
        double *row = sums->product + i * span + i;
        for (size_t d = 0; d < span - i; d++) row[d] += r->diagonal[d];
        if (i + 1 == sums->lookback) break;
        for (size_t d = 0; d < span - i - 1; d++) r->diagonal[d] += in[0] * in[d] - out[0] * out[d];
    }
}

static void add_squares(ssmi_ridge_sums *sums, const run *r)
{
    const double *y = r->x + sums->lookback;
    double square = cblas_ddot((int)r->n, y, 1, y, 1);
    for (size_t h = 0; h < sums->horizon; h++) {
        sums->square[h] += square;
        if (h + 1 < sums->horizon) square += y[r->n + h] * y[r->n + h] - y[h] * y[h];
    }
}

static void add_run(ssmi_ridge_sums *sums, run *r)
{
    int n = (int)r->n;
    window_deviations(r, sums->lookback);
    add_products(sums, r);
    add_squares(sums, r);
    for (size_t j = 0; j < sums->lookback + sums->horizon; j++)
        sums->by_sd[j] += cblas_ddot(n, r->sd, 1, r->x + j, 1);
    sums->sd_sd += cblas_ddot(n, r->sd, 1, r->sd, 1);
    sums->n_windows += r->n;
}

ssm_status ssmi_ridge_sums_add(ssmi_ridge_sums *sums, const ssmi_window_series *series, size_t first,
                               size_t last, ssm_arena *tmp)
{
    size_t L = sums->lookback, H = sums->horizon;
    ssmi_mark mark = ssmi_arena_mark(tmp);
    run r = {NULL, 0, SSMI_ALLOC(tmp, double, MAX_RUN), SSMI_ALLOC(tmp, double, L + H)};
    if (r.sd == NULL || r.diagonal == NULL) return SSM_E_MEMORY;
    for (size_t origin = first < L ? L : first; origin <= last; origin++) {
        int usable = ssmi_windows_usable(series, origin, L, H);
        if (usable && r.n++ == 0) r.x = series->value + origin - L;
        if (r.n > 0 && (!usable || r.n == MAX_RUN || origin == last)) {
            add_run(sums, &r);
            r.n = 0;
        }
    }
    ssmi_arena_rewind(tmp, mark);
    return SSM_OK;
}

/* u (lookback + horizon): sums of products with the centre, for either kind. Rows of R hold j >= i only. */
static void products_with_last(double *u, const ssmi_ridge_sums *sums)
{
    size_t L = sums->lookback, span = L + sums->horizon;
    for (size_t j = 0; j < L; j++) u[j] = sums->product[j * span + L - 1];
    for (size_t j = L; j < span; j++) u[j] = sums->product[(L - 1) * span + j];
}

static void products_with_mean(double *u, const ssmi_ridge_sums *sums)
{
    size_t L = sums->lookback, span = L + sums->horizon;
    for (size_t i = 0; i < L; i++) {
        const double *row = sums->product + i * span;
        for (size_t j = i; j < span; j++) u[j] += row[j];
        for (size_t j = i + 1; j < L; j++) u[i] += row[j];
    }
    for (size_t j = 0; j < span; j++) u[j] /= (double)L;
}

/* The part of a sum that belongs to the centre itself. */
static double with_centre(const double *sum, size_t L, ssmi_ridge_centre centre)
{
    return centre == SSMI_RIDGE_LAST ? sum[L - 1] : mean_of(sum, L);
}

static void centre_rows(ssmi_ridge_moments *out, const ssmi_ridge_sums *sums, const double *u,
                        ssmi_ridge_centre centre, const size_t *column)
{
    size_t L = sums->lookback, span = L + sums->horizon, H = out->horizon;
    double q = with_centre(u, L, centre), sd = with_centre(sums->by_sd, L, centre);
    for (size_t i = 0; i < L; i++) {
        const double *row = sums->product + i * span;
        double *gram = out->gram + i * out->width, *cross = out->cross + i * H;
        for (size_t j = i; j < L; j++) gram[j] = row[j] - u[i] - u[j] + q;
        gram[L] = sums->by_sd[i] - sd;
        for (size_t k = 0; k < H; k++) cross[k] = row[column[k]] - u[i] - u[column[k]] + q;
    }
    out->gram[out->width * out->width - 1] = sums->sd_sd;
    for (size_t k = 0; k < H; k++) {
        out->cross[L * H + k] = sums->by_sd[column[k]] - sd;
        out->target[k] = sums->square[column[k] - L] - 2 * u[column[k]] + q;
    }
}

ssm_status ssmi_ridge_centre_sums(ssmi_ridge_moments *out, const ssmi_ridge_sums *sums,
                                  ssmi_ridge_centre centre, size_t from, size_t step, ssm_arena *arena)
{
    size_t L = sums->lookback, span = L + sums->horizon, H = (sums->horizon - from + step - 1) / step;
    *out = (ssmi_ridge_moments){.width = L + 1, .horizon = H, .n_windows = sums->n_windows};
    out->gram = ssmi_arena_alloc(arena, L + 1, (L + 1) * sizeof(double));
    out->cross = ssmi_arena_alloc(arena, L + 1, H * sizeof(double));
    out->target = SSMI_ALLOC(arena, double, H);
    double *u = SSMI_ALLOC(arena, double, span);
    size_t *column = SSMI_ALLOC(arena, size_t, H);
    if (!out->gram || !out->cross || !out->target || !u || !column) return SSM_E_MEMORY;
    for (size_t k = 0; k < H; k++) column[k] = span - 1 - (H - 1 - k) * step;
    if (centre == SSMI_RIDGE_LAST)
        products_with_last(u, sums);
    else
        products_with_mean(u, sums);
    centre_rows(out, sums, u, centre, column);
    return SSM_OK;
}
