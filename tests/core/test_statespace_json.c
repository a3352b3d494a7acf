/* State-space models written by people: what is understood, and what a mistake is told. */
#include "core/statespace_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

typedef struct bench {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_system_file system;
} bench;

static void open_bench(bench *b)
{
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    ssmi_arena_init(&b->arena, b->ctx);
}

static void close_bench(bench *b)
{
    ssmi_arena_clear(&b->arena);
    ssm_context_free(b->ctx);
}

static ssm_status parse(bench *b, const char *text)
{
    return ssmi_system_parse(&b->system, "m.json", text, strlen(text), &b->arena);
}

static void must_parse(bench *b, const char *text)
{
    if (parse(b, text) != SSM_OK) fail_msg("%s: %s", text, ssm_context_message(b->ctx));
}

static void matrices_are_read_by_rows(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    must_parse(
        &b,
        "{\"n\": 2, \"p\": 2, \"r\": 1, \"Z\": [[1, 2], [3, 4]], \"T\": [[1, 1], [0, 0.5]], \"R\": [0, 1],"
        " \"Q\": 4, \"H\": [[2, 1], [1, 2]], \"c\": [0, 1], \"d\": [5, 6], \"a1\": [7, 8], \"P1\": [[1, 0], "
        "[0, 9]],"
        " \"diffuse\": [true, false], \"states\": [\"level\", \"slope\"], \"scale\": 2, \"comment\": \"x\"}");
    const ssm_statespace *m = &b.system.model;
    assert_true(m->n == 2 && m->p == 2 && m->r == 1 && b.system.scale == 2 && !b.system.estimate_scale);
    assert_memory_equal(m->Z.data, ((double[]){1, 3, 2, 4}), 4 * sizeof(double));
    assert_memory_equal(m->T.data, ((double[]){1, 0, 1, 0.5}), 4 * sizeof(double));
    assert_memory_equal(m->R.data, ((double[]){0, 1}), 2 * sizeof(double));
    assert_memory_equal(m->d.data, ((double[]){5, 6}), 2 * sizeof(double));
    assert_memory_equal(m->P1, ((double[]){1, 0, 0, 9}), 4 * sizeof(double));
    assert_memory_equal(m->P1inf, ((double[]){1, 0, 0, 0}), 4 * sizeof(double));
    assert_string_equal(b.system.state[1], "slope");
    close_bench(&b);
}

static void what_is_left_out_has_a_default(void **state)
{
    (void)state;
    bench b;
    open_bench(&b);
    must_parse(&b, "{\"Z\": 1, \"T\": 1}");
    assert_true(b.system.model.r == 0 && b.system.model.H.data == NULL && b.system.scale == 1);
    assert_true(b.system.model.P1inf != NULL && b.system.model.P1inf[0] == 1);
    assert_string_equal(b.system.state[0], "state_1");
    must_parse(&b, "{\"Z\": 1, \"T\": 0.5, \"P1\": 3, \"scale\": \"estimate\"}");
    assert_null(b.system.model.P1inf);
    assert_true(b.system.estimate_scale);
    must_parse(&b, "{\"Z\": 1, \"T\": 0.5, \"diffuse\": false}");
    assert_null(b.system.model.P1inf);
    must_parse(&b, "{\"Z\": [1, 1, 1], \"T\": 1, \"Q\": 1}"); /* one state, seen three times */
    assert_int_equal(b.system.model.p, 3);
    close_bench(&b);
}

