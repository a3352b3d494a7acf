/* Where the rows of a series stand in time, and those that come after it: at times of their own as long as
 * the series knows them, then on the grid, one step after the other. Rows are counted from the last one of
 * the history, which is row 0. Borrows the stamps. */
#ifndef SSMCAST_SERIES_CLOCK_H
#define SSMCAST_SERIES_CLOCK_H

#include <ssmcast/series.h>

typedef struct ssmi_clock {
    ssm_time_index origin; /* row 0 is `beyond` steps after its start */
    size_t beyond;
    const int64_t *ahead; /* (n_ahead) times of the rows 1, 2, ... */
    size_t n_ahead;
} ssmi_clock;

/* At the last row of a history, which has one. */
void ssmi_clock_start(ssmi_clock *clock, const ssm_series *history);
/* One row on. */
void ssmi_clock_step(ssmi_clock *clock);
/* To a time after row 0; known times that are not after it are forgotten. */
void ssmi_clock_set(ssmi_clock *clock, int64_t time);
/* Time of row k; SSM_E_ARGUMENT when it leaves the range of ssm_time_at. */
ssm_status ssmi_clock_time(const ssmi_clock *clock, size_t k, int64_t *time);
/* Nanoseconds (rows, where there is no time) from row k - 1 to row k, k > 0; the months of a grid of months
 * count as equally long. */
double ssmi_clock_gap(const ssmi_clock *clock, size_t k);
/* The same from row 0 to a time. */
double ssmi_clock_gap_to(const ssmi_clock *clock, int64_t time);
/* The same from row t - 1 to row t of a series, t > 0. */
double ssmi_series_gap(const ssm_series *series, size_t t);
/* Row t of a series, or one behind its end, in rows of the grid `time`: t, unless the series has stamps. */
double ssmi_series_place(const ssm_series *series, size_t t);
/* Length of a step as ssmi_clock_gap counts it. */
double ssmi_step_length(ssm_step step);

#endif
