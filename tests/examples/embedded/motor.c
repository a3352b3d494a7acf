/* Control code: a DC motor positioned at 1 kHz with an encoder alone, by a Kalman filter in float and a
 * linear quadratic regulator (LQG).
 *
 *     theta' = omega,   omega' = (k i - b omega + load) / J,   i' = (u - k omega - R i) / L,   load' = 0
 *
 * States: angle, speed, current, and the load torque, which nothing measures: the filter finds it, and the
 * controller compensates it. The encoder has 2048 steps a turn. At 1 s the set point jumps to one radian, at
 * 2 s a load torque grips, and from 2.5 to 2.51 s the encoder gives nothing. `example_motor FILE.csv` also
 * writes the run, to be drawn. */
#include "ssmcast_kf.h"

#include <math.h>
#include <stdio.h>

enum { N = 4, ROWS = 3000 };
static const double J = 1e-4, b = 1e-4, k = 0.05, R = 1.0, L = 1e-3, dt = 1e-3,
                    step = 6.283185307179586 / 2048;

/* The plant, integrated ten times finer than the filter's step. */
static void plant(double *x, double u)
{
    for (int i = 0; i < 10; i++) {
        const double h = dt / 10, omega = (k * x[2] - b * x[1] + x[3]) / J,
                     current = (u - k * x[1] - R * x[2]) / L;
        x[0] += h * x[1];
        x[1] += h * omega;
        x[2] += h * current;
    }
}

/* ---- the model, made when the program starts; a generator would write it as constants ---- */

static ssm_kf_real T[N * N], G[N * N], q[N], B[N], Zt[N] = {1, 0, 0, 0}, h[1], memory[SSM_KF_REALS(N, 1, N)];

static int make_model(void)
{
    const ssm_kf_real A[N * N] = {0,
                                  0,
                                  0,
                                  0, /* columns */
                                  1,
                                  (ssm_kf_real)(-b / J),
                                  (ssm_kf_real)(-k / L),
                                  0,
                                  0,
                                  (ssm_kf_real)(k / J),
                                  (ssm_kf_real)(-R / L),
                                  0,
                                  0,
                                  (ssm_kf_real)(1 / J),
                                  0,
                                  0};
    /* noise of the torque balance, of the voltage, and the load as a random walk */
    const ssm_kf_real Qc[N * N] = {0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, (ssm_kf_real)1e-2};
    ssm_kf_real work[SSM_KF_DISCRETISE_REALS(N)];
    const ssm_kf_status status = ssm_kf_discretise(A, Qc, (ssm_kf_real)dt, N, T, G, q, work);
    /* The voltage is held over a step: B = integral of exp(A s) ds (0, 0, 1/L, 0)', by Simpson's rule. */
    ssm_kf_real half[N * N], unused[N * N], other[N];
    if (ssm_kf_discretise(A, Qc, (ssm_kf_real)(dt / 2), N, half, unused, other, work) != SSM_KF_OK) return 0;
    for (int i = 0; i < N; i++)
        B[i] = (ssm_kf_real)(dt / L / 6) * ((i == 2) + 4 * half[i + 2 * N] + T[i + 2 * N]);
    h[0] = (ssm_kf_real)(step * step / 12); /* variance of rounding to a step */
    return status == SSM_KF_OK;
}

/* Voltage for the set point: state feedback, and what holds the load. The gains
 * are those of the discrete linear quadratic regulator with weights 100 on the angle and 0.1 on the voltage.
 */
static double control(const ssm_kf_real *x, double set_point)
{
    const double u = 29.268185 * (set_point - (double)x[0]) - 0.319753 * (double)x[1] -
                     0.148898 * (double)x[2] - R / k * (double)x[3];
    return u > 24 ? 24 : u < -24 ? -24 : u;
}

int main(int argc, char **argv)
{
    const ssm_kf_model model = {
        .n = N, .p = 1, .r = N, .m = 1, .T = T, .G = G, .q = q, .Zt = Zt, .h = h, .B = B};
    const ssm_kf_real start[N] = {1, 1, 1, (ssm_kf_real)1e-2};
    ssm_kf filter;
    double x[N] = {0}, worst_speed = 0, late = 0;
    FILE *csv = argc > 1 ? fopen(argv[1], "w") : NULL;
    if (!make_model() || ssm_kf_init(&filter, &model, memory, SSM_KF_REALS(N, 1, N)) != SSM_KF_OK) return 1;
    if (ssm_kf_prior_diagonal(&filter, NULL, start) != SSM_KF_OK) return 1;
    if (csv != NULL)
        fputs("seconds,angle,angle_estimate,speed,speed_estimate,load,load_estimate,voltage\n", csv);
    for (int t = 0; t < ROWS; t++) {
        if (t == 2000) x[3] = -0.01;
        const int blind = t >= 2500 && t < 2510;
        const ssm_kf_real y = blind ? (ssm_kf_real)NAN : (ssm_kf_real)(step * round(x[0] / step));
        if (ssm_kf_update(&filter, &y, NULL) < SSM_KF_OK) return 1;
        const double u = control(filter.x, t < 1000 ? 0 : 1);
        const ssm_kf_real input = (ssm_kf_real)u;
        if (t > 100) worst_speed = fmax(worst_speed, fabs((double)filter.x[1] - x[1]));
        if (t >= 2900) late = fmax(late, fabs(x[0] - 1));
        if (csv != NULL)
            fprintf(csv, "%.3f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f,%.4f\n", t * dt, x[0], (double)filter.x[0], x[1],
                    (double)filter.x[1], x[3], (double)filter.x[3], u);
        if (ssm_kf_predict(&filter, &input) < SSM_KF_OK) return 1;
        plant(x, u);
    }
    if (csv != NULL && fclose(csv) != 0) return 1;
    printf("load torque %.4f Nm, estimated %.4f\n", x[3], (double)filter.x[3]);
    printf("angle within %.4f rad of the set point in the last tenth of a second\n", late);
    printf("speed estimated within %.2f rad/s\n", worst_speed);
    return ssm_kf_check(&filter) != SSM_KF_OK;
}
