/* Ten million steps of the single-precision filter for control code against double: `bench_kf_stream
 * [STEPS]`. */
#include "kalman/kf_stream.h"

#include <stdlib.h>

/* The same for a constant without shocks, whose variance is h / n: what the rounding of 1 + 1/n leaves of it.
 */
static double constant_run(size_t steps)
{
    const float one = 1, zero = 0, start = 1e6F;
    float memory[SSM_KF_REALS(1, 1, 1)];
    const ssmi_kf_model_f32 m = {
        .n = 1, .p = 1, .r = 1, .T = &one, .G = &one, .q = &zero, .Zt = &one, .h = &one};
    ssmi_kf_f32 f;
    if (ssmi_kf_init_f32(&f, &m, memory, SSM_KF_REALS(1, 1, 1)) != SSM_KF_OK) return NAN;
    ssmi_kf_prior_diagonal_f32(&f, NULL, &start);
    for (size_t t = 0; t < steps; t++) {
        ssmi_kf_update_sensor_f32(&f, 0, 5, NULL);
        ssmi_kf_predict_f32(&f, NULL);
    }
    return (double)f.D[0] * (double)steps - 1;
}

int main(int argc, char **argv)
{
    const size_t steps = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000000;
    const stream_result r = stream_run(steps);
    printf("{\"bench\": \"kf_stream\", \"steps\": %zu, \"negative\": %zu, \"worst_mean_sd\": %.3g, "
           "\"worst_variance\": %.3g, \"constant_variance\": %.3g}\n",
           steps, r.negative, r.worst_mean, r.worst_variance, constant_run(steps));
    return r.negative != 0;
}
