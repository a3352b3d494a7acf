#include "data/stream.h"

#include "base/text.h"
#include "data/gather.h"
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct stream {
    const ssmi_stream_task *task;
    const ssmi_stream_sink *sink;
    ssm_table_options options; /* those of the task, with what is known */
    ssmi_source source;
    ssmi_dialect dialect;
    ssm_arena mem;
    ssmi_notes notes;
    size_t n_told; /* notes handed on */
    ssmi_gather gather;
    int begun;
    ssmi_stream_layout layout;
    size_t n, *cell; /* (n) cell of the gather that holds series i */
    const char **name;
    double *value;  /* (n) */
    ssmi_text time; /* of the row at hand */
} stream;

/* ---- what is known of the columns ---- */

static ssm_status layout_columns(ssmi_stream_layout *out, const ssm_table *table, ssm_arena *arena)
{
    const char **name = SSMI_ALLOC(arena, const char *, table->n_columns);
    ssm_column_kind *kind = SSMI_ALLOC(arena, ssm_column_kind, table->n_columns);
    if (name == NULL || kind == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < table->n_columns; k++) {
        name[k] = ssmi_arena_strdup(arena, table->column[k].name);
        if (name[k] == NULL) return SSM_E_MEMORY;
        kind[k] = table->column[k].kind;
    }
    *out = (ssmi_stream_layout){.width = table->n_columns,
                                .name = name,
                                .kind = kind,
                                .delimiter = table->delimiter,
                                .decimal = table->decimal};
    return SSM_OK;
}

ssm_status ssmi_stream_layout_of(ssmi_stream_layout *out, const ssm_table *table, ssm_arena *arena)
{
    SSMI_TRY(layout_columns(out, table, arena));
    if (table->time_format == NULL) return SSM_OK;
    out->time_format = ssmi_arena_strdup(arena, table->time_format);
    return out->time_format != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* The columns of one kind as an option lists them. */
static ssm_status list_columns(const char **out, const stream *s, ssm_column_kind kind)
{
    const ssmi_stream_layout *known = s->task->known;
    ssmi_text list;
    ssmi_text_init(&list, s->mem.ctx);
    for (size_t k = 0; k < known->width; k++) {
        if (known->kind[k] != kind) continue;
        if (list.length > 0) ssmi_text_puts(&list, ",");
        if (strchr(known->name[k], ',') == NULL) {
            ssmi_text_puts(&list, known->name[k]);
        } else {
            ssmi_text_printf(&list, "%zu", k + 1);
        }
    }
    ssm_status status = ssmi_text_status(&list);
    *out = status == SSM_OK ? ssmi_arena_strdup((ssm_arena *)&s->mem, list.length > 0 ? list.bytes : "none")
                            : NULL;
    ssmi_text_clear(&list);
    return *out != NULL ? SSM_OK : SSM_E_MEMORY;
}

/* The first word of a format that a time was found to have, when it is one that can be asked for. */
static const char *asked_format(const char *format)
{
    static const char *const known[] = {"ymd",   "dmy",     "mdy",      "ym",       "year",    "quarter",
                                        "excel", "epoch-s", "epoch-ms", "epoch-us", "epoch-ns"};
    const size_t length = format != NULL ? strcspn(format, " ") : 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) == length && strncmp(known[i], format, length) == 0) return known[i];
    }
    return NULL;
}

/* What the user said goes before what is known. */
static ssm_status apply_known(stream *s)
{
    const ssmi_stream_layout *known = s->task->known;
    ssm_table_options *o = &s->options;
    if (o->delimiter == 0) o->delimiter = known->delimiter;
    if (o->decimal == 0) o->decimal = known->decimal;
    if (o->time_format == NULL) o->time_format = asked_format(known->time_format);
    SSMI_TRY(list_columns(&o->columns, s, SSM_COLUMN_NUMBER));
    return list_columns(&o->time_columns, s, SSM_COLUMN_TIME);
}

/* ---- the first rows ---- */

static int row_has(const ssmi_row *row, const char *name)
{
    for (size_t i = 0; i < row->n; i++) {
        const char *text = row->field[i].text;
        size_t length = row->field[i].length;
        ssmi_trim(&text, &length);
        if (strlen(name) == length && memcmp(text, name, length) == 0) return 1;
    }
    return 0;
}

/* Does the row name every column that is wanted? */
static int is_known_header(const stream *s, const ssmi_row *row)
{
    const ssmi_stream_layout *known = s->task->known;
    for (size_t k = 0; k < known->width; k++) {
        const int wanted = known->kind[k] == SSM_COLUMN_NUMBER || known->kind[k] == SSM_COLUMN_TIME;
        if (wanted && !row_has(row, known->name[k])) return 0;
    }
    return 1;
}

