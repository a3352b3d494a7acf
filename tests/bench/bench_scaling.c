/* Mamba, S4D and attention against the length of the sequence: seconds and bytes of a training step (forward
 * and backward pass of one block, one sequence), and nanoseconds and bytes of one more token once that many
 * have been seen. One JSON line per kind and length, a table, and a figure.
 *
 *     bench_scaling FIGURE.svg [log2 of the longest length] [seconds a step may take] [megabytes]
 *
 * A kind stops where its next step would pass the limit of memory, or four times the last one that of time.
 * Attention computes its weights again in the backward pass, so that its memory grows with the length and its
 * time with the square. Its single token, which the library has no use for, is written out here: products of
 * one query with all keys and values kept.
 */
#include "base/arena.h"
#include "eval/plot.h"
#include "neural/mamba_step.h"
#include "neural/mixer.h"
#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 16, HEADS = 4, FIRST = 8, LAST = 20, LENGTHS = LAST - FIRST + 1, KINDS = 4, TOKENS = 64 };

/* What is measured. */
enum { TRAIN_SECONDS, TRAIN_BYTES, TOKEN_SECONDS, TOKEN_BYTES, FIGURES };

static const struct {
    const char *title, *name;
    double unit; /* times seconds or bytes */
} quantity[FIGURES] = {{"training step, one block", "milliseconds", 1e3},
                       {"memory of a training step", "megabytes", 1e-6},
                       {"one more token", "microseconds", 1e6},
                       {"memory between tokens", "kilobytes", 1e-3}};

typedef struct job {
    ssmi_mixer m;
    ssmi_parameters table;
    ssm_arena arena;
    size_t length;
    float *params, *dparams, *x, *dx, *y, *dy, *record, *scratch;
} job;

/* One token of a job after `length` others. */
typedef void token_function(job *j, void *state);

/* Of this thread's processor time: the work is one thread's, and other work on the machine does not count. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static float *numbers(ssm_arena *arena, size_t n, float size)
{
    float *out = SSMI_ALLOC(arena, float, n);
    uint32_t seed = 5;
    for (size_t i = 0; out != NULL && size > 0 && i < n; i++) {
        seed = 1664525u * seed + 1013904223u;
        out[i] = size * ((float)(seed >> 8) / 8388608.0f - 1);
    }
    return out;
}

static void mamba_token(job *j, void *state)
{
    const ssmi_mamba_step *step = state;
    float *memory = j->record, *scratch = memory + ssmi_mamba_step_memory(&step->m);
    ssmi_mamba_step_run(j->y, memory, scratch, j->x, NULL, step, ssmi_cpu_isa());
}

/* The state lies in the record; a block that starts anew does the same work. */
static void s4d_token(job *j, void *state)
{
    const ssmi_tokens_f32 tokens = {1, 1, NULL, ssmi_kernels_of_f32(ssmi_cpu_isa())};
    (void)state;
    ssmi_mixer_forward_f32(j->y, j->record, j->scratch, j->x, j->params, &j->m, tokens);
}

/* record (length, 3 WIDTH): queries, keys and values of the tokens seen; the last row is the new one's. */
static void attention_token(job *j, void *state)
{
    const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32(ssmi_cpu_isa());
    const int n = (int)j->length, k = WIDTH / HEADS, row = 3 * WIDTH;
    float *now = j->record + (j->length - 1) * 3 * WIDTH, *weight = j->scratch, out[WIDTH];
    (void)state;
    cblas_sgemv(CblasRowMajor, CblasNoTrans, row, WIDTH, 1, j->params + j->m.as.attention.qkv, WIDTH, j->x, 1,
                0, now, 1);
    for (int h = 0; h < HEADS; h++) {
        const float *key = j->record + WIDTH + h * k, *value = key + WIDTH;
        float most = -INFINITY, sum = 0;
        cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1 / sqrtf((float)k), key, row, now + h * k, 1, 0,
                    weight, 1);
        for (int i = 0; i < n; i++) most = fmaxf(most, weight[i]);
        kernels->exponential(weight, weight, most, (size_t)n);
        for (int i = 0; i < n; i++) sum += weight[i];
        cblas_sgemv(CblasRowMajor, CblasTrans, n, k, 1 / sum, value, row, weight, 1, 0, out + h * k, 1);
    }
    cblas_sgemv(CblasRowMajor, CblasNoTrans, WIDTH, WIDTH, 1, j->params + j->m.as.attention.out, WIDTH, out,
                1, 0, j->y, 1);
}

