/* Variances at the edge: huge against tiny, zero, singular, of the wrong sign. Numbers of cases in comments
 * are those of the project's list of numeric faults. */
#include "kalman/square_root.h"
#include "kalman/torture.h"

/* Grewal & Andrews (2015, sec. 7.2): z1 = (1, 1, 1), z2 = (1, 1, 1 + d), errors d^2, P = I. The variances
 * after both have, written out so that nothing cancels, the denominator 2 d^2 + 2 d + 8. */
static void grewal_andrews(double d, double P[3])
{
    const double denominator = 2 * d * d + 2 * d + 8;
    P[0] = P[1] = 0.5 * (1 + (2 * d * d + 2 * d + 2) / denominator);
    P[2] = (d * d + 4) / denominator;
}

static void nearly_equal_observations_leave_the_right_variance(void **state) /* 1, 2 */
{
    (void)state;
    static const double I[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, y[2] = {1, 1};
    const double d = 1e-9, Z[6] = {1, 1, 1, 1, 1, 1 + d}, H[4] = {d * d, 0, 0, d * d};
    double P[9], expected[3];
    const ssm_statespace m = {.n = 3, .p = 2, .Z = {Z, 0}, .H = {H, 0}, .T = {I, 0}, .P1 = I};
    const ssm_kalman_output out = {.P_filtered = P};
    grewal_andrews((1 + d) - 1, expected);
    for (int k = 0; k < 2; k++) {
        torture_run(&m, y, 1, k == 0 ? SSM_KALMAN_SQUARE_ROOT : SSM_KALMAN_UD, &out);
        for (size_t i = 0; i < 3; i++) assert_close(P[i * 4], expected[i], 1e-6); /* 1e-16 / d, with room */
    }
    const float df = 1e-4f;
    float U[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, K[3], u[3];
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < 3; i++) u[i] = U[i] + U[i + 3] + U[i + 6] * (k == 0 ? 1.0f : 1.0f + df);
        ssmi_root_update_float(U, K, u, df, 3);
    }
    grewal_andrews((double)(1.0f + df) - 1.0, expected);
    for (size_t j = 0; j < 3; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < 3; i++) sum += (double)U[i + j * 3] * (double)U[i + j * 3];
        assert_close(sum, expected[j], 2e-3); /* eps / d = 6e-4; covariance forms are off by a quarter here */
    }
}

static void one_observation_brings_a_wide_start_down_to_its_error(void **state) /* 3, 4 */
{
    (void)state;
    const double y[1] = {2}, wide[2] = {1e7, 1e10};
    double P[1];
    small_model m;
    const ssm_kalman_output out = {.P_filtered = P};
    for (int k = 0; k < 2; k++) {
        local_level(&m, 1, 0);
        m.model.P1inf = NULL;
        m.P1[0] = wide[k];
        for (size_t i = 0; i < TORTURE_FORMS; i++) {
            const int factored =
                torture_forms[i] == SSM_KALMAN_SQUARE_ROOT || torture_forms[i] == SSM_KALMAN_UD;
            torture_run(&m.model, y, 1, torture_forms[i], &out);
            assert_close(P[0], wide[k] / (wide[k] + 1), factored ? 1e-14 : 4e-16 * wide[k]);
        }
        float U = sqrtf((float)wide[k]), K, u = U;
        ssmi_root_update_float(&U, &K, &u, 1.0f, 1);
        assert_close((double)U * (double)U, 1.0, 1e-6);
    }
}

static void factored_forms_survive_a_ratio_of_1e18(void **state) /* 5 */
{
    (void)state;
    double y[50], P[50];
    small_model m;
    const ssm_kalman_output out = {.P_filtered = P};
    local_level(&m, 1e-6, 0);
    for (size_t t = 0; t < 50; t++) y[t] = 3 + 1e-3 * (double)(t % 3);
    for (size_t i = 0; i < TORTURE_FORMS; i++) { /* an exact diffuse start has no ratio at all */
        torture_run(&m.model, y, 50, torture_forms[i], &out);
        assert_close(P[49], 1e-6 / 50, 1e-12);
    }
    m.model.P1inf = NULL;
    m.P1[0] = 1e12;
    torture_run(&m.model, y, 50, SSM_KALMAN_SQUARE_ROOT, &out);
    assert_close(P[49], 1e-6 / 50, 1e-12);
    torture_run(&m.model, y, 50, SSM_KALMAN_UD, &out);
    assert_close(P[49], 1e-6 / 50, 1e-12);
}

