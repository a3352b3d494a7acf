#include "data/gather.h"
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLE_ROWS = 1000, SAMPLE_BYTES = 1 << 22, SAMPLE_LEAST = 8 };

ssm_status ssmi_gather_init(ssmi_gather *g, ssm_arena *mem, ssmi_notes *notes, const char *path,
                            const ssm_table_options *options, const ssmi_dialect *dialect)
{
    *g = (ssmi_gather){
        .ctx = mem->ctx, .mem = mem, .notes = notes, .path = path, .options = options, .dialect = dialect};
    g->max_rows = options->max_rows > 0 ? options->max_rows : (size_t)1 << 31;
    g->sample_rows = SAMPLE_ROWS;
    g->sample = SSMI_ALLOC(mem, ssmi_row, SAMPLE_ROWS);
    if (g->sample == NULL) return SSM_E_MEMORY;
    return ssmi_missing_init(&g->missing, options->missing, mem);
}

void ssmi_gather_clear(ssmi_gather *g)
{
    ssmi_timeline_clear(&g->timeline);
    ssmi_release(g->ctx, g->value);
    ssmi_release(g->ctx, g->line);
    g->value = NULL;
    g->line = NULL;
}

/* ---- one row into the columns ---- */

static ssm_status fail_ragged(ssmi_gather *g, const ssmi_row *row)
{
    size_t width = g->schema.width, last = row->n < width ? row->n : width;
    const char *hint = "a delimiter is missing, or this is no row of the table (a footer, a second table?)";
    char shown[48] = "";
    if (row->n > 0) ssmi_quote(shown, sizeof shown, row->field[0].text, row->field[0].length);
    if (row->n > width && g->dialect->delimiter == ',') {
        hint = "a decimal or thousands comma, or a comma in a text, needs quotes around the field";
    } else if (row->n > width) {
        hint = "a delimiter too many, or one inside a text without quotes";
    }
    return ssmi_fail(g->ctx, SSM_E_DATA,
                     "%s:%zu:%zu: found %zu field%s where %zu belong in the row that begins with "
                     "\"%s\"; %s",
                     g->path, ssmi_row_line(row, last), last + 1, row->n, row->n == 1 ? "" : "s", width,
                     shown, hint);
}

static ssm_status fail_number(ssmi_gather *g, const ssmi_row *row, const ssmi_cells *cells,
                              ssmi_number_result why)
{
    const ssmi_field *field = &row->field[cells->column];
    const char *name = g->schema.name[cells->column];
    char shown[48], shown_name[80], hint[112] = "";
    ssmi_quote(shown, sizeof shown, field->text, field->length);
    ssmi_quote(shown_name, sizeof shown_name, name, strlen(name));
    if (strcmp(field->text, name) == 0) {
        snprintf(hint, sizeof hint, "; this looks like the header of a second table");
    } else if (why == SSMI_NUMBER_BAD && g->n_rows == 0) {
        snprintf(hint, sizeof hint, "; if this line holds units, remove it or use --skip %zu", row->line);
    } else {
        snprintf(hint, sizeof hint, "; if it stands for a missing value, use --missing \"%s\"", shown);
    }
    const char *what = why == SSMI_NUMBER_OVERFLOW   ? "is too large for a number"
                       : why == SSMI_NUMBER_INFINITE ? "is not a finite number"
                                                     : "cannot be read as a number";
    return ssmi_fail(g->ctx, SSM_E_DATA, "%s:%zu:%zu: \"%s\" in column \"%s\" %s%s", g->path,
                     ssmi_row_line(row, cells->column), cells->column + 1, shown, shown_name, what, hint);
}

static ssm_status fail_doubtful(ssmi_gather *g, const ssmi_row *row, const ssmi_cells *cells)
{
    char shown[48];
    const ssmi_field *field = &row->field[cells->column];
    ssmi_quote(shown, sizeof shown, field->text, field->length);
    return ssmi_fail(
        g->ctx, SSM_E_DATA,
        "%s:%zu:%zu: \"%s\" may have a thousands separator or a decimal mark; say which with --decimal",
        g->path, ssmi_row_line(row, cells->column), cells->column + 1, shown);
}

