/* Scalar Kalman update and prediction with an exact diffuse start.
 *
 * Ordinary (Durbin & Koopman 2012, sec. 6.4), with M = P z', F = z M + h, v = y - z a:
 *     a <- a + M v / F                    P <- P - M M' / F
 * Diffuse (same book, eq. 5.15 in the univariate form of Koopman & Durbin 2003), variance P + kappa A A':
 *     w = z A    Finf = w w'    Minf = A w'    K = Minf / Finf    g = M - F K / 2
 *     a <- a + K v        P <- P - K g' - g K'        A <- A (I - w' w / Finf)
 * The last product is done by a Householder reflection that turns w into a single column, which is dropped:
 * A loses a column, and A A' the term Minf Minf' / Finf. P <- (I - K z) P (I - K z)' + h K K' is the same
 * update written out, so it stays non-negative.
 * Prediction:  a <- T a + c    P <- T P T' + R Q R'    A <- T A.
 *
 * Known value: Nile, variances 15099 and 1469.1: after the first row a = 1120 and P = 16568.1, and the second
 * innovation is 40 with F = 31667.1. */
#include "kalman/step.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* w counts as zero when it is this much smaller than what the rows of A have been: rounding leaves about
 * 1e-15 of a direction that has been removed. */
static const double diffuse_tolerance = 1e-10;
/* F counts as zero below this part of the variance that z reads at the start: what rounding leaves of P, and
 * of a factor of P. */
static const double zero_variance = 4 * DBL_EPSILON;
static const double zero_of_factors = 16 * DBL_EPSILON * (16 * DBL_EPSILON);
/* And then v counts as zero below this part of its terms. */
static const double zero_innovation = 1e-8;

void ssmi_kalman_state_init(ssmi_kalman_state *s, size_t n, double *memory)
{
    s->n = n;
    s->n_diffuse = 0;
    s->a = memory;
    s->reach = s->a + n;
    s->scale = s->reach + n;
    s->P = s->scale + n;
    s->A = s->P + n * n;
    s->work = s->A + n * n;
    s->zero = zero_variance;
}

void ssmi_kalman_trust_factors(ssmi_kalman_state *s)
{
    s->zero = zero_of_factors;
}

void ssmi_kalman_state_copy(ssmi_kalman_state *s, const ssmi_kalman_state *from)
{
    const size_t n = s->n;
    s->n_diffuse = from->n_diffuse;
    s->zero = from->zero;
    memcpy(s->a, from->a, n * sizeof(double));
    memcpy(s->reach, from->reach, n * sizeof(double));
    memcpy(s->scale, from->scale, n * sizeof(double));
    memcpy(s->P, from->P, n * n * sizeof(double));
    memcpy(s->A, from->A, n * from->n_diffuse * sizeof(double));
}

static void copy_or_zero(double *out, const double *in, size_t count)
{
    if (in != NULL)
        memcpy(out, in, count * sizeof(double));
    else
        for (size_t i = 0; i < count; i++) out[i] = 0.0;
}

static void extend_reach(ssmi_kalman_state *s)
{
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0.0;
        for (size_t j = 0; j < s->n_diffuse; j++) sum += s->A[i + j * s->n] * s->A[i + j * s->n];
        s->reach[i] = fmax(s->reach[i], sqrt(sum));
    }
}

void ssmi_kalman_extend_scale(ssmi_kalman_state *s)
{
    for (size_t i = 0; i < s->n; i++) s->scale[i] = fmax(s->scale[i], s->P[i + i * s->n]);
}

void ssmi_kalman_start(ssmi_kalman_state *s, const double *a1, const double *P1, const double *A,
                       size_t n_diffuse, const ssmi_entries *shock)
{
    const size_t n = s->n;
    copy_or_zero(s->a, a1, n);
    copy_or_zero(s->P, P1, n * n);
    memcpy(s->A, A, n * n_diffuse * sizeof(double));
    s->n_diffuse = n_diffuse;
    copy_or_zero(s->reach, NULL, n);
    copy_or_zero(s->scale, NULL, n);
    for (size_t e = 0; e < shock->count; e++) {
        if (shock->place[e] == shock->mirror[e]) s->scale[shock->place[e] / n] = shock->value[e];
    }
    extend_reach(s);
    ssmi_kalman_extend_scale(s);
}

