/* Arguments into an options struct, by the tables. */
#include "cli/command.h"

#include "base/suggest.h"
#include "forecast/options.h"

#include <stddef.h>
#include <string.h>

static const cli_option common_options[] = {
    {"help", 'h', NULL, "show this help", CLI_FLAG, offsetof(cli_common, help), NULL, 0, 0, NULL},
    {"quiet", 'q', NULL, "no warnings or notes on standard error", CLI_FLAG, offsetof(cli_common, quiet),
     NULL, 0, 0, NULL},
    {"threads", 0, "N", "threads to use, 0 for all processors; results do not depend on it", CLI_SIZE,
     offsetof(cli_common, threads), "0", 0, 256, NULL},
    {"seed", 0, "N", "seed of everything random; same seed, same output", CLI_SIZE,
     offsetof(cli_common, seed), "1", 0, 9007199254740991.0, NULL},
    {0}};
const cli_group cli_common_groups[] = {{"Common options", common_options, 0}, {0}};

/* An option and the field that it fills. */
typedef struct target {
    const cli_option *option;
    void *field;
} target;

typedef struct search {
    const cli_command *command;
    void *options;
    cli_common *common;
} search;

static target find_in(const cli_group *groups, void *fields, const char *name, size_t length, char letter)
{
    for (const cli_group *group = groups; group->options != NULL; group++) {
        for (const cli_option *option = group->options; option->name != NULL; option++) {
            int hit = letter != 0 ? option->letter == letter
                                  : strlen(option->name) == length && memcmp(option->name, name, length) == 0;
            if (hit) return (target){option, (char *)fields + group->base + option->offset};
        }
    }
    return (target){NULL, NULL};
}

static target find(const search *s, const char *name, size_t length, char letter)
{
    target found = find_in(s->command->groups, s->options, name, length, letter);
    return found.option != NULL ? found : find_in(cli_common_groups, s->common, name, length, letter);
}

static void nearest_in(const cli_group *groups, const char *word, const char **meant, size_t *best)
{
    for (const cli_group *group = groups; group->options != NULL; group++) {
        for (const cli_option *option = group->options; option->name != NULL; option++) {
            if (ssmi_suggest(word, option->name, best)) *meant = option->name;
        }
    }
}

static int unknown_option(const search *s, const char *argument)
{
    const char *meant = NULL;
    size_t best = (size_t)-1;
    nearest_in(s->command->groups, argument + 2, &meant, &best);
    nearest_in(cli_common_groups, argument + 2, &meant, &best);
    if (argument[1] == '-' && meant != NULL) {
        cli_error("%s has no option \"%s\"; did you mean \"--%s\"?", s->command->name, argument, meant);
    } else {
        cli_error("%s has no option \"%s\"; see \"ssmcast %s --help\"", s->command->name, argument,
                  s->command->name);
    }
    return CLI_USAGE;
}

static int store_scalar(cli_session *session, target t, const char *value)
{
    static const ssm_option_kind kinds[] = {
        [CLI_SIZE] = SSM_OPTION_SIZE, [CLI_REAL] = SSM_OPTION_REAL, [CLI_CHOICE] = SSM_OPTION_CHOICE};
    const cli_option *o = t.option;
    ssm_option option = {o->name, o->help, kinds[o->kind], 0, o->initial, o->minimum, o->maximum, o->choices};
    ssm_status status = ssmi_option_parse(session->ctx, &option, t.field, value);
    return status == SSM_OK ? CLI_OK : cli_fail(session, status);
}

static int store_item(target t, const char *value)
{
    cli_list *list = t.field;
    if (list->n == CLI_LIST_SIZE) {
        cli_error("option \"--%s\" is given more than %d times", t.option->name, CLI_LIST_SIZE);
        return CLI_USAGE;
    }
    list->item[list->n++] = value;
    return CLI_OK;
}

static int store(cli_session *session, target t, const char *value)
{
    if (t.option->kind == CLI_LIST) return store_item(t, value);
    if (t.option->kind == CLI_FLAG) {
        *(int *)t.field = 1;
    } else if (t.option->kind == CLI_TEXT) {
        *(const char **)t.field = value;
    } else {
        return store_scalar(session, t, value);
    }
    return CLI_OK;
}

static int set_defaults(cli_session *session, const cli_group *groups, void *fields)
{
    for (const cli_group *group = groups; group->options != NULL; group++) {
        for (const cli_option *option = group->options; option->name != NULL; option++) {
            if (option->initial == NULL) continue;
            int failed = store(session, (target){option, (char *)fields + group->base + option->offset},
                               option->initial);
            if (failed) return failed;
        }
    }
    return CLI_OK;
}

/* The option at `argument`; *value is what stands behind '=' (or behind the letter), else NULL. */
static target look_up(const search *s, const char *argument, const char **value)
{
    if (argument[1] != '-') {
        *value = argument[2] != '\0' ? argument + 2 : NULL;
        return find(s, NULL, 0, argument[1]);
    }
    const char *equals = strchr(argument, '=');
    *value = equals != NULL ? equals + 1 : NULL;
    return find(s, argument + 2, equals != NULL ? (size_t)(equals - argument) - 2 : strlen(argument) - 2, 0);
}

/* One option at argv[*i]; its value may be in the next argument. */
static int take_option(cli_session *session, const search *s, int argc, char **argv, int *i)
{
    const char *value;
    target t = look_up(s, argv[*i], &value);
    if (t.option == NULL) return unknown_option(s, argv[*i]);
    if (t.option->kind == CLI_FLAG && value != NULL) {
        cli_error("option \"--%s\" takes no value", t.option->name);
        return CLI_USAGE;
    }
    if (t.option->kind != CLI_FLAG && value == NULL) {
        value = ++*i < argc ? argv[*i] : NULL;
        if (value == NULL) {
            cli_error("option \"--%s\" needs a value: %s", t.option->name, t.option->value);
            return CLI_USAGE;
        }
    }
    return store(session, t, value);
}

static int check_operands(const cli_command *command, size_t n)
{
    if (n >= command->min_operands && n <= command->max_operands) return CLI_OK;
    if (n < command->min_operands) {
        cli_error("%s needs %s; see \"ssmcast %s --help\"", command->name, command->operands, command->name);
    } else {
        cli_error("%s takes at most %zu operand%s, found %zu", command->name, command->max_operands,
                  command->max_operands == 1 ? "" : "s", n);
    }
    return CLI_USAGE;
}

int cli_parse(cli_session *session, const cli_command *command, void *options, cli_common *common, int argc,
              char **argv, size_t *n_operands)
{
    search s = {command, options, common};
    size_t n = 0;
    int only_operands = 0, failed = set_defaults(session, command->groups, options);
    if (!failed) failed = set_defaults(session, cli_common_groups, common);
    for (int i = 0; i < argc && !failed; i++) {
        if (only_operands || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[n++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_operands = 1;
        } else {
            failed = take_option(session, &s, argc, argv, &i);
        }
    }
    if (common->help) return CLI_OK;
    *n_operands = n;
    return failed ? failed : check_operands(command, n);
}
