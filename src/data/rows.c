#include "data/rows.h"

#include <csv.h>
#include <stdio.h>
#include <string.h>

enum { ENDS_LF = 1, ENDS_CR = 2, ENDS_CRLF = 4 };

/* What the filter remembers from one byte to the next. */
typedef struct filter {
    size_t skip_lines;
    int after_cr;      /* while skipping lines */
    int at_line_start; /* only blanks since the last line end */
    int in_quotes, in_comment;
    int pending_blank; /* blanks were seen that separate two fields if another one follows */
} filter;

typedef struct reader {
    ssm_context *ctx;
    const char *path;
    const ssmi_dialect *dialect;
    ssmi_row_sink sink;
    void *user;
    struct csv_parser parser;
    filter filter;
    ssm_status status; /* first failure; afterwards everything is ignored */

    size_t line; /* of the row being gathered */
    char *bytes; /* its fields, a NUL after each */
    size_t n_bytes, bytes_capacity;
    size_t *begin;     /* (n_fields) where each begins */
    ssmi_field *field; /* (n_fields), made when the row is complete */
    size_t n_fields, field_capacity;
    int after_cr;
    size_t n_ends[5]; /* by kind of line end */
} reader;

static size_t count_line_ends(const char *text, size_t length)
{
    size_t n = 0;
    if (length == 0) return 0;
    if (memchr(text, '\n', length) == NULL && memchr(text, '\r', length) == NULL) return 0;
    for (size_t i = 0; i < length; i++) {
        n += text[i] == '\r' || (text[i] == '\n' && (i == 0 || text[i - 1] != '\r'));
    }
    return n;
}

size_t ssmi_row_line(const ssmi_row *row, size_t i)
{
    size_t line = row->line;
    for (size_t k = 0; k < i && k < row->n; k++) {
        line += count_line_ends(row->field[k].text, row->field[k].length);
    }
    return line;
}

const char *ssmi_quote(char *out, size_t size, const char *text, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        int escape = c < 32 || c == 127;
        if (used + 8 > size) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (escape) {
            memcpy(out + used, (char[4]){'\\', 'x', hex[c >> 4], hex[c & 15]}, 4);
            used += 4;
        } else {
            out[used++] = (char)c;
        }
    }
    out[used] = '\0';
    return out;
}

static ssm_status fail_here(reader *r, const char *what)
{
    size_t line = r->line + count_line_ends(r->bytes, r->n_bytes);
    r->status = ssmi_fail(r->ctx, SSM_E_DATA, "%s:%zu:%zu: %s", r->path, line, r->n_fields + 1, what);
    return r->status;
}

/* ---- from libcsv ---- */

static int grow(reader *r, void **block, size_t *capacity, size_t needed, size_t item)
{
    size_t wanted = *capacity > 0 ? *capacity : 256;
    if (needed <= *capacity) return 1;
    while (wanted < needed) wanted *= 2;
    void *bigger = ssmi_resize(r->ctx, *block, wanted, item);
    if (bigger == NULL) {
        r->status = SSM_E_MEMORY;
        return 0;
    }
    *block = bigger;
    *capacity = wanted;
    return 1;
}

static void on_field(void *text, size_t length, void *user)
{
    reader *r = user;
    size_t capacity = r->field_capacity;
    if (r->status != SSM_OK) return;
    if (r->n_fields == r->dialect->max_columns) {
        fail_here(r, "too many fields in one row; is the delimiter right?");
        return;
    }
    if (!grow(r, (void **)&r->bytes, &r->bytes_capacity, r->n_bytes + length + 1, 1)) return;
    if (!grow(r, (void **)&r->begin, &capacity, r->n_fields + 1, sizeof *r->begin)) return;
    if (!grow(r, (void **)&r->field, &r->field_capacity, r->n_fields + 1, sizeof *r->field)) return;
    r->begin[r->n_fields++] = r->n_bytes;
    if (length > 0) memcpy(r->bytes + r->n_bytes, text, length);
    r->bytes[r->n_bytes + length] = '\0';
    r->n_bytes += length + 1;
}

