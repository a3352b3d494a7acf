/* --help, from the tables. */
#include "cli/command.h"
#include <ssmcast/context.h>

#include <string.h>

enum { LEFT = 30, WIDTH = 100 };

/* Wraps `text` at WIDTH, with further lines indented by LEFT; the cursor stands at LEFT. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t column = LEFT;
    for (size_t word = strcspn(text, " "); *text != '\0'; word = strcspn(text, " ")) {
        if (column + word > WIDTH && column > LEFT) {
            fprintf(out, "\n%*s", LEFT, "");
            column = LEFT;
        }
        fprintf(out, "%s%.*s", column > LEFT ? " " : "", (int)word, text);
        column += word + (column > LEFT);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void append_choices(char *text, size_t size, const cli_option *option)
{
    size_t used = strlen(text);
    for (size_t i = 0; option->choices[i] != NULL && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : ": ", option->choices[i]);
    }
}

static void print_option(FILE *out, const cli_option *option)
{
    char left[128], right[1024];
    char letter[5] = "    ";
    if (option->letter != 0) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                     option->value != NULL ? " " : "", option->value != NULL ? option->value : "");
    snprintf(right, sizeof right, "%s", option->help);
    if (option->kind == CLI_CHOICE) append_choices(right, sizeof right, option);
    size_t used = strlen(right);
    if (option->initial != NULL) snprintf(right + used, sizeof right - used, " [%s]", option->initial);
    fprintf(out, "%s%s%*s", left, n >= LEFT ? "\n" : "", n >= LEFT ? LEFT : LEFT - n, "");
    print_wrapped(out, right);
}

static void print_groups(FILE *out, const cli_group *groups)
{
    for (const cli_group *group = groups; group->options != NULL; group++) {
        fprintf(out, "\n%s:\n", group->title);
        for (const cli_option *option = group->options; option->name != NULL; option++)
            print_option(out, option);
    }
}

static void print_program_help(FILE *out)
{
    fprintf(out,
            "ssmcast %s: forecasts time series with classical and selective state-space models\n\n"
            "Usage: ssmcast COMMAND [options] [operands]\n\nCommands:\n",
            ssm_version());
    for (size_t i = 0; cli_command_at(i) != NULL; i++) {
        fprintf(out, "  %-12s%s\n", cli_command_at(i)->name, cli_command_at(i)->summary);
    }
    fputs("\nExamples:\n"
          "  ssmcast inspect sensors.csv\n"
          "  ssmcast forecast sensors.csv > forecast.csv\n"
          "  ssmcast forecast sensors.csv --column load --horizon 48 --plot load.svg\n"
          "  ssmcast compare sensors.csv --column load\n"
          "\n\"ssmcast COMMAND --help\" shows a command's options and more examples. Exit status: 0 done,\n"
          "1 ran but something failed, 2 wrong usage or unusable input, 130 interrupted.\n",
          out);
}

void cli_print_help(FILE *out, const cli_command *command)
{
    if (command == NULL) {
        print_program_help(out);
        return;
    }
    fprintf(out, "Usage: ssmcast %s%s%s [options]\n\n%s\n", command->name, *command->operands ? " " : "",
            command->operands, command->description);
    if (command->examples != NULL) fprintf(out, "\nExamples:\n%s", command->examples);
    print_groups(out, command->groups);
    print_groups(out, cli_common_groups);
}
