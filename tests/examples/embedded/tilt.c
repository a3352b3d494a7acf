/* Sensor fusion: the tilt of a body from a gyroscope that drifts and an accelerometer that shakes, by an
 * extended Kalman filter in float at 200 Hz.
 *
 *     angle' = rate - bias,   bias: random walk         the gyroscope is an input
 *     ax = g sin(angle),   az = g cos(angle)            the accelerometer, two sensors of equal noise
 *
 * From 20 to 20.2 s somebody knocks against the body: the gate keeps the accelerometer out while that lasts.
 */
#include "ssmcast_kf.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

enum { N = 2, P = 2, STEPS = 12000 };
static const double dt = 0.005, g = 9.81, true_bias = 0.03;

/* Roughly normal with variance 1, from a generator of 32 bits (Marsaglia 2003). */
static double noise(void)
{
    static uint32_t seed = 2463534242u;
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        sum += seed / 4294967296.0 - 0.5;
    }
    return sum;
}

int main(void)
{
    static const ssm_kf_real T[N * N] = {1, 0, (ssm_kf_real)-0.005, 1}, G[N * N] = {1, 0, 0, 1};
    static const ssm_kf_real q[N] = {(ssm_kf_real)1e-8, (ssm_kf_real)1e-12},
                             h[P] = {(ssm_kf_real)0.04, (ssm_kf_real)0.04};
    static const ssm_kf_real Zt[N * P] = {0}, start[N] = {1, (ssm_kf_real)0.01};
    static ssm_kf_real memory[SSM_KF_REALS(N, P, N)];
    const ssm_kf_model model = {.n = N, .p = P, .r = N, .T = T, .G = G, .q = q, .Zt = Zt, .h = h};
    ssm_kf f;
    double worst = 0;
    int refused = 0;
    if (ssm_kf_init(&f, &model, memory, SSM_KF_REALS(N, P, N)) != SSM_KF_OK) return 1;
    if (ssm_kf_prior_diagonal(&f, NULL, start) != SSM_KF_OK) return 1;
    f.gate = 16; /* four standard deviations */
    f.patience = 200;
    for (int t = 0; t < STEPS; t++) {
        const double time = t * dt, angle = 0.5 * sin(time), rate = 0.5 * cos(time);
        const double knock = t >= 4000 && t < 4040 ? 8 : 0;
        const ssm_kf_real y[P] = {(ssm_kf_real)(g * sin(angle) + knock + 0.2 * noise()),
                                  (ssm_kf_real)(g * cos(angle) - knock + 0.2 * noise())};
        const ssm_kf_real s = (ssm_kf_real)(g * sin((double)f.x[0])),
                          c = (ssm_kf_real)(g * cos((double)f.x[0]));
        const ssm_kf_real hx[P] = {s, c}, Jt[N * P] = {c, 0, -s, 0};
        ssm_kf_innovation told[P];
        if (ssm_kf_update_ekf(&f, hx, Jt, y, told) < SSM_KF_OK) return 1;
        for (int i = 0; i < P; i++) refused += told[i].status == SSM_KF_GATED;
        if (time > 10) worst = fmax(worst, fabs((double)f.x[0] - angle));
        const double gyro = rate + true_bias + 0.01 * noise();
        const ssm_kf_real fx[N] = {f.x[0] + (ssm_kf_real)dt * ((ssm_kf_real)gyro - f.x[1]), f.x[1]};
        if (ssm_kf_predict_ekf(&f, fx, T) < SSM_KF_OK) return 1;
    }
    printf("angle within %.2f degrees after ten seconds\n", worst * 57.29577951);
    printf("bias %.3f rad/s, estimated %.3f\n", true_bias, (double)f.x[1]);
    printf("accelerometer refused %d times\n", refused);
    return ssm_kf_check(&f) != SSM_KF_OK;
}
