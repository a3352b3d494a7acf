/* Products with a matrix given by its nonzeros.
 *
 * Congruence X <- S X S': with X symmetric, column i of W = X S' is the sum of the columns of X that row i of
 * S names. V = W' = S X, and then column j of S X S' = V S' is a sum of columns of V in the same way; only
 * its part below the diagonal is computed, the rest is its mirror image.
 *
 * When most rows of S are those of the identity (seasons kept by the calendar, regression coefficients,
 * a level), only the rows and columns of X that the others name can change: k such rows cost k n, and nothing
 * else is moved. */
#include "kalman/rows.h"

/* Below, the call of a wide instance and what its stores make later loads wait for cost more than it saves.
 */
enum { fewest_wide = 12 };

/* Is row i that of the identity? */
static int stays(const ssmi_rows *S, size_t i)
{
    const size_t e = S->start[i];
    return S->start[i + 1] == e + 1 && S->column[e] == i && S->value[e] == 1.0;
}

static void list_moving(ssmi_rows *S)
{
    S->n_moving = 0;
    for (size_t i = 0; i < S->n_rows && S->moving != NULL; i++) {
        if (!stays(S, i)) S->moving[S->n_moving++] = i;
    }
}

void ssmi_rows_build(ssmi_rows *out, const double *A, size_t m, size_t n)
{
    size_t count = 0;
    out->n_rows = m;
    out->n_columns = n;
    for (size_t i = 0; i < m; i++) {
        out->start[i] = count;
        for (size_t j = 0; j < n; j++) {
            if (A[i + j * m] == 0.0) continue;
            out->column[count] = j;
            out->value[count++] = A[i + j * m];
        }
    }
    out->start[m] = count;
    out->full = count == m * n ? A : NULL;
    list_moving(out);
}

void ssmi_rows_build_transposed(ssmi_rows *out, const double *A, size_t m, size_t n)
{
    size_t count = 0;
    out->full = NULL;
    out->n_rows = n;
    out->n_columns = m;
    for (size_t j = 0; j < n; j++) {
        out->start[j] = count;
        for (size_t i = 0; i < m; i++) {
            if (A[i + j * m] == 0.0) continue;
            out->column[count] = i;
            out->value[count++] = A[i + j * m];
        }
    }
    out->start[n] = count;
    list_moving(out);
}

double ssmi_rows_dot(const ssmi_rows *rows, size_t i, const double *x)
{
    double sum = 0.0;
    for (size_t e = rows->start[i]; e < rows->start[i + 1]; e++) sum += rows->value[e] * x[rows->column[e]];
    return sum;
}

void ssmi_rows_sum_columns(double *restrict y, const double *restrict X, const double *restrict value,
                           size_t count, const ssmi_rows *rows, size_t n)
{
    if (rows->wide != NULL && n >= rows->wide->width) {
        rows->wide->combine(y, X, rows->column, value, count, 0, n); /* the first row lists 0, 1, ... */
        return;
    }
    for (size_t i = 0; i < n; i++) y[i] = value[0] * X[i];
    for (size_t j = 1; j < count; j++) {
        for (size_t i = 0; i < n; i++) y[i] += value[j] * X[i + j * n];
    }
}

/* A full matrix goes by columns, so that sums do not wait for each other. */
void ssmi_rows_times(double *y, const ssmi_rows *rows, const double *x)
{
    if (rows->full != NULL && rows->n_rows >= 4) {
        ssmi_rows_sum_columns(y, rows->full, x, rows->n_columns, rows, rows->n_rows);
        return;
    }
    for (size_t i = 0; i < rows->n_rows; i++) y[i] = ssmi_rows_dot(rows, i, x);
}

/* y[from..n) += four columns, one after the other. */
static void add4(double *restrict y, const double *restrict x0, const double *restrict x1,
                 const double *restrict x2, const double *restrict x3, const double *s, size_t from, size_t n)
{
    const double s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
    for (size_t i = from; i < n; i++) y[i] = (((y[i] + s0 * x0[i]) + s1 * x1[i]) + s2 * x2[i]) + s3 * x3[i];
}

static void add1(double *restrict y, const double *restrict x, double s, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) y[i] += s * x[i];
}

static void set1(double *restrict y, const double *restrict x, double s, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) y[i] = s * x[i];
}

/* Elements from..n of the sum of the columns of X that row i names, in order. */
static void combine(double *restrict y, const double *restrict X, const ssmi_rows *rows, size_t i,
                    size_t from, size_t n)
{
    size_t e = rows->start[i];
    const size_t end = rows->start[i + 1], *c = rows->column;
    const double *s = rows->value;
    if (rows->wide != NULL && end - e >= fewest_wide) {
        rows->wide->combine(y, X, c + e, s + e, end - e, from, n);
        return;
    }
    if (e == end) {
        for (size_t k = from; k < n; k++) y[k] = 0.0;
        return;
    }
    set1(y, X + c[e] * n, s[e], from, n);
    e++;
    for (; e + 4 <= end; e += 4)
        add4(y, X + c[e] * n, X + c[e + 1] * n, X + c[e + 2] * n, X + c[e + 3] * n, s + e, from, n);
    for (; e < end; e++) add1(y, X + c[e] * n, s[e], from, n);
}

void ssmi_rows_combine(double *y, const double *X, const ssmi_rows *rows, size_t i, size_t n)
{
    combine(y, X, rows, i, 0, n);
}

