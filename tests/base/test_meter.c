#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/meter.h"

static void peak_is_the_most_held_at_one_time(void **state)
{
    ssm_context *parent, *ctx;
    ssmi_meter meter;
    (void)state;
    assert_int_equal(ssm_context_new(NULL, &parent), SSM_OK);
    ssm_allocator allocator = ssmi_meter_start(&meter, parent);
    assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
    size_t base = ssmi_meter_peak(&meter);
    void *a = ssmi_resize(ctx, NULL, 1000, 1);
    ssmi_release(ctx, a);
    void *b = ssmi_resize(ctx, NULL, 600, 1);
    assert_int_equal(ssmi_meter_peak(&meter), base + 1000);
    b = ssmi_resize(ctx, b, 1500, 1);
    assert_int_equal(ssmi_meter_peak(&meter), base + 1500);
    ssmi_release(ctx, b);
    ssm_context_free(ctx);
    assert_int_equal(atomic_load(&meter.now), 0);
    ssm_context_free(parent);
}

static void contents_survive_a_resize(void **state)
{
    ssm_context *parent, *ctx;
    ssmi_meter meter;
    (void)state;
    assert_int_equal(ssm_context_new(NULL, &parent), SSM_OK);
    ssm_allocator allocator = ssmi_meter_start(&meter, parent);
    assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
    unsigned char *p = ssmi_resize(ctx, NULL, 64, 1);
    for (int i = 0; i < 64; i++) p[i] = (unsigned char)(i * 3);
    p = ssmi_resize(ctx, p, 100000, 1);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    for (int i = 0; i < 64; i++) assert_int_equal(p[i], (unsigned char)(i * 3));
    ssmi_release(ctx, p);
    ssm_context_free(ctx);
    ssm_context_free(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peak_is_the_most_held_at_one_time),
        cmocka_unit_test(contents_survive_a_resize),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
