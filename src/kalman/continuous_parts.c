/* How each part moves over a gap d, in closed form (Harvey 1989, sec. 8.2, 9.1 to 9.3). With E = 1 -
 * exp(-rate d), and variances v of the level and u of the slope:
 *
 *     TREND     Q = [v d + u d^3/3, u d^2/2; ., u d]
 *     DAMPED    T = [1, E/rate; 0, 1 - E]
 *               Q = [v d + u/rate^3 (-log(1 - E) - E - E^2/2), u/2 (E/rate)^2; ., u/(2 rate) E (2 - E)]
 *     REVERTING T = exp(-rate d),  Q = v (1 - exp(-2 rate d)),  v the stationary variance
 *     TURNING   the same decay times a rotation by `turn` d turns; HARMONIC: the rotation, Q = v d I
 *
 * -log(1 - E) - E - E^2/2 cancels for small E, where its series E^3/3 + E^4/4 + ... is summed instead.
 *
 * Known value: DAMPED, v = 0, u = rate = d = 1: Q_00 = 1 - E - E^2/2 = 0.1680912, T_01 = E = 1 - 1/e. */
#include "kalman/continuous.h"

#include <math.h>

static const double two_pi = 6.283185307179586477;

static void move_wiener(double *T, double *Q, const ssmi_part *p, double d)
{
    T[0] = 1.0;
    Q[0] = p->variance * d;
}

static void move_trend(double *T, double *Q, const ssmi_part *p, double d)
{
    T[0] = T[3] = 1.0;
    T[1] = 0.0;
    T[2] = d;
    Q[0] = p->variance * d + p->slope * d * d * d / 3.0;
    Q[1] = Q[2] = p->slope * d * d / 2.0;
    Q[3] = p->slope * d;
}

/* x - E - E^2/2 with x = -log(1 - E). */
static double third_order_rest(double x, double E)
{
    if (E > 0.25) return x - E - 0.5 * E * E;
    double sum = 0.0, power = E * E * E;
    for (int k = 3; k < 32; k++) {
        sum += power / k;
        power *= E;
    }
    return sum;
}

static void move_damped(double *T, double *Q, const ssmi_part *p, double d)
{
    const double rate = p->rate, E = -expm1(-rate * d), reach = E / rate;
    T[0] = 1.0;
    T[1] = 0.0;
    T[2] = reach;
    T[3] = 1.0 - E;
    Q[0] = p->variance * d + p->slope * third_order_rest(rate * d, E) / (rate * rate * rate);
    Q[1] = Q[2] = 0.5 * p->slope * reach * reach;
    Q[3] = 0.5 * p->slope * reach * (2.0 - E);
}

static void move_reverting(double *T, double *Q, const ssmi_part *p, double d)
{
    T[0] = exp(-p->rate * d);
    Q[0] = -p->variance * expm1(-2.0 * p->rate * d);
}

static void rotate(double *T, double turns, double shrink)
{
    const double angle = two_pi * fmod(turns, 1.0);
    T[0] = T[3] = shrink * cos(angle);
    T[2] = shrink * sin(angle);
    T[1] = -T[2];
}

static void set_both(double *Q, double variance)
{
    Q[0] = Q[3] = variance;
    Q[1] = Q[2] = 0.0;
}

static void move_turning(double *T, double *Q, const ssmi_part *p, double d)
{
    rotate(T, p->turn * d, exp(-p->rate * d));
    set_both(Q, -p->variance * expm1(-2.0 * p->rate * d));
}

static void move_harmonic(double *T, double *Q, const ssmi_part *p, double d)
{
    rotate(T, p->turn * d, 1.0);
    set_both(Q, p->variance * d);
}

static const struct {
    size_t states;
    void (*move)(double *T, double *Q, const ssmi_part *p, double d);
} motions[SSMI_MOTIONS] = {
    [SSMI_WIENER] = {1, move_wiener},   [SSMI_TREND] = {2, move_trend},
    [SSMI_DAMPED] = {2, move_damped},   [SSMI_REVERTING] = {1, move_reverting},
    [SSMI_TURNING] = {2, move_turning}, [SSMI_HARMONIC] = {2, move_harmonic},
};

size_t ssmi_part_states(ssmi_motion motion)
{
    return motions[motion].states;
}

void ssmi_part_move(double *T, double *Q, const ssmi_part *part, double gap)
{
    motions[part->motion].move(T, Q, part, gap);
}
