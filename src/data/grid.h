/* From the times in a file to a regular grid: the interval, the row of each time, duplicates and gaps.
 * Without one the rows keep their own times.
 *
 *   file    08:00  08:10  08:20  08:20  08:50      interval 10 min: the commonest difference
 *   grid    0      1      2      2      5          rows 3 and 4 are missing, the second 2 is a duplicate */
#ifndef SSMCAST_DATA_GRID_H
#define SSMCAST_DATA_GRID_H

#include "data/schema.h"

/* Rows as the file has them. */
typedef struct ssmi_rows {
    const char *path;
    size_t n, n_columns;
    const int64_t *time; /* (n) */
    const size_t *line;  /* (n) */
    const double *value; /* (n, n_columns) row-major, NaN missing */
} ssmi_rows;

typedef struct ssmi_grid {
    ssm_time_index time;
    size_t length;
    int64_t *stamp; /* (length) times of rows that keep no grid; NULL: they do */
    double **value; /* (n_columns) of (length), NaN where the file has nothing */
    size_t n_gap_rows, n_duplicates, n_backward, n_snapped;
    size_t first_duplicate_line, first_backward_line;
} ssmi_grid;

/* Sorts, finds the interval and fills. `mem` takes the values, `tmp` the scratch. */
ssm_status ssmi_grid_make(ssmi_grid *grid, const ssmi_rows *rows, const ssm_table_options *options,
                          ssm_arena *mem, ssm_arena *tmp, ssmi_notes *notes);

/* Rows that are numbered, from `first` on. */
ssm_status ssmi_grid_number(ssmi_grid *grid, const ssmi_rows *rows, int64_t first, ssm_arena *mem);

/* How ascending times lie on a grid. */
typedef struct ssmi_fit {
    ssm_time_index time;
    int64_t *position; /* (n) row of the grid */
    int64_t
        *stamp; /* irregular: time of each row; `time` is then a grid of the typical distance. Else NULL */
    size_t n_snapped;
    int64_t largest_move; /* ns */
} ssmi_fit;

/* Finds the interval of ascending times (n >= 2, not all equal); irregular ones keep their times, with a note
 * that says why. SSM_E_DATA: a span that int64 cannot hold. */
ssm_status ssmi_interval_find(ssmi_fit *fit, const ssmi_rows *rows, const int64_t *time, const size_t *order,
                              ssm_arena *tmp, ssmi_notes *notes);
/* Lets ascending times (n >= 2, not all equal) be as they are. */
ssm_status ssmi_interval_none(ssmi_fit *fit, const int64_t *time, size_t n, ssm_arena *tmp);
/* Puts ascending times on a grid with a step given as text ("15 min"); several may share a row. */
ssm_status ssmi_interval_given(ssmi_fit *fit, const ssmi_rows *rows, const int64_t *time, const char *step,
                               ssm_arena *tmp);

#endif
