#include "cli/records.h"

#include "cli/forecast_text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_TEXT = 40 };

ssm_status cli_records_init(cli_records *r, size_t most, ssm_arena *arena)
{
    *r = (cli_records){.arena = arena};
    r->name = SSMI_ALLOC(arena, const char *, most);
    r->kind = SSMI_ALLOC(arena, cli_column_kind, most);
    return r->name != NULL && r->kind != NULL ? SSM_OK : SSM_E_MEMORY;
}

void cli_records_column(cli_records *r, const char *name, cli_column_kind kind)
{
    r->name[r->n_columns] = name;
    r->kind[r->n_columns++] = kind;
}

union cli_record_cell *cli_records_row(cli_records *r)
{
    if (r->n_rows == r->capacity) {
        const size_t capacity = r->capacity > 0 ? 2 * r->capacity : 256;
        union cli_record_cell *bigger = ssmi_arena_alloc(r->arena, capacity, r->n_columns * sizeof *r->cell);
        if (bigger == NULL) return NULL;
        if (r->n_rows > 0) memcpy(bigger, r->cell, r->n_rows * r->n_columns * sizeof *r->cell);
        r->cell = bigger;
        r->capacity = capacity;
    }
    union cli_record_cell *row = r->cell + r->n_rows++ * r->n_columns;
    for (size_t k = 0; k < r->n_columns; k++) {
        if (r->kind[k] != CLI_COLUMN_TEXT) row[k].number = NAN;
    }
    return row;
}

/* A number as it is shown; empty for NaN. */
static void show_number(char *text, cli_column_kind kind, double x)
{
    if (isnan(x)) {
        *text = '\0';
    } else if (kind == CLI_COLUMN_EXACT) {
        snprintf(text, CELL_TEXT, "%.15g", x);
        if (strtod(text, NULL) != x) snprintf(text, CELL_TEXT, "%.17g", x);
    } else {
        snprintf(text, CELL_TEXT, "%.10g", x);
    }
}

/* ---- CSV ---- */

static ssm_status write_csv(ssmi_text *out, const cli_records *r, const cli_records_frame *frame)
{
    char number[CELL_TEXT];
    (void)frame;
    for (size_t k = 0; k < r->n_columns; k++) {
        if (k > 0) ssmi_text_puts(out, ",");
        cli_csv_field(out, r->name[k]);
    }
    ssmi_text_puts(out, "\n");
    for (size_t i = 0; i < r->n_rows * r->n_columns; i++) {
        const size_t k = i % r->n_columns;
        const union cli_record_cell *cell = r->cell + i;
        if (k > 0) ssmi_text_puts(out, ",");
        if (r->kind[k] == CLI_COLUMN_TEXT) {
            if (cell->text != NULL) cli_csv_field(out, cell->text);
        } else {
            show_number(number, r->kind[k], cell->number);
            ssmi_text_puts(out, number);
        }
        if (k + 1 == r->n_columns) ssmi_text_puts(out, "\n");
    }
    return ssmi_text_status(out);
}

/* ---- table ---- */

/* The text of a cell, safe for a terminal; numbers with fewer digits than in CSV. */
static const char *cell_text(const cli_records *r, size_t i, char *number)
{
    const size_t k = i % r->n_columns;
    const union cli_record_cell *cell = r->cell + i;
    if (r->kind[k] == CLI_COLUMN_TEXT) {
        const char *safe = cell->text != NULL ? cli_printable(r->arena, cell->text) : "";
        return safe != NULL ? safe : "";
    }
    if (r->kind[k] == CLI_COLUMN_NUMBER) {
        if (isnan(cell->number)) return "";
        snprintf(number, CELL_TEXT, "%.6g", cell->number);
        return number;
    }
    show_number(number, r->kind[k], cell->number);
    return number;
}

