#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cpu.h"

static ssmi_isa with(const char *wanted)
{
    assert_int_equal(wanted != NULL ? setenv("SSMCAST_ISA", wanted, 1) : unsetenv("SSMCAST_ISA"), 0);
    return ssmi_cpu_isa();
}

static void the_switch_takes_features_away(void **state)
{
    (void)state;
    ssmi_isa best = with(NULL);
    assert_int_equal(with("portable"), SSMI_ISA_PORTABLE);
    assert_int_equal(with("avx2"), best < SSMI_ISA_AVX2 ? best : SSMI_ISA_AVX2);
}

static void the_switch_never_adds_features(void **state)
{
    (void)state;
    ssmi_isa best = with(NULL);
    assert_true(with("avx2") <= best);
    assert_int_equal(with("avx512"), best);
}

static void an_unknown_word_changes_nothing(void **state)
{
    (void)state;
    ssmi_isa best = with(NULL);
    assert_int_equal(with("sse9"), best);
    assert_int_equal(with(""), best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_switch_takes_features_away),
        cmocka_unit_test(the_switch_never_adds_features),
        cmocka_unit_test(an_unknown_word_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
