/* Parameter transforms, one row of a table each.
 *
 * Autoregressions (Monahan 1984; Jones 1980): partial autocorrelations r_k = tanh(theta_k), then
 *     phi_{k,k} = r_k,    phi_{k,j} = phi_{k-1,j} - r_k phi_{k-1,k-j}
 * and backwards  phi_{k-1,j} = (phi_{k,j} + r_k phi_{k,k-j}) / (1 - r_k^2).
 *
 * Known value: theta = (1, 1, 1) gives (-0.3984572, 0.6233126, 0.7615942) (KFAS). */
#include "kalman/transform.h"

#include <math.h>
#include <string.h>

enum { longest_block = 4096 };

/* A scalar transform; `reach` is how far theta may go from the start (log scale) or from zero. */
typedef struct rule {
    double (*apply)(const ssm_parameter *p, double theta);
    double (*invert)(const ssm_parameter *p, double x); /* NaN outside the range */
    double (*slope)(const ssm_parameter *p, double theta);
    double reach;
    int relative; /* bounds are around the start */
    int has_edge;
} rule;

static double unit(const ssm_parameter *p)
{
    return p->start != 0.0 && isfinite(p->start) ? fabs(p->start) : 1.0;
}

static double free_apply(const ssm_parameter *p, double theta)
{
    return theta * unit(p);
}

static double free_invert(const ssm_parameter *p, double x)
{
    return x / unit(p);
}

static double free_slope(const ssm_parameter *p, double theta)
{
    (void)theta;
    return unit(p);
}

static double log_apply(const ssm_parameter *p, double theta)
{
    (void)p;
    return exp(theta);
}

static double log_invert(const ssm_parameter *p, double x)
{
    (void)p;
    return x > 0.0 ? log(x) : NAN;
}

static double softplus_apply(const ssm_parameter *p, double theta)
{
    (void)p;
    return theta > 0.0 ? theta + log1p(exp(-theta)) : log1p(exp(theta));
}

static double softplus_invert(const ssm_parameter *p, double x)
{
    (void)p;
    return x > 0.0 ? x + log(-expm1(-x)) : NAN;
}

static double sigmoid(double theta)
{
    return 1.0 / (1.0 + exp(-theta));
}

static double softplus_slope(const ssm_parameter *p, double theta)
{
    (void)p;
    return sigmoid(theta);
}

static double interval_apply(const ssm_parameter *p, double theta)
{
    return p->low + (p->high - p->low) * sigmoid(theta);
}

static double interval_invert(const ssm_parameter *p, double x)
{
    return x > p->low && x < p->high ? log((x - p->low) / (p->high - x)) : NAN;
}

static double interval_slope(const ssm_parameter *p, double theta)
{
    return (p->high - p->low) * sigmoid(theta) * sigmoid(-theta);
}

static double partial_apply(const ssm_parameter *p, double theta)
{
    (void)p;
    return tanh(theta);
}

static double partial_invert(const ssm_parameter *p, double x)
{
    (void)p;
    return fabs(x) < 1.0 ? atanh(x) : NAN;
}

static double partial_slope(const ssm_parameter *p, double theta)
{
    (void)p;
    return 1.0 / (cosh(theta) * cosh(theta));
}

static const rule rules[] = {
    [SSM_FREE] = {free_apply, free_invert, free_slope, 1e12, 0, 0},
    [SSM_VARIANCE] = {log_apply, log_invert, log_apply, 40.0, 1, 1},
    [SSM_POSITIVE] = {softplus_apply, softplus_invert, softplus_slope, 700.0, 1, 0},
    [SSM_INTERVAL] = {interval_apply, interval_invert, interval_slope, 15.0, 0, 1},
    [SSM_STATIONARY] = {partial_apply, partial_invert, partial_slope, 8.0, 0, 1},
    [SSM_INVERTIBLE] = {partial_apply, partial_invert, partial_slope, 8.0, 0, 1},
};

static double sign_of(const ssm_parameter *p)
{
    return p->transform == SSM_INVERTIBLE ? -1.0 : 1.0;
}

static int is_block(const ssm_parameter *p)
{
    return p->transform == SSM_STATIONARY || p->transform == SSM_INVERTIBLE;
}

static const char *name_of(const ssm_parameter *p)
{
    return p->name != NULL ? p->name : "";
}

static ssm_status check_block(ssm_context *ctx, const ssm_parameter *parameter, size_t k, size_t n)
{
    const size_t order = parameter[k].order;
    if (order == 0 || order > n - k || order > longest_block)
        return ssmi_fail(ctx, SSM_E_ARGUMENT,
                         "parameter %zu \"%s\": a block of order %zu among %zu parameters", k,
                         name_of(parameter + k), order, n);
    for (size_t j = k + 1; j < k + order; j++) {
        if (parameter[j].transform != parameter[k].transform || parameter[j].order != 0)
            return ssmi_fail(ctx, SSM_E_ARGUMENT,
                             "parameter %zu \"%s\" lies in the block of %zu that begins at parameter %zu "
                             "\"%s\", so it needs the same transform, and order 0",
                             j, name_of(parameter + j), order, k, name_of(parameter + k));
    }
    return SSM_OK;
}

