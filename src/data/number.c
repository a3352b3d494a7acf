/* Decimal text to the nearest double in three steps, each taken only when it is exact:
 *
 *   1. at most 53 bits of digits w and |e| <= 22: w and 10^|e| are doubles, so w * 10^e rounds once
 *      (Clinger 1990, "How to read floating point numbers accurately", sect. 3);
 *   2. at most 64 bits of digits and |e| <= 27 with an extended double of 64 bits: one rounding to 64 bits,
 *      and a second one to 53, which goes wrong only within one unit of a tie and is refused there;
 *   3. strtod on a copy with the mark of the present locale.
 *
 * Known value: 0.1 is 0x3FB999999999999A; 9007199254740993 (a tie) is 9007199254740992. */
#include "data/number.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 1100, EXPONENT_LIMIT = 100000 };

/* A number split into its digits: value = sign * mantissa * 10^exponent, exact unless `cut`. */
typedef struct decimal {
    int negative, cut, n_digits;
    uint64_t mantissa;
    int64_t exponent;
} decimal;

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits from p on into the mantissa; 19 significant ones fit into 64 bits, the rest only count. */
static const char *take_digits(const char *p, const char *end, decimal *d, int after_mark)
{
    for (; p < end && is_digit(*p); p++) {
        d->n_digits++;
        if (d->mantissa < UINT64_C(1000000000000000000)) {
            d->mantissa = 10 * d->mantissa + (uint64_t)(*p - '0');
            d->exponent -= after_mark;
        } else {
            d->cut |= *p != '0';
            d->exponent += !after_mark;
        }
    }
    return p;
}

static const char *take_exponent(const char *p, const char *end, decimal *d)
{
    int negative = p < end && *p == '-';
    int64_t exponent = 0;
    if (p < end && (*p == '-' || *p == '+')) p++;
    if (p == end || !is_digit(*p)) return NULL;
    for (; p < end && is_digit(*p); p++) {
        if (exponent < EXPONENT_LIMIT) exponent = 10 * exponent + (*p - '0');
    }
    d->exponent += negative ? -exponent : exponent;
    return p;
}

/* 1 when all of [p, end) is one number. */
static int split(const char *p, const char *end, char mark, decimal *d)
{
    *d = (decimal){.negative = p < end && *p == '-'};
    if (p < end && (*p == '-' || *p == '+')) p++;
    p = take_digits(p, end, d, 0);
    if (p < end && *p == mark) p = take_digits(p + 1, end, d, 1);
    if (d->n_digits == 0) return 0;
    if (p < end && (*p == 'e' || *p == 'E')) p = take_exponent(p + 1, end, d);
    return p == end;
}

