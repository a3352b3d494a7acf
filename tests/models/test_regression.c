#include "fixture.h"

#include "base/arena.h"
#include "models/regression.h"
#include <stdint.h>

enum { ROWS = 600, COLUMNS = 3, HORIZON = 3 };

typedef struct bench {
    ssm_context *ctx;
    ssm_arena arena;
    double y[ROWS], x[ROWS * COLUMNS];
    ssm_series series;
    ssmi_window_series windows;
    ssmi_regression r;
} bench;

static double noise(uint32_t *seed)
{
    *seed = 1664525u * *seed + 1013904223u;
    return (*seed >> 8) / 8388608.0 - 1;
}

/* y = 5 + effect x_0 + 0.6 its last remainder + noise; x_1 = x_0 where `twins`, x_2 = 4. */
static void open_bench(bench *b, double effect, int twins, uint32_t seed)
{
    double rest = 0;
    memset(b, 0, sizeof *b);
    for (size_t t = 0; t < ROWS; t++) {
        double *x = b->x + t * COLUMNS;
        x[0] = noise(&seed);
        x[1] = twins ? x[0] : noise(&seed);
        x[2] = 4;
        rest = 0.6 * rest + noise(&seed);
        b->y[t] = 5 + effect * x[0] + rest;
    }
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    ssmi_arena_init(&b->arena, b->ctx);
    b->series = fixture_series(b->y, ROWS, 0);
    b->series.exogenous = b->x;
    b->series.n_exogenous = COLUMNS;
    b->series.exogenous_rows = ROWS;
}

static void find_effect(bench *b)
{
    const ssmi_ridge_task task = {.panel = &b->windows,
                                  .n_series = 1,
                                  .horizon = HORIZON,
                                  .n_validation = 60,
                                  .lookback = 8,
                                  .alpha = 1};
    assert_int_equal(ssmi_regression_open(&b->r, &b->series, 1, 60, &b->arena), SSM_OK);
    assert_int_equal(ssmi_windows_prepare(&b->windows, &b->series, ROWS - 60, &b->arena), SSM_OK);
    assert_int_equal(ssmi_regression_attach(&b->windows, &b->r, &b->series, &b->arena), SSM_OK);
    assert_int_equal(ssmi_regression_fit(&b->r, &task, 0, &b->arena), SSM_OK);
}

/* Effect number k in raw units. */
static double raw_effect(const bench *b, size_t k)
{
    return b->r.effect[k] * b->windows.scale / b->r.scale[k % COLUMNS];
}

static void close_bench(bench *b)
{
    ssmi_arena_clear(&b->arena);
    ssm_context_free(b->ctx);
}

/* The standard error of generalised least squares is sd(noise) / (sd(x) sqrt(n (1 + 0.6^2))) = 0.037. */
static void an_effect_is_found_within_its_standard_error(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, 2, 0, 3);
    find_effect(&b);
    print_message("%g %g %g\n", raw_effect(&b, 0), raw_effect(&b, 1), raw_effect(&b, 2));
    assert_true(fabs(raw_effect(&b, 0) - 2) < 3 * 0.037);
    assert_true(fabs(raw_effect(&b, 1)) < 3 * 0.037);
    assert_true(raw_effect(&b, 2) == 0 && b.r.scale[2] == 1);
    close_bench(&b);
}

static void columns_that_say_the_same_share_the_effect(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, 2, 1, 3);
    find_effect(&b);
    assert_true(fabs(raw_effect(&b, 0) - 1) < 0.1);
    assert_near(raw_effect(&b, 1), raw_effect(&b, 0), 1e-4);
    close_bench(&b);
}

/* Chance lets the other fifth of the windows agree now and then. */
static void without_an_effect_mostly_nothing_is_taken_off(void **state)
{
    (void)state;
    size_t kept = 0;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        bench b;
        open_bench(&b, 0, 0, seed * 7919);
        find_effect(&b);
        for (size_t k = 0; k < COLUMNS; k++) assert_true(fabs(raw_effect(&b, k)) < 4 * 0.037);
        kept += b.r.effect[0] != 0;
        close_bench(&b);
    }
    print_message("kept in %zu of 20\n", kept);
    assert_true(kept <= 8);
}

/* y = 5 + 2 (x_0,t + 0.8 x_0,t-1 + 0.64 x_0,t-2 ...) + noise. The mean of 2 0.8^lag over lags 4 to 15 is
 * 0.318. */
static void a_response_that_fades_is_found(void **state)
{
    (void)state;
    bench b;
    uint32_t seed = 5;
    double level = 0, square = 0;
    open_bench(&b, 0, 0, 3);
    for (size_t t = 0; t < ROWS; t++) {
        level = 0.8 * level + b.x[t * COLUMNS];
        b.y[t] = 5 + 2 * level + 0.3 * noise(&seed);
    }
    find_effect(&b);
    const double after = raw_effect(&b, 2 * COLUMNS) / 16 + raw_effect(&b, 3 * COLUMNS) / 64;
    assert_true(fabs(raw_effect(&b, 0) + raw_effect(&b, COLUMNS) / 4 + after - 2) < 0.2);
    assert_true(fabs(after - 0.318) < 0.05);
    assert_int_equal(ssmi_regression_take_off(&b.windows, &b.r, 1, 0, &b.arena), SSM_OK);
    for (size_t t = 100; t < ROWS - 60; t++) square += b.windows.value[t] * b.windows.value[t] / (ROWS - 160);
    print_message("%g of the variance is left\n", square);
    assert_true(square < 0.15);
    close_bench(&b);
}

