/* The front door of the reader: bytes to rows to cells to series on a grid. */
#include "data/gather.h"
#include "data/grid.h"
#include "data/sentinel.h"
#include <ssmcast/table.h>

#include "base/parallel.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the caller holds is the first member. */
typedef struct box {
    ssm_table table;
    ssm_arena mem;
} box;

/* One read in progress. */
typedef struct reading {
    ssm_context *ctx;
    box *box;
    ssm_arena tmp;
    const ssm_table_options *options;
    ssmi_source source;
    ssmi_dialect dialect;
    ssmi_notes notes;
    ssmi_gather gather;
} reading;

const char *ssm_column_kind_text(ssm_column_kind kind)
{
    static const char *const text[] = {"empty", "number", "text", "time", "index", "skipped"};
    return (unsigned)kind < sizeof text / sizeof text[0] ? text[kind] : "unknown";
}

static ssm_status read_rows(reading *r)
{
    ssm_table *table = &r->box->table;
    size_t n;
    int mixed_ends = 0;
    unsigned char *head = SSMI_ALLOC(&r->tmp, unsigned char, SSMI_SOURCE_BLOCK);
    if (head == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_source_read(&r->source, head, SSMI_SOURCE_BLOCK, &n));
    if (n == 0) return ssmi_fail(r->ctx, SSM_E_DATA, "%s: empty input", r->source.path);
    SSMI_TRY(ssmi_dialect_detect(r->ctx, r->source.path, head, n, r->options, &r->dialect));
    SSMI_TRY(ssmi_gather_init(&r->gather, &r->tmp, &r->notes, r->source.path, r->options, &r->dialect));
    SSMI_TRY(
        ssmi_rows_read(&r->source, head, n, &r->dialect, ssmi_gather_row, &r->gather, &r->tmp, &mixed_ends));
    SSMI_TRY(ssmi_gather_finish(&r->gather));
    ssmi_source_digest(&r->source, table->digest);
    if (!mixed_ends) return SSM_OK;
    return ssmi_note(&r->notes, "%s: lines end in more than one way (LF, CR LF, CR)", r->source.path);
}

/* ---- columns ---- */

/* Counts rows: rises by the same amount in each, by 1 unless the name says that it counts. */
static int counts_rows(const ssmi_gather *g, size_t k)
{
    const char *name = g->schema.name[g->cells[k].column];
    int named = ssmi_name_like_index(name);
    if (g->n_rows < 2 || (g->cells[k].column > 0 && !named)) return 0;
    double step = g->value[g->n_cells + k] - g->value[k];
    for (size_t i = 1; i < g->n_rows; i++) {
        double change = g->value[i * g->n_cells + k] - g->value[(i - 1) * g->n_cells + k];
        if (!(fabs(change - step) <= 1e-9 * fabs(step))) return 0;
    }
    return step == 1 || (named && step > 0);
}

/* Whether a column besides the numbers was meant to hold something: nothing at all, or text. */
static int has_others(const ssmi_gather *g)
{
    int found = 0;
    for (size_t k = 0; k < g->n_cells; k++) found |= g->cells[k].kind == SSM_COLUMN_EMPTY;
    for (size_t k = 0; k < g->schema.width; k++) found |= g->schema.kind[k] == SSM_COLUMN_TEXT;
    return found;
}

/* Finds a column that numbers the rows. The only column of numbers is one where its name says so and others
 * hold no numbers; by itself it is data. Returns its first number, else 1. */
static int64_t mark_index(ssmi_gather *g)
{
    size_t n_numbers = 0;
    const int others = has_others(g);
    for (size_t k = 0; k < g->n_cells; k++) n_numbers += g->cells[k].kind == SSM_COLUMN_NUMBER;
    for (size_t k = 0; k < g->n_cells; k++) {
        const char *name = g->schema.name[g->cells[k].column];
        if (n_numbers == 1 && !(others && ssmi_name_like_index(name))) continue;
        if (g->cells[k].kind != SSM_COLUMN_NUMBER || !counts_rows(g, k)) continue;
        g->cells[k].kind = SSM_COLUMN_INDEX;
        double first = g->value[k], step = g->value[g->n_cells + k] - first;
        return step == 1 && fabs(first) < 9e15 && first == floor(first) ? (int64_t)first : 1;
    }
    return 1;
}

