#include "models/fixture.h"

static void choose(const ssm_series *series, size_t horizon, fixture_answer *out, char *note, size_t size)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, "auto", NULL, NULL, series, horizon);
    fixture_predict(f, horizon, out);
    assert_int_equal(ssm_forecaster_note(f, note, size), SSM_OK);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static void a_straight_line_is_given_to_a_model_that_continues_it(void **state)
{
    (void)state;
    double y[120];
    for (int t = 0; t < 120; t++) y[t] = 3 + 2 * t;
    ssm_series series = fixture_series(y, 120, 0);
    fixture_answer a;
    char note[512];
    choose(&series, 10, &a, note, sizeof note);
    for (int h = 0; h < 10; h++) assert_near(a.mean[h], 3 + 2 * (120 + h), 1e-3);
}

static void a_pure_season_is_given_to_a_model_that_repeats_it(void **state)
{
    (void)state;
    double y[120];
    for (int t = 0; t < 120; t++) y[t] = (t * 7) % 12 * (t % 12);
    ssm_series series = fixture_series(y, 120, 12);
    fixture_answer a;
    char note[512];
    choose(&series, 24, &a, note, sizeof note);
    for (int h = 0; h < 24; h++) assert_true(fabs(a.mean[h] - (120 + h) * 7 % 12 * (h % 12)) < 1e-3);
}

static void the_note_names_the_winner_its_score_and_the_others(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS], winner = NAN, other = NAN;
    ssm_series series = fixture_series(y, fixture_read("elnino_monthly.csv", y), 12);
    fixture_answer a;
    char note[512];
    choose(&series, 12, &a, note, sizeof note);
    const char *score = strstr(note, " chosen: MASE "), *against = strstr(note, "; against ");
    assert_non_null(score);
    assert_non_null(against);
    assert_int_equal(sscanf(score, " chosen: MASE %lf over 5 origins", &winner), 1);
    assert_int_equal(sscanf(against, "; against %lf of", &other), 1);
    assert_true(winner <= other);
    assert_non_null(strstr(note, " of mean"));
}

static void too_few_rows_are_answered_by_the_simplest_models(void **state)
{
    (void)state;
    const double y[] = {1, 5, 2, 6, 3, 7, 4, 8};
    fixture_answer a;
    char note[512];
    ssm_series series = fixture_series(y, 8, 0);
    choose(&series, 2, &a, note, sizeof note);
    assert_string_equal(note, "naive chosen: 8 rows are too few for a backtest");
    series = fixture_series(y, 8, 2);
    choose(&series, 2, &a, note, sizeof note);
    assert_string_equal(note, "seasonal_naive chosen: 8 rows are too few for a backtest");
    assert_near(a.mean[0], 4, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_straight_line_is_given_to_a_model_that_continues_it),
        cmocka_unit_test(a_pure_season_is_given_to_a_model_that_repeats_it),
        cmocka_unit_test(the_note_names_the_winner_its_score_and_the_others),
        cmocka_unit_test(too_few_rows_are_answered_by_the_simplest_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
