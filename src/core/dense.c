/* Small dense algebra in plain C. Golub & Van Loan (2013): products 1.1, Cholesky 4.2.5 (outer product form),
 * LDL' 4.1.2, semidefinite factors 4.2.8, elimination with partial pivoting 3.4.
 *
 * Known value: [4 2; 2 5] = L L' with L = [2 0; 1 2].
 *
 * Inner loops run down a column, contiguous in memory, so that the compiler vectorises them. */
#include "core/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

#ifdef SSMI_REAL_IS_FLOAT
#define SQRT(x) sqrtf(x)
#define EPSILON FLT_EPSILON
#define LARGEST FLT_MAX
#else
#define SQRT(x) sqrt(x)
#define EPSILON DBL_EPSILON
#define LARGEST DBL_MAX
#endif

typedef ssmi_real real;

/* Not fabs: a freestanding compiler would call the library for it. */
static real magnitude(real x)
{
    return x < 0 ? -x : x;
}

/* ---- vectors ---- */

real ssmi_dot(const real *x, const real *y, size_t n)
{
    real sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

void ssmi_axpy(real *y, real alpha, const real *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += alpha * x[i];
}

void ssmi_scale(real *x, real alpha, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] *= alpha;
}

real ssmi_max_abs(const real *x, size_t n)
{
    real largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(magnitude(x[i]) <= largest)) largest = magnitude(x[i]);
        if (largest != largest) return largest;
    }
    return largest;
}

void ssmi_fill(real *x, real value, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = value;
}

/* ---- products ---- */

void ssmi_matvec(real *y, const real *A, const real *x, size_t m, size_t n)
{
    ssmi_fill(y, 0, m);
    for (size_t j = 0; j < n; j++) ssmi_axpy(y, x[j], A + j * m, m);
}

void ssmi_matvec_t(real *y, const real *A, const real *x, size_t m, size_t n)
{
    for (size_t j = 0; j < n; j++) y[j] = ssmi_dot(A + j * m, x, m);
}

void ssmi_rank1(real *A, real alpha, const real *x, const real *y, size_t m, size_t n)
{
    for (size_t j = 0; j < n; j++) ssmi_axpy(A + j * m, alpha * y[j], x, m);
}

void ssmi_mul(real *C, const real *A, const real *B, size_t m, size_t k, size_t n)
{
    for (size_t j = 0; j < n; j++) ssmi_matvec(C + j * m, A, B + j * k, m, k);
}

void ssmi_mul_nt(real *C, const real *A, const real *B, size_t m, size_t k, size_t n)
{
    ssmi_fill(C, 0, m * n);
    for (size_t l = 0; l < k; l++) ssmi_rank1(C, 1, A + l * m, B + l * n, m, n);
}

void ssmi_mul_tn(real *C, const real *A, const real *B, size_t m, size_t k, size_t n)
{
    for (size_t j = 0; j < n; j++) ssmi_matvec_t(C + j * m, A, B + j * k, k, m);
}

/* The lower triangle is the truth; copies it to the upper one. */
static void mirror(real *S, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < j; i++) S[i + j * n] = S[j + i * n];
    }
}

void ssmi_sandwich(real *S, const real *A, const real *P, real *work, size_t m, size_t n)
{
    ssmi_mul(work, A, P, m, n, n);
    ssmi_fill(S, 0, m * m);
    for (size_t l = 0; l < n; l++) {
        for (size_t j = 0; j < m; j++) ssmi_axpy(S + j + j * m, A[j + l * m], work + j + l * m, m - j);
    }
    mirror(S, m);
}

void ssmi_sandwich_t(real *S, const real *A, const real *P, real *work, size_t m, size_t n)
{
    ssmi_mul(work, P, A, m, m, n);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) S[i + j * n] = ssmi_dot(A + i * m, work + j * m, m);
    }
    mirror(S, n);
}

/* ---- forms ---- */

void ssmi_identity(real *A, size_t n)
{
    ssmi_fill(A, 0, n * n);
    for (size_t i = 0; i < n; i++) A[i + i * n] = 1;
}

void ssmi_transpose(real *B, const real *A, size_t m, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < m; i++) B[j + i * n] = A[i + j * m];
    }
}

void ssmi_symmetrise(real *A, size_t n)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j + 1; i < n; i++) {
            const real mean = (real)0.5 * A[i + j * n] + (real)0.5 * A[j + i * n];
            A[i + j * n] = mean;
            A[j + i * n] = mean;
        }
    }
}

/* ---- factors ---- */

static void copy_lower(real *L, const real *A, size_t n)
{
    if (L != A) memcpy(L, A, n * n * sizeof *L);
    for (size_t j = 1; j < n; j++) ssmi_fill(L + j * n, 0, j);
}

