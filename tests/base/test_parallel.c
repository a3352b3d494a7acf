#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"

enum { ITEMS = 1000 };

static ssm_status square(void *task, size_t i, ssm_arena *scratch)
{
    double *out = task;
    double *copy = SSMI_ALLOC(scratch, double, 1 + i);
    if (copy == NULL) return SSM_E_MEMORY;
    copy[i] = (double)i;
    out[i] = copy[i] * copy[i];
    return SSM_OK;
}

static ssm_status fail_at_multiples_of_seven(void *task, size_t i, ssm_arena *scratch)
{
    (void)task;
    return i % 7 == 3 ? ssmi_fail(scratch->ctx, SSM_E_DATA, "item %zu", i) : SSM_OK;
}

static void every_item_runs_once_with_any_thread_count(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    for (size_t threads = 1; threads <= 9; threads += 4) {
        double out[ITEMS] = {0};
        ssm_context_set_threads(ctx, threads);
        assert_int_equal(ssmi_parallel_for(ctx, ITEMS, square, out), SSM_OK);
        for (size_t i = 0; i < ITEMS; i++) assert_true(out[i] == (double)i * (double)i);
    }
    ssm_context_free(ctx);
}

static void the_lowest_failure_is_reported(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 4);
    assert_int_equal(ssmi_parallel_for(ctx, ITEMS, fail_at_multiples_of_seven, NULL), SSM_E_DATA);
    assert_string_equal(ssm_context_message(ctx), "item 3");
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_runs_once_with_any_thread_count),
        cmocka_unit_test(the_lowest_failure_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
