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

/* Where what a smoother shows is kept. */
typedef struct keeper {
    smoothed *to;
    size_t n, length, shown;
} keeper;

static void keep(void *user, size_t t, const ssmi_smoothed *row)
{
    keeper *k = user;
    const size_t n = k->n, block = n * n;
    memcpy(k->to->alpha + t * n, row->alpha, n * sizeof(double));
    memcpy(k->to->V + t * block, row->V, block * sizeof(double));
    if (t + 1 < k->length) memcpy(k->to->lag + t * block, row->V_lag, block * sizeof(double));
    k->shown++;
}

/* All rows by regression; returns how many were shown. */
static size_t smooth_by_regression(const ssm_statespace *m, const double *y, size_t length, smoothed *out)
{
    ssm_arena arena;
    ssmi_smoother s;
    keeper k = {.to = out, .n = m->n, .length = length};
    ssm_context *ctx = open_context();
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_smoother_init(&s, m, length, SSMI_SMOOTH_LAG, &arena), SSM_OK);
    assert_int_equal(ssmi_smoother_run(&s, y, length, NULL, NULL, keep, &k), SSM_OK);
    k.shown = 0;
    assert_int_equal(ssmi_smooth_augmented(&s, y, length, length, keep, &k, &arena), SSM_OK);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return k.shown;
}

/* Against the public smoother. */
static void compare(const ssm_statespace *m, const double *y, size_t length, double tolerance)
{
    const size_t n = m->n;
    ssm_context *ctx = open_context();
    smoothed a = make(n, length), b = make(n, length);
    const ssm_kalman_smooth_output to_a = {.alpha = a.alpha, .V = a.V, .V_lag = a.lag};
    assert_int_equal(ssm_kalman_smooth(ctx, m, y, length, NULL, &to_a), SSM_OK);
    assert_int_equal(smooth_by_regression(m, y, length, &b), length);
    for (size_t t = 0; t < length; t++) {
        near(b.alpha + t * n, a.alpha + t * n, n, tolerance);
        near(b.V + t * n * n, a.V + t * n * n, n * n, tolerance);
        if (t + 1 < length) near(b.lag + t * n * n, a.lag + t * n * n, n * n, tolerance);
    }
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

/* Without an error of the observation the level is certain once the start is known: nothing is shown. */
static void what_is_certain_is_left_as_it_was(void **state)
{
    (void)state;
    const double y[3] = {1, 1, 1};
    smoothed out = make(1, 3);
    small_model m;
    local_level(&m, 0, 0);
    assert_int_equal(smooth_by_regression(&m.model, y, 3, &out), 0);
    assert_true(out.alpha[0] == 1 && out.V[2] == 0);
    discard(&out);
}

static void ignore(void *user, size_t t, const ssmi_smoothed *row)
{
    (void)user, (void)t, (void)row;
}

/* Has the diffuse recursion lost the digits of a variance? */
static int loses_digits(const random_system *s)
{
    ssm_arena arena;
    ssmi_smoother smoother;
    ssm_context *ctx = open_context();
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_smoother_init(&smoother, &s->model, s->length, SSMI_SMOOTH_STATES, &arena), SSM_OK);
    assert_int_equal(ssmi_smoother_run(&smoother, s->y, s->length, NULL, NULL, ignore, NULL), SSM_OK);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    return smoother.indefinite;
}

/* Signals of a system whose diffuse states the data hardly tell have the states' variances. */
static void check_signal(const random_system *s)
{
    const size_t n = s->n, p = s->p, L = s->length;
    smoothed a = make(n, L);
    double *signal = calloc(p * L, sizeof *signal), *variance = calloc(p * p * L, sizeof *variance);
    const ssm_kalman_smooth_output out = {.alpha = a.alpha, .V = a.V};
    const ssm_kalman_imputed imputed = {.signal = signal, .signal_var = variance};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_smooth(ctx, &s->model, s->y, L, NULL, &out), SSM_OK);
    assert_int_equal(ssm_kalman_impute(ctx, &s->model, s->y, L, NULL, &imputed), SSM_OK);
    ssm_context_free(ctx);
    for (size_t t = 0; t < L; t++) {
        const double *Z = s->model.Z.data + t * s->model.Z.stride, *V = a.V + t * n * n;
        for (size_t i = 0; i < p; i++) {
            double sum = 0.0, reach = 0.0;
            for (size_t k = 0; k < n * n; k++) {
                sum += Z[i + k % n * p] * Z[i + k / n * p] * V[k];
                reach += fabs(Z[i + k % n * p] * Z[i + k / n * p] * V[k]);
            }
            assert_true(fabs(variance[(t * p + i) * p + i] - sum) <= 1e-12 * reach);
        }
    }
    free(signal);
    free(variance);
    discard(&a);
}

static void imputed_signals_take_the_regression_where_the_smoother_does(void **state)
{
    (void)state;
    size_t seen = 0;
    for (unsigned seed = 1; seed <= 400; seed++) {
        random_system s;
        random_open(&s, seed);
        if (loses_digits(&s)) {
            check_signal(&s);
            seen++;
        }
        random_close(&s);
    }
    print_message("%zu systems lose digits\n", seen);
    assert_true(seen > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_level_and_trend_are_the_same),
        cmocka_unit_test(random_systems_are_the_same),
        cmocka_unit_test(what_is_certain_is_left_as_it_was),
        cmocka_unit_test(imputed_signals_take_the_regression_where_the_smoother_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