static size_t fixed_mamba(const job *j)
{
    return ssmi_mamba_step_memory(&j->m.as.mamba);
}

static size_t fixed_s4d(const job *j)
{
    return 2 * j->m.as.s4d.pairs * WIDTH;
}

static size_t growing(const job *j)
{
    return j->length * 2 * WIDTH; /* keys and values */
}

static const struct kind {
    const char *name;
    ssmi_mixer_size size;
    size_t convolve_from; /* s4d */
    token_function *token;
    size_t (*kept)(const job *j); /* floats between two tokens */
} kinds[KINDS] = {
    {"mamba", {.kind = SSMI_MIXER_MAMBA, .states = 16}, 0, mamba_token, fixed_mamba},
    {"s4d, recurrence", {.kind = SSMI_MIXER_S4D, .states = 16}, SIZE_MAX, s4d_token, fixed_s4d},
    {"s4d, convolution", {.kind = SSMI_MIXER_S4D, .states = 16}, 1, NULL, NULL},
    {"attention", {.kind = SSMI_MIXER_ATTENTION, .heads = HEADS, .causal = 1}, 0, attention_token, growing},
};

/* 0 when it would need more than `limit` bytes, which then is all that `bytes` tells. */
static int open_job(job *j, double *bytes, const struct kind *k, size_t length, double limit,
                    ssm_context *ctx)
{
    ssmi_mixer_size size = k->size;
    size.width = WIDTH, size.expand = 2, size.taps = 4;
    memset(j, 0, sizeof *j);
    ssmi_arena_init(&j->arena, ctx);
    j->m = ssmi_mixer_layout(&j->table, "", size);
    if (size.kind == SSMI_MIXER_S4D) j->m.as.s4d.convolve_from = k->convolve_from;
    j->length = length;
    const size_t record = ssmi_mixer_record_f32(&j->m, 1, length),
                 scratch = ssmi_mixer_scratch_f32(&j->m, 1, length);
    *bytes = 4.0 * (double)(record + scratch + 4 * length * WIDTH);
    if (*bytes > limit) return 0;
    j->params = numbers(&j->arena, j->table.size, 0.3f);
    j->dparams = numbers(&j->arena, j->table.size, 0);
    j->x = numbers(&j->arena, length * WIDTH, 1);
    j->dy = numbers(&j->arena, length * WIDTH, 1);
    j->dx = numbers(&j->arena, length * WIDTH, 0);
    j->y = numbers(&j->arena, length * WIDTH, 0);
    j->record = numbers(&j->arena, record, 0);
    j->scratch = numbers(&j->arena, scratch, 0);
    return j->params && j->dparams && j->x && j->dy && j->dx && j->y && j->record && j->scratch;
}

/* Rounds until a quarter of a second has gone, the least of them. */
static double train(job *j)
{
    const ssmi_tokens_f32 tokens = {1, j->length, NULL, ssmi_kernels_of_f32(ssmi_cpu_isa())};
    const double begin = seconds();
    double best = INFINITY;
    do {
        const double start = seconds();
        ssmi_mixer_forward_f32(j->y, j->record, j->scratch, j->x, j->params, &j->m, tokens);
        ssmi_mixer_backward_f32(j->dx, j->dparams, j->scratch, j->dy, j->record, j->x, j->params, &j->m,
                                tokens);
        best = fmin(best, seconds() - start);
    } while (seconds() - begin < 0.25);
    return best;
}

static double infer(job *j, token_function *token)
{
    const double begin = seconds();
    ssmi_mamba_step step;
    double best = INFINITY;
    if (j->m.size.kind == SSMI_MIXER_MAMBA &&
        ssmi_mamba_step_open(&step, j->params, &j->m.as.mamba, &j->arena) != SSM_OK)
        return NAN;
    do {
        const double start = seconds();
        for (int i = 0; i < TOKENS; i++) token(j, &step);
        best = fmin(best, (seconds() - start) / TOKENS);
    } while (seconds() - begin < 0.1);
    return best;
}

