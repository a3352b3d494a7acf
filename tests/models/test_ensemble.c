#include "models/fixture.h"

static void combine_with(const char *how, const ssm_series *series, const char *members, fixture_answer *out,
                         char *note, size_t size)
{
    ssm_context *ctx;
    ssm_forecaster *f;
    ssm_fit_task task = {.panel = series, .n_series = 1, .horizon = 12};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssm_forecaster_new(ctx, "ensemble", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "members", members), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "combine", how), SSM_OK);
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    fixture_predict(f, 12, out);
    assert_int_equal(ssm_forecaster_note(f, note, size), SSM_OK);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

typedef struct parts {
    double y[FIXTURE_ROWS];
    ssm_series series;
    fixture_answer naive, drift, mean;
} parts;

static void make_parts(parts *p)
{
    p->series = fixture_series(p->y, fixture_read("air_passengers.csv", p->y), 12);
    fixture_forecast("naive", NULL, NULL, &p->series, 12, &p->naive);
    fixture_forecast("drift", NULL, NULL, &p->series, 12, &p->drift);
    fixture_forecast("mean", NULL, NULL, &p->series, 12, &p->mean);
}

static void the_mean_averages_means_and_quantiles(void **state)
{
    (void)state;
    static parts p;
    fixture_answer a;
    char note[128];
    make_parts(&p);
    combine_with("mean", &p.series, " naive , drift,mean", &a, note, sizeof note);
    assert_string_equal(note, "weights: naive 0.33, drift 0.33, mean 0.33");
    for (size_t i = 0; i < 12 * FIXTURE_LEVELS; i++)
        assert_near(a.quantile[i], (p.naive.quantile[i] + p.drift.quantile[i] + p.mean.quantile[i]) / 3,
                    1e-13);
    for (size_t h = 0; h < 12; h++)
        assert_near(a.mean[h], (p.naive.mean[h] + p.drift.mean[h] + p.mean.mean[h]) / 3, 1e-13);
}

static void the_median_takes_the_one_in_the_middle(void **state)
{
    (void)state;
    static parts p;
    fixture_answer a;
    char note[128];
    make_parts(&p);
    combine_with("median", &p.series, "naive,drift,mean", &a, note, sizeof note);
    assert_string_equal(note, "median of naive, drift, mean");
    /* the series grows: mean < naive < drift */
    for (size_t h = 0; h < 12; h++) assert_near(a.mean[h], p.naive.mean[h], 1e-15);
}

static void better_members_weigh_more(void **state)
{
    (void)state;
    static parts p;
    fixture_answer a;
    char note[128];
    double good = 0, bad = 0;
    make_parts(&p);
    combine_with("weighted", &p.series, "seasonal_naive,mean", &a, note, sizeof note);
    assert_int_equal(sscanf(note, "weights: seasonal_naive %lf, mean %lf", &good, &bad), 2);
    assert_near(good + bad, 1, 1e-9);
    assert_true(good > 0.7);
}

static void the_usual_members_have_the_network_with_flip(void **state)
{
    (void)state;
    static const char *const member[][3] = {{"kalman", NULL, NULL},
                                            {"linear", NULL, NULL},
                                            {"zero", "flip", "true"},
                                            {"seasonal_naive", NULL, NULL}};
    static parts p;
    fixture_answer usual, named, part;
    double sum[12] = {0};
    char note[128];
    make_parts(&p);
    for (size_t k = 0; k < 4; k++) {
        fixture_forecast(member[k][0], member[k][1], member[k][2], &p.series, 12, &part);
        for (size_t h = 0; h < 12; h++) sum[h] += part.mean[h] / 4;
    }
    combine_with("mean", &p.series, "", &usual, note, sizeof note);
    combine_with("mean", &p.series, "kalman,linear,zero,seasonal_naive", &named, note, sizeof note);
    for (size_t h = 0; h < 12; h++) {
        assert_near(usual.mean[h], sum[h], 1e-12);
        assert_true(fabs(named.mean[h] - sum[h]) > 1e-6 * sum[h]); /* as named, without */
    }
}

static const double bounded_level[] = {0.025, 0.1, 0.5, 0.9, 0.975};

enum { BOUNDED_LEVELS = 5, BOUNDED_ROWS = 12 };

