/* Maximum likelihood of levels that move together. Variances run on the log scale, loadings as they are. With
 * G = d loglik / d (L L' + diag d), the score of the state shocks (Koopman & Shephard 1992),
 *
 *     d loglik / d L = 2 G L        d loglik / d log d_i = G_ii d_i
 *
 * The search starts from the principal directions of the differences of the series and takes one more common
 * movement at a time, as long as AICc falls. */
#include "models/shared.h"

#include "core/climb.h"
#include "kalman/score.h"

#include <math.h>
#include <string.h>

static const double smallest_log = -28.0, largest_log = 5.0, largest_loading = 10.0;
static const double precision = 1e-3; /* of the log-likelihood */
/* Rows times scalars times squared states that one evaluation may cost, and rows at most. */
static const double evaluation_budget = 2e6;
enum { most_rows = 4000, most_evaluations = 300, most_parameters = 256 };

/* ---- estimation ---- */

typedef struct estimation {
    ssmi_shared *s;
    ssmi_shared_matrices matrices;
    ssmi_kalman_scorer scorer;
    const double *y;
    size_t length, n; /* rows; parameters */
    double *H, *Q;    /* scores (p), (n, n) */
} estimation;

static size_t count_parameters(const ssmi_shared *s)
{
    return s->p * (1 + s->blocks * (1 + s->rank));
}

/* In this order: h, d, L. */
static void read_theta(ssmi_shared *s, const double *theta)
{
    const size_t n_d = s->blocks * s->p;
    for (size_t i = 0; i < s->p; i++) s->h[i] = exp(*theta++);
    for (size_t i = 0; i < n_d; i++) s->d[i] = exp(*theta++);
    memcpy(s->L, theta, n_d * s->rank * sizeof *theta);
}

static void write_theta(double *theta, const ssmi_shared *s)
{
    const size_t n_d = s->blocks * s->p;
    for (size_t i = 0; i < s->p; i++) *theta++ = log(fmax(s->h[i], 1e-300));
    for (size_t i = 0; i < n_d; i++) *theta++ = log(fmax(s->d[i], 1e-300));
    memcpy(theta, s->L, n_d * s->rank * sizeof *theta);
}

static void gather(const estimation *e, double *gradient)
{
    const ssmi_shared *s = e->s;
    const size_t p = s->p, n = s->blocks * p;
    for (size_t i = 0; i < p; i++) *gradient++ = e->H[i] * s->h[i];
    for (size_t i = 0; i < n; i++) *gradient++ = e->Q[i * (n + 1)] * s->d[i];
    for (size_t b = 0; b < s->blocks; b++) {
        const double *G = e->Q + b * p * (n + 1), *L = s->L + b * p * s->rank;
        for (size_t k = 0; k < s->rank; k++) {
            for (size_t i = 0; i < p; i++) {
                double sum = 0.0;
                for (size_t j = 0; j < p; j++) sum += G[i + j * n] * L[j + k * p];
                *gradient++ = 2.0 * sum;
            }
        }
    }
}

static double value(void *user, const double *theta, double *gradient, int *stop)
{
    (void)stop;
    estimation *e = user;
    ssm_kalman_summary summary;
    read_theta(e->s, theta);
    ssmi_shared_apply(&e->matrices, e->s);
    const ssmi_kalman_slope slope = {.Hdiag = e->H, .Q = e->Q};
    if (ssmi_kalman_scorer_run(&e->scorer, e->y, e->length, NULL, &summary, &slope) != SSM_OK)
        return -INFINITY;
    if (gradient != NULL) gather(e, gradient);
    return summary.loglik;
}

static ssm_status open_estimation(estimation *e, ssm_arena *tmp)
{
    const size_t n = e->s->blocks * e->s->p;
    e->n = count_parameters(e->s);
    e->H = SSMI_ALLOC(tmp, double, e->s->p);
    e->Q = SSMI_ALLOC(tmp, double, n *n);
    if (e->H == NULL || e->Q == NULL) return SSM_E_MEMORY;
    SSMI_TRY(ssmi_shared_build(&e->matrices, e->s, tmp));
    return ssmi_kalman_scorer_init(&e->scorer, &e->matrices.model, NULL, e->length, NULL, 0, tmp);
}

/* AICc; a rotation of the columns of L changes nothing, so rank (rank - 1) / 2 numbers do not count. */
static double criterion(const estimation *e, double loglik)
{
    const ssmi_shared *s = e->s;
    double n = 0.0;
    const double free_turns = 0.5 * (double)(s->blocks * s->rank) * ((double)s->rank - 1.0);
    const double k = (double)e->n - free_turns;
    for (size_t i = 0; i < s->p * e->length; i++) n += isnan(e->y[i]) ? 0.0 : 1.0;
    return 2.0 * k + 2.0 * k * (k + 1.0) / fmax(n - k - 1.0, 1.0) - 2.0 * loglik;
}

