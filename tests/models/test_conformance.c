/* Every registered forecaster: order of calls, sound forecasts, missing rows, streaming. */
#include "models/conformance.h"

static void calls_out_of_order_are_refused(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 1);
    ssm_series series = series_of(y, ROWS);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f;
        answer a;
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        assert_int_equal(ask(f, &a), SSM_E_STATE);
        assert_int_equal(ssm_forecaster_condition(f, &series), SSM_E_STATE);
        assert_int_equal(ssm_forecaster_update(f, y),
                         type->caps & SSM_CAP_ONLINE ? SSM_E_STATE : SSM_E_UNSUPPORTED);
        must(fit(f, &series), ctx, type->name);
        assert_int_equal(ask(f, &a), SSM_E_STATE);
        if (type->options != NULL && type->options[0].name != NULL)
            assert_int_equal(ssm_forecaster_set(f, type->options[0].name, type->options[0].initial),
                             SSM_E_STATE);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

static void forecasts_are_finite_ordered_and_better_than_nothing(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 2);
    ssm_series train = series_of(y, ROWS - HORIZON);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        answer a;
        must(whole_way(ctx, type->name, &train, &a), ctx, type->name);
        assert_sound(&a, type->name);
        for (int h = 0; h < HORIZON; h++) {
            /* rows lie within 20 to 32; a forecast of nothing would be 0 */
            if (!(a.mean[h] > 10 && a.mean[h] < 45))
                fail_msg("%s: %g at step %d", type->name, a.mean[h], h + 1);
            if (!(a.quantile[h * LEVELS + 4] > a.quantile[h * LEVELS]))
                fail_msg("%s: noisy rows have an interval without width", type->name);
        }
        ssm_context_free(ctx);
    }
}

static void predicting_and_conditioning_leave_no_trace(void **state)
{
    (void)state;
    double y[ROWS], other[ROWS];
    make_rows(y, 4);
    make_rows(other, 5);
    ssm_series series = series_of(y, ROWS), elsewhere = series_of(other, ROWS - 30);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f;
        answer first, second, moved, back;
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        must(fit(f, &series), ctx, type->name);
        must(ssm_forecaster_condition(f, &series), ctx, type->name);
        must(ask(f, &first), ctx, type->name);
        must(ask(f, &second), ctx, type->name);
        assert_same(&first, &second, type->name, "predicting twice");
        must(ssm_forecaster_condition(f, &elsewhere), ctx, type->name);
        must(ask(f, &moved), ctx, type->name);
        assert_sound(&moved, type->name);
        must(ssm_forecaster_condition(f, &series), ctx, type->name);
        must(ask(f, &back), ctx, type->name);
        assert_same(&first, &back, type->name, "another history in between");
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

static void missing_rows_are_handled_or_refused_as_declared(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 6);
    for (int t = 0; t < ROWS; t++)
        if (t % 17 == 5 || (t > 60 && t < 72) || t == 0 || t == ROWS - 1) y[t] = NAN;
    ssm_series series = series_of(y, ROWS);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        answer a;
        ssm_status status = whole_way(ctx, type->name, &series, &a);
        if (type->caps & SSM_CAP_MISSING) {
            must(status, ctx, type->name);
            assert_sound(&a, type->name);
        } else {
            assert_int_equal(status, SSM_E_DATA);
            assert_non_null(strstr(ssm_context_message(ctx), "missing"));
        }
        ssm_context_free(ctx);
    }
}

enum { STREAMED = 23 };

/* The same recursion in the same order, up to a different moment of reaching a steady state. Models that
 * freeze what they found run in single precision: a part in 1e5 of the width of the interval. */
static void assert_streamed(const answer *stream, const answer *batch, const ssm_forecaster_type *type)
{
    const int frozen = (type->caps & SSM_CAP_FROZEN) != 0;
    for (int h = 0; h < HORIZON; h++) {
        const double *q = batch->quantile + h * LEVELS, width = frozen ? 1e-5 * (q[LEVELS - 1] - q[0]) : 0;
        if (fabs(batch->mean[h] - stream->mean[h]) > (frozen ? width : 1e-8 * fabs(batch->mean[h])))
            fail_msg("%s: streamed %.17g, batch %.17g", type->name, stream->mean[h], batch->mean[h]);
        for (int k = 0; k < LEVELS; k++)
            if (fabs(q[k] - stream->quantile[h * LEVELS + k]) > (frozen ? width : 1e-7 * fabs(q[k])))
                fail_msg("%s: streamed quantile %.17g, batch %.17g", type->name,
                         stream->quantile[h * LEVELS + k], q[k]);
    }
}

