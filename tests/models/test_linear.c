#include "models/fixture.h"

enum { ETT_CHANNELS = 7, ETT_TRAIN = 8640, ETT_SPLIT = 2880, ETT_ROWS = ETT_TRAIN + 2 * ETT_SPLIT };

static double mean_square(const double *forecast, const double *truth, size_t n)
{
    double sum = 0;
    for (size_t h = 0; h < n; h++) sum += pow(forecast[h] - truth[h], 2) / (double)n;
    return sum;
}

static void electricity_demand_is_forecast_better_than_by_its_last_week(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS], error = 0, naive_error = 0;
    size_t n = fixture_read("taylor.csv", y), origin = 3000, inside = 0, rows = 0;
    ssm_series train = fixture_series(y, origin, 336);
    fixture_answer a, b;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *linear = fixture_fit(ctx, "linear", NULL, NULL, &train, 48);
    ssm_forecaster *naive = fixture_fit(ctx, "seasonal_naive", NULL, NULL, &train, 48);
    for (; origin + 48 <= n; origin += 48) {
        ssm_series history = fixture_series(y, origin, 336);
        assert_int_equal(ssm_forecaster_condition(linear, &history), SSM_OK);
        assert_int_equal(ssm_forecaster_condition(naive, &history), SSM_OK);
        fixture_predict(linear, 48, &a);
        fixture_predict(naive, 48, &b);
        error += mean_square(a.mean, y + origin, 48);
        naive_error += mean_square(b.mean, y + origin, 48);
        for (size_t h = 0; h < 48; h++, rows++)
            inside += y[origin + h] >= a.quantile[h * FIXTURE_LEVELS] &&
                      y[origin + h] <= a.quantile[h * FIXTURE_LEVELS + 2];
    }
    assert_true(error < 0.6 * naive_error);
    /* nominal 0.8 over 21 days of correlated errors, whose standard error is about 0.05 */
    assert_in_range(inside, rows * 65 / 100, rows * 95 / 100);
    ssm_forecaster_free(linear);
    ssm_forecaster_free(naive);
    ssm_context_free(ctx);
}

static void a_series_with_gaps_is_forecast(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    size_t n = fixture_read("co2_weekly.csv", y), gaps = 0;
    for (size_t t = 0; t < n; t++) gaps += isnan(y[t]);
    assert_true(gaps > 20);
    ssm_series train = fixture_series(y, n - 52, 52);
    fixture_answer linear, naive;
    fixture_forecast("linear", NULL, NULL, &train, 52, &linear);
    fixture_forecast("naive", NULL, NULL, &train, 52, &naive);
    assert_true(mean_square(linear.mean, y + n - 52, 52) < 0.3 * mean_square(naive.mean, y + n - 52, 52));
}

static void a_shorter_horizon_is_a_prefix(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series elnino = fixture_series(y, fixture_read("elnino_monthly.csv", y), 12);
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "linear", NULL, NULL, &elnino, 24);
    fixture_answer whole, part;
    fixture_predict(f, 24, &whole);
    fixture_predict(f, 5, &part);
    for (size_t h = 0; h < 5; h++) assert_near(part.mean[h], whole.mean[h], 1e-14);
    for (size_t k = 0; k < 5 * FIXTURE_LEVELS; k++) assert_near(part.quantile[k], whole.quantile[k], 1e-14);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void forecasts_move_and_scale_with_the_data(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS], moved[FIXTURE_ROWS];
    size_t n = fixture_read("elnino_monthly.csv", y);
    ssm_series plain = fixture_series(y, n, 12), other = fixture_series(moved, n, 12);
    for (size_t t = 0; t < n; t++) moved[t] = 1e6 + 1000 * y[t];
    fixture_answer a, b;
    fixture_forecast("linear", NULL, NULL, &plain, 12, &a);
    fixture_forecast("linear", NULL, NULL, &other, 12, &b);
    /* seven digits of the shifted values carry the signal, so ten of sixteen are left */
    for (size_t h = 0; h < 12; h++) {
        assert_near(b.mean[h], 1e6 + 1000 * a.mean[h], 1e-9);
        for (size_t k = 0; k < FIXTURE_LEVELS; k++)
            assert_near(b.quantile[h * FIXTURE_LEVELS + k], 1e6 + 1000 * a.quantile[h * FIXTURE_LEVELS + k],
                        1e-9);
    }
}

