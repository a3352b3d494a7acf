/* What a constant gain costs against the full filter (Anderson & Moore 1979, sec. 4.4).
 *
 * From the row on that follows the diffuse ones both filters know the same, S = P. Then
 *     full:      P <- (T - K_t Z) P (T - K_t Z)' + K_t H K_t' + V      by the filter itself, on complete rows
 *     constant:  S <- (T - K Z) S (T - K Z)' + K H K' + V
 * and the variances of their one-step forecasts are compared until S has come as near to P as no longer
 * counts.
 *
 * Known value: a local level of variances 1 and 1 that starts in its steady state loses nothing. */
#include "core/dense.h"
#include "core/riccati.h"
#include "kalman/form.h"
#include <math.h>
#include <string.h>

static const double over = 1e-9; /* relative to the standard deviations: then the transient is over */
enum { MOST_TRANSIENT = 100000 };

typedef struct transient {
    ssmi_kalman_filter filter;
    ssmi_kalman_run run;
    double *y;               /* (p) a complete row; what it holds does not matter */
    double *P, *K, *F;       /* steady state */
    double *L, *V, *KHK, *S; /* (n, n): T - K Z, R Q R', K H K', variance under the constant gain */
    double *next, *work;     /* (n, n), (n, max(n, p)) */
} transient;

static ssm_status open_transient(transient *x, const ssm_statespace *m, ssm_arena *arena)
{
    const size_t n = m->n, p = m->p, square = n * n;
    double **const array[] = {&x->y, &x->P, &x->K, &x->F, &x->L, &x->V, &x->KHK, &x->S, &x->next, &x->work};
    const size_t count[] = {p,      square, n * p,  p * p,  square,
                            square, square, square, square, n * (n > p ? n : p)};
    SSMI_TRY(ssmi_kalman_filter_init(&x->filter, m, arena));
    for (size_t k = 0; k < sizeof count / sizeof *count; k++) {
        *array[k] = SSMI_ALLOC(arena, double, count[k]);
        if (*array[k] == NULL) return SSM_E_MEMORY;
    }
    ssmi_entries_add(x->V, &x->filter.system.shock);
    SSMI_TRY(ssmi_riccati(x->P, x->K, x->F, m->T.data, m->Z.data, x->V, m->H.data, n, p, arena));
    ssmi_mul(x->L, x->K, m->Z.data, n, p, n);
    for (size_t k = 0; k < square; k++) x->L[k] = m->T.data[k] - x->L[k];
    if (m->H.data != NULL) ssmi_sandwich(x->KHK, x->K, m->H.data, x->work, n, p);
    return SSM_OK;
}

/* Moves the full filter over one complete row. */
static ssm_status advance(transient *x, size_t t)
{
    SSMI_TRY(ssmi_kalman_run_take(&x->run, t, x->y));
    x->filter.form->predict(&x->filter);
    return SSM_OK;
}

/* Sum over the components of (z S z' + h) / (z P z' + h); a forecast without variance has none to lose. */
static double ratio(const transient *x, const ssm_statespace *m)
{
    const size_t n = m->n;
    const ssmi_rows *Z = &x->filter.system.Z;
    double *M = x->work, sum = 0.0;
    for (size_t i = 0; i < m->p; i++) {
        const double h = m->H.data != NULL ? m->H.data[i * (m->p + 1)] : 0.0;
        ssmi_rows_combine(M, x->S, Z, i, n);
        const double constant = ssmi_rows_dot(Z, i, M) + h;
        ssmi_rows_combine(M, x->filter.state.P, Z, i, n);
        const double full = ssmi_rows_dot(Z, i, M) + h;
        sum += full > 0.0 ? constant / full : 1.0;
    }
    return sum;
}

static ssm_status follow(transient *x, const ssm_statespace *m, ssm_kalman_gain_loss *loss)
{
    const size_t square = m->n * m->n;
    const ssm_kalman_options never = {.steady_tolerance = -1.0};
    double sum = 0.0;
    size_t t = 0;
    ssmi_kalman_run_start(&x->run, &x->filter, &never, NULL);
    for (; x->filter.state.n_diffuse > 0; t++) {
        if (t == MOST_TRANSIENT)
            return ssmi_fail(x->filter.ctx, SSM_E_NUMERIC, "the diffuse start does not come to an end");
        SSMI_TRY(advance(x, t));
    }
    const size_t first = t;
    memcpy(x->S, x->filter.state.P, square * sizeof(double));
    for (; t < first + MOST_TRANSIENT; t++) {
        sum += ratio(x, m);
        SSMI_TRY(advance(x, t));
        ssmi_sandwich(x->next, x->L, x->S, x->work, m->n, m->n);
        for (size_t k = 0; k < square; k++) x->S[k] = x->next[k] + x->KHK[k] + x->V[k];
        if (ssmi_kalman_settled(x->S, x->filter.state.P, over, m->n) &&
            ssmi_kalman_settled(x->S, x->P, over, m->n))
            break;
    }
    loss->transient = t - first + 1;
    loss->excess = sum / (double)(loss->transient * m->p) - 1.0;
    return SSM_OK;
}

static ssm_status compare(const ssm_statespace *model, const double *y, size_t length,
                          ssm_kalman_gain_loss *loss, ssm_arena *arena)
{
    transient x;
    ssm_kalman_summary summary;
    const ssm_kalman_options constant = {.form = SSM_KALMAN_CONSTANT_GAIN};
    SSMI_TRY(ssm_kalman_filter(arena->ctx, model, y, length, NULL, NULL, &summary));
    loss->loglik_full = summary.loglik;
    SSMI_TRY(ssm_kalman_filter(arena->ctx, model, y, length, &constant, NULL, &summary));
    loss->loglik_constant = summary.loglik;
    SSMI_TRY(open_transient(&x, model, arena));
    return follow(&x, model, loss);
}

ssm_status ssm_kalman_constant_gain(ssm_context *ctx, const ssm_statespace *model, const double *y,
                                    size_t length, ssm_kalman_gain_loss *loss)
{
    ssm_kalman_gain_loss ours;
    ssm_arena arena;
    ssmi_arena_init(&arena, ctx);
    const ssm_status status = compare(model, y, length, &ours, &arena);
    ssmi_arena_clear(&arena);
    if (status == SSM_OK) *loss = ours;
    return status;
}