/* Fills the column of one kind and length; 0 when it was left out. */
static int measure(double *figure, const struct kind *k, size_t length, double limit, ssm_context *ctx)
{
    job j;
    double bytes;
    const int fits = open_job(&j, &bytes, k, length, limit, ctx);
    for (int f = 0; f < FIGURES; f++) figure[f] = NAN;
    if (fits) {
        figure[TRAIN_BYTES] = bytes;
        figure[TRAIN_SECONDS] = train(&j);
        if (k->token != NULL) {
            figure[TOKEN_SECONDS] = infer(&j, k->token);
            figure[TOKEN_BYTES] = 4 * (double)k->kept(&j);
        }
        printf("{\"bench\":\"scaling\",\"kind\":\"%s\",\"width\":%d,\"length\":%zu,\"train_s\":%.6f,\"train_"
               "bytes\":%.0f,"
               "\"token_s\":%.3e,\"token_bytes\":%.0f}\n",
               k->name, WIDTH, length, figure[TRAIN_SECONDS], bytes, k->token ? figure[TOKEN_SECONDS] : 0,
               k->token ? figure[TOKEN_BYTES] : 0);
        fflush(stdout);
    }
    ssmi_arena_clear(&j.arena);
    return fits;
}

typedef struct results {
    double power[LENGTHS], figure[KINDS][LENGTHS][FIGURES], line[FIGURES][KINDS][LENGTHS];
} results;

static void measure_all(results *r, int last, double patience, double limit, ssm_context *ctx)
{
    for (size_t k = 0; k < KINDS; k++) {
        double now = 0;
        int going = 1;
        for (int p = 0; p < LENGTHS; p++) {
            double *figure = r->figure[k][p];
            r->power[p] = FIRST + p;
            for (int f = 0; f < FIGURES; f++) figure[f] = NAN;
            going = going && FIRST + p <= last && 4 * now <= patience;
            going = going && measure(figure, &kinds[k], (size_t)1 << (FIRST + p), limit, ctx);
            if (going) now = figure[TRAIN_SECONDS];
            for (int f = 0; f < FIGURES; f++) r->line[f][k][p] = figure[f] * quantity[f].unit;
        }
    }
}

static void print_table(const results *r)
{
    printf("\n| length |");
    for (size_t k = 0; k < KINDS; k++) printf(" %s: step ms | MB | token us | KB |", kinds[k].name);
    printf("\n| --- |");
    for (size_t k = 0; k < KINDS; k++) printf(" --- | --- | --- | --- |");
    for (size_t p = 0; p < LENGTHS; p++) {
        printf("\n| %zu |", (size_t)1 << (FIRST + p));
        for (size_t k = 0; k < KINDS; k++) {
            for (int f = 0; f < FIGURES; f++) {
                if (isnan(r->figure[k][p][f])) {
                    printf(" |");
                } else {
                    printf(" %.3g |", r->figure[k][p][f] * quantity[f].unit);
                }
            }
        }
    }
    printf("\n");
}

static ssm_status draw(const results *r, const char *path, ssm_context *ctx)
{
    ssmi_layer layer[FIGURES][KINDS];
    ssmi_panel panel[FIGURES];
    for (size_t f = 0; f < FIGURES; f++) {
        size_t n = 0;
        for (size_t k = 0; k < KINDS; k++) {
            if (isnan(r->line[f][k][0])) continue;
            layer[f][n++] = (ssmi_layer){.kind = SSMI_LAYER_LINE,
                                         .n = LENGTHS,
                                         .x = r->power,
                                         .y = r->line[f][k],
                                         .ink = SSMI_INK_SERIES + k,
                                         .label = kinds[k].name};
        }
        panel[f] = (ssmi_panel){.title = quantity[f].title,
                                .x = {.label = "tokens, as a power of two"},
                                .y = {.label = quantity[f].name, .kind = SSMI_SCALE_LOG},
                                .n_layers = n,
                                .layer = layer[f]};
    }
    const ssmi_figure figure = {
        .width = 760, .height = 600, .columns = 2, .n_panels = FIGURES, .panel = panel};
    return ssmi_figure_save(ctx, &figure, path);
}

int main(int argc, char **argv)
{
    static results r;
    const int last = argc > 2 ? atoi(argv[2]) : LAST;
    const double patience = argc > 3 ? atof(argv[3]) : 20, megabytes = argc > 4 ? atof(argv[4]) : 4000;
    ssm_context *ctx = NULL;
    if (argc < 2 || ssm_context_new(NULL, &ctx) != SSM_OK) {
        fprintf(stderr, "usage: bench_scaling FIGURE.svg [log2 longest] [seconds] [megabytes]\n");
        return 2;
    }
    measure_all(&r, last, patience, 1e6 * megabytes, ctx);
    print_table(&r);
    const ssm_status status = draw(&r, argv[1], ctx);
    if (status != SSM_OK) fprintf(stderr, "%s\n", ssm_context_message(ctx));
    ssm_context_free(ctx);
    return status != SSM_OK;
}
