/* Forecasters that learn from windows, with columns that are known beside the series. */
#include "fixture.h"

#include <stdint.h>
#include <unistd.h>

enum { ROWS = 900, SEEN = 780, HORIZON = 4, COLUMNS = 2 };

typedef struct bench {
    ssm_context *ctx;
    double y[ROWS], x[ROWS * COLUMNS];
    ssm_series all, seen, bare; /* with columns; its first rows; these without columns */
} bench;

static double noise(uint32_t *seed)
{
    *seed = 1664525u * *seed + 1013904223u;
    return (*seed >> 8) / 8388608.0 - 1;
}

/* What the first column adds to a level that follows its own last value; the second column says nothing. */
typedef double effect(double x);

static double straight(double x)
{
    return 100 + 20 * x;
}

static double bent(double x)
{
    return 100 + 20 * fabs(x);
}

static double nothing(double x)
{
    return 100 + 0 * x;
}

static void open_bench(bench *b, effect *of)
{
    uint32_t seed = 11;
    double level = 0;
    for (size_t t = 0; t < ROWS; t++) {
        b->x[t * COLUMNS] = 7 + noise(&seed);
        b->x[t * COLUMNS + 1] = 1e6 * noise(&seed);
        level = 0.6 * level + 3 * noise(&seed);
        b->y[t] = of(b->x[t * COLUMNS] - 7) + level;
    }
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    b->all = fixture_series(b->y, ROWS, 0);
    b->all.exogenous = b->x;
    b->all.n_exogenous = COLUMNS;
    b->all.exogenous_rows = ROWS;
    b->seen = ssm_series_slice(b->all, 0, SEEN);
    b->bare = fixture_series(b->y, SEEN, 0);
}

static void close_bench(bench *b)
{
    ssm_context_free(b->ctx);
}

static ssm_forecaster *fit(bench *b, const char *model, const ssm_series *panel, size_t n)
{
    static const char *const small[][2] = {{"lookback", "12"}, {"windows", "10000"}, {"rate", "0.01"},
                                           {"epochs", "40"},   {"dropout", "0"},     {"patch", "4"},
                                           {"stride", "4"},    {"width", "8"},       {"hidden", "16"}};
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(b->ctx, model, &f), SSM_OK);
    const size_t n_set = strcmp(model, "linear") == 0 ? 1 : strstr(model, "linear") != NULL ? 5 : 9;
    for (size_t i = 0; i < n_set; i++)
        assert_int_equal(ssm_forecaster_set(f, small[i][0], small[i][1]), SSM_OK);
    const ssm_fit_task task = {.panel = panel, .n_series = n, .horizon = HORIZON};
    if (ssm_forecaster_fit(f, &task) != SSM_OK) fail_msg("%s: %s", model, ssm_context_message(b->ctx));
    return f;
}

/* Root mean squared error over all steps of forecasts of the rows that were not seen. */
static double error_of(bench *b, ssm_forecaster *f, int with_columns)
{
    fixture_answer a;
    double sum = 0;
    size_t n = 0;
    for (size_t o = SEEN; o + HORIZON <= ROWS; o++) {
        ssm_series history = ssm_series_slice(b->all, 0, o);
        if (!with_columns) history = fixture_series(b->y, o, 0);
        assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
        fixture_predict(f, HORIZON, &a);
        for (size_t h = 0; h < HORIZON; h++, n++) sum += pow(b->y[o + h] - a.mean[h], 2);
    }
    return sqrt(sum / (double)n);
}

static const char *const models[] = {"mamba", "s4d", "transformer", "nlinear", "dlinear", "linear"};
enum { MODELS = sizeof models / sizeof *models, TOKENS = 3, ONLINE = MODELS - 1 };

/* The level alone has a standard deviation of about 2.2, the effect of 11.5. */
static void a_column_that_drives_the_series_is_used(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, straight);
    for (size_t i = 0; i < MODELS; i++) {
        char note[256];
        ssm_forecaster *with = fit(&b, models[i], &b.seen, 1), *without = fit(&b, models[i], &b.bare, 1);
        const double known = error_of(&b, with, 1), unknown = error_of(&b, without, 0);
        print_message("%s: %g, without columns %g\n", models[i], known, unknown);
        assert_true(known < 0.25 * unknown);
        assert_int_equal(ssm_forecaster_note(with, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "regression on 2 columns; "));
        ssm_forecaster_free(with);
        ssm_forecaster_free(without);
    }
    close_bench(&b);
}

/* |x| has no straight part: what is won is won by the network. Untrained, the error is that without columns.
 */
static void a_bent_effect_is_learned_by_the_network(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, bent);
    for (size_t i = 0; i < TOKENS; i++) {
        char note[256];
        ssm_forecaster *with = fit(&b, models[i], &b.seen, 1), *without = fit(&b, models[i], &b.bare, 1);
        const double known = error_of(&b, with, 1), unknown = error_of(&b, without, 0);
        print_message("%s: %g, without columns %g\n", models[i], known, unknown);
        assert_true(known < 0.75 * unknown);
        assert_int_equal(ssm_forecaster_note(with, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "network kept"));
        ssm_forecaster_free(with);
        ssm_forecaster_free(without);
    }
    close_bench(&b);
}

