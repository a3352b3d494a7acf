/* Columns that are known beside the series: --exogenous NAMES. NAME@ROWS is a column as it was so many rows
 * before, so that one which is known up to now only can be used: with ROWS no less than the horizon, what is
 * known of it reaches as far as the forecast. */
#ifndef SSMCAST_CLI_EXOGENOUS_H
#define SSMCAST_CLI_EXOGENOUS_H

#include "cli/input.h"

/* The columns to read: those of --column and those of --exogenous; NULL (all) without --column. `out` lives
 * in the arena. */
int cli_columns_with_exogenous(cli_session *session, const cli_input *input, ssm_arena *arena,
                               const char **out);

/* Takes the named columns out of the series and gives them to the others as exogenous rows. Rows at the end
 * on which a series has no value but the exogenous columns do are its future: the series ends before them. */
int cli_take_exogenous(cli_session *session, const char *names, ssm_arena *arena, cli_data *data);

/* Rows of future that all series have, 0 without exogenous columns. */
size_t cli_future_rows(const ssm_series *series, size_t n);

/* Warns when there are exogenous columns and the model does not look at them. */
void cli_warn_unused_exogenous(const cli_session *session, const char *model, const ssm_series *series);

#endif
