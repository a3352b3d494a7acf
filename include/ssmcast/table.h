/* A table read from delimited text: what its columns are, and its numeric columns as series on one regular
 * time grid, or at times of their own when they keep none.
 *
 *     ssm_table *table;
 *     if (ssm_table_read(ctx, "sensors.csv", NULL, &table) == SSM_OK) {
 *         ... table->series[0] ...
 *         ssm_table_free(table);
 *     }
 *
 * Everything that can be seen in the file is found there: delimiter, decimal mark, header, missing markers,
 * time columns and their format, sampling interval, seasonal periods. What is doubtful is read in the one
 * way that fits and reported in `warning`, or refused with `file:line:column: ...`, where column is the
 * number of the field counted from 1. A value is never shifted, dropped or guessed. */
#ifndef SSMCAST_TABLE_H
#define SSMCAST_TABLE_H

#include <ssmcast/series.h>

SSM_BEGIN_DECLS

typedef enum ssm_column_kind {
    SSM_COLUMN_EMPTY,  /* no cell has a value */
    SSM_COLUMN_NUMBER, /* becomes a series */
    SSM_COLUMN_TEXT,   /* not used */
    SSM_COLUMN_TIME,   /* part of the time index */
    SSM_COLUMN_INDEX,  /* a running row number, not used */
    SSM_COLUMN_SKIPPED /* not among the columns asked for */
} ssm_column_kind;

SSM_API const char *ssm_column_kind_text(ssm_column_kind kind); /* "number", "text", ... */

typedef struct ssm_column {
    const char *name; /* valid UTF-8, unique, never empty; may hold control characters */
    ssm_column_kind kind;
    size_t n_missing;              /* cells without a value, of n_rows */
    double minimum, maximum, mean; /* NUMBER: of the cells with a value; NaN when there is none */
    double sentinel;               /* suspected stand-in for "missing", such as -999; NaN: none */
    size_t n_sentinel;             /* cells that hold it */
} ssm_column;

/* What to do with rows of the same time that differ. */
typedef enum ssm_duplicates {
    SSM_DUPLICATES_AUTO,  /* mean when they are at most 1 % of the rows, with a warning; else an error */
    SSM_DUPLICATES_ERROR, /* refuse, naming both lines */
    SSM_DUPLICATES_FIRST, /* keep the first, in the order of the file */
    SSM_DUPLICATES_LAST,
    SSM_DUPLICATES_MEAN /* mean of the values that are there */
} ssm_duplicates;

/* All zero (or a NULL pointer in place of the struct) means: find out, and use the default limits. */
typedef struct ssm_table_options {
    char delimiter; /* one of , ; tab | or ' ' for runs of blanks; 0: detect */
    char decimal;   /* '.' or ','; 0: detect */
    int header;     /* 1: the first line names the columns, -1: it does not, 0: detect */
    char comment;   /* lines that begin with it are left out; 0: none */
    size_t skip;    /* lines to leave out before the table */
    /* Names (or numbers, from 1) of the time columns, comma separated: "date", "Date,Time",
     * "year,month,day,hour"; "none": the rows are numbered; NULL: detect. */
    const char *time_columns;
    /* ymd dmy mdy ym year quarter excel epoch-s epoch-ms epoch-us epoch-ns; NULL: detect. The three
     * orders of a date take any separator, 2-digit years (1969 to 2068), and a clock time after the date. */
    const char *time_format;
    const char *columns; /* names or numbers of the columns to read as values, comma separated; NULL: all */
    const char *missing; /* further texts that mean missing, comma separated; NULL: none */
    int sentinel;        /* 1: suspected sentinels become missing */
    ssm_duplicates duplicates;
    /* Grid to bring the rows to, as "15 min", "1 h", "1 d", "1 month"; rows that fall in one step are
     * averaged. "irregular" or "none": the rows keep their own times. NULL: the interval found in the file,
     * or their own times when there is none. */
    const char *step;
    size_t max_field;   /* bytes of one field; 0: 1 MiB */
    size_t max_columns; /* 0: 65536 */
    size_t max_rows;    /* 0: 2^31 */
} ssm_table_options;

typedef struct ssm_table {
    const char *path;        /* as given; "-" for the standard input */
    const char *time_format; /* such as "dmy hms" or "epoch-ms"; NULL: no time columns */
    char delimiter, decimal;
    int has_header;
    int is_utc; /* times had an offset and are UTC now; else they are as written */

    size_t n_rows;    /* rows of the file that hold values */
    size_t n_columns; /* columns of the file */
    const ssm_column *column;

    size_t length;       /* rows of the regular grid */
    ssm_time_index time; /* of the regular grid */
    /* (length) times of the rows when they keep no grid: their distances are neither whole multiples of one
     * step nor within a quarter of it. `time` is then a grid of the typical distance. NULL: there is a grid.
     */
    const int64_t *stamp;
    size_t n_series;
    const ssm_series *series; /* one per NUMBER column, in file order, with seasonal periods detected */

    size_t n_gap_rows;   /* rows of the grid that the file does not have */
    size_t n_duplicates; /* rows of the file whose time another row had before */
    size_t n_backward;   /* rows of the file whose time is before that of the row above */
    size_t n_snapped;    /* rows moved to the nearest row of the grid */
    size_t first_duplicate_line, first_backward_line; /* 0: none */
    size_t n_blank_rows;                              /* rows of delimiters only, left out */

    size_t n_warnings;
    const char *const *warning; /* lower case, no full stop, with file and line where there is one */
    char digest[65];            /* SHA-256 of the bytes read, hexadecimal */
} ssm_table;

/* Reads a whole file (`path`, or "-" for the standard input). SSM_E_DATA: unusable content, the message
 * begins with file:line:column; SSM_E_FORMAT: another kind of file (compressed, UTF-16, spreadsheet);
 * SSM_E_IO; SSM_E_ARGUMENT: an option that does not fit the file. Does not depend on the locale. The table
 * owns everything it points to and must be freed before the context. */
SSM_API ssm_status ssm_table_read(ssm_context *ctx, const char *path, const ssm_table_options *options,
                                  ssm_table **out);
SSM_API void ssm_table_free(ssm_table *table); /* NULL is allowed */

/* The series of a column by name or by column number from 1; SSM_E_ARGUMENT names the columns there are. */
SSM_API ssm_status ssm_table_find(const ssm_table *table, const char *name, const ssm_series **out);

SSM_END_DECLS

#endif
