#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "series/time.h"
#include <gsl/gsl_randist.h>
#include <math.h>
#include <ssmcast/table.h>

static const ssm_step hour = {SSM_STEP_NANOSECONDS, SSMI_HOUR}, day = {SSM_STEP_NANOSECONDS, SSMI_DAY},
                      month = {SSM_STEP_MONTHS, 1}, none = {SSM_STEP_NONE, 0};

static const double pi = 3.14159265358979323846;

typedef struct fixture {
    ssm_context *ctx;
    ssm_arena mem;
    gsl_rng *rng;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    if (ssm_context_new(NULL, &f.ctx) != SSM_OK) return -1;
    ssmi_arena_init(&f.mem, f.ctx);
    f.rng = ssmi_random_stream(&f.mem, 1);
    *state = &f;
    return f.rng == NULL;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ssmi_arena_clear(&f->mem);
    ssm_context_free(f->ctx);
    return 0;
}

static ssm_series detect(fixture *f, const double *value, size_t n, ssm_step step)
{
    ssm_series series = {.name = "test", .value = value, .length = n, .time = {.step = step}};
    assert_int_equal(ssm_series_detect_periods(f->ctx, &series), SSM_OK);
    return series;
}

static void check(fixture *f, const double *value, size_t n, ssm_step step, size_t n_periods,
                  const size_t *period)
{
    ssm_series series = detect(f, value, n, step);
    assert_int_equal(series.n_periods, n_periods);
    for (size_t i = 0; i < n_periods; i++) assert_int_equal(series.period[i], period[i]);
}

/* AR(1) with coefficient phi; 0 is white noise, 1 a random walk. */
static void simulate(double *y, size_t n, double phi, gsl_rng *rng)
{
    double level = 0;
    for (size_t i = 0; i < n; i++) y[i] = level = phi * level + gsl_ran_gaussian(rng, 1);
}

/* The tests are made at 1e-4 for two calendar periods and 1e-8 for peaks, so 5 % leaves room for windows in
 * which the spectrum is not flat; a detector that sees seasons in trends fails by far. */
static void noise_and_random_walks_have_no_season(void **state)
{
    fixture *f = *state;
    static const double phi[] = {0, 0.5, 0.95, 1};
    static const size_t length[] = {60, 300, 2000};
    const ssm_step step[] = {hour, day, month, none};
    static double y[2000];
    for (size_t a = 0; a < 4; a++) {
        size_t seasons = 0, series = 0;
        for (size_t b = 0; b < 3; b++) {
            for (size_t c = 0; c < 4; c++) {
                for (int k = 0; k < 20; k++, series++) {
                    simulate(y, length[b], phi[a], f->rng);
                    seasons += detect(f, y, length[b], step[c]).n_periods > 0;
                }
            }
        }
        if (20 * seasons > series)
            fail_msg("phi %g: %zu of %zu series got a season", phi[a], seasons, series);
    }
}

static void trends_steps_and_quadratics_have_no_season(void **state)
{
    fixture *f = *state;
    double line[300], step[300], square[300];
    for (size_t i = 0; i < 300; i++) {
        line[i] = (double)i;
        step[i] = i > 150;
        square[i] = (double)(i * i);
    }
    check(f, line, 300, month, 0, NULL);
    check(f, step, 300, month, 0, NULL);
    check(f, square, 300, month, 0, NULL);
}

static void a_season_in_noise_is_found_with_and_without_a_calendar(void **state)
{
    fixture *f = *state;
    double y[960];
    for (size_t i = 0; i < 960; i++) {
        double angle = 2 * pi * (double)i / 24;
        y[i] = 0.01 * (double)i + 2 * sin(angle) + sin(2 * angle) + gsl_ran_gaussian(f->rng, 1);
    }
    check(f, y, 960, hour, 1, (size_t[]){24});
    check(f, y, 960, none, 1, (size_t[]){24});
}

static void harmonics_are_not_periods(void **state)
{
    fixture *f = *state;
    double y[1200];
    for (size_t i = 0; i < 1200; i++) {
        double angle = 2 * pi * (double)i / 24;
        y[i] = sin(angle) + 1.2 * sin(2 * angle) + 0.8 * cos(3 * angle) + 0.2 * gsl_ran_gaussian(f->rng, 1);
    }
    check(f, y, 1200, none, 1, (size_t[]){24});
    check(f, y, 1200, hour, 1, (size_t[]){24});
}

