/* Starting poles and derivatives of a step. With u = lambda dt and phi(u) = (exp(u) - 1)/u:
 *
 *     zero-order hold   a = exp(u)              w = dt phi(u)      a' = a u'   w_lambda = dt^2 phi'(u)   w_dt
 * = a bilinear          a = (1+u/2)/(1-u/2)     w = dt/(1-u/2)     with m = 1/(1-u/2): a' = m^2 u' w_lambda =
 * dt^2 m^2/2   w_dt = m^2 Euler-B           a = exp(u)              w = dt
 *
 * Known value: HiPPO-LegS of size 2 has the normal part's eigenvalues -1/2 +- i sqrt(3)/2. */
#include "neural/s4d.h"

#include "core/lapack.h"
#include <complex.h>
#include <math.h>
#include <stdlib.h>

static const double pi = 3.14159265358979324;

/* phi'(u) = (exp(u) (u - 1) + 1)/u^2; its series where that cancels: the terms left out are below rounding.
 */
static double complex phi_slope(double complex u)
{
    if (cabs(u) > 0.1) return (cexp(u) * (u - 1) + 1) / (u * u);
    double complex sum = 0, power = 1;
    double factorial = 1; /* (k + 1)! */
    for (int k = 1; k < 12; k++, power *= u) {
        factorial *= k + 1;
        sum += k * power / factorial;
    }
    return sum;
}

static void put(double out[2], double complex z)
{
    out[0] = creal(z);
    out[1] = cimag(z);
}

ssmi_s4d_slopes ssmi_s4d_slopes_of(const double lambda[2], double dt, ssmi_rule rule)
{
    const double complex l = lambda[0] + lambda[1] * I, u = l * dt;
    const double complex m = 1 / (1 - u / 2), slope = rule == SSMI_BILINEAR ? m * m : cexp(u);
    ssmi_s4d_slopes s = {.w_dt = {1, 0}};
    put(s.a_lambda, dt * slope);
    put(s.a_dt, l * slope);
    if (rule == SSMI_EULER_B) return s;
    put(s.w_lambda, dt * dt * (rule == SSMI_BILINEAR ? slope / 2 : phi_slope(u)));
    put(s.w_dt, slope);
    return s;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A + P P' of HiPPO-LegS, P_n = sqrt(n + 1/2): -1/2 on the diagonal and else antisymmetric (Gu, Goel & Re
 * 2021, appendix B). */
static ssm_status legs_poles(double *lambda, size_t pairs, ssm_arena *tmp)
{
    const size_t N = 2 * pairs;
    double *A = SSMI_ALLOC(tmp, double, N *N), *pole = SSMI_ALLOC(tmp, double, 2 * N);
    if (A == NULL || pole == NULL) return SSM_E_MEMORY;
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            const double half = 0.5 * sqrt((2 * (double)i + 1) * (2 * (double)j + 1));
            A[j * N + i] = i == j ? 0 : i > j ? -half : half;
        }
    }
    SSMI_TRY(ssmi_eigen(pole, NULL, A, N, tmp));
    size_t n = 0;
    for (size_t i = 0; i < N && n < pairs; i++)
        if (pole[N + i] > 0) lambda[pairs + n++] = pole[N + i];
    if (n < pairs) return ssmi_fail(tmp->ctx, SSM_E_NUMERIC, "HiPPO matrix of size %zu has a real pole", N);
    qsort(lambda + pairs, pairs, sizeof *lambda, ascending);
    return SSM_OK;
}

ssm_status ssmi_s4d_poles(double *lambda, size_t pairs, ssmi_s4d_start start, ssm_arena *tmp)
{
    const double N = 2 * (double)pairs;
    const ssmi_mark mark = ssmi_arena_mark(tmp);
    for (size_t n = 0; n < pairs; n++) {
        lambda[n] = -0.5;
        lambda[pairs + n] = start == SSMI_S4D_LIN ? pi * (double)n : N / pi * (N / (2 * (double)n + 1) - 1);
    }
    const ssm_status status = start == SSMI_S4D_LEGS ? legs_poles(lambda, pairs, tmp) : SSM_OK;
    ssmi_arena_rewind(tmp, mark);
    return status;
}

size_t ssmi_s4d_tiles(size_t length)
{
    return (length + SSMI_S4D_TILE - 1) / SSMI_S4D_TILE;
}

size_t ssmi_s4d_fft_size(size_t length)
{
    size_t n = 2;
    while (n < 2 * length) n *= 2;
    return n;
}
