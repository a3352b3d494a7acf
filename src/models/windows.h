/* Series prepared for models that learn from windows: standardised, gaps filled, and the rule for which
 * windows may be learned from.
 *
 *   rows   s ............ o-1 | o ........ o+H-1        origin o, look-back L, s = o-L
 *          look-back window   | targets
 *
 * A gap is filled by a straight line between its neighbours, or where a period p is known by the rows one
 * period earlier, moved so that both ends of the gap meet; an open gap at the end repeats the last value or
 * the last season. A filled row inside a look-back is therefore known at its origin whenever row o-1 was
 * observed, and only such origins are used: nothing of the future leaks into a window. */
#ifndef SSMCAST_MODELS_WINDOWS_H
#define SSMCAST_MODELS_WINDOWS_H

#include "base/arena.h"
#include <ssmcast/series.h>

typedef struct ssmi_window_series {
    size_t length;
    double mean, scale;    /* value = (raw - mean) / scale */
    const double *value;   /* (length) finite */
    const size_t *missing; /* (length + 1): missing[t] rows of [0, t) are filled gaps */
    const double *column;  /* (length, n_columns) what is known beside the values; models/regression.h */
    size_t n_columns;
} ssmi_window_series;

/* Prepares one series. Mean and population standard deviation come from the observed ones of its first
 * n_train rows (of all rows when those hold fewer than two observations); a constant series gets scale 1.
 * SSM_E_DATA when nothing is observed. The arrays live in `arena`. */
ssm_status ssmi_windows_prepare(ssmi_window_series *out, const ssm_series *series, size_t n_train,
                                ssm_arena *arena);

/* Fills the gaps of raw values: out (length) may be `value` itself; period 0: no season. At least one row
 * must be observed. */
void ssmi_windows_fill(double *out, const double *value, size_t length, size_t period);

/* Rows at the end of a history that ssmi_windows_last wants: enough before the window to fill it well, all
 * where nothing is observed in those. 0: nothing is observed. */
size_t ssmi_windows_last_rows(const double *value, size_t length, size_t lookback, size_t period);
/* The window (lookback) at the end of `rows` raw values, which are filled in place; a window that begins
 * before them repeats the first. */
void ssmi_windows_last(double *window, double *value, size_t rows, size_t lookback, size_t period);

/* The window (lookback) before row `origin` as it is known there: a gap at its end, which the series has
 * filled from rows to come, is open, in `room` (lookback); zeros where nothing was observed so far. period:
 * that of the filling. origin >= lookback. */
const double *ssmi_windows_known(double *room, const ssmi_window_series *series, size_t origin,
                                 size_t lookback, size_t period);

/* 1 when the window with this origin may be learned from: it lies inside the series, row origin-1 was
 * observed, at most half of its look-back and a quarter of its targets are filled gaps. */
int ssmi_windows_usable(const ssmi_window_series *series, size_t origin, size_t lookback, size_t horizon);

/* Rows at the end to keep for validation when the caller names none: a fifth of the series, but at least
 * one horizon; 0 when the rows before it could not hold two horizons. */
size_t ssmi_windows_validation(size_t length, size_t horizon);

#endif
