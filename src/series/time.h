/* The civil calendar (proleptic Gregorian) on nanoseconds since 1970-01-01T00:00:00. */
#ifndef SSMCAST_SERIES_TIME_H
#define SSMCAST_SERIES_TIME_H

#include <ssmcast/series.h>

#define SSMI_SECOND ((int64_t)1000000000)
#define SSMI_MINUTE (60 * SSMI_SECOND)
#define SSMI_HOUR   (60 * SSMI_MINUTE)
#define SSMI_DAY    (24 * SSMI_HOUR)

typedef struct ssmi_civil {
    int64_t year;
    int month, day; /* from 1 */
    int64_t clock;  /* nanoseconds since midnight, [0, SSMI_DAY) */
} ssmi_civil;

int64_t ssmi_days_from_civil(int64_t year, int month, int day); /* days since 1970-01-01 */
int ssmi_days_in_month(int64_t year, int month);
ssmi_civil ssmi_civil_from_time(int64_t time);
/* 0 when the day does not exist or the year is not in 1678 to 2261, which leaves three months on either side
 * before int64 ends. */
int ssmi_time_from_civil(ssmi_civil civil, int64_t *time);

/* Months since year 0. */
int64_t ssmi_month_number(ssmi_civil civil);
int ssmi_is_month_end(ssmi_civil civil);

/* Reads a step such as "15 min", "1 h", "7 d", "0.5 s" or "quarter" off the beginning of a text, and returns
 * what follows it; NULL when it is none. */
const char *ssmi_step_read(const char *text, ssm_step *step);

/* Quotient and remainder that round towards minus infinity; b > 0. */
int64_t ssmi_floor_div(int64_t a, int64_t b);
int64_t ssmi_floor_mod(int64_t a, int64_t b);

#endif
