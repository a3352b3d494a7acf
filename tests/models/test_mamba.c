#include "fixture.h"

#include <stdint.h>
#include <unistd.h>

enum { LENGTH = 900, HORIZON = 6, MANY = 11 };

static const double many_levels[MANY] = {0.001, 0.025, 0.05, 0.1, 0.33, 0.5, 0.66, 0.9, 0.95, 0.975, 0.999};

static double noise(uint32_t *seed)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        *seed = 1664525u * *seed + 1013904223u;
        sum += (*seed >> 8) / 16777216.0;
    }
    return sum - 6;
}

/* The sign of what comes depends on the size of what was: no linear map can see it. */
static void fill_tent(double *y, size_t n)
{
    uint32_t seed = 5;
    y[0] = 0.3;
    for (size_t t = 1; t < n; t++) y[t] = 1 - 1.9 * fabs(y[t - 1]) + 0.01 * noise(&seed);
}

static void fill_noise(double *y, size_t n)
{
    uint32_t seed = 9;
    for (size_t t = 0; t < n; t++) y[t] = 100 + 7 * noise(&seed);
}

static const char *const small[][2] = {{"lookback", "16"}, {"patch", "4"},       {"stride", "2"},
                                       {"width", "16"},    {"blocks", "1"},      {"hidden", "16"},
                                       {"batch", "32"},    {"windows", "16000"}, {"rate", "0.004"},
                                       {"epochs", "100"},  {"dropout", "0.0"},   {NULL, NULL}};

static ssm_forecaster *fit_small(ssm_context *ctx, const ssm_series *series, size_t horizon,
                                 const char *windows)
{
    ssm_forecaster *f;
    const ssm_fit_task task = {series, 1, horizon, 0};
    assert_int_equal(ssm_forecaster_new(ctx, "mamba", &f), SSM_OK);
    for (size_t i = 0; small[i][0] != NULL; i++)
        assert_int_equal(ssm_forecaster_set(f, small[i][0], small[i][1]), SSM_OK);
    if (windows != NULL) assert_int_equal(ssm_forecaster_set(f, "windows", windows), SSM_OK);
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    return f;
}

typedef struct answer {
    double mean[HORIZON], quantile[HORIZON * MANY];
} answer;

static void forecast(ssm_forecaster *f, const ssm_series *history, size_t horizon, answer *out)
{
    ssm_forecast want = {horizon, MANY, many_levels, out->mean, out->quantile};
    memset(out, 0, sizeof *out);
    assert_int_equal(ssm_forecaster_condition(f, history), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(f, &want), SSM_OK);
    for (size_t i = 0; i < horizon * MANY; i++) {
        assert_true(isfinite(out->quantile[i]));
        if (i % MANY > 0) assert_true(out->quantile[i] >= out->quantile[i - 1]);
    }
}

/* Mean squared error of the first step over the last rows of y, which the fit did not see. */
static double test_error(ssm_forecaster *f, const double *y, size_t from, size_t to)
{
    double sum = 0;
    answer a;
    for (size_t o = from; o < to; o++) {
        const ssm_series history = fixture_series(y, o, 0);
        forecast(f, &history, 1, &a);
        sum += (y[o] - a.mean[0]) * (y[o] - a.mean[0]);
    }
    return sum / (double)(to - from);
}

static void a_series_that_no_line_can_forecast_is_learned(void **state)
{
    (void)state;
    double y[LENGTH];
    char note[256];
    ssm_context *ctx;
    fill_tent(y, LENGTH);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series seen = fixture_series(y, LENGTH - 100, 0);
    ssm_forecaster *network = fit_small(ctx, &seen, 1, NULL), *line = fit_small(ctx, &seen, 1, "0");
    assert_int_equal(ssm_forecaster_note(network, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "network kept"));
    assert_true(test_error(network, y, LENGTH - 100, LENGTH) <
                0.3 * test_error(line, y, LENGTH - 100, LENGTH));
    ssm_forecaster_free(network);
    ssm_forecaster_free(line);
    ssm_context_free(ctx);
}

