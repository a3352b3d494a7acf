/* What `ssmcast stream` writes: CSV, one line for each row, appended to a text that is used again and again.
 *
 *     time,load,load.mean,load.lo-95,load.hi-95,load.z,load.gate,load+1,load+1.lo-95,load+1.hi-95,... */
#ifndef SSMCAST_CLI_STREAM_LINES_H
#define SSMCAST_CLI_STREAM_LINES_H

#include "base/text.h"
#include "cli/feed.h"

typedef struct cli_line_form {
    int timed;      /* rows have times, else numbers */
    double percent; /* of the interval */
    size_t horizon; /* rows ahead that are written, may be 0 */
} cli_line_form;

void cli_line_header(ssmi_text *line, const cli_line_form *form, const char *const *name, size_t n);
/* The time as written; the number where that is empty. */
void cli_line_label(ssmi_text *line, const char *time, size_t number);
/* What came of the last row in column i. */
void cli_line_channel(ssmi_text *line, const cli_line_form *form, const cli_feed *feed, size_t i);
/* A value of which nothing was expected, before there is a model. */
void cli_line_bare(ssmi_text *line, const cli_line_form *form, double value);

#endif