static void describe(ssm_column *column, const ssmi_gather *g, size_t k)
{
    double minimum = INFINITY, maximum = -INFINITY, mean = 0;
    size_t n = 0;
    for (size_t i = 0; i < g->n_rows; i++) {
        double v = g->value[i * g->n_cells + k];
        if (isnan(v)) continue;
        n++;
        if (v < minimum) minimum = v;
        if (v > maximum) maximum = v;
        mean += (v - mean) / (double)n; /* cannot overflow where the values do not */
    }
    column->kind = g->cells[k].kind;
    column->n_missing = g->n_rows - n;
    column->minimum = n > 0 ? minimum : NAN;
    column->maximum = n > 0 ? maximum : NAN;
    column->mean = n > 0 ? mean : NAN;
}

/* `"a", "b" and 3 more`: the columns that `picked` marks. */
static void list_columns(char *out, size_t size, const ssmi_gather *g, const unsigned char *picked,
                         size_t n_picked)
{
    size_t used = 0, shown = 0;
    char name[48];
    for (size_t k = 0; k < g->n_cells && shown < 3; k++) {
        const char *text = g->schema.name[g->cells[k].column];
        if (!picked[k]) continue;
        ssmi_quote(name, sizeof name, text, strlen(text));
        used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", shown > 0 ? ", " : "", name);
        shown++;
    }
    if (n_picked > shown) snprintf(out + used, size - used, " and %zu more", n_picked - shown);
}

static ssm_status note_sentinels(reading *r, const ssm_column *column, unsigned char *picked)
{
    const ssmi_gather *g = &r->gather;
    char list[256];
    size_t n = 0, cells = 0;
    double sentinel = 0;
    for (size_t k = 0; k < g->n_cells; k++) {
        const ssm_column *c = &column[g->cells[k].column];
        picked[k] = c->n_sentinel > 0;
        n += picked[k];
        cells += c->n_sentinel;
        if (picked[k]) sentinel = c->sentinel;
    }
    if (n == 0 || r->options->sentinel) return SSM_OK;
    list_columns(list, sizeof list, g, picked, n);
    return ssmi_note(
        &r->notes,
        "%s: %zu cells hold a value far outside of the others, such as %g, in %s; if that means missing, "
        "use --sentinel",
        r->source.path, cells, sentinel, list);
}

static ssm_status note_constants(reading *r, const ssm_column *column, unsigned char *picked)
{
    const ssmi_gather *g = &r->gather;
    char list[256];
    size_t n = 0;
    for (size_t k = 0; k < g->n_cells; k++) {
        const ssm_column *c = &column[g->cells[k].column];
        picked[k] = c->kind == SSM_COLUMN_NUMBER && c->minimum == c->maximum;
        n += picked[k];
    }
    if (n == 0 || g->n_rows < 2) return SSM_OK;
    list_columns(list, sizeof list, g, picked, n);
    return ssmi_note(&r->notes, "%s: the same value in every row of %s", r->source.path, list);
}

static ssm_status note_columns(reading *r, const ssm_column *column)
{
    unsigned char *picked = SSMI_ALLOC(&r->tmp, unsigned char, r->gather.n_cells);
    if (picked == NULL) return SSM_E_MEMORY;
    SSMI_TRY(note_sentinels(r, column, picked));
    return note_constants(r, column, picked);
}

static void remove_sentinel(ssmi_gather *g, size_t k, double sentinel)
{
    for (size_t i = 0; i < g->n_rows; i++) {
        double *v = &g->value[i * g->n_cells + k];
        if (*v == sentinel) *v = NAN;
    }
}