ssm_status ssmi_transform_check(ssm_context *ctx, const ssm_parameter *parameter, size_t n)
{
    for (size_t k = 0; k < n;) {
        const ssm_parameter *p = parameter + k;
        if ((unsigned)p->transform > SSM_INVERTIBLE)
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "parameter %zu \"%s\": unknown transform", k, name_of(p));
        if (p->transform == SSM_INTERVAL && !(p->low < p->high && isfinite(p->low) && isfinite(p->high)))
            return ssmi_fail(ctx, SSM_E_ARGUMENT, "parameter %zu \"%s\": the interval %g to %g is empty", k,
                             name_of(p), p->low, p->high);
        if (is_block(p)) SSMI_TRY(check_block(ctx, parameter, k, n));
        k += is_block(p) ? p->order : 1;
    }
    return SSM_OK;
}

/* Partial autocorrelations to coefficients, in place: j and its mirror at a time. */
static void levinson(double *phi, size_t order)
{
    for (size_t k = 1; k < order; k++) {
        for (size_t j = 0; 2 * j < k; j++) {
            const double left = phi[j], right = phi[k - 1 - j];
            phi[j] = left - phi[k] * right;
            phi[k - 1 - j] = right - phi[k] * left;
        }
    }
}

/* And back. Outside the stationary region it ends at a partial autocorrelation of size 1 or more. */
static void levinson_back(double *phi, size_t order)
{
    for (size_t k = order - 1; k > 0 && fabs(phi[k]) < 1.0; k--) {
        const double scale = 1.0 / ((1.0 - phi[k]) * (1.0 + phi[k]));
        for (size_t j = 0; 2 * j < k; j++) {
            const double left = phi[j], right = phi[k - 1 - j];
            phi[j] = (left + phi[k] * right) * scale;
            phi[k - 1 - j] = (right + phi[k] * left) * scale;
        }
    }
}

void ssmi_transform_apply(const ssm_parameter *parameter, size_t n, const double *theta, double *x)
{
    for (size_t k = 0; k < n; k++) x[k] = rules[parameter[k].transform].apply(parameter + k, theta[k]);
    for (size_t k = 0; k < n; k++) {
        if (!is_block(parameter + k) || parameter[k].order == 0) continue;
        levinson(x + k, parameter[k].order);
        for (size_t j = 0; j < parameter[k].order; j++) x[k + j] *= sign_of(parameter + k);
    }
}

/* dx / dtheta of a block by central differences: it is smooth and costs nothing beside a likelihood. */
static void block_slope(const ssm_parameter *parameter, size_t order, const double *theta, double *J,
                        size_t n, double *work)
{
    const double step = 6e-6;
    double *point = work, *above = work + order, *below = work + 2 * order;
    memcpy(point, theta, order * sizeof *theta);
    for (size_t k = 0; k < order; k++) {
        point[k] = theta[k] + step;
        ssmi_transform_apply(parameter, order, point, above);
        point[k] = theta[k] - step;
        ssmi_transform_apply(parameter, order, point, below);
        point[k] = theta[k];
        for (size_t j = 0; j < order; j++) J[j + k * n] = (above[j] - below[j]) / (2.0 * step);
    }
}

void ssmi_transform_slope(const ssm_parameter *parameter, size_t n, const double *theta, double *J,
                          double *work)
{
    memset(J, 0, n * n * sizeof *J);
    for (size_t k = 0; k < n;) {
        const size_t order = is_block(parameter + k) ? parameter[k].order : 1;
        if (order > 1)
            block_slope(parameter + k, order, theta + k, J + k + k * n, n, work);
        else
            J[k + k * n] =
                sign_of(parameter + k) * rules[parameter[k].transform].slope(parameter + k, theta[k]);
        k += order;
    }
}

void ssmi_transform_bounds(const ssm_parameter *parameter, double start, double *low, double *high)
{
    const rule *r = rules + parameter->transform;
    *low = (r->relative ? start : 0.0) - r->reach;
    *high = (r->relative ? start : 0.0) + r->reach;
}

int ssmi_transform_at_edge(const ssm_parameter *parameter, double theta, double low, double high)
{
    if (!rules[parameter->transform].has_edge) return 0;
    return theta - low < 1e-3 * (high - low) || high - theta < 1e-3 * (high - low);
}

ssm_status ssm_transform_apply(ssm_context *ctx, const ssm_parameter *parameter, size_t n,
                               const double *theta, double *x)
{
    SSMI_TRY(ssmi_transform_check(ctx, parameter, n));
    ssmi_transform_apply(parameter, n, theta, x);
    return SSM_OK;
}

ssm_status ssm_transform_invert(ssm_context *ctx, const ssm_parameter *parameter, size_t n, const double *x,
                                double *theta)
{
    SSMI_TRY(ssmi_transform_check(ctx, parameter, n));
    double *partial = ssmi_resize(ctx, NULL, n > 0 ? n : 1, sizeof *partial);
    if (partial == NULL) return SSM_E_MEMORY;
    ssm_status status = SSM_OK;
    for (size_t k = 0; k < n; k++) partial[k] = sign_of(parameter + k) * x[k];
    for (size_t k = 0; k < n; k++) {
        if (is_block(parameter + k) && parameter[k].order > 1) levinson_back(partial + k, parameter[k].order);
    }
    for (size_t k = 0; status == SSM_OK && k < n; k++) {
        partial[k] = rules[parameter[k].transform].invert(parameter + k, partial[k]);
        if (isfinite(partial[k])) continue;
        status = ssmi_fail(ctx, SSM_E_DATA, "parameter %zu \"%s\": %g is out of range", k,
                           name_of(parameter + k), x[k]);
    }
    if (status == SSM_OK) memcpy(theta, partial, n * sizeof *theta);
    ssmi_release(ctx, partial);
    return status;
}
