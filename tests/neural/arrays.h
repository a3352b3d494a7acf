/* Arrays for tests of layers: reproducible numbers in both precisions, comparison, and a keeper that frees.
 */
#ifndef SSMCAST_TESTS_NEURAL_ARRAYS_H
#define SSMCAST_TESTS_NEURAL_ARRAYS_H

#include "differences.h"
#include <stdlib.h>

enum { MAX_KEPT = 96 };

/* Owns every array of a test. */
typedef struct keeper {
    void *kept[MAX_KEPT];
    size_t n;
} keeper;

static inline void *keep(keeper *k, size_t n, size_t size)
{
    if (k->n == MAX_KEPT) abort();
    return k->kept[k->n++] = calloc(n + 1, size);
}

static inline double *zeros(keeper *k, size_t n)
{
    return keep(k, n, sizeof(double));
}

static inline double *numbers(keeper *k, size_t n, double low, double high, uint32_t seed)
{
    double *out = zeros(k, n);
    fill_numbers(out, n, low, high, seed);
    return out;
}

static inline float *zeros_f32(keeper *k, size_t n)
{
    return keep(k, n, sizeof(float));
}

static inline float *narrow(keeper *k, const double *x, size_t n)
{
    float *out = zeros_f32(k, n);
    for (size_t i = 0; i < n; i++) out[i] = (float)x[i];
    return out;
}

static inline void release(keeper *k)
{
    while (k->n > 0) free(k->kept[--k->n]);
}

/* Largest difference over the largest magnitude of b; infinite where something is not a number. */
static inline double far(const double *a, const double *b, size_t n)
{
    double worst = 0, largest = 1e-300;
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, isnan(a[i] - b[i]) ? INFINITY : fabs(a[i] - b[i]));
        largest = fmax(largest, fabs(b[i]));
    }
    return worst / largest;
}

static inline double far_f32(const float *a, const double *b, size_t n)
{
    double worst = 0, largest = 1e-300;
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, isnan((double)a[i] - b[i]) ? INFINITY : fabs((double)a[i] - b[i]));
        largest = fmax(largest, fabs(b[i]));
    }
    return worst / largest;
}

static inline double inner_product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

#endif
