/* Brute force: a small random state-space system as one joint normal distribution of all states and all
 * observations.
 *
 *     states stacked:  s = m + B x,   x = (alpha_1, eta_1, ..., eta_{L-1}, eps_1, ..., eps_L)
 * are written as linear combinations of independent sources; means and covariances follow by multiplication,
 * and conditioning is a Cholesky solve. Nothing of the library's algebra is used. */
#ifndef SSMCAST_TESTS_KALMAN_JOINT_NORMAL_H
#define SSMCAST_TESTS_KALMAN_JOINT_NORMAL_H

#include "kalman/cases.h"

enum { JOINT_MOST = 64 };

/* Brute force squares the condition number; the wider type keeps it the better of the two sides. */
typedef long double wide;

typedef struct joint_system {
    size_t n, p, r, length;
    double *numbers; /* all arrays below */
    double *Z, *H, *T, *R, *Q, *c, *d, *a1, *P1, *P1inf, *y;
    int diffuse;
    ssm_statespace model;
    uint64_t seed;
    /* Joint moments of observed values and of all states (n * length). */
    size_t n_observed;
    wide *y_seen, *y_mean, *y_var, *s_mean, *s_var, *s_y; /* s_y (states, observed) */
} joint_system;

static inline double joint_uniform(joint_system *j)
{
    j->seed = j->seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(j->seed >> 11) / 9007199254740992.0;
}

static inline double joint_number(joint_system *j)
{
    double sum = -6.0;
    for (int k = 0; k < 12; k++) sum += joint_uniform(j);
    return sum;
}

/* X = G G' with G (n, rank) random; few bits in G, so that X has exactly that rank. */
static inline void joint_variance(joint_system *j, double *X, size_t n, size_t rank)
{
    double G[JOINT_MOST];
    for (size_t k = 0; k < n * rank; k++) G[k] = rint(16 * joint_number(j)) / 16;
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            X[a + b * n] = 0.0;
            for (size_t k = 0; k < rank; k++) X[a + b * n] += G[a + k * n] * G[b + k * n];
        }
    }
}

static inline double *joint_take(double **next, size_t count)
{
    double *out = *next;
    *next += count;
    return out;
}

static inline void joint_layout(joint_system *j)
{
    const size_t n = j->n, p = j->p, r = j->r, L = j->length;
    double *next = j->numbers =
        calloc(L * (n * n + p * n + p * p + n * r + r * r + 2 * n + 3 * p) + 4 * n * n + n, sizeof(double));
    j->Z = joint_take(&next, L * p * n);
    j->H = joint_take(&next, L * p * p);
    j->T = joint_take(&next, L * n * n);
    j->R = joint_take(&next, L * n * r);
    j->Q = joint_take(&next, L * r * r);
    j->c = joint_take(&next, L * n);
    j->d = joint_take(&next, L * p);
    j->y = joint_take(&next, L * p);
    j->a1 = joint_take(&next, n);
    j->P1 = joint_take(&next, n * n);
    j->P1inf = joint_take(&next, n * n);
    j->model = (ssm_statespace){.n = n,
                                .p = p,
                                .r = r,
                                .Z = {j->Z, p * n},
                                .H = {j->H, p * p},
                                .T = {j->T, n * n},
                                .R = {j->R, n * r},
                                .Q = {j->Q, r * r},
                                .c = {j->c, n},
                                .d = {j->d, p},
                                .a1 = j->a1,
                                .P1 = j->P1,
                                .P1inf = j->P1inf};
}

