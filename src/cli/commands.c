/* The commands, in the order in which help shows them. */
#include "cli/command.h"

#include <string.h>

#define COMMANDS(X)                                                                                          \
    X(inspect) X(forecast) X(fit) X(compare) X(filter) X(stream) X(codegen) X(models) X(manual)

#define DECLARE(name) extern const cli_command cli_##name;
COMMANDS(DECLARE)

#define ADDRESS(name) &cli_##name,
static const cli_command *const commands[] = {COMMANDS(ADDRESS) NULL};

const cli_command *cli_command_at(size_t i)
{
    return i < sizeof commands / sizeof *commands ? commands[i] : NULL;
}

const cli_command *cli_command_find(const char *name)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    }
    return NULL;
}
