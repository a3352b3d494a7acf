/* The filter for control code, in both precisions. */
#include "dense_filter.h"
#include "kalman/kf.h"
#include "kf_stream.h"

/* clang-format off */
#define TOLERANCE 2e-4
#include "kalman/real_f32.h"
#include "kf_check_body.h"
#include "kalman/real_end.h"
#undef TOLERANCE
#undef assert_refused
#define TOLERANCE 1e-11
#include "kalman/real_f64.h"
#include "kf_check_body.h"
#include "kalman/real_end.h"
/* clang-format on */

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

#define BOTH(name) cmocka_unit_test(ssmi_##name##_f32), cmocka_unit_test(ssmi_##name##_f64)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_oracle),
        BOTH(test_correlated_errors),
        BOTH(test_order),
        BOTH(test_extended),
        BOTH(test_forecast),
        BOTH(test_refusals),
        BOTH(test_bad_models),
        BOTH(test_archive),
        BOTH(test_impossible_archive),
        BOTH(test_gate),
        BOTH(test_steady),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
