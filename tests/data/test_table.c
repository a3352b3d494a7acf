/* The reader against files: what the manifest of the public data says about each, and the promises of the
 * header on files made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <math.h>
#include <ssmcast/table.h>

static int set_up(void **state)
{
    return ssm_context_new(NULL, (ssm_context **)state) != SSM_OK;
}

static int tear_down(void **state)
{
    ssm_context_free(*state);
    return 0;
}

static ssm_table *read_string(ssm_context *ctx, const char *text, const ssm_table_options *options)
{
    char path[] = "/tmp/ssmcast-table-XXXXXX";
    int descriptor = mkstemp(path);
    size_t length = strlen(text);
    ssm_table *table = NULL;
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, length), (ssize_t)length);
    close(descriptor);
    ssm_status status = ssm_table_read(ctx, path, options, &table);
    unlink(path);
    if (status != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
    return table;
}

static void check_span(const ssm_table *table, const char *first, const char *last, const char *step)
{
    char text[SSM_TIME_TEXT_SIZE];
    ssm_time_text(table->time, 0, text, sizeof text);
    assert_string_equal(text, first);
    ssm_time_text(table->time, (int64_t)table->length - 1, text, sizeof text);
    assert_string_equal(text, last);
    ssm_step_text(table->time.step, text, sizeof text);
    assert_string_equal(text, step);
}

static void times_in_many_forms_give_the_grid_they_name(void **state)
{
    static const struct {
        const char *text, *first, *last, *step, *format;
    } cases[] = {
        {"y,v\n1949,1\n1950,2\n1951,3\n", "1949-01-01", "1951-01-01", "1 year", "year"},
        {"q,v\n1949-Q1,1\n1949-Q2,2\n1949-Q3,3\n", "1949-01-01", "1949-07-01", "1 quarter", "quarter"},
        {"m,v\n1949-01,1\n1949-02,2\n1949-03,3\n", "1949-01-01", "1949-03-01", "1 month", "ym"},
        {"month,v\n194911,1\n194912,2\n195001,3\n", "1949-11-01", "1950-01-01", "1 month", "ym"},
        {"time,v\n1949.0,1\n1949.25,2\n1949.5,3\n", "1949-01-01", "1949-07-01", "1 quarter", "decimal year"},
        {"time,v\n1949,1\n1949.083,2\n1949.167,3\n", "1949-01-01", "1949-03-01", "1 month", "decimal year"},
        {"d,v\n31/12/2023,1\n01/01/2024,2\n02/01/2024,3\n", "2023-12-31", "2024-01-02", "1 d", "dmy"},
        {"d,v\n12/31/2023,1\n01/01/2024,2\n01/02/2024,3\n", "2023-12-31", "2024-01-02", "1 d", "mdy"},
        {"d,v\n1/1/2024 1:00 PM,1\n1/1/2024 2:00 PM,2\n1/13/2024 3:00 PM,3\n", "2024-01-01T13:00:00",
         "2024-01-13T15:00:00", "1 h", "mdy hms"},
        {"d;c;v\n10/03/2004;18.00.00;1\n10/03/2004;19.00.00;2\n13/03/2004;20.00.00;3\n",
         "2004-03-10T18:00:00", "2004-03-13T20:00:00", "1 h", "dmy hms"},
        {"d,v\n2020-01-31,1\n2020-02-29,2\n2020-03-31,3\n2020-04-30,4\n", "2020-01-31", "2020-04-30",
         "1 month", "ymd"},
        {"d,v\n2020-02-29,1\n2020-03-31,2\n2020-04-30,3\n2020-05-31,4\n", "2020-02-29", "2020-05-31",
         "1 month", "ymd"},
        {"d,v\n1900-02-28,1\n1900-03-01,2\n1900-03-02,3\n", "1900-02-28", "1900-03-02", "1 d", "ymd"},
        {"d,v\n2000-02-28,1\n2000-02-29,2\n2000-03-01,3\n", "2000-02-28", "2000-03-01", "1 d", "ymd"},
        {"ts,v\n1969-12-31T23:59:59.75,1\n1970-01-01T00:00:00,2\n1970-01-01T00:00:00.25,3\n",
         "1969-12-31T23:59:59.75", "1970-01-01T00:00:00.25", "250 ms", "ymd hms"},
        {"d,v\n2024-01-01T00:00+01:00,1\n2024-03-31T00:00+01:00,2\n2024-04-01T00:00+02:00,2\n", "2024-01-01",
         "2024-04-01", "1 d", "ymd hms offset"},
        {"date,hour,v\n2024-01-01,0,1\n2024-01-01,1,2\n2024-01-01,2,3\n", "2024-01-01T00:00:00",
         "2024-01-01T02:00:00", "1 h", "ymd hour"},
        {"date,hour,v\n2024-01-01,23,1\n2024-01-01,24,2\n2024-01-02,1,3\n", "2024-01-01T23:00:00",
         "2024-01-02T01:00:00", "1 h", "ymd hour"},
        {"v\n5\n7\n6\n", "1", "3", "1 row", NULL},
        {"t,v\n7,5\n8,7\n9,6\n", "7", "9", "1 row", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ssm_table *table = read_string(*state, cases[i].text, NULL);
        assert_int_equal(table->n_series, 1);
        if (cases[i].format == NULL)
            assert_null(table->time_format);
        else
            assert_string_equal(table->time_format, cases[i].format);
        check_span(table, cases[i].first, cases[i].last, cases[i].step);
        ssm_table_free(table);
    }
}

static void nanosecond_epochs_are_exact(void **state)
{
    ssm_table *table = read_string(
        *state, "ts,v\n1700000000000000001,1\n1700000000000000002,2\n1700000000000000003,3\n", NULL);
    assert_int_equal(table->time.start, INT64_C(1700000000000000001));
    assert_int_equal(table->time.step.count, 1);
    assert_int_equal(table->length, 3);
    ssm_table_free(table);
}

static void negative_epochs_are_read_when_told(void **state)
{
    ssm_table_options options = {.time_format = "epoch-s"};
    ssm_table *table = read_string(*state, "ts,v\n-86400,1\n0,2\n86400,3\n172800.000000000,4\n", &options);
    check_span(table, "1969-12-31", "1970-01-03", "1 d");
    ssm_table_free(table);
}

static void thousands_are_read_where_the_style_is_plain(void **state)
{
    ssm_table *table =
        read_string(*state, "a,b\n\"1,234.5\",1'000\n\"12,345.0\",2'000'000\n\"7,000\",3\n", NULL);
    assert_true(table->series[0].value[0] == 1234.5 && table->series[0].value[1] == 12345);
    assert_true(table->series[0].value[2] == 7000);
    assert_true(table->series[1].value[1] == 2e6);
    ssm_table_free(table);
}

static void empty_lines_in_a_single_column_are_missing_rows(void **state)
{
    ssm_table *table = read_string(*state, "v\n1\n\n3\n\n\n", NULL);
    assert_int_equal(table->length, 3);
    assert_true(isnan(table->series[0].value[1]));
    assert_true(table->series[0].value[2] == 3);
    ssm_table_free(table);
}

static void names_are_utf8_unique_and_never_empty(void **state)
{
    ssm_table *table =
        read_string(*state, "T\xE9mp,a,a,,\"x,\"\"y\"\"\",\xE2\x82\xAC\n1,2,3,4,5,6\n2,1,2,3,4,5\n", NULL);
    static const char *const names[] = {"T\xC3\xA9mp", "a",       "a (column 3)",
                                        "column_4",    "x,\"y\"", "\xE2\x82\xAC"};
    for (size_t i = 0; i < 6; i++) assert_string_equal(table->column[i].name, names[i]);
    const ssm_series *found;
    assert_int_equal(ssm_table_find(table, "x,\"y\"", &found), SSM_OK);
    assert_true(found->value[0] == 5);
    assert_int_equal(ssm_table_find(table, "3", &found), SSM_OK);
    assert_true(found->value[0] == 3);
    assert_int_equal(ssm_table_find(table, "zz", &found), SSM_E_ARGUMENT);
    ssm_table_free(table);
}

static void sentinels_are_suspected_and_removed_only_when_told(void **state)
{
    static const char text[] = "d,v,w,ok\n2024-01-01,1.5,20,0\n2024-01-02,-999,21,0\n2024-01-03,-999,-999,7\n"
                               "2024-01-04,2.5,-999,8\n2024-01-05,1.9,22,7\n";
    ssm_table *table = read_string(*state, text, NULL);
    assert_true(table->column[1].sentinel == -999 && table->column[2].sentinel == -999);
    assert_int_equal(table->column[1].n_sentinel, 2);
    assert_true(isnan(table->column[3].sentinel));
    assert_true(table->series[0].value[1] == -999);
    assert_int_equal(table->n_warnings, 1);
    assert_non_null(strstr(table->warning[0], "--sentinel"));
    ssm_table_free(table);
    ssm_table_options options = {.sentinel = 1};
    table = read_string(*state, text, &options);
    assert_true(isnan(table->series[0].value[1]) && isnan(table->series[1].value[2]));
    assert_int_equal(table->column[1].n_missing, 2);
    assert_true(table->column[1].minimum == 1.5);
    assert_int_equal(table->n_warnings, 0);
    ssm_table_free(table);
}

/* As sha256sum gives it. */
static void the_digest_is_of_the_bytes_read(void **state)
{
    ssm_table *table = read_string(*state, "v\n1\n2\n", NULL);
    assert_string_equal(table->digest, "dc16ad0e47c9e8122290e3cadff8df5eca2f849cec45d5bc2a29d19cc7854732");
    ssm_table_free(table);
}

