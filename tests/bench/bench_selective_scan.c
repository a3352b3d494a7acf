/* The selective scan against the scalar loop that CPU ports of Mamba use (expf inside the state loop), in one
 * run: the variants take turns, the minimum over the rounds counts. One JSON line per variant: nanoseconds
 * per row and channel of the scan with its softplus and gate, of its backward pass, of both where the rates
 * are tied, and of the convolution before it with its SiLU and its backward pass; `step` is the scan of a
 * single row.
 *
 *     bench_selective_scan [rounds] */
#include "neural/selective_scan.h"
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LENGTH = 512, CHANNELS = 128, STATES = 16, TAPS = 4, ROWS = LENGTH * CHANNELS, SCRATCH = ROWS };

typedef struct arrays {
    float x[ROWS], delta[ROWS], z[ROWS], y[ROWS], dy[ROWS];
    float dx[ROWS], ddelta[ROWS], dz[ROWS];
    float B[LENGTH * STATES], C[LENGTH * STATES], dB[LENGTH * STATES], dC[LENGTH * STATES];
    float A[CHANNELS * STATES], A2[STATES * CHANNELS], dA[STATES * CHANNELS]; /* A is (channels, states) */
    float conv[ROWS], taps[TAPS * CHANNELS], dtaps[TAPS * CHANNELS], D[CHANNELS], bias[CHANNELS],
        dD[CHANNELS], dbias[CHANNELS];
    float state[STATES * CHANNELS], checkpoints[STATES * ROWS], scratch[SCRATCH];
} arrays;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fill(float *data, size_t n, float low, float high)
{
    static const uint32_t multiplier = 1664525u, increment = 1013904223u;
    uint32_t seed = (uint32_t)n + 7u;
    for (size_t i = 0; i < n; i++) {
        seed = multiplier * seed + increment;
        data[i] = low + (high - low) * (float)(seed >> 8) / 16777216.0f;
    }
}

static void fill_all(arrays *a)
{
    fill(a->x, ROWS, -1, 1);
    fill(a->delta, ROWS, -2, 0);
    fill(a->z, ROWS, -2, 2);
    fill(a->dy, ROWS, -1, 1);
    fill(a->B, LENGTH * STATES, -1, 1);
    fill(a->C, LENGTH * STATES, -1, 1);
    fill(a->D, CHANNELS, 0.5f, 1.5f);
    fill(a->bias, CHANNELS, -4, -1);
    fill(a->taps, TAPS * CHANNELS, -0.5f, 0.5f);
    fill(a->A, CHANNELS * STATES, -16, -0.5f);
    for (size_t e = 0; e < CHANNELS; e++) {
        for (size_t n = 0; n < STATES; n++) a->A2[n * CHANNELS + e] = a->A[e * STATES + n] * 1.44269504089f;
    }
}

/* The loop of mamba.c and of ggml's portable path: one token and channel at a time, state fastest. */
static void scalar_loop(arrays *a)
{
    memset(a->state, 0, sizeof a->state);
    for (size_t t = 0; t < LENGTH; t++) {
        const float *B = a->B + t * STATES, *C = a->C + t * STATES;
        for (size_t e = 0; e < CHANNELS; e++) {
            const size_t i = t * CHANNELS + e;
            float raw = a->delta[i] + a->bias[e], dt = raw <= 20.0f ? logf(1.0f + expf(raw)) : raw;
            float *h = a->state + e * STATES, *A = a->A + e * STATES, dtx = dt * a->x[i], sum = 0.0f;
            for (size_t n = 0; n < STATES; n++) {
                h[n] = h[n] * expf(dt * A[n]) + B[n] * dtx;
                sum += h[n] * C[n];
            }
            sum += a->D[e] * a->x[i];
            a->y[i] = sum * a->z[i] / (1.0f + expf(-a->z[i]));
        }
    }
}

static ssmi_scan_f32 scan_of(const arrays *a)
{
    return (ssmi_scan_f32){.batch = 1,
                           .length = LENGTH,
                           .channels = CHANNELS,
                           .states = STATES,
                           .x = a->x,
                           .delta = a->delta,
                           .z = a->z,
                           .x_stride = CHANNELS,
                           .delta_stride = CHANNELS,
                           .z_stride = CHANNELS,
                           .B = a->B,
                           .C = a->C,
                           .bc_stride = STATES,
                           .A2 = a->A2,
                           .D = a->D,
                           .delta_bias = a->bias,
                           .softplus = 1,
                           .rule = SSMI_EULER_B};
}

static void forward(arrays *a, const ssmi_kernels_f32 *kernels)
{
    ssmi_scan_f32 scan = scan_of(a);
    memset(a->state, 0, sizeof a->state);
    kernels->scan_forward(a->y, a->state, a->checkpoints, &scan);
}