static const struct {
    const char *text, *message;
} mistakes[] = {
    {"{\"Z\": 1,\n \"T\": }", "m.json:2:7: "},
    {"{\"Z\": 1, \"Z\": 1}", "m.json:1:12: duplicate"},
    {"[1]", "a system is a JSON object"},
    {"{\"Z\": 1}", "matrix \"T\" is missing"},
    {"{\"T\": 1}", "matrix \"Z\" is missing"},
    {"{\"Z\": 1, \"T\": 1, \"Hh\": 1}", "\"Hh\" is no part of a system; did you mean \"H\"?"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], [0]]}", "matrix \"T\" is (2, 2), but row 1 has 1 entries"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], 0]}", "matrix \"T\", row 1, is not a list"},
    {"{\"Z\": 1, \"T\": 1, \"q\": 1}", "did you mean \"Q\"?"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], [0, 1]], \"Q\": [1, 2]}",
     "matrix \"Q\" is square, each row a list of its own, as [[1, 0], [0, 2]]; found 2 numbers"},
    {"{\"Z\": [1, 0], \"T\": [1, 0.5]}", "matrix \"T\" is square, each row a list of its own"},
    {"{\"Z\": [1, 0, 0], \"T\": [[1, 1], [0, 1]]}", "matrix \"Z\" is (1, 2)"},
    {"{\"Z\": [1, \"x\"], \"T\": [[1, 1], [0, 1]]}", "matrix \"Z\", entry (0, 1), is not a number"},
    {"{\"Z\": 1, \"T\": [[1, 1], [0, 1]]}", "matrix \"Z\" is (1, 2), that is 1 row of 2; found 1 number"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], [0, 1]], \"Q\": 1}", "matrix \"R\" (2, 1) is missing"},
    {"{\"Z\": 1, \"T\": 1, \"R\": 1}", "matrix \"R\" is given, but not \"Q\""},
    {"{\"Z\": 1, \"T\": 1, \"Q\": [[1, 0], [0, 1]]}", "2 shocks for 1 states"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], [0, 1]], \"Q\": [[1, 2], [0, 1]]}",
     "matrix \"Q\", entry (1, 0), differs"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], [0, 1]], \"Q\": [[1, 2], [2, 1]]}",
     "matrix \"Q\", entry (1, 0), exceeds"},
    {"{\"Z\": 1, \"T\": 1, \"H\": -1}", "matrix \"H\", entry (0, 0), is a negative variance"},
    {"{\"Z\": 1, \"T\": 1, \"n\": 2}", "\"n\" is 2, but matrix \"T\" gives 1"},
    {"{\"Z\": 1, \"T\": 1, \"n\": 1.5}", "\"n\" is not a whole number"},
    {"{\"Z\": [], \"T\": 1}", "matrix \"Z\" gives p = 0"},
    {"{\"Z\": 1, \"T\": []}", "matrix \"T\" is (1, 1), that is 1 row of 1; found 0 numbers"},
    {"{\"Z\": 1, \"T\": true}", "matrix \"T\" is neither a number nor a list"},
    {"{\"Z\": 1, \"T\": 1, \"diffuse\": 1}", "\"diffuse\" is neither true nor false"},
    {"{\"Z\": 1, \"T\": 1, \"diffuse\": [true, true]}", "\"diffuse\" has 2 entries for 1 states"},
    {"{\"Z\": 1, \"T\": 1, \"diffuse\": [1]}", "\"diffuse\", entry 0, is neither"},
    {"{\"Z\": 1, \"T\": 1, \"diffuse\": true, \"P1inf\": 1}", "say the same"},
    {"{\"Z\": 1, \"T\": 1, \"states\": [\"a\", \"b\"]}", "not a list of 1 names"},
    {"{\"Z\": [1, 0], \"T\": [[1, 1], [0, 1]], \"states\": [\"a\", \"a\"]}", "two states are called \"a\""},
    {"{\"Z\": 1, \"T\": 1, \"states\": [\"\"]}", "entry 0, is empty"},
    {"{\"Z\": 1, \"T\": 1, \"scale\": -1}", "\"scale\" is neither"},
    {"{\"Z\": 1, \"T\": 1, \"scale\": \"guess\"}", "\"scale\" is neither"},
    {"", "m.json:1:0: "},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        bench b;
        open_bench(&b);
        const ssm_status status = parse(&b, mistakes[i].text);
        if ((status != SSM_E_FORMAT && status != SSM_E_DATA) ||
            strstr(ssm_context_message(b.ctx), mistakes[i].message) == NULL ||
            strncmp(ssm_context_message(b.ctx), "m.json:", 7) != 0)
            fail_msg("%s\ngives status %d and \"%s\"\nnot \"%s\"", mistakes[i].text, (int)status,
                     status == SSM_OK ? "" : ssm_context_message(b.ctx), mistakes[i].message);
        close_bench(&b);
    }
}

/* Bytes beyond the size given are not looked at, a NUL inside is no end. */
static void the_size_is_the_end(void **state)
{
    (void)state;
    static const char text[] = "{\"Z\": 1, \"T\": 1}\0{";
    bench b;
    open_bench(&b);
    assert_int_equal(ssmi_system_parse(&b.system, "m.json", text, 16, &b.arena), SSM_OK);
    assert_int_equal(ssmi_system_parse(&b.system, "m.json", text, sizeof text - 1, &b.arena), SSM_E_FORMAT);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrices_are_read_by_rows),
        cmocka_unit_test(what_is_left_out_has_a_default),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(the_size_is_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
