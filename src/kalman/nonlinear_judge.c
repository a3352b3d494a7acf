/* What is made of an observed value before it is taken in: gate and weight.
 *
 *     F = S + h      S: variance of the prediction, h: of the error, v: innovation
 *     gate           |v| > gate sqrt(F): not taken in
 *     weight w       the error gets the variance h / w;  r = (h/w) v / (S + h/w)  is then its estimate,
 *                    of variance  c = (h/w) - (h/w)^2 / (S + h/w)
 *         Huber      w = min(1, k / |r / sqrt(h)|)
 *         Student    w = (nu + 1) / (nu + (r^2 + c) / h)      (Piche, Sarkka & Hartikainen 2012, eq. 13-16)
 * The weight is the fixed point of its formula: Huber's is linear in w, Student's is found by iteration from
 * 1. Each value of a row is judged by itself, before any of the row is taken in, so that a bad sensor does
 * not make a good one look bad.
 *
 * Known value: Student, nu = 4, S = h = 1, v = 0: w = 5 / (4 + 1 / (1 + w)) = sqrt(5) / 2. */
#include "kalman/nonlinear.h"

#include <math.h>

enum { most_iterations = 100 };

typedef double (*weigher)(double parameter, double v, double S, double h);

/* r / sqrt(h) = k is linear in w. */
static double huber(double k, double v, double S, double h)
{
    const double a = k / (sqrt(h) * fabs(v));
    return a * (S + h) < 1.0 ? a * h / (1.0 - a * S) : 1.0;
}

static double student(double nu, double v, double S, double h)
{
    double w = 1.0;
    for (int k = 0; k < most_iterations; k++) {
        const double scaled = h / w, share = scaled / (S + scaled), r = share * v;
        const double next = (nu + 1.0) / (nu + (r * r + scaled - share * scaled) / h);
        const double change = fabs(next - w);
        w = next;
        if (change <= 1e-12 * w) break;
    }
    return w;
}

static const weigher weighers[] = {
    [SSM_ROBUST_NONE] = NULL, [SSM_ROBUST_HUBER] = huber, [SSM_ROBUST_STUDENT] = student};

static double weigh(const ssm_nonlinear_options *o, double v, double S, double h)
{
    const weigher way = weighers[o->robust];
    return way != NULL && h > 0.0 ? way(o->robust_parameter, v, S, h) : 1.0;
}

void ssmi_nonlinear_judge(ssm_nonlinear_state *s, const double *y)
{
    const size_t p = s->model.p, m = s->spread.m;
    const double *H = s->model.H.data != NULL ? s->model.H.data + s->t * s->model.H.stride : NULL;
    for (size_t i = 0; i < p; i++) s->v[i] = y[i] - s->spread.mean[i];
    if (s->model.difference != NULL) s->model.difference(s->model.user, s->t, s->v);
    for (size_t i = 0; i < p; i++) {
        ssm_nonlinear_point *point = s->judged + i;
        *point = (ssm_nonlinear_point){.innovation = NAN, .variance = NAN};
        if (isnan(y[i])) continue;
        const double *D = s->spread.D + i * m, h = H != NULL ? H[i + i * p] : 0.0, c = s->spread.centre[i];
        double S = s->spread.centre_sign * c * c;
        for (size_t k = 0; k < m; k++) S += D[k] * D[k];
        S = fmax(S, 0.0);
        point->innovation = s->v[i];
        point->variance = S + h;
        point->gated = s->options.gate > 0.0 && fabs(s->v[i]) > s->options.gate * sqrt(S + h);
        point->weight = point->gated ? 0.0 : weigh(&s->options, s->v[i], S, h);
    }
}
