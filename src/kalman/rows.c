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
}

void ssmi_rows_build_transposed(ssmi_rows *out, const double *A, size_t m, size_t n)
{
    size_t count = 0;
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
}

double ssmi_rows_dot(const ssmi_rows *rows, size_t i, const double *x)
{
    double sum = 0.0;
    for (size_t e = rows->start[i]; e < rows->start[i + 1]; e++) sum += rows->value[e] * x[rows->column[e]];
    return sum;
}

/* y[0..4) for four rows of the same length `count` next to each other, with columns 0, 1, ...: four sums at
 * once hide the time of an addition. */
static void dot4(double *y, const double *value, const double *x, size_t count)
{
    const double *v0 = value, *v1 = value + count, *v2 = value + 2 * count, *v3 = value + 3 * count;
    double s0 = 0.0, s1 = 0.0, s2 = 0.0, s3 = 0.0;
    for (size_t k = 0; k < count; k++) {
        s0 += v0[k] * x[k];
        s1 += v1[k] * x[k];
        s2 += v2[k] * x[k];
        s3 += v3[k] * x[k];
    }
    y[0] = s0;
    y[1] = s1;
    y[2] = s2;
    y[3] = s3;
}

void ssmi_rows_times(double *y, const ssmi_rows *rows, const double *x)
{
    const size_t m = rows->n_rows, n = rows->n_columns;
    size_t i = 0;
    for (; i + 4 <= m && rows->start[m] == m * n; i += 4) dot4(y + i, rows->value + i * n, x, n);
    for (; i < m; i++) y[i] = ssmi_rows_dot(rows, i, x);
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

/* Is row i that of the identity? */
static int stays(const ssmi_rows *S, size_t i)
{
    const size_t e = S->start[i];
    return S->start[i + 1] == e + 1 && S->column[e] == i && S->value[e] == 1.0;
}

static size_t count_moving(const ssmi_rows *S, size_t n)
{
    size_t moving = 0;
    for (size_t i = 0; i < n; i++) moving += stays(S, i) ? 0 : 1;
    return moving;
}

/* W holds X s' of each moving row s: new rows of X where the other index stays, and half a product where it
 * moves too. */
static void congruence_of_few(double *X, const ssmi_rows *S, double *W, size_t n)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!stays(S, i)) combine(W + k++ * n, X, S, i, 0, n);
    }
    k = 0;
    for (size_t i = 0; i < n; i++) {
        if (stays(S, i)) continue;
        const double *w = W + k++ * n;
        for (size_t j = 0; j < n; j++) {
            if (stays(S, j))
                X[i + j * n] = X[j + i * n] = w[j];
            else if (j >= i)
                X[i + j * n] = X[j + i * n] = ssmi_rows_dot(S, j, w);
        }
    }
}

void ssmi_rows_downdate(double *restrict P, const double *restrict u, const ssmi_rows *rows, size_t n)
{
    if (rows->wide != NULL && n >= fewest_wide && rows->start[rows->n_rows] >= fewest_wide * rows->n_rows) {
        rows->wide->downdate(P, u, n);
        return;
    }
    for (size_t j = 0; j < n; j++) {
        const double uj = u[j];
        for (size_t i = 0; i < n; i++) P[i + j * n] -= u[i] * uj;
    }
}

/* Nearly every entry is there, and a wide instance pays. */
static int is_dense(const ssmi_rows *S, size_t n)
{
    return S->wide != NULL && n >= fewest_wide && S->start[n] > n * n / 2;
}

/* Columns 0 ... n-1 of Y = X S'; column j from row j on when `lower`. */
static void multiply(double *Y, const double *X, const ssmi_rows *S, int lower, size_t n)
{
    size_t j = 0;
    while (j < n) {
        const size_t four = S->start[j + 4 <= n ? j + 4 : j] - S->start[j], from = lower ? j : 0;
        if (S->wide != NULL && four == 4 * n && n >= S->wide->width) {
            S->wide->combine4(Y + j * n, X, S->value + S->start[j], from, n);
            j += 4;
        } else {
            combine(Y + j * n, X, S, j, from, n);
            j++;
        }
    }
}

int ssmi_rows_congruence_lower(double *X, const ssmi_rows *S, double *work, size_t n)
{
    double *W = work, *V = work + n * n;
    if (2 * count_moving(S, n) <= n) {
        congruence_of_few(X, S, W, n);
        return 0;
    }
    multiply(W, X, S, 0, n);
    if (is_dense(S, n)) {
        S->wide->transpose(V, W, n);
    } else {
        for (size_t j = 0; j < n; j++) {
            for (size_t i = 0; i < n; i++) V[i + j * n] = W[j + i * n];
        }
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