static void a_day_and_a_week_are_both_found(void **state)
{
    fixture *f = *state;
    static double y[24 * 7 * 10];
    size_t n = sizeof y / sizeof y[0];
    for (size_t i = 0; i < n; i++) {
        int weekend = i / 24 % 7 >= 5;
        y[i] =
            (weekend ? 0.6 : 1) * (10 + 4 * sin(2 * pi * (double)i / 24)) + 0.3 * gsl_ran_gaussian(f->rng, 1);
    }
    check(f, y, n, hour, 2, (size_t[]){24, 168});
    check(f, y, n, none, 2, (size_t[]){24, 168});
}

static void missing_values_outliers_and_scale_do_not_hide_a_season(void **state)
{
    fixture *f = *state;
    static double y[2400], big[2400];
    for (size_t i = 0; i < 2400; i++) {
        y[i] = 20 + 5 * sin(2 * pi * (double)i / 24) + gsl_ran_gaussian(f->rng, 1);
        if (gsl_rng_uniform(f->rng) < 0.3) y[i] = NAN;
        if (i % 397 == 0) y[i] = 1000;
        big[i] = y[i] * 1e300;
    }
    for (size_t i = 1000; i < 1300; i++) y[i] = NAN;
    check(f, y, 2400, hour, 1, (size_t[]){24});
    check(f, big, 2400, hour, 1, (size_t[]){24});
}

static void less_than_two_cycles_show_nothing(void **state)
{
    fixture *f = *state;
    double y[47];
    for (size_t i = 0; i < 47; i++) y[i] = sin(2 * pi * (double)i / 24);
    check(f, y, 47, hour, 0, NULL);
}

static void degenerate_series_are_no_error(void **state)
{
    fixture *f = *state;
    double nothing[50], constant[50], single[50];
    for (size_t i = 0; i < 50; i++) {
        nothing[i] = NAN;
        constant[i] = 7;
        single[i] = i == 20 ? 1 : NAN;
    }
    for (size_t n = 0; n <= 50; n++) {
        check(f, nothing, n, hour, 0, NULL);
        check(f, constant, n, hour, 0, NULL);
        check(f, single, n, hour, 0, NULL);
    }
}

static void detection_repeats_bit_for_bit_and_keeps_the_values(void **state)
{
    fixture *f = *state;
    double y[500], copy[500];
    for (size_t i = 0; i < 500; i++) y[i] = sin(2 * pi * (double)i / 12) + gsl_ran_gaussian(f->rng, 0.2);
    memcpy(copy, y, sizeof y);
    ssm_series a = detect(f, y, 500, month), b = detect(f, y, 500, month);
    assert_memory_equal(y, copy, sizeof y);
    assert_int_equal(a.n_periods, b.n_periods);
    assert_memory_equal(a.period, b.period, sizeof a.period);
}

static void well_known_series_have_their_seasons(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *path;
        size_t column, n_periods, period[2];
    } cases[] = {
        {"classical/taylor.csv", 0, 2, {48, 336}},
        {"classical/AirPassengers.csv", 0, 1, {12}},
        {"classical/UKgas.csv", 0, 1, {4}},
        {"classical/co2_weekly_statsmodels.csv", 0, 1, {52}},
        {"classical/nottem.csv", 0, 1, {12}},
        {"classical/Nile.csv", 0, 0, {0}},
        {"classical/lynx.csv", 0, 0, {0}},
        {"classical/sunspots.csv", 0, 0, {0}},
        {"classical/EuStockMarkets.csv", 0, 0, {0}},
        {"sensors/nab_nyc_taxi.csv", 0, 2, {48, 336}},
        {"sensors/PJM_Load_hourly.csv", 0, 2, {24, 168}},
        {"sensors/daily-min-temperatures.csv", 0, 1, {365}},
        {"sensors/seattle-weather.csv", 1, 1, {365}},
        {"ltsf/ETTh1.csv", 6, 1, {24}},
        {"ltsf/exchange_rate.csv", 7, 0, {0}},
    };
    const char *data = getenv("SSMCAST_DATA");
    if (data == NULL) {
        print_message("SSMCAST_DATA is not set\n");
        skip();
    }
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[1024];
        ssm_table *table;
        snprintf(path, sizeof path, "%s/%s", data, cases[i].path);
        if (ssm_table_read(f->ctx, path, NULL, &table) != SSM_OK) fail_msg("%s", ssm_context_message(f->ctx));
        const ssm_series *series = &table->series[cases[i].column];
        if (series->n_periods != cases[i].n_periods ||
            memcmp(series->period, cases[i].period, series->n_periods * sizeof(size_t)) != 0) {
            fail_msg("%s: %zu periods, %zu %zu", path, series->n_periods, series->period[0],
                     series->period[1]);
        }
        ssm_table_free(table);
    }
}

