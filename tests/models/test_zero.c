/* The pretrained forecaster: what a user may ask of it. Its numbers are held to the
 * training program in tests/neural/test_zero_network.c. */
#include "models/fixture.h"

#include "base/context.h"
#include "base/random.h"
#include "models/zero_fan.h"
#include "neural/zero_features.h"

#include <unistd.h>

#define WEIGHTS SSMCAST_DATASETS "/pretrained/ssmcast-zero-3m.safetensors"

static void assert_sane(const fixture_answer *a, size_t horizon)
{
    for (size_t h = 0; h < horizon; h++) {
        const double *q = a->quantile + h * FIXTURE_LEVELS;
        assert_true(isfinite(a->mean[h]) && isfinite(q[0]) && isfinite(q[2]));
        assert_true(q[0] <= q[1] && q[1] <= q[2]);
        assert_true(a->mean[h] == q[1]);
    }
}

static void any_length_from_one_point_up_gives_ordered_quantiles(void **state)
{
    (void)state;
    double value[40];
    for (size_t t = 0; t < 40; t++) value[t] = 10 + (double)(t % 4) + 0.1 * (double)t;
    for (size_t n = 1; n <= 40; n += n < 20 ? 1 : 5) {
        const ssm_series series = fixture_series(value, n, 0);
        fixture_answer a;
        fixture_forecast("zero", NULL, NULL, &series, 5, &a);
        assert_sane(&a, 5);
    }
}

static void a_constant_series_goes_on(void **state)
{
    (void)state;
    static const double levels[] = {0, 1e-3, -7.25, 1e300, -1e-300, 1.7e308};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        double value[30];
        fixture_answer a;
        for (size_t t = 0; t < 30; t++) value[t] = levels[i];
        const ssm_series series = fixture_series(value, 30, 0);
        fixture_forecast("zero", NULL, NULL, &series, 10, &a);
        assert_sane(&a, 10);
        /* The scale of a window without spread is a tenth of max(|level|, 1); the vectors show 2 % of it. */
        for (size_t h = 0; h < 10; h++)
            assert_true(fabs(a.mean[h] - levels[i]) <= 0.005 * fmax(fabs(levels[i]), 1));
    }
}

/* Spread of the values, for tolerances. */
static double spread_of(const double *value, size_t n)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t t = 0; t < n; t++) low = fmin(low, value[t]), high = fmax(high, value[t]);
    return high - low;
}

/* Features round differently in single precision when the level moves: 1e-4 of the spread. */
static void the_forecast_moves_with_level_and_scale(void **state)
{
    (void)state;
    static const struct {
        double scale, level;
    } moves[] = {{1e-300, 0}, {1e-12, 0}, {1e12, 0}, {1e290, 0}, {3, -1e3}, {1, 1e9}};
    static double value[FIXTURE_ROWS], moved[FIXTURE_ROWS];
    const size_t n = fixture_read("air_passengers.csv", value);
    const ssm_series series = fixture_series(value, n, 0);
    const double tolerance = 1e-4 * spread_of(value, n);
    fixture_answer a, b;
    fixture_forecast("zero", NULL, NULL, &series, 24, &a);
    assert_sane(&a, 24);
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        for (size_t t = 0; t < n; t++) moved[t] = moves[i].scale * value[t] + moves[i].level;
        const ssm_series other = fixture_series(moved, n, 0);
        fixture_forecast("zero", NULL, NULL, &other, 24, &b);
        for (size_t j = 0; j < 24 * FIXTURE_LEVELS; j++) {
            const double back = (b.quantile[j] - moves[i].level) / moves[i].scale;
            assert_true(fabs(back - a.quantile[j]) <= tolerance);
        }
    }
}

static void values_near_the_end_of_the_range_stay_finite(void **state)
{
    (void)state;
    double value[64];
    fixture_answer a;
    for (size_t t = 0; t < 64; t++) value[t] = (t % 2 ? -1.7e308 : 1.7e308);
    const ssm_series series = fixture_series(value, 64, 0);
    fixture_forecast("zero", NULL, NULL, &series, 20, &a);
    assert_sane(&a, 20);
}