/* A random system of random size. When diffuse, some states start without a distribution. */
static inline void joint_random(joint_system *j, unsigned seed, int diffuse)
{
    memset(j, 0, sizeof *j);
    j->seed = seed;
    joint_number(j);
    j->n = 1 + (size_t)(joint_uniform(j) * 4);
    j->p = 1 + (size_t)(joint_uniform(j) * 3);
    j->r = 1 + (size_t)(joint_uniform(j) * (double)j->n);
    j->length = 7;
    j->diffuse = diffuse;
    joint_layout(j);
    const size_t n = j->n, p = j->p, r = j->r, L = j->length;
    for (size_t t = 0; t < L; t++) {
        joint_variance(j, j->H + t * p * p, p, t % 3 == 2 && n >= p ? 1 : p);
        joint_variance(j, j->Q + t * r * r, r, r);
    }
    for (size_t k = 0; k < L * n * n; k++) j->T[k] = 0.6 * joint_number(j);
    for (size_t k = 0; k < L * p * n; k++) j->Z[k] = joint_number(j);
    for (size_t k = 0; k < L * n * r; k++) j->R[k] = joint_number(j);
    for (size_t k = 0; k < L * n; k++) j->c[k] = joint_number(j);
    for (size_t k = 0; k < L * p; k++) j->d[k] = joint_number(j);
    for (size_t k = 0; k < L * p; k++) j->y[k] = joint_uniform(j) < 0.25 ? NAN : 3 * joint_number(j);
    for (size_t k = 0; k < n; k++) j->a1[k] = joint_number(j);
    joint_variance(j, j->P1, n, n);
    for (size_t k = 0; k < p; k++) j->y[2 * p + k] = NAN;
    for (size_t k = 0; diffuse && k < n; k++) j->P1inf[k + k * n] = k % 2 == 0 ? 1.0 : 0.0;
}

static inline void joint_close(joint_system *j)
{
    free(j->numbers);
    free(j->y_seen);
    free(j->y_mean);
    free(j->y_var);
    free(j->s_mean);
    free(j->s_var);
    free(j->s_y);
}

/* Moments of the states: mean and covariance of (alpha_1, ..., alpha_L), by the recursion of the definition.
 */
static inline void joint_state_moments(joint_system *j, double kappa)
{
    const size_t n = j->n, r = j->r, L = j->length, N = n * L;
    j->s_mean = calloc(N, sizeof(wide));
    j->s_var = calloc(N * N, sizeof(wide));
    wide *V = j->s_var;
    for (size_t a = 0; a < n; a++) j->s_mean[a] = j->a1[a];
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) V[a + b * N] = j->P1[a + b * n] + kappa * j->P1inf[a + b * n];
    }
    for (size_t t = 1; t < L; t++) {
        const double *T = j->T + (t - 1) * n * n, *R = j->R + (t - 1) * n * r, *Q = j->Q + (t - 1) * r * r;
        for (size_t a = 0; a < n; a++) {
            const size_t row = t * n + a;
            j->s_mean[row] = j->c[(t - 1) * n + a];
            for (size_t k = 0; k < n; k++) j->s_mean[row] += T[a + k * n] * j->s_mean[(t - 1) * n + k];
            for (size_t col = 0; col < t * n; col++) {
                wide sum = 0.0;
                for (size_t k = 0; k < n; k++) sum += T[a + k * n] * V[(t - 1) * n + k + col * N];
                V[row + col * N] = V[col + row * N] = sum;
            }
        }
        for (size_t a = 0; a < n; a++) {
            for (size_t b = 0; b < n; b++) {
                wide sum = 0.0;
                for (size_t k = 0; k < n; k++) sum += V[t * n + a + ((t - 1) * n + k) * N] * T[b + k * n];
                for (size_t k = 0; k < r; k++) {
                    for (size_t l = 0; l < r; l++) sum += R[a + k * n] * Q[k + l * r] * R[b + l * n];
                }
                V[t * n + a + (t * n + b) * N] = sum;
            }
        }
    }
}

/* Moments of the observed values, and their covariance with the states. */
static inline void joint_moments(joint_system *j, double kappa)
{
    const size_t n = j->n, p = j->p, L = j->length, N = n * L, most = p * L;
    size_t place[JOINT_MOST];
    joint_state_moments(j, kappa);
    j->n_observed = 0;
    for (size_t k = 0; k < most; k++) {
        if (!isnan(j->y[k])) place[j->n_observed++] = k;
    }
    const size_t m = j->n_observed;
    j->y_seen = calloc(most, sizeof(wide));
    j->y_mean = calloc(most, sizeof(wide));
    j->y_var = calloc(most * most, sizeof(wide));
    j->s_y = calloc(N * most, sizeof(wide));
    for (size_t k = 0; k < m; k++) {
        const size_t t = place[k] / p, i = place[k] % p;
        const double *z = j->Z + t * p * n + i;
        j->y_seen[k] = j->y[place[k]];
        j->y_mean[k] = j->d[t * p + i];
        for (size_t a = 0; a < n; a++) j->y_mean[k] += z[a * p] * j->s_mean[t * n + a];
        for (size_t s = 0; s < N; s++) {
            for (size_t a = 0; a < n; a++) j->s_y[s + k * N] += j->s_var[s + (t * n + a) * N] * z[a * p];
        }
    }
    for (size_t k = 0; k < m; k++) {
        for (size_t l = 0; l < m; l++) {
            const size_t t = place[l] / p, i = place[l] % p;
            wide sum = place[k] / p == t ? j->H[t * p * p + place[k] % p + i * p] : 0.0;
            for (size_t a = 0; a < n; a++) sum += j->Z[t * p * n + i + a * p] * j->s_y[t * n + a + k * N];
            j->y_var[k + l * m] = sum;
        }
    }
}

