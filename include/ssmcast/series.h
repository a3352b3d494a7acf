/* A time series on a regular grid, and the calendar that names its rows.
 *
 * A series is a view: it borrows name and values and goes by value. NaN means missing and nothing else. */
#ifndef SSMCAST_SERIES_H
#define SSMCAST_SERIES_H

#include <ssmcast/context.h>

SSM_BEGIN_DECLS

enum { SSM_MAX_PERIODS = 3 };

/* Distance between two rows. Months have no fixed length, so they are a unit of their own (a quarter is 3
 * months, a year 12). SSM_STEP_NONE: the rows are numbered, there is no time. */
typedef enum ssm_step_unit { SSM_STEP_NONE = 0, SSM_STEP_NANOSECONDS, SSM_STEP_MONTHS } ssm_step_unit;

typedef struct ssm_step {
    ssm_step_unit unit;
    int64_t count; /* > 0 unless unit is SSM_STEP_NONE */
} ssm_step;

/* Row t is at start + t*step. Counting months keeps the day of `start`, or the last day of a month that is
 * shorter; a start on the last day of its month means the last day of every month. Times are nanoseconds
 * since 1970-01-01T00:00:00 (UTC, or local time without an offset when the file had none), so years 1678 to
 * 2261. */
typedef struct ssm_time_index {
    int64_t start;
    ssm_step step;
} ssm_time_index;

typedef struct ssm_series {
    const char *name;
    const double *value; /* (length), NaN missing, otherwise finite */
    size_t length;
    ssm_time_index time;
    size_t n_periods;               /* 0: no season known */
    size_t period[SSM_MAX_PERIODS]; /* seasonal periods in rows, each >= 2, ascending */
    /* (stamp_rows) times of the rows, strictly ascending, when they keep no grid; NULL: `time` says them.
     * Then `time` is a grid of the typical distance that begins with the first row. Times from `length` on
     * are those of rows to be forecast; rows after the last of them follow at the typical distance.
     * stamp_rows 0 counts as length. */
    const int64_t *stamp;
    size_t stamp_rows;
    /* (exogenous_rows, n_exogenous) row-major, finite: what is known beside the series, such as a plan or the
     * weather forecast. exogenous_rows >= length; rows from `length` on belong to the future. What is known
     * only up to now is given as it was a horizon before, so that its last rows are those. NULL: none. */
    const double *exogenous;
    size_t n_exogenous, exogenous_rows;
    /* (n_exogenous) what notes and components call them; NULL: by number. */
    const char *const *exogenous_name;
} ssm_series;

/* Time of row t; t may lie outside the series. SSM_E_ARGUMENT when it leaves the int64 range. */
SSM_API ssm_status ssm_time_at(ssm_time_index index, int64_t t, int64_t *time);

enum { SSM_TIME_TEXT_SIZE = 40 };

/* Time of row t in ISO 8601: "1949-01-01" when the grid keeps to whole days, else "2016-07-01T00:15:00"
 * with as many decimals of the second as the grid needs. The row number when there is no time. Never
 * longer than SSM_TIME_TEXT_SIZE - 1; empty when t leaves the range of ssm_time_at. */
SSM_API void ssm_time_text(ssm_time_index index, int64_t t, char *text, size_t size);

/* A step as "15 min", "1 h", "7 d", "1 month", "1 quarter", "1 year"; "1 row" for numbered rows. */
SSM_API void ssm_step_text(ssm_step step, char *text, size_t size);

/* Time of row t of a series; t may lie behind its end. SSM_E_ARGUMENT when it leaves the int64 range. */
SSM_API ssm_status ssm_series_time_at(const ssm_series *series, size_t t, int64_t *time);

/* The same as text, written as ssm_time_text does. */
SSM_API void ssm_series_time_text(const ssm_series *series, size_t t, char *text, size_t size);

/* Rows [from, from + length) of a series as a series of its own; its times move along, and the exogenous rows
 * and the stamps behind it become its future. */
SSM_API ssm_series ssm_series_slice(ssm_series series, size_t from, size_t length);

/* Finds up to SSM_MAX_PERIODS seasonal periods and writes them to n_periods and period. Needs about two
 * full cycles to see one; missing values are allowed. A series without a season gets n_periods 0, and so does
 * one with stamps, whose rows are no measure of time. */
SSM_API ssm_status ssm_series_detect_periods(ssm_context *ctx, ssm_series *series);

SSM_END_DECLS

#endif
