/* Which models compete, as a user writes it: --models kalman,linear:long --set linear:long.lookback=720 */
#ifndef SSMCAST_CLI_ENTRANTS_H
#define SSMCAST_CLI_ENTRANTS_H

#include "cli/command.h"
#include <ssmcast/eval.h>

/* `models`: registered names, comma separated; NAME:LABEL enters a model once more under another label, to
 * be set apart by its options; "all" is every registered model; NULL is all that are not made of others and
 * need no system of the user's. `system`: file of one, NULL: none; the first model that takes one then
 * competes. `set`: LABEL.OPTION=VALUE. Every name, option and value is tried before anything runs. The
 * entrants live in the arena. CLI_OK or the exit status. */
int cli_entrants_of(cli_session *session, const char *models, const char *system, const cli_list *set,
                    ssm_arena *arena, ssm_entrant **entrant, size_t *n);

#endif