/* A cell that is not a plain number: missing, blanks around it, thousands separators, or an error. */
static ssm_status read_odd_cell(ssmi_gather *g, const ssmi_row *row, ssmi_cells *cells, double *value)
{
    const char *text = row->field[cells->column].text;
    size_t length = row->field[cells->column].length;
    char mark = g->dialect->decimal, group = cells->group;
    int sure;
    if (ssmi_trim(&text, &length) && g->n_odd_blanks++ == 0) g->first_odd_line = row->line;
    *value = NAN;
    if (ssmi_is_missing(&g->missing, text, length)) return SSM_OK;
    ssmi_number_result result = ssmi_number_read(text, length, mark, value);
    if (result == SSMI_NUMBER_BAD) {
        ssmi_number_result grouped = ssmi_number_read_grouped(text, length, mark, &group, &sure, value);
        if (grouped == SSMI_NUMBER_OK) {
            int trusted =
                sure || cells->group != 0 || g->dialect->decimal_given || g->dialect->delimiter == ',';
            if (!trusted) return fail_doubtful(g, row, cells);
            cells->group = group;
            result = grouped;
        }
    }
    if (result == SSMI_NUMBER_OK) {
        cells->n_values++;
        return SSM_OK;
    }
    if (cells->kind == SSM_COLUMN_NUMBER) return fail_number(g, row, cells, result);
    cells->kind = SSM_COLUMN_TEXT; /* its first value ever is text */
    *value = NAN;
    return SSM_OK;
}

static ssm_status read_cells(ssmi_gather *g, const ssmi_row *row, double *value)
{
    for (size_t k = 0; k < g->n_cells; k++) {
        ssmi_cells *cells = &g->cells[k];
        const ssmi_field *field = &row->field[cells->column];
        value[k] = NAN;
        if (cells->kind == SSM_COLUMN_TEXT || field->length == 0) continue;
        if (ssmi_number_read(field->text, field->length, g->dialect->decimal, &value[k]) == SSMI_NUMBER_OK) {
            cells->n_values++;
        } else {
            SSMI_TRY(read_odd_cell(g, row, cells, &value[k]));
        }
        if (cells->kind == SSM_COLUMN_EMPTY && cells->n_values > 0) cells->kind = SSM_COLUMN_NUMBER;
    }
    return SSM_OK;
}

static ssm_status make_room(ssmi_gather *g)
{
    if (g->n_rows >= g->max_rows) {
        return ssmi_fail(g->ctx, SSM_E_DATA, "%s: more than %zu rows", g->path, g->max_rows);
    }
    if (g->n_rows < g->capacity) return SSM_OK;
    size_t capacity = g->capacity > 0 ? 2 * g->capacity : 64, items;
    if (!ssmi_size_mul(capacity, g->n_cells > 0 ? g->n_cells : 1, &items)) {
        return ssmi_fail(g->ctx, SSM_E_MEMORY, "%s: the table does not fit into memory", g->path);
    }
    double *value = ssmi_resize(g->ctx, g->value, items, sizeof *value);
    if (value == NULL) return SSM_E_MEMORY;
    g->value = value;
    size_t *line = ssmi_resize(g->ctx, g->line, capacity, sizeof *line);
    if (line == NULL) return SSM_E_MEMORY;
    g->line = line;
    g->capacity = capacity;
    return SSM_OK;
}

static int is_empty_cell(const ssmi_gather *g, const ssmi_field *field)
{
    const char *text = field->text;
    size_t length = field->length;
    ssmi_trim(&text, &length);
    return ssmi_is_missing(&g->missing, text, length);
}

static int is_empty_row(const ssmi_gather *g, const ssmi_row *row)
{
    for (size_t i = 0; i < row->n; i++) {
        if (row->field[i].length > 0 && !is_empty_cell(g, &row->field[i])) return 0;
    }
    return 1;
}

static ssm_status check_time_cells(ssmi_gather *g, const ssmi_row *row)
{
    const ssmi_time_spec *spec = &g->timeline.spec;
    for (size_t i = 0; i < spec->n_parts; i++) {
        size_t column = spec->part[i].column;
        if (!is_empty_cell(g, &row->field[column])) continue;
        return ssmi_fail(g->ctx, SSM_E_DATA, "%s:%zu:%zu: the row has values but no time", g->path,
                         ssmi_row_line(row, column), column + 1);
    }
    return SSM_OK;
}

static ssm_status append(ssmi_gather *g, const ssmi_row *row)
{
    SSMI_TRY(make_room(g));
    if (g->timeline.spec.n_parts > 0) {
        SSMI_TRY(check_time_cells(g, row));
        SSMI_TRY(ssmi_timeline_add(&g->timeline, row));
    }
    SSMI_TRY(read_cells(g, row, g->value + g->n_rows * g->n_cells));
    g->line[g->n_rows++] = row->line;
    return SSM_OK;
}

