#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ssmcast/status.h>

/* Written out on purpose: programs compiled against an older header rely on the numbers. */
static const struct {
    ssm_status status;
    int value;
    const char *text;
} pinned[] = {
    {SSM_OK, 0, "done"},
    {SSM_E_MEMORY, 1, "out of memory"},
    {SSM_E_ARGUMENT, 2, "invalid argument"},
    {SSM_E_STATE, 3, "call out of order"},
    {SSM_E_DATA, 4, "unusable data"},
    {SSM_E_FORMAT, 5, "malformed file"},
    {SSM_E_IO, 6, "input or output failed"},
    {SSM_E_NUMERIC, 7, "numerical failure"},
    {SSM_E_CONVERGENCE, 8, "optimiser did not converge"},
    {SSM_E_UNSUPPORTED, 9, "not supported"},
    {SSM_E_CANCELLED, 10, "cancelled"},
};
enum { PINNED = sizeof pinned / sizeof *pinned };

static void values_and_texts_never_change(void **state)
{
    (void)state;
    for (int i = 0; i < PINNED; i++) {
        assert_int_equal(pinned[i].status, pinned[i].value);
        assert_string_equal(ssm_status_text(pinned[i].status), pinned[i].text);
    }
}

static void every_status_is_pinned(void **state)
{
    (void)state;
#define COUNT(name, value, text) +1
    assert_int_equal(PINNED, SSM_STATUS_LIST(COUNT));
#undef COUNT
}

static void a_value_outside_the_list_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(ssm_status_text((ssm_status)PINNED), "unknown status");
    assert_string_equal(ssm_status_text((ssm_status)99), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_texts_never_change),
        cmocka_unit_test(every_status_is_pinned),
        cmocka_unit_test(a_value_outside_the_list_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
