/* Which delimiter and which decimal mark: counted over the first lines. A delimiter is good when most lines
 * have the same number of it; among equals the rarer sign wins, for a comma may sit in the numbers. */
#include "data/rows.h"

#include <string.h>

enum { MOST_LINES = 400, MOST_COUNT = 65536 };

static const char candidate[] = {'\t', ';', '|', ',', ' '};
enum { N_CANDIDATES = sizeof candidate };

typedef struct counts {
    size_t n_lines;
    unsigned short n[MOST_LINES][N_CANDIDATES]; /* of each candidate in each line that is not blank */
} counts;

static int is_line_end(unsigned char c)
{
    return c == '\n' || c == '\r';
}

/* The byte after the next `n_lines` line ends. */
static size_t after_lines(const unsigned char *head, size_t n, size_t from, size_t n_lines)
{
    while (n_lines > 0 && from < n) {
        if (head[from] == '\r' && from + 1 < n && head[from + 1] == '\n') from++;
        n_lines -= (size_t)is_line_end(head[from]);
        from++;
    }
    return from;
}

static void count_byte(unsigned short *line, unsigned char c, int after_blank)
{
    for (size_t k = 0; k + 1 < N_CANDIDATES; k++) {
        if (c == (unsigned char)candidate[k] && line[k] < MOST_COUNT - 1) line[k]++;
    }
    if (after_blank && line[N_CANDIDATES - 1] < MOST_COUNT - 1) line[N_CANDIDATES - 1]++;
}

/* Counts line by line, outside quotes. A run of blanks counts once, between two other things. */
static void count_lines(counts *out, const unsigned char *head, size_t n, char comment)
{
    int in_quotes = 0, pending = 0, content = 0, in_comment = 0;
    unsigned short line[N_CANDIDATES] = {0};
    for (size_t i = 0; i <= n && out->n_lines < MOST_LINES; i++) {
        unsigned char c = i < n ? head[i] : '\n';
        if (c == '"') in_quotes = !in_quotes;
        if (i == n || (is_line_end(c) && !in_quotes)) {
            int partial = i == n && n == SSMI_SOURCE_BLOCK && out->n_lines > 0;
            if (content && !in_comment && !partial) memcpy(out->n[out->n_lines++], line, sizeof line);
            memset(line, 0, sizeof line);
            pending = content = in_comment = 0;
        } else if (!in_quotes && (c == ' ' || c == '\t')) {
            count_byte(line, c, 0);
            pending = content;
        } else {
            in_comment |= !content && comment != 0 && c == (unsigned char)comment;
            if (!in_quotes || c == '"') count_byte(line, c, pending);
            pending = 0;
            content = 1;
        }
    }
}

/* The commonest number of candidate k per line, and how many lines have it. */
static size_t mode_of(const counts *c, size_t k, size_t *lines)
{
    size_t best = 0;
    *lines = 0;
    for (size_t i = 0; i < c->n_lines; i++) {
        size_t same = 0;
        for (size_t j = 0; j < c->n_lines; j++) same += c->n[j][k] == c->n[i][k];
        if (same > *lines || (same == *lines && c->n[i][k] > best)) {
            *lines = same;
            best = c->n[i][k];
        }
    }
    return best;
}

static char best_delimiter(const counts *c)
{
    char best = ',';
    size_t best_lines = 0;
    for (size_t k = 0; k < N_CANDIDATES; k++) {
        size_t lines, mode = mode_of(c, k, &lines);
        if (mode == 0 || 2 * lines < c->n_lines || lines <= best_lines) continue;
        if (candidate[k] == ' ' && best_lines > 0) continue;
        best = candidate[k];
        best_lines = lines;
    }
    return best;
}

/* One cell as evidence: digits, mark, digits. Three digits after a comma and one to three before may be a
 * thousands group. */
typedef struct evidence {
    size_t point, comma, comma_group;
} evidence;

