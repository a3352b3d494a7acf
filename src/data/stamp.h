/* Dates, times of day and epoch numbers from text. What a single text leaves open (day before month or after
 * it) is kept open in the result; the whole column decides. */
#ifndef SSMCAST_DATA_STAMP_H
#define SSMCAST_DATA_STAMP_H

#include "series/time.h"

typedef enum ssmi_shape {
    SSMI_SHAPE_NONE = 0,
    SSMI_SHAPE_YMD,       /* 2024-01-31  2024/1/31  2024.01.31 */
    SSMI_SHAPE_XXY,       /* 31/01/2024 or 01/31/2024 */
    SSMI_SHAPE_SHORT,     /* three parts, none with 4 digits */
    SSMI_SHAPE_NAMED,     /* 31-Jan-2024, Jan 31 2024 */
    SSMI_SHAPE_YM,        /* 2024-01  2024M01 */
    SSMI_SHAPE_QUARTER,   /* 2024-Q1  2024Q1 */
    SSMI_SHAPE_YEAR,      /* 2024 */
    SSMI_SHAPE_COMPACT,   /* 20240131  20240131T2359  20240131235959 */
    SSMI_SHAPE_COMPACT_YM /* 202401 */
} ssmi_shape;

typedef enum ssmi_order { SSMI_ORDER_YMD = 0, SSMI_ORDER_DMY, SSMI_ORDER_MDY } ssmi_order;

typedef struct ssmi_stamp {
    ssmi_shape shape;
    int64_t part[3]; /* in the order written, missing ones 1; NAMED, COMPACT and the rest: year, month, day */
    char mark;       /* between the parts of XXY and SHORT; a point means day before month */
    int has_clock, has_offset;
    int leap_second;
    int64_t clock; /* ns since midnight; 24:00 is SSMI_DAY */
    int offset;    /* minutes east of UTC */
} ssmi_stamp;

/* 1 when all of text[0, length) is a date, with or without a time of day. Does not check that the day
 * exists. A bare number is a date only in the shapes YEAR, COMPACT and COMPACT_YM. */
int ssmi_stamp_read(const char *text, size_t length, ssmi_stamp *stamp);

/* A time of day alone: 18:00  18:00:00.5  18.00.00  6:00 PM. */
int ssmi_clock_read(const char *text, size_t length, ssmi_stamp *stamp);

/* The time meant, as written (the offset is not applied). The order counts for the shapes XXY and SHORT
 * only. 0 when there is no such day or it lies outside 1678 to 2261. */
int ssmi_stamp_time(const ssmi_stamp *stamp, ssmi_order order, int64_t *time);

/* An integer or decimal count of `unit` nanoseconds (a power of ten) since 1970, without a detour through
 * double. 0: not such a number, more decimals than a nanosecond holds, or out of range. */
int ssmi_epoch_read(const char *text, size_t length, int64_t unit, int64_t *time);

#endif
