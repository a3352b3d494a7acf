/* `ssmcast manual`: the man page and the shell completions, from the tables of commands and options. The
 * build runs it; installation puts the results in place. */
#include "cli/command.h"

#include <stddef.h>
#include <string.h>

typedef struct manual_options {
    int format;
} manual_options;

/* Calls visit for every option that a command takes, its own first. */
static void each_option(const cli_command *command, void (*visit)(const cli_option *option))
{
    const cli_group *const lists[] = {command->groups, cli_common_groups};
    for (size_t k = 0; k < 2; k++) {
        for (const cli_group *group = lists[k]; group->options != NULL; group++) {
            for (const cli_option *option = group->options; option->name != NULL; option++) visit(option);
        }
    }
}

/* Text for troff: a backslash and a leading dot or quote have meanings there, and a minus is a hyphen. */
static void troff(const char *text)
{
    int at_start = 1;
    for (; *text != '\0'; text++) {
        if (at_start && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
        if (*text == '-') {
            fputs("\\-", stdout);
        } else if (*text == '\\') {
            fputs("\\e", stdout);
        } else {
            putchar(*text);
        }
        at_start = *text == '\n';
    }
}

static void man_option(const cli_option *option)
{
    fputs(".TP\n\\fB", stdout);
    if (option->letter != 0) printf("\\-%c\\fR, \\fB", option->letter);
    fputs("\\-\\-", stdout);
    troff(option->name);
    fputs("\\fR", stdout);
    if (option->value != NULL) printf(" \\fI%s\\fR", option->value);
    putchar('\n');
    troff(option->help);
    for (size_t i = 0; option->kind == CLI_CHOICE && option->choices[i] != NULL; i++) {
        fputs(i > 0 ? ", " : ": ", stdout);
        troff(option->choices[i]);
    }
    if (option->initial != NULL) {
        fputs(" [", stdout);
        troff(option->initial);
        putchar(']');
    }
    putchar('\n');
}

static void man_command(const cli_command *command)
{
    printf(".SS ssmcast %s %s\n", command->name, command->operands);
    troff(command->description);
    putchar('\n');
    each_option(command, man_option);
    if (command->examples == NULL) return;
    fputs(".PP\nExamples:\n.nf\n", stdout);
    troff(command->examples);
    fputs(".fi\n", stdout);
}

/* Of core/statespace_json.h, for the person who writes such a file. */
static const struct {
    const char *key, *help;
} system_keys[] = {
    {"Z (p, n)", "how the p columns read the n states"},
    {"T (n, n)", "transition: the states of the next row are T times those of this one"},
    {"Q (r, r)", "variance of the r shocks to the states; left out: no shocks"},
    {"R (n, r)", "which states the shocks move; left out: every state has its own, r = n"},
    {"H (p, p)", "variance of the observation errors; left out: zero"},
    {"c (n), d (p)",
     "constants added to the states of the next row, and to the observations; left out: zero"},
    {"a1 (n), P1 (n, n)", "mean and variance of the first state; left out: zero"},
    {"diffuse",
     "true, false, or a list of them, one per state: a start of unknown size, treated exactly; left "
     "out: true unless P1 is given"},
    {"P1inf (n, n)", "diffuse part of the start as a matrix, instead of diffuse"},
    {"states", "list of the names of the n states"},
    {"scale", "factor of H, Q and P1, or \"estimate\": found by maximum likelihood; left out: 1"},
    {"n, p, r", "sizes, only checked"},
    {"comment", "text that is not looked at"},
};

static void man_system(void)
{
    fputs(
        ".SH SYSTEM FILES\nThe file of \\fB\\-\\-system\\fR is a JSON object. A matrix is a list of rows; "
        "one with a single row or column may be a plain list, one with a single entry a number. Only Z and T "
        "must be there.\n",
        stdout);
    for (size_t i = 0; i < sizeof system_keys / sizeof *system_keys; i++) {
        printf(".TP\n\\fB%s\\fR\n", system_keys[i].key);
        troff(system_keys[i].help);
        putchar('\n');
    }
    fputs(".PP\nA level with a slope:\n.PP\n.nf\n", stdout);
    troff("{\"states\": [\"level\", \"slope\"], \"Z\": [1, 0], \"H\": 15099,\n"
          " \"T\": [[1, 1], [0, 1]], \"Q\": [[1469, 0], [0, 10]]}\n");
    fputs(".fi\n", stdout);
}

static void print_man(void)
{
    printf(".TH SSMCAST 1 \"\" \"ssmcast %s\" \"User Commands\"\n"
           ".SH NAME\nssmcast \\- forecasts time series with classical and selective state\\-space models\n"
           ".SH SYNOPSIS\n.B ssmcast\n\\fICOMMAND\\fR [\\fIoptions\\fR] [\\fIoperands\\fR]\n"
           ".SH COMMANDS\n",
           ssm_version());
    for (size_t i = 0; cli_command_at(i) != NULL; i++) man_command(cli_command_at(i));
    man_system();
    fputs(".SH EXIT STATUS\n0 done, 1 ran but something failed, 2 wrong usage or unusable input, 130 "
          "interrupted.\n"
          ".SH ENVIRONMENT\n.TP\nSSMCAST_ISA\nportable, avx2 or avx512: use no wider vector instructions "
          "than that\n",
          stdout);
}

static void bash_option(const cli_option *option)
{
    printf(" --%s", option->name);
}

static void print_bash(void)
{
    fputs("# bash completion for ssmcast\n_ssmcast()\n{\n    local words\n    COMPREPLY=()\n    case "
          "${COMP_WORDS[1]} in\n",
          stdout);
    for (size_t i = 0; cli_command_at(i) != NULL; i++) {
        printf("    %s) words=\"", cli_command_at(i)->name);
        each_option(cli_command_at(i), bash_option);
        fputs("\" ;;\n", stdout);
    }
    fputs("    *) words= ;;\n    esac\n    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W "
          "\"",
          stdout);
    for (size_t i = 0; cli_command_at(i) != NULL; i++) printf("%s ", cli_command_at(i)->name);
    fputs("--help --version\" -- \"$2\"))\n    elif [[ $2 == -* ]]; then\n"
          "        COMPREPLY=($(compgen -W \"$words\" -- \"$2\"))\n    fi\n}\n"
          "complete -o default -F _ssmcast ssmcast\n",
          stdout);
}

/* Help text inside single quotes, with what zsh and fish would read as syntax escaped. */
static void quoted(const char *text, const char *special)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs("'\\''", stdout);
            continue;
        }
        if (strchr(special, *text) != NULL) putchar('\\');
        putchar(*text);
    }
}

