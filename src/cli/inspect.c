/* `ssmcast inspect`: what was understood of a file. */
#include "cli/input.h"

#include "base/text.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

typedef struct inspect_options {
    cli_input input;
    int format;
} inspect_options;

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

/* The series of a column, which shares its name; NULL for other columns. */
static const ssm_series *series_of(const cli_data *data, const ssm_column *column)
{
    for (size_t i = 0; column->kind == SSM_COLUMN_NUMBER && i < data->n_series; i++) {
        if (data->series[i].name == column->name) return &data->series[i];
    }
    return NULL;
}

static const char *delimiter_name(char delimiter)
{
    static const struct {
        char sign;
        const char *name;
    } names[] = {{',', "comma"}, {';', "semicolon"}, {'\t', "tab"}, {'|', "bar"}, {' ', "blanks"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].sign == delimiter) return names[i].name;
    }
    return "other";
}

/* ---- text ---- */

/* Times of the first and the last row, and the step between rows. */
typedef struct span {
    char first[SSM_TIME_TEXT_SIZE], last[SSM_TIME_TEXT_SIZE], step[32];
} span;

static span span_of(const ssm_series *series)
{
    span s;
    ssm_series_time_text(series, 0, s.first, sizeof s.first);
    ssm_series_time_text(series, series->length - 1, s.last, sizeof s.last);
    ssm_step_text(series->time.step, s.step, sizeof s.step);
    return s;
}

static void text_head(ssmi_text *out, const ssm_table *table, const char *path)
{
    const span s = span_of(table->series);
    ssmi_text_printf(out, "file       %s\n", path);
    ssmi_text_printf(out, "layout     %zu rows, %zu columns, %s header, delimiter %s, decimal mark %c\n",
                     table->n_rows, table->n_columns, table->has_header ? "a" : "no",
                     delimiter_name(table->delimiter), table->decimal);
    if (table->time_format == NULL) {
        ssmi_text_printf(out, "time       none, rows are numbered %s to %s\n", s.first, s.last);
    } else {
        ssmi_text_printf(out, "time       %s to %s%s, written as %s\n", s.first, s.last,
                         table->is_utc ? " UTC" : "", table->time_format);
        ssmi_text_printf(out,
                         table->stamp != NULL
                             ? "interval   irregular, typically %s; %zu rows keep their times\n"
                             : "interval   %s, %zu rows on the grid, ",
                         s.step, table->length);
        if (table->stamp == NULL) ssmi_text_printf(out, "%zu of them not in the file\n", table->n_gap_rows);
    }
}

/* One line for each thing that is not as it should be. */
static void text_oddities(ssmi_text *out, const ssm_table *table)
{
    const struct {
        size_t n, line;
        const char *what;
    } rows[] = {{table->n_duplicates, table->first_duplicate_line, "repeated times"},
                {table->n_backward, table->first_backward_line, "steps back in time"},
                {table->n_snapped, 0, "times moved to the grid"},
                {table->n_blank_rows, 0, "rows without values"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].n == 0) continue;
        ssmi_text_printf(out, "           %zu %s", rows[i].n, rows[i].what);
        if (rows[i].line > 0) ssmi_text_printf(out, ", first on line %zu", rows[i].line);
        ssmi_text_puts(out, "\n");
    }
}

static void text_periods(ssmi_text *out, const ssm_series *series)
{
    if (series == NULL || series->n_periods == 0) ssmi_text_puts(out, "-");
    for (size_t i = 0; series != NULL && i < series->n_periods; i++) {
        ssmi_text_printf(out, "%s%zu", i > 0 ? "," : "", series->period[i]);
    }
}

static void text_number(ssmi_text *out, double value)
{
    if (isnan(value))
        ssmi_text_printf(out, "  %10s", "-");
    else
        ssmi_text_printf(out, "  %10.5g", value);
}

/* Columns that line up for names of up to 40 characters; longer ones push their line to the right. */
static ssm_status text_columns(ssmi_text *out, const cli_data *data, ssm_arena *arena)
{
    const ssm_table *table = data->table;
    int width = 6;
    const char **name = SSMI_ALLOC(arena, const char *, table->n_columns);
    if (name == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < table->n_columns; i++) {
        name[i] = cli_printable(arena, table->column[i].name);
        if (name[i] == NULL) return SSM_E_MEMORY;
        if ((int)strlen(name[i]) > width && strlen(name[i]) <= 40) width = (int)strlen(name[i]);
    }
    ssmi_text_printf(out, "\n%-*s  %-7s  %8s  %10s  %10s  %10s  %-10s  %s\n", width, "column", "kind",
                     "missing", "minimum", "mean", "maximum", "periods", "suspected");
    for (size_t i = 0; i < table->n_columns; i++) {
        const ssm_column *c = &table->column[i];
        size_t before = out->length;
        ssmi_text_printf(out, "%-*s  %-7s  %8zu", width, name[i], ssm_column_kind_text(c->kind),
                         c->n_missing);
        if (c->kind == SSM_COLUMN_NUMBER) {
            text_number(out, c->minimum);
            text_number(out, c->mean);
            text_number(out, c->maximum);
            ssmi_text_puts(out, "  ");
            before = out->length;
            text_periods(out, series_of(data, c));
            if (c->n_sentinel > 0) {
                int pad = 10 - (int)(out->length - before);
                ssmi_text_printf(out, "%*s  %g in %zu cells", pad > 0 ? pad : 0, "", c->sentinel,
                                 c->n_sentinel);
            }
        }
        ssmi_text_puts(out, "\n");
    }
    return ssmi_text_status(out);
}