typedef struct bounded_answer {
    double mean[BOUNDED_ROWS], quantile[BOUNDED_ROWS * BOUNDED_LEVELS];
} bounded_answer;

static void forecast_bounded(const char *model, const char *members, const ssm_series *series,
                             bounded_answer *out)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f =
        fixture_fit(ctx, model, members != NULL ? "members" : NULL, members, series, BOUNDED_ROWS);
    ssm_forecast forecast = {BOUNDED_ROWS, BOUNDED_LEVELS, bounded_level, out->mean, out->quantile};
    assert_int_equal(ssm_forecaster_predict(f, &forecast), SSM_OK);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* Noise, and one reading far off at the end: naive goes on from there, the network does not. */
static void the_network_bounds_the_others_and_its_spread_counts_most(void **state)
{
    (void)state;
    double y[400], leaves = 0;
    unsigned seed = 1;
    for (int t = 0; t < 400; t++) {
        seed = seed * 1664525u + 1013904223u;
        y[t] = 10 + (double)(seed >> 8) / 8388608.0 - 1 + 8 * (t == 399);
    }
    const ssm_series series = fixture_series(y, 400, 0);
    bounded_answer both, zero, naive;
    forecast_bounded("ensemble", "zero,naive", &series, &both);
    forecast_bounded("zero", NULL, &series, &zero);
    forecast_bounded("naive", NULL, &series, &naive);
    double kept[BOUNDED_ROWS], w = 0;
    for (size_t h = 0; h < BOUNDED_ROWS; h++) {
        const double *q = zero.quantile + h * BOUNDED_LEVELS;
        kept[h] = fmin(fmax(naive.mean[h], q[0]), q[BOUNDED_LEVELS - 1]);
        leaves += kept[h] != naive.mean[h];
    }
    assert_true(leaves >= 3);
    const size_t last = BOUNDED_ROWS - 1;
    w = (both.mean[last] - kept[last]) / (zero.mean[last] - kept[last]); /* of the network */
    assert_true(w > 0.01 && w < 0.99);
    const double v = 8 * w / (8 * w + 1 - w);
    for (size_t h = 0; h < BOUNDED_ROWS; h++) {
        assert_near(both.mean[h], w * zero.mean[h] + (1 - w) * kept[h], 1e-9);
        for (size_t k = h * BOUNDED_LEVELS; k < (h + 1) * BOUNDED_LEVELS; k++)
            assert_near(both.quantile[k],
                        both.mean[h] + v * (zero.quantile[k] - zero.mean[h]) +
                            (1 - v) * (naive.quantile[k] - naive.mean[h]),
                        1e-9);
    }
}

/* A switch moves the series, and is on in all rows to come: the network cannot know. */
static void a_member_that_sees_more_than_the_network_is_not_bounded(void **state)
{
    (void)state;
    double y[200], on[200 + BOUNDED_ROWS], outside = 0;
    for (int t = 0; t < 200 + BOUNDED_ROWS; t++) on[t] = t >= 200 || (t * t / 7) % 5 == 0;
    for (int t = 0; t < 200; t++) y[t] = 20 * on[t] + 0.05 * ((t * 37) % 11);
    ssm_series series = fixture_series(y, 200, 0);
    series.exogenous = on, series.n_exogenous = 1, series.exogenous_rows = 200 + BOUNDED_ROWS;
    bounded_answer both, zero, kalman;
    forecast_bounded("ensemble", "zero,kalman", &series, &both);
    forecast_bounded("kalman", NULL, &series, &kalman);
    series.exogenous = NULL, series.n_exogenous = series.exogenous_rows = 0;
    forecast_bounded("zero", NULL, &series, &zero);
    const double w = (both.mean[0] - kalman.mean[0]) / (zero.mean[0] - kalman.mean[0]);
    for (size_t h = 0; h < BOUNDED_ROWS; h++) {
        assert_near(both.mean[h], w * zero.mean[h] + (1 - w) * kalman.mean[h], 1e-9);
        outside += kalman.mean[h] > zero.quantile[h * BOUNDED_LEVELS + BOUNDED_LEVELS - 1];
    }
    assert_true(outside > 0);
}