static void backward_of(arrays *a, const ssmi_kernels_f32 *kernels, int tied)
{
    ssmi_scan_f32 scan = scan_of(a);
    ssmi_scan_grad_f32 grad = {a->dx, a->ddelta, a->dz, a->dB, a->dC, a->dA, a->dD, a->dbias};
    scan.tied = tied;
    kernels->scan_backward(&grad, a->dy, a->checkpoints, a->scratch, &scan);
}

static void backward(arrays *a, const ssmi_kernels_f32 *kernels)
{
    backward_of(a, kernels, 0);
}

static void forward_tied(arrays *a, const ssmi_kernels_f32 *kernels)
{
    ssmi_scan_f32 scan = scan_of(a);
    scan.tied = 1; /* the rates of the first state for all */
    memset(a->state, 0, sizeof a->state);
    kernels->scan_forward(a->y, a->state, a->checkpoints, &scan);
}

static void backward_tied(arrays *a, const ssmi_kernels_f32 *kernels)
{
    backward_of(a, kernels, 1);
}

static void convolve(arrays *a, const ssmi_kernels_f32 *kernels)
{
    const ssmi_conv_f32 conv = {1, LENGTH, CHANNELS, TAPS, a->x, CHANNELS, a->taps, a->bias};
    kernels->conv_forward(a->conv, NULL, &conv);
}

static void convolve_back(arrays *a, const ssmi_kernels_f32 *kernels)
{
    const ssmi_conv_f32 conv = {1, LENGTH, CHANNELS, TAPS, a->x, CHANNELS, a->taps, a->bias};
    kernels->conv_backward(a->dx, a->dtaps, a->dbias, a->dy, a->scratch, &conv);
}

/* LENGTH calls of one row each. */
static void step(arrays *a, const ssmi_kernels_f32 *kernels)
{
    ssmi_scan_f32 scan = scan_of(a);
    scan.length = 1;
    memset(a->state, 0, sizeof a->state);
    for (size_t t = 0; t < LENGTH; t++) {
        kernels->scan_forward(a->conv + t * CHANNELS, a->state, NULL, &scan);
        scan.x += CHANNELS, scan.delta += CHANNELS, scan.z += CHANNELS;
        scan.B += STATES, scan.C += STATES;
    }
}

/* What is timed, in an order in which each finds what it needs. */
static const struct {
    const char *name;
    void (*run)(arrays *a, const ssmi_kernels_f32 *kernels);
} parts[] = {{"forward", forward},
             {"backward", backward},
             {"tied_forward", forward_tied},
             {"tied_backward", backward_tied},
             {"conv", convolve},
             {"step", step},
             {"conv_backward", convolve_back}};
enum { PARTS = sizeof parts / sizeof *parts, ISAS = 3 };

static double difference(const float *a, const float *b)
{
    double most = 0;
    for (size_t i = 0; i < ROWS; i++) most = fmax(most, fabs((double)a[i] - (double)b[i]));
    return most;
}

/* One round: the scalar loop, then every part on every path. */
static void time_round(double *scalar, double fast[ISAS][PARTS], double *error, arrays *a, float *expected)
{
    double start = seconds();
    scalar_loop(a);
    *scalar = fmin(*scalar, seconds() - start);
    memcpy(expected, a->y, sizeof a->y);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        for (size_t k = 0; k < PARTS; k++) {
            start = seconds();
            parts[k].run(a, ssmi_kernels_of_f32((ssmi_isa)isa));
            fast[isa][k] = fmin(fast[isa][k], seconds() - start);
            if (k == 0) error[isa] = difference(a->y, expected);
        }
    }
}

int main(int argc, char **argv)
{
    static const char *const names[ISAS] = {"portable", "avx2", "avx512"};
    const int rounds = argc > 1 ? atoi(argv[1]) : 40;
    arrays *a = aligned_alloc(64, (sizeof *a + 63) / 64 * 64); /* as an arena gives them */
    float *expected = calloc(ROWS, sizeof *expected);
    double scalar = INFINITY, fast[ISAS][PARTS], error[ISAS] = {0};
    if (a == NULL || expected == NULL) return 1;
    memset(a, 0, sizeof *a);
    for (size_t k = 0; k < ISAS * PARTS; k++) fast[k / PARTS][k % PARTS] = INFINITY;
    fill_all(a);
    for (int r = 0; r < rounds; r++) time_round(&scalar, fast, error, a, expected);
    printf("{\"bench\":\"selective_scan\",\"variant\":\"scalar loop\",\"ns\":%.3f}\n", scalar * 1e9 / ROWS);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        printf("{\"bench\":\"selective_scan\",\"variant\":\"%s\",\"length\":%d,\"channels\":%d,\"states\":%d,"
               "\"ratio\":%.2f,\"max_difference\":%.2g",
               names[isa], LENGTH, CHANNELS, STATES, scalar / fast[isa][0], error[isa]);
        for (size_t k = 0; k < PARTS; k++)
            printf(",\"%s_ns\":%.3f", parts[k].name, fast[isa][k] * 1e9 / ROWS);
        printf("}\n");
    }
    free(a);
    free(expected);
    return 0;
}
