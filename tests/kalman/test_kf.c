/* The filter for control code, in both precisions. */
#include "kalman/kf.h"
#include "kf_checks.h"
#include "kf_stream.h"

static void test_text(void **state)
{
    (void)state;
    for (int i = SSM_KF_E_FORMAT; i <= SSM_KF_DIVERGED; i++)
        assert_string_not_equal(ssmi_kf_text((ssm_kf_status)i), "unknown status");
    assert_string_equal(ssmi_kf_text((ssm_kf_status)99), "unknown status");
}

/* The bound holds for ten million steps as well: bench_kf_stream. */
static void test_stream(void **state)
{
    (void)state;
    const stream_result r = stream_run(100000);
    print_message("single against double: mean %.2g sd, variance %.2g\n", r.worst_mean, r.worst_variance);
    assert_int_equal(r.negative, 0);
    assert_true(r.worst_mean < 1e-4 && r.worst_variance < 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KF_CHECKS,
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
