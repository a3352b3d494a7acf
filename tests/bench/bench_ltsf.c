/* Long-horizon forecasting by the protocol that published tables share, for any registered forecaster.
 *
 *     SSMCAST_DATA=datasets bench_ltsf linear --data ETTh1,ETTh2 --horizons 96,192 --set lookback=512
 *
 * Splits: ETTh 12/4/4 months, ETTm the same at 15 minutes, others 70/10/20 %. Each channel is standardised by
 * its training rows. Every test window counts (stride 1); look-backs reach back across the split. The model
 * is fitted once on training and validation rows, the latter named as such, and conditioned on the rows
 * before each origin. Seasonal periods are detected on the training rows. One JSON line per horizon.
 *
 * --stride N scores every Nth window only. --shared yes makes one fit and one forecast of the longest horizon
 * per origin and scores its first rows as the shorter ones: for models that need not know the horizon. */
#include <ssmcast/ssmcast.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SETS = 32, MAX_LIST = 16 };

typedef struct split {
    size_t train, validation, test;
} split;

typedef struct job {
    ssm_context *ctx;
    const char *model;
    const char *set[MAX_SETS];
    size_t n_sets, history; /* rows given to each condition, 0: all */
    const char *data;
    split split;
    ssm_series *series; /* (n_series) standardised, train + validation + test rows */
    size_t n_series, stride;
    size_t n_horizons, horizon[MAX_LIST]; /* ascending; all are scored from forecasts of the last */
} job;

typedef struct score {
    double squared, absolute;
    size_t windows; /* of all channels */
} score;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int report(const job *j, const char *what)
{
    fprintf(stderr, "%s on %s: %s: %s\n", j->model, j->data, what, ssm_context_message(j->ctx));
    return 1;
}

static split split_of(const char *name, size_t rows)
{
    if (strncmp(name, "ETTh", 4) == 0) return (split){8640, 2880, 2880};
    if (strncmp(name, "ETTm", 4) == 0) return (split){34560, 11520, 11520};
    size_t train = (size_t)((double)rows * 0.7), test = (size_t)((double)rows * 0.2);
    return (split){train, rows - train - test, test};
}

/* Standardises one channel by its training rows. */
static int standardise(ssm_series *s, size_t train, size_t rows)
{
    double *y = malloc(rows * sizeof *y), mean = 0, square = 0, n = 0;
    if (y == NULL) return 1;
    for (size_t t = 0; t < train; t++)
        if (!isnan(s->value[t])) mean += (s->value[t] - mean) / ++n;
    for (size_t t = 0; t < train; t++)
        if (!isnan(s->value[t])) square += (s->value[t] - mean) * (s->value[t] - mean);
    double scale = sqrt(square / n);
    for (size_t t = 0; t < rows; t++) y[t] = (s->value[t] - mean) / (scale > 0 ? scale : 1);
    s->value = y;
    s->length = rows;
    return 0;
}

static int load(job *j)
{
    const char *root = getenv("SSMCAST_DATA");
    char path[1024];
    ssm_table *table;
    if (root == NULL) return fprintf(stderr, "SSMCAST_DATA is not set\n"), 1;
    snprintf(path, sizeof path, "%s/ltsf/%s.csv", root, j->data);
    if (ssm_table_read(j->ctx, path, NULL, &table) != SSM_OK) return report(j, "read");
    j->split = split_of(j->data, table->length);
    j->n_series = table->n_series;
    j->series = malloc(j->n_series * sizeof *j->series);
    size_t rows = j->split.train + j->split.validation + j->split.test;
    int failed = j->series == NULL || rows > table->length;
    for (size_t c = 0; !failed && c < j->n_series; c++) {
        j->series[c] = table->series[c];
        j->series[c].name = NULL;
        failed = standardise(&j->series[c], j->split.train, rows);
        ssm_series train = ssm_series_slice(j->series[c], 0, j->split.train);
        failed = failed || ssm_series_detect_periods(j->ctx, &train) != SSM_OK;
        j->series[c].n_periods = train.n_periods;
        memcpy(j->series[c].period, train.period, sizeof train.period);
    }
    ssm_table_free(table);
    return failed ? report(j, "load") : 0;
}

static void unload(job *j)
{
    for (size_t c = 0; c < j->n_series; c++) free((void *)(size_t)j->series[c].value);
    free(j->series);
}

static size_t longest(const job *j)
{
    return j->horizon[j->n_horizons - 1];
}

/* Fits on channels [from, from + n). */
static int fit(const job *j, size_t from, size_t n, ssm_forecaster **out)
{
    ssm_forecaster *f;
    ssm_series *panel = malloc(n * sizeof *panel);
    if (panel == NULL) return 1;
    for (size_t c = 0; c < n; c++)
        panel[c] = ssm_series_slice(j->series[from + c], 0, j->split.train + j->split.validation);
    ssm_fit_task task = {panel, n, longest(j), j->split.validation};
    ssm_status status = ssm_forecaster_new(j->ctx, j->model, &f);
    *out = status == SSM_OK ? f : NULL;
    for (size_t i = 0; status == SSM_OK && i < j->n_sets; i++) {
        char option[256];
        snprintf(option, sizeof option, "%s", j->set[i]);
        char *value = strchr(option, '=');
        if (value != NULL) *value++ = '\0';
        status = ssm_forecaster_set(f, option, value != NULL ? value : "true");
    }
    if (status == SSM_OK) status = ssm_forecaster_fit(f, &task);
    free(panel);
    return status != SSM_OK ? report(j, "fit") : 0;
}

