/* The time-parallel filter against the sequential one. */
#include "kalman/joint_normal.h"
#include "kalman/reference_case.h"

static void compare(const ssm_statespace *model, const double *y, size_t length, double tolerance)
{
    const size_t n = model->n;
    ssm_context *ctx = open_context();
    double *a = calloc(n * length, sizeof *a), *P = calloc(n * n * length, sizeof *P);
    double *pa = calloc(n * length, sizeof *pa), *pP = calloc(n * n * length, sizeof *pP);
    ssm_kalman_summary s, parallel;
    const ssm_kalman_output out = {.a_filtered = a, .P_filtered = P},
                            pout = {.a_filtered = pa, .P_filtered = pP};
    const ssm_kalman_options never = {.steady_tolerance = -1.0}, scan = {.form = SSM_KALMAN_PARALLEL};
    assert_int_equal(ssm_kalman_filter(ctx, model, y, length, &never, &out, &s), SSM_OK);
    assert_int_equal(ssm_kalman_filter(ctx, model, y, length, &scan, &pout, &parallel), SSM_OK);
    assert_close(parallel.loglik, s.loglik, tolerance);
    double largest = 1.0;
    for (size_t k = 0; k < n * length; k++) largest = fmax(largest, fabs(a[k]));
    double off = 0.0;
    for (size_t k = 0; k < n * length; k++) off = fmax(off, fabs(a[k] - pa[k]) / largest);
    if (!(off <= tolerance)) fail_msg("means are %.2g apart, relative to the largest", off);
    for (size_t t = 0; t < length; t++) {
        const double *X = P + t * n * n, *W = pP + t * n * n;
        for (size_t k = 0; k < n * n; k++)
            assert_true(fabs(X[k] - W[k]) <= tolerance * (1 + sqrt(X[k % n * (n + 1)] * X[k / n * (n + 1)])));
    }
    free(a);
    free(P);
    free(pa);
    free(pP);
    ssm_context_free(ctx);
}

static void structural_models_give_the_same_numbers_in_parallel(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    read_nile(y);
    y[20] = y[21] = NAN;
    local_level(&m, 15099, 1469.1);
    compare(&m.model, y, 100, 1e-10);
    local_trend(&m, 15099, 1469.1, 10);
    compare(&m.model, y, 100, 1e-9);
    read_log_passengers(y);
    trigonometric_seasonal(&m, 1e-4, 7e-4, 1e-7, 6e-6);
    compare(&m.model, y, 144, 1e-8);
}

static void random_systems_give_the_same_numbers_in_parallel(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        joint_system j;
        joint_random(&j, seed, seed % 2);
        for (size_t t = 0; t < j.length; t++) {
            for (size_t i = 0; i < j.p; i++) j.H[t * j.p * j.p + i * (j.p + 1)] += 0.5;
        }
        compare(&j.model, j.y, j.length, 1e-8);
        joint_close(&j);
    }
}

static void a_long_system_gives_the_same_numbers_in_parallel(void **state)
{
    (void)state;
    reference_case c;
    assert_true(reference_open(&c, SSMCAST_TEST_DATA "/golden/kalman/dense_m8p4"));
    compare(&c.model, c.y, c.length, 1e-8);
    reference_close(&c);
    assert_true(reference_open(&c, SSMCAST_TEST_DATA "/golden/kalman/bsm13_missing"));
    compare(&c.model, c.y, c.length, 1e-8);
    reference_close(&c);
}

static void results_do_not_depend_on_the_threads(void **state)
{
    (void)state;
    reference_case c;
    const ssm_kalman_options scan = {.form = SSM_KALMAN_PARALLEL};
    ssm_kalman_summary s[2];
    double *v[2];
    assert_true(reference_open(&c, SSMCAST_TEST_DATA "/golden/kalman/dense_m8p4"));
    const size_t count = c.length * c.model.p;
    for (size_t k = 0; k < 2; k++) {
        ssm_context *ctx = open_context();
        v[k] = calloc(count, sizeof(double));
        const ssm_kalman_output out = {.v = v[k]};
        ssm_context_set_threads(ctx, k == 0 ? 1 : 5);
        assert_int_equal(ssm_kalman_filter(ctx, &c.model, c.y, c.length, &scan, &out, s + k), SSM_OK);
        assert_true(s[k].n_fallback < 50);
        ssm_context_free(ctx);
    }
    assert_memory_equal(&s[0].loglik, &s[1].loglik, sizeof(double));
    assert_memory_equal(v[0], v[1], count * sizeof(double));
    free(v[0]);
    free(v[1]);
    reference_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structural_models_give_the_same_numbers_in_parallel),
        cmocka_unit_test(random_systems_give_the_same_numbers_in_parallel),
        cmocka_unit_test(a_long_system_gives_the_same_numbers_in_parallel),
        cmocka_unit_test(results_do_not_depend_on_the_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
