/* Reading a table, as every command that takes a FILE does it. */
#ifndef SSMCAST_CLI_INPUT_H
#define SSMCAST_CLI_INPUT_H

#include "cli/command.h"
#include <ssmcast/table.h>

typedef struct cli_input {
    const char *columns, *time, *time_format, *delimiter, *decimal, *missing, *step, *comment, *period,
        *exogenous;
    int header, duplicates, sentinel;
    size_t skip;
} cli_input;

extern const cli_option cli_input_options[];

/* What a command works on: the table and its series, with the periods that the user gave or that were
 * detected. The table is freed with the arena. */
typedef struct cli_data {
    ssm_table *table;
    size_t n_series;
    ssm_series *series;
} cli_data;

/* What was asked for as options of the reader. CLI_OK, or CLI_USAGE after a message. */
int cli_table_options(const cli_input *input, ssm_table_options *out);

/* Reads the table, shows its warnings, and requires at least one numeric column. CLI_OK or the exit status.
 */
int cli_read(cli_session *session, const cli_input *input, const char *path, ssm_arena *arena, cli_data *out);

/* "0.1,0.5,0.9" into at most `room` numbers within [minimum, maximum]. CLI_OK, or CLI_USAGE after a message.
 */
int cli_parse_numbers(const char *option, const char *text, double minimum, double maximum, size_t room,
                      double *out, size_t *n);

#endif