static void a_constant_series_stays_constant_without_width(void **state)
{
    (void)state;
    double y[60];
    for (int t = 0; t < 60; t++) y[t] = 7;
    ssm_series series = fixture_series(y, 60, 0);
    fixture_answer a;
    fixture_forecast("linear", NULL, NULL, &series, 6, &a);
    for (int h = 0; h < 6; h++) {
        assert_near(a.mean[h], 7, 1e-15);
        assert_near(a.quantile[h * FIXTURE_LEVELS + 2], 7, 1e-15);
    }
}

/* y (n): a walk whose steps are sums of twelve uniform numbers. */
static void walk(double *y, size_t n, unsigned seed)
{
    double at = 0;
    for (size_t t = 0; t < n; t++) {
        for (int k = 0; k < 12; k++) {
            seed = seed * 1664525u + 1013904223u;
            at += (double)(seed >> 8) / 16777216.0 - 0.5;
        }
        y[t] = at;
    }
}

static void intervals_of_several_series_do_not_hang_on_windows_of_one_row(void **state)
{
    (void)state;
    enum { ROWS = 1500, TRAIN = 1000 };
    static double y[2][ROWS];
    for (unsigned i = 0; i < 2; i++) walk(y[i], ROWS, i + 1);
    const ssm_series panel[] = {fixture_series(y[0], TRAIN, 0), fixture_series(y[1], TRAIN, 0)};
    const ssm_fit_task task = {.panel = panel, .n_series = 2, .horizon = 1};
    size_t inside = 0, rows = 0;
    ssm_context *ctx;
    ssm_forecaster *f;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssm_forecaster_new(ctx, "linear", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "lookback", "1"), SSM_OK);
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    for (size_t t = TRAIN; t < ROWS; t++) {
        for (size_t i = 0; i < 2; i++, rows++) {
            const ssm_series history = fixture_series(y[i], t, 0);
            fixture_answer a;
            assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
            fixture_predict(f, 1, &a);
            inside += y[i][t] >= a.quantile[0] && y[i][t] <= a.quantile[2];
        }
    }
    /* nominal 0.8; the unit is the deviation of a history that goes on walking */
    assert_in_range(inside, rows * 65 / 100, rows * 95 / 100);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void a_walk_is_forecast_by_its_last_value_from_windows_of_any_length(void **state)
{
    (void)state;
    enum { ROWS = 3000, HORIZON = 24 };
    static double y[ROWS];
    walk(y, ROWS, 3);
    const ssm_series series = fixture_series(y, ROWS, 0);
    fixture_answer a;
    fixture_forecast("linear", "lookback", "512", &series, HORIZON, &a);
    /* in standard deviations of a step; nothing of a walk's past is worth more than its last value */
    for (size_t h = 0; h < HORIZON; h++) assert_true(fabs(a.mean[h] - y[ROWS - 1]) < 0.1);
}

/* Noise whose size changes every 300 rows. */
static void calm_and_rough(double *y, size_t n)
{
    unsigned seed = 9;
    for (size_t t = 0; t < n; t++) {
        seed = seed * 1664525u + 1013904223u;
        y[t] = (t / 300 % 2 == 0 ? 1 : 5) * ((double)(seed >> 8) / 16777216.0 - 0.5) + sin(0.26 * (double)t);
    }
}

static double width_after(ssm_forecaster *f, const double *y, size_t from, size_t length)
{
    const ssm_series history = fixture_series(y + from, length, 0);
    fixture_answer a;
    assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
    fixture_predict(f, 12, &a);
    return a.quantile[11 * FIXTURE_LEVELS + 2] - a.quantile[11 * FIXTURE_LEVELS];
}

static void intervals_are_wider_after_rough_times(void **state)
{
    (void)state;
    enum { ROWS = 4500, LOOKBACK = 24, REACH = 16 };
    static double y[ROWS];
    static const char *const set[][2] = {{"adapt", "yes"}, {"adapt", "no"}};
    double ratio[2];
    calm_and_rough(y, ROWS);
    for (size_t i = 0; i < 2; i++) {
        const ssm_series train = fixture_series(y, 3000, 0);
        const ssm_fit_task task = {&train, 1, 12, 0};
        ssm_context *ctx;
        ssm_forecaster *f;
        assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
        assert_int_equal(ssm_forecaster_new(ctx, "linear", &f), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "lookback", "24"), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, set[i][0], set[i][1]), SSM_OK);
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
        ratio[i] = width_after(f, y, 0, 3600) / width_after(f, y, 0, 3300);
        /* nothing hangs on rows before those that are looked at */
        assert_true(width_after(f, y, 0, 3600) ==
                    width_after(f, y, 3600 - LOOKBACK - REACH, LOOKBACK + REACH));
        /* without a row to look back on the errors count as usual */
        assert_true(width_after(f, y, 3600 - LOOKBACK, LOOKBACK) > 0);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
    /* The noise grows fivefold. The window's spread, with the sine in it, tells 1.5 of that, the errors 2.4.
     */
    assert_true(ratio[0] > 1.4 * ratio[1] && ratio[0] < 5);
}

