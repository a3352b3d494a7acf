/* Which columns hold the time. In this order: what the options say; a column of dates, with the clock time
 * beside it if there is one; columns named year, month, day ...; a first or well-named column of numbers
 * that can only be times (1949, 194901, 20240131, epochs). */
#include "data/number.h"
#include "data/schema.h"

#include <math.h>
#include <string.h>

typedef struct search {
    ssmi_schema *schema;
    const ssmi_sample *sample;
    ssmi_notes *notes;
    ssm_context *ctx;
} search;

typedef struct format {
    const char *name;
    ssmi_part_kind kind;
    ssmi_order order;
    int64_t unit;
} format;

static const format formats[] = {
    {"ymd", SSMI_PART_STAMP, SSMI_ORDER_YMD, 0},
    {"dmy", SSMI_PART_STAMP, SSMI_ORDER_DMY, 0},
    {"mdy", SSMI_PART_STAMP, SSMI_ORDER_MDY, 0},
    {"ym", SSMI_PART_STAMP, SSMI_ORDER_YMD, 0},
    {"year", SSMI_PART_STAMP, SSMI_ORDER_YMD, 0},
    {"quarter", SSMI_PART_STAMP, SSMI_ORDER_YMD, 0},
    {"excel", SSMI_PART_EXCEL, SSMI_ORDER_YMD, 0},
    {"epoch-s", SSMI_PART_EPOCH, SSMI_ORDER_YMD, SSMI_SECOND},
    {"epoch-ms", SSMI_PART_EPOCH, SSMI_ORDER_YMD, 1000000},
    {"epoch-us", SSMI_PART_EPOCH, SSMI_ORDER_YMD, 1000},
    {"epoch-ns", SSMI_PART_EPOCH, SSMI_ORDER_YMD, 1},
};

static void add_part(search *s, ssmi_part_kind kind, size_t column)
{
    ssmi_time_spec *spec = &s->schema->time;
    spec->part[spec->n_parts].kind = kind;
    spec->part[spec->n_parts++].column = column;
    s->schema->kind[column] = SSM_COLUMN_TIME;
}

/* The next cell of a column with a value; advances *i, NULL at the end of the sample. */
static const char *next_value(const search *s, size_t column, size_t *i, size_t *length)
{
    while (*i < s->sample->n) {
        const ssmi_row *row = &s->sample->row[(*i)++];
        if (row->n != s->schema->width) continue;
        const char *text = row->field[column].text;
        *length = row->field[column].length;
        ssmi_trim(&text, length);
        if (!ssmi_is_missing(s->sample->missing, text, *length)) return text;
    }
    return NULL;
}

/* At least half dates: a cell that is none is then an error with its line, and not a column that goes
 * unnoticed. */
static int holds_dates(const ssmi_traits *t, int also_short)
{
    size_t n = t->n_dates + (also_short ? t->n_short : 0);
    return n > 0 && 2 * n >= t->n_values;
}

/* ---- columns of bare numbers ---- */

/* The column as numbers: how many, their range, and how they move. */
typedef struct motion {
    size_t n, n_up;
    double first, minimum, maximum;
    double step;               /* from the first to the second */
    int whole, even, twelfths; /* all integers; equal steps; all whole months as decimal years */
} motion;

static motion motion_of(const search *s, size_t column)
{
    motion m = {.minimum = INFINITY, .maximum = -INFINITY, .whole = 1, .even = 1, .twelfths = 1};
    double value, previous = NAN;
    const char *text;
    size_t length, i = s->schema->n_header_rows;
    while ((text = next_value(s, column, &i, &length)) != NULL) {
        if (ssmi_number_read(text, length, s->sample->dialect->decimal, &value) != SSMI_NUMBER_OK) continue;
        double month = 12 * (value - floor(value));
        if (m.n == 0) m.first = value;
        if (m.n == 1) m.step = value - previous;
        if (m.n > 1 && value - previous != m.step) m.even = 0;
        m.n++;
        m.n_up += value > previous;
        if (value < m.minimum) m.minimum = value;
        if (value > m.maximum) m.maximum = value;
        if (value != floor(value)) m.whole = 0;
        if (fabs(month - round(month)) > 0.02) m.twelfths = 0;
        previous = value;
    }
    return m;
}

static int rises(const motion *m)
{
    return m->n >= 2 && m->n_up + 1 == m->n;
}

