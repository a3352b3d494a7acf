/* Any bytes as a stream of rows: values finite or missing, as many as were promised, or an error with a
 * message. The first byte chooses whether the columns are known and whether bad rows are left out. */
#include "data/stream.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

static ssm_status on_begin(void *user, const ssmi_stream_layout *layout, const char *const *name, size_t n)
{
    size_t *columns = user;
    require(*columns == 0 && n > 0 && n <= layout->width, "a stream begins once, with columns");
    for (size_t i = 0; i < n; i++) require(name[i] != NULL && name[i][0] != '\0', "columns have names");
    *columns = n;
    return SSM_OK;
}

static ssm_status on_row(void *user, const ssmi_stream_row *row)
{
    const size_t *columns = user;
    require(*columns > 0 && row->time != NULL, "rows come after the beginning");
    for (size_t i = 0; i < *columns; i++) require(!isinf(row->value[i]), "values are finite or missing");
    return SSM_OK;
}

static void on_warning(void *user, const char *text)
{
    (void)user;
    require(text[0] != '\0', "a warning has a text");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const name[] = {"t", "a", "b"};
    static const ssm_column_kind kind[] = {SSM_COLUMN_TIME, SSM_COLUMN_NUMBER, SSM_COLUMN_NUMBER};
    static const ssmi_stream_layout known = {3, name, kind, ',', '.', "ymd"};
    static const ssm_table_options options = {.max_field = 1000, .max_columns = 200};
    static char path[] = "/tmp/ssmcast-fuzz-XXXXXX";
    static int file = -1;
    if (size < 1) return 0;
    if (file < 0) file = mkstemp(path);
    require(file >= 0, "a file to work with");
    require(pwrite(file, data + 1, size - 1, 0) == (ssize_t)(size - 1), "writing");
    require(ftruncate(file, (off_t)(size - 1)) == 0, "truncating");
    size_t columns = 0;
    ssm_context *ctx;
    require(ssm_context_new(NULL, &ctx) == SSM_OK, "a context");
    const ssmi_stream_task task = {path, &options, data[0] & 1 ? &known : NULL, data[0] >> 1 & 1};
    const ssmi_stream_sink sink = {on_begin, on_row, on_warning, &columns};
    if (ssmi_stream_read(ctx, &task, &sink) != SSM_OK)
        require(ssm_context_message(ctx)[0] != '\0', "an error has a message");
    ssm_context_free(ctx);
    return 0;
}
