/* A matrix as lists of the nonzero entries of its rows.
 *
 *   row i:  start[i] ... start[i+1]        column  |  3 |  7 |  8 |
 *                                          value   | .5 | 1. | -1 |
 *
 * Transition matrices of structural and ARIMA models are nearly empty: a product with a list costs what the
 * entries cost, and a dense matrix loses nothing, because the inner loops run down whole columns of the other
 * factor. Freestanding: the caller owns the memory, nothing is allocated. */
#ifndef SSMCAST_KALMAN_ROWS_H
#define SSMCAST_KALMAN_ROWS_H

#include "kalman/columns.h"

typedef struct ssmi_rows {
    size_t n_rows, n_columns;
    size_t *start;      /* (n_rows + 1) */
    size_t *column;     /* (start[n_rows]), ascending inside a row */
    double *value;      /* (start[n_rows]) */
    const double *full; /* (n_rows, n_columns) the matrix listed, when no entry of it is zero; else NULL */
    size_t *moving;     /* (n_moving) rows of a square matrix that are not those of the identity; NULL: not */
    size_t n_moving;    /* known */
    const ssmi_columns *wide; /* instance to take; NULL: the portable loops */
} ssmi_rows;

/* Lists the nonzeros of A into the arrays of `out`, which must hold m + 1 and up to m*n entries, and m in
 * `moving` if that is not NULL. A must stay as long as the lists are used. */
void ssmi_rows_build(ssmi_rows *out, const double *A /* (m, n) */, size_t m, size_t n);
/* The same for the transpose of A: row i of the lists is column i of A. */
void ssmi_rows_build_transposed(ssmi_rows *out, const double *A /* (m, n) */, size_t m, size_t n);

/* Row i times x. */
double ssmi_rows_dot(const ssmi_rows *rows, size_t i, const double *x);
/* y = rows * x; y must not overlap x. */
void ssmi_rows_times(double *y /* (n_rows) */, const ssmi_rows *rows, const double *x);
/* y = X * (row i)', for X with n rows: the sum of the columns of X that row i names. */
void ssmi_rows_combine(double *y /* (n) */, const double *X /* (n, .) */, const ssmi_rows *rows, size_t i,
                       size_t n);
/* Y = X * rows': column j of Y is the sum of the columns of X that row j names. */
void ssmi_rows_multiply(double *Y /* (m, n_rows) */, const double *X /* (m, n_columns) */,
                        const ssmi_rows *rows, size_t m);
/* Y = rows * X */
void ssmi_rows_multiply_left(double *Y /* (n_rows, columns) */, const ssmi_rows *rows,
                             const double *X /* (n_columns, columns) */, size_t columns);
/* y = the sum of the first `count` columns of X, `value` times each; count from 1 to n_columns, rows full. */
void ssmi_rows_sum_columns(double *y /* (n) */, const double *X /* (n, count) */, const double *value,
                           size_t count, const ssmi_rows *rows, size_t n);
/* P -= U U', column of U after column, with the instance that `rows` names. */
void ssmi_rows_downdate(double *P /* (n, n) */, const double *U /* (n, count) */, size_t count,
                        const ssmi_rows *rows, size_t n);
/* x = S x for a square S; what the identity leaves alone is not looked at. */
void ssmi_rows_move(double *x /* (n) */, const ssmi_rows *S, double *work /* (n) */);
/* X = S X S' for a symmetric X and a square S; the result is symmetric to the last bit. */
void ssmi_rows_congruence(double *X /* (n, n) */, const ssmi_rows *S, double *work /* (2*n*n) */, size_t n);
/* The same, where that is less work for the lower triangle alone: then 1 is returned, and the rest of X has
 * to be mirrored; 0 when X is whole. */
int ssmi_rows_congruence_lower(double *X /* (n, n) */, const ssmi_rows *S, double *work /* (2*n*n) */,
                               size_t n);
/* Copies the lower triangle of X to the upper one, with the instance that S names. */
void ssmi_rows_mirror(double *X /* (n, n) */, const ssmi_rows *S, size_t n);

#endif
