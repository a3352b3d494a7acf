#include "models/fixture.h"

static void nile_has_the_values_of_the_textbook_formulas(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series nile = fixture_series(y, fixture_read("nile.csv", y), 0);
    fixture_answer a;
    fixture_forecast("drift", NULL, NULL, &nile, 5, &a);
    /* base R: b = mean(diff(Nile)), s = sd(diff(Nile)), 740 + 5 b -+ qnorm(.9) s sqrt(5 (1 + 5/99)) */
    assert_near(a.mean[0], 740 - 3.83838383838384, 1e-12);
    assert_near(a.quantile[4 * FIXTURE_LEVELS], 226.986209933207, 1e-12);
    assert_near(a.quantile[4 * FIXTURE_LEVELS + 2], 1214.629951682955, 1e-12);
}

static void a_straight_line_with_gaps_is_continued_without_width(void **state)
{
    (void)state;
    const double y[] = {NAN, 1, 2, NAN, NAN, 5, 6, NAN};
    ssm_series series = fixture_series(y, 8, 0);
    fixture_answer a;
    fixture_forecast("drift", NULL, NULL, &series, 2, &a);
    assert_near(a.mean[0], 8, 1e-14);
    assert_near(a.mean[1], 9, 1e-14);
    assert_near(a.quantile[5], 9, 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_has_the_values_of_the_textbook_formulas),
        cmocka_unit_test(a_straight_line_with_gaps_is_continued_without_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
