#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <ssmcast/eval.h>

static const double a[] = {3.1, 2.7, 4.4, 3.9, 5.2, 4.1, 3.3, 2.9, 4.8, 5.5};
static const double b[] = {2.9, 3.0, 3.1, 3.5, 4.6, 3.2, 3.6, 2.2, 4.1, 4.3};

/* d = 1..5: variance 2, DM = 3/sqrt(2/5), times sqrt(4/5) = sqrt(18); p from the closed form of Student's
 * distribution with 4 degrees of freedom. */
static void statistic_equals_the_value_by_hand(void **state)
{
    static const double loss[] = {1, 2, 3, 4, 5}, zero[5] = {0};
    (void)state;
    ssm_dm_test test = ssm_diebold_mariano(loss, zero, 5, 0);
    double x = 18.0 / (18.0 + 4.0);
    double p = 1 - sqrt(x) * (1 + 0.5 * (1 - x));
    assert_float_equal(test.difference, 3, 1e-15);
    assert_float_equal(test.statistic, sqrt(18), 1e-14);
    assert_float_equal(test.p_value, p, 1e-12);
    assert_int_equal(test.n, 5);
    assert_int_equal(test.bartlett, 0);
}

/* R 4.2: d = a - b, h = lags + 1, g = acf(d, lag.max = lags, type = "covariance"), V = sum(c(g[1],
 * 2*g[-1]))/n, statistic = mean(d)/sqrt(V) * sqrt((n + 1 - 2*h + h*(h - 1)/n)/n), p = 2*pt(-abs(statistic), n
 * - 1). */
static void statistic_equals_that_of_r(void **state)
{
    static const double statistic[] = {3.092594370701, 4.113477400564, 4.244512578094};
    static const double p_value[] = {0.01287543258134, 0.00262335535708, 0.00215987007455};
    (void)state;
    for (size_t lags = 0; lags < 3; lags++) {
        ssm_dm_test test = ssm_diebold_mariano(a, b, 10, lags);
        assert_float_equal(test.statistic, statistic[lags], 1e-10);
        assert_float_equal(test.p_value, p_value[lags], 1e-10);
    }
}

/* Alternating differences make the plain variance negative; values from an independent computation. */
static void negative_variance_is_weighted_instead(void **state)
{
    static const double loss[] = {1.3, -0.7, 1.3, -0.7, 1.3, -0.7, 1.5, -0.6}, zero[8] = {0};
    (void)state;
    ssm_dm_test test = ssm_diebold_mariano(loss, zero, 8, 1);
    assert_int_equal(test.bartlett, 1);
    assert_float_equal(test.statistic, 2.2442557040311817, 1e-12);
    assert_float_equal(test.p_value, 0.05970187686473594, 1e-9);
}

static void exchanging_the_forecasts_changes_the_sign_only(void **state)
{
    (void)state;
    ssm_dm_test ab = ssm_diebold_mariano(a, b, 10, 1), ba = ssm_diebold_mariano(b, a, 10, 1);
    assert_float_equal(ab.statistic, -ba.statistic, 1e-14);
    assert_float_equal(ab.p_value, ba.p_value, 1e-14);
}

static void what_cannot_be_tested_has_no_p_value(void **state)
{
    static const double nan_loss[] = {NAN, 1, NAN, 2}, zero[10] = {0};
    static const double constant[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    (void)state;
    assert_true(isnan(ssm_diebold_mariano(a, a, 10, 2).p_value));
    assert_float_equal(ssm_diebold_mariano(a, a, 10, 2).difference, 0, 0);
    assert_true(isnan(ssm_diebold_mariano(a, b, 2, 0).p_value));
    assert_true(isnan(ssm_diebold_mariano(nan_loss, zero, 4, 0).p_value));
    assert_true(isnan(ssm_diebold_mariano(constant, zero, 6, 0).p_value));
}

static void lags_beyond_the_data_give_no_evidence(void **state)
{
    (void)state;
    ssm_dm_test test = ssm_diebold_mariano(a, b, 10, 500);
    assert_int_equal(test.lags, 9);
    assert_float_equal(test.p_value, 1, 1e-9);
}

/* R 4.2: p.adjust(p, "holm"). */
static void holm_equals_that_of_r(void **state)
{
    static const double p[] = {0.01, 0.04, 0.03, 0.005, NAN, 0.5};
    static const double expected[] = {0.04, 0.09, 0.09, 0.025, NAN, 0.5};
    double adjusted[6];
    (void)state;
    ssm_holm(adjusted, p, 6);
    for (size_t i = 0; i < 6; i++) {
        if (isnan(expected[i]))
            assert_true(isnan(adjusted[i]));
        else
            assert_float_equal(adjusted[i], expected[i], 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistic_equals_the_value_by_hand),
        cmocka_unit_test(statistic_equals_that_of_r),
        cmocka_unit_test(negative_variance_is_weighted_instead),
        cmocka_unit_test(exchanging_the_forecasts_changes_the_sign_only),
        cmocka_unit_test(what_cannot_be_tested_has_no_p_value),
        cmocka_unit_test(lags_beyond_the_data_give_no_evidence),
        cmocka_unit_test(holm_equals_that_of_r),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
