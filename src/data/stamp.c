/* Reading of dates and times: a cursor, small takers that move it or leave it, and a table of date forms. */
#include "data/stamp.h"

#include <string.h>

typedef struct cursor {
    const char *p, *end;
} cursor;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static int take(cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted) return 0;
    c->p++;
    return 1;
}

static int take_any(cursor *c, const char *wanted, char *found)
{
    if (c->p == c->end || *c->p == '\0' || strchr(wanted, *c->p) == NULL) return 0;
    *found = *c->p++;
    return 1;
}

static void skip_blanks(cursor *c)
{
    while (c->p < c->end && *c->p == ' ') c->p++;
}

/* At most `most` digits; returns how many. */
static int take_digits(cursor *c, int most, int64_t *value)
{
    int n = 0;
    *value = 0;
    while (n < most && c->p < c->end && is_digit(*c->p)) {
        *value = 10 * *value + (*c->p++ - '0');
        n++;
    }
    return n;
}

static int count_digits(const cursor *c)
{
    const char *p = c->p;
    while (p < c->end && is_digit(*p)) p++;
    return (int)(p - c->p);
}

/* A word of letters as an index into `words` by its first three letters; -1: none of them. */
static int take_word(cursor *c, const char *const *words, int n_words)
{
    const char *start = c->p;
    while (c->p < c->end && is_letter(*c->p)) c->p++;
    size_t n = (size_t)(c->p - start);
    for (int i = 0; i < n_words && n >= 3; i++) {
        size_t length = strlen(words[i]), k = 0;
        while (k < n && k < length && (start[k] | 32) == words[i][k]) k++;
        if (k == n && (n == 3 || n == length)) return i;
    }
    c->p = start;
    return -1;
}

static int take_month_name(cursor *c, int64_t *month)
{
    static const char *const names[12] = {"january",   "february", "march",    "april",
                                          "may",       "june",     "july",     "august",
                                          "september", "october",  "november", "december"};
    int i = take_word(c, names, 12);
    *month = i + 1;
    return i >= 0;
}

/* ---- time of day ---- */

static int take_fraction(cursor *c, int64_t *clock)
{
    int64_t value, unit = SSMI_SECOND;
    int n = take_digits(c, 9, &value);
    if (n == 0) return 0;
    for (int i = 0; i < n; i++) unit /= 10;
    *clock += value * unit;
    while (take(c, '0')) {
    }
    return c->p == c->end || !is_digit(*c->p);
}

static int take_half_of_day(cursor *c, int64_t *hour)
{
    cursor saved = *c;
    char letter, m;
    skip_blanks(c);
    int found = take_any(c, "apAP", &letter);
    take(c, '.');
    if (!found || !take_any(c, "mM", &m)) {
        *c = saved;
        return 1;
    }
    take(c, '.');
    if (*hour < 1 || *hour > 12) return 0;
    *hour = *hour % 12 + ((letter | 32) == 'p' ? 12 : 0);
    return 1;
}

/* Z, UTC, GMT, +05:30, -0330, +01. */
static int take_offset(cursor *c, ssmi_stamp *s)
{
    static const char *const zero[] = {"utc", "gmt"};
    cursor saved = *c;
    char sign, z;
    int64_t hour, minute = 0;
    skip_blanks(c);
    if (take_any(c, "zZ", &z) || take_word(c, zero, 2) >= 0) {
        s->has_offset = 1;
        return 1;
    }
    if (!take_any(c, "+-", &sign)) {
        *c = saved;
        return 1;
    }
    if (take_digits(c, 2, &hour) != 2) return 0;
    int colon = take(c, ':');
    int n = take_digits(c, 2, &minute);
    if ((n != 2 && (n != 0 || colon)) || hour > 14 || minute > 59) return 0;
    s->has_offset = 1;
    s->offset = (int)(hour * 60 + minute) * (sign == '-' ? -1 : 1);
    return 1;
}

/* After the separated parts were taken: checks ranges and sums up. Second 60 is the next minute. */
static int set_clock(ssmi_stamp *s, int64_t hour, int64_t minute, int64_t second, int64_t fraction)
{
    int midnight = hour == 24 && minute == 0 && second == 0 && fraction == 0;
    if ((hour > 23 && !midnight) || minute > 59 || second > 60) return 0;
    s->has_clock = 1;
    s->leap_second = second == 60;
    s->clock = hour * SSMI_HOUR + minute * SSMI_MINUTE + second * SSMI_SECOND + fraction;
    return 1;
}

