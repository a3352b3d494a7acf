#include "data/timeline.h"
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void ssmi_timeline_init(ssmi_timeline *timeline, ssm_context *ctx, const char *path,
                        const ssmi_time_spec *spec)
{
    *timeline = (ssmi_timeline){.ctx = ctx, .path = path, .spec = *spec};
}

void ssmi_timeline_clear(ssmi_timeline *timeline)
{
    ssmi_release(timeline->ctx, timeline->time);
    ssmi_release(timeline->ctx, timeline->other);
    ssmi_release(timeline->ctx, timeline->offset);
    timeline->time = timeline->other = NULL;
    timeline->offset = NULL;
}

/* What the cells of one row say. */
typedef struct moment {
    ssmi_stamp stamp; /* the date, and offset of whichever cell has one */
    int64_t part[6];  /* year ... second; of those given */
    int from_parts;   /* the date is in part[] */
    int64_t clock;    /* ns beside what the stamp has */
    int64_t whole;    /* ns, EPOCH, EXCEL, DECIMAL_YEAR */
    int is_whole, leap_second;
} moment;

static int take_stamp(ssmi_timeline *tl, moment *m, ssmi_part_kind kind, const char *text, size_t length)
{
    (void)tl;
    (void)kind;
    if (!ssmi_stamp_read(text, length, &m->stamp)) return 0;
    m->leap_second |= m->stamp.leap_second;
    return 1;
}

static int take_clock(ssmi_timeline *tl, moment *m, ssmi_part_kind kind, const char *text, size_t length)
{
    ssmi_stamp clock;
    (void)kind;
    if (!ssmi_clock_read(text, length, &clock)) return 0;
    m->clock = clock.clock;
    m->leap_second |= clock.leap_second;
    m->stamp.has_offset = clock.has_offset;
    m->stamp.offset = clock.offset;
    tl->has_clock = 1;
    return 1;
}

static int take_part(ssmi_timeline *tl, moment *m, ssmi_part_kind kind, const char *text, size_t length)
{
    static const int64_t unit[] = {0, 0, 0, SSMI_HOUR, SSMI_MINUTE, SSMI_SECOND};
    static const double most[] = {2261, 12, 31, 24, 59, 60};
    double value;
    int i = (int)kind - (int)SSMI_PART_YEAR;
    if (ssmi_number_read(text, length, tl->spec.decimal, &value) != SSMI_NUMBER_OK) return 0;
    if (value != floor(value) || value < 0 || value > most[i]) return 0;
    m->part[i] = (int64_t)value;
    m->from_parts |= kind == SSMI_PART_YEAR;
    m->clock += m->part[i] * unit[i];
    return 1;
}

static int take_epoch(ssmi_timeline *tl, moment *m, ssmi_part_kind kind, const char *text, size_t length)
{
    (void)kind;
    if (!ssmi_epoch_read(text, length, tl->spec.epoch_unit, &m->whole)) return 0;
    m->is_whole = 1;
    return 1;
}

/* Days since 1899-12-30 to the millisecond, which is what a spreadsheet keeps. */
static int take_excel(ssmi_timeline *tl, moment *m, ssmi_part_kind kind, const char *text, size_t length)
{
    double value;
    (void)kind;
    if (ssmi_number_read(text, length, tl->spec.decimal, &value) != SSMI_NUMBER_OK) return 0;
    if (!(value >= 61 && value < 130000)) return 0; /* before 1900-03-01 spreadsheets disagree */
    m->whole = ((int64_t)llround(value * 86400e3) - INT64_C(25569) * 86400000) * 1000000;
    m->is_whole = 1;
    return 1;
}

static int take_decimal_year(ssmi_timeline *tl, moment *m, ssmi_part_kind kind, const char *text,
                             size_t length)
{
    double value;
    (void)kind;
    if (ssmi_number_read(text, length, tl->spec.decimal, &value) != SSMI_NUMBER_OK) return 0;
    if (!(value > 1678 && value < 2261) || fabs(12 * value - round(12 * value)) > 0.02) return 0;
    int64_t month = (int64_t)llround(12 * value);
    m->is_whole = 1;
    return ssmi_time_from_civil((ssmi_civil){month / 12, (int)(month % 12) + 1, 1, 0}, &m->whole);
}

