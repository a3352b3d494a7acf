/* What the filter for control code has to do in both precisions, and the list of it. Included after
 * kalman/kf.h or what stands for it. */
#include "dense_filter.h"

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

#define BOTH(name) cmocka_unit_test(ssmi_##name##_f32), cmocka_unit_test(ssmi_##name##_f64)
#define KF_CHECKS                                                                                            \
    BOTH(test_oracle), BOTH(test_correlated_errors), BOTH(test_order), BOTH(test_extended),                  \
        BOTH(test_forecast), BOTH(test_refusals), BOTH(test_bad_models), BOTH(test_archive),                 \
        BOTH(test_impossible_archive), BOTH(test_gate), BOTH(test_steady)
