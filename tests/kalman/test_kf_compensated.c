/* The filter for control code with SSM_KF_COMPENSATED, compiled here in place of the library's: it does what
 * the plain one does, and a constant stays right for ten million steps in single precision. */
#define SSM_KF_COMPENSATED
#include "kalman/kf.c"

#include "kf_checks.h"

/* n constants without shocks, with sensors z; memory for the larger of both. */
typedef struct constants {
    float T[4], z[4], h[2], q[2], memory[SSM_KF_REALS(2, 2, 2)];
    ssmi_kf_model_f32 model;
    ssmi_kf_f32 kf;
} constants;

static void open_constants(constants *s, uint16_t n)
{
    static const float P[2] = {1e6F, 1e6F};
    *s = (constants){.T = {1, 0, 0, 1}, .z = {1, 0, 1, 1}, .h = {1, 1}};
    if (n == 2) s->z[1] = 0.5F;
    s->model =
        (ssmi_kf_model_f32){.n = n, .p = n, .r = n, .T = s->T, .G = s->T, .q = s->q, .Zt = s->z, .h = s->h};
    assert_int_equal(ssmi_kf_init_f32(&s->kf, &s->model, s->memory, (uint32_t)SSM_KF_REALS(n, n, n)),
                     SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_diagonal_f32(&s->kf, NULL, P), SSM_KF_OK);
}

/* Torture case 10: P n / h within 1e-3 after ten million values, and what then comes still moves the mean. */
static void test_constant(void **state)
{
    (void)state;
    constants s;
    open_constants(&s, 1);
    for (int t = 1; t <= 10000000; t++) {
        ssmi_kf_update_sensor_f32(&s.kf, 0, 5, NULL);
        ssmi_kf_predict_f32(&s.kf, NULL);
    }
    print_message("ten million equal values: variance times n is 1%+.1e\n", (double)s.kf.D[0] * 1e7 - 1);
    assert_true(fabs((double)s.kf.D[0] * 1e7 - 1) < 1e-3 && fabsf(s.kf.x[0] - 5) < 1e-5F);
    const float before = s.kf.x[0];
    ssmi_kf_update_sensor_f32(&s.kf, 0, 1e6F, NULL);
    assert_true(fabsf(s.kf.x[0] - before - 0.1F) < 1e-3F);
}

/* Two constants and rows (1, 1/2) and (1, 1): P = h (Z'Z)^-1 / n, Z'Z = [2 3/2; 3/2 5/4]. The largest
 * relative distance from it after a million rows. */
static double two_constants(int predicted)
{
    constants s;
    const float y[2] = {1, 2};
    const double inverse[4] = {5, -6, -6, 8}, n = 1e6;
    float P[4];
    double worst = 0;
    open_constants(&s, 2);
    for (int t = 1; t <= 1000000; t++) {
        ssmi_kf_update_f32(&s.kf, y, NULL);
        if (predicted) ssmi_kf_predict_f32(&s.kf, NULL);
    }
    ssmi_kf_covariance_f32(&s.kf, P);
    for (size_t i = 0; i < 4; i++) worst = fmax(worst, fabs((double)P[i] * n / inverse[i] - 1));
    print_message("two constants, a million rows, %s prediction: variances off by %.1e\n",
                  predicted ? "with" : "without", worst);
    return worst;
}

/* U has no rests: each prediction rounds D U / D, in the same direction while the data are the same. */
static void test_two_constants(void **state)
{
    (void)state;
    assert_true(two_constants(0) < 1e-6);
    assert_true(two_constants(1) < 2e-3);
}

/* A saved rest comes back; one that is no rest does not. */
static void test_rest_is_saved(void **state)
{
    (void)state;
    constants s, other, bad;
    uint8_t bytes[SSM_KF_SAVED_BYTES(2, sizeof(float))];
    open_constants(&s, 2);
    open_constants(&other, 2);
    for (int t = 0; t < 1000; t++) ssmi_kf_update_f32(&s.kf, s.z, NULL);
    assert_true(s.kf.U[1] != 0 && s.kf.U[2] != 0);
    assert_int_equal(ssmi_kf_save_f32(&s.kf, bytes, sizeof bytes), SSM_KF_OK);
    assert_int_equal(ssmi_kf_load_f32(&other.kf, bytes, sizeof bytes), SSM_KF_OK);
    assert_memory_equal(s.memory, other.memory, SSM_KF_STATE_REALS(2) * sizeof(float));
    for (size_t i = 0; i < 3; i++) {
        const float rest[3] = {NAN, 1, -1e30F};
        open_constants(&bad, 2);
        bad.kf.U[2] = rest[i];
        assert_int_equal(ssmi_kf_check_f32(&bad.kf), SSM_KF_E_VARIANCE);
        assert_int_equal(ssmi_kf_save_f32(&bad.kf, bytes, sizeof bytes), SSM_KF_OK);
        assert_int_equal(ssmi_kf_load_f32(&other.kf, bytes, sizeof bytes), SSM_KF_E_FORMAT);
        assert_memory_equal(s.memory, other.memory, SSM_KF_STATE_REALS(2) * sizeof(float));
    }
}

/* A prior starts without rests. */
static void test_prior_forgets(void **state)
{
    (void)state;
    constants s;
    const float P[2] = {4, 4};
    open_constants(&s, 2);
    for (int t = 0; t < 1000; t++) ssmi_kf_update_f32(&s.kf, s.z, NULL);
    ssmi_kf_prior_diagonal_f32(&s.kf, NULL, P);
    assert_true(s.kf.U[1] == 0 && s.kf.U[2] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KF_CHECKS,
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_two_constants),
        cmocka_unit_test(test_rest_is_saved),
        cmocka_unit_test(test_prior_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
