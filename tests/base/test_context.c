#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/counting.h"
#include "base/parallel.h"
#include "base/text.h"
#include <math.h>

static ssm_context *context(const ssm_allocator *allocator)
{
    ssm_context *ctx = NULL;
    assert_int_equal(ssm_context_new(allocator, &ctx), SSM_OK);
    return ctx;
}

static void a_new_context_has_no_message_and_its_defaults(void **state)
{
    (void)state;
    ssm_context *ctx = context(NULL);
    assert_string_equal(ssm_context_message(ctx), "");
    assert_int_equal(ctx->seed, 1);
    assert_true(ctx->threads >= 1);
    ssm_context_set_threads(ctx, 3);
    assert_int_equal(ctx->threads, 3);
    ssm_context_set_threads(ctx, 0);
    assert_true(ctx->threads >= 1);
    ssm_context_free(ctx);
    ssm_context_free(NULL);
}

static void the_version_is_the_project_s(void **state)
{
    (void)state;
    assert_string_equal(ssm_version(), SSMCAST_VERSION);
}

static void a_refused_context_leaves_the_output_untouched(void **state)
{
    (void)state;
    counting none = {.fail_at = 1};
    ssm_allocator failing = counting_allocator(&none), empty = {NULL, NULL};
    ssm_context *ctx = (ssm_context *)&none;
    assert_int_equal(ssm_context_new(&failing, &ctx), SSM_E_MEMORY);
    assert_int_equal(ssm_context_new(&empty, &ctx), SSM_E_ARGUMENT);
    assert_int_equal(ssm_context_new(NULL, NULL), SSM_E_ARGUMENT);
    assert_ptr_equal(ctx, &none);
}

static void a_failure_keeps_its_text_and_gives_its_status(void **state)
{
    (void)state;
    ssm_context *ctx = context(NULL);
    assert_int_equal(ssmi_fail(ctx, SSM_E_DATA, "series \"%s\" has %d values", "a", 0), SSM_E_DATA);
    assert_string_equal(ssm_context_message(ctx), "series \"a\" has 0 values");
    assert_int_equal(ssmi_fail_prefix(ctx, SSM_E_FORMAT, "%s:%d: ", "x.csv", 7), SSM_E_FORMAT);
    assert_string_equal(ssm_context_message(ctx), "x.csv:7: series \"a\" has 0 values");
    ssm_context_free(ctx);
}

static void a_text_that_is_too_long_is_cut_not_overrun(void **state)
{
    (void)state;
    ssm_context *ctx = context(NULL);
    char much[3 * sizeof ctx->message];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    ssmi_fail(ctx, SSM_E_DATA, "%s", much);
    assert_int_equal(strlen(ssm_context_message(ctx)), sizeof ctx->message - 1);
    ssmi_fail_prefix(ctx, SSM_E_DATA, "here: ");
    assert_int_equal(strlen(ssm_context_message(ctx)), sizeof ctx->message - 1);
    assert_memory_equal(ssm_context_message(ctx), "here: xxx", 9);
    ssmi_fail_prefix(ctx, SSM_E_DATA, "%s", much);
    assert_int_equal(strlen(ssm_context_message(ctx)), sizeof ctx->message - 1);
    ssm_context_free(ctx);
}

static int stop_past_half(void *user, const char *stage, double done, double value, double rate)
{
    double *seen = user;
    seen[0] = value;
    seen[1] = rate;
    assert_string_equal(stage, "training");
    return done > 0.5;
}

