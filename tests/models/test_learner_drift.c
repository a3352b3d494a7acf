/* Columns whose level a network is not told. */
#include "fixture.h"

#include "models/learner_drift.h"
#include <stdint.h>

enum { ROWS = 800, COLUMNS = 2, LOOKBACK = 12, HORIZON = 4 };

static double turns(size_t n, size_t t)
{
    return sin(2 * 3.14159265358979 * (double)(n * t) / ROWS);
}

static double noise(uint32_t *seed)
{
    *seed = 1664525u * *seed + 1013904223u;
    return (*seed >> 8) / 8388608.0 - 1;
}

static void means_are_those_of_the_last_rows(void **state)
{
    enum { L = 5, LENGTH = 30 };
    double x[LENGTH * COLUMNS], mean[LENGTH];
    uint32_t seed = 3;
    (void)state;
    for (size_t i = 0; i < LENGTH * COLUMNS; i++) x[i] = noise(&seed);
    ssmi_learner_drift_means(mean, x, LENGTH, L, COLUMNS, 1);
    for (int t = 0; t < LENGTH; t++) {
        double sum = 0;
        for (int k = t - L + 1; k <= t; k++) sum += x[(k < 0 ? 0 : k) * COLUMNS + 1];
        assert_float_equal(mean[t], sum / L, 1e-14);
    }
}

/* Of 7 and 9 turns, 13 and 17 swings, the latter are enough; held rows do not count; nor does a constant
 * move. */
static void a_level_is_told_once_it_has_swung_often_enough(void **state)
{
    static const size_t first[] = {7, 9, 0, 20}, held[] = {0, 0, 0, ROWS / 2 + 150};
    static const double drifts[] = {1, 0, 1, 1};
    (void)state;
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        double x[ROWS * COLUMNS], out[COLUMNS];
        for (size_t t = 0; t < ROWS; t++) {
            x[t * COLUMNS] = turns(first[i], t);
            x[t * COLUMNS + 1] = turns(40, t);
        }
        const ssmi_window_series panel[] = {{.length = ROWS, .column = x, .n_columns = COLUMNS},
                                            {.length = 1, .column = x, .n_columns = COLUMNS}};
        assert_int_equal(ssmi_learner_drift_find(out, panel, 2, held[i], 4, &arena), SSM_OK);
        assert_float_equal(out[0], drifts[i], 0);
        assert_float_equal(out[1], 0, 0);
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

/* y bends with the first column, which is noise; the second turns twice and says nothing. */
static ssm_series make_series(double *y, double *x)
{
    uint32_t seed = 11;
    double level = 0;
    for (size_t t = 0; t < ROWS; t++) {
        x[t * COLUMNS] = noise(&seed);
        x[t * COLUMNS + 1] = turns(2, t);
        level = 0.6 * level + 3 * noise(&seed);
        y[t] = 20 * fabs(x[t * COLUMNS]) + level;
    }
    ssm_series series = fixture_series(y, ROWS - HORIZON, 0);
    series.exogenous = x;
    series.n_exogenous = COLUMNS;
    series.exogenous_rows = ROWS;
    return series;
}

/* Largest change of the forecast where all values of column k are one larger, in the history alone. */
static double change(ssm_forecaster *f, ssm_series history, size_t k)
{
    static double moved[ROWS * COLUMNS];
    fixture_answer before, after;
    double worst = 0;
    assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
    fixture_predict(f, HORIZON, &before);
    for (size_t i = 0; i < ROWS * COLUMNS; i++) moved[i] = history.exogenous[i] + (i % COLUMNS == k);
    history.exogenous = moved;
    assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
    fixture_predict(f, HORIZON, &after);
    for (size_t h = 0; h < HORIZON; h++) worst = fmax(worst, fabs(after.mean[h] - before.mean[h]));
    return worst;
}

static void a_network_hears_a_level_only_where_it_is_told(void **state)
{
    static const char *const set[][2] = {{"lookback", "12"}, {"windows", "10000"}, {"rate", "0.01"},
                                         {"epochs", "40"},   {"dropout", "0"},     {"patch", "4"},
                                         {"stride", "4"},    {"width", "8"},       {"hidden", "16"}};
    static const char *const states[] = {"window", "carried"};
    (void)state;
    double y[ROWS], x[ROWS * COLUMNS];
    char note[400];
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series series = make_series(y, x);
    for (size_t s = 0; s < 2; s++) {
        ssm_forecaster *f;
        assert_int_equal(ssm_forecaster_new(ctx, "mamba", &f), SSM_OK);
        for (size_t i = 0; i < sizeof set / sizeof *set; i++)
            assert_int_equal(ssm_forecaster_set(f, set[i][0], set[i][1]), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "state", states[s]), SSM_OK);
        const ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = HORIZON};
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "without linear effect; network kept"));
        assert_true(change(f, series, 0) > 0.1);
        assert_true(change(f, series, 1) < 1e-4);
        ssm_forecaster_free(f);
    }
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_are_those_of_the_last_rows),
        cmocka_unit_test(a_level_is_told_once_it_has_swung_often_enough),
        cmocka_unit_test(a_network_hears_a_level_only_where_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
