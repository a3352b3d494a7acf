#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/rows.h"
#include <ssmcast/table.h>

static void write_bytes(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void make_name(char path[64])
{
    strcpy(path, "/tmp/ssmcast-rows-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
}

/* Padding in front moves every feature of the file over the border between two blocks. */
static void a_feature_on_a_block_border_is_read_the_same(void **state)
{
    enum { BLOCK = 1 << 16 };
    static char bytes[BLOCK + 512];
    static const char row[] = "2024-01-01,\"1,\"\"\r\n\"\"\",1.5\r\n", head[] = "date,text,v\r\n";
    char path[64];
    ssm_context *ctx;
    (void)state;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    make_name(path);
    for (size_t shift = 0; shift < sizeof row + 4; shift++) {
        ssm_table *table;
        size_t used = 0, pad = BLOCK - shift - sizeof head - 40;
        memcpy(bytes, head, sizeof head - 1);
        used = sizeof head - 1;
        memcpy(bytes + used, "2023-12-31,", 11);
        memset(bytes + used + 11, 'x', pad);
        used += 11 + pad;
        memcpy(bytes + used, ",0.5\r\n", 6);
        used += 6;
        memcpy(bytes + used, row, sizeof row - 1);
        used += sizeof row - 1;
        memcpy(bytes + used, "2024-01-02,,2.5\r\n", 17);
        used += 17;
        write_bytes(path, bytes, used);
        if (ssm_table_read(ctx, path, NULL, &table) != SSM_OK)
            fail_msg("%zu: %s", shift, ssm_context_message(ctx));
        assert_int_equal(table->length, 3);
        assert_int_equal(table->n_warnings, 0);
        assert_true(table->series[0].value[0] == 0.5 && table->series[0].value[1] == 1.5 &&
                    table->series[0].value[2] == 2.5);
        ssm_table_free(table);
    }
    unlink(path);
    ssm_context_free(ctx);
}

/* What a sink saw. */
typedef struct seen {
    char text[4096];
    size_t n_rows;
} seen;

static ssm_status remember(void *user, const ssmi_row *row)
{
    seen *s = user;
    size_t used = strlen(s->text);
    used += (size_t)snprintf(s->text + used, sizeof s->text - used, "%zu", row->line);
    for (size_t i = 0; i < row->n; i++) {
        used += (size_t)snprintf(s->text + used, sizeof s->text - used, "[%s]", row->field[i].text);
    }
    snprintf(s->text + used, sizeof s->text - used, "\n");
    s->n_rows++;
    return SSM_OK;
}

static ssm_status read_text(const char *bytes, size_t length, ssmi_dialect dialect, seen *out)
{
    static unsigned char head[SSMI_SOURCE_BLOCK];
    char path[64];
    ssm_context *ctx;
    ssm_arena mem;
    ssmi_source source;
    int mixed;
    size_t n;
    make_name(path);
    write_bytes(path, bytes, length);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&mem, ctx);
    assert_int_equal(ssmi_source_open(&source, ctx, path), SSM_OK);
    assert_int_equal(ssmi_source_read(&source, head, sizeof head, &n), SSM_OK);
    *out = (seen){.text = ""};
    dialect.max_field = 1000;
    dialect.max_columns = 100;
    ssm_status status = ssmi_rows_read(&source, head, n, &dialect, remember, out, &mem, &mixed);
    ssmi_source_close(&source);
    ssmi_arena_clear(&mem);
    ssm_context_free(ctx);
    unlink(path);
    return status;
}

static void rows_have_the_fields_and_lines_of_the_file(void **state)
{
    static const struct {
        const char *bytes;
        ssmi_dialect dialect;
        const char *seen;
    } cases[] = {
        {"a,b\n1,2\n", {.delimiter = ','}, "1[a][b]\n2[1][2]\n"},
        {"a,b\r\n1,2\r\n\r\n3,", {.delimiter = ','}, "1[a][b]\n2[1][2]\n3\n4[3][]\n"},
        {"a\rb\r\rc", {.delimiter = ','}, "1[a]\n2[b]\n3\n4[c]\n"},
        {"\"x\ny\",1\nb,2\n", {.delimiter = ','}, "1[x\ny][1]\n3[b][2]\n"},
        {"\"x\r\ny\r\",1\nb,2\n", {.delimiter = ','}, "1[x\r\ny\r][1]\n4[b][2]\n"},
        {"a\t\tb\n\t\t\n", {.delimiter = '\t'}, "1[a][][b]\n2[][][]\n"},
        {"  a  \t b\n\n c d  \n\"e  f\"   g\n", {.delimiter = ' '}, "1[a][b]\n2\n3[c][d]\n4[e  f][g]\n"},
        {"#c \"1\na,b\n  # \"\n1,#\n", {.delimiter = ',', .comment = '#'}, "2[a][b]\n4[1][#]\n"},
        {"x\ny\r\nz\rt,u\n", {.delimiter = ',', .skip_lines = 3}, "4[t][u]\n"},
        {"x\r\n\r\nt,u\n", {.delimiter = ',', .skip_lines = 1}, "2\n3[t][u]\n"},
        {"\xEF\xBB\xBF"
         "a,b\n",
         {.delimiter = ',', .skip_bytes = 3},
         "1[a][b]\n"},
        {"a,b\n1,2\n\x1A", {.delimiter = ','}, "1[a][b]\n2[1][2]\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        seen s;
        assert_int_equal(read_text(cases[i].bytes, strlen(cases[i].bytes), cases[i].dialect, &s), SSM_OK);
        assert_string_equal(s.text, cases[i].seen);
    }
}

static void text_for_messages_is_short_and_without_control_characters(void **state)
{
    char out[24];
    (void)state;
    assert_string_equal(ssmi_quote(out, sizeof out, "plain", 5), "plain");
    assert_string_equal(ssmi_quote(out, sizeof out, "\x1B[2J\n", 5), "\\x1b[2J\\x0a");
    for (size_t size = 12; size <= sizeof out; size++) {
        memset(out, 'x', sizeof out);
        ssmi_quote(out, size, "\n\n\n\n\n\n\n\n\n\n", 10);
        assert_true(strlen(out) < size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_the_fields_and_lines_of_the_file),
        cmocka_unit_test(a_feature_on_a_block_border_is_read_the_same),
        cmocka_unit_test(text_for_messages_is_short_and_without_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
