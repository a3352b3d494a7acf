/* The time of every row, read as the file goes by. A day and month whose order is open are kept in both
 * readings until a row refutes one. */
#ifndef SSMCAST_DATA_TIMELINE_H
#define SSMCAST_DATA_TIMELINE_H

#include "data/schema.h"

typedef struct ssmi_timeline {
    ssm_context *ctx;
    const char *path;
    ssmi_time_spec spec;
    size_t n, capacity;
    int64_t *time;          /* (n) UTC where there is an offset; of an open date the reading day-month */
    int64_t *other;         /* (n) the reading month-day; NULL unless the order was open at the first row */
    int16_t *offset;        /* (n) minutes east of UTC; NULL unless the times have one */
    size_t refuted_line[2]; /* line that rules out `time`, `other`; 0: none */
    int has_clock, has_offset;
    size_t n_leap_seconds, first_leap_line;
    char text[48]; /* name of the format, set by settle */
} ssmi_timeline;

void ssmi_timeline_init(ssmi_timeline *timeline, ssm_context *ctx, const char *path,
                        const ssmi_time_spec *spec);
void ssmi_timeline_clear(ssmi_timeline *timeline);

/* Appends the time of a row, whose time cells are all there. */
ssm_status ssmi_timeline_add(ssmi_timeline *timeline, const ssmi_row *row);

/* After the last row: decides between day-month and month-day, by refutation or, with a warning, because
 * only one reading is regular; and between UTC and local time when all local times are midnights. */
ssm_status ssmi_timeline_settle(ssmi_timeline *timeline, ssmi_notes *notes);

#endif
