/* A row of p observations with independent errors at once (Koopman & Durbin 2000 read backwards).
 *
 *     M = P Z'    G = Z M + diag(h) = L diag(F) L'    v = L^-1 (y - Z a)    M* = M L^-T
 *     a <- a + M* (v / F)        P <- P - sum over k of M*_k M*_k' / F_k
 *
 * F_k, v_k and M*_k are those of the k-th scalar after the ones before it.
 *
 * Known value: four readings 1 of the sum of twelve independent states of variance 1, errors of variance 12:
 * F = 24, 18, 16, 15, and each state is 1/15. */
#include "kalman/whole_row.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Below, P fits into so few vectors that going through it once is no gain. */
enum { fewest_states = 12, fewest_observations = 4 };

/* Views into the state's work, 2 n n + n numbers; there are no more observations than states. */
typedef struct whole {
    double *U, *G, *v;    /* (n, p), (p, p), (p) */
    double *factor, *sum; /* (p), (n): in U before it is made */
    const ssmi_rows *Z;
} whole;

static int is_worth_it(const ssmi_kalman_state *s, const ssmi_observation *o, size_t p)
{
    if (s->n < fewest_states || p < fewest_observations || p > s->n || o->Z->full == NULL) return 0;
    if (s->n_diffuse > 0 || o->n_missing > 0) return 0;
    for (size_t i = 0; i < p; i++) {
        if (!(o->h[i] > 0.0)) return 0;
    }
    return 1;
}

/* M = P Z', G = Z M + diag(h), v = y - Z a */
static void innovate(whole *w, const ssmi_kalman_state *s, const ssmi_observation *o, double *M, size_t p)
{
    const size_t n = s->n;
    ssmi_rows_multiply(M, s->P, o->Z, n);
    ssmi_rows_multiply_left(w->G, o->Z, M, p);
    ssmi_rows_times(w->v, o->Z, s->a);
    for (size_t k = 0; k < p; k++) {
        w->G[k + k * p] += o->h[k];
        w->v[k] = o->y[k] - w->v[k];
    }
}

/* An F that is not above this counts as zero: ssmi_kalman_least_variance for all of the row. */
static void least_variances(double *restrict least, const ssmi_kalman_state *s, const ssmi_observation *o,
                            size_t p)
{
    const double *restrict z = o->Z->full;
    memcpy(least, o->h, p * sizeof(double));
    for (size_t j = 0; j < s->n; j++) {
        for (size_t i = 0; i < p; i++) least[i] += z[i + j * p] * z[i + j * p] * s->scale[j];
    }
    for (size_t i = 0; i < p; i++) least[i] *= s->zero;
}

/* G = L diag(F) L': the lower triangle becomes L, its diagonal F. 0 when a pivot is not more than rounding.
 */
static int factor(double *G, const double *least /* (p) */, size_t p)
{
    for (size_t k = 0; k < p; k++) {
        double *restrict pivot = G + k * p;
        if (!(pivot[k] > least[k] && pivot[k] <= DBL_MAX)) return 0;
        const double inverse = 1.0 / pivot[k];
        for (size_t j = k + 1; j < p; j++) {
            double *restrict column = G + j * p;
            const double l = pivot[j] * inverse;
            for (size_t i = j; i < p; i++) column[i] -= pivot[i] * l;
            pivot[j] = l;
        }
    }
    return 1;
}

/* y += the first `count` columns of M times w->factor */
static void add_columns(double *restrict y, const double *M, const whole *w, size_t count, size_t n)
{
    ssmi_rows_sum_columns(w->sum, M, w->factor, count, w->Z, n);
    for (size_t i = 0; i < n; i++) y[i] += w->sum[i];
}

/* M <- M L^-T, v <- L^-1 v */
static void decorrelate(whole *w, double *M, size_t n, size_t p)
{
    for (size_t k = 1; k < p; k++) {
        for (size_t l = 0; l < k; l++) {
            w->factor[l] = -w->G[k + l * p];
            w->v[k] += w->factor[l] * w->v[l];
        }
        add_columns(M + k * n, M, w, k, n);
    }
}

int ssmi_kalman_update_whole_row(ssmi_kalman_state *s, const ssmi_observation *o, ssmi_innovation *row,
                                 double *M)
{
    const size_t n = s->n, p = o->Z->n_rows;
    if (!is_worth_it(s, o, p)) return 0;
    whole w = {.U = s->work, .G = s->work + n * p, .sum = s->work, .factor = s->work + n, .Z = o->Z};
    w.v = w.G + p * p;
    innovate(&w, s, o, M, p);
    least_variances(w.factor, s, o, p);
    if (!factor(w.G, w.factor, p)) return 0;
    decorrelate(&w, M, n, p);
    for (size_t k = 0; k < p; k++) {
        const double F = w.G[k + k * p];
        row[k] = (ssmi_innovation){.kind = SSMI_KALMAN_ORDINARY, .v = w.v[k], .F = F};
        w.factor[k] = w.v[k] / F;
    }
    add_columns(s->a, M, &w, p, n);
    for (size_t k = 0; k < p; k++) {
        const double root = sqrt(1.0 / row[k].F), *restrict m = M + k * n;
        double *restrict u = w.U + k * n;
        for (size_t i = 0; i < n; i++) u[i] = m[i] * root;
    }
    ssmi_rows_downdate(s->P, w.U, p, o->Z, n);
    return 1;
}