static ssm_status make_columns(reading *r, int64_t *first_index)
{
    ssmi_gather *g = &r->gather;
    ssm_arena *mem = &r->box->mem;
    ssm_column *column = SSMI_ALLOC(mem, ssm_column, g->schema.width);
    ssmi_sentinel *found = SSMI_ALLOC(&r->tmp, ssmi_sentinel, g->n_cells);
    if (column == NULL || found == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < g->schema.width; k++) {
        column[k] = (ssm_column){
            .kind = g->schema.kind[k], .minimum = NAN, .maximum = NAN, .mean = NAN, .sentinel = NAN};
        column[k].name = ssmi_arena_strdup(mem, g->schema.name[k]);
        if (column[k].name == NULL) return SSM_E_MEMORY;
    }
    *first_index = mark_index(g);
    ssmi_sentinel_find(found, g->value, g->n_rows, g->n_cells);
    for (size_t k = 0; k < g->n_cells; k++) {
        ssm_column *c = &column[g->cells[k].column];
        c->sentinel = found[k].value;
        c->n_sentinel = found[k].count;
        if (c->n_sentinel > 0 && r->options->sentinel) remove_sentinel(g, k, c->sentinel);
        describe(c, g, k);
    }
    SSMI_TRY(note_columns(r, column));
    r->box->table.column = column;
    r->box->table.n_columns = g->schema.width;
    return SSM_OK;
}

/* ---- series ---- */

static ssm_status fail_no_numbers(reading *r)
{
    char list[256] = "", name[80];
    size_t used = 0;
    const ssm_table *table = &r->box->table;
    for (size_t k = 0; k < table->n_columns && used + 100 < sizeof list; k++) {
        ssmi_quote(name, sizeof name, table->column[k].name, strlen(table->column[k].name));
        used += (size_t)snprintf(list + used, sizeof list - used, "%s\"%s\" is %s", k > 0 ? ", " : "", name,
                                 ssm_column_kind_text(table->column[k].kind));
    }
    const char *note = r->notes.n > 0 ? r->notes.text[r->notes.n - 1] : "";
    return ssmi_fail(r->ctx, SSM_E_DATA, "%s: no column of numbers to forecast: %s%s%s", r->source.path, list,
                     note[0] != '\0' ? "; " : "", note);
}

/* Only number columns go to the grid: moves them to the left of each row. */
static size_t keep_numbers(ssmi_gather *g, size_t *column)
{
    size_t m = g->n_cells, kept = 0;
    for (size_t k = 0; k < m; k++) {
        if (g->cells[k].kind != SSM_COLUMN_NUMBER) continue;
        g->cells[kept].column = g->cells[k].column;
        column[kept++] = k;
    }
    for (size_t i = 0; kept < m && i < g->n_rows; i++) {
        for (size_t k = 0; k < kept; k++) g->value[i * kept + k] = g->value[i * m + column[k]];
    }
    return kept;
}

static ssm_status detect_one(void *task, size_t i, ssm_arena *scratch)
{
    return ssm_series_detect_periods(scratch->ctx, (ssm_series *)task + i);
}

static void copy_grid(ssm_table *table, const ssmi_grid *grid)
{
    table->length = grid->length;
    table->time = grid->time;
    table->stamp = grid->stamp;
    table->n_gap_rows = grid->n_gap_rows;
    table->n_duplicates = grid->n_duplicates;
    table->n_backward = grid->n_backward;
    table->n_snapped = grid->n_snapped;
    table->first_duplicate_line = grid->first_duplicate_line;
    table->first_backward_line = grid->first_backward_line;
}

static ssm_status make_series(reading *r, int64_t first_index)
{
    ssmi_gather *g = &r->gather;
    ssm_table *table = &r->box->table;
    ssm_arena *mem = &r->box->mem;
    size_t *column = SSMI_ALLOC(&r->tmp, size_t, g->n_cells);
    if (column == NULL) return SSM_E_MEMORY;
    size_t n = keep_numbers(g, column);
    if (n == 0) return fail_no_numbers(r);
    ssmi_rows rows = {r->source.path, g->n_rows, n, g->timeline.time, g->line, g->value};
    ssmi_grid grid = {.length = 0};
    if (g->timeline.spec.n_parts == 0) {
        SSMI_TRY(ssmi_grid_number(&grid, &rows, first_index, mem));
    } else {
        SSMI_TRY(ssmi_grid_make(&grid, &rows, r->options, mem, &r->tmp, &r->notes));
    }
    ssm_series *series = SSMI_ALLOC(mem, ssm_series, n);
    if (series == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < n; k++) {
        const char *name = table->column[g->cells[k].column].name;
        series[k] = (ssm_series){.name = name,
                                 .value = grid.value[k],
                                 .length = grid.length,
                                 .time = grid.time,
                                 .stamp = grid.stamp};
    }
    SSMI_TRY(ssmi_parallel_for(r->ctx, n, detect_one, series));
    copy_grid(table, &grid);
    table->series = series;
    table->n_series = n;
    return SSM_OK;
}

