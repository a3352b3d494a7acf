#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/suggest.h"

/* kitten/sitting is the textbook's example; a swap of neighbours counts 1, not 2. */
static void distances_are_the_textbook_s(void **state)
{
    (void)state;
    assert_int_equal(ssmi_edit_distance("", ""), 0);
    assert_int_equal(ssmi_edit_distance("", "abc"), 3);
    assert_int_equal(ssmi_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(ssmi_edit_distance("forecast", "forecats"), 1);
    assert_int_equal(ssmi_edit_distance("ca", "abc"), 3);
    assert_int_equal(ssmi_edit_distance("kalman", "kalman"), 0);
}

static void distance_is_symmetric(void **state)
{
    (void)state;
    static const char *const words[] = {"", "a", "mean", "naive", "mamba", "seasonal_naive", "nveai"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(ssmi_edit_distance(words[i], words[j]), ssmi_edit_distance(words[j], words[i]));
    }
}

static void words_longer_than_the_table_are_clipped(void **state)
{
    (void)state;
    char a[1000], b[1000];
    memset(a, 'x', sizeof a - 1);
    memset(b, 'x', sizeof b - 1);
    a[sizeof a - 1] = b[sizeof b - 1] = '\0';
    b[500] = 'y';
    assert_int_equal(ssmi_edit_distance(a, b), 0);
    b[10] = 'y';
    assert_int_equal(ssmi_edit_distance(a, b), 1);
    assert_int_equal(ssmi_edit_distance(a, ""), 63);
}

static const char *nearest(const char *word)
{
    static const char *const names[] = {"naive", "seasonal_naive", "drift", "mean", "kalman", "mamba"};
    const char *found = NULL;
    size_t best = (size_t)-1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ssmi_suggest(word, names[i], &best)) found = names[i];
    }
    return found;
}

static void the_nearest_name_is_meant_and_a_far_one_is_not(void **state)
{
    (void)state;
    assert_string_equal(nearest("kalmann"), "kalman");
    assert_string_equal(nearest("seasonal-naive"), "seasonal_naive");
    assert_string_equal(nearest("manba"), "mamba");
    assert_string_equal(nearest("SEASONAL_Naive"), "seasonal_naive");
    assert_null(nearest("transformer"));
    assert_null(nearest(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_are_the_textbook_s),
        cmocka_unit_test(distance_is_symmetric),
        cmocka_unit_test(words_longer_than_the_table_are_clipped),
        cmocka_unit_test(the_nearest_name_is_meant_and_a_far_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