int ssmi_cholesky(real *L, const real *A, size_t n)
{
    copy_lower(L, A, n);
    for (size_t j = 0; j < n; j++) {
        real *column = L + j + j * n;
        if (!(column[0] > 0) || column[0] > LARGEST) return 0;
        ssmi_scale(column, 1 / SQRT(column[0]), n - j);
        for (size_t k = 1; k < n - j; k++) ssmi_axpy(column + k + k * n, -column[k], column + k, n - j - k);
    }
    return 1;
}

/* A zero pivot of a non-negative definite matrix leaves a column of zeros: |r_i|^2 <= d_j a_ii, here with d_j
 * as large as rounding may have made it (`tolerance`). diagonal[i] is a_ii before elimination. */
static int clear_null_column(real *column, const real *diagonal, real tolerance, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        if (!(column[i] * column[i] <= 2 * tolerance * diagonal[i])) return 0;
        column[i] = 0;
    }
    return 1;
}

int ssmi_ldl(real *L, real *d, const real *A, size_t n)
{
    copy_lower(L, A, n);
    for (size_t j = 0; j < n; j++) d[j] = L[j + j * n];
    for (size_t j = 0; j < n; j++) {
        real *column = L + j + j * n;
        const real tolerance = 512 * (real)(j + 1) * EPSILON * d[j], pivot = column[0];
        if (!(pivot >= -tolerance) || pivot > LARGEST) return 0;
        d[j] = pivot > tolerance ? pivot : 0;
        column[0] = 1;
        if (d[j] > 0) {
            for (size_t i = 1; i < n - j; i++) column[i] /= pivot;
            for (size_t k = 1; k < n - j; k++)
                ssmi_axpy(column + k + k * n, -column[k] * pivot, column + k, n - j - k);
        } else if (!clear_null_column(column, d + j, tolerance, n - j)) {
            return 0;
        }
    }
    return 1;
}

int ssmi_cholesky_semidefinite(real *L, const real *A, real *work, size_t n)
{
    if (!ssmi_ldl(L, work, A, n)) return 0;
    for (size_t j = 0; j < n; j++) ssmi_scale(L + j + j * n, SQRT(work[j]), n - j);
    return 1;
}

/* ---- solutions ---- */

void ssmi_solve_lower(real *X, const real *L, size_t n, size_t m)
{
    for (size_t c = 0; c < m; c++) {
        real *x = X + c * n;
        for (size_t j = 0; j < n; j++) {
            x[j] /= L[j + j * n];
            ssmi_axpy(x + j + 1, -x[j], L + j + 1 + j * n, n - j - 1);
        }
    }
}

void ssmi_solve_lower_t(real *X, const real *L, size_t n, size_t m)
{
    for (size_t c = 0; c < m; c++) {
        real *x = X + c * n;
        for (size_t j = n; j-- > 0;)
            x[j] = (x[j] - ssmi_dot(L + j + 1 + j * n, x + j + 1, n - j - 1)) / L[j + j * n];
    }
}

void ssmi_solve_cholesky(real *X, const real *L, size_t n, size_t m)
{
    ssmi_solve_lower(X, L, n, m);
    ssmi_solve_lower_t(X, L, n, m);
}

static void swap_rows(real *A, size_t i, size_t j, size_t rows, size_t columns)
{
    for (size_t c = 0; i != j && c < columns; c++) {
        const real kept = A[i + c * rows];
        A[i + c * rows] = A[j + c * rows];
        A[j + c * rows] = kept;
    }
}

static size_t largest_below(const real *column, size_t from, size_t n)
{
    size_t found = from;
    for (size_t i = from + 1; i < n; i++) {
        if (magnitude(column[i]) > magnitude(column[found])) found = i;
    }
    return found;
}

int ssmi_solve(real *X, real *A, size_t n, size_t m)
{
    for (size_t j = 0; j < n; j++) {
        const size_t pivot = largest_below(A + j * n, j, n);
        swap_rows(A, j, pivot, n, n);
        swap_rows(X, j, pivot, n, m);
        real *column = A + j * n;
        if (!(magnitude(column[j]) > 0) || magnitude(column[j]) > LARGEST) return 0;
        for (size_t i = j + 1; i < n; i++) column[i] /= column[j];
        for (size_t c = j + 1; c < n; c++)
            ssmi_axpy(A + c * n + j + 1, -A[j + c * n], column + j + 1, n - j - 1);
        for (size_t c = 0; c < m; c++) ssmi_axpy(X + c * n + j + 1, -X[j + c * n], column + j + 1, n - j - 1);
    }
    for (size_t c = 0; c < m; c++) {
        real *x = X + c * n;
        for (size_t j = n; j-- > 0;) {
            x[j] /= A[j + j * n];
            ssmi_axpy(x, -x[j], A + j * n, j);
        }
    }
    return 1;
}
