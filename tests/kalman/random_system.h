/* Random systems of up to 12 states and 4 observations for comparing forms of the filter: with and without
 * time-varying matrices, correlated errors, known inputs, whole and partly missing rows, and known, diffuse
 * and mixed starts. */
#ifndef SSMCAST_TESTS_KALMAN_RANDOM_SYSTEM_H
#define SSMCAST_TESTS_KALMAN_RANDOM_SYSTEM_H

#include "kalman/cases.h"

enum { RANDOM_ROWS = 48 };

typedef struct random_system {
    size_t n, p, r, length;
    double *numbers, *y;
    ssm_statespace model;
    uint64_t seed;
} random_system;

static inline double random_uniform(random_system *s)
{
    s->seed = s->seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(s->seed >> 11) / 9007199254740992.0;
}

static inline double random_normal(random_system *s)
{
    double sum = -6.0;
    for (int k = 0; k < 12; k++) sum += random_uniform(s);
    return sum;
}

static inline size_t random_size(random_system *s, size_t most)
{
    return 1 + (size_t)(random_uniform(s) * (double)most);
}

static inline double *random_fill(random_system *s, double **next, size_t count, double sd)
{
    double *out = *next;
    *next += count;
    for (size_t k = 0; k < count; k++) out[k] = sd * random_normal(s);
    return out;
}

/* `count` variances G G' + floor I of order n; now and then the floor is left out and G has a column less. */
static inline double *random_variances(random_system *s, double **next, size_t n, size_t count, double floor)
{
    double *out = *next, G[MOST_STATES * MOST_STATES];
    *next += n * n * count;
    for (size_t t = 0; t < count; t++) {
        for (size_t k = 0; k < n * n; k++) G[k] = random_normal(s) / sqrt((double)n);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                double sum = i == j ? floor : 0.0;
                for (size_t k = 0; k < n; k++) sum += G[i + k * n] * G[j + k * n];
                out[t * n * n + i + j * n] = sum;
            }
        }
    }
    return out;
}

/* Diffuse states: none, all, or every second one, the others with a variance. */
static inline void random_start(random_system *s, double **next, unsigned kind)
{
    const size_t n = s->n;
    s->model.a1 = random_fill(s, next, n, 1.0);
    double *P1 = random_variances(s, next, n, 1, 0.1), *P1inf = *next;
    *next += n * n;
    for (size_t i = 0; i < n; i++) {
        const int diffuse = kind == 1 || (kind == 2 && i % 2 == 0);
        P1inf[i + i * n] = diffuse ? 1.0 : 0.0;
        for (size_t j = 0; j < n && diffuse; j++) P1[i + j * n] = P1[j + i * n] = 0.0;
    }
    s->model.P1 = P1;
    s->model.P1inf = kind == 0 ? NULL : P1inf;
}

static inline void random_rows(random_system *s, double **next)
{
    s->y = random_fill(s, next, s->p * s->length, 3.0);
    for (size_t t = 0; t < s->length; t++) {
        const int block = t / 4 % 5 == 3; /* four rows without anything, again and again */
        for (size_t i = 0; i < s->p; i++) {
            if (block || random_uniform(s) < 0.15) s->y[t * s->p + i] = NAN;
        }
    }
}

static inline void random_open(random_system *s, unsigned seed)
{
    *s = (random_system){.seed = seed};
    random_normal(s);
    const size_t n = s->n = random_size(s, 12), p = s->p = random_size(s, 4), r = s->r = random_size(s, n);
    const size_t L = s->length = RANDOM_ROWS, varying = seed % 2 == 0 ? L : 1, fixed = varying == 1;
    double *next = s->numbers =
        calloc(L * (n * n + p * n + p * p + n * r + r * r + n + 2 * p) + 2 * n * n + n, sizeof(double));
    s->model = (ssm_statespace){.n = n, .p = p, .r = r};
    s->model.Z = (ssm_system_matrix){random_fill(s, &next, varying * p * n, 1.0), fixed ? 0 : p * n};
    s->model.T =
        (ssm_system_matrix){random_fill(s, &next, varying * n * n, 0.9 / sqrt((double)n)), fixed ? 0 : n * n};
    s->model.R = (ssm_system_matrix){random_fill(s, &next, varying * n * r, 1.0), fixed ? 0 : n * r};
    s->model.H = (ssm_system_matrix){random_variances(s, &next, p, varying, 0.1), fixed ? 0 : p * p};
    s->model.Q = (ssm_system_matrix){random_variances(s, &next, r, varying, 0.1), fixed ? 0 : r * r};
    s->model.c = (ssm_system_matrix){random_fill(s, &next, varying * n, 1.0), fixed ? 0 : n};
    s->model.d = (ssm_system_matrix){random_fill(s, &next, varying * p, 1.0), fixed ? 0 : p};
    for (size_t k = 0; seed % 3 == 0 && k < varying * p * p; k++) { /* errors not correlated */
        if (k % (p * p) % (p + 1) != 0) ((double *)(uintptr_t)s->model.H.data)[k] = 0.0;
    }
    random_start(s, &next, seed / 2 % 3);
    random_rows(s, &next);
}

static inline void random_close(random_system *s)
{
    free(s->numbers);
}

#endif