/* All values are existing dates of one shape. */
static int all_stamps(const search *s, size_t column, ssmi_shape shape)
{
    size_t length, n = 0, i = s->schema->n_header_rows;
    const char *text;
    int64_t time;
    while ((text = next_value(s, column, &i, &length)) != NULL) {
        ssmi_stamp stamp;
        double number;
        if (ssmi_number_read(text, length, '.', &number) != SSMI_NUMBER_OK) continue; /* an error later */
        if (!ssmi_stamp_read(text, length, &stamp) || stamp.shape != shape) return 0;
        if (!ssmi_stamp_time(&stamp, SSMI_ORDER_YMD, &time)) return 0;
        if (stamp.part[0] < 1700 || stamp.part[0] > 2200) return 0;
        n++;
    }
    return n > 0;
}

/* Seconds since 1970 have 9 or 10 digits from 1973 to 2286, milliseconds three more, and so on. */
static int64_t epoch_unit(double value)
{
    return value < 1e8 ? 0 : value < 1e11 ? SSMI_SECOND : value < 1e14 ? 1000000 : value < 1e17 ? 1000 : 1;
}

/* Under a name that says nothing, only numbers that rise count as times. */
static int take_epoch(search *s, size_t column, const motion *m)
{
    int hinted = ssmi_name_like_time(s->schema->name[column]);
    int64_t unit = epoch_unit(m->first);
    if (unit == 0 || (!m->whole && unit != SSMI_SECOND)) return 0;
    if (!hinted && m->n > 1 && 10 * (m->n_up + 1) < 9 * m->n) return 0;
    s->schema->time.epoch_unit = unit;
    add_part(s, SSMI_PART_EPOCH, column);
    return 1;
}

/* A column of numbers as time; `asked`: the user says that it is one. */
static int take_numbers(search *s, size_t column, int asked)
{
    const ssmi_traits *t = &s->schema->traits[column];
    if (t->n_numbers == 0 || 2 * t->n_numbers < t->n_values) return 0;
    motion m = motion_of(s, column);
    int certain = asked || rises(&m);
    if (m.whole && all_stamps(s, column, SSMI_SHAPE_COMPACT)) {
        add_part(s, SSMI_PART_STAMP, column);
    } else if (m.whole && certain && all_stamps(s, column, SSMI_SHAPE_COMPACT_YM)) {
        add_part(s, SSMI_PART_STAMP, column);
    } else if (m.whole && certain && (asked || m.even) && all_stamps(s, column, SSMI_SHAPE_YEAR)) {
        add_part(s, SSMI_PART_STAMP, column);
    } else if (!m.whole && certain && m.twelfths && m.minimum > 1678 && m.maximum < 2261) {
        add_part(s, SSMI_PART_DECIMAL_YEAR, column);
    } else {
        return take_epoch(s, column, &m);
    }
    return 1;
}

/* Years with a fraction that is no month: there is no calendar to hang the rows on. */
static ssm_status refuse_odd_years(search *s, size_t column)
{
    motion m = motion_of(s, column);
    if (m.whole || m.n < 3 || !rises(&m) || m.minimum < 1500 || m.maximum > 2262) return SSM_OK;
    s->schema->kind[column] = SSM_COLUMN_INDEX;
    return ssmi_note(s->notes,
                     "%s: column \"%s\" looks like decimal years that are not months; the rows are numbered "
                     "instead",
                     s->sample->path, s->schema->name[column]);
}

/* Day numbers of a spreadsheet look like any number, so they must be asked for. */
static ssm_status refuse_serials(search *s, size_t column)
{
    motion m = motion_of(s, column);
    const char *name = s->schema->name[column];
    if (!rises(&m) || m.minimum < 20000 || m.maximum > 80000 || !ssmi_name_contains(name, "date"))
        return SSM_OK;
    return ssmi_fail(s->ctx, SSM_E_DATA,
                     "%s: column \"%s\" looks like day numbers of a spreadsheet; use --time-format excel, or "
                     "--time-column none if they are not times",
                     s->sample->path, name);
}

/* ---- several columns ---- */

static int numbers_within(const search *s, size_t column, double least, double most)
{
    const ssmi_traits *t = &s->schema->traits[column];
    motion m = motion_of(s, column);
    return t->n_numbers > 0 && 2 * t->n_numbers >= t->n_values && m.whole && m.minimum >= least &&
           m.maximum <= most;
}

static int fits_part(const search *s, size_t column, ssmi_part_kind kind)
{
    static const double range[][2] = {{1678, 2261}, {1, 12}, {1, 31}, {0, 24}, {0, 59}, {0, 60}};
    const double *r = range[kind - SSMI_PART_YEAR];
    return numbers_within(s, column, r[0], r[1]);
}

