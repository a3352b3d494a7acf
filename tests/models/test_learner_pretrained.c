/* The pretrained network beside a trained forecaster: the forecast is the average of theirs, whatever way the
 * rows came in. */
#include "fixture.h"

#include <unistd.h>

enum { ROWS = 300, AHEAD = 40, HORIZON = 6 };
static const double share = 0.25;

static void make_series(double *value, size_t rows, double level)
{
    unsigned random = 7;
    for (size_t t = 0; t < rows; t++) {
        random = random * 1664525U + 1013904223U;
        value[t] = level + 4 * sin((double)t * 0.5235987755982988) + (double)(random >> 8) / (1 << 24);
    }
    value[rows / 2] = NAN;
}

static ssm_forecaster *fit(ssm_context *ctx, const char *model, const char *pretrained,
                           const ssm_series *panel, size_t n)
{
    ssm_forecaster *f = NULL;
    assert_int_equal(ssm_forecaster_new(ctx, model, &f), SSM_OK);
    assert_int_equal(pretrained != NULL ? ssm_forecaster_set(f, "pretrained", pretrained)
                                        : ssm_forecaster_set(f, "fresh", "true"),
                     SSM_OK);
    if (pretrained != NULL) { /* no network, and a ridge that looks back on less than the pretrained one */
        assert_int_equal(ssm_forecaster_set(f, "windows", "0"), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "lookback", "24"), SSM_OK);
    }
    const ssm_fit_task task = {.panel = panel, .n_series = n, .horizon = HORIZON};
    if (ssm_forecaster_fit(f, &task) != SSM_OK) fail_msg("%s: %s", model, ssm_context_message(ctx));
    assert_int_equal(ssm_forecaster_condition(f, &panel[n - 1]), SSM_OK);
    return f;
}

static void assert_average(ssm_forecaster *both, ssm_forecaster *own, ssm_forecaster *zero)
{
    fixture_answer a, b, c;
    double apart = 0;
    fixture_predict(both, HORIZON, &a);
    fixture_predict(own, HORIZON, &b);
    fixture_predict(zero, HORIZON, &c);
    for (size_t h = 0; h < HORIZON; h++) {
        assert_near(a.mean[h], (1 - share) * b.mean[h] + share * c.mean[h], 1e-12);
        apart += fabs(b.mean[h] - c.mean[h]);
    }
    for (size_t i = 0; i < HORIZON * FIXTURE_LEVELS; i++)
        assert_near(a.quantile[i], (1 - share) * b.quantile[i] + share * c.quantile[i], 1e-12);
    assert_true(apart > 1e-3); /* or an average would be nothing to tell */
}

static void assert_same(ssm_forecaster *f, ssm_forecaster *g)
{
    fixture_answer a = {0}, b = {0};
    fixture_predict(f, HORIZON, &a);
    fixture_predict(g, HORIZON, &b);
    assert_memory_equal(&a, &b, sizeof a);
}

static void the_forecast_is_the_average_of_both_row_by_row(void **state)
{
    (void)state;
    static double first[ROWS], second[ROWS + AHEAD];
    make_series(first, ROWS, 10);
    make_series(second, ROWS + AHEAD, 200);
    const ssm_series panel[] = {fixture_series(first, ROWS, 12), fixture_series(second, ROWS, 12)};
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    for (size_t n = 1; n <= 2; n++) {
        const ssm_series *own = panel + 2 - n;
        ssm_forecaster *both = fit(ctx, "mamba", "0.25", own, n), *alone = fit(ctx, "mamba", "0", own, n),
                       *zero = fit(ctx, "zero", NULL, own, n);
        assert_average(both, alone, zero);
        for (size_t t = ROWS; t < ROWS + AHEAD; t++) {
            ssm_forecaster *const all[] = {both, alone, zero};
            for (size_t i = 0; i < 3; i++)
                assert_int_equal(ssm_forecaster_update(all[i], &second[t]), SSM_OK);
            if (t % 13 == 0) assert_average(both, alone, zero);
        }
        ssm_forecaster_free(both);
        ssm_forecaster_free(alone);
        ssm_forecaster_free(zero);
    }
    ssm_context_free(ctx);
}

