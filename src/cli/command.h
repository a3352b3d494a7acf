/* The command line as tables: a command is a row, its options are rows, and parsing, --help, the man page
 * and the shell completions are generated from them.
 *
 * Adding a command: one file src/cli/<name>.c that defines `const cli_command cli_<name>`, and one line in
 * the list in commands.c. */
#ifndef SSMCAST_CLI_COMMAND_H
#define SSMCAST_CLI_COMMAND_H

#include "base/arena.h"

#include <stdio.h>

/* Exit status (also of the functions below). */
enum { CLI_OK = 0, CLI_PARTIAL = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130 };

typedef enum cli_kind {
    CLI_FLAG,   /* int, 1 when given; takes no value */
    CLI_TEXT,   /* const char *, NULL when not given and `initial` is NULL */
    CLI_SIZE,   /* size_t */
    CLI_REAL,   /* double */
    CLI_CHOICE, /* int, index into `choices` */
    CLI_LIST    /* cli_list: may be given several times */
} cli_kind;

enum { CLI_LIST_SIZE = 64 };
typedef struct cli_list {
    size_t n;
    const char *item[CLI_LIST_SIZE];
} cli_list;

typedef struct cli_option {
    const char *name;  /* without the dashes; NULL ends a table */
    char letter;       /* short form, 0: none */
    const char *value; /* what help calls the value, such as "FILE"; NULL for a flag */
    const char *help;  /* lower case, no full stop */
    cli_kind kind;
    size_t offset;              /* into the group's struct */
    const char *initial;        /* default as text; NULL: zero */
    double minimum, maximum;    /* SIZE, REAL */
    const char *const *choices; /* CHOICE */
} cli_option;

/* Options that belong together, possibly shared between commands; `base` is where the group's struct lies
 * inside the command's options struct. */
typedef struct cli_group {
    const char *title;
    const cli_option *options; /* NULL ends the list of groups */
    size_t base;
} cli_group;

/* What a running command has at hand. */
typedef struct cli_session {
    ssm_context *ctx;
    int argc;
    char **argv;          /* the whole command line, for records */
    int interactive;      /* standard error is a terminal: progress may be shown */
    int quiet;            /* --quiet: warnings and notes are kept back */
    const char *stage;    /* of the progress shown last */
    double stage_seconds; /* when it began */
} cli_session;

typedef struct cli_command {
    const char *name, *summary; /* summary: one line, lower case, no full stop */
    const char *operands;       /* "FILE" */
    const char *description;    /* paragraphs for --help and the man page */
    const char *examples;       /* lines "command\n    what it does\n" */
    const cli_group *groups;
    size_t options_size;
    size_t min_operands, max_operands;
    int (*run)(cli_session *session, void *options, size_t n, char **operands);
} cli_command;

const cli_command *cli_command_at(size_t i); /* NULL past the end */
const cli_command *cli_command_find(const char *name);

/* Options of every command. */
typedef struct cli_common {
    int help, quiet;
    size_t threads, seed;
} cli_common;
extern const cli_group cli_common_groups[];

/* Fills `options` (and `common`) from the arguments after the command's name; operands are moved to the
 * front of argv and counted. CLI_OK, or CLI_USAGE after a message on standard error. */
int cli_parse(cli_session *session, const cli_command *command, void *options, cli_common *common, int argc,
              char **argv, size_t *n_operands);

void cli_print_help(FILE *out, const cli_command *command); /* NULL: the whole program's help */

/* Messages on standard error. cli_error adds the program's name; cli_fail reports the context's message and
 * gives the exit status that belongs to the status. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cli_warn(const cli_session *session, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_fail(const cli_session *session, ssm_status status);

/* `text` with control characters and invalid UTF-8 made visible, for a terminal; in the arena. NULL: out of
 * memory. */
const char *cli_printable(ssm_arena *arena, const char *text);

#endif
