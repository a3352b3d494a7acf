#include "cli/exogenous.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const header_choices[] = {"auto", "yes", "no", NULL};
static const char *const duplicate_choices[] = {"auto", "error", "first", "last", "mean", NULL};

const cli_option cli_input_options[] = {
    {"column", 'c', "NAMES", "numeric columns to use, names or numbers, comma separated; default all",
     CLI_TEXT, offsetof(cli_input, columns), NULL, 0, 0, NULL},
    {"exogenous", 'x', "NAMES",
     "columns known beside the series, also for the rows to forecast; NAME@ROWS: as it was so many rows "
     "before, for one known only up to now",
     CLI_TEXT, offsetof(cli_input, exogenous), NULL, 0, 0, NULL},
    {"time-column", 0, "NAMES", "time columns, comma separated, or \"none\"; default: found by content",
     CLI_TEXT, offsetof(cli_input, time), NULL, 0, 0, NULL},
    {"time-format", 0, "FORMAT",
     "ymd, dmy, mdy, ym, year, quarter, excel, epoch-s, epoch-ms, epoch-us, epoch-ns; default: found",
     CLI_TEXT, offsetof(cli_input, time_format), NULL, 0, 0, NULL},
    {"step", 0, "STEP",
     "bring the rows to this grid, averaging: \"15 min\", \"1 h\", \"1 month\"; \"irregular\": keep their "
     "times",
     CLI_TEXT, offsetof(cli_input, step), NULL, 0, 0, NULL},
    {"period", 'p', "LIST", "seasonal periods in rows, comma separated, 0 for none; default: detected",
     CLI_TEXT, offsetof(cli_input, period), NULL, 0, 0, NULL},
    {"missing", 0, "TEXTS", "further texts that mean missing, comma separated", CLI_TEXT,
     offsetof(cli_input, missing), NULL, 0, 0, NULL},
    {"sentinel", 0, NULL, "take suspected sentinels such as -999 as missing", CLI_FLAG,
     offsetof(cli_input, sentinel), NULL, 0, 0, NULL},
    {"duplicates", 0, "RULE", "rows with the same time", CLI_CHOICE, offsetof(cli_input, duplicates), "auto",
     0, 0, duplicate_choices},
    {"delimiter", 0, "CHAR", "one of , ; tab | or blank; default: detected", CLI_TEXT,
     offsetof(cli_input, delimiter), NULL, 0, 0, NULL},
    {"decimal", 0, "CHAR", "decimal mark, . or ,; default: detected", CLI_TEXT, offsetof(cli_input, decimal),
     NULL, 0, 0, NULL},
    {"header", 0, "YES|NO", "whether the first line names the columns", CLI_CHOICE,
     offsetof(cli_input, header), "auto", 0, 0, header_choices},
    {"skip", 0, "N", "lines to leave out before the table", CLI_SIZE, offsetof(cli_input, skip), "0", 0, 1e9,
     NULL},
    {"comment", 0, "CHAR", "leave out lines that begin with it", CLI_TEXT, offsetof(cli_input, comment), NULL,
     0, 0, NULL},
    {0}};

static int single_character(const char *option, const char *text, char *out)
{
    static const struct {
        const char *word;
        char character;
    } words[] = {{"tab", '\t'}, {"\\t", '\t'}, {"blank", ' '}, {"space", ' '}};
    if (text == NULL) return CLI_OK;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i].word) != 0) continue;
        *out = words[i].character;
        return CLI_OK;
    }
    if (strlen(text) != 1) {
        cli_error("option \"--%s\": \"%s\" is not one character", option, text);
        return CLI_USAGE;
    }
    *out = text[0];
    return CLI_OK;
}

