/* A long stream through the single-precision filter, beside it the same in double: a damped trend and a cycle
 * observed by two sensors with gaps. Memory is what kf_init was given. */
#ifndef SSMCAST_TESTS_KALMAN_KF_STREAM_H
#define SSMCAST_TESTS_KALMAN_KF_STREAM_H

#include "dense_filter.h"
#include "kalman/kf.h"

#include <float.h>

typedef struct stream_result {
    size_t negative;       /* steps on which a D was negative or not finite */
    double worst_mean;     /* largest distance of the means, in standard deviations */
    double worst_variance; /* largest relative distance of the variances */
} stream_result;

static inline void stream_compare(const ssmi_kf_f32 *narrow, const ssmi_kf_f64 *wide, stream_result *out)
{
    float P[16];
    double Q[16];
    ssmi_kf_covariance_f32(narrow, P);
    ssmi_kf_covariance_f64(wide, Q);
    for (size_t i = 0; i < 4; i++) {
        const double sd = sqrt(Q[5 * i]);
        out->worst_mean = fmax(out->worst_mean, fabs((double)narrow->x[i] - wide->x[i]) / sd);
        out->worst_variance = fmax(out->worst_variance, fabs((double)P[5 * i] / Q[5 * i] - 1));
    }
}

/* Numbers that single precision holds exactly, so that both filters have the same model. */
static inline stream_result stream_run(size_t steps)
{
    static const float T[16] = {1, 0, 0, 0, 1, 0.9375F, 0, 0, 0, 0, 0.75F, 0.625F, 0, 0, -0.625F, 0.75F};
    static const float G[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0.5F}, q[3] = {0.0625F, 0.00390625F, 0.25F};
    static const float Zt[8] = {1, 0, 1, 0, 1, 0, 0, 1}, h[2] = {1, 4}, start[4] = {1e6F, 1e6F, 1e6F, 1e6F};
    float memory[SSM_KF_REALS(4, 2, 3)];
    double T2[16], G2[12], q2[3], Zt2[8], h2[2], start2[4], memory2[SSM_KF_REALS(4, 2, 3)];
    for (size_t i = 0; i < 16; i++) T2[i] = (double)T[i];
    for (size_t i = 0; i < 12; i++) G2[i] = (double)G[i];
    for (size_t i = 0; i < 8; i++) Zt2[i] = (double)Zt[i];
    for (size_t i = 0; i < 4; i++) start2[i] = (double)start[i];
    for (size_t i = 0; i < 3; i++) q2[i] = (double)q[i];
    for (size_t i = 0; i < 2; i++) h2[i] = (double)h[i];
    const ssmi_kf_model_f32 m = {.n = 4, .p = 2, .r = 3, .T = T, .G = G, .q = q, .Zt = Zt, .h = h};
    const ssmi_kf_model_f64 m2 = {.n = 4, .p = 2, .r = 3, .T = T2, .G = G2, .q = q2, .Zt = Zt2, .h = h2};
    ssmi_kf_f32 f;
    ssmi_kf_f64 f2;
    stream_result out = {0, 0, 0};
    uint64_t seed = 1;
    double level = 0;
    if (ssmi_kf_init_f32(&f, &m, memory, SSM_KF_REALS(4, 2, 3)) != SSM_KF_OK ||
        ssmi_kf_init_f64(&f2, &m2, memory2, SSM_KF_REALS(4, 2, 3)) != SSM_KF_OK)
        return (stream_result){steps, NAN, NAN};
    ssmi_kf_prior_diagonal_f32(&f, NULL, start);
    ssmi_kf_prior_diagonal_f64(&f2, NULL, start2);
    for (size_t t = 0; t < steps; t++) {
        level = 0.9999 * level + dense_normal(&seed) / 4;
        const float y[2] = {dense_draw(&seed) > 0.9 ? NAN : (float)(level + dense_draw(&seed)),
                            dense_draw(&seed) > 0.5 ? NAN : (float)(level + dense_draw(&seed))};
        const double y2[2] = {(double)y[0], (double)y[1]};
        ssmi_kf_update_f32(&f, y, NULL);
        ssmi_kf_update_f64(&f2, y2, NULL);
        ssmi_kf_predict_f32(&f, NULL);
        ssmi_kf_predict_f64(&f2, NULL);
        for (size_t i = 0; i < 4; i++) out.negative += !(f.D[i] > 0 && f.D[i] <= FLT_MAX);
        if (t % 64 == 0 || t < 1000) stream_compare(&f, &f2, &out);
    }
    return out;
}

#endif
