/* Time of structural models: maximum likelihood on two small series, and what a row costs when the season is
 * long.
 *
 *     bench_structural nile.csv air_passengers.csv
 *
 * One JSON line per case. Fits: milliseconds, the least of several runs, from the usual starting values to a
 * log-likelihood within 1e-6; the value in the convention of KFAS. Seasons of dummies: microseconds of one
 * update and one prediction of the filter with a full variance, by calendar (T is the identity) and with the
 * usual states (season_t, ..., season_{t-s+2}). */
#include "models/structural_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { repeats = 40, most_rows = 200 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- fits ---- */

/* Last column of a CSV after its header. */
static size_t read_column(const char *path, double *value, size_t most)
{
    FILE *file = fopen(path, "r");
    char line[256];
    size_t n = 0;
    if (file == NULL || fgets(line, sizeof line, file) == NULL) exit(2);
    while (n < most && fgets(line, sizeof line, file) != NULL)
        value[n++] = strtod(strrchr(line, ',') != NULL ? strrchr(line, ',') + 1 : line, NULL);
    fclose(file);
    return n;
}

static void standardise(double *y, size_t length, double *scale)
{
    double mean = 0, sum = 0;
    for (size_t t = 0; t < length; t++) mean += y[t] / (double)length;
    for (size_t t = 0; t < length; t++) sum += (y[t] - mean) * (y[t] - mean) / (double)length;
    *scale = sqrt(sum);
    for (size_t t = 0; t < length; t++) y[t] = (y[t] - mean) / *scale;
}

static void bench_fit(const char *name, const ssmi_structural *structure, const double *values, size_t length,
                      size_t n_diffuse, ssm_context *ctx)
{
    double best = INFINITY, y[most_rows], scale = 1;
    ssmi_structural_fit fit = {0};
    ssmi_structural s;
    for (int k = 0; k < repeats; k++) {
        ssm_arena tmp;
        const double begin = now();
        ssmi_arena_init(&tmp, ctx);
        memcpy(y, values, length * sizeof *y);
        standardise(y, length, &scale);
        s = *structure;
        ssmi_structural_lay_out(&s);
        ssmi_structural_start(&s, 0);
        const ssmi_structural_data data = {.y = y, .length = length};
        if (ssmi_structural_estimate(&s, &data, 0, 1, 1e-6, &fit, &tmp) != SSM_OK) exit(1);
        ssmi_arena_clear(&tmp);
        best = fmin(best, now() - begin);
    }
    const double loglik =
        fit.loglik + (double)n_diffuse * 0.91893853320467274 - (double)(length - n_diffuse) * log(scale);
    printf("{\"case\": \"%s\", \"rows\": %zu, \"states\": %zu, \"fit_ms\": %.4f, \"evaluations\": %zu, "
           "\"loglik\": %.6f}\n",
           name, length, s.n_states, 1e3 * best, fit.evaluations, loglik);
}

static void bench_fits(const char *nile, const char *air, ssm_context *ctx)
{
    double y[most_rows];
    ssmi_structural level = {0}, dummies = {0}, turning = {.n_lines = 6};
    ssmi_structural_add(&level, SSMI_TREND);
    bench_fit("nile local level", &level, y, read_column(nile, y, most_rows), 1, ctx);
    const size_t length = read_column(air, y, most_rows);
    for (size_t t = 0; t < length; t++) y[t] = log(y[t]);
    ssmi_structural_add(&dummies, SSMI_TREND)->form = SSMI_SLOPE_ON;
    ssmi_part *season = ssmi_structural_add(&dummies, SSMI_DUMMIES);
    season->count = season->period = 12;
    bench_fit("log passengers, dummies", &dummies, y, length, 13, ctx);
    ssmi_structural_add(&turning, SSMI_TREND)->form = SSMI_SLOPE_ON;
    season = ssmi_structural_add(&turning, SSMI_HARMONICS);
    season->count = 6;
    season->period = 12;
    for (size_t j = 0; j < 6; j++) turning.line[j] = (ssmi_line){.multiple = j + 1, .period = 12};
    bench_fit("log passengers, harmonics", &turning, y, length, 13, ctx);
}

/* ---- rows of a long season ---- */

typedef struct cost {
    double update, predict;
} cost;