static void columns_that_say_nothing_do_no_harm(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, nothing);
    for (size_t i = 0; i < MODELS; i++) {
        ssm_forecaster *with = fit(&b, models[i], &b.seen, 1), *without = fit(&b, models[i], &b.bare, 1);
        const double known = error_of(&b, with, 1), unknown = error_of(&b, without, 0);
        print_message("%s: %g, without columns %g\n", models[i], known, unknown);
        assert_true(known < 1.05 * unknown);
        ssm_forecaster_free(with);
        ssm_forecaster_free(without);
    }
    close_bench(&b);
}

static void rows_one_by_one_with_gaps_are_the_history_at_once(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, bent);
    for (size_t t = SEEN - 30; t < ROWS; t += 7) b.y[t] = NAN;
    for (size_t i = 0; i < ONLINE; i++) {
        fixture_answer streamed, at_once;
        ssm_forecaster *f = fit(&b, models[i], &b.seen, 1);
        assert_int_equal(ssm_forecaster_condition(f, &b.seen), SSM_OK);
        for (size_t t = SEEN; t < SEEN + 25; t++) assert_int_equal(ssm_forecaster_update(f, &b.y[t]), SSM_OK);
        memset(&streamed, 0, sizeof streamed);
        memset(&at_once, 0, sizeof at_once);
        fixture_predict(f, HORIZON, &streamed);
        const ssm_series history = ssm_series_slice(b.all, 0, SEEN + 25);
        assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
        fixture_predict(f, HORIZON, &at_once);
        assert_memory_equal(&streamed, &at_once, sizeof at_once);
        /* Of rows that are only known later a shorter forecast does not hear. */
        const ssm_series brief = ssm_series_slice(b.all, 0, SEEN + 25);
        ssm_series near = brief;
        near.exogenous_rows = near.length + 2;
        assert_int_equal(ssm_forecaster_condition(f, &near), SSM_OK);
        fixture_predict(f, 2, &streamed);
        assert_memory_equal(streamed.mean, at_once.mean, 2 * sizeof *streamed.mean);
        ssm_forecast more = {HORIZON, 0, NULL, streamed.mean, NULL};
        assert_int_equal(ssm_forecaster_predict(f, &more), SSM_E_ARGUMENT);
        ssm_forecaster_free(f);
    }
    close_bench(&b);
}

static void a_file_keeps_the_effect_and_asks_for_the_columns(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, straight);
    for (size_t i = 0; i < MODELS; i++) {
        char path[] = "/tmp/ssmcast_columns_XXXXXX";
        fixture_answer before, after;
        memset(&before, 0, sizeof before);
        memset(&after, 0, sizeof after);
        close(mkstemp(path));
        ssm_forecaster *f = fit(&b, models[i], &b.seen, 1);
        assert_int_equal(ssm_forecaster_condition(f, &b.seen), SSM_OK);
        fixture_predict(f, HORIZON, &before);
        assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
        ssm_forecaster_free(f);
        if (ssm_forecaster_load(b.ctx, path, &f) != SSM_OK) fail_msg("%s", ssm_context_message(b.ctx));
        assert_int_equal(ssm_forecaster_condition(f, &b.bare), SSM_E_ARGUMENT);
        assert_int_equal(ssm_forecaster_condition(f, &b.seen), SSM_OK);
        fixture_predict(f, HORIZON, &after);
        assert_memory_equal(&after, &before, sizeof before);
        ssm_forecaster_free(f);
        unlink(path);
    }
    close_bench(&b);
}

/* Two series of one effect in their own units, one of them a thousand times the other. */
static void series_of_a_panel_share_the_effect_in_their_own_units(void **state)
{
    (void)state;
    bench b;
    double large[ROWS];
    open_bench(&b, straight);
    for (size_t t = 0; t < ROWS; t++) large[t] = 1000 * b.y[t];
    ssm_series panel[2] = {b.seen, b.seen};
    panel[1].value = large;
    for (size_t i = 0; i < MODELS; i++) {
        ssm_forecaster *f = fit(&b, models[i], panel, 2);
        fixture_answer a[2];
        for (size_t k = 0; k < 2; k++) {
            assert_int_equal(ssm_forecaster_condition(f, &panel[k]), SSM_OK);
            fixture_predict(f, HORIZON, &a[k]);
        }
        for (size_t h = 0; h < HORIZON; h++) {
            assert_near(a[1].mean[h], 1000 * a[0].mean[h], 1e-5);
            assert_true(fabs(a[0].mean[h] - b.y[SEEN + h]) < 10);
        }
        ssm_forecaster_free(f);
    }
    panel[1].n_exogenous = 1;
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(b.ctx, "mamba", &f), SSM_OK);
    const ssm_fit_task task = {.panel = panel, .n_series = 2, .horizon = HORIZON};
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_ARGUMENT);
    ssm_forecaster_free(f);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_that_drives_the_series_is_used),
        cmocka_unit_test(a_bent_effect_is_learned_by_the_network),
        cmocka_unit_test(columns_that_say_nothing_do_no_harm),
        cmocka_unit_test(rows_one_by_one_with_gaps_are_the_history_at_once),
        cmocka_unit_test(a_file_keeps_the_effect_and_asks_for_the_columns),
        cmocka_unit_test(series_of_a_panel_share_the_effect_in_their_own_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
