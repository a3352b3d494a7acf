/* Rows as they come: which columns are read, in which order, with which times, and what is refused. */
#include "data/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 32, COLUMNS = 4 };

/* What came out of a stream. */
typedef struct seen {
    size_t n, rows, warnings;
    char name[COLUMNS][32], time[MOST][48], warning[256];
    double value[MOST][COLUMNS];
    int has_stamp[MOST];
    int64_t stamp[MOST];
    size_t line[MOST];
} seen;

static ssm_status on_begin(void *user, const ssmi_stream_layout *layout, const char *const *name, size_t n)
{
    seen *s = user;
    assert_true(layout->width >= n);
    s->n = n;
    for (size_t i = 0; i < n; i++) snprintf(s->name[i], sizeof s->name[i], "%s", name[i]);
    return SSM_OK;
}

static ssm_status on_row(void *user, const ssmi_stream_row *row)
{
    seen *s = user;
    assert_true(s->rows < MOST);
    snprintf(s->time[s->rows], sizeof s->time[0], "%s", row->time);
    s->has_stamp[s->rows] = row->has_stamp;
    s->stamp[s->rows] = row->stamp;
    s->line[s->rows] = row->line;
    for (size_t i = 0; i < s->n; i++) s->value[s->rows][i] = row->value[i];
    s->rows++;
    return SSM_OK;
}

static void on_warning(void *user, const char *text)
{
    seen *s = user;
    s->warnings++;
    snprintf(s->warning, sizeof s->warning, "%s", text);
}

static ssm_status read_text(ssm_context *ctx, const char *text, const ssm_table_options *options,
                            const ssmi_stream_layout *known, int skip_bad, seen *out)
{
    char path[] = "/tmp/ssmcast-stream-XXXXXX";
    const int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    close(descriptor);
    *out = (seen){0};
    const ssmi_stream_task task = {path, options, known, skip_bad};
    const ssmi_stream_sink sink = {on_begin, on_row, on_warning, out};
    const ssm_status status = ssmi_stream_read(ctx, &task, &sink);
    remove(path);
    return status;
}

static ssm_context *new_context(void)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    return ctx;
}

static const char *const known_name[] = {"date", "note", "a", "b"};
static const ssm_column_kind known_kind[] = {SSM_COLUMN_TIME, SSM_COLUMN_TEXT, SSM_COLUMN_NUMBER,
                                             SSM_COLUMN_NUMBER};
static const ssmi_stream_layout known = {4, known_name, known_kind, ',', '.', "dmy hms"};
static const ssm_table_options plain = {0};

static void columns_are_found_by_header_and_first_row(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    seen s;
    assert_int_equal(
        read_text(ctx, "time;load;name\n2024-01-01 06:00;1,5;x\n2024-01-01 07:00;;y\n", &plain, NULL, 0, &s),
        SSM_OK);
    assert_true(s.n == 1 && s.rows == 2);
    assert_string_equal(s.name[0], "load");
    assert_string_equal(s.time[0], "2024-01-01 06:00");
    assert_true(s.value[0][0] == 1.5 && isnan(s.value[1][0]));
    assert_true(s.has_stamp[0] && s.stamp[1] - s.stamp[0] == INT64_C(3600000000000));
    assert_true(s.line[0] == 2 && s.line[1] == 3);
    ssm_context_free(ctx);
}

static void numbers_alone_need_no_header(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    seen s;
    assert_int_equal(read_text(ctx, "5 1\n6 2\n7 3", &plain, NULL, 0, &s), SSM_OK);
    assert_true(s.n == 2 && s.rows == 3 && s.value[0][0] == 5 && s.value[2][1] == 3);
    assert_false(s.has_stamp[0]);
    assert_string_equal(s.time[0], "");
    const ssm_table_options no_header = {.header = -1};
    assert_int_equal(read_text(ctx, "5\n", &no_header, NULL, 0, &s), SSM_OK);
    assert_true(s.rows == 1 && s.value[0][0] == 5);
    /* an empty row between full ones is a row whose value is missing */
    assert_int_equal(read_text(ctx, "v\n5\n\n7\n\n", &plain, NULL, 0, &s), SSM_OK);
    assert_true(s.rows == 3 && isnan(s.value[1][0]) && s.value[2][0] == 7);
    ssm_context_free(ctx);
}

/* Series keep the order that is known, wherever the header puts them, and without a header. */
static void a_known_layout_orders_the_series(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    seen s;
    assert_int_equal(read_text(ctx, "03/02/2024,x,1,10\n", &plain, &known, 0, &s), SSM_OK);
    assert_true(s.n == 2 && s.rows == 1 && s.value[0][0] == 1 && s.value[0][1] == 10);
    assert_string_equal(s.time[0], "03/02/2024");
    assert_true(s.has_stamp[0]); /* day before month, as is known */
    const int64_t third_of_february = s.stamp[0];
    assert_int_equal(
        read_text(ctx, "b,extra,a,date\n10,7,1,03/02/2024\n20,7,NA,04/02/2024\n", &plain, &known, 0, &s),
        SSM_OK);
    assert_true(s.n == 2 && s.rows == 2);
    assert_string_equal(s.name[0], "a");
    assert_true(s.value[0][0] == 1 && s.value[0][1] == 10 && isnan(s.value[1][0]) && s.value[1][1] == 20);
    assert_true(s.stamp[0] == third_of_february && s.stamp[1] > s.stamp[0]);
    assert_int_equal(read_text(ctx, "", &plain, &known, 0, &s), SSM_OK);
    assert_int_equal(s.rows, 0);
    assert_int_equal(read_text(ctx, "date,note,a,b\n", &plain, &known, 0, &s), SSM_OK);
    assert_int_equal(s.rows, 0);
    ssm_context_free(ctx);
}