static void zsh_option(const cli_option *option)
{
    printf(" \\\n            '--%s[", option->name);
    quoted(option->help, "[]:");
    fputs(option->value == NULL ? "]'" : "]:value:_files'", stdout);
}

static void print_zsh(void)
{
    fputs("#compdef ssmcast\n_ssmcast() {\n    local -a commands\n    commands=(", stdout);
    for (size_t i = 0; cli_command_at(i) != NULL; i++) {
        printf("\n        '%s:", cli_command_at(i)->name);
        quoted(cli_command_at(i)->summary, ":");
        putchar('\'');
    }
    fputs(")\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n"
          "    case ${words[2]} in\n",
          stdout);
    for (size_t i = 0; cli_command_at(i) != NULL; i++) {
        printf("    %s)\n        _arguments", cli_command_at(i)->name);
        each_option(cli_command_at(i), zsh_option);
        fputs(" \\\n            '*:file:_files'\n        ;;\n", stdout);
    }
    fputs("    esac\n}\n_ssmcast \"$@\"\n", stdout);
}

static void fish_options(const cli_command *command)
{
    const cli_group *const lists[] = {command->groups, cli_common_groups};
    for (size_t k = 0; k < 2; k++) {
        for (const cli_group *group = lists[k]; group->options != NULL; group++) {
            for (const cli_option *option = group->options; option->name != NULL; option++) {
                printf("complete -c ssmcast -n '__fish_seen_subcommand_from %s' -l %s%s -d '", command->name,
                       option->name, option->value != NULL ? " -r" : "");
                quoted(option->help, "\\");
                fputs("'\n", stdout);
            }
        }
    }
}

static void print_fish(void)
{
    fputs("# fish completion for ssmcast\n", stdout);
    for (size_t i = 0; cli_command_at(i) != NULL; i++) {
        printf("complete -c ssmcast -n __fish_use_subcommand -a %s -d '", cli_command_at(i)->name);
        quoted(cli_command_at(i)->summary, "\\");
        fputs("'\n", stdout);
        fish_options(cli_command_at(i));
    }
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    static void (*const printers[])(void) = {print_man, print_bash, print_zsh, print_fish};
    const manual_options *options = options_;
    (void)session;
    (void)n;
    (void)operands;
    printers[options->format]();
    return CLI_OK;
}

static const char *const formats[] = {"man", "bash", "zsh", "fish", NULL};
static const cli_option options_table[] = {{"format", 'f', "FORMAT", "what to print", CLI_CHOICE,
                                            offsetof(manual_options, format), "man", 0, 0, formats},
                                           {0}};
static const cli_group groups[] = {{"Options", options_table, 0}, {0}};

const cli_command cli_manual = {
    .name = "manual",
    .summary = "prints the man page or a shell completion",
    .operands = "",
    .description = "Prints the manual page, or the completion script of a shell, made from the tables that "
                   "the program itself\n"
                   "reads its options by.",
    .examples = "  ssmcast manual | man -l -\n"
                "  ssmcast manual --format bash > ~/.local/share/bash-completion/completions/ssmcast\n",
    .groups = groups,
    .options_size = sizeof(manual_options),
    .min_operands = 0,
    .max_operands = 0,
    .run = run,
};