static void files_that_cannot_be_read_are_io_errors(void **state)
{
    static const char *const path[] = {"/nonexistent/x.csv", "/", "/proc/self/mem"};
    for (size_t i = 0; i < sizeof path / sizeof path[0]; i++) {
        ssm_table *table = NULL;
        assert_int_equal(ssm_table_read(*state, path[i], NULL, &table), SSM_E_IO);
        assert_non_null(strstr(ssm_context_message(*state), path[i]));
        assert_null(table);
    }
    ssm_table *table = NULL;
    assert_int_equal(ssm_table_read(*state, "/dev/zero", NULL, &table), SSM_E_DATA);
}

/* An allocator that counts what is out and fails from its n-th request on. */
typedef struct failing {
    size_t left;
    long out;
} failing;

static void *resize_or_fail(void *user, void *pointer, size_t size)
{
    failing *f = user;
    if (size == 0) {
        free(pointer);
        f->out--;
        return NULL;
    }
    if (f->left == 0) return NULL;
    f->left--;
    f->out += pointer == NULL;
    return realloc(pointer, size);
}

static void each_allocation_that_fails_is_a_clean_error(void **state)
{
    static const char text[] =
        "date,v,name\n2024-01-01,1,a\n2024-01-03,2,b\n2024-01-02,3,\"c\"\n2024-01-05,9,d\n";
    char path[] = "/tmp/ssmcast-memory-XXXXXX";
    int descriptor = mkstemp(path), done = 0;
    (void)state;
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, sizeof text - 1), (ssize_t)(sizeof text - 1));
    close(descriptor);
    for (size_t n = 1; !done; n++) {
        failing f = {SIZE_MAX, 0};
        ssm_allocator allocator = {resize_or_fail, &f};
        ssm_context *ctx;
        ssm_table *table = NULL;
        assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
        f.left = n - 1;
        ssm_context_set_threads(ctx, 1);
        ssm_status status = ssm_table_read(ctx, path, NULL, &table);
        done = status == SSM_OK;
        if (done)
            ssm_table_free(table);
        else if (status != SSM_E_MEMORY || table != NULL)
            fail_msg("request %zu: status %d", n, (int)status);
        ssm_context_free(ctx);
        assert_int_equal(f.out, 0);
    }
    unlink(path);
}