static void a_date_of_which_day_and_month_could_be_swapped_has_no_stamp(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    seen s;
    assert_int_equal(
        read_text(ctx, "date,v\n03/02/2024,1\n04/02/2024,2\n13/02/2024,3\n", &plain, NULL, 0, &s), SSM_OK);
    assert_false(s.has_stamp[0] || s.has_stamp[1]);
    assert_true(s.has_stamp[2]);
    ssm_context_free(ctx);
}

static void what_cannot_be_read_is_an_error_with_its_place(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {{"v\n1\nx\n", ":3:1: \"x\" in column \"v\" cannot be read as a number"},
                 {"t,v\n2024-01-01,1\n2024-01-02,1,2\n", ":3:3: found 3 fields where 2"},
                 {"t,v\n2024-01-01,1\nyesterday,1\n", ":3:1: cannot read \"yesterday\" as a date"},
                 {"t,v\n2024-01-01,1\n,1\n", ":3:1: the row has values but no time"},
                 {"v\n1\n\"2\n", "never closed"},
                 {"v\n", "a header but no data rows"},
                 {"", "empty input"},
                 {"name\nx\ny\n", "no numeric column"}};
    (void)state;
    ssm_context *ctx = new_context();
    seen s;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ssm_status status = read_text(ctx, cases[i].text, &plain, NULL, 0, &s);
        if (status != SSM_E_DATA || strstr(ssm_context_message(ctx), cases[i].message) == NULL)
            fail_msg("%s gives %d: %s", cases[i].text, (int)status, ssm_context_message(ctx));
    }
    assert_int_equal(read_text(ctx, "1,2\n", &plain, &known, 0, &s), SSM_E_DATA);
    ssm_context_free(ctx);
}

static void bad_rows_can_be_left_out(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    seen s;
    assert_int_equal(read_text(ctx, "t,v\n2024-01-01,1\n2024-01-02,x\n2024-01-03\nlater,3\n2024-01-04,4\n",
                               &plain, NULL, 1, &s),
                     SSM_OK);
    assert_true(s.rows == 2 && s.warnings == 3 && s.value[1][0] == 4 && s.line[1] == 6);
    assert_non_null(strstr(s.warning, ":5:1: cannot read \"later\""));
    assert_int_equal(read_text(ctx, "1,2\n03/02/2024,x,1,10\n", &plain, &known, 1, &s), SSM_OK);
    assert_true(s.rows == 1 && s.warnings == 1);
    ssm_context_free(ctx);
}

static void the_layout_of_a_table_reads_its_rows_again(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    ssm_table *table;
    ssmi_stream_layout layout;
    seen s;
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssm_table_read(ctx, SSMCAST_DATASETS "/nile.csv", NULL, &table), SSM_OK);
    assert_int_equal(ssmi_stream_layout_of(&layout, table, &arena), SSM_OK);
    assert_int_equal(read_text(ctx, "1971-01-01,800\n", &plain, &layout, 0, &s), SSM_OK);
    assert_true(s.rows == 1 && s.value[0][0] == 800 && s.has_stamp[0]);
    assert_string_equal(s.name[0], "flow");
    ssm_table_free(table);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

/* Leaving out rows is for rows: a stream without columns has none to leave out. */
static void a_stream_that_cannot_begin_fails_with_bad_rows_left_out_too(void **state)
{
    (void)state;
    ssm_context *ctx = new_context();
    const ssm_table_options options = {0};
    seen s;
    for (int skip_bad = 0; skip_bad < 2; skip_bad++) {
        assert_int_equal(read_text(ctx, "date,demand\nx,y\nz,w\nu,v\n", &options, NULL, skip_bad, &s),
                         SSM_E_DATA);
        assert_non_null(strstr(ssm_context_message(ctx), "no numeric column in the first rows"));
        assert_int_equal(s.rows, 0);
    }
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_found_by_header_and_first_row),
        cmocka_unit_test(numbers_alone_need_no_header),
        cmocka_unit_test(a_known_layout_orders_the_series),
        cmocka_unit_test(a_date_of_which_day_and_month_could_be_swapped_has_no_stamp),
        cmocka_unit_test(what_cannot_be_read_is_an_error_with_its_place),
        cmocka_unit_test(bad_rows_can_be_left_out),
        cmocka_unit_test(a_stream_that_cannot_begin_fails_with_bad_rows_left_out_too),
        cmocka_unit_test(the_layout_of_a_table_reads_its_rows_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
