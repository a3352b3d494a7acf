/* What the columns of a table are, decided from its first rows. */
#ifndef SSMCAST_DATA_SCHEMA_H
#define SSMCAST_DATA_SCHEMA_H

#include "data/rows.h"
#include "data/stamp.h"

/* Warnings gathered while a table is read; texts live in the arena. */
typedef struct ssmi_notes {
    ssm_arena *mem;
    const char **text;
    size_t n, capacity;
} ssmi_notes;

ssm_status ssmi_note(ssmi_notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One column's share of a row's time. */
typedef enum ssmi_part_kind {
    SSMI_PART_STAMP, /* a date, perhaps with the time of day */
    SSMI_PART_CLOCK,
    SSMI_PART_YEAR, /* YEAR to SECOND are in this order of size */
    SSMI_PART_MONTH,
    SSMI_PART_DAY,
    SSMI_PART_HOUR,
    SSMI_PART_MINUTE,
    SSMI_PART_SECOND,
    SSMI_PART_EPOCH,
    SSMI_PART_EXCEL,       /* days since 1899-12-30 */
    SSMI_PART_DECIMAL_YEAR /* 1949.25, months or quarters */
} ssmi_part_kind;

enum { SSMI_MAX_PARTS = 6 };

typedef struct ssmi_time_spec {
    size_t n_parts; /* 0: rows are numbered */
    struct {
        ssmi_part_kind kind;
        size_t column;
    } part[SSMI_MAX_PARTS];
    ssmi_shape shape; /* of the first stamp seen */
    int order_given;
    ssmi_order order;
    int64_t epoch_unit; /* ns */
    int unit_given;     /* else a change of magnitude is an error */
    char decimal;       /* mark of DECIMAL_YEAR and EXCEL */
} ssmi_time_spec;

/* How the cells of one column in the sample read; missing ones count nowhere. */
typedef struct ssmi_traits {
    size_t n_values, n_numbers, n_dates, n_clocks;
    size_t n_short;   /* dates with a two-digit year */
    size_t n_clocked; /* dates with a time of day */
} ssmi_traits;

typedef struct ssmi_schema {
    size_t width; /* fields of a row */
    int has_header;
    size_t n_header_rows;  /* rows of the sample before the first data row */
    const char **name;     /* (width) */
    ssm_column_kind *kind; /* (width) EMPTY: no value in the sample */
    ssmi_traits *traits;   /* (width) */
    ssmi_time_spec time;
} ssmi_schema;

/* Markers of missing values: the built-in ones and those of the options. */
typedef struct ssmi_missing {
    size_t n_more;
    const ssmi_field *more;
} ssmi_missing;

ssm_status ssmi_missing_init(ssmi_missing *missing, const char *list, ssm_arena *mem);
int ssmi_is_missing(const ssmi_missing *missing, const char *text, size_t length); /* text is trimmed */

typedef struct ssmi_sample {
    const char *path;
    const ssmi_row *row; /* (n) the first rows of the file */
    size_t n;
    int complete; /* the file has no more rows */
    const ssmi_dialect *dialect;
    const ssm_table_options *options;
    const ssmi_missing *missing;
} ssmi_sample;

ssm_status ssmi_schema_decide(ssmi_schema *schema, const ssmi_sample *sample, ssmi_notes *notes);

/* Layout: width, header and names. */
ssm_status ssmi_layout_decide(ssmi_schema *schema, const ssmi_sample *sample, ssmi_notes *notes);
/* Time columns; marks them in schema->kind. */
ssm_status ssmi_time_decide(ssmi_schema *schema, const ssmi_sample *sample, ssmi_notes *notes);

/* Valid UTF-8, unique and never empty; bytes that are not UTF-8 are taken as Latin-1. */
ssm_status ssmi_names_make(const char **name, const ssmi_field *field, size_t n, ssm_arena *mem,
                           ssmi_notes *notes);
/* Column by name or number from 1. */
ssm_status ssmi_names_find(ssm_context *ctx, const char *const *name, size_t n, const char *wanted,
                           size_t length, size_t *column);
/* Columns of a comma separated list; the whole list may also be one name. Fails above `most`. */
ssm_status ssmi_names_find_list(ssm_context *ctx, const char *const *name, size_t n, const char *list,
                                size_t *column, size_t most, size_t *n_found);

/* What a name hints at, whatever the case of its letters. */
int ssmi_name_contains(const char *name, const char *word);
int ssmi_name_like_time(const char *name);  /* "timestamp", "Date", "ds" */
int ssmi_name_like_index(const char *name); /* "No", "id", "t" */
int ssmi_name_part(const char *name);       /* ssmi_part_kind from YEAR to SECOND ("hour"), or -1 */

#endif