/* The numbers of one line "H1","605","586",...; empty fields end it. */
static size_t read_line(char *line, double *value, size_t most)
{
    size_t n = 0;
    char *p = strchr(line, ',');
    while (p != NULL && n < most) {
        char *end;
        p += p[1] == '"' ? 2 : 1;
        value[n] = strtod(p, &end);
        if (end == p) break;
        n++;
        p = strchr(end, ',');
    }
    return n;
}

/* Nearly all of the 414 hourly series of the M4 competition have a daily season; with the hour given or not.
 */
static void hourly_competition_series_are_mostly_daily(void **state)
{
    fixture *f = *state;
    static char line[1 << 16];
    static double value[1000];
    const char *data = getenv("SSMCAST_DATA");
    size_t n_series = 0, daily = 0, unaided = 0, weekly = 0, odd = 0;
    if (data == NULL) {
        print_message("SSMCAST_DATA is not set\n");
        skip();
    }
    char path[1024];
    snprintf(path, sizeof path, "%s/competitions/M4/Hourly-train.csv", data);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        size_t n = read_line(line, value, 1000);
        ssm_series known = detect(f, value, n, hour), blind = detect(f, value, n, none);
        n_series++;
        daily += known.n_periods > 0 && known.period[0] == 24;
        weekly += known.n_periods > 1 && known.period[1] == 168;
        for (size_t i = 0; i < blind.n_periods; i++) unaided += blind.period[i] == 24;
        for (size_t i = 0; i < known.n_periods; i++) odd += known.period[i] % 24 != 0;
    }
    fclose(file);
    print_message("%zu series: daily %zu, weekly %zu, daily unaided %zu, odd %zu\n", n_series, daily, weekly,
                  unaided, odd);
    assert_int_equal(n_series, 414);
    assert_true(100 * daily >= 90 * n_series);
    assert_true(100 * unaided >= 80 * n_series);
    assert_true(100 * odd <= 6 * n_series);
}

/* An allocator that fails from its n-th request on. */
typedef struct failing {
    size_t left;
} failing;

static void *resize_or_fail(void *user, void *pointer, size_t size)
{
    failing *f = user;
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    if (f->left == 0) return NULL;
    f->left--;
    return realloc(pointer, size);
}

static void an_allocation_that_fails_is_reported_and_leaves_the_series(void **state)
{
    (void)state;
    double y[100];
    for (size_t i = 0; i < 100; i++) y[i] = (double)(i % 12);
    for (size_t n = 1;; n++) {
        failing f = {n};
        ssm_allocator allocator = {resize_or_fail, &f};
        ssm_context *ctx;
        ssm_series series = {.value = y,
                             .length = 100,
                             .time = {.step = {SSM_STEP_MONTHS, 1}},
                             .n_periods = 2,
                             .period = {5, 6}};
        assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
        ssm_status status = ssm_series_detect_periods(ctx, &series);
        ssm_context_free(ctx);
        if (status == SSM_OK) {
            assert_int_equal(series.n_periods, 1);
            return;
        }
        assert_int_equal(status, SSM_E_MEMORY);
        assert_int_equal(series.n_periods, 2);
        assert_int_equal(series.period[1], 6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_and_random_walks_have_no_season),
        cmocka_unit_test(trends_steps_and_quadratics_have_no_season),
        cmocka_unit_test(a_season_in_noise_is_found_with_and_without_a_calendar),
        cmocka_unit_test(harmonics_are_not_periods),
        cmocka_unit_test(a_day_and_a_week_are_both_found),
        cmocka_unit_test(missing_values_outliers_and_scale_do_not_hide_a_season),
        cmocka_unit_test(less_than_two_cycles_show_nothing),
        cmocka_unit_test(degenerate_series_are_no_error),
        cmocka_unit_test(detection_repeats_bit_for_bit_and_keeps_the_values),
        cmocka_unit_test(an_allocation_that_fails_is_reported_and_leaves_the_series),
        cmocka_unit_test(well_known_series_have_their_seasons),
        cmocka_unit_test(hourly_competition_series_are_mostly_daily),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
