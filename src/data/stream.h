/* Rows of a table as they come, one at a time, in memory that does not grow: for input without an end.
 *
 *   source (live) -> rows.c -> gather.c, emptied after every row -> sink
 *
 * What the columns are is known beforehand (of a file like it, or of an earlier stream), or decided from the
 * header and the first row of values. The same rules hold as for a whole table: a row is never shifted or
 * guessed, and what cannot be read is an error with line and column. */
#ifndef SSMCAST_DATA_STREAM_H
#define SSMCAST_DATA_STREAM_H

#include "base/arena.h"
#include <ssmcast/table.h>

/* Columns of a stream. */
typedef struct ssmi_stream_layout {
    size_t width;                /* fields of a row */
    const char *const *name;     /* (width) distinct */
    const ssm_column_kind *kind; /* (width) NUMBER: values, TIME: time; others are not looked at */
    char delimiter, decimal;
    const char *time_format; /* as in ssm_table; NULL: not known */
} ssmi_stream_layout;

/* Values and names of the series come in the order of the layout that was given, else in that of the file. */
typedef struct ssmi_stream_row {
    size_t line;
    const char *time; /* the cells of the time as written, "" when there are none */
    int has_stamp;    /* the time could be read without doubt */
    int64_t stamp;
    const double *value; /* (series) NaN missing */
} ssmi_stream_row;

typedef struct ssmi_stream_sink {
    /* Once, before the first row. The layout of this stream and its series are valid until the end. */
    ssm_status (*begin)(void *user, const ssmi_stream_layout *layout, const char *const *name, size_t n);
    ssm_status (*row)(void *user, const ssmi_stream_row *row); /* valid during the call */
    void (*warn)(void *user, const char *text);                /* doubts, and rows left out */
    void *user;
} ssmi_stream_sink;

typedef struct ssmi_stream_task {
    const char *path;                 /* "-": the standard input */
    const ssm_table_options *options; /* as for a table; with `known`, its columns and time are known too */
    const ssmi_stream_layout *known;  /* NULL: decide. The stream may still begin with a header */
    int skip_bad;                     /* leave out, with a warning, rows that cannot be read */
} ssmi_stream_task;

/* Reads to the end, until the sink fails, or until the context's progress callback asks to stop
 * (SSM_E_CANCELLED). An empty stream is SSM_E_DATA unless its layout is known. */
ssm_status ssmi_stream_read(ssm_context *ctx, const ssmi_stream_task *task, const ssmi_stream_sink *sink);

/* The layout of a table that was read, in the arena. */
ssm_status ssmi_stream_layout_of(ssmi_stream_layout *out, const ssm_table *table, ssm_arena *arena);

#endif