/* L with L L' = X in place; the logarithm of the determinant of X is returned. */
static inline wide joint_cholesky(wide *X, size_t m)
{
    wide log_det = 0.0;
    for (size_t k = 0; k < m; k++) {
        for (size_t l = 0; l < k; l++) X[k + k * m] -= X[k + l * m] * X[k + l * m];
        assert_true(X[k + k * m] > 0.0);
        X[k + k * m] = sqrtl(X[k + k * m]);
        log_det += 2 * logl(X[k + k * m]);
        for (size_t i = k + 1; i < m; i++) {
            for (size_t l = 0; l < k; l++) X[i + k * m] -= X[i + l * m] * X[k + l * m];
            X[i + k * m] /= X[k + k * m];
        }
    }
    return log_det;
}

/* x = L^-1 x */
static inline void joint_forward(wide *x, const wide *L, size_t m)
{
    for (size_t i = 0; i < m; i++) {
        for (size_t k = 0; k < i; k++) x[i] -= L[i + k * m] * x[k];
        x[i] /= L[i + i * m];
    }
}

static inline wide joint_density(joint_system *j)
{
    const size_t m = j->n_observed;
    wide v[JOINT_MOST], sum = joint_cholesky(j->y_var, m);
    for (size_t k = 0; k < m; k++) v[k] = j->y_seen[k] - j->y_mean[k];
    joint_forward(v, j->y_var, m);
    for (size_t k = 0; k < m; k++) sum += v[k] * v[k] + logl(2 * 3.14159265358979323846L);
    return -0.5L * sum;
}

/* Mean and variance, given the observed values, of m quantities with the given unconditional moments and
 * covariance C (m, observed) with the observed values. joint_moments must have run, and y_var hold its
 * factor. */
static inline void joint_condition(joint_system *j, wide *mean, wide *variance, const wide *C, size_t m)
{
    const size_t k = j->n_observed;
    wide *W = calloc(k * m, sizeof *W), v[JOINT_MOST];
    for (size_t l = 0; l < k; l++) v[l] = j->y_seen[l] - j->y_mean[l];
    joint_forward(v, j->y_var, k);
    for (size_t a = 0; a < m; a++) {
        for (size_t l = 0; l < k; l++) W[l + a * k] = C[a + l * m];
        joint_forward(W + a * k, j->y_var, k);
        for (size_t l = 0; l < k; l++) mean[a] += W[l + a * k] * v[l];
    }
    for (size_t a = 0; a < m; a++) {
        for (size_t b = 0; b < m; b++) {
            for (size_t l = 0; l < k; l++) variance[a + b * m] -= W[l + a * k] * W[l + b * k];
        }
    }
    free(W);
}

static inline void joint_release_moments(joint_system *j)
{
    wide **const all[] = {&j->y_seen, &j->y_mean, &j->y_var, &j->s_mean, &j->s_var, &j->s_y};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        free(*all[k]);
        *all[k] = NULL;
    }
}

static inline wide joint_loglik_at(joint_system *j, double kappa)
{
    joint_moments(j, kappa);
    const wide value = joint_density(j);
    joint_release_moments(j);
    return value;
}

/* The log-likelihood; for a diffuse start the limit of log p + q/2 log kappa. */
static inline double joint_loglik(joint_system *j)
{
    if (!j->diffuse) return (double)joint_loglik_at(j, 0.0);
    const double q = (double)((j->n + 1) / 2), kappa = 1e9;
    const wide once = joint_loglik_at(j, kappa) + 0.5L * q * logl(kappa);
    const wide twice = joint_loglik_at(j, 2 * kappa) + 0.5L * q * logl(2 * kappa);
    return (double)(2 * twice - once); /* the error is of order 1/kappa */
}

#endif
