/* How long the pretrained forecaster takes, and its parts. One JSON line per case; the minimum over the
 * rounds counts. Run it with OPENBLAS_NUM_THREADS=1: the line `sgemm` is the same products by OpenBLAS, for
 * the ratio in one run.
 *
 *     bench_zero [rounds] */
#include "base/clock.h"
#include "base/parallel.h"
#include "models/zero_weights.h"
#include "neural/zero_network.h"
#include <cblas.h>
#include <math.h>
#include <ssmcast/ssmcast.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = SSMI_ZERO_CONTEXT, MOST = 1000 };

static double value[ROWS];

/* Two seasons, a trend and noise. */
static void fill_series(void)
{
    unsigned seed = 7;
    for (size_t t = 0; t < ROWS; t++) {
        seed = seed * 1664525u + 1013904223u;
        value[t] = 10 + sin((double)t * 0.2617993877991494) + 0.5 * sin((double)t * 0.037399912542735625) +
                   1e-4 * (double)t + 0.3 * ((double)(seed >> 8) / 16777216.0 - 0.5);
    }
}

static void check(ssm_status status)
{
    if (status == SSM_OK) return;
    fprintf(stderr, "failed: %s\n", ssm_status_text(status));
    exit(1);
}

typedef struct timed {
    void (*run)(void *task);
    void *task;
} timed;

static double fastest(timed what, int rounds)
{
    double best = INFINITY;
    for (int i = 0; i < rounds; i++) {
        const double start = ssmi_clock_cpu_seconds();
        what.run(what.task);
        best = fmin(best, ssmi_clock_cpu_seconds() - start);
    }
    return 1e3 * best;
}

static const struct {
    size_t context, horizon;
} cases[] = {{512, 96}, {2048, 96}, {2048, 720}};
static const char *const precisions[] = {"float32", "int8"};

/* The whole answer as a program gets it: condition and predict. */
typedef struct answer {
    ssm_forecaster *f;
    ssm_series series;
    ssm_forecast out;
} answer;

static void run_answer(void *task)
{
    answer *a = task;
    check(ssm_forecaster_condition(a->f, &a->series));
    check(ssm_forecaster_predict(a->f, &a->out));
}

static void bench_answer(ssm_context *ctx, size_t k, int precision, const char *flip, int rounds)
{
    static const double level[] = {0.025, 0.1, 0.5, 0.9, 0.975};
    static double mean[MOST], quantile[MOST * 5];
    answer a = {
        .series = {.name = "bench", .value = value + ROWS - cases[k].context, .length = cases[k].context},
        .out = {cases[k].horizon, 5, level, mean, quantile}};
    const ssm_fit_task task = {&a.series, 1, cases[k].horizon, 0};
    check(ssm_forecaster_new(ctx, "zero", &a.f));
    check(ssm_forecaster_set(a.f, "precision", precisions[precision]));
    check(ssm_forecaster_set(a.f, "flip", flip));
    check(ssm_forecaster_fit(a.f, &task));
    printf("{\"case\":\"answer\",\"context\":%zu,\"horizon\":%zu,\"precision\":\"%s\",\"flip\":%s,\"ms\":%."
           "3f}\n",
           cases[k].context, cases[k].horizon, precisions[precision], flip,
           fastest((timed){run_answer, &a}, rounds));
    ssm_forecaster_free(a.f);
}

/* The parts. */
typedef struct parts {
    ssm_arena arena;
    ssmi_zero_context context;
    ssmi_zero_view view;
    ssmi_zero_network net;
    ssmi_zero_pass pass;
    ssmi_isa isa;
    int integer;
} parts;

static void run_load(void *task)
{
    parts *p = task;
    ssmi_arena_clear(&p->arena);
    check(ssmi_zero_load(&p->net, "", p->integer, &p->arena));
}

static void run_look(void *task)
{
    parts *p = task;
    const ssmi_mark mark = ssmi_arena_mark(&p->arena);
    check(ssmi_zero_look(&p->context, &p->view, &p->arena));
    ssmi_arena_rewind(&p->arena, mark);
}