/* ---- the whole ---- */

static ssm_status complete(reading *r)
{
    ssm_table *table = &r->box->table;
    ssm_arena *mem = &r->box->mem;
    const ssmi_gather *g = &r->gather;
    int timed = g->timeline.spec.n_parts > 0;
    const char **warning = SSMI_ALLOC(mem, const char *, r->notes.n);
    if (warning == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < r->notes.n; i++) {
        warning[i] = ssmi_arena_strdup(mem, r->notes.text[i]);
        if (warning[i] == NULL) return SSM_E_MEMORY;
    }
    table->path =
        ssmi_arena_strdup(mem, strcmp(r->source.path, "standard input") == 0 ? "-" : r->source.path);
    table->time_format = timed ? ssmi_arena_strdup(mem, g->timeline.text) : NULL;
    if (table->path == NULL || (timed && table->time_format == NULL)) return SSM_E_MEMORY;
    table->warning = warning;
    table->n_warnings = r->notes.n;
    table->delimiter = r->dialect.delimiter;
    table->decimal = r->dialect.decimal;
    table->has_header = g->schema.has_header;
    table->is_utc = g->timeline.has_offset;
    table->n_rows = g->n_rows;
    table->n_blank_rows = g->n_blank_rows;
    return SSM_OK;
}

static ssm_status read_open(reading *r)
{
    int64_t first_index;
    SSMI_TRY(read_rows(r));
    SSMI_TRY(make_columns(r, &first_index));
    SSMI_TRY(make_series(r, first_index));
    return complete(r);
}

ssm_status ssm_table_read(ssm_context *ctx, const char *path, const ssm_table_options *options,
                          ssm_table **out)
{
    static const ssm_table_options defaults;
    reading r = {.ctx = ctx, .options = options != NULL ? options : &defaults};
    if ((unsigned)r.options->duplicates > SSM_DUPLICATES_MEAN) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "unknown rule for duplicates");
    }
    SSMI_TRY(ssmi_source_open(&r.source, ctx, path));
    r.box = ssmi_resize(ctx, NULL, 1, sizeof *r.box);
    if (r.box == NULL) {
        ssmi_source_close(&r.source);
        return SSM_E_MEMORY;
    }
    *r.box = (box){.table = {.digest = ""}};
    ssmi_arena_init(&r.box->mem, ctx);
    ssmi_arena_init(&r.tmp, ctx);
    r.notes.mem = &r.tmp;
    ssm_status status = read_open(&r);
    ssmi_gather_clear(&r.gather);
    ssmi_arena_clear(&r.tmp);
    ssmi_source_close(&r.source);
    if (status == SSM_OK)
        *out = &r.box->table;
    else
        ssm_table_free(&r.box->table);
    return status;
}

void ssm_table_free(ssm_table *table)
{
    box *b = (box *)table;
    if (b == NULL) return;
    ssm_context *ctx = b->mem.ctx;
    ssmi_arena_clear(&b->mem);
    ssmi_release(ctx, b);
}

ssm_status ssm_table_find(const ssm_table *table, const char *name, const ssm_series **out)
{
    ssm_context *ctx = ((const box *)table)->mem.ctx;
    const char **names = ssmi_resize(ctx, NULL, table->n_columns, sizeof *names);
    size_t column;
    if (names == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < table->n_columns; k++) names[k] = table->column[k].name;
    ssm_status status = ssmi_names_find(ctx, names, table->n_columns, name, strlen(name), &column);
    ssmi_release(ctx, names);
    if (status != SSM_OK) return status;
    for (size_t i = 0; i < table->n_series; i++) {
        if (table->series[i].name != table->column[column].name) continue;
        *out = &table->series[i];
        return SSM_OK;
    }
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "column \"%s\" is no series but %s", table->column[column].name,
                     ssm_column_kind_text(table->column[column].kind));
}