static ssm_status climb(estimation *e, ssmi_shared_fit *fit, ssm_arena *tmp)
{
    double *theta = SSMI_ALLOC(tmp, double, e->n), *low = SSMI_ALLOC(tmp, double, e->n);
    double *high = SSMI_ALLOC(tmp, double, e->n), *work = SSMI_ALLOC(tmp, double, 3 * e->n);
    if (theta == NULL || low == NULL || high == NULL || work == NULL) return SSM_E_MEMORY;
    const size_t n_variances = e->s->p * (1 + e->s->blocks);
    for (size_t k = 0; k < e->n; k++) {
        low[k] = k < n_variances ? smallest_log : -largest_loading;
        high[k] = k < n_variances ? largest_log : largest_loading;
    }
    write_theta(theta, e->s);
    const ssmi_climb_task task = {.n = e->n,
                                  .objective = value,
                                  .user = e,
                                  .low = low,
                                  .high = high,
                                  .size = (double)e->length,
                                  .precision = precision,
                                  .smallest_step = 1e-5,
                                  .most_evaluations = most_evaluations};
    const ssmi_climb_result found = ssmi_climb(theta, &task, work);
    if (isinf(found.value)) return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "the likelihood cannot be evaluated");
    read_theta(e->s, theta);
    *fit = (ssmi_shared_fit){found.value, criterion(e, found.value), found.converged};
    return SSM_OK;
}

ssm_status ssmi_shared_estimate(ssmi_shared *s, const double *y, size_t length, ssmi_shared_fit *fit,
                                ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    estimation e = {.s = s, .y = y, .length = length};
    if (count_parameters(s) > most_parameters)
        return ssmi_fail(tmp->ctx, SSM_E_UNSUPPORTED, "%zu series of rank %zu have too many parameters", s->p,
                         s->rank);
    ssm_status status = open_estimation(&e, tmp);
    if (status == SSM_OK) status = climb(&e, fit, tmp);
    ssmi_arena_rewind(tmp, mark);
    return status;
}

ssm_status ssmi_shared_loglik(const ssmi_shared *s, const double *y, size_t length, double *loglik,
                              double *gradient, ssm_arena *tmp)
{
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    ssmi_shared trial = *s;
    estimation e = {.s = &trial, .y = y, .length = length};
    ssm_status status = open_estimation(&e, tmp);
    double *theta = SSMI_ALLOC(tmp, double, count_parameters(s));
    if (status == SSM_OK && theta == NULL) status = SSM_E_MEMORY;
    if (status == SSM_OK) {
        write_theta(theta, s);
        *loglik = value(&e, theta, gradient, NULL);
    }
    ssmi_arena_rewind(tmp, mark);
    return status;
}

/* ---- where to start ---- */

/* C (p, p): covariances of the differences over pairs of rows with all four values, 0 without any. */
static void difference_covariance(double *C, const double *y, size_t p, size_t length)
{
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0.0, n = 0.0;
            for (size_t t = 1; t < length; t++) {
                const double *now = y + t * p, *before = now - p;
                const double product = (now[i] - before[i]) * (now[j] - before[j]);
                if (isnan(product)) continue;
                sum += product;
                n++;
            }
            C[i + j * p] = C[j + i * p] = n > 0.0 ? sum / n : 0.0;
        }
    }
}

/* The largest principal direction v of C, which is taken out of it; by power iteration, whose accuracy is
 * that of a start. Its length is the root of the variance along it. */
static void take_direction(double *v, double *C, size_t p)
{
    double next[SSMI_SHARED_SERIES], size = 0.0;
    for (size_t i = 0; i < p; i++) v[i] = 1.0 + 0.1 * (double)i; /* not orthogonal to anything by accident */
    for (int round = 0; round < 60; round++) {
        double norm = 0.0;
        for (size_t i = 0; i < p; i++) {
            next[i] = 0.0;
            for (size_t j = 0; j < p; j++) next[i] += C[i + j * p] * v[j];
            norm += next[i] * next[i];
        }
        size = sqrt(norm);
        for (size_t i = 0; i < p; i++) v[i] = size > 0.0 ? next[i] / size : 0.0;
    }
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++) C[i + j * p] -= size * v[i] * v[j];
    }
    for (size_t i = 0; i < p; i++) v[i] *= sqrt(size);
}

/* Half of the variance of the differences for the levels, and of that what is common apart; a quarter is
 * noise, which differences count twice. Slopes move a tenth as much. */