/* ---- the public files ---- */

typedef struct entry {
    char path[200], sampling[32], first[32], last[32];
    long rows, columns, missing;
} entry;

/* A field longer than its place would be compared only in part, so it fails. */
static void take_field(char *to, size_t size, const char *field)
{
    const size_t length = strlen(field);
    assert_true(length < size);
    memcpy(to, field, length + 1);
}

/* One line of the manifest: file, rows, columns, sampling, first, last, missing, ... */
static int read_entry(char *line, entry *e)
{
    char *field[7], *p = line;
    for (int i = 0; i < 7; i++) {
        field[i] = p;
        p = strchr(p, '\t');
        if (p == NULL) return 0;
        *p++ = '\0';
    }
    take_field(e->path, sizeof e->path, field[0]);
    take_field(e->sampling, sizeof e->sampling, field[3]);
    take_field(e->first, sizeof e->first, field[4]);
    take_field(e->last, sizeof e->last, field[5]);
    e->rows = atol(field[1]);
    e->columns = atol(field[2]);
    e->missing = atol(field[6]);
    return 1;
}

static void check_sampling(const entry *e, const ssm_table *table)
{
    static const struct {
        const char *name;
        ssm_step step;
    } steps[] = {{"1 year", {SSM_STEP_MONTHS, 12}},
                 {"1 quarter", {SSM_STEP_MONTHS, 3}},
                 {"1 month", {SSM_STEP_MONTHS, 1}},
                 {"-", {SSM_STEP_NONE, 0}}};
    ssm_step expected = {SSM_STEP_NANOSECONDS, atol(e->sampling) * 1000000000L};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(e->sampling, steps[i].name) == 0) expected = steps[i].step;
    }
    if (table->time.step.unit != expected.unit || table->time.step.count != expected.count) {
        fail_msg("%s: step %d %ld", e->path, (int)table->time.step.unit, (long)table->time.step.count);
    }
}