static void observations_without_error_pass_through_in_every_form(void **state) /* 7, 8 */
{
    (void)state;
    const double y[5] = {1, 2, 4, 7, 11}, same[4] = {3, 3, 3, 3};
    double a[5], P[5];
    small_model moving, fixed;
    const ssm_kalman_output out = {.a_filtered = a, .P_filtered = P};
    local_level(&moving, 0, 2);
    local_level(&fixed, 0, 0);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        torture_run(&moving.model, y, 5, torture_forms[i], &out);
        for (size_t t = 0; t < 5; t++) {
            assert_close(a[t], y[t], 1e-15);
            assert_true(fabs(P[t]) < 1e-15);
            if (torture_forms[i] == SSM_KALMAN_SQUARE_ROOT || torture_forms[i] == SSM_KALMAN_UD)
                assert_true(P[t] >= 0.0);
        }
        const ssm_kalman_summary s = torture_run(&fixed.model, same, 4, torture_forms[i], &out);
        assert_int_equal(s.n_certain, 3);
        assert_true(a[3] == 3.0 && P[3] == 0.0 && isfinite(s.loglik));
    }
}

static void variances_of_the_wrong_kind_are_refused(void **state) /* 9, 11, 18 */
{
    (void)state;
    const double y[2] = {1, 2};
    small_model m;
    local_level(&m, -1, 1);
    assert_int_equal(torture_status(&m.model, y, 2), SSM_E_DATA);
    local_level(&m, NAN, 1);
    assert_int_equal(torture_status(&m.model, y, 2), SSM_E_DATA);
    local_trend(&m, 1, 1, 1);
    m.Q[1] = m.Q[2] = 2; /* a correlation of 2 */
    assert_int_equal(torture_status(&m.model, y, 2), SSM_E_DATA);
    m.Q[1] = 0.5;
    m.Q[2] = 0; /* not symmetric */
    assert_int_equal(torture_status(&m.model, y, 2), SSM_E_DATA);
    local_trend(&m, 1, 1, 1);
    m.P1[0] = -1e-3;
    assert_int_equal(torture_status(&m.model, y, 2), SSM_E_DATA);
}

static void constant_states_are_known_ever_better_but_never_exactly(void **state) /* 10 */
{
    (void)state;
    enum { LENGTH = 200000 };
    double *y = calloc(LENGTH, sizeof *y), *P = calloc(LENGTH, sizeof *P);
    small_model m;
    const ssm_kalman_output out = {.P_filtered = P};
    local_level(&m, 2, 0);
    torture_run(&m.model, y, LENGTH, SSM_KALMAN_UNIVARIATE, &out);
    assert_close(P[LENGTH - 1], 2.0 / LENGTH, 1e-9);
    float U = 1e3f, K = 1, u;
    for (int t = 0; t < 1000000; t++) {
        u = U;
        ssmi_root_update_float(&U, &K, &u, 1.0f, 1);
        assert_true(K > 0.0f);
    }
    assert_close((double)U * (double)U, 1e-6, 2e-3); /* in single precision, a million roundings */
    free(y);
    free(P);
}

static void observations_of_nothing_change_nothing(void **state) /* 12, 15 */
{
    (void)state;
    const double Z[4] = {1, 0, 0, 0}, T[4] = {0.9, 0, 0, 1}, H[4] = {1, 0, 0, 3}, Q[4] = {1, 0, 0, 0.25};
    const double P1[4] = {2, 0, 0, 1}, y[8] = {1, 9, 2, -9, 1, 9, 0, 3};
    double P[20], F[8];
    const ssm_statespace m = {
        .n = 2, .p = 2, .r = 2, .Z = {Z, 0}, .H = {H, 0}, .T = {T, 0}, .Q = {Q, 0}, .P1 = P1};
    const ssm_kalman_output out = {.P = P, .F = F};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        torture_run(&m, y, 4, torture_forms[i], &out);
        for (size_t t = 0; t < 4; t++) {
            assert_close(F[2 * t + 1], 3.0, 1e-15);
            assert_close(P[4 * t + 3], 1 + 0.25 * (double)t, 1e-14); /* never observed: prediction only */
        }
    }
}

