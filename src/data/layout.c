/* How wide the table is, whether it has a header, and the harmless misfits between header and rows. */
#include "data/number.h"
#include "data/schema.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ssm_status ssmi_note(ssmi_notes *notes, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (notes->n == notes->capacity) {
        size_t capacity = notes->capacity > 0 ? 2 * notes->capacity : 16;
        const char **bigger = SSMI_ALLOC(notes->mem, const char *, capacity);
        if (bigger == NULL) return SSM_E_MEMORY;
        if (notes->n > 0) memcpy(bigger, notes->text, notes->n * sizeof *bigger);
        notes->text = bigger;
        notes->capacity = capacity;
    }
    notes->text[notes->n] = ssmi_arena_strdup(notes->mem, text);
    return notes->text[notes->n++] != NULL ? SSM_OK : SSM_E_MEMORY;
}

ssm_status ssmi_missing_init(ssmi_missing *missing, const char *list, ssm_arena *mem)
{
    *missing = (ssmi_missing){0};
    if (list == NULL) return SSM_OK;
    size_t n = 1;
    for (const char *p = list; *p != '\0'; p++) n += *p == ',';
    ssmi_field *more = SSMI_ALLOC(mem, ssmi_field, n);
    char *copy = ssmi_arena_strdup(mem, list);
    if (more == NULL || copy == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t length = strcspn(copy, ",");
        more[i] = (ssmi_field){copy, length};
        ssmi_trim(&more[i].text, &more[i].length);
        copy += length + 1;
    }
    *missing = (ssmi_missing){n, more};
    return SSM_OK;
}

int ssmi_is_missing(const ssmi_missing *missing, const char *text, size_t length)
{
    static const struct {
        size_t length;
        char text[5];
    } marker[] = {{2, "NA"},   {3, "N/A"},  {3, "n/a"},  {2, "na"},   {4, "#N/A"}, {3, "NaN"},
                  {3, "nan"},  {3, "NAN"},  {4, "-nan"}, {4, "<NA>"}, {3, "NaT"},  {4, "NULL"},
                  {4, "Null"}, {4, "null"}, {3, "nil"},  {4, "None"}, {4, "none"}, {4, "NONE"},
                  {1, "-"},    {2, "--"},   {1, "?"},    {1, "."}};
    if (length == 0) return 1;
    for (size_t i = 0; length <= 4 && i < sizeof marker / sizeof marker[0]; i++) {
        if (marker[i].length == length && memcmp(marker[i].text, text, length) == 0) return 1;
    }
    for (size_t i = 0; i < missing->n_more; i++) {
        if (missing->more[i].length == length && memcmp(missing->more[i].text, text, length) == 0) return 1;
    }
    return 0;
}

typedef enum cell_kind { CELL_MISSING, CELL_NUMBER, CELL_TIME, CELL_TEXT } cell_kind;

static cell_kind kind_of_cell(const ssmi_sample *sample, const ssmi_field *field)
{
    const char *text = field->text;
    size_t length = field->length;
    double value;
    ssmi_stamp stamp;
    char group = 0;
    int sure;
    ssmi_trim(&text, &length);
    if (ssmi_is_missing(sample->missing, text, length)) return CELL_MISSING;
    char mark = sample->dialect->decimal;
    if (ssmi_number_read(text, length, mark, &value) != SSMI_NUMBER_BAD) return CELL_NUMBER;
    if (ssmi_stamp_read(text, length, &stamp) && stamp.shape != SSMI_SHAPE_SHORT) return CELL_TIME;
    if (ssmi_clock_read(text, length, &stamp)) return CELL_TIME;
    if (ssmi_number_read_grouped(text, length, mark, &group, &sure, &value) == SSMI_NUMBER_OK)
        return CELL_NUMBER;
    return CELL_TEXT;
}

/* The commonest number of fields among rows [from, n) that have any. */
static size_t usual_width(const ssmi_sample *sample, size_t from)
{
    size_t best = 0, best_count = 0;
    for (size_t i = from; i < sample->n; i++) {
        size_t count = 0;
        if (sample->row[i].n == 0 || sample->row[i].n == best) continue;
        for (size_t k = from; k < sample->n; k++) count += sample->row[k].n == sample->row[i].n;
        if (count > best_count) {
            best = sample->row[i].n;
            best_count = count;
        }
    }
    return best;
}

/* Each row's last field is empty (rows of the usual width only). */
static int last_is_empty(const ssmi_sample *sample, size_t from, size_t width)
{
    for (size_t i = from; i < sample->n; i++) {
        const ssmi_row *row = &sample->row[i];
        if (row->n == width && row->field[width - 1].length > 0) return 0;
    }
    return 1;
}

/* Row names as R writes them: text, or numbers that count up by one. */
static int first_is_row_name(const ssmi_sample *sample, size_t from, size_t width)
{
    double previous = 0, value;
    size_t seen = 0;
    for (size_t i = from; i < sample->n; i++) {
        const ssmi_row *row = &sample->row[i];
        if (row->n != width) continue;
        cell_kind kind = kind_of_cell(sample, &row->field[0]);
        if (kind == CELL_TEXT) continue;
        if (kind != CELL_NUMBER) return 0;
        ssmi_number_read(row->field[0].text, row->field[0].length, sample->dialect->decimal, &value);
        if (seen++ > 0 && value != previous + 1) return 0;
        previous = value;
    }
    return 1;
}