/* A row of nothing but the comment sign is what the filter left of a comment; Control-Z is how some old
 * programs end a file. */
static int is_void(const reader *r)
{
    if (r->n_fields != 1 || r->n_bytes != 2) return 0;
    return r->bytes[0] == '\x1A' || (r->dialect->comment != 0 && r->bytes[0] == r->dialect->comment);
}

static void on_row(int end, void *user)
{
    reader *r = user;
    if (r->status != SSM_OK) return;
    if (end == '\n' && r->after_cr && r->n_fields == 0) { /* second half of CR LF */
        r->after_cr = 0;
        r->n_ends[ENDS_CR]--;
        r->n_ends[ENDS_CRLF]++;
        return;
    }
    r->after_cr = end == '\r';
    if (end == '\r' || end == '\n') r->n_ends[end == '\r' ? ENDS_CR : ENDS_LF]++;
    for (size_t i = 0; i < r->n_fields; i++) {
        size_t stop = i + 1 < r->n_fields ? r->begin[i + 1] : r->n_bytes;
        r->field[i] = (ssmi_field){r->bytes + r->begin[i], stop - r->begin[i] - 1};
    }
    ssmi_row row = {.line = r->line, .n = r->n_fields, .field = r->field};
    if (!is_void(r)) r->status = r->sink(r->user, &row);
    r->line += 1 + count_line_ends(r->bytes, r->n_bytes);
    r->n_fields = r->n_bytes = 0;
}

static void *refuse_to_grow(void *block, size_t size)
{
    (void)block;
    (void)size;
    return NULL;
}

static int no_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* The parser's field buffer is ours and as large as a field may be, so it never allocates. */
static ssm_status start_parser(reader *r, ssm_arena *mem)
{
    struct csv_parser *p = &r->parser;
    if (csv_init(p, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0) {
        return ssmi_fail(r->ctx, SSM_E_IO, "cannot start the CSV parser");
    }
    p->entry_size = r->dialect->max_field + 1;
    p->entry_buf = SSMI_ALLOC(mem, unsigned char, p->entry_size);
    if (p->entry_buf == NULL) return SSM_E_MEMORY;
    csv_set_realloc_func(p, refuse_to_grow);
    csv_set_delim(p, (unsigned char)r->dialect->delimiter);
    if (r->dialect->delimiter == ' ') csv_set_space_func(p, no_space);
    return SSM_OK;
}

static ssm_status explain_parser(reader *r)
{
    const struct csv_parser *p = &r->parser;
    const char *text = (const char *)p->entry_buf;
    char shown[64], what[256];
    size_t more = count_line_ends(text, p->entry_pos);
    ssmi_quote(shown, sizeof shown, text, p->entry_pos);
    if (p->status != CSV_EPARSE) {
        snprintf(what, sizeof what, "field of more than %zu bytes%s", r->dialect->max_field,
                 p->quoted ? "; the quote that opens it may never be closed" : "");
    } else if (!p->quoted) {
        snprintf(what, sizeof what,
                 "quote inside the field that begins with \"%s\"; put quotes around the "
                 "whole field and double the inner one",
                 shown);
    } else {
        snprintf(what, sizeof what,
                 "the quoted field that begins here ends %zu line%s further down and text "
                 "follows its closing quote; a quote is missing or is not doubled",
                 more, more == 1 ? "" : "s");
    }
    return fail_here(r, what);
}

static ssm_status parse(reader *r, const unsigned char *block, size_t n)
{
    if (r->status == SSM_OK && csv_parse(&r->parser, block, n, on_field, on_row, r) != n) {
        if (r->status == SSM_OK) return explain_parser(r);
    }
    return r->status;
}

/* ---- the filter; writes in place ---- */

/* Bytes of the block that belong to lines to leave out. */
static size_t skip_lines(reader *r, const unsigned char *block, size_t n)
{
    filter *f = &r->filter;
    size_t i = 0;
    while (i < n && (f->skip_lines > 0 || (f->after_cr && block[i] == '\n'))) {
        int second_half = f->after_cr && block[i] == '\n';
        f->after_cr = block[i] == '\r';
        if (!second_half && (block[i] == '\n' || block[i] == '\r')) {
            f->skip_lines--;
            r->line++;
        }
        i++;
    }
    if (i < n) f->after_cr = 0;
    return i;
}

static size_t filter_bytes(reader *r, unsigned char *block, size_t n)
{
    filter *f = &r->filter;
    int runs = r->dialect->delimiter == ' ';
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = block[i];
        int end = (c == '\n' || c == '\r') && !f->in_quotes;
        int blank = runs && !f->in_quotes && (c == ' ' || c == '\t');
        if (f->in_comment && !end) continue;
        if (blank) {
            f->pending_blank = !f->at_line_start;
            continue;
        }
        if (f->pending_blank && !end) block[used++] = ' ';
        f->in_comment =
            f->at_line_start && r->dialect->comment != 0 && c == (unsigned char)r->dialect->comment;
        if (c == '"') f->in_quotes = !f->in_quotes;
        f->at_line_start = end || (f->at_line_start && (c == ' ' || c == '\t'));
        f->pending_blank = 0;
        block[used++] = c;
    }
    return used;
}

