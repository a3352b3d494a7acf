/* Scales, odd transitions and odd rows. Numbers of cases in comments are those of the project's list of
 * numeric faults. */
#include "kalman/torture.h"

#include <float.h>

static void singular_and_nilpotent_transitions_forget(void **state) /* 20 */
{
    (void)state;
    const double zero[4] = {0}, nilpotent[4] = {0, 0, 1, 0}, singular[4] = {1, 1, 1, 1}, Z[2] = {1, 0.5};
    const double I[4] = {1, 0, 0, 1}, H[1] = {1}, y[4] = {1, NAN, NAN, NAN};
    double P[20];
    ssm_statespace m = {
        .n = 2, .p = 1, .r = 2, .Z = {Z, 0}, .H = {H, 0}, .T = {zero, 0}, .Q = {I, 0}, .P1inf = I};
    const ssm_kalman_output out = {.P = P};
    const double *const T[3] = {zero, nilpotent, singular};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        for (int k = 0; k < 3; k++) {
            m.T.data = T[k];
            const ssm_kalman_summary s = torture_run(&m, y, 4, torture_forms[i], &out);
            assert_true(isfinite(s.loglik));
            if (k == 2) continue;
            assert_close(P[16], k == 0 ? 1.0 : 2.0, 1e-15); /* Q, and Q + T Q T' */
            assert_close(P[19], 1.0, 1e-15);
            assert_true(fabs(P[17]) < 1e-15);
        }
    }
}

static void unstable_states_without_data_overflow_with_an_error(void **state) /* 21 */
{
    (void)state;
    enum { LENGTH = 8000 };
    static double y[LENGTH];
    double P[1001];
    small_model m;
    const ssm_kalman_output out = {.P = P};
    for (size_t t = 0; t < LENGTH; t++) y[t] = NAN;
    local_level(&m, 1, 1);
    m.T[0] = 1.1;
    m.model.P1inf = NULL;
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        torture_run(&m.model, y, 1000, torture_forms[i], &out); /* (1.21^1000 - 1) / 0.21 */
        assert_close(P[1000], (pow(1.21, 1000) - 1) / 0.21, 1e-11);
        const ssm_kalman_options options = {.form = torture_forms[i]};
        ssm_context *ctx = open_context();
        assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, LENGTH, &options, NULL, NULL), SSM_E_NUMERIC);
        ssm_context_free(ctx);
    }
}

static void rotations_keep_the_length_of_the_state(void **state) /* 22 */
{
    (void)state;
    enum { LENGTH = 1000000 };
    double *y = calloc(LENGTH, sizeof *y), a[2] = {3, 4};
    const double c = cos(0.1), s = sin(0.1), T[4] = {c, s, -s, c}, Z[2] = {1, 0}, H[1] = {1};
    const ssm_statespace m = {.n = 2, .p = 1, .Z = {Z, 0}, .H = {H, 0}, .T = {T, 0}, .a1 = a};
    ssm_context *ctx = open_context();
    double mean[2];
    for (size_t t = 0; t < LENGTH; t++) y[t] = NAN;
    assert_int_equal(ssm_kalman_forecast(ctx, &m, y, LENGTH, 2, NULL, mean, NULL), SSM_OK);
    /* y_t = |a| cos(phase + 0.1 t): two in a row give the length. */
    const double other = (mean[0] * c - mean[1]) / s;
    assert_close(hypot(mean[0], other), 5.0, 1e-9);
    ssm_context_free(ctx);
    free(y);
}

static void extreme_observations_are_refused_or_taken_in(void **state) /* 24, 25 */
{
    (void)state;
    double y[3] = {1, INFINITY, 2}, a[4];
    small_model m;
    const ssm_kalman_output out = {.a = a};
    local_level(&m, 1, 1);
    assert_int_equal(torture_status(&m.model, y, 3), SSM_E_DATA);
    y[1] = -INFINITY;
    assert_int_equal(torture_status(&m.model, y, 3), SSM_E_DATA);
    static const double odd[4] = {FLT_MAX, -FLT_MAX, DBL_MIN / 8, 1e150};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        for (int k = 0; k < 4; k++) {
            y[1] = odd[k];
            torture_run(&m.model, y, 3, torture_forms[i], &out);
            assert_close(a[2], 1 + (odd[k] - 1) * 2 / 3, 1e-15); /* gain 2/3 after the diffuse row */
        }
    }
    y[1] = DBL_MAX; /* its square is not a number of the likelihood any more */
    assert_int_equal(torture_status(&m.model, y, 3), SSM_E_NUMERIC);
}