static int (*const take[])(ssmi_timeline *, moment *, ssmi_part_kind, const char *, size_t) = {
    [SSMI_PART_STAMP] = take_stamp,
    [SSMI_PART_CLOCK] = take_clock,
    [SSMI_PART_YEAR] = take_part,
    [SSMI_PART_MONTH] = take_part,
    [SSMI_PART_DAY] = take_part,
    [SSMI_PART_HOUR] = take_part,
    [SSMI_PART_MINUTE] = take_part,
    [SSMI_PART_SECOND] = take_part,
    [SSMI_PART_EPOCH] = take_epoch,
    [SSMI_PART_EXCEL] = take_excel,
    [SSMI_PART_DECIMAL_YEAR] = take_decimal_year,
};

static ssm_status fail_cell(ssmi_timeline *tl, const ssmi_row *row, size_t column, const char *what,
                            const char *hint)
{
    char shown[48];
    ssmi_quote(shown, sizeof shown, row->field[column].text, row->field[column].length);
    return ssmi_fail(tl->ctx, SSM_E_DATA, "%s:%zu:%zu: cannot read \"%s\" as %s%s", tl->path,
                     ssmi_row_line(row, column), column + 1, shown, what, hint);
}

static ssm_status take_cells(ssmi_timeline *tl, const ssmi_row *row, moment *m)
{
    static const char *const what[] = {
        "a date",        "a time of day", "a year",   "a month",         "a day",
        "an hour",       "a minute",      "a second", "an epoch number", "a spreadsheet day number",
        "a decimal year"};
    for (size_t i = 0; i < tl->spec.n_parts; i++) {
        size_t column = tl->spec.part[i].column;
        ssmi_part_kind kind = tl->spec.part[i].kind;
        const char *text = row->field[column].text;
        size_t length = row->field[column].length;
        ssmi_trim(&text, &length);
        if (!take[kind](tl, m, kind, text, length)) return fail_cell(tl, row, column, what[kind], "");
    }
    return SSM_OK;
}

/* Seconds do not turn into milliseconds half-way down. */
static ssm_status check_epoch(ssmi_timeline *tl, const ssmi_row *row, const moment *m)
{
    if (tl->spec.part[0].kind != SSMI_PART_EPOCH || tl->spec.unit_given) return SSM_OK;
    if (m->whole >= INT64_C(100000000) * SSMI_SECOND) return SSM_OK;
    return fail_cell(tl, row, tl->spec.part[0].column,
                     "an epoch number of the same unit as in the rows above",
                     "; say it with --time-format epoch-s, epoch-ms, epoch-us or epoch-ns");
}

static int same_kind_of_shape(ssmi_shape a, ssmi_shape b)
{
    return a == b || ((a == SSMI_SHAPE_YMD || a == SSMI_SHAPE_COMPACT) &&
                      (b == SSMI_SHAPE_YMD || b == SSMI_SHAPE_COMPACT));
}

/* The first stamp sets shape and whether there are offsets; the others must follow. */
static ssm_status check_stamp(ssmi_timeline *tl, const ssmi_row *row, const ssmi_stamp *stamp)
{
    ssmi_time_spec *spec = &tl->spec;
    size_t column = spec->part[0].column;
    if (tl->n == 0) {
        spec->shape = stamp->shape;
        tl->has_offset = stamp->has_offset;
        if (stamp->shape == SSMI_SHAPE_XXY && stamp->mark == '.' && !spec->order_given) {
            spec->order_given = 1; /* dates with points are day.month.year everywhere */
            spec->order = SSMI_ORDER_DMY;
        }
    }
    tl->has_clock |= stamp->has_clock;
    if (!same_kind_of_shape(spec->shape, stamp->shape)) {
        return fail_cell(tl, row, column, "a date written like those above", "");
    }
    if (tl->has_offset != stamp->has_offset) {
        return fail_cell(tl, row, column,
                         tl->has_offset ? "a time with an offset from UTC, as the rows above have"
                                        : "a time without an offset from UTC, as in the rows above",
                         "");
    }
    return SSM_OK;
}

static int is_open(const ssmi_timeline *tl)
{
    return tl->spec.shape == SSMI_SHAPE_XXY && !tl->spec.order_given;
}

