/* An extended Kalman filter of one's own: a pendulum of which a noisy sine of its angle is seen.
 *
 *     angle' = speed,   speed' = -g sin(angle) + noise,   y = sin(angle) + error     (Sarkka 2013,
 * example 5.1)
 *
 * A model is two functions with their Jacobians and two variances. Of 500 rows 50 are missing and one is
 * spoilt; the gate names it. Prints how far the filter is from the truth, and what it left out. */
#include <math.h>
#include <ssmcast/ssmcast.h>
#include <stdio.h>

enum { ROWS = 500 };
static const double dt = 0.01, g = 9.8;

static ssm_status swing(void *user, size_t t, const double *x, double *next, double *F)
{
    (void)user, (void)t;
    next[0] = x[0] + dt * x[1];
    next[1] = x[1] - dt * g * sin(x[0]);
    if (F == NULL) return SSM_OK;
    F[0] = 1, F[2] = dt; /* column-major: F[i + 2 j] = d next_i / d x_j */
    F[1] = -dt * g * cos(x[0]), F[3] = 1;
    return SSM_OK;
}

static ssm_status see(void *user, size_t t, const double *x, double *y, double *Z)
{
    (void)user, (void)t;
    y[0] = sin(x[0]);
    if (Z != NULL) Z[0] = cos(x[0]);
    return SSM_OK;
}

/* About a standard normal: the sum of twelve uniform numbers. */
static double noise(uint32_t *seed)
{
    double sum = -6;
    for (int k = 0; k < 12; k++) {
        *seed = *seed * 1664525u + 1013904223u;
        sum += *seed / 4294967296.0;
    }
    return sum;
}

static void simulate(double *angle, double *y)
{
    double x[2] = {1.5, 0}, next[2];
    uint32_t seed = 1;
    for (size_t t = 0; t < ROWS; t++) {
        angle[t] = x[0];
        y[t] = t >= 200 && t < 250 ? NAN : sin(x[0]) + 0.3 * noise(&seed);
        swing(NULL, t, x, next, NULL);
        x[0] = next[0];
        x[1] = next[1] + 0.01 * noise(&seed);
    }
    y[400] = 9;
}

int main(void)
{
    static double angle[ROWS], y[ROWS], a[2 * ROWS];
    static ssm_nonlinear_point point[ROWS];
    const double Q[4] = {0, 0, 0, 1e-4}, H = 0.09, a1[2] = {1.6, 0}, P1[4] = {0.1, 0, 0, 0.1};
    const ssm_nonlinear model = {.n = 2,
                                 .p = 1,
                                 .transition = swing,
                                 .observation = see,
                                 .Q = {Q, 0},
                                 .H = {&H, 0},
                                 .a1 = a1,
                                 .P1 = P1};
    const ssm_nonlinear_options options = {.method = SSM_EKF, .gate = 5};
    const ssm_nonlinear_output out = {.a_filtered = a, .point = point};
    ssm_nonlinear_summary summary;
    ssm_context *ctx;
    double distance = 0, sum = 0;
    simulate(angle, y);
    if (ssm_context_new(NULL, &ctx) != SSM_OK) return 1;
    ssm_status status = ssm_nonlinear_check(ctx, &model, 0, a1, &distance); /* are the Jacobians right? */
    if (status == SSM_OK) status = ssm_nonlinear_filter(ctx, &model, y, ROWS, &options, &out, &summary);
    if (status == SSM_OK) {
        for (size_t t = 0; t < ROWS; t++) sum += (a[2 * t] - angle[t]) * (a[2 * t] - angle[t]);
        printf("jacobians %s\n", distance < 1e-8 ? "right" : "wrong");
        printf("angle off by %.3f, observations by 0.3\n", sqrt(sum / ROWS));
        printf("missing %zu, gated %zu\n", summary.n_missing, summary.n_gated);
        for (size_t t = 0; t < ROWS; t++) {
            if (point[t].gated) printf("row %zu: %.0f is not taken in\n", t, y[t]);
        }
    } else {
        fprintf(stderr, "%s\n", ssm_context_message(ctx));
    }
    ssm_context_free(ctx);
    return status != SSM_OK;
}