/* Least time of one update and one prediction over a few hundred rows after the diffuse start. */
static cost time_rows(ssmi_kalman_filter *f, size_t season)
{
    cost best = {INFINITY, INFINITY};
    ssmi_kalman_system *system = &f->system;
    for (size_t t = 0; t < 3 * season + 200; t++) {
        ssmi_kalman_system_at(system, t);
        const double begin = now();
        ssmi_kalman_update(&f->state, &system->Z, 0, 1.0, sin((double)t), f->M, f->Minf);
        const double middle = now();
        ssmi_kalman_predict(&f->state, &system->T, &system->shock, NULL);
        if (t < 2 * season) continue;
        best.update = fmin(best.update, 1e6 * (middle - begin));
        best.predict = fmin(best.predict, 1e6 * (now() - middle));
    }
    return best;
}

static cost by_calendar(size_t season, ssmi_slope slope, ssm_context *ctx)
{
    ssmi_structural s = {0};
    ssmi_structural_matrices m;
    ssmi_kalman_filter f;
    ssmi_kalman_run run;
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    ssmi_structural_add(&s, SSMI_TREND)->form = slope;
    ssmi_part *part = ssmi_structural_add(&s, SSMI_DUMMIES);
    part->count = part->period = season;
    ssmi_structural_lay_out(&s);
    ssmi_structural_start(&s, 0);
    const ssmi_structural_rows rows = {0};
    if (ssmi_structural_build(&m, &s, &rows, &tmp) != SSM_OK) exit(1);
    if (ssmi_structural_filter(&f, &m, &tmp) != SSM_OK) exit(1);
    ssmi_kalman_run_start(&run, &f, NULL, NULL);
    const cost found = time_rows(&f, season);
    ssmi_arena_clear(&tmp);
    return found;
}

/* The level and s - 1 lags of the season. */
static cost by_lags(size_t season, ssm_context *ctx)
{
    const size_t n = season;
    ssm_arena tmp;
    ssmi_kalman_filter f;
    ssmi_kalman_run run;
    ssmi_arena_init(&tmp, ctx);
    double *Z = SSMI_ALLOC(&tmp, double, n), *T = SSMI_ALLOC(&tmp, double, n *n);
    double *Q = SSMI_ALLOC(&tmp, double, n *n), *P1inf = SSMI_ALLOC(&tmp, double, n *n), H = 1.0;
    if (Z == NULL || T == NULL || Q == NULL || P1inf == NULL) exit(1);
    Z[0] = Z[1] = T[0] = 1.0;
    for (size_t j = 1; j < n; j++) T[1 + j * n] = -1.0;
    for (size_t j = 2; j < n; j++) T[j + (j - 1) * n] = 1.0;
    for (size_t j = 0; j < n; j++) P1inf[j * (n + 1)] = 1.0;
    Q[0] = Q[n + 1] = 0.01;
    const ssm_statespace model = {
        .n = n, .p = 1, .r = n, .Z.data = Z, .H.data = &H, .T.data = T, .Q.data = Q, .P1inf = P1inf};
    if (ssmi_kalman_filter_init(&f, &model, &tmp) != SSM_OK) exit(1);
    ssmi_kalman_run_start(&run, &f, NULL, NULL);
    const cost found = time_rows(&f, season);
    ssmi_arena_clear(&tmp);
    return found;
}

static void bench_season(size_t season, ssm_context *ctx)
{
    const cost level = by_calendar(season, SSMI_SLOPE_NONE, ctx),
               slope = by_calendar(season, SSMI_SLOPE_ON, ctx);
    const cost lags = by_lags(season, ctx);
    printf("{\"case\": \"dummies of %zu rows\", \"update_us\": %.3f, \"predict_us\": %.3f, "
           "\"predict_with_slope_us\": %.3f, \"update_lags_us\": %.3f, \"predict_lags_us\": %.3f}\n",
           season, level.update, level.predict, slope.predict, lags.update, lags.predict);
}

int main(int argc, char **argv)
{
    ssm_context *ctx;
    if (argc != 3) return fprintf(stderr, "usage: bench_structural nile.csv air_passengers.csv\n"), 2;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    bench_fits(argv[1], argv[2], ctx);
    static const size_t season[] = {12, 24, 52, 104, 208, 365};
    for (size_t k = 0; k < sizeof season / sizeof *season; k++) bench_season(season[k], ctx);
    ssm_context_free(ctx);
    return 0;
}