static void rows_without_anything_only_add_the_shocks(void **state) /* 26, 27, 28 */
{
    (void)state;
    double y[64], P[65], a[65];
    small_model m;
    const ssm_kalman_output out = {.P = P, .a = a};
    for (size_t t = 0; t < 64; t++) y[t] = NAN;
    local_level(&m, 1, 0.5);
    m.model.P1inf = NULL;
    m.P1[0] = 2;
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        ssm_kalman_summary s = torture_run(&m.model, y, 64, torture_forms[i], &out);
        const int root = torture_forms[i] == SSM_KALMAN_SQUARE_ROOT || torture_forms[i] == SSM_KALMAN_UD;
        for (size_t t = 0; t <= 64; t++) {
            assert_true(a[t] == 0.0);
            assert_close(P[t], 2 + 0.5 * (double)t, root ? 1e-14 : 0.0);
        }
        assert_true(s.loglik == 0.0);
        assert_int_equal(s.n_missing, 64);
        s = torture_run(&m.model, NULL, 0, torture_forms[i], &out);
        assert_true(s.loglik == 0.0);
        assert_close(P[0], 2.0, root ? 1e-15 : 0.0);
        y[0] = 1;
        s = torture_run(&m.model, y, 1, torture_forms[i], &out);
        y[0] = NAN;
        assert_close(s.loglik, -0.5 * (log(2 * 3.14159265358979323846 * 3) + 1.0 / 3), 1e-15);
        assert_close(a[1], 2.0 / 3, 1e-15);
    }
}

static void constant_series_are_followed_exactly(void **state) /* 29, 30 */
{
    (void)state;
    double y[500], a[500], P[500];
    small_model m;
    const ssm_kalman_output out = {.a_filtered = a, .P_filtered = P};
    const double value[2] = {7.25, 0};
    for (int k = 0; k < 2; k++) {
        for (size_t t = 0; t < 500; t++) y[t] = value[k];
        local_level(&m, 1e-12, 0);
        for (size_t i = 0; i < TORTURE_FORMS; i++) {
            const ssm_kalman_summary s = torture_run(&m.model, y, 500, torture_forms[i], &out);
            assert_true(isfinite(s.loglik));
            for (size_t t = 0; t < 500; t++) {
                assert_close(a[t], value[k], 1e-15);
                assert_true(P[t] > 0.0);
            }
        }
    }
}

/* Data times 2^k, variances times 4^k: every bit of the means scales, the likelihood shifts by k log 2 each.
 */
static void scaling_by_powers_of_two_scales_the_bits(void **state) /* 31, 33 */
{
    (void)state;
    static const int power[4] = {-480, -100, 100, 480};
    double y[100], scaled[100], a[100], b[100];
    small_model m, big;
    torture_draw(y, 100);
    local_level(&m, 1, 0.25);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        const ssm_kalman_output first = {.a_filtered = a}, second = {.a_filtered = b};
        const double plain = torture_run(&m.model, y, 100, torture_forms[i], &first).loglik;
        for (int k = 0; k < 4; k++) {
            for (size_t t = 0; t < 100; t++) scaled[t] = ldexp(y[t], power[k]);
            local_level(&big, ldexp(1, 2 * power[k]), ldexp(0.25, 2 * power[k]));
            const double moved = torture_run(&big.model, scaled, 100, torture_forms[i], &second).loglik;
            for (size_t t = 0; t < 100; t++) assert_true(b[t] == ldexp(a[t], power[k]));
            assert_close(moved, plain - 99 * power[k] * 0.69314718055994530942, 1e-12); /* 99 ordinary rows */
        }
    }
}