static ssm_status fail_widths(ssm_context *ctx, const ssmi_sample *sample, const ssmi_row *first,
                              size_t width)
{
    char hint[96] = "";
    size_t i = 0;
    while (i < sample->n && sample->row[i].n != width) i++;
    if (i < sample->n && sample->row[i].line > first->line) {
        snprintf(hint, sizeof hint, "; if the table begins at line %zu, use --skip %zu", sample->row[i].line,
                 sample->row[i].line - 1);
    }
    return ssmi_fail(ctx, SSM_E_DATA, "%s:%zu:%zu: this line has %zu field%s, most rows have %zu%s",
                     sample->path, first->line, (first->n < width ? first->n : width) + 1, first->n,
                     first->n == 1 ? "" : "s", width, hint);
}

/* The header as it lies over the columns: its first cell belongs to column `shift`. */
typedef struct header {
    const ssmi_field *field;
    size_t n, shift;
    int certain;
} header;

static int is_hash(const ssmi_field *field)
{
    return field->length == 1 && field->text[0] == '#';
}

/* Fits the first line to the width of the rows, or fails. */
static ssm_status align(header *h, const ssmi_sample *sample, size_t first, size_t width, ssmi_notes *notes)
{
    const ssmi_row *row = &sample->row[first];
    *h = (header){.field = row->field, .n = row->n};
    if (h->n == width) return SSM_OK;
    if (h->n == width + 1 && is_hash(&h->field[0])) {
        h->field++;
        h->n--;
        h->certain = 1;
        return SSM_OK;
    }
    if (h->n == width + 1 && h->field[width].length == 0) {
        h->n--;
        return ssmi_note(notes, "%s:%zu: the header ends with a delimiter, the rows do not", sample->path,
                         row->line);
    }
    if (h->n + 1 == width && last_is_empty(sample, first + 1, width)) {
        return ssmi_note(notes, "%s:%zu: the rows end with a delimiter, the header does not", sample->path,
                         row->line);
    }
    if (h->n + 1 == width && h->n > 1 && first_is_row_name(sample, first + 1, width)) {
        h->shift = 1;
        h->certain = 1;
        return ssmi_note(notes,
                         "%s:%zu: the header has one name fewer than the rows have fields; the first field "
                         "of each row is taken as its name",
                         sample->path, row->line);
    }
    return fail_widths(notes->mem->ctx, sample, row, width);
}

/* Kind of the first cell with a value below the header. */
static cell_kind kind_below(const ssmi_sample *sample, size_t first, size_t column)
{
    for (size_t i = first + 1; i < sample->n; i++) {
        if (column >= sample->row[i].n) continue;
        cell_kind kind = kind_of_cell(sample, &sample->row[i].field[column]);
        if (kind != CELL_MISSING) return kind;
    }
    return CELL_MISSING;
}

/* A header is text above numbers or times, or has neither itself. */
static int looks_like_header(const header *h, const ssmi_sample *sample, size_t first)
{
    size_t n_values = 0;
    if (h->certain) return 1;
    for (size_t i = 0; i < h->n; i++) {
        cell_kind kind = kind_of_cell(sample, &h->field[i]);
        n_values += kind == CELL_NUMBER || kind == CELL_TIME;
        if (kind != CELL_TEXT) continue;
        cell_kind below = kind_below(sample, first, i + h->shift);
        if (below == CELL_NUMBER || below == CELL_TIME) return 1;
    }
    return n_values == 0;
}

static ssm_status make_names(ssmi_schema *schema, const header *h, ssmi_notes *notes)
{
    ssmi_field *field = SSMI_ALLOC(notes->mem, ssmi_field, schema->width);
    schema->name = SSMI_ALLOC(notes->mem, const char *, schema->width);
    if (field == NULL || schema->name == NULL) return SSM_E_MEMORY;
    if (!schema->has_header) return ssmi_names_make(schema->name, NULL, schema->width, notes->mem, notes);
    for (size_t i = 0; i < schema->width; i++) field[i] = (ssmi_field){"", 0};
    for (size_t i = 0; i < h->n; i++) field[i + h->shift] = h->field[i];
    if (h->shift == 1) field[0] = (ssmi_field){"row", 3};
    if (field[0].length > 1 && field[0].text[0] == '#') {
        field[0].text++;
        field[0].length--;
    }
    return ssmi_names_make(schema->name, field, schema->width, notes->mem, notes);
}

ssm_status ssmi_layout_decide(ssmi_schema *schema, const ssmi_sample *sample, ssmi_notes *notes)
{
    ssm_context *ctx = notes->mem->ctx;
    header h;
    size_t first = 0;
    while (first < sample->n && sample->row[first].n == 0) first++;
    if (first == sample->n) return ssmi_fail(ctx, SSM_E_DATA, "%s: empty input", sample->path);
    schema->width = usual_width(sample, first + 1);
    int alone = schema->width == 0;
    if (alone) schema->width = sample->row[first].n;
    SSMI_TRY(align(&h, sample, first, schema->width, notes));
    int told = sample->options->header;
    schema->has_header = told != 0 ? told > 0 : looks_like_header(&h, sample, first);
    schema->n_header_rows = first + (size_t)schema->has_header;
    if (schema->has_header && alone && sample->complete) {
        return ssmi_fail(ctx, SSM_E_DATA, "%s:%zu: a header but no data rows", sample->path,
                         sample->row[first].line);
    }
    if (!schema->has_header && told == 0) {
        SSMI_TRY(
            ssmi_note(notes, "%s: no header found; the columns are named column_1 and so on", sample->path));
    }
    return make_names(schema, &h, notes);
}
