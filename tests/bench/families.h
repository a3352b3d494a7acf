/* Families of series that rules are chosen on: real data of many kinds, none of it the test part of a
 * published table. Found through SSMCAST_DATA. */
#ifndef SSMCAST_BENCH_FAMILIES_H
#define SSMCAST_BENCH_FAMILIES_H

#include <stddef.h>

enum { FAMILY_ROWS = 50000, FAMILY_COLUMNS = 8, FAMILY_HORIZONS = 4, FAMILIES = 20 };

/* How a file is written where it is not a time stamp and columns of numbers between commas: all 0. */
typedef struct family_format {
    size_t first;   /* cells before the first column taken; 0: one */
    char separator; /* decimals then have commas */
    double missing; /* the number that means there is none */
} family_format;

typedef struct family {
    const char *name, *file;
    size_t columns, rows; /* taken: at most */
    size_t blocks, step;  /* of time, and rows from origin to origin, where past blocks choose a rule for
                             the next (bench_adapter); 0: too few rows or too many gaps for that */
    size_t horizon[FAMILY_HORIZONS]; /* ascending */
    family_format format;
} family;

/* Names are not parts of each other. ETT and exchange rates: without their test rows. */
extern const family families[FAMILIES];

/* Whether `list` names the family; NULL names all. */
int family_is_in(const family *f, const char *list);

/* Columns of values in units of the first quarter's deviation, so that columns count alike; missing cells are
 * NaN. Gives how many rows there are, 0 where the file cannot be read. */
size_t family_read(double value[FAMILY_COLUMNS][FAMILY_ROWS], const family *f);

#endif