double ssmi_kalman_diffuse_direction(double *w, const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i)
{
    double length = 0.0, reach = 0.0;
    for (size_t j = 0; j < s->n_diffuse; j++) {
        w[j] = ssmi_rows_dot(Z, i, s->A + j * s->n);
        length += w[j] * w[j];
    }
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) {
        const double term = Z->value[e] * s->reach[Z->column[e]];
        reach += term * term;
    }
    return length > diffuse_tolerance * diffuse_tolerance * reach ? length : 0.0;
}

/* Reflects the columns of A so that only one has z A != 0, and drops that one. */
void ssmi_kalman_remove_direction(ssmi_kalman_state *s, double *w, double length)
{
    const size_t n = s->n, last = s->n_diffuse - 1;
    size_t pivot = 0;
    for (size_t j = 1; j <= last; j++) {
        if (fabs(w[j]) > fabs(w[pivot])) pivot = j;
    }
    const double norm = sqrt(length), old = w[pivot];
    w[pivot] += copysign(norm, old); /* w is now the Householder vector */
    const double beta = 1.0 / (length + fabs(old) * norm);
    for (size_t i = 0; i < n; i++) {
        double dot = 0.0;
        for (size_t j = 0; j <= last; j++) dot += s->A[i + j * n] * w[j];
        dot *= beta;
        for (size_t j = 0; j <= last; j++) s->A[i + j * n] -= dot * w[j];
    }
    if (pivot != last) memcpy(s->A + pivot * n, s->A + last * n, n * sizeof(double));
    s->n_diffuse = last;
}

static void update_diffuse(ssmi_kalman_state *s, double *w, const double *M, double *Minf,
                           const ssmi_innovation *in)
{
    const size_t n = s->n;
    double *K = s->work + n, *g = K + n; /* w is in front of them */
    for (size_t i = 0; i < n; i++) {
        Minf[i] = 0.0;
        for (size_t j = 0; j < s->n_diffuse; j++) Minf[i] += s->A[i + j * n] * w[j];
        K[i] = Minf[i] / in->Finf;
        g[i] = M[i] - 0.5 * in->F * K[i];
        s->a[i] += K[i] * in->v;
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < n; i++) s->P[i + j * n] -= K[i] * g[j] + g[i] * K[j];
    }
    ssmi_kalman_remove_direction(s, w, in->Finf);
    if (s->n_diffuse == 0) ssmi_kalman_extend_scale(s);
}

static void update_ordinary(ssmi_kalman_state *s, const ssmi_rows *Z, const double *restrict M, double v,
                            double F)
{
    const size_t n = s->n;
    const double inverse = 1.0 / F, root = sqrt(inverse), step = v * inverse;
    double *restrict u = s->work, *restrict a = s->a;
    for (size_t i = 0; i < n; i++) {
        a[i] += M[i] * step;
        u[i] = M[i] * root;
    }
    ssmi_rows_downdate(s->P, u, 1, Z, n);
}

/* Variance of y if the states were as uncertain as at the start, and independent. */
static double variance_at_start(const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h)
{
    double variance = h;
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++)
        variance += Z->value[e] * Z->value[e] * s->scale[Z->column[e]];
    return variance;
}

double ssmi_kalman_least_variance(const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h)
{
    return s->zero * variance_at_start(s, Z, i, h);
}