static void weigh_cell(evidence *e, const unsigned char *p, const unsigned char *end)
{
    size_t before = 0, after = 0;
    while (p < end && (*p == ' ' || *p == '"')) p++;
    while (p < end && (end[-1] == ' ' || end[-1] == '"')) end--;
    if (p < end && (*p == '-' || *p == '+')) p++;
    for (; p < end && *p >= '0' && *p <= '9'; p++) before++;
    if (p == end || (*p != '.' && *p != ',')) return;
    int comma = *p == ',';
    for (p++; p < end && *p >= '0' && *p <= '9'; p++) after++;
    if (p < end && *p != 'e' && *p != 'E') return;
    if (before == 0 || after == 0) return;
    if (!comma)
        e->point++;
    else if (after == 3 && before <= 3)
        e->comma_group++;
    else
        e->comma++;
}

static char decimal_mark(const unsigned char *head, size_t n, char delimiter)
{
    evidence e = {0};
    size_t begin = 0;
    int in_quotes = 0;
    for (size_t i = 0; i <= n; i++) {
        unsigned char c = i < n ? head[i] : '\n';
        if (c == '"') in_quotes = !in_quotes;
        int end = is_line_end(c) || c == (unsigned char)delimiter || (delimiter == ' ' && c == '\t');
        if (i < n && (in_quotes || !end)) continue;
        weigh_cell(&e, head + begin, head + i);
        begin = i + 1;
    }
    if (e.comma == 0 && (delimiter == ',' || e.point > 0)) return '.';
    return e.comma + e.comma_group > e.point ? ',' : '.';
}

/* "sep=;" as spreadsheets write it. */
static char separator_line(const unsigned char *head, size_t n)
{
    char text[8] = {0};
    size_t used = 0;
    for (size_t i = 0; i < n && i < 8 && !is_line_end(head[i]); i++) {
        if (head[i] != '"') text[used++] = (char)head[i];
        if (used == sizeof text) return 0;
    }
    if (used != 5 || (memcmp(text, "sep=", 4) != 0 && memcmp(text, "SEP=", 4) != 0)) return 0;
    return text[4];
}

static ssm_status check_options(ssm_context *ctx, const ssm_table_options *o)
{
    if (o->delimiter != 0 && memchr(candidate, o->delimiter, N_CANDIDATES) == NULL) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "delimiter '%c' is none of , ; tab | and blank", o->delimiter);
    }
    if (o->decimal != 0 && o->decimal != '.' && o->decimal != ',') {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "decimal mark '%c' is neither '.' nor ','", o->decimal);
    }
    if (o->decimal != 0 && o->decimal == o->delimiter) {
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "'%c' cannot be delimiter and decimal mark", o->decimal);
    }
    return SSM_OK;
}

ssm_status ssmi_dialect_detect(ssm_context *ctx, const char *path, const unsigned char *head, size_t n,
                               const ssm_table_options *options, ssmi_dialect *out)
{
    static const unsigned char mark[3] = {0xEF, 0xBB, 0xBF};
    SSMI_TRY(check_options(ctx, options));
    ssmi_dialect d = {.delimiter = options->delimiter,
                      .decimal = options->decimal,
                      .decimal_given = options->decimal != 0,
                      .comment = options->comment,
                      .skip_lines = options->skip,
                      .max_field = options->max_field > 0 ? options->max_field : (size_t)1 << 20,
                      .max_columns = options->max_columns > 0 ? options->max_columns : 65536};
    if (n >= 3 && memcmp(head, mark, 3) == 0) d.skip_bytes = 3;
    const char *foreign = ssmi_source_foreign(head + d.skip_bytes, n - d.skip_bytes);
    if (foreign != NULL) return ssmi_fail(ctx, SSM_E_FORMAT, "%s: this is %s", path, foreign);
    size_t from = after_lines(head, n, d.skip_bytes, d.skip_lines);
    char told = separator_line(head + from, n - from);
    if (told != 0) {
        d.skip_lines++;
        from = after_lines(head, n, from, 1);
        if (d.delimiter == 0 && memchr(candidate, told, N_CANDIDATES) != NULL) d.delimiter = told;
    }
    if (d.delimiter == 0) {
        counts *c = ssmi_resize(ctx, NULL, 1, sizeof *c);
        if (c == NULL) return SSM_E_MEMORY;
        c->n_lines = 0;
        count_lines(c, head + from, n - from, d.comment);
        d.delimiter = best_delimiter(c);
        ssmi_release(ctx, c);
    }
    if (d.decimal == 0) d.decimal = decimal_mark(head + from, n - from, d.delimiter);
    *out = d;
    return SSM_OK;
}