static void progress_is_passed_on_and_can_cancel(void **state)
{
    (void)state;
    ssm_context *ctx = context(NULL);
    double seen[2] = {0, 0};
    assert_int_equal(ssmi_progress(ctx, "training", 0.9, 1.0), SSM_OK);
    ssm_context_set_progress(ctx, (ssm_progress){stop_past_half, seen});
    assert_int_equal(ssmi_progress(ctx, "training", 0.2, 3.25), SSM_OK);
    assert_true(seen[0] == 3.25 && isnan(seen[1])); /* only a training has a rate */
    assert_int_equal(ssmi_progress_training(ctx, "training", 0.2, 3.0, 1e-3), SSM_OK);
    assert_true(seen[0] == 3.0 && seen[1] == 1e-3);
    assert_int_equal(ssmi_progress(ctx, "training", 0.7, 2.0), SSM_E_CANCELLED);
    assert_string_equal(ssm_context_message(ctx), "cancelled while training");
    ssm_context_free(ctx);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    size_t bytes = 77;
    assert_int_equal(ssmi_size_mul(SIZE_MAX / 2, 1, &bytes), 1);
    assert_int_equal(bytes, SIZE_MAX / 2);
    assert_int_equal(ssmi_size_mul(SIZE_MAX / 2 + 1, 1, &bytes), 0);
    assert_int_equal(ssmi_size_mul(SIZE_MAX / 16 + 1, 8, &bytes), 0);
    assert_int_equal(ssmi_size_mul((size_t)1 << 32, (size_t)1 << 32, &bytes), 0);
    assert_int_equal(bytes, SIZE_MAX / 2);
    assert_int_equal(ssmi_size_mul(SIZE_MAX, 0, &bytes), 1);
    assert_int_equal(bytes, 0);
    ssm_context *ctx = context(NULL);
    assert_null(ssmi_resize(ctx, NULL, SIZE_MAX / 4, 8));
    assert_string_not_equal(ssm_context_message(ctx), "");
    ssm_context_free(ctx);
}

static ssm_status use_scratch(void *task, size_t i, ssm_arena *scratch)
{
    double *out = task;
    double *block = SSMI_ALLOC(scratch, double, 1000 * (i + 1));
    if (block == NULL) return SSM_E_MEMORY;
    block[i] = 1.0;
    out[i] = block[i];
    return SSM_OK;
}

/* Arena, growing text and a loop, all on one allocator. */
static ssm_status use_everything(ssm_context *ctx)
{
    double out[8] = {0};
    ssm_arena arena;
    ssmi_text text;
    ssmi_arena_init(&arena, ctx);
    ssmi_text_init(&text, ctx);
    ssm_status status = ssmi_arena_strdup(&arena, "name") != NULL ? SSM_OK : SSM_E_MEMORY;
    for (int i = 0; i < 300; i++) ssmi_text_printf(&text, "line %d\n", i);
    if (status == SSM_OK) status = ssmi_text_status(&text);
    if (status == SSM_OK) status = ssmi_parallel_for(ctx, 8, use_scratch, out);
    for (int i = 0; status == SSM_OK && i < 8; i++) assert_true(out[i] == 1.0);
    ssmi_text_clear(&text);
    ssmi_arena_clear(&arena);
    return status;
}

enum { FROM_CONTEXT = 1 }; /* block that a context is */

/* One thread, because the counter is not shared; the n-th allocation fails for every n there is. */
static void every_failing_allocation_is_an_error_and_leaks_nothing(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t n = FROM_CONTEXT + 1;; n++) {
        counting counter = {.fail_at = n};
        ssm_allocator allocator = counting_allocator(&counter);
        ssm_context *ctx = context(&allocator);
        ssm_context_set_threads(ctx, 1);
        ssm_status status = use_everything(ctx);
        if (status != SSM_OK) {
            assert_int_equal(status, SSM_E_MEMORY);
            assert_string_not_equal(ssm_context_message(ctx), "");
            failures++;
        }
        assert_int_equal(counter.blocks_out, FROM_CONTEXT);
        ssm_context_free(ctx);
        assert_int_equal(counter.blocks_out, 0);
        if (status == SSM_OK) break;
    }
    assert_true(failures >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_context_has_no_message_and_its_defaults),
        cmocka_unit_test(the_version_is_the_project_s),
        cmocka_unit_test(a_refused_context_leaves_the_output_untouched),
        cmocka_unit_test(a_failure_keeps_its_text_and_gives_its_status),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_not_overrun),
        cmocka_unit_test(progress_is_passed_on_and_can_cancel),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(every_failing_allocation_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
