/* Rows added one by one with `fresh`: what is forecast then is what a new condition would say. */
#include "models/fixture.h"

#include <string.h>
#include <unistd.h>

static ssm_forecaster *short_context(ssm_context *ctx, const char *fresh)
{
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "context", "64"), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "refresh", "10"), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "fresh", fresh), SSM_OK);
    return f;
}

static void condition_and_predict(ssm_forecaster *f, const ssm_series *series, fixture_answer *out)
{
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    fixture_predict(f, 12, out);
}

/* Bit by bit, whatever was forecast, saved or left out on the way. */
static void a_fresh_forecast_of_a_stream_is_that_of_a_new_condition(void **state)
{
    (void)state;
    static double y[FIXTURE_ROWS];
    const char *path = "test_zero_fresh.safetensors";
    const size_t n = fixture_read("air_passengers.csv", y);
    const ssm_series all = fixture_series(y, n, 12);
    ssm_context *ctx;
    size_t one, stale = 0;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = short_context(ctx, "true"), *again = short_context(ctx, "true");
    ssm_forecaster *carried = short_context(ctx, "false"), *loaded;
    const ssm_series start = ssm_series_slice(all, 0, 40);
    const ssm_fit_task task = {.panel = &start, .n_series = 1, .horizon = 12};
    ssm_forecaster *const each[] = {f, again, carried};
    y[55] = NAN;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ssm_forecaster_fit(each[i], &task), SSM_OK);
        assert_int_equal(ssm_forecaster_condition(each[i], &start), SSM_OK);
    }
    for (size_t t = 40; t < n; t++) {
        fixture_answer a, b, c;
        const ssm_series seen = ssm_series_slice(all, 0, t + 1);
        assert_int_equal(ssm_forecaster_update(f, &y[t]), SSM_OK);
        assert_int_equal(ssm_forecaster_update(carried, &y[t]), SSM_OK);
        if (t % 7 == 0) { /* goes on from a file */
            assert_int_equal(ssm_forecaster_save_state(&f, 1, path), SSM_OK);
            assert_int_equal(ssm_forecaster_load_state(ctx, path, 1, &loaded, &one), SSM_OK);
            ssm_forecaster_free(f);
            f = loaded;
        }
        if (t % 3 > 0) continue;
        fixture_predict(f, 12, &a);
        fixture_predict(carried, 12, &c);
        condition_and_predict(again, &seen, &b);
        assert_memory_equal(a.mean, b.mean, 12 * sizeof(double));
        assert_memory_equal(a.quantile, b.quantile, 12 * FIXTURE_LEVELS * sizeof(double));
        stale += memcmp(a.mean, c.mean, 12 * sizeof(double)) != 0;
    }
    assert_true(stale > 10); /* what is carried is not the same */
    unlink(path);
    ssm_forecaster_free(f);
    ssm_forecaster_free(again);
    ssm_forecaster_free(carried);
    ssm_context_free(ctx);
}

static void a_fresh_forecast_after_a_context_without_a_value_is_an_error(void **state)
{
    (void)state;
    double y[40], missing = NAN;
    for (int t = 0; t < 40; t++) y[t] = t % 5;
    const ssm_series series = fixture_series(y, 40, 0);
    ssm_context *ctx;
    fixture_answer a;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = short_context(ctx, "true");
    const ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = 12};
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    for (int t = 0; t < 64; t++) assert_int_equal(ssm_forecaster_update(f, &missing), SSM_OK);
    ssm_forecast out = {12, FIXTURE_LEVELS, fixture_level, a.mean, a.quantile};
    assert_int_equal(ssm_forecaster_predict(f, &out), SSM_E_DATA);
    assert_int_equal(ssm_forecaster_update(f, &y[3]), SSM_OK);
    fixture_predict(f, 12, &a);
    for (size_t h = 0; h < 12; h++) assert_true(isfinite(a.mean[h]));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_forecast_of_a_stream_is_that_of_a_new_condition),
        cmocka_unit_test(a_fresh_forecast_after_a_context_without_a_value_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
