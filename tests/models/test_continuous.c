/* Rows at uneven times: what must not matter does not, and what is known of the future is used. */
#include "models/fixture.h"

#include "models/flow.h"

#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 240, HORIZON = 6, LEVELS = 3 };
static const double level[LEVELS] = {0.1, 0.5, 0.9};
#define SECOND INT64_C(1000000000)
#define HOUR   (3600 * SECOND)

typedef struct answer {
    double mean[HORIZON], quantile[HORIZON * LEVELS];
} answer;

static double noise(unsigned long *x)
{
    double sum = 0;
    for (int k = 0; k < 6; k++) {
        *x = (*x * 1103515245UL + 12345UL) % 2147483648UL;
        sum += (double)*x / 2147483648.0 - 0.5;
    }
    return sum;
}

/* A level that wanders with a daily wave, seen about once an hour. */
static void make_rows(double *y, int64_t *stamp, size_t n)
{
    unsigned long x = 11;
    double wander = 20;
    int64_t t = 1600000000 * SECOND;
    for (size_t i = 0; i < n; i++) {
        const int64_t gap = HOUR / 4 + (int64_t)(x % 97) * HOUR / 60;
        t += gap;
        stamp[i] = t;
        wander += 0.3 * noise(&x) * sqrt((double)gap / (double)HOUR);
        y[i] = wander + 3 * sin(2 * 3.14159265358979 * (double)(t / SECOND) / 86400) + 0.3 * noise(&x);
    }
}

static ssm_series series_of(const double *y, const int64_t *stamp, size_t n, int64_t step)
{
    return (ssm_series){.name = "rows",
                        .value = y,
                        .length = n,
                        .stamp = stamp,
                        .time = {stamp[0], {SSM_STEP_NANOSECONDS, step}}};
}

static ssm_forecaster *fit(ssm_context *ctx, const ssm_series *series, const char *periods)
{
    return fixture_fit(ctx, "continuous", "periods", periods, series, HORIZON);
}

/* Fitted once to all rows; who uses it conditions it anew, which leaves no trace of what was before. */
static struct shared {
    double y[ROWS];
    int64_t stamp[ROWS + 1];
    ssm_context *ctx;
    ssm_forecaster *f;
} shared;

static int fit_shared(void **state)
{
    (void)state;
    make_rows(shared.y, shared.stamp, ROWS);
    assert_int_equal(ssm_context_new(NULL, &shared.ctx), SSM_OK);
    const ssm_series all = series_of(shared.y, shared.stamp, ROWS, HOUR);
    shared.f = fit(shared.ctx, &all, "1 d");
    return 0;
}

static int free_shared(void **state)
{
    (void)state;
    ssm_forecaster_free(shared.f);
    ssm_context_free(shared.ctx);
    return 0;
}

static void ask(ssm_forecaster *f, answer *a)
{
    ssm_forecast out = {HORIZON, LEVELS, level, a->mean, a->quantile};
    assert_int_equal(ssm_forecaster_predict(f, &out), SSM_OK);
}

static answer whole_way(const ssm_series *series, const char *periods)
{
    ssm_context *ctx;
    answer a;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, series, periods);
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    ask(f, &a);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
    return a;
}

static void assert_like(const answer *a, const answer *b, double tolerance)
{
    for (size_t h = 0; h < HORIZON; h++) {
        if (!(fabs(a->mean[h] - b->mean[h]) <= tolerance * fabs(b->mean[h])))
            fail_msg("step %zu: %.12g and %.12g", h, a->mean[h], b->mean[h]);
        for (size_t k = 0; k < LEVELS; k++)
            assert_true(fabs(a->quantile[h * LEVELS + k] - b->quantile[h * LEVELS + k]) <=
                        tolerance * fabs(b->quantile[h * LEVELS + k]));
    }
}