/* With one option (NULL: none) set. */
static void stream_and_compare(const ssm_forecaster_type *type, const char *option, const char *value)
{
    double y[ROWS];
    make_rows(y, 7);
    y[ROWS - 4] = NAN;
    ssm_series all = series_of(y, ROWS), early = series_of(y, ROWS - STREAMED);
    ssm_context *ctx = new_context();
    ssm_forecaster *f;
    answer batch, stream;
    must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
    if (option != NULL) must(ssm_forecaster_set(f, option, value), ctx, type->name);
    must(fit(f, &early), ctx, type->name);
    must(ssm_forecaster_condition(f, &all), ctx, type->name);
    must(ask(f, &batch), ctx, type->name);
    must(ssm_forecaster_condition(f, &early), ctx, type->name);
    for (int t = ROWS - STREAMED; t < ROWS; t++) {
        must(ssm_forecaster_update(f, y + t), ctx, type->name);
        must(ask(f, &stream), ctx, type->name);
        assert_sound(&stream, type->name);
    }
    assert_streamed(&stream, &batch, type);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static int has_choice(const ssm_forecaster_type *type, const char *option, const char *choice)
{
    for (const ssm_option *o = type->options; o != NULL && o->name != NULL; o++) {
        for (size_t i = 0; strcmp(o->name, option) == 0 && o->choices[i] != NULL; i++)
            if (strcmp(o->choices[i], choice) == 0) return 1;
    }
    return 0;
}

static void streaming_equals_batch(void **state)
{
    (void)state;
    FOR_EACH_MODEL(type)
    {
        if (!(type->caps & SSM_CAP_ONLINE)) continue;
        if (type->caps & SSM_CAP_FROZEN) { /* 23: such that a refresh falls on the last row */
            stream_and_compare(type, "refresh", "1");
            stream_and_compare(type, "refresh", "23");
        } else {
            stream_and_compare(type, NULL, NULL);
        }
        if (has_choice(type, "state", "carried")) stream_and_compare(type, "state", "carried");
    }
}

static void a_failed_request_leaves_the_output_untouched(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 12);
    ssm_series series = series_of(y, ROWS);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f;
        double mean[HORIZON + 1], quantile[(HORIZON + 1) * 2];
        const double crossed[2] = {0.9, 0.1};
        for (int i = 0; i <= HORIZON; i++) mean[i] = quantile[2 * i] = quantile[2 * i + 1] = -7;
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        must(fit(f, &series), ctx, type->name);
        must(ssm_forecaster_condition(f, &series), ctx, type->name);
        ssm_forecast bad = {HORIZON, 2, crossed, mean, quantile};
        assert_int_equal(ssm_forecaster_predict(f, &bad), SSM_E_ARGUMENT);
        ssm_forecast longer = {HORIZON + 1, 2, level, mean, quantile};
        if (type->caps & SSM_CAP_DIRECT) assert_int_equal(ssm_forecaster_predict(f, &longer), SSM_E_ARGUMENT);
        for (int i = 0; i <= HORIZON; i++) assert_true(mean[i] == -7 && quantile[2 * i] == -7);
        if (!(type->caps & SSM_CAP_DIRECT)) must(ssm_forecaster_predict(f, &longer), ctx, type->name);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

static void a_panel_is_fitted_by_global_models_only(void **state)
{
    (void)state;
    double y[PANEL][ROWS];
    ssm_series panel[PANEL];
    for (int k = 0; k < PANEL; k++) {
        make_rows(y[k], 13 + (unsigned)k);
        panel[k] = series_of(y[k], ROWS);
    }
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f;
        answer a;
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        ssm_status status = ssm_forecaster_fit(f, &(ssm_fit_task){panel, PANEL, HORIZON, 0});
        if (type->caps & SSM_CAP_GLOBAL) {
            must(status, ctx, type->name);
            for (int k = 0; k < PANEL; k++) {
                must(ssm_forecaster_condition(f, &panel[k]), ctx, type->name);
                must(ask(f, &a), ctx, type->name);
                assert_sound(&a, type->name);
            }
        } else if (!(type->caps & SSM_CAP_MULTIVARIATE)) { /* those are held by test_conformance_series.c */
            assert_int_equal(status, SSM_E_ARGUMENT);
        }
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_out_of_order_are_refused),
        cmocka_unit_test(forecasts_are_finite_ordered_and_better_than_nothing),
        cmocka_unit_test(predicting_and_conditioning_leave_no_trace),
        cmocka_unit_test(missing_rows_are_handled_or_refused_as_declared),
        cmocka_unit_test(streaming_equals_batch),
        cmocka_unit_test(a_failed_request_leaves_the_output_untouched),
        cmocka_unit_test(a_panel_is_fitted_by_global_models_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