static ssm_status set_start(ssmi_shared *s, const double *y, size_t length, ssm_arena *tmp)
{
    const size_t p = s->p;
    double *C = SSMI_ALLOC(tmp, double, p *p);
    if (C == NULL) return SSM_E_MEMORY;
    difference_covariance(C, y, p, length);
    for (size_t i = 0; i < p; i++) s->h[i] = fmax(0.25 * C[i * (p + 1)], 1e-6);
    for (size_t k = 0; k < s->rank; k++) take_direction(s->L + k * p, C, p);
    for (size_t b = 0; b < s->blocks; b++) {
        const double share = b == 0 ? 0.5 : 0.005;
        for (size_t i = 0; i < p; i++) s->d[b * p + i] = fmax(share * C[i * (p + 1)], 1e-6);
        for (size_t i = 0; i < p * s->rank; i++) {
            s->L[b * p * s->rank + i] = b == 0 ? s->L[i] * sqrt(0.5) : s->L[i] * 0.1;
        }
    }
    return SSM_OK;
}

/* ---- search ---- */

typedef struct search {
    const double *y;
    size_t p, length;
    ssmi_shared best; /* in tmp */
    ssmi_shared_fit fit;
    ssm_arena *tmp;
} search;

/* Do the last rows hold half of what they could of each series, or half of what there is? */
static int covers_all(const search *w, size_t rows)
{
    for (size_t i = 0; i < w->p; i++) {
        size_t all = 0, late = 0;
        for (size_t t = 0; t < w->length; t++) {
            const size_t observed = !isnan(w->y[t * w->p + i]);
            all += observed;
            late += t >= w->length - rows ? observed : 0;
        }
        if (2 * late < rows && 2 * late < all) return 0;
    }
    return 1;
}

/* The last rows that the budget allows, and up to eight times as many when a series is silent there. */
static void limit_rows(search *w, size_t blocks)
{
    const double n = (double)(blocks * w->p + 2);
    const size_t budget = (size_t)(evaluation_budget / (n * n * (double)w->p));
    size_t rows = budget < most_rows ? budget : most_rows;
    if (rows < 50) rows = 50;
    for (int k = 0; k < 3 && rows < w->length && !covers_all(w, rows); k++) rows *= 2;
    if (rows >= w->length) return;
    w->y += (w->length - rows) * w->p;
    w->length = rows;
}

static ssm_status consider(search *w, size_t rank, size_t blocks, int *better)
{
    ssmi_shared s;
    ssmi_shared_fit fit;
    *better = 0;
    SSMI_TRY(ssmi_shared_alloc(&s, w->p, rank, blocks, w->tmp));
    SSMI_TRY(set_start(&s, w->y, w->length, w->tmp));
    const ssm_status status = ssmi_shared_estimate(&s, w->y, w->length, &fit, w->tmp);
    if (status == SSM_E_MEMORY || status == SSM_E_CANCELLED) return status;
    if (status != SSM_OK) return SSM_OK; /* another rank may do */
    *better = w->best.p == 0 || fit.criterion < w->fit.criterion;
    if (!*better) return SSM_OK;
    w->best = s;
    w->fit = fit;
    return SSM_OK;
}

static ssm_status search_ranks(search *w, int rank, size_t blocks)
{
    const size_t most = w->p - 1 < SSMI_SHARED_RANK ? w->p - 1 : SSMI_SHARED_RANK;
    int better = 1;
    if (rank >= 0) return consider(w, (size_t)rank, blocks, &better);
    for (size_t r = 0; r <= most && (better || r < 2); r++) SSMI_TRY(consider(w, r, blocks, &better));
    return SSM_OK;
}

static ssm_status copy(ssmi_shared *out, const ssmi_shared *from, ssm_arena *mem)
{
    const size_t n = from->blocks * from->p;
    SSMI_TRY(ssmi_shared_alloc(out, from->p, from->rank, from->blocks, mem));
    memcpy(out->h, from->h, from->p * sizeof *out->h);
    memcpy(out->d, from->d, n * sizeof *out->d);
    memcpy(out->L, from->L, n * from->rank * sizeof *out->L);
    return SSM_OK;
}

ssm_status ssmi_shared_search(ssmi_shared *s, int rank, size_t blocks, const double *y, size_t p,
                              size_t length, int *converged, ssm_arena *mem, ssm_arena *tmp)
{
    search w = {.y = y, .p = p, .length = length, .tmp = tmp};
    limit_rows(&w, blocks);
    SSMI_TRY(search_ranks(&w, rank, blocks));
    if (w.best.p == 0) return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "no model of these series can be evaluated");
    *converged = w.fit.converged;
    return copy(s, &w.best, mem);
}
