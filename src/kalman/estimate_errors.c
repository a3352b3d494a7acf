/* Standard errors of a maximum-likelihood fit.
 *
 *     Hessian   Var theta = (-d2 l)^-1,      OPG   Var theta = (sum_t s_t s_t')^-1,   s_t = d l_t / d theta
 *     Var x = J Var theta J'                                       (delta method)
 * Second derivatives are differences of four log-likelihoods, at steps that each lower it by about 1e-4: far
 * above its rounding, far below where third derivatives matter. The rows' scores are central differences of
 * the rows' terms at the same steps. A concentrated scale is one more parameter of the rows' scores, known
 * in closed form, and is eliminated from their outer products:  S - c c' / sum_t (d l_t / d log scale)^2.
 *
 * Known value: Nile, local level, from the Hessian: 3146 and 1281 (statsmodels' numeric one: 3145.5, 1280.4).
 */
#include "kalman/estimate_search.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

static const double log_2pi = 1.8378770664093454836;
static const double drop_wanted = 1e-4;

typedef struct errors {
    ssmi_estimate_search *s;
    size_t n, *index;   /* parameters inside their ranges */
    double *step;       /* (n) */
    double *point;      /* (s->n) */
    double *H, *factor; /* (n, n) */
    double *rows;       /* (n, length) scores */
    double *side;       /* (length) */
    double scale;       /* at the maximum */
} errors;

static double at(errors *e, size_t i, double di, size_t j, double dj)
{
    ssmi_estimate_search *s = e->s;
    memcpy(e->point, s->theta, s->n * sizeof(double));
    e->point[e->index[i]] += di * e->step[i];
    e->point[e->index[j]] += dj * e->step[j];
    return ssmi_estimate_loglik(s, e->point, NULL);
}

/* The step at which the mean of both sides lies about drop_wanted below the maximum; 0 when none does. */
static double find_step(errors *e, size_t i)
{
    e->step[i] = 1e-3 * fmax(1.0, fabs(e->s->theta[e->index[i]]));
    for (int k = 0; k < 40; k++) {
        const double drop = e->s->loglik - 0.5 * (at(e, i, 1, i, 0) + at(e, i, -1, i, 0));
        if (drop > 0.2 * drop_wanted && drop < 5.0 * drop_wanted) return e->step[i];
        if (drop > 0.0 && isfinite(drop))
            e->step[i] *= fmin(fmax(sqrt(drop_wanted / drop), 0.01), 100.0);
        else
            e->step[i] *= drop > 0.0 ? 0.01 : 10.0;
    }
    return 0.0;
}

static void fill_hessian(errors *e)
{
    const size_t n = e->n;
    for (size_t i = 0; i < n; i++) {
        const double here = e->s->loglik;
        e->H[i + i * n] = (2.0 * here - at(e, i, 1, i, 0) - at(e, i, -1, i, 0)) / (e->step[i] * e->step[i]);
        for (size_t j = 0; j < i; j++) {
            const double cross =
                at(e, i, 1, j, 1) - at(e, i, 1, j, -1) - at(e, i, -1, j, 1) + at(e, i, -1, j, -1);
            e->H[i + j * n] = e->H[j + i * n] = -0.25 * cross / (e->step[i] * e->step[j]);
        }
    }
}

/* Terms of the log-likelihood, row by row, of the evaluation just made, all with the scale of the maximum. */
static void row_terms(const errors *e, double *out)
{
    const size_t p = e->s->task->model->p;
    for (size_t t = 0; t < e->s->length; t++) {
        out[t] = 0.0;
        for (size_t i = 0; i < p; i++) {
            const ssmi_innovation *in = e->s->scorer.record.innovation + t * p + i;
            const double F = e->scale * in->F;
            if (in->kind == SSMI_KALMAN_ORDINARY) out[t] -= 0.5 * (log_2pi + log(F) + in->v * in->v / F);
            if (in->kind == SSMI_KALMAN_DIFFUSE) out[t] -= 0.5 * log(in->Finf);
        }
    }
}

/* Their derivatives with respect to the logarithm of the scale. */
static void scale_scores(const errors *e, double *out)
{
    const size_t p = e->s->task->model->p;
    for (size_t t = 0; t < e->s->length; t++) {
        out[t] = 0.0;
        for (size_t i = 0; i < p; i++) {
            const ssmi_innovation *in = e->s->scorer.record.innovation + t * p + i;
            if (in->kind == SSMI_KALMAN_ORDINARY) out[t] += 0.5 * (in->v * in->v / (e->scale * in->F) - 1.0);
        }
    }
}

