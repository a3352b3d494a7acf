#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/counting.h"
#include "base/parallel.h"
#include "base/shared.h"

typedef struct order {
    int *made;
    ssm_status status;
} order;

static ssm_status make_number(const void *task, ssm_arena *mem, const void **thing)
{
    const order *o = task;
    int *number = SSMI_ALLOC(mem, int, 1000);
    if (number == NULL) return SSM_E_MEMORY;
    number[0] = ++*o->made;
    *thing = number;
    return o->status == SSM_OK ? SSM_OK : ssmi_fail(mem->ctx, o->status, "attempt %d", number[0]);
}

static void the_second_that_asks_gets_what_the_first_had_made(void **state)
{
    (void)state;
    ssm_context *ctx;
    const void *a, *b, *c;
    int made = 0;
    const order o = {&made, SSM_OK};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssmi_shared_get(ctx, "one", make_number, &o, &a), SSM_OK);
    assert_int_equal(ssmi_shared_get(ctx, "two", make_number, &o, &b), SSM_OK);
    assert_int_equal(ssmi_shared_get(ctx, "one", make_number, &o, &c), SSM_OK);
    assert_ptr_equal(a, c);
    assert_ptr_not_equal(a, b);
    assert_int_equal(made, 2);
    ssm_context_free(ctx);
}

static void a_failure_is_told_and_not_kept(void **state)
{
    (void)state;
    ssm_context *ctx;
    const void *thing = &ctx;
    int made = 0;
    order o = {&made, SSM_E_FORMAT};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssmi_shared_get(ctx, "one", make_number, &o, &thing), SSM_E_FORMAT);
    assert_string_equal(ssm_context_message(ctx), "attempt 1");
    assert_ptr_equal(thing, &ctx);
    o.status = SSM_OK;
    assert_int_equal(ssmi_shared_get(ctx, "one", make_number, &o, &thing), SSM_OK);
    assert_int_equal(*(const int *)thing, 2);
    ssm_context_free(ctx);
}

enum { ASKING = 64 };

typedef struct crowd {
    order order;
    const void *got[ASKING];
} crowd;

static ssm_status ask(void *task, size_t i, ssm_arena *scratch)
{
    crowd *c = task;
    return ssmi_shared_get(scratch->ctx, i % 2 ? "odd" : "even", make_number, &c->order, &c->got[i]);
}

static void many_threads_share_one(void **state)
{
    (void)state;
    ssm_context *ctx;
    int made = 0;
    crowd c = {.order = {&made, SSM_OK}};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 8);
    assert_int_equal(ssmi_parallel_for(ctx, ASKING, ask, &c), SSM_OK);
    assert_int_equal(made, 2);
    for (size_t i = 2; i < ASKING; i++) assert_ptr_equal(c.got[i], c.got[i % 2]);
    ssm_context_free(ctx);
}

static void no_failing_allocation_leaks(void **state)
{
    (void)state;
    for (size_t fail_at = 1;; fail_at++) {
        counting c = {.fail_at = fail_at};
        const ssm_allocator allocator = counting_allocator(&c);
        ssm_context *ctx;
        const void *thing;
        int made = 0;
        const order o = {&made, SSM_OK};
        ssm_status status = ssm_context_new(&allocator, &ctx);
        if (status == SSM_OK) {
            status = ssmi_shared_get(ctx, "one", make_number, &o, &thing);
            ssm_context_free(ctx);
        }
        assert_int_equal(c.blocks_out, 0);
        if (status == SSM_OK) return;
        assert_int_equal(status, SSM_E_MEMORY);
        assert_true(fail_at < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_that_asks_gets_what_the_first_had_made),
        cmocka_unit_test(a_failure_is_told_and_not_kept),
        cmocka_unit_test(many_threads_share_one),
        cmocka_unit_test(no_failing_allocation_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
