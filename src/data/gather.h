/* The cells of a table, gathered row by row: a time for each row and a double for each number. */
#ifndef SSMCAST_DATA_GATHER_H
#define SSMCAST_DATA_GATHER_H

#include "data/timeline.h"

/* A column while it is read. Columns without a value so far are read as numbers until text shows up. */
typedef struct ssmi_cells {
    size_t column; /* of the file */
    ssm_column_kind kind;
    char group; /* thousands separator seen, 0: none */
    size_t n_values;
} ssmi_cells;

typedef struct ssmi_gather {
    ssm_context *ctx;
    ssm_arena *mem;
    ssmi_notes *notes;
    const char *path;
    const ssm_table_options *options;
    const ssmi_dialect *dialect;
    ssmi_missing missing;
    size_t max_rows;

    size_t sample_rows; /* to decide the schema from */
    ssmi_row *sample;   /* the first rows, until the schema is decided */
    size_t n_sample, sample_bytes;
    int decided;
    ssmi_schema schema;
    ssmi_timeline timeline;

    size_t n_cells;
    ssmi_cells *cells; /* (n_cells) columns that may become series */
    size_t n_rows, capacity;
    double *value; /* (n_rows, n_cells) row-major, NaN missing */
    size_t *line;  /* (n_rows) */

    size_t n_pending;                      /* empty rows that only count if a full one follows */
    size_t n_blank_rows, first_blank_line; /* left out */
    size_t n_odd_blanks, first_odd_line;   /* cells with blanks that are not spaces */
} ssmi_gather;

ssm_status ssmi_gather_init(ssmi_gather *g, ssm_arena *mem, ssmi_notes *notes, const char *path,
                            const ssm_table_options *options, const ssmi_dialect *dialect);
void ssmi_gather_clear(ssmi_gather *g);
ssm_status ssmi_gather_row(void *gather, const ssmi_row *row); /* an ssmi_row_sink */
/* Decides from the rows there are. `complete`: there will be no more. */
ssm_status ssmi_gather_decide(ssmi_gather *g, int complete);
ssm_status ssmi_gather_finish(ssmi_gather *g);

#endif