static void a_member_that_cannot_fit_is_left_out(void **state)
{
    (void)state;
    const double y[] = {1, 2, 3};
    ssm_series series = fixture_series(y, 3, 0);
    fixture_answer a;
    char note[128];
    combine_with("weighted", &series, "linear,naive", &a, note, sizeof note);
    assert_string_equal(note, "weights: naive 1.00");
    assert_near(a.mean[11], 3, 1e-15);
}

/* Rows at times of their own: of the usual members those that need no grid, of named ones those that can. */
static void rows_off_a_grid_are_combined_by_the_members_that_can(void **state)
{
    (void)state;
    const int64_t hour = INT64_C(3600000000000);
    static const char *const member[] = {"continuous", "naive", "mean"};
    double y[FIXTURE_ROWS], sum[12] = {0};
    int64_t stamp[FIXTURE_ROWS];
    fixture_answer usual, named, part;
    char note[128];
    ssm_series series = fixture_series(y, fixture_read("nile.csv", y), 0);
    for (size_t t = 0; t < series.length; t++)
        stamp[t] = (t > 0 ? stamp[t - 1] : 0) + hour * (int64_t)(1 + t * t % 5);
    series.stamp = stamp;
    series.time = (ssm_time_index){stamp[0], {SSM_STEP_NANOSECONDS, hour}};
    for (size_t k = 0; k < 3; k++) {
        fixture_forecast(member[k], NULL, NULL, &series, 12, &part);
        for (size_t h = 0; h < 12; h++) sum[h] += part.mean[h] / 3;
    }
    combine_with("mean", &series, "", &usual, note, sizeof note);
    assert_string_equal(note, "weights: continuous 0.33, naive 0.33, mean 0.33");
    for (size_t h = 0; h < 12; h++) assert_near(usual.mean[h], sum[h], 1e-12);
    combine_with("weighted", &series, "kalman,mean,linear", &named, note, sizeof note);
    assert_string_equal(note, "weights: mean 1.00");
    for (size_t h = 0; h < 12; h++) assert_near(named.mean[h], part.mean[h], 1e-12);
}

static void no_member_for_rows_off_a_grid_is_said(void **state)
{
    (void)state;
    const double y[] = {1, 2, 3};
    const int64_t stamp[] = {0, 5, 6};
    ssm_context *ctx;
    ssm_forecaster *f;
    ssm_series series = fixture_series(y, 3, 0);
    series.stamp = stamp;
    series.time = (ssm_time_index){0, {SSM_STEP_NANOSECONDS, 1}};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssm_forecaster_new(ctx, "ensemble", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "members", "kalman,linear"), SSM_OK);
    ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = 1};
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_UNSUPPORTED);
    assert_non_null(strstr(ssm_context_message(ctx), "keeps no grid of times"));
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void unknown_double_and_composite_members_are_refused_in_words(void **state)
{
    (void)state;
    const char *const bad[][2] = {{"naive,nothing", "no model \"nothing\""},
                                  {"naive,naive", "named twice"},
                                  {"naive,auto", "made of other models"},
                                  {"naive,,mean", "separated by commas"}};
    const double y[] = {1, 2, 3};
    ssm_series series = fixture_series(y, 3, 0);
    for (size_t i = 0; i < 4; i++) {
        ssm_context *ctx;
        ssm_forecaster *f;
        assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
        assert_int_equal(ssm_forecaster_new(ctx, "ensemble", &f), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "members", bad[i][0]), SSM_OK);
        ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = 1};
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_ARGUMENT);
        assert_non_null(strstr(ssm_context_message(ctx), bad[i][1]));
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_averages_means_and_quantiles),
        cmocka_unit_test(the_median_takes_the_one_in_the_middle),
        cmocka_unit_test(better_members_weigh_more),
        cmocka_unit_test(the_usual_members_have_the_network_with_flip),
        cmocka_unit_test(the_network_bounds_the_others_and_its_spread_counts_most),
        cmocka_unit_test(a_member_that_sees_more_than_the_network_is_not_bounded),
        cmocka_unit_test(a_member_that_cannot_fit_is_left_out),
        cmocka_unit_test(rows_off_a_grid_are_combined_by_the_members_that_can),
        cmocka_unit_test(no_member_for_rows_off_a_grid_is_said),
        cmocka_unit_test(unknown_double_and_composite_members_are_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
