#include "models/fixture.h"

static void nile_has_the_values_of_the_textbook_formulas(void **state)
{
    (void)state;
    double y[FIXTURE_ROWS];
    ssm_series nile = fixture_series(y, fixture_read("nile.csv", y), 0);
    fixture_answer a;
    fixture_forecast("naive", NULL, NULL, &nile, 5, &a);
    /* base R: sqrt(mean(diff(Nile)^2)) = 167.324640604829; 740 + qnorm(.9) * that * sqrt(5) */
    assert_near(a.mean[4], 740, 1e-15);
    assert_near(a.quantile[4 * FIXTURE_LEVELS + 2], 1219.49158361695, 1e-12);
    assert_near(a.quantile[4 * FIXTURE_LEVELS + 1], 740, 1e-15);
}

static void a_gap_counts_as_rows_not_as_a_step(void **state)
{
    (void)state;
    /* differences 2 over one row and 4 over two: sigma^2 = (4 + 16/2) / 2 = 6; the last row is one back */
    const double y[] = {1, 3, NAN, 7, NAN};
    ssm_series series = fixture_series(y, 5, 0);
    fixture_answer a;
    fixture_forecast("naive", NULL, NULL, &series, 2, &a);
    assert_near(a.mean[0], 7, 1e-15);
    assert_near(a.quantile[2] - 7, 1.2815515655446004 * sqrt(6 * 2), 1e-12);
    assert_near(a.quantile[5] - 7, 1.2815515655446004 * sqrt(6 * 3), 1e-12);
}

static void extreme_scales_neither_overflow_nor_vanish(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        double unit = pow(10, 150 * sign), y[] = {unit, 2 * unit, 4 * unit};
        ssm_series series = fixture_series(y, 3, 0);
        fixture_answer a;
        fixture_forecast("naive", NULL, NULL, &series, 1, &a);
        assert_near(a.quantile[2], 4 * unit + 1.2815515655446004 * sqrt(2.5) * unit, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_has_the_values_of_the_textbook_formulas),
        cmocka_unit_test(a_gap_counts_as_rows_not_as_a_step),
        cmocka_unit_test(extreme_scales_neither_overflow_nor_vanish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