/* Against the sums as they are written in the header, in raw rows; before the first they are as in it. */
static void the_effect_is_that_of_means_over_the_last_rows(void **state)
{
    (void)state;
    static const size_t span[SSMI_REGRESSION_SPANS] = {1, 4, 16, 64};
    bench b;
    uint32_t seed = 9;
    open_bench(&b, 0, 0, 3);
    assert_int_equal(ssmi_regression_open(&b.r, &b.series, 1, 0, &b.arena), SSM_OK);
    assert_int_equal(ssmi_windows_prepare(&b.windows, &b.series, ROWS, &b.arena), SSM_OK);
    assert_int_equal(ssmi_regression_attach(&b.windows, &b.r, &b.series, &b.arena), SSM_OK);
    for (size_t k = 0; k < SSMI_REGRESSION_SPANS * COLUMNS; k++) b.r.effect[k] = noise(&seed);
    for (size_t t = 0; t < ROWS; t += 7) {
        double want = 0;
        for (size_t j = 0; j < SSMI_REGRESSION_SPANS; j++)
            for (size_t k = 0; k < COLUMNS; k++) {
                double mean = 0;
                for (size_t lag = 0; lag < span[j]; lag++)
                    mean += b.x[(t > lag ? t - lag : 0) * COLUMNS + k] / (double)span[j];
                want += b.r.effect[j * COLUMNS + k] * (mean - b.r.mean[k]) / b.r.scale[k];
            }
        assert_near(ssmi_regression_effect(&b.r, b.windows.column + t * COLUMNS), want, 1e-12);
    }
    close_bench(&b);
}

/* The gap is filled along the rest, not along the raw values, whose column jumps in it. */
static void gaps_are_filled_in_what_is_left(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, 2, 0, 3);
    double one = 1;
    for (size_t t = 0; t < ROWS; t++) b.y[t] = 3 + 2 * b.x[t * COLUMNS];
    b.y[100] = b.y[101] = NAN;
    assert_int_equal(ssmi_regression_open(&b.r, &b.series, 1, 0, &b.arena), SSM_OK);
    assert_int_equal(ssmi_windows_prepare(&b.windows, &b.series, ROWS, &b.arena), SSM_OK);
    assert_int_equal(ssmi_regression_attach(&b.windows, &b.r, &b.series, &b.arena), SSM_OK);
    b.r.effect[0] = 2 * b.r.scale[0] / b.windows.scale;
    assert_int_equal(ssmi_regression_take_off(&b.windows, &b.r, one, 0, &b.arena), SSM_OK);
    for (size_t t = 1; t < ROWS; t++)
        assert_true(fabs(b.windows.value[t] - b.windows.value[0]) < 1e-12 * fabs(b.windows.value[0]) + 1e-12);
    close_bench(&b);
}

static void rows_outside_repeat_the_first_and_the_last(void **state)
{
    (void)state;
    bench b;
    double out[5 * COLUMNS];
    open_bench(&b, 2, 0, 3);
    assert_int_equal(ssmi_regression_open(&b.r, &b.series, 1, 0, &b.arena), SSM_OK);
    ssmi_regression_rows(out, &b.r, &b.series, -2, 5);
    assert_memory_equal(out, out + COLUMNS, COLUMNS * sizeof *out);
    assert_memory_equal(out, out + 2 * COLUMNS, COLUMNS * sizeof *out);
    assert_true(out[3 * COLUMNS] == (b.x[COLUMNS] - b.r.mean[0]) / b.r.scale[0]);
    ssmi_regression_rows(out, &b.r, &b.series, ROWS - 1, 3);
    assert_memory_equal(out, out + 2 * COLUMNS, COLUMNS * sizeof *out);
    close_bench(&b);
}

static void too_many_columns_are_refused_with_their_number(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, 2, 0, 3);
    b.series.n_exogenous = SSMI_REGRESSION_COLUMNS + 1;
    b.series.length = 5;
    assert_int_equal(ssmi_regression_open(&b.r, &b.series, 1, 0, &b.arena), SSM_E_UNSUPPORTED);
    assert_non_null(strstr(ssm_context_message(b.ctx), "65 exogenous columns"));
    assert_int_equal(b.r.n, 0);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_effect_is_found_within_its_standard_error),
        cmocka_unit_test(columns_that_say_the_same_share_the_effect),
        cmocka_unit_test(without_an_effect_mostly_nothing_is_taken_off),
        cmocka_unit_test(a_response_that_fades_is_found),
        cmocka_unit_test(the_effect_is_that_of_means_over_the_last_rows),
        cmocka_unit_test(gaps_are_filled_in_what_is_left),
        cmocka_unit_test(rows_outside_repeat_the_first_and_the_last),
        cmocka_unit_test(too_many_columns_are_refused_with_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