static int read_ett(double *values)
{
    const char *root = getenv("SSMCAST_DATA");
    char path[1024], line[1024];
    if (root == NULL) return 0;
    snprintf(path, sizeof path, "%s/ltsf/ETTh1.csv", root);
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    int complete = fgets(line, sizeof line, file) != NULL;
    for (size_t t = 0; complete && t < ETT_ROWS; t++) {
        complete = fgets(line, sizeof line, file) != NULL;
        char *cell = complete ? strchr(line, ',') : NULL;
        for (size_t c = 0; cell != NULL && c < ETT_CHANNELS; c++)
            values[c * ETT_ROWS + t] = strtod(cell + 1, &cell);
    }
    fclose(file);
    return complete;
}

/* Squared error in units of the training rows' variance, over every 24th test window of one channel. */
static double channel_error(ssm_forecaster *f, const double *y, double *windows)
{
    double mean = 0, variance = 0, sum = 0;
    fixture_answer a;
    for (size_t t = 0; t < ETT_TRAIN; t++) mean += y[t] / ETT_TRAIN;
    for (size_t t = 0; t < ETT_TRAIN; t++) variance += pow(y[t] - mean, 2) / ETT_TRAIN;
    for (size_t origin = ETT_ROWS - ETT_SPLIT; origin + 96 <= ETT_ROWS; origin += 24, ++*windows) {
        ssm_series history = fixture_series(y + origin - 512, 512, 0);
        assert_int_equal(ssm_forecaster_condition(f, &history), SSM_OK);
        fixture_predict(f, 96, &a);
        sum += mean_square(a.mean, y + origin, 96) / variance;
    }
    return sum;
}

static void the_published_error_on_etth1_is_reached(void **state)
{
    (void)state;
    double *values = malloc(sizeof(double) * ETT_CHANNELS * ETT_ROWS), windows = 0, sum = 0;
    assert_non_null(values);
    if (!read_ett(values)) {
        free(values);
        print_message("SSMCAST_DATA is not set: ETTh1 is not tested\n");
        skip();
    }
    ssm_series panel[ETT_CHANNELS];
    ssm_context *ctx;
    ssm_forecaster *f;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    for (size_t c = 0; c < ETT_CHANNELS; c++)
        panel[c] = fixture_series(values + c * ETT_ROWS, ETT_ROWS - ETT_SPLIT, 24);
    ssm_fit_task task = {.panel = panel, .n_series = ETT_CHANNELS, .horizon = 96, .n_validation = ETT_SPLIT};
    assert_int_equal(ssm_forecaster_new(ctx, "linear", &f), SSM_OK);
    const char *const set[][2] = {
        {"lookback", "512"}, {"alpha", "5e4"}, {"fade", "0"}, {"normalise", "mean"}, {"refit_all", "no"}};
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        assert_int_equal(ssm_forecaster_set(f, set[i][0], set[i][1]), SSM_OK);
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    for (size_t c = 0; c < ETT_CHANNELS; c++) sum += channel_error(f, values + c * ETT_ROWS, &windows);
    /* .3669 over all 2785 windows; every 24th of them gives the same to about a hundredth */
    assert_near(sum / windows, 0.3669, 0.01);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
    free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(electricity_demand_is_forecast_better_than_by_its_last_week),
        cmocka_unit_test(a_series_with_gaps_is_forecast),
        cmocka_unit_test(a_shorter_horizon_is_a_prefix),
        cmocka_unit_test(forecasts_move_and_scale_with_the_data),
        cmocka_unit_test(a_constant_series_stays_constant_without_width),
        cmocka_unit_test(intervals_of_several_series_do_not_hang_on_windows_of_one_row),
        cmocka_unit_test(a_walk_is_forecast_by_its_last_value_from_windows_of_any_length),
        cmocka_unit_test(intervals_are_wider_after_rough_times),
        cmocka_unit_test(the_published_error_on_etth1_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
