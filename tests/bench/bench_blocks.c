/* Blocks of every kind against the length of the sequence: nanoseconds per token and channel forwards and
 * backwards, and bytes per token and channel that are kept for the backward pass. One JSON line per kind and
 * length; a kind that would need more than the limit of memory is left out from there on.
 *
 *     bench_blocks [log2 of the longest length] [rounds] [megabytes] */
#include "neural/mixer.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WIDTH = 32, SHORTEST = 6 };

static const struct kind {
    const char *name;
    ssmi_mixer_size size;
    size_t convolve_from; /* s4d */
} kinds[] = {
    {"mamba", {.kind = SSMI_MIXER_MAMBA, .states = 16}, 0},
    {"mamba tied", {.kind = SSMI_MIXER_MAMBA, .states = 16, .tied = 1}, 0},
    {"mamba2", {.kind = SSMI_MIXER_MAMBA2, .states = 16, .heads = 4}, 0},
    {"mamba3",
     {.kind = SSMI_MIXER_MAMBA2, .states = 16, .heads = 4, .trapezoid = 1, .turn = SSMI_TURN_DATA},
     0},
    {"s4d recurrence", {.kind = SSMI_MIXER_S4D, .states = 16}, SIZE_MAX},
    {"s4d convolution", {.kind = SSMI_MIXER_S4D, .states = 16}, 1},
    {"attention", {.kind = SSMI_MIXER_ATTENTION, .heads = 4, .causal = 1}, 0},
    {"mlp", {.kind = SSMI_MIXER_MLP}, 0},
};

typedef struct job {
    ssmi_mixer m;
    ssmi_parameters table;
    size_t length, record_size, scratch_size;
    float *params, *dparams, *x, *dx, *y, *dy, *record, *scratch;
} job;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static float *numbers(size_t n, float size)
{
    float *out = calloc(n + 1, sizeof *out);
    uint32_t seed = 5;
    for (size_t i = 0; out != NULL && i < n; i++) {
        seed = 1664525u * seed + 1013904223u;
        out[i] = size * ((float)(seed >> 8) / 8388608.0f - 1);
    }
    return out;
}

/* 0 when it would need more than `bytes`. */
static int open_job(job *j, const struct kind *k, size_t length, double bytes)
{
    ssmi_mixer_size size = k->size;
    size.width = WIDTH, size.expand = 2, size.taps = 4;
    memset(j, 0, sizeof *j);
    j->m = ssmi_mixer_layout(&j->table, "", size);
    if (size.kind == SSMI_MIXER_S4D) j->m.as.s4d.convolve_from = k->convolve_from;
    j->length = length;
    j->record_size = ssmi_mixer_record_f32(&j->m, 1, length);
    j->scratch_size = ssmi_mixer_scratch_f32(&j->m, 1, length);
    if (4.0 * (double)(j->record_size + j->scratch_size + 4 * length * WIDTH) > bytes) return 0;
    j->params = numbers(j->table.size, 0.3f);
    j->dparams = numbers(j->table.size, 0);
    j->x = numbers(length * WIDTH, 1);
    j->dy = numbers(length * WIDTH, 1);
    j->dx = numbers(length * WIDTH, 0);
    j->y = numbers(length * WIDTH, 0);
    j->record = numbers(j->record_size, 0);
    j->scratch = numbers(j->scratch_size, 0);
    return j->scratch != NULL && j->record != NULL;
}

static void close_job(job *j)
{
    float *all[] = {j->params, j->dparams, j->x, j->dx, j->y, j->dy, j->record, j->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void time_job(const job *j, const char *name, int rounds)
{
    const ssmi_tokens_f32 tokens = {1, j->length, NULL, ssmi_kernels_of_f32(ssmi_cpu_isa())};
    double forward = INFINITY, backward = INFINITY, cells = (double)j->length * WIDTH;
    for (int r = 0; r < rounds; r++) {
        const double start = seconds();
        ssmi_mixer_forward_f32(j->y, j->record, j->scratch, j->x, j->params, &j->m, tokens);
        const double middle = seconds();
        ssmi_mixer_backward_f32(j->dx, j->dparams, j->scratch, j->dy, j->record, j->x, j->params, &j->m,
                                tokens);
        forward = fmin(forward, middle - start);
        backward = fmin(backward, seconds() - middle);
    }
    printf("{\"bench\":\"blocks\",\"kind\":\"%s\",\"width\":%d,\"length\":%zu,\"forward_ns\":%.2f,"
           "\"backward_ns\":%.2f,\"kept_bytes\":%.1f}\n",
           name, WIDTH, j->length, 1e9 * forward / cells, 1e9 * backward / cells,
           4 * (double)j->record_size / cells);
}

int main(int argc, char **argv)
{
    const int longest = argc > 1 ? atoi(argv[1]) : 12, rounds = argc > 2 ? atoi(argv[2]) : 5;
    const double bytes = 1e6 * (argc > 3 ? atof(argv[3]) : 2000);
    for (int power = SHORTEST; power <= longest; power++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            job j;
            if (open_job(&j, &kinds[k], (size_t)1 << power, bytes)) {
                time_job(&j, kinds[k].name, rounds);
                close_job(&j);
            }
        }
    }
    return 0;
}