/* What is kept is as much as the network looks back on, whatever the look-back of the ridge. */
static void a_history_longer_than_the_context_is_seen_to_its_end(void **state)
{
    (void)state;
    enum { LONG = 2030 };
    static double value[LONG + AHEAD];
    make_series(value, LONG + AHEAD, 10);
    const ssm_series series = fixture_series(value, LONG, 12);
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, "mamba", "1", &series, 1), *zero = fit(ctx, "zero", NULL, &series, 1);
    for (size_t t = LONG; t < LONG + AHEAD; t++) {
        assert_int_equal(ssm_forecaster_update(f, &value[t]), SSM_OK);
        assert_int_equal(ssm_forecaster_update(zero, &value[t]), SSM_OK);
    }
    assert_same(f, zero);
    ssm_forecaster_free(f);
    ssm_forecaster_free(zero);
    ssm_context_free(ctx);
}

static void files_of_model_and_state_go_on_to_the_same_bytes(void **state)
{
    (void)state;
    static double value[ROWS + AHEAD];
    char path[] = "/tmp/ssmcast-pretrained-XXXXXX", note[512];
    make_series(value, ROWS + AHEAD, 10);
    const ssm_series series = fixture_series(value, ROWS, 12);
    ssm_context *ctx;
    ssm_forecaster *loaded;
    size_t n;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, "mamba", "0.25", &series, 1);
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "25 % of it is the pretrained network's"));
    close(mkstemp(path));
    assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
    assert_int_equal(ssm_forecaster_load(ctx, path, &loaded), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(loaded, &series), SSM_OK);
    assert_same(f, loaded);
    ssm_forecaster_free(loaded);
    for (size_t t = ROWS; t < ROWS + AHEAD; t++) {
        assert_int_equal(ssm_forecaster_update(f, &value[t]), SSM_OK);
        if (t % 13 != 0) continue;
        assert_int_equal(ssm_forecaster_save_state(&f, 1, path), SSM_OK);
        assert_int_equal(ssm_forecaster_load_state(ctx, path, 1, &loaded, &n), SSM_OK);
        assert_same(f, loaded);
        ssm_forecaster_free(f);
        f = loaded;
    }
    unlink(path);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* A column that drives more than the series has by itself, with rows one by one and at once. */
static void the_network_sees_what_columns_leave(void **state)
{
    (void)state;
    enum { KNOWN = ROWS + AHEAD + HORIZON };
    static double value[KNOWN], rest[KNOWN], x[KNOWN];
    double error = 0;
    unsigned random = 99;
    make_series(rest, KNOWN, 10);
    for (size_t t = 0; t < KNOWN; t++) {
        random = random * 1664525U + 1013904223U;
        x[t] = (double)(random >> 8) / (1 << 24) - 0.5;
        value[t] = rest[t] + 100 * x[t];
    }
    ssm_series series = fixture_series(value, ROWS, 12), longer = fixture_series(value, ROWS + AHEAD, 12);
    longer.exogenous = series.exogenous = x;
    longer.n_exogenous = series.n_exogenous = 1;
    longer.exogenous_rows = series.exogenous_rows = KNOWN;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, "mamba", "1", &series, 1), *g = fit(ctx, "mamba", "1", &series, 1);
    for (size_t t = ROWS; t < ROWS + AHEAD; t++)
        assert_int_equal(ssm_forecaster_update(f, &value[t]), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(g, &longer), SSM_OK);
    assert_same(f, g);
    fixture_answer a;
    fixture_predict(f, HORIZON, &a);
    for (size_t h = 0; h < HORIZON; h++) error += fabs(a.mean[h] - value[ROWS + AHEAD + h]) / HORIZON;
    print_message("mean error %g\n", error);
    assert_true(error < 2); /* of a column that moves the series by 25 in the mean */
    ssm_forecaster_free(f);
    ssm_forecaster_free(g);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_forecast_is_the_average_of_both_row_by_row),
        cmocka_unit_test(a_history_longer_than_the_context_is_seen_to_its_end),
        cmocka_unit_test(files_of_model_and_state_go_on_to_the_same_bytes),
        cmocka_unit_test(the_network_sees_what_columns_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
