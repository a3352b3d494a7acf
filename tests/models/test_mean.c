#include "models/fixture.h"

static void nile_has_the_values_of_the_textbook_formulas(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series nile = fixture_series(y, fixture_read("nile.csv", y), 0);
    fixture_answer a;
    fixture_forecast("mean", NULL, NULL, &nile, 3, &a);
    /* base R: mean(Nile), mean(Nile) + qnorm(.9) sd(Nile) sqrt(1 + 1/100) */
    assert_near(a.mean[2], 919.35, 1e-13);
    assert_near(a.quantile[2 * FIXTURE_LEVELS + 2], 1137.305439756621, 1e-12);
}

static void missing_rows_are_not_counted(void **state)
{
    (void)state;
    const double y[] = {1, NAN, 2, 6, NAN};
    ssm_series series = fixture_series(y, 5, 0);
    fixture_answer a;
    fixture_forecast("mean", NULL, NULL, &series, 1, &a);
    assert_near(a.mean[0], 3, 1e-15);
    assert_near(a.quantile[2] - 3, 1.2815515655446004 * sqrt(7.0 * 4 / 3), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_has_the_values_of_the_textbook_formulas),
        cmocka_unit_test(missing_rows_are_not_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
