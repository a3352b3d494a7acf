/* The diagonal recurrence: nanoseconds per element on every path that this processor has, one JSON line per
 * case. All paths of a case run in turn, many times; the least time of each counts, and the ratio to the
 * portable path comes from the same run.
 *
 *     bench_scan [repeats]
 */
#include "base/arena.h"
#include "core/recurrence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_PATHS = 3, N_KERNELS = 8, N_SHAPES = 5 };

static const char *const path_names[N_PATHS] = {"portable", "avx2", "avx512"};
static const char *const kernel_names[N_KERNELS] = {"forward_f32", "forward_f64", "forward_c32",
                                                    "forward_c64", "adjoint_f32", "adjoint_f64",
                                                    "adjoint_c32", "adjoint_c64"};

/* One lane (exponential smoothing), one vector, odd, Mamba's 16 states, and rows longer than a page. */
static const struct {
    size_t T, n;
} shapes[N_SHAPES] = {{4096, 1}, {4096, 8}, {4096, 13}, {512, 128}, {512, 2048}};

/* Room for the largest case, complex double; every kernel sees the same arrays. */
typedef struct arrays {
    void *a, *b, *h, *G, *gb, *ga, *start, *gh0;
} arrays;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void run(const ssmi_kernels *k, size_t kernel, const arrays *x, size_t T, size_t n)
{
#define FORWARD(type, row) k->recur_##type(x->h, x->a, x->b, x->start, row, T, n)
#define ADJOINT(type, row)                                                                                   \
    k->recur_adjoint_##type(x->gb, x->ga, x->gh0, x->G, x->a, x->h, x->start, row, T, n)
    switch (kernel) {
    case 0:
        FORWARD(f32, n);
        break;
    case 1:
        FORWARD(f64, n);
        break;
    case 2:
        FORWARD(c32, 2 * n);
        break;
    case 3:
        FORWARD(c64, 2 * n);
        break;
    case 4:
        ADJOINT(f32, n);
        break;
    case 5:
        ADJOINT(f64, n);
        break;
    case 6:
        ADJOINT(c32, 2 * n);
        break;
    default:
        ADJOINT(c64, 2 * n);
        break;
    }
#undef FORWARD
#undef ADJOINT
}

/* Values in [0, 1) for the element type of the kernel, so that nothing grows or becomes subnormal. */
static void fill(void *values, size_t kernel, size_t count)
{
    unsigned seed = 1;
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        double x = (double)(seed >> 8) / 16777216.0 * 0.7;
        if (kernel % 2 == 0)
            ((float *)values)[i] = (float)x;
        else
            ((double *)values)[i] = x;
    }
}

/* The textbook loop, as a yardstick of its own. */
static double textbook_f32(float *h, const float *a, const float *b, const float *start, size_t T, size_t n)
{
    const double before = now();
    for (size_t t = 0; t < T; t++) {
        const float *from = t > 0 ? h + (t - 1) * n : start;
        for (size_t j = 0; j < n; j++) h[t * n + j] = a[t * n + j] * from[j] + b[t * n + j];
    }
    return now() - before;
}

static void measure(size_t kernel, size_t shape, const arrays *x, int repeats)
{
    const size_t T = shapes[shape].T, n = shapes[shape].n, count = 2 * T * n;
    double least[N_PATHS] = {0}, plain = INFINITY;
    void *const inputs[] = {x->a, x->b, x->h, x->G, x->start};
    for (size_t i = 0; i < 5; i++) fill(inputs[i], kernel, i < 4 ? count : 2 * n);
    for (int repeat = 0; repeat < repeats; repeat++) {
        if (kernel == 0) plain = fmin(plain, textbook_f32(x->h, x->a, x->b, x->start, T, n));
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const double before = now();
            run(ssmi_kernels_for((ssmi_isa)isa), kernel, x, T, n);
            const double spent = now() - before;
            if (repeat == 0 || spent < least[isa]) least[isa] = spent;
        }
    }
    if (kernel == 0) {
        printf("{\"bench\": \"scan\", \"kernel\": \"forward_f32\", \"path\": \"textbook loop\", \"T\": %zu, "
               "\"n\": %zu, "
               "\"ns_per_element\": %.4f, \"times_portable\": %.2f}\n",
               T, n, plain / (double)(T * n), least[0] / plain);
    }
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        printf("{\"bench\": \"scan\", \"kernel\": \"%s\", \"path\": \"%s\", \"T\": %zu, \"n\": %zu, "
               "\"ns_per_element\": %.4f, \"times_portable\": %.2f}\n",
               kernel_names[kernel], path_names[isa], T, n, least[isa] / (double)(T * n),
               least[0] / least[isa]);
    }
}

int main(int argc, char **argv)
{
    const int repeats = argc > 1 ? atoi(argv[1]) : 30;
    const size_t largest = 2 * 512 * 2048;
    ssm_context *ctx;
    ssm_arena arena;
    arrays x;
    void **const all[] = {&x.a, &x.b, &x.h, &x.G, &x.gb, &x.ga, &x.start, &x.gh0};
    if (repeats < 1 || ssm_context_new(NULL, &ctx) != SSM_OK) return 2;
    ssmi_arena_init(&arena, ctx);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *all[i] = SSMI_ALLOC(&arena, double, largest);
        if (*all[i] == NULL) return 1;
    }
    for (size_t shape = 0; shape < N_SHAPES; shape++) {
        for (size_t kernel = 0; kernel < N_KERNELS; kernel++) measure(kernel, shape, &x, repeats);
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return 0;
}