static void the_same_seed_gives_the_same_bytes_with_any_thread_count(void **state)
{
    (void)state;
    double y[LENGTH];
    answer a[3];
    fill_tent(y, LENGTH);
    const ssm_series series = fixture_series(y, LENGTH, 0);
    for (size_t k = 0; k < 3; k++) {
        ssm_context *ctx;
        assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
        ssm_context_set_threads(ctx, 1 + 2 * k);
        ssm_forecaster *f = fit_small(ctx, &series, HORIZON, "2000");
        forecast(f, &series, HORIZON, &a[k]);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
    assert_memory_equal(&a[1], &a[0], sizeof a[0]);
    assert_memory_equal(&a[2], &a[0], sizeof a[0]);
}

static void without_a_network_the_mean_is_that_of_linear(void **state)
{
    (void)state;
    double y[LENGTH], mean[HORIZON];
    answer a;
    ssm_context *ctx;
    fill_noise(y, LENGTH);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series series = fixture_series(y, LENGTH, 0);
    ssm_forecaster *f = fit_small(ctx, &series, HORIZON, "0");
    forecast(f, &series, HORIZON, &a);
    ssm_forecaster_free(f);
    f = fixture_fit(ctx, "linear", "lookback", "16", &series, HORIZON);
    ssm_forecast want = {HORIZON, 0, NULL, mean, NULL};
    assert_int_equal(ssm_forecaster_predict(f, &want), SSM_OK);
    for (size_t h = 0; h < HORIZON; h++) assert_true(fabs(a.mean[h] - mean[h]) < 1e-10 * fabs(mean[h]));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void a_saved_forecaster_forecasts_alike_after_loading(void **state)
{
    (void)state;
    double y[LENGTH];
    answer before, after;
    char path[] = "/tmp/ssmcast_mamba_XXXXXX";
    ssm_context *ctx;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    fill_tent(y, LENGTH);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series series = fixture_series(y, LENGTH, 0);
    const char *const windows[] = {"6000", "0"}; /* with and without a network */
    for (size_t k = 0; k < 2; k++) {
        ssm_forecaster *f = fit_small(ctx, &series, HORIZON, windows[k]);
        forecast(f, &series, HORIZON, &before);
        assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
        ssm_forecaster_free(f);
        if (ssm_forecaster_load(ctx, path, &f) != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
        forecast(f, &series, HORIZON, &after);
        assert_memory_equal(&after, &before, sizeof before);
        ssm_forecaster_free(f);
    }
    unlink(path);
    ssm_context_free(ctx);
}

static void gaps_in_training_and_history_are_forecast_over(void **state)
{
    (void)state;
    double y[LENGTH];
    answer a;
    ssm_context *ctx;
    fill_tent(y, LENGTH);
    for (size_t t = 0; t < LENGTH; t++) {
        if (t % 17 == 3 || (t > 300 && t < 330) || t >= LENGTH - 2) y[t] = NAN;
    }
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series series = fixture_series(y, LENGTH, 0);
    ssm_forecaster *f = fit_small(ctx, &series, HORIZON, "2000");
    forecast(f, &series, HORIZON, &a);
    const ssm_series brief = fixture_series(y, 5, 0); /* shorter than the look-back */
    forecast(f, &brief, HORIZON, &a);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void a_series_too_short_to_learn_from_is_refused_with_the_reason(void **state)
{
    (void)state;
    const double y[3] = {1, 2, 4};
    ssm_context *ctx;
    ssm_forecaster *f;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series series = fixture_series(y, 3, 0);
    const ssm_fit_task task = {&series, 1, HORIZON, 0};
    assert_int_equal(ssm_forecaster_new(ctx, "mamba", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_DATA);
    print_message("%s\n", ssm_context_message(ctx));
    assert_true(strlen(ssm_context_message(ctx)) > 0);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void short_series_get_the_linear_skip_alone(void **state)
{
    (void)state;
    double y[60];
    char note[256];
    ssm_context *ctx;
    ssm_forecaster *f;
    fill_noise(y, 60);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    const ssm_series series = fixture_series(y, 60, 0);
    f = fixture_fit(ctx, "mamba", NULL, NULL, &series, HORIZON);
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "no network"));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_that_no_line_can_forecast_is_learned),
        cmocka_unit_test(the_same_seed_gives_the_same_bytes_with_any_thread_count),
        cmocka_unit_test(without_a_network_the_mean_is_that_of_linear),
        cmocka_unit_test(a_saved_forecaster_forecasts_alike_after_loading),
        cmocka_unit_test(gaps_in_training_and_history_are_forecast_over),
        cmocka_unit_test(a_series_too_short_to_learn_from_is_refused_with_the_reason),
        cmocka_unit_test(short_series_get_the_linear_skip_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
