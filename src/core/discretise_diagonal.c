/* Discretisation of diagonal systems, z = lambda dt:
 *
 *     zero-order hold  a = exp(z)                  w = dt phi(z),  phi(z) = (exp(z) - 1) / z
 *     bilinear         a = (1 + z/2) / (1 - z/2)   w = dt / (1 - z/2)
 *     Euler-B          a = exp(z)                  w = dt
 *
 * (Gu, Goel & Ré 2022, S4, eq. 3; Gu & Dao 2023, Mamba, eq. 4; phi is phi_1 of Higham 2008, section 10.7.4.)
 * Known value: lambda = -1, dt = log 2: a = 1/2, w = 1/2 by the hold. */
#include "core/discretise.h"

#include <math.h>

typedef struct complex_number {
    double re, im;
} complex_number;

typedef struct real_step {
    double a, w;
} real_step;

typedef struct complex_step {
    complex_number a, w;
} complex_step;

/* ---- real ---- */

static real_step real_hold(double z, double dt)
{
    /* expm1 is accurate near 0, so the quotient is too, down to the smallest z */
    return (real_step){exp(z), z != 0 ? dt * (expm1(z) / z) : dt};
}

static real_step real_bilinear(double z, double dt)
{
    return (real_step){(1 + z / 2) / (1 - z / 2), dt / (1 - z / 2)};
}

static real_step real_euler_b(double z, double dt)
{
    return (real_step){exp(z), dt};
}

static real_step (*const real_rules[])(double, double) = {
    [SSMI_ZERO_ORDER_HOLD] = real_hold, [SSMI_BILINEAR] = real_bilinear, [SSMI_EULER_B] = real_euler_b};

void ssmi_discretise_diagonal(double *a, double *w, const double *lambda, double dt, size_t n, ssmi_rule rule)
{
    for (size_t i = 0; i < n; i++) {
        const real_step step = real_rules[rule](lambda[i] * dt, dt);
        a[i] = step.a;
        w[i] = step.w;
    }
}

/* ---- complex ---- */

static complex_number divide(complex_number x, complex_number y)
{
    const double size = y.re * y.re + y.im * y.im;
    return (complex_number){(x.re * y.re + x.im * y.im) / size, (x.im * y.re - x.re * y.im) / size};
}

static complex_number exponential(complex_number z)
{
    const double size = exp(z.re);
    return (complex_number){size * cos(z.im), size * sin(z.im)};
}

/* exp(z) - 1 = expm1(x) cos y - 2 sin^2(y/2) + i exp(x) sin y; near 0 the quotient is the series 1 + z/2 +
 * z^2/6, whose rest is below rounding for |z| < 1e-6. */
static complex_number phi(complex_number z)
{
    if (fabs(z.re) < 1e-6 && fabs(z.im) < 1e-6) {
        const complex_number square = {z.re * z.re - z.im * z.im, 2 * z.re * z.im};
        return (complex_number){1 + z.re / 2 + square.re / 6, z.im / 2 + square.im / 6};
    }
    const double half_sine = sin(z.im / 2);
    const complex_number change = {expm1(z.re) * cos(z.im) - 2 * half_sine * half_sine,
                                   exp(z.re) * sin(z.im)};
    return divide(change, z);
}

static complex_step complex_hold(complex_number z, double dt)
{
    const complex_number factor = phi(z);
    return (complex_step){exponential(z), {dt * factor.re, dt * factor.im}};
}

static complex_step complex_bilinear(complex_number z, double dt)
{
    const complex_number above = {1 + z.re / 2, z.im / 2}, below = {1 - z.re / 2, -z.im / 2};
    return (complex_step){divide(above, below), divide((complex_number){dt, 0}, below)};
}

static complex_step complex_euler_b(complex_number z, double dt)
{
    return (complex_step){exponential(z), {dt, 0}};
}

static complex_step (*const complex_rules[])(complex_number, double) = {[SSMI_ZERO_ORDER_HOLD] = complex_hold,
                                                                        [SSMI_BILINEAR] = complex_bilinear,
                                                                        [SSMI_EULER_B] = complex_euler_b};

void ssmi_discretise_diagonal_complex(double *a, double *w, const double *lambda, double dt, size_t n,
                                      ssmi_rule rule)
{
    for (size_t i = 0; i < n; i++) {
        const complex_number z = {lambda[i] * dt, lambda[n + i] * dt};
        const complex_step step = complex_rules[rule](z, dt);
        a[i] = step.a.re, a[n + i] = step.a.im;
        w[i] = step.w.re, w[n + i] = step.w.im;
    }
}
