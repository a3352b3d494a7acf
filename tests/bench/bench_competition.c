/* Competitions with a test part, for any registered forecaster: one forecast per series from all of its
 * training rows.
 *
 *     bench_competition zero M4/Hourly-train.csv M4/Hourly-test.csv 24 [--set option=value]... [--stride N]
 *                       [--alone yes] [--split validation]
 *
 * Global models are fitted once on all series, unless --alone wants each series fitted by itself. The files
 * have one series a row: its name, then its values; empty cells end it. The season is the one named, as in
 * the competitions. One JSON line: sMAPE and MASE (mean over series; scale: in-sample mean of |y_t -
 * y_{t-m}|), weighted quantile loss over the levels 0.1 ... 0.9, how often the truth lay at or below the 0.1,
 * 0.5, 0.9 quantiles, and coverage of the 80 % and 95 % intervals.
 *
 * --split validation leaves the test part out, but for its lengths: the last rows of the training part, as
 * many as the test part has, are forecast from those before. What is chosen by scores is chosen there. */
#include <ssmcast/ssmcast.h>

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SERIES = 5000, MAX_SETS = 16, LINE = 1 << 18, LEVELS = 11, MAX_HORIZON = 200 };

static const double level[LEVELS] = {0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975};

typedef struct rows {
    size_t n, length[MAX_SERIES];
    double *value[MAX_SERIES];
} rows;

static rows train, test;

typedef struct score {
    size_t series, points, below10, below50, below90, inside80, inside95;
    double smape, mase, pinball, magnitude;
} score;

/* A cell as a number; quotes around it are skipped. 0 when it is empty. */
static int read_cell(const char *cell, double *value)
{
    char *end;
    cell += *cell == '"';
    *value = strtod(cell, &end);
    return end != cell;
}

static int read_rows(rows *r, const char *path)
{
    static char line[LINE];
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL)
        return fprintf(stderr, "cannot read %s\n", path), 1;
    for (r->n = 0; r->n < MAX_SERIES && fgets(line, sizeof line, file) != NULL; r->n++) {
        double *value = malloc(strlen(line) * sizeof *value);
        size_t n = 0;
        for (char *cell = strchr(line, ','); value != NULL && cell != NULL; cell = strchr(cell + 1, ',')) {
            if (!read_cell(cell + 1, &value[n])) break;
            n++;
        }
        r->value[r->n] = value;
        r->length[r->n] = n;
    }
    fclose(file);
    return 0;
}

/* The last rows of the training part become the test part. */
static void hold_out_validation(void)
{
    for (size_t i = 0; i < train.n; i++) {
        if (test.length[i] >= train.length[i]) test.length[i] = 0; /* not scored */
        train.length[i] -= test.length[i];
        test.value[i] = train.value[i] + train.length[i];
    }
}

static size_t longest_test(void)
{
    size_t most = 0;
    for (size_t i = 0; i < train.n; i++)
        if (test.length[i] > most) most = test.length[i];
    return most;
}

static double naive_scale(const double *y, size_t n, size_t m)
{
    double sum = 0;
    if (n <= m) m = 1;
    for (size_t t = m; t < n; t++) sum += fabs(y[t] - y[t - m]);
    return sum / (double)(n - m);
}

static void add(score *s, const double *y, const ssm_forecast *out, double scale)
{
    double smape = 0, absolute = 0;
    for (size_t h = 0; h < out->horizon; h++) {
        const double *q = out->quantile + h * LEVELS, f = out->mean[h], size = fabs(y[h]) + fabs(f);
        absolute += fabs(y[h] - f);
        smape += size > 0 ? 200 * fabs(y[h] - f) / size : 0;
        for (size_t k = 1; k + 1 < LEVELS; k++)
            s->pinball +=
                2 * (y[h] >= q[k] ? level[k] * (y[h] - q[k]) : (1 - level[k]) * (q[k] - y[h])) / (LEVELS - 2);
        s->magnitude += fabs(y[h]);
        s->points++;
        s->below10 += y[h] <= q[1];
        s->below50 += y[h] <= q[5];
        s->below90 += y[h] <= q[9];
        s->inside80 += y[h] >= q[1] && y[h] <= q[9];
        s->inside95 += y[h] >= q[0] && y[h] <= q[LEVELS - 1];
    }
    s->smape += smape / (double)out->horizon;
    s->mase += absolute / (double)out->horizon / scale;
    s->series++;
}

