/* Smoothing given the start, and the start by regression (Rosenberg 1973; de Jong 1991).
 *
 *     alpha_1 = a1 + A delta + N(0, P1), delta unknown. Given delta everything is an ordinary smoother,
 * linear in delta:   alpha_t | delta ~ N(alpha*_t + B_t delta, V*_t)      v | delta = v* + X delta delta =
 * -(X' F^-1 X)^-1 X' F^-1 v*,   Var delta = (X' F^-1 X)^-1 = (R'R)^-1 alpha_t = alpha*_t + B_t delta V_t =
 * V*_t + G_t G_t',  G_t = B_t R^-1 Cov(alpha_{t+1}, alpha_t) = C*_t + G_{t+1} G_t' Starred quantities are
 * those of delta = 0, column j of B and X those of a start at column j of A with data of zero. R comes row by
 * row from Givens rotations, so that the condition of X is not squared.
 *
 * Known value: Nile, variances 15099 and 1469.1: 1111.66831913 and 4032.15794181 for the first level. */
#include "kalman/smooth_augmented.h"

#include "core/dense.h"
#include "kalman/square_root.h"

#include <math.h>
#include <string.h>

typedef struct augmented {
    size_t n, p, length, rows, k; /* k columns of A */
    double *alpha, *V, *lag;      /* (n, rows), (n, n, rows), (n, n, rows) of delta = 0 */
    double *B;                    /* (n, rows, k) */
    double *X;                    /* (p length, k + 1) innovations; the last column is v* */
    double *root;                 /* (k + 1, k + 1) R and, in the last column, R' ^-1 X' F^-1 v* */
    double *delta, *G, *before;   /* (k), (n, k), (n, k) */
    double *to;                   /* where the means of the present pass go */
    ssmi_smooth_visitor visit;
    void *user;
} augmented;

static ssm_status lay_out(augmented *x, ssm_arena *arena)
{
    const size_t n = x->n, k = x->k;
    x->alpha = SSMI_ALLOC(arena, double, n * x->rows);
    x->V = SSMI_ALLOC(arena, double, n *n * x->rows);
    x->lag = SSMI_ALLOC(arena, double, n *n * x->rows);
    x->B = SSMI_ALLOC(arena, double, n * x->rows * k);
    x->X = SSMI_ALLOC(arena, double, x->p * x->length * (k + 1));
    x->root = SSMI_ALLOC(arena, double, (k + 1) * (k + 1));
    x->delta = SSMI_ALLOC(arena, double, k + 1);
    x->G = SSMI_ALLOC(arena, double, 2 * n * k);
    if (x->alpha == NULL || x->V == NULL || x->lag == NULL || x->B == NULL || x->X == NULL ||
        x->root == NULL || x->delta == NULL || x->G == NULL)
        return SSM_E_MEMORY;
    x->before = x->G + n * k;
    return SSM_OK;
}

static void keep(void *user, size_t t, const ssmi_smoothed *row)
{
    augmented *x = user;
    const size_t n = x->n;
    if (t >= x->rows) return;
    memcpy(x->to + t * n, row->alpha, n * sizeof(double));
    if (row->V != NULL) memcpy(x->V + t * n * n, row->V, n * n * sizeof(double));
    if (row->V_lag != NULL && t + 1 < x->length)
        memcpy(x->lag + t * n * n, row->V_lag, n * n * sizeof(double));
}

static void keep_innovations(double *X, const ssmi_innovation *in, size_t count)
{
    for (size_t i = 0; i < count; i++) X[i] = in[i].v;
}

/* A pass for each column of A, with the gains of `base`. */
static ssm_status pass_columns(augmented *x, const ssmi_smoother *base, const double *A, const double *y,
                               ssm_arena *arena)
{
    const size_t count = x->p * x->length;
    ssm_statespace model = *base->filter.system.model;
    ssmi_smoother column;
    double *nothing = SSMI_ALLOC(arena, double, count);
    if (nothing == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < count; i++) nothing[i] = isnan(y[i]) ? NAN : 0.0;
    model.c = model.d = (ssm_system_matrix){NULL, 0};
    SSMI_TRY(ssmi_smoother_share(&column, base, &model, x->length, arena));
    for (size_t j = 0; j < x->k; j++) {
        model.a1 = A + j * x->n;
        x->to = x->B + j * x->n * x->rows;
        ssmi_smoother_again(&column, nothing, x->length, keep, x);
        keep_innovations(x->X + j * count, column.record.innovation, count);
    }
    return SSM_OK;
}

