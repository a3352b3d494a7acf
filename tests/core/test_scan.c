/* The public scan: refusals, and that the flags reach the right kernel. */
#include "core/fixture.h"

#include <ssmcast/scan.h>

static void wrong_arguments_are_refused_and_named(void **state)
{
    fixture *f = *state;
    double x[4] = {1, 2, 3, 4}, kept[4];
    memcpy(kept, x, sizeof x);
    assert_int_equal(ssm_scan_f64(f->ctx, x, NULL, x, NULL, (ssm_scan_shape){2, 2, 0}), SSM_E_ARGUMENT);
    assert_non_null(strstr(ssm_context_message(f->ctx), "argument 2"));
    assert_int_equal(ssm_scan_f64(f->ctx, x, x, x, NULL, (ssm_scan_shape){2, 2, 8}), SSM_E_ARGUMENT);
    assert_int_equal(ssm_scan_f64(f->ctx, x, x, x, NULL, (ssm_scan_shape){SIZE_MAX / 4, 4, 0}),
                     SSM_E_ARGUMENT);
    assert_int_equal(ssm_scan_adjoint_f64(f->ctx, x, NULL, NULL, x, x, x, NULL, (ssm_scan_shape){2, 2, 0}),
                     SSM_E_ARGUMENT);
    assert_memory_equal(x, kept, sizeof x);
}

static void a_quarter_turn_each_step_comes_back_after_four(void **state)
{
    fixture *f = *state;
    const float a[2] = {0, 1}, b[8] = {0}, h0[2] = {3, 0};
    const float expected[8] = {0, 3, -3, 0, 0, -3, 3, 0};
    float h[8];
    ssm_scan_shape shape = {4, 1, SSM_SCAN_CONSTANT | SSM_SCAN_COMPLEX};
    assert_int_equal(ssm_scan_f32(f->ctx, h, a, b, h0, shape), SSM_OK);
    for (size_t i = 0; i < 8; i++) assert_true(h[i] == expected[i]);
}

static void exponential_smoothing_and_its_gradient(void **state)
{
    fixture *f = *state;
    /* h = a h + b with a = 1/2: 1, 1.5, 1.75; d(h_2)/da = 2 a h_{-1}.. = h_1 + a h_0 + a^2 h_{-1} = 2 */
    const double a = 0.5, b[3] = {1, 1, 1}, G[3] = {0, 0, 1};
    double h[3], gb[3], ga, gh0;
    ssm_scan_shape shape = {3, 1, SSM_SCAN_CONSTANT};
    assert_int_equal(ssm_scan_f64(f->ctx, h, &a, b, NULL, shape), SSM_OK);
    assert_true(h[0] == 1 && h[1] == 1.5 && h[2] == 1.75);
    assert_int_equal(ssm_scan_adjoint_f64(f->ctx, gb, &ga, &gh0, G, &a, h, NULL, shape), SSM_OK);
    assert_true(gb[0] == 0.25 && gb[1] == 0.5 && gb[2] == 1 && ga == 2 && gh0 == 0.125);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wrong_arguments_are_refused_and_named),
        TEST(a_quarter_turn_each_step_comes_back_after_four),
        TEST(exponential_smoothing_and_its_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
