#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "forecast/options.h"

typedef struct sample {
    size_t size;
    double real;
    int flag, choice;
    char text[SSM_OPTION_TEXT_SIZE];
} sample;

static const char *const colours[] = {"red", "green", NULL};
static const ssm_option table[] = {
    {"size", "a size", SSM_OPTION_SIZE, offsetof(sample, size), "7", 1, 100, NULL},
    {"real", "a real", SSM_OPTION_REAL, offsetof(sample, real), "0.5", -1, 1, NULL},
    {"flag", "a flag", SSM_OPTION_FLAG, offsetof(sample, flag), "true", 0, 0, NULL},
    {"choice", "a choice", SSM_OPTION_CHOICE, offsetof(sample, choice), "green", 0, 0, colours},
    {"text", "a text", SSM_OPTION_TEXT, offsetof(sample, text), "abc", 0, 0, NULL},
    {0}};

static ssm_status set(ssm_context *ctx, sample *s, const char *name, const char *value)
{
    return ssmi_options_set(ctx, "sample", table, s, name, value);
}

static void every_default_is_set_on_a_poisoned_struct(void **state)
{
    (void)state;
    ssm_context *ctx;
    sample s;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    memset(&s, 0xa5, sizeof s);
    assert_int_equal(ssmi_options_initial(ctx, table, &s), SSM_OK);
    assert_int_equal(s.size, 7);
    assert_true(s.real == 0.5);
    assert_int_equal(s.flag, 1);
    assert_int_equal(s.choice, 1);
    assert_string_equal(s.text, "abc");
    ssm_context_free(ctx);
}

static void wrong_values_are_refused_and_leave_the_field(void **state)
{
    static const char *const wrong[][2] = {
        {"size", "0"}, {"size", "101"},   {"size", "-1"},     {"size", "1.5"},
        {"size", ""},  {"size", "1e18"},  {"size", "ten"},    {"size", "99999999999999999999999"},
        {"real", "2"}, {"real", "nan"},   {"real", "inf"},    {"real", "x"},
        {"real", ""},  {"flag", "maybe"}, {"choice", "blue"}, {"choice", ""},
        {"siez", "7"}};
    (void)state;
    ssm_context *ctx;
    sample s = {0}, before;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssmi_options_initial(ctx, table, &s), SSM_OK);
    before = s;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (set(ctx, &s, wrong[i][0], wrong[i][1]) != SSM_E_ARGUMENT)
            fail_msg("accepted %s=%s", wrong[i][0], wrong[i][1]);
        assert_memory_equal(&s, &before, sizeof s);
    }
    assert_non_null(strstr(ssm_context_message(ctx), "did you mean \"size\""));
    ssm_context_free(ctx);
}

static void text_of_a_value_reads_back_to_it(void **state)
{
    (void)state;
    ssm_context *ctx;
    sample s = {0}, t = {0};
    char text[SSM_OPTION_TEXT_SIZE];
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    assert_int_equal(ssmi_options_initial(ctx, table, &s), SSM_OK);
    s.real = 0.1 + 0.2;
    for (const ssm_option *option = table; option->name != NULL; option++) {
        ssmi_option_text(option, &s, text, sizeof text);
        assert_int_equal(ssmi_option_parse(ctx, option, &t, text), SSM_OK);
    }
    assert_memory_equal(&s, &t, sizeof s);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_set_on_a_poisoned_struct),
        cmocka_unit_test(wrong_values_are_refused_and_leave_the_field),
        cmocka_unit_test(text_of_a_value_reads_back_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