static ssm_status feed(reader *r, unsigned char *block, size_t n)
{
    size_t skipped = skip_lines(r, block, n);
    block += skipped;
    n -= skipped;
    const unsigned char *zero = memchr(block, 0, n);
    size_t sound = zero != NULL ? (size_t)(zero - block) : n;
    size_t kept = sound;
    if (r->dialect->delimiter == ' ' || r->dialect->comment != 0) kept = filter_bytes(r, block, sound);
    SSMI_TRY(parse(r, block, kept));
    if (zero == NULL) return SSM_OK;
    return fail_here(r, "NUL byte; this is not plain text");
}

static ssm_status finish(reader *r)
{
    if (csv_fini(&r->parser, on_field, on_row, r) != 0 && r->status == SSM_OK) {
        return fail_here(r, "the quote that opens this field is never closed");
    }
    return r->status;
}

/* `spare` takes the blocks, and has one byte more for a blank that the filter carried over. */
static ssm_status run(reader *r, ssmi_source *source, const unsigned char *head, size_t n_head,
                      unsigned char *spare)
{
    size_t n = n_head - r->dialect->skip_bytes;
    memcpy(spare + 1, head + r->dialect->skip_bytes, n);
    while (n > 0) {
        SSMI_TRY(feed(r, spare + 1, n));
        SSMI_TRY(ssmi_source_read(source, spare + 1, SSMI_SOURCE_BLOCK, &n));
    }
    return finish(r);
}

ssm_status ssmi_rows_read(ssmi_source *source, const unsigned char *head, size_t n_head,
                          const ssmi_dialect *dialect, ssmi_row_sink sink, void *user, ssm_arena *mem,
                          int *mixed_ends)
{
    reader r = {.ctx = source->ctx,
                .path = source->path,
                .dialect = dialect,
                .sink = sink,
                .user = user,
                .line = 1,
                .filter = {.skip_lines = dialect->skip_lines, .at_line_start = 1}};
    unsigned char *spare = SSMI_ALLOC(mem, unsigned char, SSMI_SOURCE_BLOCK + 1);
    if (spare == NULL) return SSM_E_MEMORY;
    ssm_status status = start_parser(&r, mem);
    if (status == SSM_OK) status = run(&r, source, head, n_head, spare);
    ssmi_release(r.ctx, r.bytes);
    ssmi_release(r.ctx, r.begin);
    ssmi_release(r.ctx, r.field);
    *mixed_ends = (r.n_ends[ENDS_LF] > 0) + (r.n_ends[ENDS_CR] > 0) + (r.n_ends[ENDS_CRLF] > 0) > 1;
    return status;
}
