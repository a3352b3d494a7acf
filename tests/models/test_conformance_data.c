/* Every registered forecaster: data that models stumble over. */
#include "models/conformance.h"

static void a_constant_series_is_forecast_as_itself(void **state)
{
    (void)state;
    double y[ROWS];
    for (int t = 0; t < ROWS; t++) y[t] = 42;
    ssm_series series = series_of(y, ROWS);
    series.n_periods = 0;
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        answer a;
        must(whole_way(ctx, type->name, &series, &a), ctx, type->name);
        assert_sound(&a, type->name);
        for (int h = 0; h < HORIZON; h++)
            /* exact where arithmetic is; a network in single precision answers to a part in 1e4 or so */
            if (fabs(a.mean[h] - 42) > 1e-3 * 42)
                fail_msg("%s: %.17g for a constant 42", type->name, a.mean[h]);
        ssm_context_free(ctx);
    }
}

static void few_rows_are_forecast_or_refused_in_words(void **state)
{
    (void)state;
    const double y[] = {3, 5, 4, 6, 5, 7, 6, 8, 7, 9, 8};
    FOR_EACH_MODEL(type)
    {
        for (size_t rows = 1; rows <= sizeof y / sizeof *y; rows++) {
            ssm_context *ctx = new_context();
            ssm_series series = series_of(y, rows);
            answer a;
            ssm_status status = whole_way(ctx, type->name, &series, &a);
            if (status == SSM_OK)
                assert_sound(&a, type->name);
            else if (status != SSM_E_DATA || ssm_context_message(ctx)[0] == '\0')
                fail_msg("%s: %zu rows give \"%s\": %s", type->name, rows, ssm_status_text(status),
                         ssm_context_message(ctx));
            ssm_context_free(ctx);
        }
    }
}

static void forecasts_scale_with_the_data(void **state)
{
    (void)state;
    double y[ROWS], scaled[ROWS];
    make_rows(y, 16);
    const double unit[] = {1e-150, 1e150};
    ssm_series series = series_of(scaled, ROWS);
    FOR_EACH_MODEL(type)
    {
        for (int k = 0; k < 2; k++) {
            ssm_context *ctx = new_context();
            answer a;
            for (int t = 0; t < ROWS; t++) scaled[t] = unit[k] * y[t];
            must(whole_way(ctx, type->name, &series, &a), ctx, type->name);
            assert_sound(&a, type->name);
            for (int h = 0; h < HORIZON; h++)
                if (!(a.mean[h] > 10 * unit[k] && a.mean[h] < 45 * unit[k]))
                    fail_msg("%s: %g for rows of 20 to 32 times %g", type->name, a.mean[h], unit[k]);
            ssm_context_free(ctx);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_series_is_forecast_as_itself),
        cmocka_unit_test(few_rows_are_forecast_or_refused_in_words),
        cmocka_unit_test(forecasts_scale_with_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
