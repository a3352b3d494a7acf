/* Smoothing with the start by regression gives what the exact diffuse recursion gives where that is sound. */
#include "base/arena.h"
#include "kalman/random_system.h"
#include "kalman/smooth_augmented.h"

typedef struct smoothed {
    double *alpha, *V, *lag;
} smoothed;

static smoothed make(size_t n, size_t length)
{
    return (smoothed){.alpha = calloc(n * length, sizeof(double)),
                      .V = calloc(n * n * length, sizeof(double)),
                      .lag = calloc(n * n * length, sizeof(double))};
}

static void discard(smoothed *s)
{
    free(s->alpha);
    free(s->V);
    free(s->lag);
}

static void near(const double *found, const double *expected, size_t count, double tolerance)
{
    double largest = 1e-3;
    for (size_t k = 0; k < count; k++) largest = fmax(largest, fabs(expected[k]));
    for (size_t k = 0; k < count; k++) assert_true(fabs(found[k] - expected[k]) <= tolerance * largest);
}

/* All rows by regression against the public smoother. */
static void compare(const ssm_statespace *m, const double *y, size_t length, double tolerance)
{
    const size_t n = m->n;
    ssm_arena arena;
    ssm_context *ctx = open_context();
    smoothed a = make(n, length), b = make(n, length);
    const ssm_kalman_smooth_output to_a = {.alpha = a.alpha, .V = a.V, .V_lag = a.lag},
                                   to_b = {.alpha = b.alpha, .V = b.V, .V_lag = b.lag};
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssm_kalman_smooth(ctx, m, y, length, NULL, &to_a), SSM_OK);
    assert_int_equal(ssmi_smooth_augmented(m, y, length, length, &to_b, &arena), SSM_OK);
    for (size_t t = 0; t < length; t++) {
        near(b.alpha + t * n, a.alpha + t * n, n, tolerance);
        near(b.V + t * n * n, a.V + t * n * n, n * n, tolerance);
        if (t + 1 < length) near(b.lag + t * n * n, a.lag + t * n * n, n * n, tolerance);
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    discard(&a);
    discard(&b);
}

static void nile_level_and_trend_are_the_same(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    read_nile(y);
    y[0] = y[40] = NAN;
    local_level(&m, 15099, 1469.1);
    compare(&m.model, y, 100, 1e-11);
    local_trend(&m, 15099, 1469.1, 10);
    compare(&m.model, y, 100, 1e-10);
}

static void random_systems_are_the_same(void **state)
{
    size_t seen = 0;
    (void)state;
    for (unsigned seed = 1; seed <= 400; seed++) {
        random_system s;
        random_open(&s, seed);
        if (s.model.P1inf != NULL && s.n <= 3) {
            compare(&s.model, s.y, s.length, 1e-7);
            seen++;
        }
        random_close(&s);
    }
    assert_true(seen >= 40);
}

/* Without an error of the observation the level is certain once the start is known: nothing is written. */
static void what_is_certain_is_left_as_it_was(void **state)
{
    (void)state;
    const double y[3] = {1, 1, 1};
    double alpha[3] = {7, 7, 7}, V[3] = {7, 7, 7};
    small_model m;
    ssm_arena arena;
    ssm_context *ctx = open_context();
    local_level(&m, 0, 0);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(
        ssmi_smooth_augmented(&m.model, y, 3, 3, &(ssm_kalman_smooth_output){.alpha = alpha, .V = V}, &arena),
        SSM_OK);
    assert_true(alpha[0] == 7 && V[2] == 7);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_level_and_trend_are_the_same),
        cmocka_unit_test(random_systems_are_the_same),
        cmocka_unit_test(what_is_certain_is_left_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