/* The first column that is named after and fits `kind`; width when there is none. */
static size_t find_part(const search *s, ssmi_part_kind kind)
{
    for (size_t k = 0; k < s->schema->width; k++) {
        if (ssmi_name_part(s->schema->name[k]) == (int)kind && fits_part(s, k, kind)) return k;
    }
    return s->schema->width;
}

/* The parts from `largest` down, as far as each next one is there. */
static void take_parts(search *s, ssmi_part_kind largest)
{
    for (int kind = (int)largest; kind <= (int)SSMI_PART_SECOND; kind++) {
        size_t column = find_part(s, (ssmi_part_kind)kind);
        if (column == s->schema->width) return;
        add_part(s, (ssmi_part_kind)kind, column);
    }
}

/* Beside a date without a time of day: a column of clock times, or one named hour if dates repeat. */
static void take_clock_column(search *s, size_t date)
{
    const ssmi_schema *schema = s->schema;
    if (schema->traits[date].n_clocked > 0) return;
    for (size_t k = 0; k < schema->width; k++) {
        const ssmi_traits *t = &schema->traits[k];
        if (k == date || t->n_clocks == 0 || 2 * t->n_clocks < t->n_values) continue;
        add_part(s, SSMI_PART_CLOCK, k);
        return;
    }
    size_t length[2], i = schema->n_header_rows;
    const char *a = next_value(s, date, &i, &length[0]), *b = next_value(s, date, &i, &length[1]);
    if (a != NULL && b != NULL && length[0] == length[1] && memcmp(a, b, length[0]) == 0) {
        take_parts(s, SSMI_PART_HOUR);
    }
}

static int take_dates(search *s, int also_short)
{
    for (size_t k = 0; k < s->schema->width; k++) {
        if (!holds_dates(&s->schema->traits[k], also_short)) continue;
        add_part(s, SSMI_PART_STAMP, k);
        take_clock_column(s, k);
        return 1;
    }
    return 0;
}

/* ---- what the options say ---- */

static ssm_status take_format(search *s, const format **out)
{
    const char *name = s->sample->options->time_format;
    ssmi_time_spec *spec = &s->schema->time;
    *out = NULL;
    if (name == NULL) return SSM_OK;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) != 0) continue;
        *out = &formats[i];
        spec->order_given = formats[i].kind == SSMI_PART_STAMP;
        spec->order = formats[i].order;
        spec->epoch_unit = formats[i].unit;
        spec->unit_given = formats[i].unit != 0;
        return SSM_OK;
    }
    return ssmi_fail(
        s->ctx, SSM_E_ARGUMENT,
        "unknown time format \"%s\"; there are ymd, dmy, mdy, ym, year, quarter, excel, epoch-s, "
        "epoch-ms, epoch-us and epoch-ns",
        name);
}

static ssm_status fail_not_time(search *s, size_t column)
{
    char shown[48] = "";
    size_t length, i = s->schema->n_header_rows;
    const char *text = next_value(s, column, &i, &length);
    if (text != NULL) ssmi_quote(shown, sizeof shown, text, length);
    return ssmi_fail(s->ctx, SSM_E_DATA,
                     "%s: column \"%s\" does not read as time, its first value is \"%s\"; say how "
                     "with --time-format",
                     s->sample->path, s->schema->name[column], shown);
}

static ssm_status take_one(search *s, size_t column, const format *f)
{
    if (f != NULL && f->kind != SSMI_PART_STAMP) {
        add_part(s, f->kind, column);
        return SSM_OK;
    }
    if (f != NULL || holds_dates(&s->schema->traits[column], 0)) {
        add_part(s, SSMI_PART_STAMP, column);
        return SSM_OK;
    }
    return take_numbers(s, column, 1) ? SSM_OK : fail_not_time(s, column);
}

/* Several columns: a date and its clock, or numbers by name, or numbers from the year down. */
static ssm_status take_several(search *s, const size_t *column, size_t n, const format *f)
{
    const ssmi_schema *schema = s->schema;
    int numbers = schema->traits[column[0]].n_numbers > 0;
    if (!numbers) {
        SSMI_TRY(take_one(s, column[0], f));
    }
    for (size_t i = numbers ? 0 : 1; i < n; i++) {
        const ssmi_traits *t = &schema->traits[column[i]];
        int named = ssmi_name_part(schema->name[column[i]]);
        int kind = named >= 0 ? named : (int)SSMI_PART_YEAR + (int)i + (numbers ? 0 : 2);
        if (t->n_clocks > 0) kind = SSMI_PART_CLOCK;
        if (t->n_clocks == 0 && !fits_part(s, column[i], (ssmi_part_kind)kind)) {
            return fail_not_time(s, column[i]);
        }
        add_part(s, (ssmi_part_kind)kind, column[i]);
    }
    return SSM_OK;
}

