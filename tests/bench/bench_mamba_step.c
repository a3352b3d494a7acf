/* One token through a Mamba-1 block at the two widths of the record, nanoseconds per token, minimum over the
 * rounds; with a third width between them. One JSON line per width and path.
 *
 *     bench_mamba_step [rounds] */
#include "base/arena.h"
#include "neural/mamba_step.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TOKENS = 32 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fill(float *data, size_t n, float size)
{
    uint32_t seed = 5;
    for (size_t i = 0; i < n; i++) {
        seed = 1664525u * seed + 1013904223u;
        data[i] = size * ((float)(seed >> 8) / 8388608.0f - 1);
    }
}

/* 0 on success. */
static int time_width(size_t width, int rounds, ssm_context *ctx)
{
    ssmi_parameters table = {0};
    ssmi_mamba_step step;
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssmi_mamba m = ssmi_mamba_layout(&table, "", width, 2, 16, 4, 0);
    float *params = SSMI_ALLOC(&arena, float, table.size);
    float *memory = SSMI_ALLOC(&arena, float, ssmi_mamba_step_memory(&m));
    float *scratch = SSMI_ALLOC(&arena, float, ssmi_mamba_step_scratch(&m));
    float *x = SSMI_ALLOC(&arena, float, width), *y = SSMI_ALLOC(&arena, float, width);
    if (params == NULL || memory == NULL || scratch == NULL || x == NULL || y == NULL) return 1;
    fill(params, table.size, 0.1f);
    fill(x, width, 1);
    if (ssmi_mamba_step_open(&step, params, &m, &arena) != SSM_OK) return 1;
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        double best = INFINITY;
        for (int r = 0; r < rounds; r++) {
            const double start = seconds();
            for (int t = 0; t < TOKENS; t++)
                ssmi_mamba_step_run(y, memory, scratch, x, NULL, &step, (ssmi_isa)isa);
            best = fmin(best, seconds() - start);
        }
        printf("{\"bench\":\"mamba_step\",\"width\":%zu,\"isa\":%d,\"ns_per_token\":%.0f,\"memory_bytes\":%"
               "zu}\n",
               width, isa, 1e9 * best / TOKENS, 4 * ssmi_mamba_step_memory(&m));
    }
    ssmi_arena_clear(&arena);
    return 0;
}

int main(int argc, char **argv)
{
    static const size_t width[] = {64, 256, 768};
    const int rounds = argc > 1 ? atoi(argv[1]) : 200;
    ssm_context *ctx = NULL;
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    for (size_t i = 0; i < sizeof width / sizeof *width; i++)
        if (time_width(width[i], rounds, ctx) != 0) return 1;
    ssm_context_free(ctx);
    return 0;
}