/* Both readings of an open date; a line that has only one refutes the other. */
static ssm_status read_open(ssmi_timeline *tl, const ssmi_row *row, const ssmi_stamp *stamp,
                            int64_t reading[2])
{
    static const ssmi_order order[2] = {SSMI_ORDER_DMY, SSMI_ORDER_MDY};
    size_t column = tl->spec.part[0].column, line = ssmi_row_line(row, column);
    int possible[2];
    for (int i = 0; i < 2; i++) {
        reading[i] = 0;
        possible[i] = ssmi_stamp_time(stamp, order[i], &reading[i]);
    }
    if (!possible[0] && !possible[1]) return fail_cell(tl, row, column, "a date; there is no such day", "");
    for (int i = 0; i < 2; i++) {
        if (!possible[i] && tl->refuted_line[i] == 0) tl->refuted_line[i] = line;
    }
    if (tl->refuted_line[0] == 0 || tl->refuted_line[1] == 0) return SSM_OK;
    size_t earlier = tl->refuted_line[tl->refuted_line[0] == line ? 1 : 0];
    char hint[64];
    snprintf(hint, sizeof hint, "; line %zu can only be %s", earlier,
             possible[0] ? "month/day/year" : "day/month/year");
    return fail_cell(tl, row, column, possible[0] ? "month/day/year" : "day/month/year", hint);
}

static ssm_status read_date(ssmi_timeline *tl, const ssmi_row *row, const moment *m, int64_t reading[2])
{
    size_t column = tl->spec.part[0].column;
    if (m->is_whole) {
        reading[0] = reading[1] = m->whole;
        return check_epoch(tl, row, m);
    }
    if (m->from_parts) {
        ssmi_civil civil = {m->part[0], m->part[1] > 0 ? (int)m->part[1] : 1,
                            m->part[2] > 0 ? (int)m->part[2] : 1, 0};
        if (!ssmi_time_from_civil(civil, &reading[0]))
            return fail_cell(tl, row, column, "part of a date; there is no such day", "");
        return SSM_OK;
    }
    SSMI_TRY(check_stamp(tl, row, &m->stamp));
    if (is_open(tl)) return read_open(tl, row, &m->stamp, reading);
    if (!ssmi_stamp_time(&m->stamp, tl->spec.order, &reading[0])) {
        return fail_cell(tl, row, column, "a date; there is no such day", "");
    }
    return SSM_OK;
}

static int grow(ssm_context *ctx, void **block, size_t capacity, size_t item)
{
    void *bigger = ssmi_resize(ctx, *block, capacity, item);
    if (bigger != NULL) *block = bigger;
    return bigger != NULL;
}

static ssm_status make_room(ssmi_timeline *tl)
{
    if (tl->n < tl->capacity) return SSM_OK;
    size_t capacity = tl->capacity > 0 ? 2 * tl->capacity : 1024;
    if (!grow(tl->ctx, (void **)&tl->time, capacity, sizeof *tl->time)) return SSM_E_MEMORY;
    if (is_open(tl) && !grow(tl->ctx, (void **)&tl->other, capacity, sizeof *tl->other)) return SSM_E_MEMORY;
    if (tl->has_offset && !grow(tl->ctx, (void **)&tl->offset, capacity, sizeof *tl->offset))
        return SSM_E_MEMORY;
    tl->capacity = capacity;
    return SSM_OK;
}

ssm_status ssmi_timeline_add(ssmi_timeline *tl, const ssmi_row *row)
{
    moment m = {.whole = 0};
    int64_t reading[2] = {0, 0};
    SSMI_TRY(take_cells(tl, row, &m));
    SSMI_TRY(read_date(tl, row, &m, reading));
    SSMI_TRY(make_room(tl));
    int64_t shift = m.clock - (int64_t)m.stamp.offset * SSMI_MINUTE;
    tl->time[tl->n] = reading[0] + shift;
    if (tl->other != NULL) tl->other[tl->n] = reading[1] + shift;
    if (tl->offset != NULL) tl->offset[tl->n] = (int16_t)m.stamp.offset;
    if (m.leap_second && tl->n_leap_seconds++ == 0) tl->first_leap_line = row->line;
    tl->n++;
    return SSM_OK;
}

/* ---- settling ---- */

/* b - a without undefined overflow; times may lie 580 years apart. */
static int64_t apart(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)b - (uint64_t)a);
}

