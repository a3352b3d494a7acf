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

void ssmi_rows_build(ssmi_rows *out, const double *A, size_t m, size_t n)
{
    size_t count = 0;
    out->n_rows = m;
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

void ssmi_rows_times(double *y, const ssmi_rows *rows, const double *x)
{
    for (size_t i = 0; i < rows->n_rows; i++) y[i] = ssmi_rows_dot(rows, i, x);
}

/* y[from..n) = sum of four columns, added to what is there. */
static void add4(double *restrict y, const double *restrict x0, const double *restrict x1,
                 const double *restrict x2, const double *restrict x3, const double *s, size_t from, size_t n)
{
    const double s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
    for (size_t i = from; i < n; i++) y[i] += (s0 * x0[i] + s1 * x1[i]) + (s2 * x2[i] + s3 * x3[i]);
}

static void add1(double *restrict y, const double *restrict x, double s, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) y[i] += s * x[i];
}

static void set1(double *restrict y, const double *restrict x, double s, size_t from, size_t n)
{
    if (s == 1.0) {
        for (size_t i = from; i < n; i++) y[i] = x[i];
    } else {
        for (size_t i = from; i < n; i++) y[i] = s * x[i];
    }
}

static void set2(double *restrict y, const double *restrict x0, const double *restrict x1, double s0,
                 double s1, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++) y[i] = s0 * x0[i] + s1 * x1[i];
}

/* Elements from..n of the sum of the columns of X that row i names. */
static void combine(double *restrict y, const double *restrict X, const ssmi_rows *rows, size_t i,
                    size_t from, size_t n)
{
    size_t e = rows->start[i];
    const size_t end = rows->start[i + 1], *c = rows->column;
    const double *s = rows->value;
    if (e == end) {
        for (size_t k = from; k < n; k++) y[k] = 0.0;
        return;
    }
    if ((end - e) % 4 == 2) {
        set2(y, X + c[e] * n, X + c[e + 1] * n, s[e], s[e + 1], from, n);
        e += 2;
    } else {
        set1(y, X + c[e] * n, s[e], from, n);
        e++;
    }
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

void ssmi_rows_congruence(double *X, const ssmi_rows *S, double *work, size_t n)
{
    double *W = work, *V = work + n * n;
    if (2 * count_moving(S, n) <= n) {
        congruence_of_few(X, S, W, n);
        return;
    }
    for (size_t i = 0; i < n; i++) combine(W + i * n, X, S, i, 0, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) V[i + j * n] = W[j + i * n];
    }
    for (size_t j = 0; j < n; j++) combine(X + j * n, V, S, j, j, n);
    for (size_t j = 1; j < n; j++) {
        for (size_t i = 0; i < j; i++) X[i + j * n] = X[j + i * n];
    }
}