static void run_forward(void *task)
{
    parts *p = task;
    check(ssmi_zero_forward(&p->net, &p->pass, p->isa, &p->arena));
}

static void bench_parts(ssm_context *ctx, size_t k, int integer, int rounds)
{
    static const char *const isas[] = {"portable", "avx2", "avx512"};
    parts p = {.context = {value + ROWS - cases[k].context, cases[k].context, cases[k].horizon, 0},
               .integer = integer};
    ssmi_arena_init(&p.arena, ctx);
    if (k == 0)
        printf("{\"case\":\"load\",\"precision\":\"%s\",\"ms\":%.3f}\n", precisions[integer],
               fastest((timed){run_load, &p}, rounds));
    run_load(&p);
    if (!integer)
        printf("{\"case\":\"look\",\"context\":%zu,\"horizon\":%zu,\"ms\":%.3f}\n", cases[k].context,
               cases[k].horizon, fastest((timed){run_look, &p}, rounds));
    check(ssmi_zero_look(&p.context, &p.view, &p.arena));
    float *out = SSMI_ALLOC(&p.arena, float, p.view.n_future *SSMI_ZERO_PATCH *SSMI_ZERO_LEVELS);
    p.pass = (ssmi_zero_pass){1, p.view.tokens, p.view.from, p.view.feature, out, NULL, NULL, NULL};
    for (p.isa = SSMI_ISA_PORTABLE; p.isa <= ssmi_cpu_isa(); p.isa++) {
        printf("{\"case\":\"forward\",\"context\":%zu,\"horizon\":%zu,\"precision\":\"%s\",\"isa\":\"%s\","
               "\"ms\":%.3f}\n",
               cases[k].context, cases[k].horizon, precisions[integer], isas[p.isa],
               fastest((timed){run_forward, &p}, p.isa == SSMI_ISA_PORTABLE ? 1 + rounds / 20 : rounds));
    }
    ssmi_arena_clear(&p.arena);
}

/* Row by row: an update, and a forecast from the carried state. */
static void run_update(void *task)
{
    static size_t t;
    answer *a = task;
    check(ssm_forecaster_update(a->f, value + t++ % ROWS));
}

static void run_predict(void *task)
{
    answer *a = task;
    check(ssm_forecaster_predict(a->f, &a->out));
}

static void bench_stream(ssm_context *ctx, size_t k, const char *fresh, int rounds)
{
    static double mean[MOST];
    answer a = {
        .series = {.name = "bench", .value = value + ROWS - cases[k].context, .length = cases[k].context},
        .out = {cases[k].horizon, 0, NULL, mean, NULL}};
    const ssm_fit_task task = {&a.series, 1, cases[k].horizon, 0};
    check(ssm_forecaster_new(ctx, "zero", &a.f));
    check(ssm_forecaster_set(a.f, "fresh", fresh));
    check(ssm_forecaster_fit(a.f, &task));
    check(ssm_forecaster_condition(a.f, &a.series));
    const double start = ssmi_clock_cpu_seconds();
    for (int i = 0; i < 256; i++) run_update(&a);
    const double mean_ms = 1e3 * (ssmi_clock_cpu_seconds() - start) / 256;
    run_update(&a);
    printf("{\"case\":\"stream\",\"fresh\":%s,\"context\":%zu,\"horizon\":%zu,"
           "\"update_ms_mean_of_256\":%.4f,\"predict_ms\":%.3f}\n",
           fresh, cases[k].context, cases[k].horizon, mean_ms, fastest((timed){run_predict, &a}, rounds));
    ssm_forecaster_free(a.f);
}

/* Many series at once, each with a handle of its own, as the command has them. */
enum { SERIES = 1000, SERIES_ROWS = 512, SERIES_HORIZON = 48 };

