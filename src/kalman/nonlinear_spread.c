/* How a distribution goes through a function.
 *
 * Jacobian:      mean = f(x) + F (a - x),  D = U F'                                    (Jazwinski 1970)
 * Sigma points:  chi_i = a +- g u_i with u_i the rows of U, g^2 = n + lambda = alpha^2 (n + kappa),
 *     w_i = 1 / (2 g^2),  mean = f(a) + sum w_i (f(chi_i) - f(a)),  D_i = sqrt(w_i) (f(chi_i) - mean)
 *     and at the centre  w_0 = lambda / (n + lambda) + 1 - alpha^2 + beta              (van der Merwe 2004)
 * The mean is written with the differences because its weights, which sum to 1, are huge when alpha is small.
 *
 * Known value: for f(x) = x^2, x ~ N(0, 1) and alpha = 1, beta = 2, kappa = 0: mean 1, variance 2, exact. */
#include "kalman/nonlinear.h"

#include <math.h>
#include <string.h>

static const double difference_step = 6e-6; /* about the cube root of epsilon */

static ssm_status call(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size, const double *x,
                       double *value, double *jacobian)
{
    const size_t n = s->model.n;
    if (jacobian != NULL) memset(jacobian, 0, size * n * sizeof(double));
    SSMI_TRY(function(s->model.user, s->t, x, value, jacobian));
    int finite = 1;
    for (size_t i = 0; i < size; i++) finite &= isfinite(value[i]) != 0;
    for (size_t k = 0; jacobian != NULL && k < size * n; k++) finite &= isfinite(jacobian[k]) != 0;
    if (finite) return SSM_OK;
    return ssmi_fail(s->ctx, SSM_E_NUMERIC, "row %zu: the %s function returned a number that is not finite",
                     s->t, function == s->model.transition ? "transition" : "observation");
}

/* Columns of the Jacobian by central differences. */
static ssm_status differences(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                              const double *x, double *jacobian)
{
    const size_t n = s->model.n;
    memcpy(s->point, x, n * sizeof(double));
    for (size_t j = 0; j < n; j++) {
        const double step = difference_step * fmax(fabs(x[j]), 1.0);
        double *column = jacobian + j * size;
        s->point[j] = x[j] + step;
        SSMI_TRY(call(s, function, size, s->point, column, NULL));
        s->point[j] = x[j] - step;
        SSMI_TRY(call(s, function, size, s->point, s->value, NULL));
        s->point[j] = x[j];
        for (size_t i = 0; i < size; i++) column[i] -= s->value[i];
        if (function == s->model.observation && s->model.difference != NULL)
            s->model.difference(s->model.user, s->t, column);
        for (size_t i = 0; i < size; i++) column[i] /= 2.0 * step;
    }
    return SSM_OK;
}

ssm_status ssmi_nonlinear_value(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                                const double *x, double *value, double *jacobian)
{
    const int numeric = jacobian != NULL && s->options.numeric_jacobian;
    SSMI_TRY(call(s, function, size, x, value, numeric ? NULL : jacobian));
    return numeric ? differences(s, function, size, x, jacobian) : SSM_OK;
}

static ssm_status by_jacobian(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                              const double *x)
{
    const size_t n = s->model.n;
    ssmi_spread *out = &s->spread;
    SSMI_TRY(ssmi_nonlinear_value(s, function, size, x, out->mean, s->jacobian));
    out->m = n;
    out->centre_sign = 0;
    memcpy(out->X, s->U, n * n * sizeof(double));
    memset(out->D, 0, n * size * sizeof(double));
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < size; i++) {
            const double F = s->jacobian[i + j * size];
            out->mean[i] += F * (s->a[j] - x[j]);
            for (size_t k = 0; k <= j && F != 0.0; k++) out->D[k + i * n] += s->U[k + j * n] * F;
        }
    }
    return SSM_OK;
}

/* Row `row` of D: the function's value at a + sign * g * u_k, less `from`. */
static ssm_status sigma_row(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size, size_t row,
                            double reach, const double *from, int observed)
{
    const size_t n = s->model.n, m = 2 * n, k = row % n;
    for (size_t j = 0; j < n; j++) s->point[j] = s->a[j] + reach * s->U[k + j * n];
    SSMI_TRY(call(s, function, size, s->point, s->value, NULL));
    for (size_t i = 0; i < size; i++) s->value[i] -= from[i];
    if (observed && s->model.difference != NULL) s->model.difference(s->model.user, s->t, s->value);
    for (size_t i = 0; i < size; i++) s->spread.D[row + i * m] = s->value[i];
    return SSM_OK;
}

/* Turns differences from the value at a into weighted deviations from the mean. */
static void centre_rows(ssm_nonlinear_state *s, size_t size, double g)
{
    const size_t n = s->model.n, m = 2 * n;
    const ssm_nonlinear_options *o = &s->options;
    ssmi_spread *out = &s->spread;
    const double w = 0.5 / (g * g), root = sqrt(w);
    const double w0 = 1.0 - (double)n / (g * g) + 1.0 - o->alpha * o->alpha + o->beta;
    for (size_t i = 0; i < size; i++) {
        double *column = out->D + i * m, shift = 0.0;
        for (size_t k = 0; k < m; k++) shift += w * column[k];
        for (size_t k = 0; k < m; k++) column[k] = root * (column[k] - shift);
        out->mean[i] += shift;
        out->centre[i] = -shift * sqrt(fabs(w0));
    }
    out->centre_sign = (w0 > 0.0) - (w0 < 0.0);
    for (size_t k = 0; k < m; k++) {
        for (size_t j = 0; j < n; j++)
            out->X[k + j * m] = (k < n ? 1.0 : -1.0) * root * g * s->U[k % n + j * n];
    }
}

static ssm_status by_points(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                            int observed)
{
    const size_t n = s->model.n;
    const double g = s->options.alpha * sqrt((double)n + s->options.kappa);
    s->spread.m = 2 * n;
    SSMI_TRY(call(s, function, size, s->a, s->spread.mean, NULL));
    for (size_t k = 0; k < 2 * n; k++)
        SSMI_TRY(sigma_row(s, function, size, k, k < n ? g : -g, s->spread.mean, observed));
    centre_rows(s, size, g);
    return SSM_OK;
}

ssm_status ssmi_nonlinear_spread(ssm_nonlinear_state *s, ssm_nonlinear_function function, size_t size,
                                 const double *x, int observed)
{
    if (s->options.method == SSM_UKF) return by_points(s, function, size, observed);
    return by_jacobian(s, function, size, x);
}