static void rows_left_out_are_rows_missing(void **state)
{
    (void)state;
    double y[ROWS], kept[ROWS];
    int64_t stamp[ROWS], kept_stamp[ROWS];
    size_t n = 0;
    make_rows(y, stamp, ROWS);
    for (size_t t = 0; t < ROWS; t++) {
        stamp[t] = 1600000000 * SECOND + (int64_t)t * HOUR;
        if (t % 5 == 2 || (t > 60 && t < 90)) {
            y[t] = NAN;
        } else {
            kept[n] = y[t];
            kept_stamp[n++] = stamp[t];
        }
    }
    ssm_series grid = series_of(y, stamp, ROWS, HOUR), holes = series_of(kept, kept_stamp, n, HOUR);
    grid.stamp = NULL;
    const answer a = whole_way(&grid, "1 d"), b = whole_way(&holes, "1 d");
    /* the likelihood is the same to the last digits (tests/kalman), but slope and damping lie on a flat ridge
     * of it, where the optimiser stops a little elsewhere */
    assert_like(&b, &a, 1e-3);
}

static void the_unit_of_time_does_not_matter(void **state)
{
    (void)state;
    double y[ROWS];
    int64_t stamp[ROWS], other[ROWS];
    make_rows(y, stamp, ROWS);
    const ssm_series series = series_of(y, stamp, ROWS, HOUR);
    const answer a = whole_way(&series, "none");
    for (size_t t = 0; t < ROWS; t++) other[t] = (stamp[t] - stamp[0]) / 1000000; /* an hour is 3.6 ms */
    const ssm_series fast = series_of(y, other, ROWS, HOUR / 1000000);
    answer b = whole_way(&fast, "none");
    assert_like(&b, &a, 1e-6); /* stamps rounded to 1e-9 of a gap */
    for (size_t t = 0; t < ROWS; t++) other[t] = (stamp[t] - stamp[0]) * 5000; /* an hour is half a year */
    const ssm_series slow = series_of(y, other, ROWS, HOUR * 5000);
    b = whole_way(&slow, "none");
    assert_like(&b, &a, 1e-6);
}

static void rows_with_their_times_stream_as_they_are_read(void **state)
{
    (void)state;
    const double *y = shared.y;
    const int64_t *stamp = shared.stamp;
    answer batch, stream;
    ssm_forecaster *f = shared.f;
    const ssm_series all = series_of(y, stamp, ROWS, HOUR);
    ssm_series early = ssm_series_slice(all, 0, ROWS - 40);
    assert_int_equal(ssm_forecaster_condition(f, &all), SSM_OK);
    ask(f, &batch);
    for (int known = 0; known <= 1; known++) { /* by known stamps, by stamps given */
        if (!known) early.stamp_rows = 0;
        assert_int_equal(ssm_forecaster_condition(f, &early), SSM_OK);
        for (size_t t = ROWS - 40; t < ROWS; t++)
            assert_int_equal(known ? ssm_forecaster_update(f, y + t)
                                   : ssm_forecaster_update_at(f, stamp[t], y + t),
                             SSM_OK);
        ask(f, &stream);
        assert_like(&stream, &batch, 1e-12);
        early.stamp_rows = ROWS;
    }
}