static void missing_values_are_handled_wherever_they_are(void **state)
{
    (void)state;
    static double value[FIXTURE_ROWS], gappy[FIXTURE_ROWS];
    const size_t n = fixture_read("air_passengers.csv", value);
    const double spread = spread_of(value, n);
    const ssm_series whole = fixture_series(value, n, 0), series = fixture_series(gappy, n, 0);
    fixture_answer a, b;
    fixture_forecast("zero", NULL, NULL, &whole, 12, &a);
    for (size_t t = 0; t < n; t++) gappy[t] = t % 7 == 3 || t < 5 ? NAN : value[t];
    fixture_forecast("zero", NULL, NULL, &series, 12, &b);
    assert_sane(&b, 12);
    for (size_t h = 0; h < 12; h++) assert_true(fabs(a.mean[h] - b.mean[h]) <= 0.15 * spread);
    for (size_t t = n - 20; t < n; t++) gappy[t] = NAN;
    fixture_forecast("zero", NULL, NULL, &series, 12, &b);
    assert_sane(&b, 12);
}

static void a_context_without_a_value_is_an_error_that_says_so(void **state)
{
    (void)state;
    static double value[400];
    ssm_context *ctx;
    ssm_forecaster *f;
    for (size_t t = 0; t < 400; t++) value[t] = t < 100 ? (double)t : NAN;
    const ssm_series series = fixture_series(value, 400, 0);
    const ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = 5};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "context", "300"), SSM_OK);
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(ctx), "last 300 rows"));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* A forecast of `horizon` rows at the levels given; arrays of the caller. */
static void forecast_levels(const char *option, const char *text, const ssm_series *series, ssm_forecast *out)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "zero", option, text, series, out->horizon);
    assert_int_equal(ssm_forecaster_predict(f, out), SSM_OK);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void beyond_one_pass_the_forecast_goes_on_and_intervals_do_not_collapse(void **state)
{
    (void)state;
    enum { LONG = SSMI_ZERO_HORIZON + 700 };
    static double value[FIXTURE_ROWS], mean[LONG], quantile[2 * LONG], mean1[LONG], quantile1[2 * LONG];
    static const double level[] = {0.1, 0.9};
    const size_t n = fixture_read("taylor.csv", value);
    const ssm_series series = fixture_series(value, n, 0);
    ssm_forecast one = {SSMI_ZERO_HORIZON, 2, level, mean1, quantile1},
                 all = {LONG, 2, level, mean, quantile};
    forecast_levels(NULL, NULL, &series, &one);
    forecast_levels(NULL, NULL, &series, &all);
    const size_t last = SSMI_ZERO_HORIZON - 1;
    const double width = quantile[2 * last + 1] - quantile[2 * last];
    assert_memory_equal(mean, mean1, sizeof(double) * SSMI_ZERO_HORIZON);
    for (size_t h = SSMI_ZERO_HORIZON; h < LONG; h++) {
        assert_true(isfinite(mean[h]));
        assert_true(quantile[2 * h + 1] - quantile[2 * h] >= 0.999 * width);
    }
    /* Demand keeps its daily cycle of 48 rows. */
    double same = 0, half = 0;
    for (size_t h = SSMI_ZERO_HORIZON; h + 48 < LONG; h++) {
        same += fabs(mean[h + 48] - mean[h]);
        half += fabs(mean[h + 24] - mean[h]);
    }
    assert_true(same < 0.5 * half);
}

static void tail_levels_lie_outside_the_nine_and_ascend(void **state)
{
    (void)state;
    static const double level[] = {0.001, 0.025, 0.1, 0.15, 0.5, 0.77, 0.9, 0.975, 0.999};
    enum { N = sizeof level / sizeof *level, H = 12 };
    static double value[FIXTURE_ROWS];
    double mean[H], quantile[H * N];
    const size_t n = fixture_read("air_passengers.csv", value);
    const ssm_series series = fixture_series(value, n, 0);
    ssm_forecast out = {H, N, level, mean, quantile};
    forecast_levels(NULL, NULL, &series, &out);
    for (size_t h = 0; h < H; h++) {
        for (size_t k = 1; k < N; k++) assert_true(quantile[h * N + k] > quantile[h * N + k - 1]);
    }
}

/* In the middle of a-space asinh is the identity up to 1e-7 for u = 1e-3. */
static void quantiles_of_a_normal_come_back_at_every_level(void **state)
{
    (void)state;
    static const double z[] = {
        -3.0902323061678132, -1.9599639845400545, -1.2815515655446004, -0.67448975019608171, 0,
        0.67448975019608171, 1.9599639845400545};
    static const double level[] = {0.001, 0.025, 0.1, 0.25, 0.5, 0.75, 0.975};
    double q[SSMI_FAN_LEVELS] = {
        -1.2815515655446004, -0.8416212335729143, -0.5244005127080407, -0.2533471031357998, 0,
        0.2533471031357998,  0.5244005127080407,  0.8416212335729143,  1.2815515655446004};
    for (size_t i = 0; i < sizeof z / sizeof *z; i++)
        assert_true(fabs(ssmi_fan_quantile(q, level[i], z[i], 0, 1e3) - z[i]) <= 1e-5);
    ssmi_fan_widen(q, q);
    assert_near(q[0], -sqrt(2) * 1.2815515655446004, 1e-12);
}

