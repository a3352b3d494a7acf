/* Slow oracle for the U-D filter: the textbook in double, dense, Joseph's form, one scalar at a time; and
 * random systems to try it on. */
#ifndef SSMCAST_TESTS_KALMAN_DENSE_FILTER_H
#define SSMCAST_TESTS_KALMAN_DENSE_FILTER_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DENSE_MOST = 16, DENSE_SENSORS = 4 };

typedef struct dense_system {
    size_t n, p, r;
    double T[DENSE_MOST * DENSE_MOST], G[DENSE_MOST * DENSE_MOST], q[DENSE_MOST];
    double Zt[DENSE_MOST * DENSE_SENSORS], h[DENSE_SENSORS];
    double x[DENSE_MOST], P[DENSE_MOST * DENSE_MOST]; /* the state */
} dense_system;

/* Uniform in [-1, 1): a generator of 64 bits (Steele, Lea & Flood 2014), the same on every machine. */
static inline double dense_draw(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)(int64_t)(z ^ (z >> 31)) * 0x1p-63;
}

/* Close to normal, with variance 1. */
static inline double dense_normal(uint64_t *seed)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) sum += dense_draw(seed);
    return sum / 2;
}

static inline void dense_product(double *C, const double *A, const double *B, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            C[i + j * n] = 0;
            for (size_t k = 0; k < n; k++) C[i + j * n] += A[i + k * n] * B[k + j * n];
        }
    }
}

/* Stable, with r shocks and p sensors. All numbers have few bits, so that they are the same in single. */
static inline void dense_random(dense_system *s, size_t n, size_t p, size_t r, uint64_t *seed)
{
    memset(s, 0, sizeof *s);
    s->n = n, s->p = p, s->r = r;
    const double shrink = 1.8 / (double)(n + 1);
    for (size_t i = 0; i < n * n; i++) s->T[i] = round(256 * shrink * dense_draw(seed)) / 256;
    for (size_t i = 0; i < n; i++) s->T[i + i * n] += 0.25;
    for (size_t i = 0; i < n * r; i++) s->G[i] = round(64 * dense_draw(seed)) / 64;
    for (size_t i = 0; i < r; i++) s->q[i] = 0.125 + round(64 * fabs(dense_draw(seed))) / 64;
    for (size_t i = 0; i < n * p; i++) s->Zt[i] = round(64 * dense_draw(seed)) / 64;
    for (size_t i = 0; i < p; i++) s->h[i] = 0.0625 + round(64 * fabs(dense_draw(seed))) / 64;
    for (size_t i = 0; i < n; i++) s->P[i + i * n] = 4;
}

static inline void dense_predict(dense_system *s)
{
    const size_t n = s->n;
    double TP[DENSE_MOST * DENSE_MOST], x[DENSE_MOST] = {0};
    dense_product(TP, s->T, s->P, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++) sum += TP[i + k * n] * s->T[j + k * n];
            for (size_t k = 0; k < s->r; k++) sum += s->G[i + k * n] * s->q[k] * s->G[j + k * n];
            s->P[i + j * n] = sum;
            x[i] += s->T[i + j * n] * s->x[j];
        }
    }
    memcpy(s->x, x, n * sizeof *x);
}

/* One scalar; v and F are those of the innovation. */
static inline void dense_update(dense_system *s, const double *z, double h, double y, double *v, double *F)
{
    const size_t n = s->n;
    double M[DENSE_MOST] = {0}, J[DENSE_MOST * DENSE_MOST], JP[DENSE_MOST * DENSE_MOST];
    *v = y, *F = h;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) M[i] += s->P[i + k * n] * z[k];
        *v -= z[i] * s->x[i];
        *F += z[i] * M[i];
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) J[i + j * n] = (i == j) - M[i] * z[j] / *F;
        s->x[j] += M[j] * *v / *F;
    }
    dense_product(JP, J, s->P, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            double sum = h * M[i] * M[j] / (*F * *F);
            for (size_t k = 0; k < n; k++) sum += JP[i + k * n] * J[j + k * n];
            s->P[i + j * n] = sum;
        }
    }
}

/* The same system with the errors of its sensors, of covariance H (p, p), as states; take rows in with h = 0.
 */
static inline dense_system dense_augmented(const dense_system *s, const double *H)
{
    dense_system a = {.n = s->n + s->p, .p = s->p, .r = s->r + s->p};
    const double *factor = H; /* lower Cholesky factor */
    for (size_t j = 0; j < s->n; j++) {
        for (size_t i = 0; i < s->n; i++) a.T[i + j * a.n] = s->T[i + j * s->n];
        for (size_t i = 0; i < s->n; i++) a.P[i + j * a.n] = s->P[i + j * s->n];
        a.x[j] = s->x[j];
    }
    for (size_t k = 0; k < s->r; k++) {
        for (size_t i = 0; i < s->n; i++) a.G[i + k * a.n] = s->G[i + k * s->n];
        a.q[k] = s->q[k];
    }
    for (size_t k = 0; k < s->p; k++) {
        for (size_t i = 0; i < s->p; i++) a.G[s->n + i + (s->r + k) * a.n] = factor[i + k * s->p];
        a.q[s->r + k] = 1;
        for (size_t i = 0; i < s->n; i++) a.Zt[i + k * a.n] = s->Zt[i + k * s->n];
        a.Zt[s->n + k + k * a.n] = 1;
    }
    return a;
}

/* Largest |found_ij - P_ij| in units of the standard deviations. */
static inline double dense_distance(const dense_system *s, const double *found)
{
    double worst = 0;
    for (size_t j = 0; j < s->n; j++) {
        for (size_t i = 0; i < s->n; i++) {
            const double unit = sqrt(s->P[i + i * s->n] * s->P[j + j * s->n]);
            worst = fmax(worst, fabs(found[i + j * s->n] - s->P[i + j * s->n]) / unit);
        }
    }
    return worst;
}

#endif
