#include "forecast/rolling.h"

#include "models/fixture.h"

typedef struct record {
    size_t n, origin[16];
    double first_mean[16], width[16];
    size_t stop_at;
} record;

static ssm_status keep(void *user, size_t k, size_t origin, const ssm_forecast *forecast)
{
    record *r = user;
    assert_int_equal(k, r->n);
    if (r->n == r->stop_at) return SSM_E_CANCELLED;
    r->origin[r->n] = origin;
    r->first_mean[r->n] = forecast->mean[0];
    r->width[r->n++] = forecast->quantile[1] - forecast->quantile[0];
    return SSM_OK;
}

static void origins_fill_the_series_and_the_last_ones_are_kept(void **state)
{
    (void)state;
    const struct {
        size_t length, horizon, first, step, at_most, expected_first, expected_n;
    } cases[] = {
        {2880 + 8640, 96, 8640, 1, 0, 8640, 2785},
        {10, 2, 5, 1, 0, 5, 4},
        {10, 2, 5, 2, 0, 5, 2},
        {10, 2, 5, 1, 2, 7, 2},
        {10, 2, 8, 1, 0, 8, 1},
        {10, 2, 9, 1, 0, 9, 0},
        {1, 2, 1, 1, 0, 1, 0},
        {10, 3, 0, 4, 9, 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ssmi_rolling plan = {.horizon = cases[i].horizon, .step = cases[i].step};
        ssmi_rolling_fill(&plan, cases[i].length, cases[i].first, cases[i].at_most);
        assert_int_equal(plan.n_origins, cases[i].expected_n);
        assert_int_equal(plan.first, cases[i].expected_first);
    }
}

static void each_forecast_sees_the_rows_before_its_origin_only(void **state)
{
    (void)state;
    const double y[] = {1, 2, 4, 7, 11, 16, 22, 29};
    const double level[] = {0.1, 0.9};
    ssm_series series = fixture_series(y, 8, 0);
    ssm_context *ctx;
    ssm_arena tmp;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&tmp, ctx);
    ssm_series train = ssm_series_slice(series, 0, 4);
    ssm_forecaster *f = fixture_fit(ctx, "naive", NULL, NULL, &train, 2);
    for (int refit = 0; refit <= 1; refit++) {
        ssmi_rolling plan = {.horizon = 2, .step = 1, .refit = refit, .n_levels = 2, .level = level};
        record r = {.stop_at = 99};
        ssmi_rolling_fill(&plan, 8, 4, 0);
        assert_int_equal(ssmi_rolling_run(f, &series, &plan, keep, &r, &tmp), SSM_OK);
        assert_int_equal(r.n, 3);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(r.origin[k], 4 + k);
            assert_true(r.first_mean[k] == y[3 + k]);
        }
        /* without refit the spread stays that of the first four rows; with it, it grows with the steps */
        assert_true(refit ? r.width[2] > 1.1 * r.width[0] : fabs(r.width[2] / r.width[0] - 1) < 1e-12);
    }
    ssm_forecaster_free(f);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

static void the_first_failure_stops_the_run(void **state)
{
    (void)state;
    const double y[] = {1, 2, 4, 7, 11, 16, 22, 29};
    const double level[] = {0.1, 0.9};
    ssm_series series = fixture_series(y, 8, 0);
    ssm_context *ctx;
    ssm_arena tmp;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&tmp, ctx);
    ssm_forecaster *f = fixture_fit(ctx, "naive", NULL, NULL, &series, 1);
    ssmi_rolling plan = {.horizon = 1, .step = 1, .n_levels = 2, .level = level};
    record r = {.stop_at = 2};
    ssmi_rolling_fill(&plan, 8, 1, 0);
    assert_int_equal(ssmi_rolling_run(f, &series, &plan, keep, &r, &tmp), SSM_E_CANCELLED);
    assert_int_equal(r.n, 2);
    ssm_forecaster_free(f);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(origins_fill_the_series_and_the_last_ones_are_kept),
        cmocka_unit_test(each_forecast_sees_the_rows_before_its_origin_only),
        cmocka_unit_test(the_first_failure_stops_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
