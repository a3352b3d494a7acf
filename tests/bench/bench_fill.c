/* How well a stretch that one sensor misses is filled: by levels that move together with the others, and by
 * the same model of that sensor alone.
 *
 *     bench_fill FILE COLUMNS [ROWS [STRETCH [slope]]]
 *
 * Takes the last ROWS rows of the columns; in each column in turn four stretches of STRETCH rows are taken
 * out, everything is fitted without them, and the smoothed signal is held against what was there. One JSON
 * line for each column: root mean squared error, mean log score, and share of truths inside the 95 %
 * interval. */
#include <ssmcast/ssmcast.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRETCHES = 4, MOST_SERIES = 24 };

typedef struct bench {
    ssm_context *ctx;
    ssm_series series[MOST_SERIES];
    size_t n, rows, stretch;
    int slope;
    double *hidden, *signal, *sd; /* (rows), (n, rows), (n, rows) */
} bench;

typedef struct score {
    double square, log, inside, n;
} score;

static void must(const bench *b, ssm_status status)
{
    if (status == SSM_OK) return;
    fprintf(stderr, "bench_fill: %s\n", ssm_context_message(b->ctx));
    exit(2);
}

static size_t first_row(const bench *b, size_t k)
{
    return (k + 1) * b->rows / (STRETCHES + 1) - b->stretch / 2;
}

static score judge(const bench *b, const double *truth, const double *signal, const double *sd)
{
    score s = {0};
    for (size_t k = 0; k < STRETCHES; k++) {
        for (size_t t = first_row(b, k); t < first_row(b, k) + b->stretch; t++) {
            if (isnan(truth[t])) continue;
            const double z = (truth[t] - signal[t]) / sd[t];
            s.square += (truth[t] - signal[t]) * (truth[t] - signal[t]);
            s.log += -0.5 * z * z - log(sd[t]) - 0.91893853320467274;
            s.inside += fabs(z) < 1.959963984540054;
            s.n++;
        }
    }
    return s;
}

/* Fits `n` series and smooths them; which of them is judged. */
static score fill(bench *b, const ssm_series *series, size_t n, size_t which, const double *truth, char *note)
{
    ssm_forecaster *f;
    ssm_decomposition d[MOST_SERIES];
    must(b, ssm_forecaster_new(b->ctx, "multivariate", &f));
    must(b, ssm_forecaster_set(f, "slope", b->slope ? "on" : "off"));
    must(b, ssm_forecaster_fit(f, &(ssm_fit_task){.panel = series, .n_series = n, .horizon = 1}));
    must(b, ssm_forecaster_condition(f, series));
    for (size_t i = 0; i < n; i++)
        d[i] = (ssm_decomposition){.signal = b->signal + i * b->rows, .observation_sd = b->sd + i * b->rows};
    must(b, ssm_forecaster_decompose(f, d));
    must(b, ssm_forecaster_note(f, note, 512));
    ssm_forecaster_free(f);
    return judge(b, truth, b->signal + which * b->rows, b->sd + which * b->rows);
}

static void print_score(const char *name, const score *s)
{
    printf(", \"%s\": {\"rmse\": %.5g, \"log_score\": %.4g, \"inside_95\": %.3f}", name,
           sqrt(s->square / s->n), s->log / s->n, s->inside / s->n);
}

static void run_column(bench *b, size_t i)
{
    char joint_note[512], note[512];
    const double *truth = b->series[i].value;
    memcpy(b->hidden, truth, b->rows * sizeof *truth);
    for (size_t k = 0; k < STRETCHES; k++) {
        for (size_t t = 0; t < b->stretch; t++) b->hidden[first_row(b, k) + t] = NAN;
    }
    b->series[i].value = b->hidden;
    const score joint = fill(b, b->series, b->n, i, truth, joint_note);
    const score alone = fill(b, b->series + i, 1, 0, truth, note);
    b->series[i].value = truth;
    printf("{\"column\": \"%s\", \"held_out\": %.0f", b->series[i].name, joint.n);
    print_score("joint", &joint);
    print_score("alone", &alone);
    printf(", \"rmse_ratio\": %.3f, \"note\": \"%s\"}\n", sqrt(joint.square / alone.square), joint_note);
}

static ssm_table *read_columns(bench *b, const char *path, const char *columns, size_t rows)
{
    ssm_table *table;
    must(b, ssm_table_read(b->ctx, path, &(ssm_table_options){.columns = columns, .sentinel = 1}, &table));
    b->n = table->n_series < MOST_SERIES ? table->n_series : MOST_SERIES;
    for (size_t i = 0; i < b->n; i++) {
        const ssm_series *s = &table->series[i];
        const size_t from = rows > 0 && rows < s->length ? s->length - rows : 0;
        b->series[i] = ssm_series_slice(*s, from, s->length - from);
    }
    b->rows = b->series[0].length;
    return table;
}

int main(int argc, char **argv)
{
    bench b = {.slope = argc > 5 && strcmp(argv[5], "slope") == 0};
    if (argc < 3 || ssm_context_new(NULL, &b.ctx) != SSM_OK) {
        fprintf(stderr, "usage: bench_fill FILE COLUMNS [ROWS [STRETCH [slope]]]\n");
        return 2;
    }
    ssm_table *table = read_columns(&b, argv[1], argv[2], argc > 3 ? strtoul(argv[3], NULL, 10) : 0);
    b.stretch = argc > 4 ? strtoul(argv[4], NULL, 10) : b.rows / 40;
    if (b.rows / (STRETCHES + 1) <= b.stretch) {
        fprintf(stderr, "bench_fill: %zu rows are too few for stretches of %zu\n", b.rows, b.stretch);
        return 2;
    }
    b.hidden = malloc(b.rows * sizeof *b.hidden);
    b.signal = malloc(b.n * b.rows * sizeof *b.signal);
    b.sd = malloc(b.n * b.rows * sizeof *b.sd);
    if (b.hidden == NULL || b.signal == NULL || b.sd == NULL) return 1;
    for (size_t i = 0; i < b.n; i++) run_column(&b, i);
    free(b.hidden);
    free(b.signal);
    free(b.sd);
    ssm_table_free(table);
    ssm_context_free(b.ctx);
    return 0;
}