/* F is zero: is v? */
static ssmi_kalman_kind judge_certain(const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h,
                                      double y, double v)
{
    double size = fabs(y) + sqrt(variance_at_start(s, Z, i, h));
    for (size_t e = Z->start[i]; e < Z->start[i + 1]; e++) size += fabs(Z->value[e] * s->a[Z->column[e]]);
    return fabs(v) <= zero_innovation * size ? SSMI_KALMAN_CERTAIN : SSMI_KALMAN_CONTRADICTION;
}

ssmi_kalman_kind ssmi_kalman_judge(const ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h,
                                   double y, double v, double F)
{
    if (F <= ssmi_kalman_least_variance(s, Z, i, h)) return judge_certain(s, Z, i, h, y, v);
    return SSMI_KALMAN_ORDINARY;
}

ssmi_innovation ssmi_kalman_update(ssmi_kalman_state *s, const ssmi_rows *Z, size_t i, double h, double y,
                                   double *M, double *Minf)
{
    ssmi_innovation in = {.kind = SSMI_KALMAN_ORDINARY};
    ssmi_rows_combine(M, s->P, Z, i, s->n);
    in.v = y - ssmi_rows_dot(Z, i, s->a);
    in.F = ssmi_rows_dot(Z, i, M) + h;
    if (s->n_diffuse > 0) {
        in.Finf = ssmi_kalman_diffuse_direction(s->work, s, Z, i);
        if (in.Finf > 0.0) {
            in.kind = SSMI_KALMAN_DIFFUSE;
            update_diffuse(s, s->work, M, Minf, &in);
            return in;
        }
    }
    in.kind = ssmi_kalman_judge(s, Z, i, h, y, in.v, in.F);
    if (in.kind == SSMI_KALMAN_ORDINARY) update_ordinary(s, Z, M, in.v, in.F);
    return in;
}

/* The lower triangle alone. */
static void add_lower(double *restrict X, const ssmi_entries *entries, size_t n)
{
    if (entries->count == n * (n + 1) / 2) { /* all of it */
        const double *restrict value = entries->value;
        for (size_t j = 0; j < n; j++) {
            for (size_t i = j; i < n; i++) X[i + j * n] += *value++;
        }
        return;
    }
    for (size_t e = 0; e < entries->count; e++) X[entries->place[e]] += entries->value[e];
}

void ssmi_entries_add(double *X, const ssmi_entries *entries)
{
    for (size_t e = 0; e < entries->count; e++) {
        X[entries->place[e]] += entries->value[e];
        if (entries->place[e] != entries->mirror[e]) X[entries->mirror[e]] += entries->value[e];
    }
}

void ssmi_kalman_close_diffuse(ssmi_kalman_state *s, double variance)
{
    const size_t n = s->n;
    for (size_t j = 0; j < s->n_diffuse; j++) {
        const double *a = s->A + j * n;
        for (size_t k = 0; k < n * n; k++) s->P[k] += variance * a[k % n] * a[k / n];
    }
    s->n_diffuse = 0;
}

void ssmi_kalman_predict_mean(ssmi_kalman_state *s, const ssmi_rows *T, const double *c)
{
    ssmi_rows_move(s->a, T, s->work);
    for (size_t i = 0; c != NULL && i < s->n; i++) s->a[i] += c[i];
}

void ssmi_kalman_predict_diffuse(ssmi_kalman_state *s, const ssmi_rows *T)
{
    for (size_t j = 0; j < s->n_diffuse; j++) ssmi_rows_move(s->A + j * s->n, T, s->work);
    if (s->n_diffuse > 0) extend_reach(s);
}

void ssmi_kalman_predict(ssmi_kalman_state *s, const ssmi_rows *T, const ssmi_entries *shock, const double *c)
{
    ssmi_kalman_predict_mean(s, T, c);
    if (ssmi_rows_congruence_lower(s->P, T, s->work, s->n)) {
        add_lower(s->P, shock, s->n);
        ssmi_rows_mirror(s->P, T, s->n);
    } else {
        ssmi_entries_add(s->P, shock);
    }
    ssmi_kalman_predict_diffuse(s, T);
}
