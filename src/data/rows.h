/* Rows of delimited text: libcsv's parser behind a filter, with line numbers, limits and quotes that are
 * never guessed.
 *
 *   source -> blocks -> filter -> libcsv -> one row at a time -> sink
 *
 * The filter is for what libcsv does not know: lines to skip, comment lines, runs of blanks as delimiter. */
#ifndef SSMCAST_DATA_ROWS_H
#define SSMCAST_DATA_ROWS_H

#include "data/source.h"
#include <ssmcast/table.h>

typedef struct ssmi_field {
    const char *text; /* NUL-terminated, and may hold NUL no more than it did in the file */
    size_t length;
} ssmi_field;

typedef struct ssmi_row {
    size_t line; /* where it begins, from 1 */
    size_t n;    /* 0: a line without anything */
    const ssmi_field *field;
} ssmi_row;

/* Called for each row in order; the row is valid during the call. */
typedef ssm_status (*ssmi_row_sink)(void *user, const ssmi_row *row);

typedef struct ssmi_dialect {
    char delimiter; /* ' ': runs of blanks and tabs */
    char decimal;
    int decimal_given;
    char comment;
    size_t skip_lines; /* before the table, among them a line `sep=;` */
    size_t skip_bytes; /* of a byte order mark */
    size_t max_field, max_columns;
} ssmi_dialect;

/* Reads the rest of the source, whose first `n_head` bytes are already in `head`. SSM_E_DATA names line and
 * column. `mixed_ends` tells whether lines end in more than one way. */
ssm_status ssmi_rows_read(ssmi_source *source, const unsigned char *head, size_t n_head,
                          const ssmi_dialect *dialect, ssmi_row_sink sink, void *user, ssm_arena *mem,
                          int *mixed_ends);

/* Line of field i of a row (fields may hold line ends). */
size_t ssmi_row_line(const ssmi_row *row, size_t i);

/* The text of a field, shortened and with control characters escaped, for a message. */
const char *ssmi_quote(char *out, size_t size, const char *text, size_t length);

/* Finds what the options leave open: byte order mark, a line `sep=;`, delimiter and decimal mark, from the
 * first bytes of the file. */
ssm_status ssmi_dialect_detect(ssm_context *ctx, const char *path, const unsigned char *head, size_t n,
                               const ssm_table_options *options, ssmi_dialect *out);

#endif
