/* Modal coordinates from the eigenvectors. V^-1 comes from the real form of the complex equation,
 *
 *     [Re V  -Im V] [Re W]   [I]
 *     [Im V   Re V] [Im W] = [0],    W = V^-1,
 *
 * which is general: it needs no care for repeated eigenvalues that left eigenvectors would.
 *
 * Known value: A = [0 1; -1 0] (column-major 0 -1 1 0) has one pair, lambda = i. */
#include "core/modal.h"

#include "core/dense.h"
#include "core/lapack.h"

#include <math.h>

static const double worst_condition = 1e10;

/* The eigenvectors as LAPACK packs them, and their inverse; re and im are (n, n) each. */
typedef struct eigenvectors {
    size_t n;
    double *lambda;  /* (2, n) */
    double *re, *im; /* V */
    double *inverse; /* (2n, n): Re V^-1 above Im V^-1 */
} eigenvectors;

static int is_first_of_pair(const eigenvectors *e, size_t j)
{
    return e->lambda[e->n + j] > 0;
}

/* Columns j, j + 1 of a pair hold real and imaginary part; the second vector is the conjugate. */
static void unpack(eigenvectors *e, const double *packed)
{
    const size_t n = e->n;
    for (size_t j = 0; j < n; j++) {
        const double sign = is_first_of_pair(e, j) ? 1 : -1;
        const int real = e->lambda[n + j] == 0;
        const size_t first = real || sign > 0 ? j : j - 1;
        for (size_t i = 0; i < n; i++) {
            e->re[i + j * n] = packed[i + first * n];
            e->im[i + j * n] = real ? 0 : sign * packed[i + (first + 1) * n];
        }
    }
}

/* The 1-norm of the columns of a complex matrix in two parts, each with `lead` rows. */
static double norm1(const double *re, const double *im, size_t n, size_t lead)
{
    double largest = 0;
    for (size_t j = 0; j < n; j++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += hypot(re[i + j * lead], im[i + j * lead]);
        largest = fmax(largest, sum);
    }
    return largest;
}

/* 0 when V is singular. */
static int invert(eigenvectors *e, double *work)
{
    const size_t n = e->n, N = 2 * n;
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) {
            work[i + j * N] = work[n + i + (n + j) * N] = e->re[i + j * n];
            work[n + i + j * N] = e->im[i + j * n];
            work[i + (n + j) * N] = -e->im[i + j * n];
        }
    }
    ssmi_fill(e->inverse, 0, N * n);
    for (size_t j = 0; j < n; j++) e->inverse[j + j * N] = 1;
    return ssmi_solve(e->inverse, work, N, n);
}

static void keep_one_of_each_pair(ssmi_modal *modal, const eigenvectors *e)
{
    const size_t n = e->n, m = modal->modes;
    size_t k = 0;
    for (size_t j = 0; j < n; j++) {
        if (e->lambda[n + j] < 0) continue;
        const double weight = is_first_of_pair(e, j) ? 2 : 1;
        modal->lambda[k] = e->lambda[j];
        modal->lambda[m + k] = e->lambda[n + j];
        for (size_t i = 0; i < n; i++) {
            modal->from[i + k * n] = weight * e->re[i + j * n];
            modal->from[i + (m + k) * n] = -weight * e->im[i + j * n];
            modal->to[k + i * 2 * m] = e->inverse[j + i * 2 * n];
            modal->to[m + k + i * 2 * m] = e->inverse[n + j + i * 2 * n];
        }
        k++;
    }
}

static ssm_status decompose(eigenvectors *e, const double *A, size_t n, ssm_arena *tmp)
{
    double *packed = SSMI_ALLOC(tmp, double, n *n), *work = SSMI_ALLOC(tmp, double, 4 * n * n);
    e->n = n;
    e->lambda = SSMI_ALLOC(tmp, double, 2 * n);
    e->re = SSMI_ALLOC(tmp, double, n *n);
    e->im = SSMI_ALLOC(tmp, double, n *n);
    e->inverse = SSMI_ALLOC(tmp, double, 2 * n * n);
    if (packed == NULL || work == NULL || e->lambda == NULL || e->re == NULL || e->im == NULL ||
        e->inverse == NULL)
        return SSM_E_MEMORY;
    SSMI_TRY(ssmi_eigen(e->lambda, packed, A, n, tmp));
    unpack(e, packed);
    if (invert(e, work)) return SSM_OK;
    return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "matrix is not diagonalisable");
}

static ssm_status initialise(ssmi_modal *modal, const double *A, size_t n, ssm_arena *mem, ssm_arena *tmp)
{
    eigenvectors e;
    ssmi_modal made = {.n = n};
    SSMI_TRY(decompose(&e, A, n, tmp));
    made.condition = norm1(e.re, e.im, n, n) * norm1(e.inverse, e.inverse + n, n, 2 * n);
    if (!(made.condition <= worst_condition))
        return ssmi_fail(tmp->ctx, SSM_E_NUMERIC,
                         "matrix is not diagonalisable: condition %.3g of its eigenvectors", made.condition);
    for (size_t j = 0; j < n; j++) made.modes += e.lambda[n + j] >= 0;
    made.lambda = SSMI_ALLOC(mem, double, 2 * made.modes);
    made.to = SSMI_ALLOC(mem, double, 2 * made.modes * n);
    made.from = SSMI_ALLOC(mem, double, 2 * made.modes * n);
    if (made.lambda == NULL || made.to == NULL || made.from == NULL) return SSM_E_MEMORY;
    keep_one_of_each_pair(&made, &e);
    *modal = made;
    return SSM_OK;
}

ssm_status ssmi_modal_init(ssmi_modal *modal, const double *A, size_t n, ssm_arena *mem, ssm_arena *tmp)
{
    ssmi_mark mark = ssmi_arena_mark(tmp);
    ssm_status status = initialise(modal, A, n, mem, tmp);
    if (mem != tmp) ssmi_arena_rewind(tmp, mark);
    return status;
}