static ssm_series series_at(size_t i, size_t period)
{
    ssm_series s = {.value = train.value[i], .length = train.length[i], .n_periods = period > 1};
    s.period[0] = period;
    return s;
}

static ssm_status fit(ssm_forecaster *f, size_t i, size_t period, int alone)
{
    static ssm_series panel[MAX_SERIES];
    const int global = !alone && ssm_forecaster_type_of(f)->caps & SSM_CAP_GLOBAL;
    const size_t n = global ? train.n : 1;
    if (global && i > 0) return SSM_OK;
    for (size_t k = 0; k < n; k++) panel[k] = series_at(i + k, period);
    return ssm_forecaster_fit(f, &(ssm_fit_task){panel, n, longest_test(), 0});
}

static int failed(ssm_context *ctx, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, ssm_context_message(ctx));
    return 1;
}

static int run(ssm_context *ctx, ssm_forecaster *f, size_t period, size_t stride, int alone, score *s)
{
    static double mean[MAX_HORIZON], quantile[MAX_HORIZON * LEVELS];
    for (size_t i = 0; i < train.n; i += stride) {
        const ssm_series history = series_at(i, period);
        ssm_forecast out = {test.length[i], LEVELS, level, mean, quantile};
        if (out.horizon == 0 || out.horizon > MAX_HORIZON) continue;
        if (fit(f, i, period, alone) != SSM_OK) return failed(ctx, "fit");
        if (ssm_forecaster_condition(f, &history) != SSM_OK) return failed(ctx, "condition");
        if (ssm_forecaster_predict(f, &out) != SSM_OK) return failed(ctx, "predict");
        const double scale = naive_scale(train.value[i], train.length[i], period);
        if (scale > 0) add(s, test.value[i], &out, scale);
    }
    return 0;
}

static void print(const char *model, const char *file, const char *options, const score *s, double seconds)
{
    const double n = (double)s->points, k = (double)s->series;
    printf("{\"bench\": \"competition\", \"model\": \"%s\", \"options\": \"%s\", \"data\": \"%s\", "
           "\"series\": %zu, "
           "\"smape\": %.3f, \"mase\": %.4f, \"wql\": %.4f, \"at_or_below\": [%.3f, %.3f, %.3f], "
           "\"inside_80\": %.3f, \"inside_95\": %.3f, \"cpu_seconds\": %.2f}\n",
           model, options, file, s->series, s->smape / k, s->mase / k, s->pinball / s->magnitude,
           (double)s->below10 / n, (double)s->below50 / n, (double)s->below90 / n, (double)s->inside80 / n,
           (double)s->inside95 / n, seconds);
}

int main(int argc, char **argv)
{
    ssm_context *ctx;
    ssm_forecaster *f;
    score sum = {0};
    size_t stride = 1;
    int alone = 0, on_validation = 0;
    char options[512] = "";
    if (argc < 5 || argc % 2 != 1)
        return fprintf(stderr, "usage: bench_competition MODEL TRAIN TEST PERIOD [--set option=value]...\n"),
               2;
    if (read_rows(&train, argv[2]) || read_rows(&test, argv[3]) || ssm_context_new(NULL, &ctx) != SSM_OK)
        return 1;
    if (ssm_forecaster_new(ctx, argv[1], &f) != SSM_OK) return failed(ctx, "new");
    openblas_set_num_threads(1);
    for (int i = 5; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--stride") == 0) stride = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--alone") == 0) alone = strcmp(argv[i + 1], "yes") == 0;
        if (strcmp(argv[i], "--split") == 0) on_validation = strcmp(argv[i + 1], "validation") == 0;
        if (strcmp(argv[i], "--set") != 0) continue;
        char *value = strchr(argv[i + 1], '=');
        snprintf(options + strlen(options), sizeof options - strlen(options), "%s%s", *options ? " " : "",
                 argv[i + 1]);
        if (value != NULL) *value++ = '\0';
        if (ssm_forecaster_set(f, argv[i + 1], value != NULL ? value : "true") != SSM_OK)
            return failed(ctx, "set");
    }
    if (on_validation) hold_out_validation();
    const clock_t start = clock();
    const int status = stride == 0 || run(ctx, f, strtoul(argv[4], NULL, 10), stride, alone, &sum);
    const char *slash = strrchr(argv[2], '/');
    if (!status)
        print(argv[1], slash != NULL ? slash + 1 : argv[2], options, &sum,
              (double)(clock() - start) / CLOCKS_PER_SEC);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
    return status;
}
