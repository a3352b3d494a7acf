/* Parameter transforms: known values, ranges, and that back and forth is where one was. */
#include "kalman/cases.h"
#include "kalman/transform.h"

enum { count = 9 };
static const ssm_parameter all[count] = {
    {"free", SSM_FREE, -40, 0, 0, 0},       {"variance", SSM_VARIANCE, 2, 0, 0, 0},
    {"positive", SSM_POSITIVE, 2, 0, 0, 0}, {"interval", SSM_INTERVAL, 0, -0.5, 3, 0},
    {"phi1", SSM_STATIONARY, 0, 0, 0, 3},   {"phi2", SSM_STATIONARY, 0, 0, 0, 0},
    {"phi3", SSM_STATIONARY, 0, 0, 0, 0},   {"theta1", SSM_INVERTIBLE, 0, 0, 0, 2},
    {"theta2", SSM_INVERTIBLE, 0, 0, 0, 0},
};

static void partial_autocorrelations_give_the_coefficients_of_kfas(void **state)
{
    (void)state;
    const double theta[3] = {1, 1, 1};
    double phi[3], back[3];
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_transform_apply(ctx, all + 4, 3, theta, phi), SSM_OK);
    assert_close(phi[0], -0.3984572, 1e-6);
    assert_close(phi[1], 0.6233126, 1e-6);
    assert_close(phi[2], 0.7615942, 1e-6);
    assert_int_equal(ssm_transform_invert(ctx, all + 4, 3, phi, back), SSM_OK);
    for (size_t k = 0; k < 3; k++) assert_close(back[k], 1.0, 1e-12);
    ssm_context_free(ctx);
}

static void back_and_forth_is_where_one_was(void **state)
{
    (void)state;
    double theta[count], x[count], back[count];
    uint32_t noise = 3;
    ssm_context *ctx = open_context();
    for (int trial = 0; trial < 100; trial++) {
        for (size_t k = 0; k < count; k++) {
            noise = noise * 1664525u + 1013904223u;
            theta[k] = (double)noise / 4294967296.0 * 4 - 2;
        }
        assert_int_equal(ssm_transform_apply(ctx, all, count, theta, x), SSM_OK);
        assert_true(x[1] > 0 && x[2] > 0 && x[3] > -0.5 && x[3] < 3);
        /* the stationary triangle of a second-order part, with the sign of a moving average */
        assert_true(fabs(x[8]) < 1 && -x[8] - x[7] < 1 && -x[8] + x[7] < 1);
        assert_int_equal(ssm_transform_invert(ctx, all, count, x, back), SSM_OK);
        for (size_t k = 0; k < count; k++) assert_true(fabs(back[k] - theta[k]) <= 1e-10);
    }
    ssm_context_free(ctx);
}

static void slope_is_that_of_central_differences(void **state)
{
    (void)state;
    const double theta[count] = {0.3, -1, 0.8, -0.4, 0.5, -0.7, 0.2, 0.9, -0.3}, step = 1e-5;
    double J[count * count], work[3 * count], point[count], above[count], below[count];
    ssmi_transform_slope(all, count, theta, J, work);
    for (size_t k = 0; k < count; k++) {
        memcpy(point, theta, sizeof point);
        point[k] += step;
        ssmi_transform_apply(all, count, point, above);
        point[k] -= 2 * step;
        ssmi_transform_apply(all, count, point, below);
        for (size_t j = 0; j < count; j++)
            assert_true(fabs(J[j + k * count] - (above[j] - below[j]) / (2 * step)) <= 1e-8);
    }
}

static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    static const struct {
        ssm_parameter parameter;
        double x;
        ssm_status back;
    } wrong[] = {
        {{"v", SSM_VARIANCE, 1, 0, 0, 0}, 0, SSM_E_DATA},
        {{"p", SSM_POSITIVE, 1, 0, 0, 0}, -1, SSM_E_DATA},
        {{"i", SSM_INTERVAL, 1, 0, 1, 0}, 1, SSM_E_DATA},
        {{"i", SSM_INTERVAL, 1, 1, 1, 0}, 1, SSM_E_ARGUMENT},
        {{"i", SSM_INTERVAL, 1, NAN, 1, 0}, 1, SSM_E_ARGUMENT},
        {{"a", SSM_STATIONARY, 1, 0, 0, 1}, 1, SSM_E_DATA},
        {{"a", SSM_STATIONARY, 1, 0, 0, 0}, 0.5, SSM_E_ARGUMENT},
        {{"a", SSM_STATIONARY, 1, 0, 0, 2}, 0.5, SSM_E_ARGUMENT},
        {{"?", (ssm_transform)77, 1, 0, 0, 2}, 0.5, SSM_E_ARGUMENT},
        {{"f", SSM_FREE, 1, 0, 0, 0}, INFINITY, SSM_E_DATA},
    };
    ssm_context *ctx = open_context();
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
        double theta = -7;
        assert_int_equal(ssm_transform_invert(ctx, &wrong[k].parameter, 1, &wrong[k].x, &theta),
                         wrong[k].back);
        assert_true(theta == -7);
    }
    /* beyond the triangle: 0.9 + 0.3 > 1 */
    double theta[3];
    const double phi[3] = {0.9, 0.3, 0.0};
    assert_int_equal(ssm_transform_invert(ctx, all + 4, 3, phi, theta), SSM_E_DATA);
    ssm_context_free(ctx);
}

static void a_broken_block_is_told_by_names(void **state)
{
    (void)state;
    const ssm_parameter ar[2] = {{"phi1", SSM_STATIONARY, 0.5, 0, 0, 2},
                                 {"phi2", SSM_STATIONARY, 0, 0, 0, 1}};
    double theta[2] = {7, 7};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_transform_invert(ctx, ar, 2, (double[]){0.5, 0}, theta), SSM_E_ARGUMENT);
    assert_string_equal(ssm_context_message(ctx),
                        "parameter 1 \"phi2\" lies in the block of 2 that begins at parameter 0 \"phi1\", so "
                        "it needs the same transform, and order 0");
    assert_true(theta[0] == 7);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partial_autocorrelations_give_the_coefficients_of_kfas),
        cmocka_unit_test(back_and_forth_is_where_one_was),
        cmocka_unit_test(slope_is_that_of_central_differences),
        cmocka_unit_test(what_is_out_of_range_is_refused),
        cmocka_unit_test(a_broken_block_is_told_by_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