static void equal_observations_are_one_of_half_the_error(void **state) /* 13, 14 */
{
    (void)state;
    const double Z3[3] = {1, 1, 1}, one[1] = {1}, H3[9] = {3, 0, 0, 0, 3, 0, 0, 0, 3}, q[1] = {0.5},
                 p1[1] = {4};
    const double y3[6] = {1, 2, 6, 0, 1, 2}, y1[2] = {3, 1};
    double a3[3], a1[3], P3[3], P1[3];
    const ssm_statespace m3 = {
        .n = 1, .p = 3, .r = 1, .Z = {Z3, 0}, .H = {H3, 0}, .T = {one, 0}, .Q = {q, 0}, .P1 = p1};
    const ssm_statespace m1 = {
        .n = 1, .p = 1, .r = 1, .Z = {one, 0}, .H = {one, 0}, .T = {one, 0}, .Q = {q, 0}, .P1 = p1};
    const ssm_kalman_output out3 = {.a = a3, .P = P3}, out1 = {.a = a1, .P = P1};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        torture_run(&m3, y3, 2, torture_forms[i], &out3);
        torture_run(&m1, y1, 2, torture_forms[i], &out1);
        for (size_t t = 1; t < 3; t++) {
            assert_close(a3[t], a1[t], 1e-14);
            assert_close(P3[t], P1[t], 1e-14);
        }
    }
}

/* Two sensors of two states with errors of correlation r: the density in closed form, in long double. */
static double pair_loglik(double r, const double *y)
{
    const long double a = 2, b = (long double)r, det = (a - b) * (a + b); /* variance I + H */
    const long double quadratic = (a * y[0] * y[0] - 2 * b * y[0] * y[1] + a * y[1] * y[1]) / det;
    return (double)(-0.5L * (2 * logl(2 * 3.14159265358979323846L) + logl(det) + quadratic));
}

static void errors_that_are_nearly_or_wholly_the_same_are_taken_apart(void **state) /* 16, 17 */
{
    (void)state;
    const double I[4] = {1, 0, 0, 1}, correlation[2] = {1 - 1e-12, 1}, y[2] = {1, -0.5};
    for (int k = 0; k < 2; k++) {
        const double H[4] = {1, correlation[k], correlation[k], 1};
        const ssm_statespace m = {.n = 2, .p = 2, .Z = {I, 0}, .H = {H, 0}, .T = {I, 0}, .P1 = I};
        for (size_t i = 0; i < TORTURE_FORMS; i++)
            assert_close(torture_run(&m, y, 1, torture_forms[i], NULL).loglik, pair_loglik(correlation[k], y),
                         1e-13);
    }
}

static void starts_of_no_or_hardly_any_variance_are_kept(void **state) /* 18, 19 */
{
    (void)state;
    const double y[2] = {1, 2};
    double P[3], F[2];
    small_model m;
    const ssm_kalman_output out = {.P = P, .F = F};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        local_level(&m, 1, 0);
        m.model.P1inf = NULL;
        torture_run(&m.model, y, 2, torture_forms[i], &out);
        assert_true(F[0] == 1.0 && F[1] == 1.0 && P[2] == 0.0);
        m.P1[0] = 1e-30;
        torture_run(&m.model, y, 2, torture_forms[i], &out);
        assert_close(P[2], 1e-30, 1e-14);
    }
    double P2[4];
    local_trend(&m, 1, 1, 1);
    m.model.P1inf = NULL;
    m.P1[0] = m.P1[3] = 2;
    m.P1[1] = 1;
    m.P1[2] = 1 + 2.3e-16; /* not symmetric in the last bit */
    const ssm_kalman_output filtered = {.P_filtered = P2};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        torture_run(&m.model, y, 1, torture_forms[i], &filtered);
        assert_close(P2[1], P2[2], 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearly_equal_observations_leave_the_right_variance),
        cmocka_unit_test(one_observation_brings_a_wide_start_down_to_its_error),
        cmocka_unit_test(factored_forms_survive_a_ratio_of_1e18),
        cmocka_unit_test(observations_without_error_pass_through_in_every_form),
        cmocka_unit_test(variances_of_the_wrong_kind_are_refused),
        cmocka_unit_test(constant_states_are_known_ever_better_but_never_exactly),
        cmocka_unit_test(observations_of_nothing_change_nothing),
        cmocka_unit_test(equal_observations_are_one_of_half_the_error),
        cmocka_unit_test(errors_that_are_nearly_or_wholly_the_same_are_taken_apart),
        cmocka_unit_test(starts_of_no_or_hardly_any_variance_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