/* Most rows stay, and which do not is known. */
static int few_move(const ssmi_rows *S)
{
    return S->moving != NULL && 2 * S->n_moving <= S->n_rows;
}

/* W holds X s' of each moving row s: new rows of X where the other index stays, and half a product where it
 * moves too. */
static void congruence_of_few(double *X, const ssmi_rows *S, double *W, size_t n)
{
    for (size_t k = 0; k < S->n_moving; k++) combine(W + k * n, X, S, S->moving[k], 0, n);
    for (size_t k = 0; k < S->n_moving; k++) {
        const size_t i = S->moving[k];
        const double *w = W + k * n;
        for (size_t j = 0; j < n; j++) {
            if (stays(S, j))
                X[i + j * n] = X[j + i * n] = w[j];
            else if (j >= i)
                X[i + j * n] = X[j + i * n] = ssmi_rows_dot(S, j, w);
        }
    }
}

void ssmi_rows_move(double *x, const ssmi_rows *S, double *work)
{
    if (!few_move(S)) {
        ssmi_rows_times(work, S, x);
        for (size_t i = 0; i < S->n_rows; i++) x[i] = work[i];
        return;
    }
    for (size_t k = 0; k < S->n_moving; k++) work[k] = ssmi_rows_dot(S, S->moving[k], x);
    for (size_t k = 0; k < S->n_moving; k++) x[S->moving[k]] = work[k];
}

void ssmi_rows_downdate(double *restrict P, const double *restrict U, size_t count, const ssmi_rows *rows,
                        size_t n)
{
    if (rows->wide != NULL && n >= fewest_wide && rows->start[rows->n_rows] >= fewest_wide * rows->n_rows) {
        rows->wide->downdate(P, U, count, n);
        return;
    }
    for (size_t k = 0; k < count; k++) {
        const double *u = U + k * n;
        for (size_t j = 0; j < n; j++) {
            const double uj = u[j];
            for (size_t i = 0; i < n; i++) P[i + j * n] -= u[i] * uj;
        }
    }
}

/* Nearly every entry is there, and a wide instance pays. */
static int is_dense(const ssmi_rows *S, size_t n)
{
    return S->wide != NULL && n >= fewest_wide && S->start[n] > n * n / 2;
}

/* Whether a full S can go to multiply_full, for results of m rows. */
static int can_multiply_full(const ssmi_rows *S, size_t m, size_t columns)
{
    return S->wide != NULL && S->full != NULL && m >= S->wide->width && columns >= 4;
}

/* Y = X B for full matrices, B with as many rows as S has columns: four columns at a time. Column j from row
 * j on when `lower`. */
static void multiply_full(double *Y, const double *X, const double *B, const ssmi_rows *S, int lower,
                          size_t m, size_t columns)
{
    const size_t count = S->n_columns, *all = S->column; /* those of its first row: 0, 1, ... */
    size_t j = 0;
    for (; j + 4 <= columns; j += 4) S->wide->combine4(Y + j * m, X, B + j * count, count, lower ? j : 0, m);
    for (; j < columns; j++) S->wide->combine(Y + j * m, X, all, B + j * count, count, lower ? j : 0, m);
}

/* Y = X S' for X with m rows; column j from row j on when `lower`. */
static void multiply(double *Y, const double *X, const ssmi_rows *S, int lower, size_t m)
{
    if (can_multiply_full(S, m, S->n_rows)) {
        multiply_full(Y, X, S->value, S, lower, m, S->n_rows);
        return;
    }
    for (size_t j = 0; j < S->n_rows; j++) combine(Y + j * m, X, S, j, lower ? j : 0, m);
}

void ssmi_rows_multiply(double *Y, const double *X, const ssmi_rows *rows, size_t m)
{
    multiply(Y, X, rows, 0, m);
}

void ssmi_rows_multiply_left(double *Y, const ssmi_rows *rows, const double *X, size_t columns)
{
    if (can_multiply_full(rows, rows->n_rows, columns)) {
        multiply_full(Y, rows->full, X, rows, 0, rows->n_rows, columns);
        return;
    }
    for (size_t j = 0; j < columns; j++) ssmi_rows_times(Y + j * rows->n_rows, rows, X + j * rows->n_columns);
}

static void transpose(double *V, const double *W, const ssmi_rows *S, size_t n)
{
    if (is_dense(S, n)) {
        S->wide->transpose(V, W, n);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) V[i + j * n] = W[j + i * n];
    }
}

int ssmi_rows_congruence_lower(double *X, const ssmi_rows *S, double *work, size_t n)
{
    double *W = work, *V = work + n * n;
    if (few_move(S)) {
        congruence_of_few(X, S, W, n);
        return 0;
    }
    if (can_multiply_full(S, n, n)) {
        ssmi_rows_multiply_left(V, S, X, n);
    } else {
        multiply(W, X, S, 0, n);
        transpose(V, W, S, n);
    }
    multiply(X, V, S, 1, n);
    return 1;
}

void ssmi_rows_mirror(double *X, const ssmi_rows *S, size_t n)
{
    if (is_dense(S, n)) {
        S->wide->mirror(X, n);
        return;
    }
    for (size_t j = 1; j < n; j++) {
        for (size_t i = 0; i < j; i++) X[i + j * n] = X[j + i * n];
    }
}

void ssmi_rows_congruence(double *X, const ssmi_rows *S, double *work, size_t n)
{
    if (ssmi_rows_congruence_lower(X, S, work, n)) ssmi_rows_mirror(X, S, n);
}
