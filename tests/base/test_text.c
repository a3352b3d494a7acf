#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/counting.h"
#include "base/text.h"

static void pieces_are_kept_in_order_whatever_their_size(void **state)
{
    (void)state;
    ssm_context *ctx;
    ssmi_text text;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_text_init(&text, ctx);
    assert_null(text.bytes);
    size_t length = 0;
    for (int i = 0; i < 2000; i++) {
        ssmi_text_printf(&text, "%*d", i % 50, i % 10);
        ssmi_text_puts(&text, ";");
        ssmi_text_add(&text, "\0x", 2);
        length += (size_t)(i % 50 > 0 ? i % 50 : 1) + 3;
        assert_int_equal(text.length, length);
        assert_int_equal(text.bytes[length], '\0');
        assert_memory_equal(text.bytes + length - 3, ";\0x", 3);
        assert_int_equal(text.bytes[length - 4], '0' + i % 10);
    }
    assert_int_equal(ssmi_text_status(&text), SSM_OK);
    ssmi_text_clear(&text);
    assert_null(text.bytes);
    assert_int_equal(text.length, 0);
    ssm_context_free(ctx);
}

static void a_piece_larger_than_the_whole_fits(void **state)
{
    (void)state;
    ssm_context *ctx;
    ssmi_text text;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_text_init(&text, ctx);
    ssmi_text_printf(&text, "%100000d", 7);
    assert_int_equal(text.length, 100000);
    assert_int_equal(strlen(text.bytes), 100000);
    ssmi_text_clear(&text);
    ssm_context_free(ctx);
}

static void lost_text_is_told_at_the_end_and_stays_lost(void **state)
{
    (void)state;
    counting counter = {.fail_at = 3};
    ssm_allocator allocator = counting_allocator(&counter);
    ssm_context *ctx;
    ssmi_text text;
    assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
    ssmi_text_init(&text, ctx);
    ssmi_text_puts(&text, "kept");
    ssmi_text_printf(&text, "%10000d", 1);
    assert_int_equal(ssmi_text_status(&text), SSM_E_MEMORY);
    counter.fail_at = 0;
    ssmi_text_puts(&text, "later");
    assert_int_equal(ssmi_text_status(&text), SSM_E_MEMORY);
    assert_string_equal(text.bytes, "kept");
    ssmi_text_clear(&text);
    ssm_context_free(ctx);
    assert_int_equal(counter.blocks_out, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_kept_in_order_whatever_their_size),
        cmocka_unit_test(a_piece_larger_than_the_whole_fits),
        cmocka_unit_test(lost_text_is_told_at_the_end_and_stays_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