/* R and delta. */
static void regress(augmented *x, const ssmi_innovation *in, double *row)
{
    const size_t k = x->k, m = k + 1, count = x->p * x->length;
    memset(x->root, 0, m * m * sizeof(double));
    for (size_t i = 0; i < count; i++) {
        if (in[i].kind != SSMI_KALMAN_ORDINARY) continue;
        for (size_t j = 0; j < m; j++) row[j] = x->X[i + j * count] / sqrt(in[i].F);
        ssmi_root_append(x->root, row, m);
    }
    for (size_t i = k; i-- > 0;) {
        double sum = -x->root[i + k * m];
        for (size_t j = i + 1; j < k; j++) sum -= x->root[i + j * m] * x->delta[j];
        x->delta[i] = sum / x->root[i + i * m];
    }
}

/* G R = B_t */
static void spread(augmented *x, double *G, size_t t)
{
    const size_t n = x->n, k = x->k, m = k + 1;
    for (size_t j = 0; j < k; j++) {
        const double *B = x->B + (j * x->rows + t) * n;
        for (size_t a = 0; a < n; a++) {
            double sum = B[a];
            for (size_t i = 0; i < j; i++) sum -= G[a + i * n] * x->root[i + j * m];
            G[a + j * n] = sum / x->root[j + j * m];
        }
    }
}

/* out += G H' */
static void add_products(double *out, const double *G, const double *H, size_t n, size_t k)
{
    for (size_t j = 0; j < k; j++) ssmi_rank1(out, 1.0, G + j * n, H + j * n, n, n);
}

/* From delta = 0 to its distribution. */
static void complete_rows(augmented *x)
{
    const size_t n = x->n, k = x->k;
    for (size_t t = x->rows; t-- > 0;) {
        memcpy(x->before, x->G, n * k * sizeof(double)); /* of the row after */
        spread(x, x->G, t);
        add_products(x->V + t * n * n, x->G, x->G, n, k);
        if (t + 1 < x->rows) add_products(x->lag + t * n * n, x->before, x->G, n, k);
        for (size_t j = 0; j < k; j++)
            ssmi_axpy(x->alpha + t * n, x->delta[j], x->B + (j * x->rows + t) * n, n);
    }
}

static void show_row(void *user, size_t t, const ssmi_smoothed *row)
{
    const augmented *x = user;
    const size_t n = x->n;
    ssmi_smoothed mended = *row;
    if (t < x->rows) mended.alpha = x->alpha + t * n;
    if (t < x->rows && row->V != NULL) mended.V = x->V + t * n * n;
    if (t + 1 < x->rows && row->V_lag != NULL) mended.V_lag = x->lag + t * n * n;
    x->visit(x->user, t, &mended);
}

ssm_status ssmi_smooth_augmented(ssmi_smoother *s, const double *y, size_t length, size_t rows,
                                 ssmi_smooth_visitor visit, void *user, ssm_arena *arena)
{
    const ssm_statespace *model = s->filter.system.model;
    const size_t n = model->n;
    ssmi_smoother base;
    ssm_kalman_summary summary;
    ssm_statespace known = *model; /* delta = 0 */
    augmented x = {.n = n, .p = model->p, .length = length, .rows = rows, .visit = visit, .user = user};
    double *A = SSMI_ALLOC(arena, double, n *n), *work = SSMI_ALLOC(arena, double, n *(n + 1));
    if (A == NULL || work == NULL) return SSM_E_MEMORY;
    x.k = ssmi_kalman_factor(A, model->P1inf, work, n);
    known.P1inf = NULL;
    SSMI_TRY(lay_out(&x, arena));
    SSMI_TRY(ssmi_smoother_init(&base, &known, length, SSMI_SMOOTH_STATES | SSMI_SMOOTH_LAG, arena));
    x.to = x.alpha;
    SSMI_TRY(ssmi_smoother_run(&base, y, length, NULL, &summary, keep, &x));
    if (summary.n_certain > 0 || !isfinite(summary.loglik)) return SSM_OK;
    keep_innovations(x.X + x.k * x.p * length, base.record.innovation, x.p * length);
    SSMI_TRY(pass_columns(&x, &base, A, y, arena));
    regress(&x, base.record.innovation, work);
    complete_rows(&x);
    ssmi_smoother_back(s, y, length, show_row, &x);
    return SSM_OK;
}

/* Rows until the start is known, and the one after. */
static size_t diffuse_rows(const ssmi_smoother *s, size_t length)
{
    size_t t = 0;
    while (t < length && s->record.n_diffuse[t] > 0) t++;
    return t < length ? t + 1 : length;
}

ssm_status ssmi_smooth_mend(ssmi_smoother *s, const double *y, size_t length, ssmi_smooth_visitor visit,
                            void *user, ssm_arena *arena)
{
    if (!s->indefinite) return SSM_OK;
    const ssmi_mark mark = ssmi_arena_mark(arena);
    const ssm_status status =
        ssmi_smooth_augmented(s, y, length, diffuse_rows(s, length), visit, user, arena);
    ssmi_arena_rewind(arena, mark);
    return status;
}
