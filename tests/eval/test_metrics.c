#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <ssmcast/eval.h>

static double value_of(const char *name, const ssm_judged *row, size_t n)
{
    const ssm_metric *metric = ssm_metric_find(name);
    ssm_score score = {0, 0};
    assert_non_null(metric);
    for (size_t i = 0; i < n; i++) ssm_score_add(&score, metric, &row[i]);
    return ssm_score_value(&score, metric);
}

/* Three rows worked out by hand: errors 20, -10, 0; levels 0.1, 0.5, 0.9; interval of 80 %. */
static void every_metric_equals_the_value_by_hand(void **state)
{
    static const double level[] = {0.1, 0.5, 0.9};
    static const double q[3][3] = {{70, 80, 95}, {45, 60, 75}, {180, 200, 230}};
    static const double truth[] = {100, 50, 200}, mean[] = {80, 60, 200};
    static const struct {
        const char *name;
        double expected;
    } golden[] = {
        {"mae", 10},
        {"mse", 500.0 / 3},
        {"rmse", 12.909944487358056},
        {"mase", 2},
        {"smape", (200 * 20 / 180.0 + 200 * 10 / 110.0 + 0) / 3},
        {"wape", 100 * 30 / 350.0},
        /* pinball sums: 3 + 10 + 4.5, 0.5 + 5 + 2.5, 2 + 0 + 3 */
        {"pinball", (17.5 + 8 + 5) / 9},
        {"wql", 2 * (17.5 + 8 + 5) / 3 / 350},
        /* widths 25, 30, 50; the first truth lies 5 above, 2/alpha = 10; scale 5 */
        {"msis", (25 + 50 + 30 + 50) / 3.0 / 5},
        {"coverage", 200.0 / 3},
        {"width", 35},
    };
    ssm_judged row[3];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        row[i] = (ssm_judged){truth[i], mean[i], 3, level, q[i], q[i][0], q[i][2], 0.8, 5};
    }
    size_t n = 0;
    while (ssm_metric_at(n) != NULL) n++;
    assert_int_equal(n, sizeof golden / sizeof golden[0]); /* none is left untested */
    for (size_t i = 0; i < n; i++) {
        assert_float_equal(value_of(golden[i].name, row, 3), golden[i].expected, 1e-12 * golden[i].expected);
    }
}

static void missing_truth_and_missing_needs_do_not_count(void **state)
{
    static const double level[] = {0.5}, q[] = {3};
    ssm_judged row[3];
    (void)state;
    row[0] = (ssm_judged){1, 2, 1, level, q, 0, 4, 0.8, 2};
    row[1] = (ssm_judged){NAN, 7, 1, level, q, 0, 4, 0.8, 2};
    row[2] = (ssm_judged){4, 6, 0, NULL, NULL, NAN, NAN, 0.8, NAN};
    assert_float_equal(value_of("mae", row, 3), 1.5, 1e-15);
    assert_float_equal(value_of("mase", row, 3), 0.5, 1e-15);
    assert_float_equal(value_of("pinball", row, 3), 1, 1e-15);
    assert_float_equal(value_of("coverage", row, 3), 100, 1e-15);
    assert_true(isnan(value_of("mae", row + 1, 1)));
    assert_true(isnan(value_of("msis", row + 2, 1)));
}

static void two_zeros_have_no_percentage_error(void **state)
{
    ssm_judged row = {.truth = 0, .mean = 0, .low = NAN, .high = NAN, .scale = NAN};
    (void)state;
    assert_float_equal(value_of("smape", &row, 1), 0, 0);
}

static void seasonal_scale_skips_pairs_with_a_gap(void **state)
{
    static const double y[] = {1, 5, 2, NAN, 4, 1};
    static const double flat[] = {2, 2, 2};
    (void)state;
    assert_float_equal(ssm_seasonal_scale(y, 6, 2), 1.5, 1e-15); /* |2-1|, |4-2| */
    assert_true(isnan(ssm_seasonal_scale(y, 6, 6)));
    assert_true(isnan(ssm_seasonal_scale(flat, 3, 1)));
}

static void merged_scores_equal_the_score_of_all_rows(void **state)
{
    const ssm_metric *rmse = ssm_metric_find("rmse");
    ssm_score all = {0, 0}, part[2] = {{0, 0}, {0, 0}};
    (void)state;
    for (int i = 0; i < 10; i++) {
        ssm_judged row = {.truth = i, .mean = 0.5 * i * i, .low = NAN, .high = NAN, .scale = NAN};
        ssm_score_add(&all, rmse, &row);
        ssm_score_add(&part[i % 2], rmse, &row);
    }
    ssm_score merged = {part[0].sum + part[1].sum, part[0].weight + part[1].weight};
    assert_float_equal(ssm_score_value(&merged, rmse), ssm_score_value(&all, rmse), 1e-14);
}

static void unknown_names_are_not_found(void **state)
{
    (void)state;
    assert_null(ssm_metric_find("accuracy"));
    assert_null(ssm_metric_at(1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_metric_equals_the_value_by_hand),
        cmocka_unit_test(missing_truth_and_missing_needs_do_not_count),
        cmocka_unit_test(two_zeros_have_no_percentage_error),
        cmocka_unit_test(seasonal_scale_skips_pairs_with_a_gap),
        cmocka_unit_test(merged_scores_equal_the_score_of_all_rows),
        cmocka_unit_test(unknown_names_are_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