/* Rises all the way, and at least four of five steps are equal, in nanoseconds or in months. */
static int is_regular(const int64_t *time, size_t n)
{
    for (int months = 0; months < 2; months++) {
        int64_t candidate = 0;
        size_t votes = 0, equal = 0;
        for (int pass = 0; pass < 2; pass++) { /* majority vote (Boyer & Moore), then its count */
            for (size_t i = 1; i < n; i++) {
                ssmi_civil a = ssmi_civil_from_time(time[i - 1]), b = ssmi_civil_from_time(time[i]);
                int64_t step =
                    months ? ssmi_month_number(b) - ssmi_month_number(a) : apart(time[i - 1], time[i]);
                if (time[i] <= time[i - 1] || (months && a.day != b.day)) return 0;
                if (pass == 1)
                    equal += step == candidate;
                else if (votes == 0)
                    candidate = step, votes = 1;
                else if (step == candidate)
                    votes++;
                else
                    votes--;
            }
        }
        if (5 * equal >= 4 * (n - 1)) return 1;
    }
    return 0;
}

static ssm_status settle_order(ssmi_timeline *tl, ssmi_notes *notes)
{
    int chosen = 0;
    if (tl->refuted_line[0] != 0 || tl->refuted_line[1] != 0) {
        chosen = tl->refuted_line[0] != 0;
    } else if (memcmp(tl->time, tl->other, tl->n * sizeof *tl->time) != 0) {
        int regular[2] = {is_regular(tl->time, tl->n), is_regular(tl->other, tl->n)};
        if (regular[0] == regular[1]) {
            return ssmi_fail(
                tl->ctx, SSM_E_DATA,
                "%s: every date reads both as day/month/year and as month/day/year; say which with "
                "--time-format dmy or --time-format mdy",
                tl->path);
        }
        chosen = regular[1];
        SSMI_TRY(ssmi_note(
            notes,
            "%s: dates are taken as %s because only then the rows are regular; --time-format dmy or "
            "mdy decides otherwise",
            tl->path, chosen ? "month/day/year" : "day/month/year"));
    }
    if (chosen) memcpy(tl->time, tl->other, tl->n * sizeof *tl->time);
    tl->spec.order = chosen ? SSMI_ORDER_MDY : SSMI_ORDER_DMY;
    return SSM_OK;
}

/* Days and months belong to the local calendar, even when an offset came with them. */
static void settle_offset(ssmi_timeline *tl)
{
    for (size_t i = 0; i < tl->n; i++) {
        if (ssmi_floor_mod(tl->time[i] + tl->offset[i] * SSMI_MINUTE, SSMI_DAY) != 0) return;
    }
    for (size_t i = 0; i < tl->n; i++) tl->time[i] += tl->offset[i] * SSMI_MINUTE;
    tl->has_offset = 0;
}

static void name_format(ssmi_timeline *tl)
{
    static const char *const shape[] = {"", "ymd", "", "", "d mon y", "ym", "quarter", "year", "ymd", "ym"};
    static const char *const order[] = {"ymd", "dmy", "mdy"};
    static const char *const part[] = {"",       "",       "year",  "month", "day",         "hour",
                                       "minute", "second", "epoch", "excel", "decimal year"};
    const ssmi_time_spec *spec = &tl->spec;
    size_t used = 0, size = sizeof tl->text;
    if (spec->part[0].kind == SSMI_PART_STAMP) {
        int by_order = spec->shape == SSMI_SHAPE_XXY || spec->shape == SSMI_SHAPE_SHORT;
        snprintf(tl->text, size, "%s%s%s", by_order ? order[spec->order] : shape[spec->shape],
                 tl->has_clock ? " hms" : "", tl->offset != NULL ? " offset" : "");
        used = strlen(tl->text);
    }
    for (size_t i = used > 0 ? 1 : 0; i < spec->n_parts; i++) {
        const char *name = part[spec->part[i].kind];
        if (name[0] == '\0') continue;
        used += (size_t)snprintf(tl->text + used, size - used, "%s%s", used > 0 ? " " : "", name);
    }
    if (spec->part[0].kind != SSMI_PART_EPOCH) return;
    int64_t unit = spec->epoch_unit;
    snprintf(tl->text, size, "epoch-%s",
             unit == 1         ? "ns"
             : unit == 1000    ? "us"
             : unit == 1000000 ? "ms"
                               : "s");
}

ssm_status ssmi_timeline_settle(ssmi_timeline *tl, ssmi_notes *notes)
{
    if (tl->other != NULL) SSMI_TRY(settle_order(tl, notes));
    name_format(tl);
    if (tl->offset != NULL) settle_offset(tl);
    if (tl->n_leap_seconds == 0) return SSM_OK;
    return ssmi_note(notes, "%s:%zu: second 60 is read as the next minute (%zu rows)", tl->path,
                     tl->first_leap_line, tl->n_leap_seconds);
}