static void flipping_makes_the_forecast_odd(void **state)
{
    (void)state;
    static double value[FIXTURE_ROWS], turned[FIXTURE_ROWS];
    const size_t n = fixture_read("nile.csv", value);
    fixture_answer a, b, plain;
    for (size_t t = 0; t < n; t++) turned[t] = -value[t];
    const ssm_series series = fixture_series(value, n, 0), other = fixture_series(turned, n, 0);
    fixture_forecast("zero", "flip", "true", &series, 10, &a);
    fixture_forecast("zero", "flip", "true", &other, 10, &b);
    fixture_forecast("zero", NULL, NULL, &series, 10, &plain);
    const double tolerance = 1e-5 * spread_of(value, n);
    double moved = 0;
    for (size_t h = 0; h < 10; h++) {
        assert_true(fabs(a.mean[h] + b.mean[h]) <= tolerance);
        assert_true(fabs(a.quantile[h * 3] + b.quantile[h * 3 + 2]) <= tolerance);
        moved = fmax(moved, fabs(a.mean[h] - plain.mean[h]));
    }
    assert_true(moved > tolerance); /* the option does something */
}

/* Rounding weights to 8 bits moves errors of benchmarks by less than 1 %; single forecasts by a few percent
 * of their width. */
static void integers_give_nearly_the_same_forecast(void **state)
{
    (void)state;
    static double value[FIXTURE_ROWS];
    const size_t n = fixture_read("air_passengers.csv", value);
    const ssm_series series = fixture_series(value, n, 0);
    fixture_answer a, b;
    fixture_forecast("zero", NULL, NULL, &series, 24, &a);
    fixture_forecast("zero", "precision", "int8", &series, 24, &b);
    for (size_t h = 0; h < 24; h++) {
        const double width = a.quantile[h * 3 + 2] - a.quantile[h * 3];
        assert_true(fabs(a.mean[h] - b.mean[h]) <= 0.1 * width);
    }
    assert_true(memcmp(a.mean, b.mean, sizeof(double) * 24) != 0);
}

static void weights_from_the_file_are_those_in_the_library(void **state)
{
    (void)state;
    static double value[FIXTURE_ROWS];
    const size_t n = fixture_read("nile.csv", value);
    const ssm_series series = fixture_series(value, n, 0);
    fixture_answer a, b;
    if (strlen(WEIGHTS) >= SSM_OPTION_TEXT_SIZE) skip();
    fixture_forecast("zero", NULL, NULL, &series, 10, &a);
    fixture_forecast("zero", "weights", WEIGHTS, &series, 10, &b);
    assert_memory_equal(a.mean, b.mean, sizeof(double) * 10);
}

static void a_hint_replaces_the_period(void **state)
{
    (void)state;
    static double value[FIXTURE_ROWS];
    const size_t n = fixture_read("air_passengers.csv", value);
    const ssm_series series = fixture_series(value, n, 0);
    fixture_answer a, b, c;
    fixture_forecast("zero", NULL, NULL, &series, 24, &a);
    fixture_forecast("zero", "period", "12", &series, 24, &b);
    fixture_forecast("zero", "period", "7", &series, 24, &c);
    assert_memory_equal(a.mean, b.mean, sizeof(double) * 24); /* twelve is what it finds */
    assert_true(memcmp(a.mean, c.mean, sizeof(double) * 24) != 0);
}

static void calibration_moves_quantiles_and_comes_back_from_a_file(void **state)
{
    (void)state;
    static double value[FIXTURE_ROWS];
    char path[] = "test_zero_XXXXXX";
    const size_t n = fixture_read("air_passengers.csv", value);
    const ssm_series series = fixture_series(value, n, 12);
    fixture_answer plain, fitted, loaded;
    ssm_context *ctx;
    ssm_forecaster *g;
    const int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    fixture_forecast("zero", NULL, NULL, &series, 12, &plain);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "zero", "calibrate", "true", &series, 12);
    fixture_predict(f, 12, &fitted);
    assert_sane(&fitted, 12);
    assert_true(memcmp(plain.quantile, fitted.quantile, sizeof(double) * 36) != 0);
    assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
    assert_int_equal(ssm_forecaster_load(ctx, path, &g), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(g, &series), SSM_OK);
    fixture_predict(g, 12, &loaded);
    assert_memory_equal(fitted.quantile, loaded.quantile, sizeof(double) * 36);
    fixture_predict(g, 30, &loaded); /* beyond the calibrated horizon its last step serves */
    assert_sane(&loaded, 30);
    ssm_forecaster_free(f);
    ssm_forecaster_free(g);
    ssm_context_free(ctx);
    remove(path);
}

