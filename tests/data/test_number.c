#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/number.h"

static uint64_t random_bits(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* The oracle: glibc's strtod, in the C locale that the test runs in, rounds correctly. */
static void check_against_strtod(const char *text)
{
    double value = -1, expected = strtod(text, NULL);
    ssmi_number_result result = ssmi_number_read(text, strlen(text), '.', &value);
    if (result != SSMI_NUMBER_OK || memcmp(&value, &expected, sizeof value) != 0) {
        fail_msg("%s: %d %.17g, strtod %.17g", text, (int)result, value, expected);
    }
}

static void random_decimals_are_rounded_as_strtod_does(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    char text[64];
    for (int i = 0; i < 400000; i++) {
        uint64_t digits = random_bits(&x) >> (random_bits(&x) % 60);
        int decimals = (int)(random_bits(&x) % 20), exponent = (int)(random_bits(&x) % 61) - 30;
        snprintf(text, sizeof text, "%s%llu.%0*llu", i % 2 ? "-" : "", (unsigned long long)(digits % 1000000),
                 decimals + 1, (unsigned long long)(random_bits(&x) >> (random_bits(&x) % 60)));
        check_against_strtod(text);
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)digits, exponent);
        check_against_strtod(text);
    }
}

static void shortest_and_longest_spellings_of_random_doubles_read_back(void **state)
{
    (void)state;
    uint64_t x = 0x9E3779B97F4A7C15u;
    for (int i = 0; i < 100000; i++) {
        double value;
        uint64_t bits = random_bits(&x);
        memcpy(&value, &bits, sizeof value);
        if (value - value != 0) continue;
        char text[32];
        snprintf(text, sizeof text, "%.17g", value);
        check_against_strtod(text);
        snprintf(text, sizeof text, "%.15g", value);
        if (strtod(text, NULL) - strtod(text, NULL) == 0) check_against_strtod(text);
    }
}

/* Halfway between two doubles, and one unit of the last digit beside it. */
static void ties_are_rounded_to_even(void **state)
{
    (void)state;
    static const char *const text[] = {
        "9007199254740993",
        "9007199254740993.0000000000000000000001",
        "9007199254740992.9999999999999999",
        "9007199254740991",
        "9007199254740995",
        "18014398509481986",
        "18014398509481985",
        "18014398509481987",
        "4503599627370497.5",
        "4503599627370497.500000000000000000001",
        "1.00000000000000011102230246251565404236316680908203125",
        "1.00000000000000011102230246251565404236316680908203124",
        "1.00000000000000011102230246251565404236316680908203126",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1e23",
        "8.5e22",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2.4e-324",
        "2.5e-324",
        "1e-320",
        "1.7976931348623157e308",
        "0.1",
        "0.000001",
        "123456789012345678901234567890",
        "5e-1",
        "0e999999999",
        "00000000000000000000000000000001.5",
        "0.00000000000000000000000000000000000000000000000012345",
    };
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) check_against_strtod(text[i]);
    for (uint64_t k = 0; k < 20000; k++) {
        char tie[64];
        uint64_t x = (UINT64_C(1) << 53) + 104729 * k;
        snprintf(tie, sizeof tie, "%llu.5", (unsigned long long)(x / 2));
        check_against_strtod(tie);
        snprintf(tie, sizeof tie, "%llu", (unsigned long long)(2 * x + 1));
        check_against_strtod(tie);
        snprintf(tie, sizeof tie, "%llue-3", (unsigned long long)(2 * x + 1));
        check_against_strtod(tie);
    }
}

static void very_long_numbers_are_exact(void **state)
{
    (void)state;
    static char text[4000];
    for (size_t n = 100; n < 3900; n += 100) {
        memset(text, '7', n);
        text[n] = '\0';
        if (n <= 300) check_against_strtod(text);
        memcpy(text, "0.", 2);
        check_against_strtod(text);
        memset(text + 2, '0', n - 2);
        memcpy(text + n - 10, "1234567890", 10);
        check_against_strtod(text);
        snprintf(text + n, sizeof text - n, "e%d", (int)n - 20);
        check_against_strtod(text);
    }
    /* a tie, decided by the 2000th digit */
    memset(text, '0', sizeof text);
    memcpy(text, "9007199254740993.", 17);
    text[2000] = '\0';
    check_against_strtod(text);
    text[1999] = '1';
    check_against_strtod(text);
}