static void shifting_the_data_shifts_the_level(void **state) /* 34 */
{
    (void)state;
    double y[100], both[200], moved[200];
    small_model m;
    const ssm_kalman_output at = {.a_filtered = both}, then = {.a_filtered = moved};
    torture_draw(y, 100);
    local_trend(&m, 1, 0.3, 0.1);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        const double plain = torture_run(&m.model, y, 100, torture_forms[i], &at).loglik;
        for (size_t t = 0; t < 100; t++) y[t] += 1e6;
        const double shifted = torture_run(&m.model, y, 100, torture_forms[i], &then).loglik;
        for (size_t t = 0; t < 100; t++) y[t] -= 1e6;
        assert_close(shifted, plain, 1e-8);
        for (size_t t = 0; t < 100; t++) {
            assert_true(fabs(moved[2 * t] - both[2 * t] - 1e6) < 1e-8);
            assert_true(fabs(moved[2 * t + 1] - both[2 * t + 1]) < 1e-8);
        }
    }
}

/* State 0 in units of 2^30, state 1 of 2^-30: the same filter, to the last bit where no root is taken. */
static void mixed_units_change_nothing(void **state) /* 35 */
{
    (void)state;
    const double u = ldexp(1, 30), Z[2] = {1, 1}, T[4] = {0.9, 0.1, 0.2, 0.7}, Q[4] = {1, 0.2, 0.2, 0.5};
    const double H[1] = {1}, P1[4] = {2, 0, 0, 2};
    const double Zu[2] = {1 / u, u}, Tu[4] = {0.9, 0.1 / u / u, 0.2 * u * u, 0.7};
    const double Qu[4] = {u * u, 0.2, 0.2, 0.5 / u / u}, P1u[4] = {2 * u * u, 0, 0, 2 / u / u};
    const ssm_statespace m = {
        .n = 2, .p = 1, .r = 2, .Z = {Z, 0}, .H = {H, 0}, .T = {T, 0}, .Q = {Q, 0}, .P1 = P1};
    const ssm_statespace mu = {
        .n = 2, .p = 1, .r = 2, .Z = {Zu, 0}, .H = {H, 0}, .T = {Tu, 0}, .Q = {Qu, 0}, .P1 = P1u};
    double y[60];
    torture_draw(y, 60);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        const double plain = torture_run(&m, y, 60, torture_forms[i], NULL).loglik;
        assert_close(torture_run(&mu, y, 60, torture_forms[i], NULL).loglik, plain, 1e-14);
    }
}

static void alternately_missing_rows_are_longer_steps(void **state) /* 38 */
{
    (void)state;
    double y[100], every[50];
    small_model m, longer;
    torture_draw(y, 100);
    local_level(&m, 1, 0.4);
    local_level(&longer, 1, 0.8);
    for (size_t t = 0; t < 100; t++) {
        if (t % 2 == 0) every[t / 2] = y[t];
        if (t % 2 == 1) y[t] = NAN;
    }
    for (size_t i = 0; i < TORTURE_FORMS; i++)
        assert_close(torture_run(&m.model, y, 100, torture_forms[i], NULL).loglik,
                     torture_run(&longer.model, every, 50, torture_forms[i], NULL).loglik, 1e-13);
}

static void the_order_of_the_components_does_not_matter(void **state) /* 39, 40 */
{
    (void)state;
    enum { N = 2, P = 3, LENGTH = 50 };
    static const size_t order[P] = {2, 0, 1};
    const double T[N * N] = {0.9, 0.1, -0.2, 1}, Q[N * N] = {1, 0.3, 0.3, 0.5}, P1inf[N * N] = {1, 0, 0, 1};
    const double Z[P * N] = {1, 0.5, -1, 0, 1, 2}, H[P * P] = {1, 0.4, 0.1, 0.4, 2, -0.3, 0.1, -0.3, 0.5};
    double y[P * LENGTH], yo[P * LENGTH], Zo[P * N], Ho[P * P], a[N * LENGTH], b[N * LENGTH];
    torture_draw(y, P * LENGTH);
    for (size_t k = 0; k < P * LENGTH; k += 7) y[k] = NAN;
    for (size_t i = 0; i < P; i++) {
        for (size_t j = 0; j < N; j++) Zo[i + j * P] = Z[order[i] + j * P];
        for (size_t j = 0; j < P; j++) Ho[i + j * P] = H[order[i] + order[j] * P];
        for (size_t t = 0; t < LENGTH; t++) yo[i + t * P] = y[order[i] + t * P];
    }
    const ssm_statespace m = {
        .n = N, .p = P, .r = N, .Z = {Z, 0}, .H = {H, 0}, .T = {T, 0}, .Q = {Q, 0}, .P1inf = P1inf};
    ssm_statespace o = m;
    o.Z.data = Zo;
    o.H.data = Ho;
    const ssm_kalman_output first = {.a_filtered = a}, second = {.a_filtered = b};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        const double plain = torture_run(&m, y, LENGTH, torture_forms[i], &first).loglik;
        assert_close(torture_run(&o, yo, LENGTH, torture_forms[i], &second).loglik, plain, 1e-12);
        for (size_t k = 2 * N; k < N * LENGTH; k++) assert_true(fabs(a[k] - b[k]) < 1e-11);
    }
}

