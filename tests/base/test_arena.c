#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void blocks_are_zeroed_aligned_and_disjoint(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    unsigned char *block[200];
    for (size_t i = 0; i < 200; i++) {
        block[i] = SSMI_ALLOC(&arena, unsigned char, i * 7);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % 64, 0);
        for (size_t j = 0; j < i * 7; j++) assert_int_equal(block[i][j], 0);
        memset(block[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < i * 7; j++) assert_int_equal(block[i][j], (unsigned char)i);
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void size_overflow_is_refused(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    assert_null(ssmi_arena_alloc(&arena, SIZE_MAX / 4, 8));
    assert_string_not_equal(ssm_context_message(ctx), "");
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

static void rewind_reuses_memory(void **state)
{
    (void)state;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    assert_non_null(SSMI_ALLOC(&arena, double, 10));
    ssmi_mark mark = ssmi_arena_mark(&arena);
    double *first = SSMI_ALLOC(&arena, double, 3);
    assert_non_null(SSMI_ALLOC(&arena, double, 100000));
    ssmi_arena_rewind(&arena, mark);
    assert_ptr_equal(SSMI_ALLOC(&arena, double, 3), first);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_disjoint),
        cmocka_unit_test(size_overflow_is_refused),
        cmocka_unit_test(rewind_reuses_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