/* Characters of UTF-8, not bytes. */
static int characters(const char *text)
{
    int n = 0;
    for (; *text != '\0'; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void put_padded(ssmi_text *out, const char *text, int width, int left)
{
    const int pad = width - characters(text);
    ssmi_text_printf(out, "%*s%s%*s", left || pad < 0 ? 0 : pad, "", text, left && pad > 0 ? pad : 0, "");
}

static ssm_status write_table(ssmi_text *out, const cli_records *r, const cli_records_frame *frame)
{
    char number[CELL_TEXT];
    int *width = SSMI_ALLOC(r->arena, int, r->n_columns);
    if (width == NULL) return SSM_E_MEMORY;
    if (frame->title != NULL) ssmi_text_printf(out, "%s\n", frame->title);
    for (size_t k = 0; k < r->n_columns; k++) width[k] = characters(r->name[k]);
    for (size_t i = 0; i < r->n_rows * r->n_columns; i++) {
        const int needed = characters(cell_text(r, i, number));
        if (needed > width[i % r->n_columns]) width[i % r->n_columns] = needed;
    }
    for (size_t k = 0; k < r->n_columns; k++) {
        const char *name = cli_printable(r->arena, r->name[k]);
        if (k > 0) ssmi_text_puts(out, "  ");
        put_padded(out, name != NULL ? name : "", width[k], r->kind[k] == CLI_COLUMN_TEXT);
    }
    ssmi_text_puts(out, "\n");
    for (size_t i = 0; i < r->n_rows * r->n_columns; i++) {
        const size_t k = i % r->n_columns;
        if (k > 0) ssmi_text_puts(out, "  ");
        put_padded(out, cell_text(r, i, number), width[k], r->kind[k] == CLI_COLUMN_TEXT);
        if (k + 1 == r->n_columns) ssmi_text_puts(out, "\n");
    }
    return ssmi_text_status(out);
}

/* ---- JSON ---- */

static json_t *cell_json(const cli_records *r, size_t i)
{
    const union cli_record_cell *cell = r->cell + i;
    switch (r->kind[i % r->n_columns]) {
    case CLI_COLUMN_TEXT:
        return cell->text != NULL ? json_string(cell->text) : json_null();
    case CLI_COLUMN_FLAG:
        return isnan(cell->number) ? json_null() : json_boolean(cell->number != 0.0);
    default:
        return isnan(cell->number) ? json_null() : json_real(cell->number);
    }
}

static json_t *rows_json(const cli_records *r)
{
    json_t *list = json_array();
    for (size_t t = 0; t < r->n_rows; t++) {
        json_t *row = json_object();
        for (size_t k = 0; k < r->n_columns; k++)
            json_object_set_new(row, r->name[k], cell_json(r, t * r->n_columns + k));
        json_array_append_new(list, row);
    }
    return list;
}

static int append(const char *bytes, size_t size, void *text)
{
    ssmi_text_add(text, bytes, size);
    return ssmi_text_status(text) == SSM_OK ? 0 : -1;
}

static ssm_status write_json(ssmi_text *out, const cli_records *r, const cli_records_frame *frame)
{
    json_t *document =
        json_pack("{s:s, s:s, s:s, s:o, s:{s:s, s:s}, s:o}", "schema", frame->schema, "what", frame->what,
                  "version", ssm_version(), "command", cli_command_json(frame->session), "data", "path",
                  frame->table->path, "sha256", frame->table->digest, "rows", rows_json(r));
    int failed = document == NULL ||
                 json_dump_callback(document, append, out, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) != 0;
    json_decref(document);
    ssmi_text_puts(out, "\n");
    if (failed) return ssmi_fail(r->arena->ctx, SSM_E_MEMORY, "cannot build the JSON document");
    return ssmi_text_status(out);
}

ssm_status cli_records_write(ssmi_text *out, int format, const cli_records *r, const cli_records_frame *frame)
{
    static ssm_status (*const writers[])(ssmi_text *, const cli_records *,
                                         const cli_records_frame *) = {write_csv, write_table, write_json};
    return writers[format](out, r, frame);
}
