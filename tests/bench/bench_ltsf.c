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
 * per origin and scores its first rows as the shorter ones: for models that need not know the horizon.
 * --split validation leaves the test rows out: the validation rows are scored instead, and as many rows at
 * the end of the training rows are named as validation. What is chosen by scores is chosen there.
 * pinball: mean over the deciles of the quantile loss; coverage80, coverage95: part of the rows inside the
 * intervals of 80 and 95 %.
 * trained_loss: the lowest loss on the rows named as validation that the training of the first fit passed, as
 * a part of the loss without training; 1 where nothing was trained.
 * --batch N leaves out what does not fill a batch of N windows at the end, as loaders with "drop_last" do:
 * never for a result, but to show what that does to one. */
#include "bench/configured.h"
#include "bench/score.h"

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
    size_t n_series, stride, batch;
    int on_validation;
    size_t n_horizons, horizon[MAX_LIST]; /* ascending; all are scored from forecasts of the last */
} job;

typedef struct total {
    score sum;
    size_t windows; /* of all channels */
} total;

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

static split official_split(const char *name, size_t rows)
{
    if (strncmp(name, "ETTh", 4) == 0) return (split){8640, 2880, 2880};
    if (strncmp(name, "ETTm", 4) == 0) return (split){34560, 11520, 11520};
    size_t train = (size_t)((double)rows * 0.7), test = (size_t)((double)rows * 0.2);
    return (split){train, rows - train - test, test};
}