/* Takes the scale out of the products over the other parameters. */
static void eliminate_scale(errors *e)
{
    const size_t n = e->n, L = e->s->length;
    double *cross = e->point, squares = 0.0;
    ssmi_estimate_loglik(e->s, e->s->theta, NULL);
    scale_scores(e, e->side);
    ssmi_fill(cross, 0.0, n);
    for (size_t t = 0; t < L; t++) {
        ssmi_axpy(cross, e->side[t], e->rows + t * n, n);
        squares += e->side[t] * e->side[t];
    }
    if (squares > 0.0) ssmi_rank1(e->H, -1.0 / squares, cross, cross, n, n);
}

static void fill_outer_products(errors *e)
{
    const size_t n = e->n, L = e->s->length;
    for (size_t i = 0; i < n; i++) {
        at(e, i, 1, i, 0);
        row_terms(e, e->side);
        for (size_t t = 0; t < L; t++) e->rows[i + t * n] = e->side[t];
        at(e, i, -1, i, 0);
        row_terms(e, e->side);
        for (size_t t = 0; t < L; t++)
            e->rows[i + t * n] = (e->rows[i + t * n] - e->side[t]) / (2.0 * e->step[i]);
    }
    ssmi_fill(e->H, 0.0, n * n);
    for (size_t t = 0; t < L; t++) ssmi_rank1(e->H, 1.0, e->rows + t * n, e->rows + t * n, n, n);
    if (e->s->options.filter.concentrate) eliminate_scale(e);
}

/* covariance (s->n, s->n) of x from the information e->H over the inner parameters: J H^-1 J'. */
static void to_covariance(errors *e, double *covariance)
{
    ssmi_estimate_search *s = e->s;
    const size_t n = e->n, N = s->n;
    for (size_t k = 0; k < N * N; k++) covariance[k] = NAN;
    if (!ssmi_cholesky(e->factor, e->H, n)) return;
    ssmi_transform_slope(s->task->parameter, N, s->theta, s->J, s->scratch);
    double *X = e->H; /* (n, n) the inverse */
    ssmi_identity(X, n);
    ssmi_solve_cholesky(X, e->factor, n, n);
    for (size_t a = 0; a < N * N; a++) {
        const size_t row = a % N, column = a / N;
        double sum = 0.0;
        int inside[2] = {0, 0};
        for (size_t i = 0; i < n; i++) {
            inside[0] |= e->index[i] == row;
            inside[1] |= e->index[i] == column;
            for (size_t j = 0; j < n; j++)
                sum += s->J[row + e->index[i] * N] * X[i + j * n] * s->J[column + e->index[j] * N];
        }
        if (inside[0] && inside[1]) covariance[a] = sum;
    }
}

static ssm_status open_errors(errors *e, ssmi_estimate_search *s, const int *boundary, ssm_arena *arena)
{
    *e = (errors){.s = s, .index = SSMI_ALLOC(arena, size_t, s->n)};
    if (e->index == NULL) return SSM_E_MEMORY;
    for (size_t k = 0; k < s->n; k++) {
        if (!boundary[k]) e->index[e->n++] = k;
    }
    const size_t n = e->n;
    e->step = SSMI_ALLOC(arena, double, n);
    e->point = SSMI_ALLOC(arena, double, s->n);
    e->H = SSMI_ALLOC(arena, double, 2 * n * n);
    e->rows = SSMI_ALLOC(arena, double, n * s->length);
    e->side = SSMI_ALLOC(arena, double, s->length);
    if (e->step == NULL || e->point == NULL || e->H == NULL || e->rows == NULL || e->side == NULL)
        return SSM_E_MEMORY;
    e->factor = e->H + n * n;
    return SSM_OK;
}

ssm_status ssmi_estimate_errors(ssmi_estimate_search *s, const int *boundary, double *covariance,
                                double *se_opg, ssm_arena *arena)
{
    errors e;
    ssm_kalman_summary here;
    int flat = 0;
    SSMI_TRY(open_errors(&e, s, boundary, arena));
    ssmi_estimate_loglik(s, s->theta, &here);
    if (s->failure != SSM_OK) return s->failure;
    e.scale = here.scale;
    for (size_t k = 0; k < s->n * s->n; k++) covariance[k] = NAN;
    for (size_t k = 0; k < s->n; k++) se_opg[k] = NAN;
    for (size_t i = 0; i < e.n; i++) flat |= find_step(&e, i) == 0.0;
    if (flat || e.n == 0) return SSM_OK;
    if (s->options.filter.convention != SSM_LOGLIK_MARGINAL) { /* its term is of all rows together */
        fill_outer_products(&e);
        to_covariance(&e, covariance);
        for (size_t k = 0; k < s->n; k++) se_opg[k] = sqrt(covariance[k + k * s->n]);
    }
    fill_hessian(&e);
    to_covariance(&e, covariance);
    return SSM_OK;
}
