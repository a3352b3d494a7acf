#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static void wall_time_never_runs_backwards(void **state)
{
    (void)state;
    double last = ssmi_clock_seconds();
    for (int i = 0; i < 1000; i++) {
        double now = ssmi_clock_seconds();
        assert_true(now >= last);
        last = now;
    }
}

static void work_costs_processor_time(void **state)
{
    (void)state;
    double start = ssmi_clock_cpu_seconds();
    volatile double sink = 1.0;
    while (ssmi_clock_cpu_seconds() - start < 0.01) sink = sink * 0.999 + 0.1;
    assert_true(ssmi_clock_cpu_seconds() > start);
}

static void touched_memory_shows_in_the_peak(void **state)
{
    (void)state;
    enum { MEGABYTES = 64 };
    double before = ssmi_clock_peak_megabytes();
    assert_true(before > 0.5);
    unsigned char *block = malloc((size_t)MEGABYTES << 20);
    assert_non_null(block);
    memset(block, 1, (size_t)MEGABYTES << 20);
    assert_int_equal(block[12345], 1);
    /* Other memory may have been given back since the start: a tenth is left for that. */
    assert_true(ssmi_clock_peak_megabytes() - before > 0.9 * MEGABYTES);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wall_time_never_runs_backwards),
        cmocka_unit_test(work_costs_processor_time),
        cmocka_unit_test(touched_memory_shows_in_the_peak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
