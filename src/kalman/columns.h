/* Wide instances of the inner loops of kalman/rows.c and kalman/step.c: sums of columns of a matrix.
 *
 * Every instance adds in the order of the portable one and never fuses multiplication and addition, so all of
 * them give the same bits. The processor must have what an instance wants; ssmi_columns_for chooses. */
#ifndef SSMCAST_KALMAN_COLUMNS_H
#define SSMCAST_KALMAN_COLUMNS_H

#include "base/cpu.h"
#include <stddef.h>

typedef struct ssmi_columns {
    size_t width; /* doubles in a vector */
    /* y[i] = sum over e < count of value[e] X[i, column[e]] for i = from ... n-1, X (n, .), in order of e;
     * 0 when there are none. y must not overlap X. */
    void (*combine)(double *y, const double *X, const size_t *column, const double *value, size_t count,
                    size_t from, size_t n);
    /* Four such sums over the first `count` columns of X: the values of the k-th are value + k count, its
     * result y + k n. For n >= width, count >= 1. */
    void (*combine4)(double *y, const double *X, const double *value, size_t count, size_t from, size_t n);
    /* P -= U U', column of U after column. For n >= width. */
    void (*downdate)(double *P /* (n, n) */, const double *U /* (n, count) */, size_t count, size_t n);
    void (*transpose)(double *Y /* (n, n) */, const double *X /* (n, n) */, size_t n);
    void (*mirror)(double *X /* (n, n) */, size_t n); /* the lower triangle to the upper one */
} ssmi_columns;

/* NULL where the portable loops are to be taken. */
const ssmi_columns *ssmi_columns_for(ssmi_isa isa);

extern const ssmi_columns ssmi_columns_avx2, ssmi_columns_avx512;

#endif
