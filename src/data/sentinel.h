/* Numbers that stand for "missing": -999, 9999, 1e30. */
#ifndef SSMCAST_DATA_SENTINEL_H
#define SSMCAST_DATA_SENTINEL_H

#include <stddef.h>

typedef struct ssmi_sentinel {
    double value; /* NaN: none */
    size_t count;
} ssmi_sentinel;

/* Looks at each column of value (n, m), row-major, NaN missing. A column's smallest or largest value is
 * suspected when it occurs at least twice, is written with few digits, and lies far outside of the others:
 * five times their range, or half their range if it is all nines or a limit of an integer type. A value
 * suspected in one column is also suspected where it is the extreme of another. */
void ssmi_sentinel_find(ssmi_sentinel *found, const double *value, size_t n, size_t m);

#endif