static split split_of(const job *j, size_t rows)
{
    split s = official_split(j->data, rows);
    return j->on_validation ? (split){s.train - s.validation, s.validation, s.validation} : s;
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
    j->split = split_of(j, table->length);
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

static size_t first_origin(const job *j)
{
    return j->split.train + j->split.validation;
}

/* Fits on channels [from, from + n). */
static int fit(const job *j, size_t from, size_t n, ssm_forecaster **out)
{
    ssm_forecaster *f;
    ssm_series *panel = malloc(n * sizeof *panel);
    if (panel == NULL) return 1;
    for (size_t c = 0; c < n; c++) panel[c] = ssm_series_slice(j->series[from + c], 0, first_origin(j));
    ssm_fit_task task = {panel, n, longest(j), j->split.validation};
    ssm_status status = configured_new(j->ctx, j->model, j->set, j->n_sets, &f);
    *out = f;
    if (status == SSM_OK) status = ssm_forecaster_fit(f, &task);
    free(panel);
    return status != SSM_OK ? report(j, "fit") : 0;
}

/* Whether the window of `horizon` rows from origin on is in the test rows, and in a whole batch. */
static int is_scored(const job *j, size_t origin, size_t horizon)
{
    if (origin + horizon > first_origin(j) + j->split.test) return 0;
    const size_t windows = j->split.test - horizon + 1;
    return j->batch == 0 || origin - first_origin(j) < windows - windows % j->batch;
}

/* Adds the errors of the first horizon[k] rows of a forecast to sum[k]. */
static void add_errors(total *sum, const job *j, const ssm_forecast *out, const ssm_series *s, size_t origin)
{
    score row = {0};
    for (size_t k = 0, h = 0; k < j->n_horizons && is_scored(j, origin, j->horizon[k]); k++) {
        for (; h < j->horizon[k]; h++)
            score_add_row(&row, out->mean[h], out->quantile + h * SCORE_LEVELS, s->value[origin + h]);
        score_add(&sum[k].sum, &row, 1 / (double)h);
        sum[k].windows++;
    }
}

/* sum (n_horizons). */
static int evaluate(const job *j, ssm_forecaster *f, size_t channel, ssm_forecast *out, total *sum)
{
    const ssm_series *s = &j->series[channel];
    for (size_t origin = first_origin(j); is_scored(j, origin, j->horizon[0]); origin += j->stride) {
        size_t from = j->history > 0 && j->history < origin ? origin - j->history : 0;
        ssm_series history = ssm_series_slice(*s, from, origin - from);
        if (ssm_forecaster_condition(f, &history) != SSM_OK) return report(j, "condition");
        if (ssm_forecaster_predict(f, out) != SSM_OK) return report(j, "predict");
        add_errors(sum, j, out, s, origin);
    }
    return 0;
}

/* Of the model's own training, on the validation rows named to it; whether or not it was kept. */
static double lowest_validation_loss(const ssm_forecaster *f)
{
    ssm_training_point point[SSM_TRAINING_POINTS];
    const size_t n = ssm_forecaster_training(f, point, SSM_TRAINING_POINTS);
    double lowest = n > 0 ? point[0].validation : 1;
    for (size_t i = 1; i < n; i++) lowest = fmin(lowest, point[i].validation);
    return lowest;
}

static void print_line(const job *j, size_t k, const total *t, double fit_seconds, double seconds,
                       double trained, const char *note)
{
    const score *sum = &t->sum;
    double n = (double)t->windows;
    printf("{\"bench\": \"ltsf\", \"model\": \"%s\", \"options\": \"", j->model);
    for (size_t i = 0; i < j->n_sets; i++) printf("%s%s", i > 0 ? " " : "", j->set[i]);
    printf("\", \"data\": \"%s\", \"horizon\": %zu, \"channels\": %zu, \"windows\": %zu, \"mse\": %.5f, "
           "\"mae\": %.5f, \"pinball\": %.5f, \"coverage80\": %.4f, \"coverage95\": %.4f, \"fit_seconds\": "
           "%.2f, \"predict_seconds\": %.2f, \"trained_loss\": %.4f, "
           "\"note\": \"%s\"}\n",
           j->data, j->horizon[k], j->n_series, t->windows / j->n_series, sum->squared / n, sum->absolute / n,
           sum->pinball / n, sum->inside80 / n, sum->inside95 / n, fit_seconds, seconds, trained, note);
    fflush(stdout);
}

static int run(const job *j)
{
    total sum[MAX_LIST] = {{{0}, 0}};
    double fit_seconds = 0, seconds = 0, trained = 1;
    double *room = malloc((1 + SCORE_LEVELS) * longest(j) * sizeof *room);
    int global = ssm_forecaster_type_find(j->model)->caps & SSM_CAP_GLOBAL, failed = room == NULL;
    ssm_forecast out = {longest(j), SCORE_LEVELS, score_level, room, room != NULL ? room + longest(j) : NULL};
    char note[256] = "";
    ssm_forecaster *f = NULL;
    for (size_t c = 0; !failed && c < j->n_series; c++) {
        double start = now();
        if (c == 0 || !global) failed = fit(j, c, global ? j->n_series : 1, &f);
        double fitted = now();
        if (!failed) failed = evaluate(j, f, c, &out, sum);
        fit_seconds += fitted - start;
        seconds += now() - fitted;
        if (c == 0 && !failed) {
            ssm_forecaster_note(f, note, sizeof note);
            trained = lowest_validation_loss(f);
        }
        if (failed || !global || c + 1 == j->n_series) ssm_forecaster_free(f);
    }
    for (size_t k = 0; !failed && k < j->n_horizons; k++)
        print_line(j, k, &sum[k], fit_seconds, seconds, trained, note);
    free(room);
    return failed;
}

static size_t cut(char *list, const char **part)
{
    size_t n = 0;
    for (char *p = strtok(list, ","); p != NULL && n < MAX_LIST; p = strtok(NULL, ",")) part[n++] = p;
    return n;
}

typedef struct lists {
    char data[256], horizon[256];
    int shared;
} lists;

static void take_option(job *j, lists *l, const char *name, const char *value)
{
    const struct {
        const char *name;
        size_t *number;
    } numbers[] = {{"--history", &j->history}, {"--stride", &j->stride}, {"--batch", &j->batch}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(name, numbers[i].name) == 0) *numbers[i].number = strtoul(value, NULL, 10);
    if (strcmp(name, "--data") == 0) snprintf(l->data, sizeof l->data, "%s", value);
    if (strcmp(name, "--horizons") == 0) snprintf(l->horizon, sizeof l->horizon, "%s", value);
    if (strcmp(name, "--set") == 0 && j->n_sets < MAX_SETS) j->set[j->n_sets++] = value;
    if (strcmp(name, "--shared") == 0) l->shared = strcmp(value, "yes") == 0;
    if (strcmp(name, "--split") == 0) j->on_validation = strcmp(value, "validation") == 0;
    if (strcmp(name, "--threads") == 0) ssm_context_set_threads(j->ctx, strtoul(value, NULL, 10));
}

/* One set: each horizon by itself, or all from forecasts of the last. */
static int run_horizons(job *j, const lists *l, const char *const *horizon, size_t n)
{
    int failed = load(j);
    j->n_horizons = 0;
    for (size_t k = 0; k < n && !failed; k++) {
        j->horizon[l->shared ? j->n_horizons : 0] = strtoul(horizon[k], NULL, 10);
        j->n_horizons = l->shared ? k + 1 : 1;
        if (!l->shared || k + 1 == n) failed = run(j);
    }
    if (!failed) unload(j);
    return failed;
}

int main(int argc, char **argv)
{
    lists l = {"ETTh1", "96,192,336,720", 0};
    const char *data[MAX_LIST], *horizon[MAX_LIST];
    job j = {.model = argc > 1 ? argv[1] : "linear", .stride = 1};
    if (ssm_forecaster_type_find(j.model) == NULL || argc % 2 != 0) {
        fprintf(stderr, "usage: bench_ltsf MODEL [--data A,B] [--horizons 96,192] [--set option=value]... "
                        "[--history ROWS] [--threads N] [--stride N] [--shared yes] [--split validation] "
                        "[--batch N]\n");
        return 2;
    }
    if (ssm_context_new(NULL, &j.ctx) != SSM_OK) return 1;
    openblas_set_num_threads(1);
    for (int i = 2; i + 1 < argc; i += 2) take_option(&j, &l, argv[i], argv[i + 1]);
    size_t n_data = cut(l.data, data), n_horizons = cut(l.horizon, horizon);
    int failed = j.stride == 0;
    for (size_t d = 0; d < n_data && !failed; d++) {
        j.data = data[d];
        failed = run_horizons(&j, &l, horizon, n_horizons);
    }
    ssm_context_free(j.ctx);
    return failed;
}
