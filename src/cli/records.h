/* A result as columns and rows, written as CSV, as an aligned table, or as JSON: whatever a command reports
 * row by row. */
#ifndef SSMCAST_CLI_RECORDS_H
#define SSMCAST_CLI_RECORDS_H

#include "base/text.h"
#include "cli/input.h"

typedef enum cli_column_kind {
    CLI_COLUMN_TEXT,
    CLI_COLUMN_NUMBER, /* ten digits */
    CLI_COLUMN_EXACT,  /* as many digits as bring the value back */
    CLI_COLUMN_FLAG    /* 0 or 1 */
} cli_column_kind;

typedef struct cli_records {
    ssm_arena *arena;
    size_t n_columns, n_rows, capacity;
    const char **name;     /* (n_columns) */
    cli_column_kind *kind; /* (n_columns) */
    union cli_record_cell {
        const char *text; /* NULL: empty */
        double number;    /* NaN: empty */
    } * cell;             /* (n_rows, n_columns) */
} cli_records;

/* Room for `most` columns, none yet. */
ssm_status cli_records_init(cli_records *r, size_t most, ssm_arena *arena);
void cli_records_column(cli_records *r, const char *name, cli_column_kind kind); /* the name is borrowed */
/* A row more, all empty; NULL: out of memory. Valid until the next row. */
union cli_record_cell *cli_records_row(cli_records *r);

/* What goes around the rows in JSON, and a title for the table; NULL: none. */
typedef struct cli_records_frame {
    const cli_session *session;
    const ssm_table *table;
    const char *schema, *what, *title;
} cli_records_frame;

/* `format` is one of CLI_FORMAT_CSV, _TEXT, _JSON. */
ssm_status cli_records_write(ssmi_text *out, int format, const cli_records *r,
                             const cli_records_frame *frame);

#endif