/* The manifest's times have a blank and always a clock; rows out of order make its ends the file's, not ours.
 */
static void check_ends(const entry *e, const ssm_table *table)
{
    const char *expected[2] = {e->first, e->last};
    if (strcmp(e->sampling, "-") == 0 || table->n_backward > 0) return;
    for (int i = 0; i < 2; i++) {
        char text[SSM_TIME_TEXT_SIZE];
        ssm_time_text(table->time, i == 0 ? 0 : (int64_t)table->length - 1, text, sizeof text);
        if (strncmp(text, expected[i], 10) != 0) fail_msg("%s: %s, not %s", e->path, text, expected[i]);
        int whole_day = text[10] == '\0';
        if (strncmp(whole_day ? "00:00:00" : text + 11, expected[i] + 11, 8) != 0) {
            fail_msg("%s: %s, not %s", e->path, text, expected[i]);
        }
    }
}

/* Missing cells as the manifest counts them: among them the suspected sentinels, which the options remove. */
static void check_file(ssm_context *ctx, const char *data, const entry *e)
{
    char path[1024];
    ssm_table *table;
    ssm_table_options options = {.sentinel = 1};
    snprintf(path, sizeof path, "%s/%s", data, e->path);
    if (ssm_table_read(ctx, path, &options, &table) != SSM_OK) fail_msg("%s", ssm_context_message(ctx));
    size_t missing = 0, covered = table->length;
    for (size_t k = 0; k < table->n_columns; k++) {
        int counts = table->column[k].kind == SSM_COLUMN_NUMBER;
        missing += counts ? table->column[k].n_missing : 0;
    }
    if (table->n_rows != (size_t)e->rows || table->n_columns != (size_t)e->columns ||
        missing != (size_t)e->missing) {
        fail_msg("%s: %zu rows, %zu columns, %zu missing", e->path, table->n_rows, table->n_columns, missing);
    }
    assert_int_equal(covered, table->n_rows - table->n_duplicates + table->n_gap_rows);
    check_sampling(e, table);
    check_ends(e, table);
    ssm_table_free(table);
}

static void every_public_file_is_read_as_its_manifest_says(void **state)
{
    const char *data = getenv("SSMCAST_DATA");
    char line[4096], path[1024];
    size_t n = 0;
    if (data == NULL) {
        print_message("SSMCAST_DATA is not set\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/MANIFEST.tsv", data);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        static const char *const folders[] = {"sensors/", "classical/", "ltsf/"};
        entry e;
        if (!read_entry(line, &e) || strstr(e.path, ".json") != NULL) continue;
        for (size_t i = 0; i < 3; i++) {
            if (strncmp(e.path, folders[i], strlen(folders[i])) != 0) continue;
            check_file(*state, data, &e);
            n++;
        }
    }
    fclose(file);
    assert_true(n >= 50);
}