/* A stream without a header gets the one that is known. */
static ssm_status lead_in(stream *s, const ssmi_row *row)
{
    const ssmi_stream_layout *known = s->task->known;
    if (known == NULL) {
        s->gather.sample_rows = s->options.header < 0 ? 1 : 2;
        return SSM_OK;
    }
    s->gather.sample_rows = 2;
    s->options.header = 1;
    if (is_known_header(s, row)) return SSM_OK;
    if (row->n != known->width)
        return ssmi_fail(s->mem.ctx, SSM_E_DATA,
                         "%s:%zu:1: found %zu fields where %zu belong, and no header that names the columns",
                         s->source.path, row->line, row->n, known->width);
    ssmi_field *field = SSMI_ALLOC(&s->mem, ssmi_field, known->width);
    if (field == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < known->width; k++) field[k] = (ssmi_field){known->name[k], strlen(known->name[k])};
    return ssmi_gather_row(&s->gather, &(ssmi_row){row->line, known->width, field});
}

/* Column k of the file as a series; its place among those that are known decides the order. */
static size_t place_of(const stream *s, const char *name, size_t fallback)
{
    const ssmi_stream_layout *known = s->task->known;
    size_t place = 0;
    if (known == NULL) return fallback;
    for (size_t k = 0; k < known->width; k++) {
        if (known->kind[k] != SSM_COLUMN_NUMBER) continue;
        if (strcmp(known->name[k], name) == 0) return place;
        place++;
    }
    return fallback;
}

/* A stream that cannot begin has failed as a whole: no row of it is to blame, and none can be left out. */
static ssm_status begin(stream *s)
{
    ssmi_gather *g = &s->gather;
    s->n = g->n_cells;
    s->cell = SSMI_ALLOC(&s->mem, size_t, s->n);
    s->name = SSMI_ALLOC(&s->mem, const char *, s->n);
    s->value = SSMI_ALLOC(&s->mem, double, s->n);
    if (s->cell == NULL || s->name == NULL || s->value == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < s->n; k++) {
        const char *name = g->schema.name[g->cells[k].column];
        const size_t i = place_of(s, name, k);
        s->cell[i] = k;
        s->name[i] = name;
        g->cells[k].kind = g->schema.kind[g->cells[k].column] = SSM_COLUMN_NUMBER;
    }
    s->layout = (ssmi_stream_layout){.width = g->schema.width,
                                     .name = g->schema.name,
                                     .kind = g->schema.kind,
                                     .delimiter = s->dialect.delimiter,
                                     .decimal = s->dialect.decimal};
    if (s->task->known != NULL) s->layout.time_format = s->task->known->time_format;
    if (s->n == 0)
        return ssmi_fail(s->mem.ctx, SSM_E_DATA, "%s: no numeric column in the first rows", s->source.path);
    SSMI_TRY(s->sink->begin(s->sink->user, &s->layout, s->name, s->n));
    s->begun = 1;
    return SSM_OK;
}

/* ---- rows ---- */

/* The row of the file that row i of the gather was made of. */
static const ssmi_row *origin_of(const stream *s, const ssmi_row *row, size_t i)
{
    const ssmi_gather *g = &s->gather;
    for (size_t k = g->schema.n_header_rows; k < g->n_sample; k++) {
        if (g->sample[k].line == g->line[i]) return g->sample + k;
    }
    return row;
}

static ssm_status join_time(stream *s, const ssmi_row *row)
{
    const ssmi_time_spec *spec = &s->gather.timeline.spec;
    s->time.length = 0;
    ssmi_text_puts(&s->time, "");
    for (size_t i = 0; row != NULL && i < spec->n_parts; i++) {
        const ssmi_field *field = &row->field[spec->part[i].column];
        const char *text = field->text;
        size_t length = field->length;
        ssmi_trim(&text, &length);
        if (i > 0) ssmi_text_puts(&s->time, " ");
        ssmi_text_add(&s->time, text, length);
    }
    return ssmi_text_status(&s->time);
}

/* A date of which day and month could be swapped has no sure time. */
static int time_of(const stream *s, size_t i, int64_t *stamp)
{
    const ssmi_timeline *t = &s->gather.timeline;
    const size_t extra = t->n - s->gather.n_rows; /* kept from rows before */
    if (t->spec.n_parts == 0) return 0;
    if (t->other != NULL && t->refuted_line[0] == 0 && t->refuted_line[1] == 0) return 0;
    const int second = t->other != NULL && t->refuted_line[0] != 0;
    *stamp = (second ? t->other : t->time)[extra + i];
    return 1;
}