static ssm_status forecast_one(void *task, size_t i, ssm_arena *scratch)
{
    double mean[SERIES_HORIZON];
    answer a = {.series = {.name = "bench", .value = value + i % (ROWS - SERIES_ROWS), .length = SERIES_ROWS},
                .out = {SERIES_HORIZON, 0, NULL, mean, NULL}};
    double *first = task;
    check(ssm_forecaster_new(scratch->ctx, "zero", &a.f));
    check(ssm_forecaster_fit(a.f, &(ssm_fit_task){&a.series, 1, SERIES_HORIZON, 0}));
    run_answer(&a);
    first[i] = mean[0];
    ssm_forecaster_free(a.f);
    return SSM_OK;
}

static void bench_many(ssm_context *ctx, size_t threads)
{
    static double first[SERIES];
    ssm_context_set_threads(ctx, threads);
    const double start = ssmi_clock_seconds(), cpu = ssmi_clock_cpu_seconds();
    check(ssmi_parallel_for(ctx, SERIES, forecast_one, first));
    printf("{\"case\":\"many\",\"series\":%d,\"context\":%d,\"horizon\":%d,\"threads\":%zu,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f}\n",
           SERIES, SERIES_ROWS, SERIES_HORIZON, threads, ssmi_clock_seconds() - start,
           ssmi_clock_cpu_seconds() - cpu);
    ssm_context_set_threads(ctx, 1);
}

/* One product of the size of a block's first, by OpenBLAS and by the packed kernel, the two taking turns. */
enum { M = 133, N = 1160, K = 256 };
static float x[M * K], w[N * K], y[M * N];

static void run_sgemm(void *task)
{
    (void)task;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, M, N, K, 1, x, K, w, K, 0, y, N);
}

static void run_packed(void *task)
{
    ssmi_inference_for(ssmi_cpu_isa())->product(y, N, x, K, task, M, 0);
}

static int16_t q[M * K];
static float q_scale[M];

static void run_packed8(void *task)
{
    const ssmi_inference *run = ssmi_inference_for(ssmi_cpu_isa());
    run->quantise(q, q_scale, x, K, M, K);
    run->product8(y, N, q, q_scale, task, M, 0);
}

static void bench_product(ssm_context *ctx, int rounds)
{
    const double operations = 2e-6 * M * N * K;
    ssmi_packed single, integer;
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = sinf((float)i);
    for (size_t i = 0; i < sizeof w / sizeof *w; i++) w[i] = cosf((float)i);
    check(ssmi_pack(&single, w, NULL, N, K, 0, &arena));
    check(ssmi_pack(&integer, w, NULL, N, K, 1, &arena));
    const timed what[] = {{run_sgemm, NULL}, {run_packed, &single}, {run_packed8, &integer}};
    static const char *const names[] = {"sgemm", "packed", "packed int8"};
    double best[3] = {INFINITY, INFINITY, INFINITY};
    for (int i = 0; i < rounds; i++) {
        for (size_t k = 0; k < 3; k++) best[k] = fmin(best[k], fastest(what[k], 1));
    }
    for (size_t k = 0; k < 3; k++)
        printf("{\"case\":\"product 133x256x1160\",\"by\":\"%s\",\"ms\":%.3f,\"gflops\":%.1f}\n", names[k],
               best[k], operations / best[k]);
    ssmi_arena_clear(&arena);
}

int main(int argc, char **argv)
{
    const int rounds = argc > 1 ? atoi(argv[1]) : 100;
    ssm_context *ctx;
    check(ssm_context_new(NULL, &ctx));
    fill_series();
    bench_product(ctx, rounds);
    for (int integer = 0; integer < 2; integer++) {
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) bench_parts(ctx, k, integer, rounds);
    }
    for (int precision = 0; precision < 2; precision++) {
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
            bench_answer(ctx, k, precision, "false", rounds);
    }
    bench_answer(ctx, 1, 0, "true", rounds);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        bench_stream(ctx, k, "false", rounds), bench_stream(ctx, k, "true", rounds);
    for (size_t threads = 1; threads <= 2; threads++) bench_many(ctx, threads);
    ssm_context_free(ctx);
    return 0;
}
