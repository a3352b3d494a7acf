/* With the gain K of the steady state, a structural model predicts by
 *
 *     a_{t+1} = (T - K Z) a_t + K y_t,     y_{t+1|t} = Z a_{t+1}
 *
 * which is a time-invariant layer whose poles are the eigenvalues mu of T - K Z (Durbin & Koopman 2012,
 * section 4.3.4). A token takes `stride` rows, so its step multiplies by mu^stride = exp(lambda):
 *
 *     Re lambda = stride log |mu|,    Im lambda = stride arg mu, turned into [0, pi]
 *
 * which keeps a season also where a token is longer than it (aliased, as the tokens see it). Known value: a
 * season of 24 rows at tokens of 16 turns by 4 pi/3, so by 2 pi/3 the other way. */
#include "models/learner_poles.h"

#include "core/dense.h"
#include "core/lapack.h"
#include "models/structural_search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 1500 };

/* Poles that forget all but exp(-4) of their state from token to token are of no use between tokens. */
static const double fastest = -4;
static const double pi = 3.14159265358979324;

typedef struct pole {
    double re, im;
} pole;

static int slower(const void *a_, const void *b_)
{
    const pole *a = a_, *b = b_;
    if (a->re != b->re) return a->re > b->re ? -1 : 1;
    return (a->im > b->im) - (a->im < b->im);
}

/* Harmonics that tokens cannot tell apart are one pole. */
static void keep(ssmi_learner_poles *out, pole p)
{
    for (size_t i = 0; i < out->n; i++)
        if (fabs(p.re - out->re[i]) < 1e-6 && fabs(p.im - out->im[i]) < 1e-6) return;
    out->re[out->n] = p.re;
    out->im[out->n++] = p.im;
}

void ssmi_learner_poles_of(ssmi_learner_poles *out, const double *eigenvalue, size_t n, size_t stride,
                           size_t tokens)
{
    pole all[SSMI_LEARNER_POLES];
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < SSMI_LEARNER_POLES; i++) {
        const double re = eigenvalue[i], im = eigenvalue[n + i], modulus = hypot(re, im);
        if (im < 0 || !(modulus > 0)) continue; /* of a pair its first */
        const double rate = fmin((double)stride * log(modulus), -1 / (double)tokens);
        if (rate < fastest) continue;
        all[kept++] = (pole){rate, fabs(remainder((double)stride * atan2(im, re), 2 * pi))};
    }
    qsort(all, kept, sizeof *all, slower);
    out->n = 0;
    for (size_t i = 0; i < kept; i++) keep(out, all[i]);
}

/* (T - K Z), or T where the filter does not settle. */
static ssm_status predictor(double *A, const ssm_statespace *m, ssm_arena *tmp)
{
    const size_t n = m->n, p = m->p;
    double *P = SSMI_ALLOC(tmp, double, n *n), *K = SSMI_ALLOC(tmp, double, n *p),
           *F = SSMI_ALLOC(tmp, double, p *p), *KZ = SSMI_ALLOC(tmp, double, n *n);
    if (P == NULL || K == NULL || F == NULL || KZ == NULL) return SSM_E_MEMORY;
    memcpy(A, m->T.data, n * n * sizeof *A);
    const ssm_status status = ssm_statespace_steady_state(tmp->ctx, m, P, K, F);
    if (status != SSM_OK) return status == SSM_E_MEMORY ? status : SSM_OK;
    ssmi_mul(KZ, K, m->Z.data, n, p, n);
    for (size_t i = 0; i < n * n; i++) A[i] -= KZ[i];
    return SSM_OK;
}

/* What the usual search finds, but for choices that cost time and give no pole that a window could tell. */
static ssm_status eigenvalues(double **out, size_t *n, const ssm_series *series, ssm_arena *tmp)
{
    ssmi_structural_wishes wishes = {.cycle = series->n_periods > 0 ? SSMI_NO : SSMI_AUTO,
                                     .most_order = 1,
                                     .n_periods = series->n_periods,
                                     .columns = SSMI_COLUMNS_OFF};
    ssmi_structural_choice choice;
    ssmi_structural_matrices m;
    memcpy(wishes.period, series->period, sizeof wishes.period);
    SSMI_TRY(ssmi_structural_search(&choice, &wishes, series, tmp, tmp));
    SSMI_TRY(ssmi_structural_build(&m, &choice.structure, &(ssmi_structural_rows){.first = 0}, tmp));
    *n = m.model.n;
    double *A = SSMI_ALLOC(tmp, double, *n **n);
    *out = SSMI_ALLOC(tmp, double, 2 * *n);
    if (A == NULL || *out == NULL) return SSM_E_MEMORY;
    SSMI_TRY(predictor(A, &m.model, tmp));
    return ssmi_eigen(*out, NULL, A, *n, tmp);
}

ssm_status ssmi_learner_poles_find(ssmi_learner_poles *out, const ssm_series *series, size_t rows,
                                   size_t stride, size_t tokens, ssm_arena *tmp)
{
    const size_t taken = rows < MOST_ROWS ? rows : MOST_ROWS;
    ssm_series part = ssm_series_slice(*series, rows - taken, taken);
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    double *eigenvalue;
    size_t n;
    part.exogenous = NULL;
    part.n_exogenous = part.exogenous_rows = 0;
    out->n = 0;
    const ssm_status status = eigenvalues(&eigenvalue, &n, &part, tmp);
    if (status == SSM_OK) ssmi_learner_poles_of(out, eigenvalue, n, stride, tokens);
    ssmi_arena_rewind(tmp, mark);
    return status == SSM_E_MEMORY || status == SSM_E_CANCELLED ? status : SSM_OK;
}
