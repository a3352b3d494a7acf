#include "fixture.h"

#include "base/arena.h"
#include "models/learner_poles.h"
#include <stdint.h>

static const double pi = 3.14159265358979324;

static void poles_are_eigenvalues_at_the_pace_of_tokens(void **state)
{
    (void)state;
    enum { N = 8, STRIDE = 16, TOKENS = 10 };
    /* a level, a season of 24 with its conjugate and its next harmonic but one, one that remembers for ever,
     * one that is gone within a token, and none at all */
    const double season = 2 * pi / 24, modulus[N] = {0.95, 0.98, 0.98, 0.98, 0.98, 1, 0.7, 0},
                 angle[N] = {0, season, -season, 2 * season, -2 * season, 0, 0, 0};
    double value[2 * N];
    ssmi_learner_poles p;
    for (size_t i = 0; i < N; i++) {
        value[i] = modulus[i] * cos(angle[i]);
        value[N + i] = modulus[i] * sin(angle[i]);
    }
    ssmi_learner_poles_of(&p, value, N, STRIDE, TOKENS);
    assert_int_equal(p.n, 3);
    assert_float_equal(p.re[0], -1.0 / TOKENS, 1e-12); /* of the one that remembers for ever */
    assert_float_equal(p.im[0], 0, 1e-12);
    /* 4 pi/3 and 8 pi/3 are 2 pi/3, one way or the other: one pole */
    assert_float_equal(p.re[1], STRIDE * log(0.98), 1e-12);
    assert_float_equal(p.im[1], 2 * pi / 3, 1e-9);
    assert_float_equal(p.re[2], STRIDE * log(0.95), 1e-12);
    assert_float_equal(p.im[2], 0, 1e-12);
}

/* A season of 12 that changes slowly: among the poles is one that turns once in 12 rows. */
static void a_seasonal_series_has_a_pole_of_its_season(void **state)
{
    (void)state;
    enum { ROWS = 360, STRIDE = 3 };
    double y[ROWS];
    uint32_t seed = 5;
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_learner_poles p;
    int found = 0;
    for (size_t t = 0; t < ROWS; t++) {
        seed = 1664525u * seed + 1013904223u;
        y[t] = 20 + 5 * sin(2 * pi * (double)t / 12 + 1e-3 * (double)t) + (seed >> 8) / 8388608.0;
    }
    const ssm_series series = fixture_series(y, ROWS, 12);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&tmp, ctx);
    assert_int_equal(ssmi_learner_poles_find(&p, &series, ROWS - 40, STRIDE, 20, &tmp), SSM_OK);
    assert_true(p.n >= 1);
    for (size_t i = 0; i < p.n; i++) {
        assert_true(p.re[i] <= -1.0 / 20 && p.im[i] >= 0 && p.im[i] <= pi);
        found |= fabs(p.im[i] - STRIDE * 2 * pi / 12) < 0.05;
    }
    assert_true(found);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

/* Hardly anything to fit a model to is no error, and what poles there are decay. */
static void poles_of_next_to_nothing_decay(void **state)
{
    (void)state;
    const double y[3] = {1, NAN, NAN};
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_learner_poles p = {.n = 7};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&tmp, ctx);
    for (size_t rows = 1; rows <= 3; rows++) {
        const ssm_series series = fixture_series(y, rows, 0);
        assert_int_equal(ssmi_learner_poles_find(&p, &series, rows, 1, 1, &tmp), SSM_OK);
        assert_true(p.n <= 1);
        for (size_t i = 0; i < p.n; i++) assert_true(p.re[i] <= -1 && p.im[i] == 0);
    }
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poles_are_eigenvalues_at_the_pace_of_tokens),
        cmocka_unit_test(a_seasonal_series_has_a_pole_of_its_season),
        cmocka_unit_test(poles_of_next_to_nothing_decay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
