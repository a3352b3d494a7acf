/* `ssmcast models`: what is registered, from the registry's tables. */
#include "cli/command.h"

#include <jansson.h>
#include <ssmcast/forecast.h>

#include <stddef.h>
#include <string.h>

typedef struct models_options {
    int format;
} models_options;

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static const struct {
    unsigned flag;
    const char *name;
} capabilities[] = {{SSM_CAP_MISSING, "missing"},     {SSM_CAP_GLOBAL, "global"},
                    {SSM_CAP_DIRECT, "direct"},       {SSM_CAP_ONLINE, "online"},
                    {SSM_CAP_COMPOSITE, "composite"}, {SSM_CAP_MULTIVARIATE, "multivariate"},
                    {SSM_CAP_EXOGENOUS, "exogenous"}, {SSM_CAP_IRREGULAR, "irregular"},
                    {SSM_CAP_DECOMPOSE, "decompose"}, {SSM_CAP_SYSTEM, "system"},
                    {SSM_CAP_FROZEN, "frozen"},       {SSM_CAP_STUDY, "study"}};
enum { N_CAPABILITIES = sizeof capabilities / sizeof *capabilities };

static void print_choices(const ssm_option *option)
{
    for (size_t i = 0; option->choices[i] != NULL; i++)
        printf("%s%s", i > 0 ? ", " : ": ", option->choices[i]);
}

static void print_options(const ssm_forecaster_type *type)
{
    for (const ssm_option *option = type->options; option != NULL && option->name != NULL; option++) {
        printf("    %-16s %s", option->name, option->help);
        if (option->kind == SSM_OPTION_CHOICE) print_choices(option);
        printf(" [%s]\n", option->initial);
    }
}

static void print_type(const ssm_forecaster_type *type)
{
    printf("%s: %s\n    source: %s\n    can:   ", type->name, type->summary, type->reference);
    for (size_t k = 0; k < N_CAPABILITIES; k++) {
        if (type->caps & capabilities[k].flag) printf(" %s", capabilities[k].name);
    }
    putchar('\n');
    print_options(type);
}

static void print_all(const char *only)
{
    for (size_t i = 0; ssm_forecaster_type_at(i) != NULL; i++) {
        const ssm_forecaster_type *type = ssm_forecaster_type_at(i);
        if (only != NULL && strcmp(only, type->name) != 0) continue;
        if (only == NULL && i > 0) putchar('\n');
        print_type(type);
    }
}

static json_t *option_json(const ssm_option *option)
{
    json_t *entry =
        json_pack("{s:s, s:s, s:s}", "name", option->name, "help", option->help, "default", option->initial);
    if (option->kind != SSM_OPTION_CHOICE) return entry;
    json_t *choices = json_array();
    for (size_t i = 0; option->choices[i] != NULL; i++)
        json_array_append_new(choices, json_string(option->choices[i]));
    json_object_set_new(entry, "choices", choices);
    return entry;
}

static json_t *type_json(const ssm_forecaster_type *type)
{
    json_t *caps = json_array(), *list = json_array();
    for (size_t k = 0; k < N_CAPABILITIES; k++) {
        if (type->caps & capabilities[k].flag) json_array_append_new(caps, json_string(capabilities[k].name));
    }
    for (const ssm_option *option = type->options; option != NULL && option->name != NULL; option++) {
        json_array_append_new(list, option_json(option));
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", type->name, "summary", type->summary, "reference",
                     type->reference, "capabilities", caps, "options", list);
}

static void print_json(const char *only)
{
    json_t *list = json_array();
    for (size_t i = 0; ssm_forecaster_type_at(i) != NULL; i++) {
        const ssm_forecaster_type *type = ssm_forecaster_type_at(i);
        if (only == NULL || strcmp(only, type->name) == 0) json_array_append_new(list, type_json(type));
    }
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(list);
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    const models_options *options = options_;
    const char *only = n > 0 ? operands[0] : NULL;
    if (only != NULL && ssm_forecaster_type_find(only) == NULL) {
        ssm_forecaster *f; /* making it gives the message with the suggestion */
        return cli_fail(session, ssm_forecaster_new(session->ctx, only, &f));
    }
    if (options->format == FORMAT_JSON) {
        print_json(only);
    } else {
        print_all(only);
    }
    return CLI_OK;
}

static const cli_option options_table[] = {{"format", 0, "FORMAT", "what to print", CLI_CHOICE,
                                            offsetof(models_options, format), "text", 0, 0, formats},
                                           {0}};
static const cli_group groups[] = {{"Options", options_table, 0}, {0}};

const cli_command cli_models = {
    .name = "models",
    .summary = "lists the forecasting models, what they can do, and their options",
    .operands = "[MODEL]",
    .description =
        "Lists every forecasting model with its capabilities, its source and its options, or one model.\n"
        "Options are set with --set NAME=VALUE in forecast and fit, --set MODEL.NAME=VALUE in compare.",
    .examples = "  ssmcast models\n      everything\n  ssmcast models kalman --format json\n      one model, "
                "for programs\n",
    .groups = groups,
    .options_size = sizeof(models_options),
    .min_operands = 0,
    .max_operands = 1,
    .run = run,
};
