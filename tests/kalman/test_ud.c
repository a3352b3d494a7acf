/* The U-D kernels against the dense textbook, in both precisions. */
#include "dense_filter.h"
#include "kalman/ud.h"

/* clang-format off */
#define TOLERANCE 2e-4
#include "kalman/real_f32.h"
#include "ud_check_body.h"
#include "kalman/real_end.h"
#undef TOLERANCE
#define TOLERANCE 1e-12
#include "kalman/real_f64.h"
#include "ud_check_body.h"
#include "kalman/real_end.h"
/* clang-format on */

/* The known value of ud_body.h. */
static void test_nile(void **state)
{
    (void)state;
    const double one = 1, q = 1469.1;
    double U[1] = {0}, D[1] = {1e7}, f[1], g[1], b[1], work[SSMI_UD_WORK(1, 1)];
    ssmi_ud_project_f64(f, g, U, D, &one, 15099, 1);
    ssmi_ud_correct_f64(U, D, b, f, g, 15099, 1);
    assert_true(fabs(D[0] - 15076.24) < 0.005);
    ssmi_ud_predict_f64(U, D, &one, &one, &q, work, 1, 1);
    assert_true(fabs(ssmi_ud_project_f64(f, g, U, D, &one, 15099, 1) - 31644.3) < 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ssmi_test_random_systems_f32),
        cmocka_unit_test(ssmi_test_random_systems_f64),
        cmocka_unit_test(ssmi_test_factor_f32),
        cmocka_unit_test(ssmi_test_factor_f64),
        cmocka_unit_test(ssmi_test_certain_f32),
        cmocka_unit_test(ssmi_test_certain_f64),
        cmocka_unit_test(ssmi_test_saturation_f32),
        cmocka_unit_test(ssmi_test_saturation_f64),
        cmocka_unit_test(test_nile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