/* Without times, empty rows between full ones are rows whose values are missing. */
static ssm_status append_pending(ssmi_gather *g, size_t line)
{
    for (; g->n_pending > 0; g->n_pending--) {
        SSMI_TRY(make_room(g));
        for (size_t k = 0; k < g->n_cells; k++) g->value[g->n_rows * g->n_cells + k] = NAN;
        g->line[g->n_rows++] = line;
    }
    return SSM_OK;
}

static ssm_status consume(ssmi_gather *g, const ssmi_row *row)
{
    int numbered = g->timeline.spec.n_parts == 0;
    if (row->n == 0 && !(numbered && g->schema.width == 1)) return SSM_OK;
    if (row->n != g->schema.width && row->n > 0) return fail_ragged(g, row);
    if (is_empty_row(g, row)) {
        if (g->n_pending++ == 0 && g->n_blank_rows == 0) g->first_blank_line = row->line;
        return SSM_OK;
    }
    if (!numbered) {
        g->n_blank_rows += g->n_pending;
        g->n_pending = 0;
    }
    SSMI_TRY(append_pending(g, row->line));
    return append(g, row);
}

/* ---- the sample ---- */

static ssm_status keep(ssmi_gather *g, const ssmi_row *row)
{
    size_t bytes = 0;
    for (size_t i = 0; i < row->n; i++) bytes += row->field[i].length + 1;
    ssmi_field *field = SSMI_ALLOC(g->mem, ssmi_field, row->n);
    char *text = SSMI_ALLOC(g->mem, char, bytes);
    if (field == NULL || text == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < row->n; i++) {
        field[i] =
            (ssmi_field){memcpy(text, row->field[i].text, row->field[i].length + 1), row->field[i].length};
        text += row->field[i].length + 1;
    }
    g->sample[g->n_sample++] = (ssmi_row){row->line, row->n, field};
    g->sample_bytes += bytes + row->n * sizeof *field;
    return SSM_OK;
}

static ssm_status make_cells(ssmi_gather *g)
{
    const ssmi_schema *schema = &g->schema;
    g->cells = SSMI_ALLOC(g->mem, ssmi_cells, schema->width);
    if (g->cells == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < schema->width; k++) {
        if (schema->kind[k] != SSM_COLUMN_NUMBER && schema->kind[k] != SSM_COLUMN_EMPTY) continue;
        g->cells[g->n_cells++] = (ssmi_cells){.column = k, .kind = schema->kind[k]};
    }
    return SSM_OK;
}

ssm_status ssmi_gather_decide(ssmi_gather *g, int complete)
{
    ssmi_sample sample = {.path = g->path,
                          .row = g->sample,
                          .n = g->n_sample,
                          .complete = complete,
                          .dialect = g->dialect,
                          .options = g->options,
                          .missing = &g->missing};
    g->decided = 1;
    SSMI_TRY(ssmi_schema_decide(&g->schema, &sample, g->notes));
    ssmi_timeline_init(&g->timeline, g->ctx, g->path, &g->schema.time);
    SSMI_TRY(make_cells(g));
    for (size_t i = g->schema.n_header_rows; i < g->n_sample; i++) SSMI_TRY(consume(g, &g->sample[i]));
    return SSM_OK;
}

ssm_status ssmi_gather_row(void *gather, const ssmi_row *row)
{
    ssmi_gather *g = gather;
    if (g->decided) return consume(g, row);
    SSMI_TRY(keep(g, row));
    int full =
        g->n_sample == g->sample_rows || (g->n_sample >= SAMPLE_LEAST && g->sample_bytes > SAMPLE_BYTES);
    return full ? ssmi_gather_decide(g, 0) : SSM_OK;
}

ssm_status ssmi_gather_finish(ssmi_gather *g)
{
    if (!g->decided) SSMI_TRY(ssmi_gather_decide(g, 1));
    g->n_blank_rows += g->n_pending;
    g->n_pending = 0;
    if (g->n_rows == 0) return ssmi_fail(g->ctx, SSM_E_DATA, "%s: no data rows", g->path);
    if (g->n_odd_blanks > 0) {
        SSMI_TRY(ssmi_note(g->notes,
                           "%s:%zu: blanks that are not spaces around values were removed (%zu cells)",
                           g->path, g->first_odd_line, g->n_odd_blanks));
    }
    if (g->n_blank_rows > 0) {
        SSMI_TRY(ssmi_note(g->notes, "%s:%zu: rows without any value were left out (%zu rows)", g->path,
                           g->first_blank_line, g->n_blank_rows));
    }
    if (g->timeline.spec.n_parts == 0) return SSM_OK;
    return ssmi_timeline_settle(&g->timeline, g->notes);
}
