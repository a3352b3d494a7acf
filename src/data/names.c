/* Column names: made fit for use, found again, and what they hint at. */
#include "base/suggest.h"
#include "data/number.h"
#include "data/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 sequence at p, 0 when it is not valid (RFC 3629: no overlong forms, no surrogates). */
static size_t sequence_length(const unsigned char *p, const unsigned char *end)
{
    if (p[0] < 0x80) return 1;
    size_t n = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || (size_t)(end - p) < n) return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F)) return 0;
    if ((p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F)) return 0;
    return n;
}

static int is_utf8(const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + length;
    while (p < end) {
        size_t n = sequence_length(p, end);
        if (n == 0) return 0;
        p += n;
    }
    return 1;
}

static char *copy_name(ssm_arena *mem, const char *text, size_t length)
{
    char *copy = SSMI_ALLOC(mem, char, 2 * length + 1), *out = copy;
    if (copy == NULL) return NULL;
    int latin = !is_utf8(text, length);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (latin && c >= 0x80) {
            *out++ = (char)(0xC0 | c >> 6);
            c = 0x80 | (c & 0x3F);
        }
        *out++ = (char)c;
    }
    *out = '\0';
    return copy;
}

/* Digits and a colon before each name, counting up from 1: "1:Date 2:Time". */
static size_t number_prefix(const ssmi_field *field, size_t i)
{
    char expected[24];
    int n = snprintf(expected, sizeof expected, "%zu:", i + 1);
    size_t length = (size_t)n;
    return field->length > length && memcmp(field->text, expected, length) == 0 ? length : 0;
}

static int all_numbered(const ssmi_field *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (number_prefix(&field[i], i) == 0) return 0;
    }
    return n > 1;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *const *x = a, *const *const *y = b;
    int order = strcmp(**x, **y);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

/* Later ones of equal names get their column number. Sorted, so that 65536 columns are no burden. */
static ssm_status make_unique(const char **name, size_t n, ssm_arena *mem, ssmi_notes *notes)
{
    size_t renamed = 0;
    const char ***sorted = SSMI_ALLOC(mem, const char **, n);
    const char **made = SSMI_ALLOC(mem, const char *, n);
    if (sorted == NULL || made == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < n; i++) sorted[i] = &name[i];
    qsort(sorted, n, sizeof *sorted, compare_names);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(*sorted[i], *sorted[i - 1]) != 0) continue;
        size_t size = strlen(*sorted[i]) + 32;
        char *copy = SSMI_ALLOC(mem, char, size);
        if (copy == NULL) return SSM_E_MEMORY;
        snprintf(copy, size, "%s (column %zu)", *sorted[i], (size_t)(sorted[i] - name) + 1);
        made[sorted[i] - name] = copy;
        renamed++;
    }
    for (size_t i = 0; i < n; i++) {
        if (made[i] != NULL) name[i] = made[i];
    }
    return renamed == 0 ? SSM_OK : ssmi_note(notes, "%zu column names occur twice and got a number", renamed);
}

ssm_status ssmi_names_make(const char **name, const ssmi_field *field, size_t n, ssm_arena *mem,
                           ssmi_notes *notes)
{
    int numbered = field != NULL && all_numbered(field, n);
    for (size_t i = 0; i < n; i++) {
        const char *text = field != NULL ? field[i].text : "";
        size_t length = field != NULL ? field[i].length : 0;
        char fallback[32];
        ssmi_trim(&text, &length);
        if (numbered) {
            size_t prefix = number_prefix(&field[i], i);
            text += prefix;
            length -= prefix;
        }
        if (length == 0) {
            length = (size_t)snprintf(fallback, sizeof fallback, "column_%zu", i + 1);
            text = fallback;
        }
        name[i] = copy_name(mem, text, length);
        if (name[i] == NULL) return SSM_E_MEMORY;
    }
    return make_unique(name, n, mem, notes);
}

static ssm_status fail_unknown(ssm_context *ctx, const char *const *name, size_t n, const char *wanted)
{
    char list[512] = "", shown[80];
    size_t best = (size_t)-1, used = 0, nearest = n;
    for (size_t i = 0; i < n; i++) {
        ssmi_quote(shown, sizeof shown, name[i], strlen(name[i]));
        if (ssmi_suggest(wanted, name[i], &best)) nearest = i;
        if (used + strlen(shown) + 8 > sizeof list) {
            snprintf(list + used, sizeof list - used, " ...");
            break;
        }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", shown);
    }
    if (nearest < n) {
        ssmi_quote(shown, sizeof shown, name[nearest], strlen(name[nearest]));
        return ssmi_fail(ctx, SSM_E_ARGUMENT, "no column \"%s\"; did you mean \"%s\"? there are: %s", wanted,
                         shown, list);
    }
    return ssmi_fail(ctx, SSM_E_ARGUMENT, "no column \"%s\"; there are: %s", wanted, list);
}