static int take_clock(cursor *c, ssmi_stamp *s)
{
    int64_t hour, minute, second = 0, fraction = 0;
    char mark, point;
    int n = take_digits(c, 2, &hour);
    if (n == 0 || !take_any(c, ":.", &mark) || take_digits(c, 2, &minute) != 2) return 0;
    if (take(c, mark)) {
        if (take_digits(c, 2, &second) != 2) return 0;
        if (take_any(c, mark == ':' ? ".,:" : ",", &point) && !take_fraction(c, &fraction)) return 0;
    } else if (mark == '.') {
        return 0; /* 18.00 is a number */
    }
    return take_half_of_day(c, &hour) && set_clock(s, hour, minute, second, fraction);
}

/* HHMM, HHMMSS or HH without marks, as in 20240131T2359. */
static int take_compact_clock(cursor *c, ssmi_stamp *s)
{
    int64_t part[3] = {0, 0, 0}, fraction = 0;
    int n = count_digits(c);
    if (n != 2 && n != 4 && n != 6) return 0;
    for (int i = 0; i < n / 2; i++) take_digits(c, 2, &part[i]);
    if (n == 6 && take(c, '.') && !take_fraction(c, &fraction)) return 0;
    return set_clock(s, part[0], part[1], part[2], fraction);
}

int ssmi_clock_read(const char *text, size_t length, ssmi_stamp *stamp)
{
    cursor c = {text, text + length};
    *stamp = (ssmi_stamp){.shape = SSMI_SHAPE_NONE, .part = {1, 1, 1}};
    return take_clock(&c, stamp) && take_offset(&c, stamp) && c.p == c.end;
}

/* ---- dates; each form starts at the beginning of the text and returns 0 when it is another one ---- */

static int take_three_parts(cursor *c, ssmi_stamp *s)
{
    char mark;
    int n[3];
    n[0] = take_digits(c, 4, &s->part[0]);
    if (n[0] == 0 || !take_any(c, "-/.", &mark)) return 0;
    n[1] = take_digits(c, 2, &s->part[1]);
    if (n[1] == 0 || !take(c, mark)) return 0;
    n[2] = take_digits(c, 4, &s->part[2]);
    s->mark = mark;
    if (n[2] == 0 || n[0] == 3 || n[2] == 3) return 0;
    if (n[0] == 4)
        s->shape = n[2] <= 2 ? SSMI_SHAPE_YMD : SSMI_SHAPE_NONE;
    else
        s->shape = n[2] == 4 ? SSMI_SHAPE_XXY : SSMI_SHAPE_SHORT;
    return s->shape != SSMI_SHAPE_NONE;
}

static int take_day_month_name(cursor *c, ssmi_stamp *s)
{
    char mark;
    if (take_digits(c, 2, &s->part[2]) == 0) return 0;
    if (!take_any(c, "-/ .", &mark)) mark = '\0';
    if (!take_month_name(c, &s->part[1])) return 0;
    if (mark != '\0' && !take(c, mark)) return 0;
    if (take_digits(c, 4, &s->part[0]) != 4) return 0;
    s->shape = SSMI_SHAPE_NAMED;
    return 1;
}

static int take_month_name_day(cursor *c, ssmi_stamp *s)
{
    char mark;
    if (!take_month_name(c, &s->part[1]) || !take_any(c, " -", &mark)) return 0;
    int n = take_digits(c, 4, &s->part[2]);
    if (n == 4) { /* Jan 2024 */
        s->part[0] = s->part[2];
        s->part[2] = 1;
        s->shape = SSMI_SHAPE_YM;
        return 1;
    }
    if (n == 0 || n > 2) return 0;
    take(c, ',');
    if (!take_any(c, " -", &mark) || take_digits(c, 4, &s->part[0]) != 4) return 0;
    s->shape = SSMI_SHAPE_NAMED;
    return 1;
}

static int take_quarter(cursor *c, ssmi_stamp *s)
{
    char mark, q;
    int64_t quarter;
    if (take_digits(c, 4, &s->part[0]) != 4) return 0;
    take_any(c, "-/ :", &mark);
    if (!take_any(c, "qQ", &q) || take_digits(c, 1, &quarter) != 1 || quarter < 1 || quarter > 4) return 0;
    s->part[1] = 3 * quarter - 2;
    s->shape = SSMI_SHAPE_QUARTER;
    return 1;
}