static void only_whole_numbers_of_one_notation_are_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char mark;
        ssmi_number_result result;
        double value;
    } cases[] = {
        {".5", '.', SSMI_NUMBER_OK, 0.5},
        {"5.", '.', SSMI_NUMBER_OK, 5},
        {"+5", '.', SSMI_NUMBER_OK, 5},
        {"-0.25", '.', SSMI_NUMBER_OK, -0.25},
        {"1,5", ',', SSMI_NUMBER_OK, 1.5},
        {"1,2e+05", ',', SSMI_NUMBER_OK, 1.2e5},
        {"1e3", '.', SSMI_NUMBER_OK, 1000},
        {"1E-3", '.', SSMI_NUMBER_OK, 0.001},
        {"1e-9999", '.', SSMI_NUMBER_OK, 0},
        {"1e400", '.', SSMI_NUMBER_OVERFLOW, 0},
        {"1e99999999999999999999", '.', SSMI_NUMBER_OVERFLOW, 0},
        {"inf", '.', SSMI_NUMBER_INFINITE, 0},
        {"-Infinity", '.', SSMI_NUMBER_INFINITE, 0},
        {"", '.', SSMI_NUMBER_BAD, 0},
        {"-", '.', SSMI_NUMBER_BAD, 0},
        {".", '.', SSMI_NUMBER_BAD, 0},
        {"--5", '.', SSMI_NUMBER_BAD, 0},
        {"0x1F", '.', SSMI_NUMBER_BAD, 0},
        {"1_000", '.', SSMI_NUMBER_BAD, 0},
        {"1d5", '.', SSMI_NUMBER_BAD, 0},
        {"1e", '.', SSMI_NUMBER_BAD, 0},
        {"1e+", '.', SSMI_NUMBER_BAD, 0},
        {"1.2.3", '.', SSMI_NUMBER_BAD, 0},
        {"1,5", '.', SSMI_NUMBER_BAD, 0},
        {"1.5", ',', SSMI_NUMBER_BAD, 0},
        {"12 %", '.', SSMI_NUMBER_BAD, 0},
        {" 5", '.', SSMI_NUMBER_BAD, 0},
        {"nan", '.', SSMI_NUMBER_BAD, 0},
        {"infinit", '.', SSMI_NUMBER_BAD, 0},
        {"5\n", '.', SSMI_NUMBER_BAD, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 0;
        ssmi_number_result result =
            ssmi_number_read(cases[i].text, strlen(cases[i].text), cases[i].mark, &value);
        if (result != cases[i].result || (result == SSMI_NUMBER_OK && value != cases[i].value)) {
            fail_msg("%s: %d %g", cases[i].text, (int)result, value);
        }
    }
}

static void a_failed_read_leaves_the_value_alone(void **state)
{
    (void)state;
    double value = 42;
    assert_int_equal(ssmi_number_read("1x", 2, '.', &value), SSMI_NUMBER_BAD);
    assert_true(value == 42);
}

static void groups_of_three_are_read_and_doubt_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char mark, group;
        ssmi_number_result result;
        int sure;
        double value;
    } cases[] = {
        {"1,234.5", '.', 0, SSMI_NUMBER_OK, 1, 1234.5},
        {"1.234,5", ',', 0, SSMI_NUMBER_OK, 1, 1234.5},
        {"1 234,5", ',', 0, SSMI_NUMBER_OK, 1, 1234.5},
        {"-1'234", '.', 0, SSMI_NUMBER_OK, 1, -1234},
        {"1\xC2\xA0"
         "234",
         '.', 0, SSMI_NUMBER_OK, 1, 1234},
        {"1,234", '.', 0, SSMI_NUMBER_OK, 0, 1234},
        {"1,234,567", '.', 0, SSMI_NUMBER_OK, 1, 1234567},
        {"12,34", '.', 0, SSMI_NUMBER_BAD, 0, 0},
        {"1234,567", '.', 0, SSMI_NUMBER_BAD, 0, 0},
        {"1,234'567", '.', 0, SSMI_NUMBER_BAD, 0, 0},
        {"1,234", '.', '\'', SSMI_NUMBER_BAD, 0, 0},
        {"1,", '.', 0, SSMI_NUMBER_BAD, 0, 0},
        {",123", '.', 0, SSMI_NUMBER_BAD, 0, 0},
        {"1,234x", '.', 0, SSMI_NUMBER_BAD, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 0;
        int sure = 0;
        char group = cases[i].group;
        ssmi_number_result result = ssmi_number_read_grouped(cases[i].text, strlen(cases[i].text),
                                                             cases[i].mark, &group, &sure, &value);
        if (result != cases[i].result ||
            (result == SSMI_NUMBER_OK && (value != cases[i].value || sure != cases[i].sure))) {
            fail_msg("%s: %d %g %d", cases[i].text, (int)result, value, sure);
        }
    }
}

static void odd_blanks_are_trimmed_and_told(void **state)
{
    (void)state;
    const char *text = "\xC2\xA0 \v12 3\xE2\x80\x89\t";
    size_t length = strlen(text);
    assert_int_equal(ssmi_trim(&text, &length), 1);
    assert_int_equal(length, 4);
    assert_memory_equal(text, "12 3", 4);
    text = "  \t ";
    length = 4;
    assert_int_equal(ssmi_trim(&text, &length), 0);
    assert_int_equal(length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_decimals_are_rounded_as_strtod_does),
        cmocka_unit_test(shortest_and_longest_spellings_of_random_doubles_read_back),
        cmocka_unit_test(ties_are_rounded_to_even),
        cmocka_unit_test(very_long_numbers_are_exact),
        cmocka_unit_test(only_whole_numbers_of_one_notation_are_accepted),
        cmocka_unit_test(a_failed_read_leaves_the_value_alone),
        cmocka_unit_test(groups_of_three_are_read_and_doubt_is_told),
        cmocka_unit_test(odd_blanks_are_trimmed_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