static void a_dirty_sensor_file_is_read_right(void **state)
{
    const char *data = getenv("SSMCAST_DATA");
    char path[1024];
    ssm_table *table;
    if (data == NULL) {
        print_message("SSMCAST_DATA is not set\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/sensors/AirQualityUCI.csv", data);
    assert_int_equal(ssm_table_read(*state, path, NULL, &table), SSM_OK);
    assert_int_equal(table->n_blank_rows, 114);
    assert_true(table->delimiter == ';' && table->decimal == ',');
    assert_true(table->series[0].value[0] == 2.6 && table->series[12].value[0] == 0.7578);
    assert_true(table->series[0].value[9356] == 2.2);
    assert_int_equal(table->column[15].kind, SSM_COLUMN_EMPTY);
    assert_true(table->column[2].sentinel == -200);
    ssm_table_free(table);
}

static void rows_without_a_grid_keep_their_times(void **state)
{
    /* minutes of an hour at random: less than a quarter of any grid is there */
    static const char text[] = "t,v,w\n2024-01-01 00:03,1,9\n2024-01-01 00:40,2,8\n2024-01-01 01:01,3,\n"
                               "2024-01-01 01:01,3,7\n2024-01-01 03:17,4,6\n2024-01-01 03:59,5,5\n";
    static const int minute[] = {3, 40, 61, 197, 239};
    static const char *const forced[] = {NULL, "irregular", "none"};
    char shown[SSM_TIME_TEXT_SIZE];
    for (size_t k = 0; k < 3; k++) {
        ssm_table *table = read_string(*state, text, &(ssm_table_options){.step = forced[k]});
        assert_int_equal(table->length, 5);
        assert_int_equal(table->n_gap_rows, 0);
        assert_int_equal(table->n_duplicates, 1);
        for (size_t i = 0; i < table->n_series; i++) {
            const ssm_series *s = &table->series[i];
            assert_ptr_equal(s->stamp, table->stamp);
            assert_int_equal(s->n_periods, 0);
            for (size_t t = 0; t < 5; t++)
                assert_int_equal(s->stamp[t] - s->stamp[0], (minute[t] - 3) * INT64_C(60000000000));
        }
        assert_true(table->series[1].value[2] == 7);
        assert_int_equal(table->time.step.count, 42 * INT64_C(60000000000)); /* the median */
        ssm_series_time_text(table->series, 4, shown, sizeof shown);
        assert_string_equal(shown, "2024-01-01T03:59:00");
        ssm_table_free(table);
    }
    /* a file that has a grid keeps it unless told otherwise */
    static const char regular[] = "t,v\n2024-01-01,1\n2024-01-02,2\n2024-01-04,4\n";
    ssm_table *table = read_string(*state, regular, NULL);
    assert_null(table->stamp);
    assert_int_equal(table->length, 4);
    ssm_table_free(table);
    table = read_string(*state, regular, &(ssm_table_options){.step = "irregular"});
    assert_int_equal(table->length, 3);
    assert_true(table->stamp[2] - table->stamp[1] == 2 * (table->stamp[1] - table->stamp[0]));
    ssm_table_free(table);
    table = read_string(*state, text, &(ssm_table_options){.step = "1 h"});
    assert_null(table->stamp);
    assert_int_equal(table->length, 4);
    ssm_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_in_many_forms_give_the_grid_they_name),
        cmocka_unit_test(nanosecond_epochs_are_exact),
        cmocka_unit_test(negative_epochs_are_read_when_told),
        cmocka_unit_test(thousands_are_read_where_the_style_is_plain),
        cmocka_unit_test(empty_lines_in_a_single_column_are_missing_rows),
        cmocka_unit_test(names_are_utf8_unique_and_never_empty),
        cmocka_unit_test(sentinels_are_suspected_and_removed_only_when_told),
        cmocka_unit_test(the_digest_is_of_the_bytes_read),
        cmocka_unit_test(files_that_cannot_be_read_are_io_errors),
        cmocka_unit_test(each_allocation_that_fails_is_a_clean_error),
        cmocka_unit_test(every_public_file_is_read_as_its_manifest_says),
        cmocka_unit_test(rows_without_a_grid_keep_their_times),
        cmocka_unit_test(a_dirty_sensor_file_is_read_right),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