static int scale_double(const decimal *d, double *value)
{
    static const double power[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (d->cut || d->mantissa > (UINT64_C(1) << 53) || d->exponent < -22 || d->exponent > 22) return 0;
    double w = (double)d->mantissa;
    *value = d->exponent < 0 ? w / power[-d->exponent] : w * power[d->exponent];
    return 1;
}

#if LDBL_MANT_DIG == 64
static int scale_extended(const decimal *d, double *value)
{
    static const long double power[28] = {
        1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
        1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};
    if (d->cut || d->exponent < -27 || d->exponent > 27) return 0;
    long double w = (long double)d->mantissa;
    w = d->exponent < 0 ? w / power[-d->exponent] : w * power[d->exponent];
    uint64_t bits;
    memcpy(&bits, &w, sizeof bits); /* the 64 bits of the significand come first */
    uint64_t tail = bits & 0x7FF;   /* what rounding to 53 bits drops */
    if (tail >= 0x3FF && tail <= 0x401) return 0;
    *value = (double)w;
    return 1;
}
#else
static int scale_extended(const decimal *d, double *value)
{
    (void)d;
    (void)value;
    return 0;
}
#endif

/* Writes "e<exponent>" and a NUL. */
static void write_exponent(char *out, int64_t exponent)
{
    char digits[24];
    int n = 0;
    uint64_t e = exponent < 0 ? (uint64_t)-exponent : (uint64_t)exponent;
    do digits[n++] = (char)('0' + e % 10);
    while ((e /= 10) > 0);
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    while (n > 0) *out++ = digits[--n];
    *out = '\0';
}

/* strtod on the digits as an integer times a power of ten: without a decimal mark every locale agrees. No
 * double needs more than 767 digits to be told from its neighbours, so of a longer text the rest is
 * replaced by a single 1 where it is not zero. */
static double scale_slowly(const char *p, const char *end, char mark)
{
    char copy[LONGEST + 32];
    size_t used = 0;
    int64_t exponent = 0;
    int after = 0, rest = 0;
    for (; p < end && (is_digit(*p) || *p == mark); p++) {
        if (*p == mark) {
            after = 1;
        } else if (used == LONGEST) {
            rest |= *p != '0';
            exponent += !after;
        } else {
            if (used > 0 || *p != '0') copy[used++] = *p;
            exponent -= after;
        }
    }
    if (used == 0) return 0;
    if (rest) {
        copy[used++] = '1';
        exponent--;
    }
    decimal tail = {0};
    if (p < end) take_exponent(p + 1, end, &tail);
    write_exponent(copy + used, exponent + tail.exponent);
    return strtod(copy, NULL);
}

static int spells(const char *p, const char *end, const char *word)
{
    for (; p < end && *word != '\0' && (*p | 32) == *word; p++) word++;
    return p == end && *word == '\0';
}

ssmi_number_result ssmi_number_read(const char *text, size_t length, char mark, double *value)
{
    decimal d;
    const char *end = text + length;
    const char *first = text + (length > 0 && (*text == '-' || *text == '+'));
    if (!split(text, end, mark, &d)) {
        return spells(first, end, "inf") || spells(first, end, "infinity") ? SSMI_NUMBER_INFINITE
                                                                           : SSMI_NUMBER_BAD;
    }
    double magnitude;
    if (!scale_double(&d, &magnitude) && !scale_extended(&d, &magnitude)) {
        magnitude = scale_slowly(first, end, mark);
    }
    if (isinf(magnitude)) return SSMI_NUMBER_OVERFLOW;
    *value = d.negative ? -magnitude : magnitude;
    return SSMI_NUMBER_OK;
}

/* Length of the group separator at p, 0 when there is none. A no-break or thin space counts as a blank. */
static size_t separator(const char *p, const char *end, char mark, char *found)
{
    static const char *const wide[] = {"\xC2\xA0", "\xE2\x80\x89", "\xE2\x80\xAF"};
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        size_t n = strlen(wide[i]);
        if ((size_t)(end - p) < n || memcmp(p, wide[i], n) != 0) continue;
        *found = ' ';
        return n;
    }
    if (p == end || *p == mark || *p == '\0' || strchr(",. '", *p) == NULL) return 0;
    *found = *p;
    return 1;
}

ssmi_number_result ssmi_number_read_grouped(const char *text, size_t length, char mark, char *group,
                                            int *sure, double *value)
{
    char copy[64], found = 0;
    const char *p = text, *end = text + length;
    size_t used = 0, run = 0, n_groups = 0, width;
    if (length >= sizeof copy) return SSMI_NUMBER_BAD;
    if (p < end && (*p == '-' || *p == '+')) copy[used++] = *p++;
    for (;;) {
        for (run = 0; p < end && is_digit(*p); run++) copy[used++] = *p++;
        if (n_groups > 0 ? run != 3 : run < 1 || run > 3) return SSMI_NUMBER_BAD;
        width = separator(p, end, mark, &found);
        if (width == 0) break;
        if (*group != 0 && found != *group) return SSMI_NUMBER_BAD;
        *group = found;
        n_groups++;
        p += width;
    }
    if (n_groups == 0) return SSMI_NUMBER_BAD;
    *sure = n_groups > 1 || p < end || (found != ',' && found != '.');
    while (p < end) copy[used++] = *p++;
    copy[used] = '\0';
    return ssmi_number_read(copy, used, mark, value);
}

/* Length of an odd blank that starts (or, with `last`, ends) at p. */
static size_t odd_blank(const char *p, size_t length, int last)
{
    static const char *const odd[] = {"\v", "\f", "\xC2\xA0", "\xE2\x80\x89", "\xE2\x80\xAF", "\xE2\x80\x8B"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        size_t n = strlen(odd[i]);
        if (n <= length && memcmp(last ? p + length - n : p, odd[i], n) == 0) return n;
    }
    return 0;
}

int ssmi_trim(const char **text, size_t *length)
{
    int found = 0;
    size_t n;
    for (;;) {
        if (*length > 0 && (**text == ' ' || **text == '\t')) {
            n = 1;
        } else {
            n = odd_blank(*text, *length, 0);
            found |= n > 0;
        }
        if (n == 0) break;
        *text += n;
        *length -= n;
    }
    for (;;) {
        char last = *length > 0 ? (*text)[*length - 1] : 'x';
        if (last == ' ' || last == '\t') {
            n = 1;
        } else {
            n = odd_blank(*text, *length, 1);
            found |= n > 0;
        }
        if (n == 0) return found;
        *length -= n;
    }
}