static void a_stream_goes_on_from_its_file(void **state)
{
    (void)state;
    const double *y = shared.y;
    const int64_t *stamp = shared.stamp;
    answer through, again;
    char path[512];
    size_t n;
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/ssmcast-continuous-%ld.state", folder != NULL ? folder : "/tmp",
             (long)getpid());
    const ssm_series all = series_of(y, stamp, ROWS, HOUR);
    for (int known = 0; known <= 1; known++) { /* times ahead are kept as well */
        ssm_series early = ssm_series_slice(all, 0, ROWS - 4);
        if (!known) early.stamp_rows = 0;
        ssm_forecaster *f = shared.f, *loaded;
        assert_int_equal(ssm_forecaster_condition(f, &early), SSM_OK);
        assert_int_equal(ssm_forecaster_update(f, y + ROWS - 4), SSM_OK);
        assert_int_equal(ssm_forecaster_save_state(&f, 1, path), SSM_OK);
        assert_int_equal(ssm_forecaster_load_state(shared.ctx, path, 1, &loaded, &n), SSM_OK);
        assert_int_equal(ssm_forecaster_update_at(loaded, stamp[ROWS - 4] - HOUR, y), SSM_E_DATA);
        for (int k = 0; k < 2; k++) {
            ssm_forecaster *one = k == 0 ? f : loaded;
            assert_int_equal(ssm_forecaster_update(one, y + ROWS - 3), SSM_OK);
            assert_int_equal(ssm_forecaster_update_at(one, stamp[ROWS - 1] + 1, y + ROWS - 1), SSM_OK);
            ask(one, k == 0 ? &through : &again);
        }
        assert_memory_equal(&through, &again, sizeof again);
        ssm_forecaster_free(loaded);
    }
    remove(path);
}

static void a_forecast_stands_at_the_times_that_are_known(void **state)
{
    (void)state;
    int64_t *const stamp = shared.stamp;
    answer step, known;
    ssm_forecaster *f = shared.f;
    ssm_series series = series_of(shared.y, stamp, ROWS, HOUR);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    ask(f, &step);
    stamp[ROWS] = stamp[ROWS - 1] + 4 * HOUR; /* where the fourth step of an hour is */
    series.stamp_rows = ROWS + 1;
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    ask(f, &known);
    assert_true(fabs(known.mean[0] - step.mean[3]) < 1e-9);
    assert_true(fabs(known.quantile[2] - step.quantile[3 * LEVELS + 2]) < 1e-9);
    assert_true(fabs(known.mean[1] - step.mean[4]) < 1e-9);
}

/* Without conditioning anew: what is expected of a row whose time has just become known. */
static void a_row_is_expected_at_its_time(void **state)
{
    (void)state;
    double mean, quantile[LEVELS];
    const int64_t *stamp = shared.stamp;
    answer step;
    ssm_forecaster *f = shared.f;
    const ssm_series series = series_of(shared.y, stamp, ROWS, HOUR);
    ssm_forecast one = {1, LEVELS, level, &mean, quantile}, two = {2, LEVELS, level, &mean, quantile};
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    ask(f, &step);
    assert_int_equal(ssm_forecaster_predict_at(f, stamp[ROWS - 1] + 4 * HOUR, &one), SSM_OK);
    assert_near(mean, step.mean[3], 1e-9);
    assert_near(quantile[2], step.quantile[3 * LEVELS + 2], 1e-9);
    assert_int_equal(ssm_forecaster_predict_at(f, stamp[ROWS - 1] + HOUR, &one), SSM_OK);
    assert_near(mean, step.mean[0], 1e-12);
    assert_int_equal(ssm_forecaster_predict_at(f, stamp[ROWS - 1], &one), SSM_E_DATA);
    assert_int_equal(ssm_forecaster_predict_at(f, stamp[ROWS - 1] + HOUR, &two), SSM_E_ARGUMENT);
}

static size_t count_components(const ssm_forecaster *f)
{
    size_t n = 0;
    while (ssm_forecaster_component(f, n) != NULL) n++;
    return n;
}

static void the_season_of_the_calendar_is_found(void **state)
{
    (void)state;
    double y[ROWS];
    int64_t stamp[ROWS];
    ssm_context *ctx;
    char note[512];
    answer a;
    make_rows(y, stamp, ROWS);
    const ssm_series all = series_of(y, stamp, ROWS, HOUR);
    const ssm_series train = ssm_series_slice(all, 0, ROWS - HORIZON);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, &train, "");
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "harmonics of 24 typical gaps"));
    const size_t last = count_components(f) - 1;
    assert_string_equal(ssm_forecaster_component(f, 0), "level");
    assert_string_equal(ssm_forecaster_component(f, last), "seasonal");
    assert_int_equal(ssm_forecaster_condition(f, &train), SSM_OK);
    ask(f, &a);
    for (size_t h = 0; h < HORIZON; h++) /* the level has wandered by 0.2 an hour, the wave has 3 */
        assert_true(fabs(a.mean[h] - y[ROWS - HORIZON + h]) < 1.8);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* A tide seen every 5 to 35 hours: on a grid of 20 hours it could not be told from a slower wave. */