int cli_table_options(const cli_input *input, ssm_table_options *out)
{
    static const int headers[] = {0, 1, -1};
    static const ssm_duplicates duplicates[] = {SSM_DUPLICATES_AUTO, SSM_DUPLICATES_ERROR,
                                                SSM_DUPLICATES_FIRST, SSM_DUPLICATES_LAST,
                                                SSM_DUPLICATES_MEAN};
    *out = (ssm_table_options){.header = headers[input->header],
                               .skip = input->skip,
                               .time_columns = input->time,
                               .time_format = input->time_format,
                               .columns = input->columns,
                               .missing = input->missing,
                               .sentinel = input->sentinel,
                               .duplicates = duplicates[input->duplicates],
                               .step = input->step};
    if (single_character("delimiter", input->delimiter, &out->delimiter) != CLI_OK) return CLI_USAGE;
    if (single_character("decimal", input->decimal, &out->decimal) != CLI_OK) return CLI_USAGE;
    return single_character("comment", input->comment, &out->comment);
}

int cli_parse_numbers(const char *option, const char *text, double minimum, double maximum, size_t room,
                      double *out, size_t *n)
{
    const char *at = text;
    char *end = NULL;
    for (*n = 0; *n < room; at = end + 1) {
        double number = strtod(at, &end);
        if (end == at || (*end != ',' && *end != '\0') || !(number >= minimum && number <= maximum)) break;
        out[(*n)++] = number;
        if (*end == '\0') return CLI_OK;
    }
    cli_error("option \"--%s\": \"%s\" is not a list of at most %zu numbers between %g and %g", option, text,
              room, minimum, maximum);
    return CLI_USAGE;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The user's periods replace the detected ones; "0" or "1" alone means none. */
static int give_periods(const char *text, cli_data *data)
{
    double period[SSM_MAX_PERIODS];
    size_t n, kept = 0;
    if (text == NULL) return CLI_OK;
    if (cli_parse_numbers("period", text, 0, 1e9, SSM_MAX_PERIODS, period, &n) != CLI_OK) return CLI_USAGE;
    qsort(period, n, sizeof *period, ascending);
    for (size_t k = 0; k < n; k++) {
        if (period[k] != floor(period[k])) {
            cli_error("option \"--period\": %g is not a whole number of rows", period[k]);
            return CLI_USAGE;
        }
        if (period[k] >= 2 && (kept == 0 || period[k] != period[kept - 1])) period[kept++] = period[k];
    }
    for (size_t i = 0; i < data->n_series; i++) {
        data->series[i].n_periods = kept;
        for (size_t k = 0; k < kept; k++) data->series[i].period[k] = (size_t)period[k];
    }
    return CLI_OK;
}

static void free_table(void *table)
{
    ssm_table_free(table);
}

static int adopt(cli_session *session, ssm_table *table, ssm_arena *arena, cli_data *out)
{
    if (ssmi_arena_defer(arena, free_table, table) != SSM_OK) {
        ssm_table_free(table);
        return cli_fail(session, SSM_E_MEMORY);
    }
    *out = (cli_data){table, table->n_series, SSMI_ALLOC(arena, ssm_series, table->n_series)};
    if (out->series == NULL) return cli_fail(session, SSM_E_MEMORY);
    memcpy(out->series, table->series, table->n_series * sizeof *out->series);
    for (size_t i = 0; i < table->n_warnings; i++) {
        const char *text = cli_printable(arena, table->warning[i]);
        if (text != NULL) cli_warn(session, "%s", text);
    }
    return CLI_OK;
}

int cli_read(cli_session *session, const cli_input *input, const char *path, ssm_arena *arena, cli_data *out)
{
    ssm_table_options options;
    ssm_table *table;
    if (cli_table_options(input, &options) != CLI_OK) return CLI_USAGE;
    int failed = cli_columns_with_exogenous(session, input, arena, &options.columns);
    if (failed) return failed;
    ssm_status status = ssm_table_read(session->ctx, path, &options, &table);
    if (status != SSM_OK) return cli_fail(session, status);
    failed = adopt(session, table, arena, out);
    if (failed) return failed;
    if (out->n_series == 0) {
        cli_error("%s: no numeric column with values", path);
        return CLI_USAGE;
    }
    if (input->exogenous != NULL) failed = cli_take_exogenous(session, input->exogenous, arena, out);
    return failed ? failed : give_periods(input->period, out);
}
