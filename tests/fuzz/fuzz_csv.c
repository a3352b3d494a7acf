/* Any bytes, read under options that the first four bytes choose, give a table that keeps its promises or an
 * error with a message. Run with a corpus folder: fuzz_csv -max_len=4096 corpus/ */
#include <ssmcast/table.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

static void check_series(const ssm_table *table)
{
    for (size_t i = 0; i < table->n_series; i++) {
        const ssm_series *s = &table->series[i];
        require(s->length == table->length && s->length > 0, "series are as long as the grid");
        require(s->name != NULL && s->name[0] != '\0', "series have names");
        for (size_t t = 0; t < s->length; t++) require(!isinf(s->value[t]), "values are finite or missing");
        for (size_t k = 0; k < s->n_periods; k++) {
            require(s->period[k] >= 2 && 2 * s->period[k] <= s->length, "periods fit twice");
            require(k == 0 || s->period[k] > s->period[k - 1], "periods ascend");
        }
    }
}

static void check_table(const ssm_table *table)
{
    size_t numbers = 0;
    char text[SSM_TIME_TEXT_SIZE];
    for (size_t k = 0; k < table->n_columns; k++) {
        const ssm_column *c = &table->column[k];
        numbers += c->kind == SSM_COLUMN_NUMBER;
        require(c->n_missing <= table->n_rows, "no more missing cells than rows");
        require(isnan(c->minimum) || c->minimum <= c->maximum, "minimum and maximum are in order");
        require(c->name[0] != '\0', "columns have names");
    }
    require(numbers == table->n_series, "every number column is a series");
    require(strlen(table->digest) == 64, "the digest is complete");
    require(table->n_gap_rows < table->length, "gaps are fewer than rows");
    for (int64_t t = -1; t <= (int64_t)table->length; t++) {
        if (t == 100) t = (int64_t)table->length;
        ssm_time_text(table->time, t, text, sizeof text);
        require(strlen(text) < sizeof text, "times fit their text");
    }
    check_series(table);
}

static ssm_table_options choose_options(const uint8_t *byte)
{
    static const char delimiters[] = {0, 0, 0, ',', ';', '\t', '|', ' '};
    static const char *const times[] = {NULL, NULL, NULL, "none", "1", "1,2", "1,2,3,4", "date"};
    static const char *const formats[] = {NULL, NULL, NULL, "ymd", "dmy", "mdy", "epoch-s", "excel"};
    static const char *const steps[] = {NULL, NULL, NULL, NULL, "1 h", "1 d", "1 month", "15 min"};
    return (ssm_table_options){.delimiter = delimiters[byte[0] & 7],
                               .time_columns = times[byte[0] >> 3 & 7],
                               .decimal = byte[0] >> 6 == 3 ? ',' : '\0',
                               .time_format = formats[byte[1] & 7],
                               .step = steps[byte[1] >> 3 & 7],
                               .header = (byte[1] >> 6) % 3 - 1,
                               .duplicates = (ssm_duplicates)(byte[2] % 5),
                               .sentinel = byte[2] >> 7,
                               .comment = (byte[2] & 64) ? '#' : '\0',
                               .columns = (byte[3] & 7) == 7 ? "2" : NULL,
                               .skip = (byte[3] >> 3 & 3) == 3 ? 1 : 0,
                               .max_field = 1000,
                               .max_columns = 200,
                               .max_rows = 5000};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[] = "/tmp/ssmcast-fuzz-XXXXXX";
    static int file = -1;
    if (size < 4) return 0;
    if (file < 0) file = mkstemp(path);
    require(file >= 0, "a file to work with");
    require(pwrite(file, data + 4, size - 4, 0) == (ssize_t)(size - 4), "writing");
    require(ftruncate(file, (off_t)(size - 4)) == 0, "truncating");

    ssm_context *ctx;
    ssm_table *table;
    ssm_table_options options = choose_options(data);
    require(ssm_context_new(NULL, &ctx) == SSM_OK, "a context");
    ssm_context_set_threads(ctx, 1);
    ssm_status status = ssm_table_read(ctx, path, &options, &table);
    if (status == SSM_OK) {
        check_table(table);
        ssm_table_free(table);
    } else {
        require(ssm_context_message(ctx)[0] != '\0', "an error has a message");
    }
    ssm_context_free(ctx);
    return 0;
}