static ssm_status take_asked(search *s, const char *list, const format *f)
{
    size_t column[SSMI_MAX_PARTS], n;
    SSMI_TRY(
        ssmi_names_find_list(s->ctx, s->schema->name, s->schema->width, list, column, SSMI_MAX_PARTS, &n));
    return n == 1 ? take_one(s, column[0], f) : take_several(s, column, n, f);
}

/* A format without a column: the first column named like a time, else the first one. */
static ssm_status take_by_format(search *s, const format *f)
{
    if (f->kind == SSMI_PART_STAMP && take_dates(s, 1)) return SSM_OK;
    for (size_t k = 0; k < s->schema->width; k++) {
        if (ssmi_name_like_time(s->schema->name[k])) return take_one(s, k, f);
    }
    return take_one(s, 0, f);
}

static ssm_status take_likely_numbers(search *s)
{
    size_t n_others = 0; /* the only column of numbers is what the file is about */
    for (size_t k = 0; k < s->schema->width; k++) n_others += s->schema->kind[k] == SSM_COLUMN_NUMBER;
    if (n_others < 2) return SSM_OK;
    for (size_t k = 0; k < s->schema->width; k++) {
        int hint = ssmi_name_like_time(s->schema->name[k]);
        if ((k > 0 && !hint) || s->schema->kind[k] != SSM_COLUMN_NUMBER) continue;
        if (take_numbers(s, k, 0)) return SSM_OK;
        SSMI_TRY(refuse_odd_years(s, k));
        SSMI_TRY(refuse_serials(s, k));
    }
    return SSM_OK;
}

static ssm_status refuse_short_years(search *s)
{
    for (size_t k = 0; k < s->schema->width; k++) {
        const ssmi_traits *t = &s->schema->traits[k];
        if (t->n_short == 0 || 2 * t->n_short < t->n_values) continue;
        if (k > 0 && !ssmi_name_like_time(s->schema->name[k])) continue;
        return ssmi_fail(
            s->ctx, SSM_E_DATA,
            "%s: column \"%s\" holds dates with two-digit years; say their order with --time-format "
            "ymd, dmy or mdy",
            s->sample->path, s->schema->name[k]);
    }
    return SSM_OK;
}

/* Text under a name like "timestamp": probably times in a form that is not known here. */
static ssm_status note_unread_time(search *s)
{
    for (size_t k = 0; k < s->schema->width; k++) {
        char shown[48], name[80];
        size_t length, i = s->schema->n_header_rows;
        const char *text = next_value(s, k, &i, &length);
        if (s->schema->kind[k] != SSM_COLUMN_TEXT || text == NULL) continue;
        if (!ssmi_name_like_time(s->schema->name[k])) continue;
        ssmi_quote(shown, sizeof shown, text, length);
        ssmi_quote(name, sizeof name, s->schema->name[k], strlen(s->schema->name[k]));
        return ssmi_note(
            s->notes,
            "%s: column \"%s\" does not read as time, its first value is \"%s\"; the rows are numbered",
            s->sample->path, name, shown);
    }
    return SSM_OK;
}

ssm_status ssmi_time_decide(ssmi_schema *schema, const ssmi_sample *sample, ssmi_notes *notes)
{
    search s = {schema, sample, notes, notes->mem->ctx};
    const char *asked = sample->options->time_columns;
    const format *f;
    schema->time = (ssmi_time_spec){.decimal = sample->dialect->decimal};
    SSMI_TRY(take_format(&s, &f));
    if (asked != NULL && strcmp(asked, "none") == 0) return SSM_OK;
    if (asked != NULL) return take_asked(&s, asked, f);
    if (f != NULL) return take_by_format(&s, f);
    if (take_dates(&s, 0)) return SSM_OK;
    SSMI_TRY(refuse_short_years(&s));
    if (find_part(&s, SSMI_PART_YEAR) < schema->width && find_part(&s, SSMI_PART_MONTH) < schema->width) {
        take_parts(&s, SSMI_PART_YEAR);
        return SSM_OK;
    }
    SSMI_TRY(take_likely_numbers(&s));
    return schema->time.n_parts > 0 ? SSM_OK : note_unread_time(&s);
}
