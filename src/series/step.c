/* Steps written as text. Their names in the other direction are in time.c. */
#include "series/time.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    ssm_step_unit unit;
    int64_t count;
} table[] = {
    {"ns", SSM_STEP_NANOSECONDS, 1},
    {"us", SSM_STEP_NANOSECONDS, 1000},
    {"ms", SSM_STEP_NANOSECONDS, 1000000},
    {"s", SSM_STEP_NANOSECONDS, SSMI_SECOND},
    {"min", SSM_STEP_NANOSECONDS, SSMI_MINUTE},
    {"h", SSM_STEP_NANOSECONDS, SSMI_HOUR},
    {"d", SSM_STEP_NANOSECONDS, SSMI_DAY},
    {"day", SSM_STEP_NANOSECONDS, SSMI_DAY},
    {"w", SSM_STEP_NANOSECONDS, 7 * SSMI_DAY},
    {"week", SSM_STEP_NANOSECONDS, 7 * SSMI_DAY},
    {"month", SSM_STEP_MONTHS, 1},
    {"quarter", SSM_STEP_MONTHS, 3},
    {"year", SSM_STEP_MONTHS, 12},
    {"hour", SSM_STEP_NANOSECONDS, SSMI_HOUR},
    {"minute", SSM_STEP_NANOSECONDS, SSMI_MINUTE},
    {"second", SSM_STEP_NANOSECONDS, SSMI_SECOND},
};

/* Digits with or without a decimal point; 1 when there are none. Returns what follows them. */
static const char *read_number(const char *p, double *number)
{
    double value = 0.0, unit = 1.0;
    const char *first = p;
    for (; *p >= '0' && *p <= '9'; p++) value = 10.0 * value + (*p - '0');
    if (*p == '.' && p > first) {
        for (p++; *p >= '0' && *p <= '9'; p++) value += (unit /= 10.0) * (*p - '0');
    }
    *number = p == first ? 1.0 : value;
    return p;
}

const char *ssmi_step_read(const char *text, ssm_step *step)
{
    double number;
    const char *p = text + strspn(text, " ");
    p = read_number(p, &number);
    p += strspn(p, " ");
    const size_t length = strspn(p, "abcdefghijklmnopqrstuvwxyz");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const size_t plain = strlen(table[i].name);
        const int plural = length == plain + 1 && p[plain] == 's';
        if ((length != plain && !plural) || strncmp(p, table[i].name, plain) != 0) continue;
        const double count = number * (double)table[i].count;
        if (!(count >= 1.0 && count <= (double)(INT64_MAX / 4))) return NULL;
        if (table[i].unit == SSM_STEP_MONTHS && count != floor(count)) return NULL;
        *step = (ssm_step){table[i].unit, (int64_t)llround(count)};
        return p + length;
    }
    return NULL;
}