static void uneven_rows_show_a_season_shorter_than_their_gaps(void **state)
{
    (void)state;
    double y[ROWS];
    int64_t stamp[ROWS];
    unsigned long x = 17;
    ssm_context *ctx;
    answer a;
    for (size_t t = 0; t < ROWS; t++) {
        const double error = 0.1 * noise(&x);
        stamp[t] = (t > 0 ? stamp[t - 1] : 0) + 5 * HOUR + (int64_t)(x % 1800) * HOUR / 60;
        y[t] = 4 * sin(2 * 3.14159265358979 * (double)(stamp[t] / SECOND) / 44714.16) + error;
    }
    const ssm_series all = series_of(y, stamp, ROWS, 20 * HOUR);
    const ssm_series train = ssm_series_slice(all, 0, ROWS - HORIZON);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, &train, "12.4206 h");
    assert_int_equal(ssm_forecaster_condition(f, &train), SSM_OK);
    ask(f, &a);
    for (size_t h = 0; h < HORIZON; h++) assert_true(fabs(a.mean[h] - y[ROWS - HORIZON + h]) < 0.5);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void components_add_up_and_an_odd_row_stands_out(void **state)
{
    (void)state;
    enum { ODD = 100, ALL = ROWS + HORIZON, MOST = 3 };
    double y[ROWS], signal[ALL], sd[ALL], wide[ALL], part[MOST * ALL], part_sd[MOST * ALL];
    double innovation[ROWS], outlier[ROWS], shift[ROWS];
    int64_t stamp[ROWS];
    ssm_context *ctx;
    answer a;
    make_rows(y, stamp, ROWS);
    y[ODD] += 4;
    y[33] = NAN;
    const ssm_series series = series_of(y, stamp, ROWS, HOUR);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fit(ctx, &series, "1 d");
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    ask(f, &a);
    const size_t n = count_components(f);
    assert_in_range(n, 2, MOST);
    ssm_decomposition d = {HORIZON, signal, sd, wide, part, part_sd, innovation, outlier, shift, 1, 1};
    assert_int_equal(ssm_forecaster_decompose(f, &d), SSM_OK);
    assert_int_equal(d.multiplicative, 0);
    assert_int_equal(d.states, 0);
    for (size_t t = 0; t < ALL; t++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) sum += part[n * t + k];
        assert_true(fabs(sum - signal[t]) < 1e-9);
        assert_true(wide[t] > sd[t] && part_sd[n * t] > 0);
        if (t >= ROWS) assert_true(fabs(signal[t] - a.mean[t - ROWS]) < 1e-6);
    }
    for (size_t t = 0; t < ROWS; t++) {
        if (t != ODD && !isnan(outlier[t])) assert_true(fabs(outlier[t]) < outlier[ODD]);
    }
    assert_true(outlier[ODD] > 5 && isnan(outlier[33]) && isnan(innovation[33]));
    assert_true(isnan(innovation[0]) && innovation[ODD] > 3 && isnan(shift[0]) && isfinite(shift[1]));
    /* none of the arrays is a must */
    assert_int_equal(ssm_forecaster_decompose(f, &(ssm_decomposition){.signal = signal}), SSM_OK);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* The maximum of the discrete local level on the Nile: 15099 and 1469.1, log-likelihood -633.4646 (Durbin &
 * Koopman 2012, sec. 2.10). */
