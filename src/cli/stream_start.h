/* Where the forecasters of a stream come from, and where they are kept: a state saved before, a history, a
 * model file, a system; and the place of the stream in time. */
#ifndef SSMCAST_CLI_STREAM_START_H
#define SSMCAST_CLI_STREAM_START_H

#include "cli/feed.h"
#include "data/stream.h"

/* A row of a stream has a number on the grid of times: rows left out count as missing, and rows that had
 * been seen before are left out. Without a grid the rows follow each other. */
typedef struct cli_clock {
    int known;
    ssm_time_index index;
    int64_t row;   /* of the last row */
    int irregular; /* rows keep their own times instead */
    int64_t last;  /* time of the last of them */
} cli_clock;

typedef struct cli_stream_origin {
    const cli_request *request;
    const char *load; /* model file, NULL: none */
    const char *step; /* of the rows, as text; NULL: as in the model file */
    double percent;
    size_t horizon;
} cli_stream_origin;

typedef struct cli_flow {
    cli_session *session;
    ssm_arena *arena; /* as long as the stream */
    cli_feed feed;
    cli_clock clock;
    int has_layout;
    ssmi_stream_layout layout;
} cli_flow;

/* From a file of states. The gate is set by the caller. */
ssm_status cli_stream_resume(cli_flow *s, const char *path, const cli_stream_origin *origin);
/* From the history and the model of the origin: with neither model nor system it is fitted. */
ssm_status cli_stream_open_history(cli_flow *s, const cli_stream_origin *origin, const cli_data *data);
/* The first rows of a stream, in which every column has a value. */
typedef struct cli_first_rows {
    size_t n, rows; /* columns, rows */
    const char *const *name;
    const double *value;  /* (rows, n) */
    const int64_t *stamp; /* (rows) their times; NULL: not known */
} cli_first_rows;

/* From these, with a model file or a system. */
ssm_status cli_stream_open_rows(cli_flow *s, const cli_stream_origin *origin, const cli_first_rows *rows);

/* Writes models, states, gates, clock and layout into one file. */
ssm_status cli_stream_save(cli_flow *s, const char *path);

/* The number of the row at a time; 0 when it leaves the range. */
int cli_clock_row(const cli_clock *clock, int64_t stamp, int64_t *row);

#endif