static int find(const char *const *name, size_t n, const char *wanted, size_t length, size_t *column)
{
    size_t number = 0;
    for (size_t i = 0; i < n; i++) {
        if (strlen(name[i]) != length || memcmp(name[i], wanted, length) != 0) continue;
        *column = i;
        return 1;
    }
    for (size_t i = 0; i < length && number <= n; i++) {
        if (wanted[i] < '0' || wanted[i] > '9') return 0;
        number = 10 * number + (size_t)(wanted[i] - '0');
    }
    if (number < 1 || number > n) return 0;
    *column = number - 1;
    return 1;
}

ssm_status ssmi_names_find(ssm_context *ctx, const char *const *name, size_t n, const char *wanted,
                           size_t length, size_t *column)
{
    char word[128];
    if (find(name, n, wanted, length, column)) return SSM_OK;
    ssmi_quote(word, sizeof word, wanted, length);
    return fail_unknown(ctx, name, n, word);
}

ssm_status ssmi_names_find_list(ssm_context *ctx, const char *const *name, size_t n, const char *list,
                                size_t *column, size_t most, size_t *n_found)
{
    *n_found = 1;
    if (most > 0 && find(name, n, list, strlen(list), &column[0])) return SSM_OK;
    for (size_t found = 0;; found++) {
        size_t length = strcspn(list, ",");
        const char *word = list;
        size_t trimmed = length;
        if (found == most) return ssmi_fail(ctx, SSM_E_ARGUMENT, "more than %zu columns in the list", most);
        ssmi_trim(&word, &trimmed);
        SSMI_TRY(ssmi_names_find(ctx, name, n, word, trimmed, &column[found]));
        *n_found = found + 1;
        if (list[length] == '\0') return SSM_OK;
        list += length + 1;
    }
}

/* ---- hints ---- */

static int same_word(const char *a, const char *b)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a | 32) : *a;
        if (x != *b) return 0;
    }
    return *a == *b;
}

int ssmi_name_contains(const char *name, const char *word)
{
    for (; *name != '\0'; name++) {
        size_t i = 0;
        while (word[i] != '\0' && (name[i] | 32) == word[i]) i++;
        if (word[i] == '\0') return 1;
    }
    return 0;
}

int ssmi_name_like_time(const char *name)
{
    static const char *const part[] = {"time", "date", "stamp", "epoch", "datum", "zeit", "period", "fecha"};
    static const char *const whole[] = {"ds", "ts", "t", "year", "month", "jahr", "monat", "utc"};
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        if (ssmi_name_contains(name, part[i])) return 1;
    }
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (same_word(name, whole[i])) return 1;
    }
    return 0;
}

/* YEAR ... SECOND by the column's name, or -1. */
int ssmi_name_part(const char *name)
{
    static const struct {
        const char *name;
        ssmi_part_kind kind;
    } table[] = {
        {"year", SSMI_PART_YEAR},   {"yr", SSMI_PART_YEAR},          {"yyyy", SSMI_PART_YEAR},
        {"month", SSMI_PART_MONTH}, {"mon", SSMI_PART_MONTH},        {"mo", SSMI_PART_MONTH},
        {"mm", SSMI_PART_MONTH},    {"day", SSMI_PART_DAY},          {"mday", SSMI_PART_DAY},
        {"dd", SSMI_PART_DAY},      {"day_of_month", SSMI_PART_DAY}, {"hour", SSMI_PART_HOUR},
        {"hr", SSMI_PART_HOUR},     {"hh", SSMI_PART_HOUR},          {"minute", SSMI_PART_MINUTE},
        {"min", SSMI_PART_MINUTE},  {"second", SSMI_PART_SECOND},    {"sec", SSMI_PART_SECOND},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (same_word(name, table[i].name)) return (int)table[i].kind;
    }
    return -1;
}

int ssmi_name_like_index(const char *name)
{
    static const char *const names[] = {
        "no", "nr",   "id",   "idx", "index", "row", "rownum", "obs",      "n",          "t",     "num", "i",
        "x",  "time", "step", "seq", "line",  "rec", "number", "column_1", "unnamed: 0", "rowid", "#"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (same_word(name, names[i])) return 1;
    }
    return 0;
}