static void impossible_rows_have_no_likelihood_and_the_filter_goes_on(void **state) /* 46 */
{
    (void)state;
    const double y[5] = {3, 3, 4, 3, 3};
    double a[6];
    small_model m;
    const ssm_kalman_output out = {.a = a};
    local_level(&m, 0, 0);
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        const ssm_kalman_summary s = torture_run(&m.model, y, 5, torture_forms[i], &out);
        assert_true(isinf(s.loglik) && s.loglik < 0);
        assert_true(a[5] == 3.0);
    }
}

/* y_t = x_t b_t with b_t ~ N(0, 1) and x_t = e^-t or e^t: KFAS' tests of the numeric range (31), and its
 * series of 118 values that falls to 1e-109 (32, reference row 50). */
static double independent_loglik(const double *x, const double *y, size_t length, double q)
{
    double sum = 0.0;
    for (size_t t = 0; t < length; t++)
        sum -= 0.5 *
               (log(2 * 3.14159265358979323846 * q) + 2 * log(fabs(x[t])) + y[t] / x[t] * (y[t] / x[t] / q));
    return sum;
}

static void check_range(const double *x, const double *y, size_t length, double q, double tolerance)
{
    const double T[1] = {0};
    double F[500], a[500];
    const ssm_statespace m = {.n = 1, .p = 1, .r = 1, .Z = {x, 1}, .T = {T, 0}, .Q = {&q, 0}, .P1 = &q};
    const ssm_kalman_output out = {.F = F, .a_filtered = a};
    for (size_t i = 0; i < TORTURE_FORMS; i++) {
        const double found = torture_run(&m, y, length, torture_forms[i], &out).loglik;
        assert_close(found, independent_loglik(x, y, length, q), tolerance);
        for (size_t t = 0; t < length; t++) {
            assert_true(F[t] > 0.0);
            assert_close(a[t], y[t] / x[t], 1e-12);
        }
    }
}

static void values_over_two_hundred_decades_are_one_series(void **state)
{
    (void)state;
    double x[250], y[250], q = 1;
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int t = 0; t < 250; t++) {
            y[t] = exp(sign * (t + 1));
            x[t] = t == 0 ? 1 : y[t - 1];
        }
        q = exp(2.0 * sign);
        check_range(x, y, 250, q, 1e-12);
    }
    const size_t length = read_column(SSMCAST_TEST_DATA "/golden/kalman/falling.txt", y, 250);
    assert_int_equal(length, 118);
    for (size_t t = 0; t < length; t++) x[t] = t == 0 ? 9.469247 : y[t - 1];
    q = 0.03556689;
    check_range(x, y, length, q, 1e-12);
    assert_close(independent_loglik(x, y, length, q), 14530.62, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(singular_and_nilpotent_transitions_forget),
        cmocka_unit_test(unstable_states_without_data_overflow_with_an_error),
        cmocka_unit_test(rotations_keep_the_length_of_the_state),
        cmocka_unit_test(extreme_observations_are_refused_or_taken_in),
        cmocka_unit_test(rows_without_anything_only_add_the_shocks),
        cmocka_unit_test(constant_series_are_followed_exactly),
        cmocka_unit_test(scaling_by_powers_of_two_scales_the_bits),
        cmocka_unit_test(shifting_the_data_shifts_the_level),
        cmocka_unit_test(mixed_units_change_nothing),
        cmocka_unit_test(alternately_missing_rows_are_longer_steps),
        cmocka_unit_test(the_order_of_the_components_does_not_matter),
        cmocka_unit_test(impossible_rows_have_no_likelihood_and_the_filter_goes_on),
        cmocka_unit_test(values_over_two_hundred_decades_are_one_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