static ssm_status hand_on(stream *s, const ssmi_row *row)
{
    ssmi_gather *g = &s->gather;
    for (size_t i = 0; i < g->n_rows; i++) {
        ssmi_stream_row out = {.line = g->line[i], .value = s->value};
        SSMI_TRY(join_time(s, origin_of(s, row, i)));
        out.time = s->time.bytes;
        out.has_stamp = time_of(s, i, &out.stamp);
        for (size_t k = 0; k < s->n; k++) s->value[k] = g->value[i * g->n_cells + s->cell[k]];
        SSMI_TRY(s->sink->row(s->sink->user, &out));
    }
    return SSM_OK;
}

/* Nothing of a row stays but the form of the first time. */
static void forget(stream *s)
{
    ssmi_gather *g = &s->gather;
    g->n_rows = 0;
    g->n_sample = s->begun ? 0 : g->n_sample;
    if (g->timeline.n > 1) g->timeline.n = 1;
}

static void tell_notes(stream *s)
{
    for (; s->n_told < s->notes.n; s->n_told++) s->sink->warn(s->sink->user, s->notes.text[s->n_told]);
}

static ssm_status take_row(stream *s, const ssmi_row *row)
{
    if (!s->begun && s->gather.n_sample == 0) SSMI_TRY(lead_in(s, row));
    SSMI_TRY(ssmi_gather_row(&s->gather, row));
    if (!s->gather.decided) return SSM_OK;
    tell_notes(s);
    if (!s->begun) SSMI_TRY(begin(s));
    return SSM_OK;
}

static ssm_status on_row(void *stream_, const ssmi_row *row)
{
    stream *s = stream_;
    if (!s->begun && row->n == 0) return SSM_OK; /* empty lines before the table */
    ssm_status status = take_row(s, row);
    if (status == SSM_E_DATA && s->task->skip_bad && (s->begun || s->gather.n_sample == 0)) {
        s->sink->warn(s->sink->user, ssm_context_message(s->mem.ctx));
        forget(s);
        return SSM_OK;
    }
    if (status == SSM_OK && s->begun) status = hand_on(s, row);
    if (s->begun) forget(s);
    return status;
}

/* ---- reading ---- */

static size_t count_lines(const unsigned char *head, size_t n)
{
    size_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += head[i] == '\n' || (head[i] == '\r' && (i + 1 == n || head[i + 1] != '\n'));
    return lines;
}

/* As much of the beginning as delimiter and decimal mark are found by: a header and a row. */
static ssm_status read_head(stream *s, unsigned char *head, size_t *n)
{
    const size_t wanted = s->options.skip + (s->options.delimiter != 0 && s->options.decimal != 0 ? 1 : 2);
    size_t got = 1;
    for (*n = 0; got > 0 && *n < SSMI_SOURCE_BLOCK && count_lines(head, *n) < wanted; *n += got)
        SSMI_TRY(ssmi_source_read(&s->source, head + *n, SSMI_SOURCE_BLOCK - *n, &got));
    return SSM_OK;
}

static ssm_status finish(stream *s)
{
    if (s->begun || (s->gather.n_sample < 2 && s->task->known != NULL)) return SSM_OK;
    SSMI_TRY(ssmi_gather_decide(&s->gather, 1));
    tell_notes(s);
    SSMI_TRY(begin(s));
    return hand_on(s, NULL);
}

static ssm_status run(stream *s)
{
    size_t n;
    int mixed_ends;
    unsigned char *head = SSMI_ALLOC(&s->mem, unsigned char, SSMI_SOURCE_BLOCK);
    if (head == NULL) return SSM_E_MEMORY;
    if (s->task->known != NULL) SSMI_TRY(apply_known(s));
    SSMI_TRY(read_head(s, head, &n));
    if (n == 0 && s->task->known != NULL) return SSM_OK;
    if (n == 0) return ssmi_fail(s->mem.ctx, SSM_E_DATA, "%s: empty input", s->source.path);
    SSMI_TRY(ssmi_dialect_detect(s->mem.ctx, s->source.path, head, n, &s->options, &s->dialect));
    SSMI_TRY(ssmi_gather_init(&s->gather, &s->mem, &s->notes, s->source.path, &s->options, &s->dialect));
    SSMI_TRY(ssmi_rows_read(&s->source, head, n, &s->dialect, on_row, s, &s->mem, &mixed_ends));
    return finish(s);
}

ssm_status ssmi_stream_read(ssm_context *ctx, const ssmi_stream_task *task, const ssmi_stream_sink *sink)
{
    stream s = {.task = task, .sink = sink, .options = *task->options};
    ssmi_arena_init(&s.mem, ctx);
    ssmi_text_init(&s.time, ctx);
    s.notes.mem = &s.mem;
    ssm_status status = ssmi_source_open(&s.source, ctx, task->path);
    if (status == SSM_OK) {
        s.source.live = 1;
        status = run(&s);
        ssmi_source_close(&s.source);
        if (s.gather.ctx != NULL) ssmi_gather_clear(&s.gather);
    }
    ssmi_text_clear(&s.time);
    ssmi_arena_clear(&s.mem);
    return status;
}
