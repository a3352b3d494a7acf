/* What a row and a forecast cost in a stream of a trained `mamba` at look-back 512 and horizon 96, with the
 * window shown anew, with the state carried, and of its skip alone; after streams of several lengths, with
 * the memory held and the size of a state file. One JSON line per case: the minimum over the rounds counts,
 * and ratios within one run. Run it with OPENBLAS_NUM_THREADS=1.
 *
 *     bench_learner_stream [rounds [case]] */
#include "base/clock.h"
#include <math.h>
#include <ssmcast/ssmcast.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4000, HORIZON = 96, LEVELS = 5, BLOCK = 320 };

static double value[ROWS];

/* Two seasons that bend each other, and noise. */
static void fill_series(void)
{
    unsigned seed = 7;
    for (size_t t = 0; t < ROWS; t++) {
        seed = seed * 1664525u + 1013904223u;
        const double day = sin((double)t * 0.2617993877991494), week = sin((double)t * 0.0373999125427356);
        value[t] = 10 + day + day * week + 0.3 * ((double)(seed >> 8) / 16777216.0 - 0.5);
    }
}

/* Bytes that are out, by a size before each block. */
static void *counted(void *user, void *pointer, size_t size)
{
    enum { HEAD = 64 };
    size_t *out = user;
    char *block = pointer != NULL ? (char *)pointer - HEAD : NULL;
    if (block != NULL) *out -= *(size_t *)(void *)block;
    if (size == 0) {
        free(block);
        return NULL;
    }
    block = realloc(block, size + HEAD);
    if (block == NULL) exit(1);
    *(size_t *)(void *)block = size;
    *out += size;
    return block + HEAD;
}

static void check(ssm_status status, ssm_context *ctx)
{
    if (status == SSM_OK) return;
    fprintf(stderr, "%s: %s\n", ssm_status_text(status), ssm_context_message(ctx));
    exit(1);
}

static ssm_forecaster *fit(ssm_context *ctx, const char *state, const char *windows, const char *stride)
{
    const char *const options[][2] = {{"state", state},   {"windows", windows}, {"lookback", "512"},
                                      {"skip", "last"},   {"patch", stride},    {"stride", stride},
                                      {"epochs", "1000"}, {"rate", "0.01"}};
    const ssm_series series = {.name = "bench", .value = value, .length = ROWS};
    ssm_forecaster *f;
    char note[256];
    check(ssm_forecaster_new(ctx, "mamba", &f), ctx);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        check(ssm_forecaster_set(f, options[i][0], options[i][1]), ctx);
    check(ssm_forecaster_fit(f, &(ssm_fit_task){.panel = &series, .n_series = 1, .horizon = HORIZON}), ctx);
    check(ssm_forecaster_condition(f, &series), ctx);
    check(ssm_forecaster_note(f, note, sizeof note), ctx);
    if (strcmp(windows, "0") != 0 && strstr(note, "network kept") == NULL) {
        fprintf(stderr, "%s\n", note);
        exit(1);
    }
    return f;
}

/* Nanoseconds of a row, in the fastest of the rounds of BLOCK rows. */
static double row_time(ssm_forecaster *f, ssm_context *ctx, int rounds, size_t *at)
{
    double best = INFINITY;
    for (int i = 0; i < rounds; i++) {
        const double start = ssmi_clock_cpu_seconds();
        for (size_t t = 0; t < BLOCK; t++) check(ssm_forecaster_update(f, &value[(*at)++ % ROWS]), ctx);
        best = fmin(best, ssmi_clock_cpu_seconds() - start);
    }
    return 1e9 * best / BLOCK;
}

static double forecast_time(ssm_forecaster *f, ssm_context *ctx, int rounds)
{
    static const double level[LEVELS] = {0.025, 0.1, 0.5, 0.9, 0.975};
    static double mean[HORIZON], quantile[HORIZON * LEVELS];
    ssm_forecast out = {HORIZON, LEVELS, level, mean, quantile};
    double best = INFINITY;
    for (int i = 0; i < rounds; i++) {
        const double start = ssmi_clock_cpu_seconds();
        for (int k = 0; k < 4; k++) check(ssm_forecaster_predict(f, &out), ctx);
        best = fmin(best, (ssmi_clock_cpu_seconds() - start) / 4);
    }
    return 1e6 * best;
}

static long state_size(ssm_forecaster *f, ssm_context *ctx)
{
    const char *path = "bench_learner_stream.state";
    check(ssm_forecaster_save_state(&f, 1, path), ctx);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) exit(1);
    const long size = ftell(file);
    fclose(file);
    remove(path);
    return size;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name, *state, *windows, *stride;
    } cases[] = {{"window", "window", "6000", "16"},
                 {"carried", "carried", "6000", "16"},
                 {"carried", "carried", "6000", "4"},
                 {"skip alone", "window", "0", "16"}};
    static const size_t lengths[] = {1000, 10000, 100000, 1000000};
    const int rounds = argc > 1 ? atoi(argv[1]) : 50;
    const int only = argc > 2 ? atoi(argv[2]) : -1;
    fill_series();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        if (only >= 0 && (size_t)only != k) continue;
        size_t bytes = 0, at = 0;
        const ssm_allocator allocator = {counted, &bytes};
        ssm_context *ctx;
        if (ssm_context_new(&allocator, &ctx) != SSM_OK) return 1;
        ssm_context_set_threads(ctx, 1);
        ssm_forecaster *f = fit(ctx, cases[k].state, cases[k].windows, cases[k].stride);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            while (at < lengths[i]) check(ssm_forecaster_update(f, &value[at++ % ROWS]), ctx);
            const double forecast = forecast_time(f, ctx, rounds), row = row_time(f, ctx, rounds, &at);
            printf("{\"bench\": \"learner_stream\", \"network\": \"%s\", \"stride\": %s, \"rows\": %zu, "
                   "\"ns_per_row\": %.1f, \"us_per_forecast\": %.1f, \"bytes\": %zu, \"state_bytes\": %ld}\n",
                   cases[k].name, cases[k].stride, lengths[i], row, forecast, bytes, state_size(f, ctx));
            fflush(stdout);
        }
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
    return 0;
}