/* Adds the errors of the first horizon[k] rows of a forecast to sum[k]. */
static void add_errors(score *sum, const job *j, const double *mean, const ssm_series *s, size_t origin)
{
    double squared = 0, absolute = 0;
    for (size_t k = 0, h = 0; k < j->n_horizons && origin + j->horizon[k] <= s->length; k++) {
        for (; h < j->horizon[k]; h++) {
            double e = mean[h] - s->value[origin + h];
            squared += e * e;
            absolute += fabs(e);
        }
        sum[k].squared += squared / (double)h;
        sum[k].absolute += absolute / (double)h;
        sum[k].windows++;
    }
}

/* sum (n_horizons). */
static int evaluate(const job *j, ssm_forecaster *f, size_t channel, double *mean, score *sum)
{
    const ssm_series *s = &j->series[channel];
    for (size_t origin = j->split.train + j->split.validation; origin + j->horizon[0] <= s->length;
         origin += j->stride) {
        size_t from = j->history > 0 && j->history < origin ? origin - j->history : 0;
        ssm_series history = ssm_series_slice(*s, from, origin - from);
        ssm_forecast out = {.horizon = longest(j), .mean = mean};
        if (ssm_forecaster_condition(f, &history) != SSM_OK) return report(j, "condition");
        if (ssm_forecaster_predict(f, &out) != SSM_OK) return report(j, "predict");
        add_errors(sum, j, mean, s, origin);
    }
    return 0;
}

static void print_line(const job *j, size_t k, const score *sum, double fit_seconds, double seconds,
                       const char *note)
{
    double n = (double)sum->windows;
    printf("{\"bench\": \"ltsf\", \"model\": \"%s\", \"options\": \"", j->model);
    for (size_t i = 0; i < j->n_sets; i++) printf("%s%s", i > 0 ? " " : "", j->set[i]);
    printf("\", \"data\": \"%s\", \"horizon\": %zu, \"channels\": %zu, \"windows\": %zu, \"mse\": %.5f, "
           "\"mae\": %.5f, \"fit_seconds\": %.2f, \"predict_seconds\": %.2f, \"note\": \"%s\"}\n",
           j->data, j->horizon[k], j->n_series, sum->windows / j->n_series, sum->squared / n,
           sum->absolute / n, fit_seconds, seconds, note);
    fflush(stdout);
}

static int run(const job *j)
{
    score sum[MAX_LIST] = {{0}};
    double fit_seconds = 0, seconds = 0, *mean = malloc(longest(j) * sizeof *mean);
    int global = ssm_forecaster_type_find(j->model)->caps & SSM_CAP_GLOBAL, failed = mean == NULL;
    char note[256] = "";
    ssm_forecaster *f = NULL;
    for (size_t c = 0; !failed && c < j->n_series; c++) {
        double start = now();
        if (c == 0 || !global) failed = fit(j, c, global ? j->n_series : 1, &f);
        double fitted = now();
        if (!failed) failed = evaluate(j, f, c, mean, sum);
        fit_seconds += fitted - start;
        seconds += now() - fitted;
        if (c == 0 && !failed) ssm_forecaster_note(f, note, sizeof note);
        if (failed || !global || c + 1 == j->n_series) ssm_forecaster_free(f);
    }
    for (size_t k = 0; !failed && k < j->n_horizons; k++)
        print_line(j, k, &sum[k], fit_seconds, seconds, note);
    free(mean);
    return failed;
}

static size_t cut(char *list, const char **part)
{
    size_t n = 0;
    for (char *p = strtok(list, ","); p != NULL && n < MAX_LIST; p = strtok(NULL, ",")) part[n++] = p;
    return n;
}

int main(int argc, char **argv)
{
    char data_list[256] = "ETTh1", horizon_list[256] = "96,192,336,720";
    const char *data[MAX_LIST], *horizon[MAX_LIST];
    job j = {.model = argc > 1 ? argv[1] : "linear", .stride = 1};
    int shared = 0;
    if (ssm_forecaster_type_find(j.model) == NULL || argc % 2 != 0) {
        fprintf(stderr, "usage: bench_ltsf MODEL [--data A,B] [--horizons 96,192] [--set option=value]... "
                        "[--history ROWS] [--threads N] [--stride N] [--shared yes]\n");
        return 2;
    }
    if (ssm_context_new(NULL, &j.ctx) != SSM_OK) return 1;
    openblas_set_num_threads(1);
    for (int i = 2; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--data") == 0) snprintf(data_list, sizeof data_list, "%s", argv[i + 1]);
        if (strcmp(argv[i], "--horizons") == 0)
            snprintf(horizon_list, sizeof horizon_list, "%s", argv[i + 1]);
        if (strcmp(argv[i], "--set") == 0 && j.n_sets < MAX_SETS) j.set[j.n_sets++] = argv[i + 1];
        if (strcmp(argv[i], "--history") == 0) j.history = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--stride") == 0) j.stride = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--shared") == 0) shared = strcmp(argv[i + 1], "yes") == 0;
        if (strcmp(argv[i], "--threads") == 0) ssm_context_set_threads(j.ctx, strtoul(argv[i + 1], NULL, 10));
    }
    size_t n_data = cut(data_list, data), n_horizons = cut(horizon_list, horizon);
    int failed = j.stride == 0;
    for (size_t d = 0; d < n_data && !failed; d++) {
        j.data = data[d];
        failed = load(&j);
        j.n_horizons = 0;
        for (size_t k = 0; k < n_horizons && !failed; k++) {
            j.horizon[shared ? j.n_horizons : 0] = strtoul(horizon[k], NULL, 10);
            j.n_horizons = shared ? k + 1 : 1;
            if (!shared || k + 1 == n_horizons) failed = run(&j);
        }
        if (!failed) unload(&j);
    }
    ssm_context_free(j.ctx);
    return failed;
}
