/* What the tests of the core share: a context with an arena, random arrays, and comparisons. */
#ifndef SSMCAST_TESTS_CORE_FIXTURE_H
#define SSMCAST_TESTS_CORE_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/random.h"

typedef struct fixture {
    ssm_context *ctx;
    ssm_arena arena;
    gsl_rng *rng;
} fixture;

static inline int set_up(void **state)
{
    static fixture f;
    if (ssm_context_new(NULL, &f.ctx) != SSM_OK) return 1;
    ssmi_arena_init(&f.arena, f.ctx);
    f.rng = ssmi_random_stream(&f.arena, 7);
    *state = &f;
    return f.rng == NULL;
}

static inline int tear_down(void **state)
{
    fixture *f = *state;
    ssmi_arena_clear(&f->arena);
    ssm_context_free(f->ctx);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

/* Room for `count` doubles, zeroed. */
static inline double *zeros(fixture *f, size_t count)
{
    double *x = SSMI_ALLOC(&f->arena, double, count);
    assert_non_null(x);
    return x;
}

/* Uniform in [-1, 1). */
static inline double *draws(fixture *f, size_t count)
{
    double *x = zeros(f, count);
    for (size_t i = 0; i < count; i++) x[i] = 2 * gsl_rng_uniform(f->rng) - 1;
    return x;
}

static inline double *copied(fixture *f, const double *x, size_t count)
{
    return memcpy(zeros(f, count), x, count * sizeof *x);
}

/* A A' + shift I, (n, n). */
static inline double *positive_definite(fixture *f, size_t n, double shift)
{
    const double *A = draws(f, n * n);
    double *S = zeros(f, n * n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            for (size_t k = 0; k < n; k++) S[i + j * n] += A[i + k * n] * A[j + k * n];
        }
        S[i + i * n] += shift;
    }
    return S;
}

static inline double largest_difference(const double *x, const double *y, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(fabs(x[i] - y[i]) <= largest)) largest = fabs(x[i] - y[i]);
    }
    return largest;
}

/* |x - y| <= tolerance * max(1, |y|), elementwise largest on both sides; NaN fails. */
static inline void assert_close(const double *x, const double *y, size_t count, double tolerance)
{
    double scale = 1;
    for (size_t i = 0; i < count; i++) scale = fabs(y[i]) > scale ? fabs(y[i]) : scale;
    const double difference = largest_difference(x, y, count);
    if (!(difference <= tolerance * scale))
        fail_msg("difference %g exceeds %g * %g", difference, tolerance, scale);
}

#endif