static void the_nile_has_its_known_variances(void **state)
{
    (void)state;
    double y[100], gap[100];
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_continuous_fit found;
    int converged;
    ssmi_flow flow = {.trend = SSMI_FLOW_WANDER};
    const size_t n = fixture_read("nile.csv", y);
    for (size_t t = 0; t < n; t++) {
        gap[t] = 1;
        y[t] /= 100; /* the optimiser expects values near 1 */
    }
    flow.parameter[SSMI_FLOW_IRREGULAR] = flow.parameter[SSMI_FLOW_LEVEL] = 1;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&tmp, ctx);
    assert_int_equal(ssmi_flow_estimate(&flow, y, gap, n, 0, &found, &converged, &tmp), SSM_OK);
    assert_true(converged);
    /* the top is flat: a thousandth of the log-likelihood is a percent of a variance */
    assert_true(fabs(flow.parameter[SSMI_FLOW_IRREGULAR] / 1.5099 - 1) < 0.01);
    assert_true(fabs(flow.parameter[SSMI_FLOW_LEVEL] / 0.14691 - 1) < 0.05);
    assert_true(found.loglik - 99 * log(100) > -633.4646 - 1e-3);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

static void seasons_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"x", "1 d,", "0", "-3", "1 d, 2 d, 3 d, 4 d", "1 parsec", "1e300"};
    static const char *const good[] = {"1 d, 7 d", "24", "12.42 h", "none", "", "2 weeks,1 year"};
    double y[ROWS];
    int64_t stamp[ROWS];
    ssm_context *ctx;
    make_rows(y, stamp, 12);
    const ssm_series series = series_of(y, stamp, 12, HOUR);
    const ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = 1};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    for (size_t k = 0; k < sizeof bad / sizeof *bad + sizeof good / sizeof *good; k++) {
        const int is_bad = k < sizeof bad / sizeof *bad;
        ssm_forecaster *f;
        assert_int_equal(ssm_forecaster_new(ctx, "continuous", &f), SSM_OK);
        assert_int_equal(
            ssm_forecaster_set(f, "periods", is_bad ? bad[k] : good[k - sizeof bad / sizeof *bad]), SSM_OK);
        const ssm_status status = ssm_forecaster_fit(f, &task);
        if (status != (is_bad ? SSM_E_ARGUMENT : SSM_OK)) fail_msg("%zu: %s", k, ssm_context_message(ctx));
        ssm_forecaster_free(f);
    }
    ssm_context_free(ctx);
}

static void short_and_flat_series_are_no_trouble(void **state)
{
    (void)state;
    double y[ROWS], flat[ROWS];
    int64_t stamp[ROWS];
    make_rows(y, stamp, ROWS);
    for (size_t t = 0; t < ROWS; t++) flat[t] = 5;
    for (size_t n = 1; n < 14; n++) {
        ssm_series series = series_of(y, stamp, n, HOUR);
        const answer a = whole_way(&series, "");
        assert_true(isfinite(a.mean[0]) && a.quantile[2] >= a.quantile[0]);
        series.value = flat;
        const answer b = whole_way(&series, "");
        assert_true(b.mean[HORIZON - 1] == 5 && b.quantile[0] == 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_left_out_are_rows_missing),
        cmocka_unit_test(the_unit_of_time_does_not_matter),
        cmocka_unit_test(rows_with_their_times_stream_as_they_are_read),
        cmocka_unit_test(a_stream_goes_on_from_its_file),
        cmocka_unit_test(a_forecast_stands_at_the_times_that_are_known),
        cmocka_unit_test(a_row_is_expected_at_its_time),
        cmocka_unit_test(the_season_of_the_calendar_is_found),
        cmocka_unit_test(uneven_rows_show_a_season_shorter_than_their_gaps),
        cmocka_unit_test(components_add_up_and_an_odd_row_stands_out),
        cmocka_unit_test(the_nile_has_its_known_variances),
        cmocka_unit_test(seasons_that_are_none_are_refused),
        cmocka_unit_test(short_and_flat_series_are_no_trouble),
    };
    return cmocka_run_group_tests(tests, fit_shared, free_shared);
}