static int take_year_month(cursor *c, ssmi_stamp *s)
{
    char mark;
    if (take_digits(c, 4, &s->part[0]) != 4 || !take_any(c, "-/Mm", &mark)) return 0;
    if (take_digits(c, 2, &s->part[1]) == 0) return 0;
    s->shape = SSMI_SHAPE_YM;
    return 1;
}

static int take_bare_number(cursor *c, ssmi_stamp *s)
{
    static const struct {
        int digits;
        ssmi_shape shape;
    } table[] = {{4, SSMI_SHAPE_YEAR},     {6, SSMI_SHAPE_COMPACT_YM}, {8, SSMI_SHAPE_COMPACT},
                 {10, SSMI_SHAPE_COMPACT}, {12, SSMI_SHAPE_COMPACT},   {14, SSMI_SHAPE_COMPACT}};
    int n = count_digits(c);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].digits != n) continue;
        take_digits(c, 4, &s->part[0]);
        if (n >= 6) take_digits(c, 2, &s->part[1]);
        if (n >= 8) take_digits(c, 2, &s->part[2]);
        s->shape = table[i].shape;
        return n <= 8 || take_compact_clock(c, s);
    }
    return 0;
}

/* What may follow a date: nothing, or a clock time after a blank or T, and an offset. */
static int take_rest(cursor *c, ssmi_stamp *s)
{
    char mark;
    if (c->p == c->end) return 1;
    if (s->has_clock) return take_offset(c, s) && c->p == c->end;
    if (!take_any(c, "Tt ,:", &mark)) return 0;
    skip_blanks(c);
    cursor before = *c;
    if (!take_clock(c, s)) {
        *c = before;
        int hour_alone = count_digits(c) == 2;
        if ((s->shape != SSMI_SHAPE_COMPACT && !hour_alone) || !take_compact_clock(c, s)) return 0;
    }
    return take_offset(c, s) && c->p == c->end;
}

int ssmi_stamp_read(const char *text, size_t length, ssmi_stamp *stamp)
{
    static int (*const form[])(cursor *, ssmi_stamp *) = {take_three_parts,    take_bare_number,
                                                          take_year_month,     take_quarter,
                                                          take_day_month_name, take_month_name_day};
    for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
        cursor c = {text, text + length};
        *stamp = (ssmi_stamp){.shape = SSMI_SHAPE_NONE, .part = {1, 1, 1}};
        if (form[i](&c, stamp) && take_rest(&c, stamp)) return 1;
    }
    return 0;
}

int ssmi_stamp_time(const ssmi_stamp *stamp, ssmi_order order, int64_t *time)
{
    static const int place[3][3] = {{0, 1, 2}, {2, 1, 0}, {2, 0, 1}}; /* of year, month, day, by order */
    int open = stamp->shape == SSMI_SHAPE_XXY || stamp->shape == SSMI_SHAPE_SHORT;
    const int *at = place[open ? order : SSMI_ORDER_YMD];
    int64_t year = stamp->part[at[0]];
    if (stamp->shape == SSMI_SHAPE_XXY && order == SSMI_ORDER_YMD) return 0;
    if (stamp->shape == SSMI_SHAPE_SHORT) year += year < 69 ? 2000 : 1900; /* as POSIX strptime %y */
    ssmi_civil civil = {year, (int)stamp->part[at[1]], (int)stamp->part[at[2]], 0};
    if (!ssmi_time_from_civil(civil, time)) return 0;
    *time += stamp->clock;
    return 1;
}

/* value + digit * scale, 0 when it would leave the range. */
static int add_scaled(int64_t *value, int digit, int64_t scale)
{
    if (digit * scale > INT64_MAX - *value) return 0;
    *value += digit * scale;
    return 1;
}

int ssmi_epoch_read(const char *text, size_t length, int64_t unit, int64_t *time)
{
    cursor c = {text, text + length};
    int negative = take(&c, '-');
    int64_t whole = 0, value;
    if (count_digits(&c) == 0) return 0;
    for (; c.p < c.end && is_digit(*c.p); c.p++) {
        if (whole > INT64_MAX / 10 - 1) return 0;
        whole = 10 * whole + (*c.p - '0');
    }
    if (whole > INT64_MAX / unit) return 0;
    value = whole * unit;
    if (take(&c, '.') && c.p == c.end) return 0;
    for (int64_t scale = unit / 10; c.p < c.end && is_digit(*c.p); c.p++, scale /= 10) {
        if (scale == 0 && *c.p != '0') return 0;
        if (!add_scaled(&value, *c.p - '0', scale)) return 0;
    }
    if (c.p != c.end) return 0;
    *time = negative ? -value : value;
    return 1;
}