static ssm_status print_text(const cli_data *data, ssmi_text *out, ssm_arena *arena)
{
    const char *path = cli_printable(arena, data->table->path);
    if (path == NULL) return SSM_E_MEMORY;
    text_head(out, data->table, path);
    text_oddities(out, data->table);
    return text_columns(out, data, arena);
}

/* ---- JSON ---- */

static json_t *number_json(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *column_json(const cli_data *data, const ssm_column *c)
{
    json_t *object = json_pack("{s:s, s:s, s:I}", "name", c->name, "kind", ssm_column_kind_text(c->kind),
                               "missing", (json_int_t)c->n_missing);
    const ssm_series *series = series_of(data, c);
    if (series == NULL) return object;
    json_t *periods = json_array();
    for (size_t i = 0; i < series->n_periods; i++) {
        json_array_append_new(periods, json_integer((json_int_t)series->period[i]));
    }
    json_object_set_new(object, "minimum", number_json(c->minimum));
    json_object_set_new(object, "mean", number_json(c->mean));
    json_object_set_new(object, "maximum", number_json(c->maximum));
    json_object_set_new(object, "periods", periods);
    if (c->n_sentinel == 0) return object;
    json_object_set_new(object, "suspected_sentinel",
                        json_pack("{s:f, s:I}", "value", c->sentinel, "cells", (json_int_t)c->n_sentinel));
    return object;
}

static json_t *time_json(const ssm_table *table)
{
    const span s = span_of(table->series);
    return json_pack("{s:s?, s:s, s:s, s:s, s:b, s:b}", "format", table->time_format, "first", s.first,
                     "last", s.last, "interval", s.step, "irregular", table->stamp != NULL, "utc",
                     table->is_utc);
}

static json_t *table_json(const cli_data *data)
{
    const ssm_table *table = data->table;
    json_t *columns = json_array(), *warnings = json_array();
    for (size_t i = 0; i < table->n_columns; i++) {
        json_array_append_new(columns, column_json(data, &table->column[i]));
    }
    for (size_t i = 0; i < table->n_warnings; i++) {
        json_t *text = json_string(table->warning[i]); /* NULL when a path in it is not UTF-8 */
        json_array_append_new(warnings, text != NULL ? text : json_string("?"));
    }
    json_t *object =
        json_pack("{s:s, s:I, s:b, s:s#, s:s#, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "sha256", table->digest,
                  "rows", (json_int_t)table->n_rows, "header", table->has_header, "delimiter",
                  &table->delimiter, (int)1, "decimal", &table->decimal, (int)1, "time", time_json(table),
                  "grid_rows", (json_int_t)table->length, "gap_rows", (json_int_t)table->n_gap_rows,
                  "duplicates", (json_int_t)table->n_duplicates, "backward", (json_int_t)table->n_backward,
                  "snapped", (json_int_t)table->n_snapped, "blank_rows", (json_int_t)table->n_blank_rows);
    json_object_set_new(object, "columns", columns);
    json_object_set_new(object, "warnings", warnings);
    return object;
}

static int take_json(const char *bytes, size_t n, void *out)
{
    ssmi_text_add(out, bytes, n);
    return 0;
}

static ssm_status print_json(const cli_data *data, ssmi_text *out, ssm_arena *arena)
{
    const char *path = cli_printable(arena, data->table->path);
    json_t *object = table_json(data);
    if (path == NULL || object == NULL) {
        json_decref(object);
        return SSM_E_MEMORY;
    }
    json_object_set_new(object, "file", json_string(path));
    int failed = json_dump_callback(object, take_json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    json_decref(object);
    ssmi_text_puts(out, "\n");
    return failed ? SSM_E_MEMORY : ssmi_text_status(out);
}

static int run(cli_session *session, void *options_, size_t n, char **operands)
{
    static ssm_status (*const print[])(const cli_data *, ssmi_text *, ssm_arena *) = {print_text, print_json};
    const inspect_options *options = options_;
    ssm_arena arena;
    cli_data data;
    ssmi_text out;
    (void)n;
    ssmi_arena_init(&arena, session->ctx);
    ssmi_text_init(&out, session->ctx);
    int result = cli_read(session, &options->input, operands[0], &arena, &data);
    if (result == CLI_OK) {
        ssm_status status = print[options->format](&data, &out, &arena);
        if (status != SSM_OK)
            result = cli_fail(session, status);
        else
            fwrite(out.bytes, 1, out.length, stdout);
    }
    ssmi_text_clear(&out);
    ssmi_arena_clear(&arena);
    return result;
}

static const cli_option options_table[] = {{"format", 0, "FORMAT", "what to print", CLI_CHOICE,
                                            offsetof(inspect_options, format), "text", 0, 0, formats},
                                           {0}};
static const cli_group groups[] = {{"Options", options_table, 0},
                                   {"Reading the file", cli_input_options, offsetof(inspect_options, input)},
                                   {0}};

const cli_command cli_inspect = {
    .name = "inspect",
    .summary = "shows what is understood of a file, without forecasting",
    .operands = "FILE",
    .description =
        "Reads FILE as every other command does and shows the result: layout, time columns and their format, "
        "the\n"
        "interval, gaps, repeated times, and for each column its kind, missing cells, range, seasonal "
        "periods and\n"
        "values that seem to stand for missing. Warnings go to standard error. \"-\" reads standard input.",
    .examples = "  ssmcast inspect sensors.csv\n      what a forecast would work on\n"
                "  ssmcast inspect log.csv --time-format dmy --format json\n      for programs\n",
    .groups = groups,
    .options_size = sizeof(inspect_options),
    .min_operands = 1,
    .max_operands = 1,
    .run = run,
};