static void a_series_too_short_to_calibrate_keeps_its_quantiles(void **state)
{
    (void)state;
    static const double value[] = {3, 5, 4, 6, 8, 7, 9, 8, 10, 12};
    const ssm_series series = fixture_series(value, 10, 0);
    fixture_answer plain, fitted;
    fixture_forecast("zero", NULL, NULL, &series, 8, &plain);
    fixture_forecast("zero", "calibrate", "true", &series, 8, &fitted);
    assert_memory_equal(plain.quantile, fitted.quantile, sizeof(double) * 24);
}

static void a_position_says_where_in_the_fan_a_value_lies(void **state)
{
    (void)state;
    const double q[SSMI_FAN_LEVELS] = {-4, -3, -2, -1, 0, 1, 2, 4, 8}, z9 = 1.2815515655446004;
    assert_near(ssmi_fan_position(q, 8, 1, 3), 1, 1e-12);
    assert_near(ssmi_fan_position(q, -4, 1, 3), -1, 1e-12);
    assert_true(ssmi_fan_position(q, 0, 1, 3) == 0);
    assert_near(ssmi_fan_calibrated(q, z9, 1, 3, 1, 1), 8, 1e-12);
    assert_near(ssmi_fan_calibrated(q, z9, 1, 3, 0.3, 0), 8, 1e-12);
    const double half = ssmi_fan_calibrated(q, z9, 1, 3, 0.3, 0.5);
    assert_true(half < 8 && half > ssmi_fan_calibrated(q, z9, 1, 3, 0.3, 1));
}

/* Independent noise: of the next 400 rows the 80 % intervals should hold 320. Standard deviation of that
 * count: 8 from the rows counted, 15 from quantiles learned on about 250 rows; three of both together. */
static void calibrated_intervals_cover_independent_noise(void **state)
{
    (void)state;
    enum { PAST = 600, NEXT = 400 };
    static double value[PAST + NEXT];
    static fixture_answer a;
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    gsl_rng *rng = ssmi_random_stream(&arena, 3);
    for (size_t t = 0; t < PAST + NEXT; t++) value[t] = log(gsl_rng_uniform_pos(rng));
    const ssm_series series = fixture_series(value, PAST, 0);
    size_t inside = 0;
    fixture_forecast("zero", "calibrate", "true", &series, NEXT / 4, &a);
    for (size_t h = 0; h < NEXT; h++) {
        const double *q = a.quantile + h % (NEXT / 4) * FIXTURE_LEVELS;
        inside += value[PAST + h] >= q[0] && value[PAST + h] <= q[2];
    }
    assert_in_range(inside, 320 - 51, 320 + 51);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_length_from_one_point_up_gives_ordered_quantiles),
        cmocka_unit_test(a_constant_series_goes_on),
        cmocka_unit_test(the_forecast_moves_with_level_and_scale),
        cmocka_unit_test(values_near_the_end_of_the_range_stay_finite),
        cmocka_unit_test(missing_values_are_handled_wherever_they_are),
        cmocka_unit_test(a_context_without_a_value_is_an_error_that_says_so),
        cmocka_unit_test(beyond_one_pass_the_forecast_goes_on_and_intervals_do_not_collapse),
        cmocka_unit_test(tail_levels_lie_outside_the_nine_and_ascend),
        cmocka_unit_test(quantiles_of_a_normal_come_back_at_every_level),
        cmocka_unit_test(flipping_makes_the_forecast_odd),
        cmocka_unit_test(integers_give_nearly_the_same_forecast),
        cmocka_unit_test(weights_from_the_file_are_those_in_the_library),
        cmocka_unit_test(a_hint_replaces_the_period),
        cmocka_unit_test(calibration_moves_quantiles_and_comes_back_from_a_file),
        cmocka_unit_test(a_series_too_short_to_calibrate_keeps_its_quantiles),
        cmocka_unit_test(a_position_says_where_in_the_fan_a_value_lies),
        cmocka_unit_test(calibrated_intervals_cover_independent_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
