/* The filter against published numbers: Durbin & Koopman (2012), KFAS, statsmodels, Stata, R, and the closed
 * forms of Koopman (1997). Tolerances are those to which the sources are printed. */
#include "kalman/cases.h"

static ssm_kalman_summary run(const ssm_statespace *model, const double *y, size_t length,
                              const ssm_kalman_options *options, const ssm_kalman_output *out)
{
    ssm_context *ctx = open_context();
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(ctx, model, y, length, options, out, &summary), SSM_OK);
    ssm_context_free(ctx);
    return summary;
}

static double loglik(const small_model *m, const double *y, size_t length, ssm_loglik_convention convention,
                     double kappa)
{
    const ssm_kalman_options options = {.convention = convention, .kappa = kappa};
    return run(&m->model, y, length, &options, NULL).loglik;
}

static void nile_likelihood_agrees_in_each_convention(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    assert_int_equal(read_nile(y), 100);
    local_level(&m, 15099, 1469.1);
    assert_close(loglik(&m, y, 100, SSM_LOGLIK_DURBIN_KOOPMAN, 0), -633.4645636489, 1e-12);
    assert_close(loglik(&m, y, 100, SSM_LOGLIK_KFAS, 0), -632.5456251157, 1e-12);
    assert_close(loglik(&m, y, 100, SSM_LOGLIK_KAPPA, 1e7), -641.5855784594, 1e-12);
}

static void nile_filter_has_the_numbers_of_the_book(void **state)
{
    (void)state;
    double y[MOST_ROWS], v[100], F[100], a[101], att[100], Ptt[100], P[101];
    small_model m;
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    const ssm_kalman_output out = {.v = v, .F = F, .a = a, .P = P, .a_filtered = att, .P_filtered = Ptt};
    run(&m.model, y, 100, NULL, &out);
    assert_close(a[1], 1120, 1e-10);
    assert_close(v[1], 40, 1e-10);
    assert_close(F[1], 31667.1, 1e-10);
    assert_close(att[1], 1140.92783993, 1e-11);
    assert_close(att[2], 1072.79852953, 1e-11);
    assert_close(att[99], 798.37029261, 1e-11);
    assert_close(Ptt[1], 7899.7363794, 1e-11);
    assert_close(Ptt[2], 5781.4699387, 1e-11);
    assert_close(Ptt[99], 4032.15794181, 1e-11);
}

static void local_level_settles_at_the_closed_form(void **state)
{
    (void)state;
    double y[400] = {0}, P[401], K[400];
    small_model m;
    local_level(&m, 15099, 1469.1);
    const double q = 1469.1 / 15099, steady = 15099 * (q + sqrt(q * q + 4 * q)) / 2;
    const ssm_kalman_output out = {.P = P, .K = K};
    const ssm_kalman_summary s = run(&m.model, y, 400, NULL, &out);
    assert_close(P[400], 5501.257941808, 1e-12);
    assert_close(P[400], steady, 1e-12);
    assert_close(K[399], 0.267048012571, 1e-11);
    assert_true(s.n_steady > 300);
}

static void nile_forecast_errors_are_those_of_the_reference(void **state)
{
    (void)state;
    double y[MOST_ROWS], mean[10], variance[10];
    small_model m;
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_forecast(ctx, &m.model, y, 100, 10, NULL, mean, variance), SSM_OK);
    assert_close(mean[0], 798.37029261, 1e-11);
    assert_close(mean[9], 798.37029261, 1e-11);
    assert_close(sqrt(variance[0]), 143.52789952, 1e-10);
    assert_close(sqrt(variance[9]), 183.90801489, 1e-10);
    ssm_context_free(ctx);
}

static void structural_models_agree_with_kfas(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    read_nile(y);
    local_trend(&m, 15099, 1469.1, 10);
    assert_close(loglik(&m, y, 100, SSM_LOGLIK_KFAS, 0), -631.303671007, 1e-11);
    assert_int_equal(read_log_passengers(y), 144);
    dummy_seasonal(&m, 1e-4, 7e-4, 1e-7, 6e-5);
    assert_close(loglik(&m, y, 144, SSM_LOGLIK_KFAS, 0), 229.08310606, 1e-10);
    assert_close(loglik(&m, y, 144, SSM_LOGLIK_DURBIN_KOOPMAN, 0), 217.13690513, 1e-10);
    trigonometric_seasonal(&m, 1e-4, 7e-4, 1e-7, 6e-6);
    assert_close(loglik(&m, y, 144, SSM_LOGLIK_KFAS, 0), 222.485331832, 1e-11);
}

static void seasonal_model_uses_thirteen_diffuse_observations(void **state)
{
    (void)state;
    double y[MOST_ROWS], a[13 * 145], P[13 * 13 * 145], Finf[144];
    small_model m;
    read_log_passengers(y);
    dummy_seasonal(&m, 1e-4, 7e-4, 1e-7, 6e-5);
    const ssm_kalman_output out = {.a = a, .P = P, .Finf = Finf};
    const ssm_kalman_summary s = run(&m.model, y, 144, NULL, &out);
    assert_int_equal(s.n_diffuse, 13);
    assert_int_equal(s.n_diffuse_left, 0);
    for (size_t t = 0; t < 144; t++) assert_int_equal(Finf[t] > 0, t < 13);
    assert_close(a[144 * 13], 6.18909886807, 1e-11);
    assert_close(a[144 * 13 + 1], 0.00896243776, 1e-8);
    assert_close(a[144 * 13 + 2], -0.06516972462, 1e-9);
    assert_close(P[144 * 169], 9.81559472e-4, 1e-8);
}

static void short_series_agree_with_stata(void **state)
{
    (void)state;
    const double level[10] = {10.2394, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const double trend[10] = {10.2394, 4.2039, 6.123123, 1, 1, 1, 1, 1, 1, 1};
    small_model m;
    local_level(&m, 1.993, 8.253);
    assert_close(loglik(&m, level, 10, SSM_LOGLIK_DURBIN_KOOPMAN, 0), -23.9352603142740605, 1e-8);
    local_trend(&m, 1.993, 8.253, 2.334);
    assert_close(loglik(&m, trend, 10, SSM_LOGLIK_DURBIN_KOOPMAN, 0), -22.9743755748041529, 1e-8);
}

static void diffuse_trend_start_has_its_closed_form(void **state)
{
    (void)state;
    double y[4] = {10.2394, 4.2039, 6.123123, 2.5}, a[10], P[20], Pinf[20];
    const double e = 1.993, q = 8.253 / 1.993, b = 2.334 / 1.993;
    small_model m;
    local_trend(&m, e, 8.253, 2.334);
    const ssm_kalman_output out = {.a = a, .P = P, .Pinf = Pinf};
    run(&m.model, y, 4, NULL, &out);
    assert_close(a[4], 2 * y[1] - y[0], 1e-13);
    assert_close(a[5], y[1] - y[0], 1e-13);
    assert_close(P[8], e * (5 + 2 * q + b), 1e-13);
    assert_close(P[9], e * (3 + q + b), 1e-13);
    assert_close(P[11], e * (2 + q + 2 * b), 1e-13);
    for (size_t k = 8; k < 12; k++) assert_true(Pinf[k] == 0.0);
    y[1] = NAN;
    run(&m.model, y, 4, NULL, &out);
    assert_close(a[6], 1.5 * y[2] - 0.5 * y[0], 1e-13);
    assert_close(a[7], 0.5 * y[2] - 0.5 * y[0], 1e-13);
}

/* A level and a regression on a step from 1899 on, as a second, diffuse state that Z reads from then on. */
static void nile_level_shift_agrees_with_kfas(void **state)
{
    (void)state;
    double y[MOST_ROWS], Z[2 * 100], a[2 * 101];
    small_model m;
    read_nile(y);
    open_model(&m, 2, 16292.10);
    m.T[0] = m.T[3] = 1.0;
    m.Q[0] = 0.574;
    for (size_t t = 0; t < 100; t++) {
        Z[2 * t] = 1.0;
        Z[2 * t + 1] = t >= 28 ? 1.0 : 0.0;
    }
    m.model.Z = (ssm_system_matrix){Z, 2};
    const ssm_kalman_options kfas = {.convention = SSM_LOGLIK_KFAS};
    const ssm_kalman_output out = {.a = a};
    const ssm_kalman_summary s = run(&m.model, y, 100, &kfas, &out);
    assert_int_equal(s.n_diffuse, 2);
    assert_close(s.loglik, -618.111562, 1e-8);
    assert_close(a[2 * 100 + 1], -248.228327, 1e-4); /* the variances are printed to six digits */
}

static void stationary_arma_agrees_with_r(void **state)
{
    (void)state;
    double y[MOST_ROWS], mean = 0.0;
    small_model m;
    assert_int_equal(read_column(SSMCAST_TEST_DATA "/golden/kalman/lh.txt", y, MOST_ROWS), 48);
    for (size_t t = 0; t < 48; t++) mean += y[t] / 48;
    for (size_t t = 0; t < 48; t++) y[t] -= mean;
    open_model(&m, 2, 0.0);
    m.model.P1inf = NULL;
    const double phi1 = 0.6, phi2 = 0.1, theta = 0.2, variance = 0.19;
    m.Z[0] = m.T[2] = 1.0;
    m.T[0] = phi1;
    m.T[1] = phi2;
    m.Q[0] = variance;
    m.Q[1] = m.Q[2] = variance * theta;
    m.Q[3] = variance * theta * theta;
    m.P1[0] = 0.4513939393939394;
    m.P1[1] = m.P1[2] = 0.0723151515151515;
    m.P1[3] = 0.0121139393939394;
    assert_close(loglik(&m, y, 48, SSM_LOGLIK_DURBIN_KOOPMAN, 0), -30.4788082417, 1e-11);
}

/* A row of all missing values predicts; the likelihood of the others is that of the longer step. */
static void steady_state_changes_nothing_but_the_time(void **state)
{
    (void)state;
    double y[600];
    small_model m;
    const ssm_kalman_options never = {.steady_tolerance = -1.0};
    trigonometric_seasonal(&m, 1.0, 0.3, 0.01, 0.02);
    uint32_t noise = 1;
    for (size_t t = 0; t < 600; t++) {
        noise = noise * 1664525u + 1013904223u;
        y[t] = (double)noise / 4294967296.0 * 5.0;
    }
    y[400] = NAN;
    const ssm_kalman_summary fast = run(&m.model, y, 600, NULL, NULL);
    const ssm_kalman_summary full = run(&m.model, y, 600, &never, NULL);
    assert_true(fast.n_steady > 150);
    assert_int_equal(full.n_steady, 0);
    assert_close(fast.loglik, full.loglik, 1e-12);
}

static void missing_rows_are_a_forecast(void **state)
{
    (void)state;
    double y[MOST_ROWS], longer[112], a[113], mean[12];
    small_model m;
    read_nile(y);
    local_trend(&m, 15099, 1469.1, 10);
    for (size_t t = 0; t < 112; t++) longer[t] = t < 100 ? y[t] : NAN;
    double both[2 * 113];
    const ssm_kalman_output out = {.a = both};
    const ssm_kalman_summary s = run(&m.model, longer, 112, NULL, &out);
    for (size_t t = 0; t <= 112; t++) a[t] = both[2 * t];
    assert_int_equal(s.n_missing, 12);
    assert_close(s.loglik, loglik(&m, y, 100, SSM_LOGLIK_DURBIN_KOOPMAN, 0), 1e-15);
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_forecast(ctx, &m.model, y, 100, 12, NULL, mean, NULL), SSM_OK);
    for (size_t h = 0; h < 12; h++) assert_true(mean[h] == a[100 + h]);
    ssm_context_free(ctx);
}

static void observations_without_variance_pass_through(void **state)
{
    (void)state;
    double y[5] = {1, 2, 4, 7, 11}, att[5], Ptt[5];
    small_model m;
    local_level(&m, 0.0, 2.0);
    const ssm_kalman_output out = {.a_filtered = att, .P_filtered = Ptt};
    run(&m.model, y, 5, NULL, &out);
    for (size_t t = 0; t < 5; t++) {
        assert_true(att[t] == y[t]);
        assert_true(fabs(Ptt[t]) < 1e-15);
    }
}

static void certain_observations_are_skipped_and_contradictions_are_impossible(void **state)
{
    (void)state;
    const double same[4] = {3, 3, 3, 3}, other[4] = {3, 3, 4, 3};
    small_model m;
    local_level(&m, 0.0, 0.0);
    const ssm_kalman_summary fine = run(&m.model, same, 4, NULL, NULL);
    assert_int_equal(fine.n_certain, 3);
    assert_true(isfinite(fine.loglik));
    const ssm_kalman_summary broken = run(&m.model, other, 4, NULL, NULL);
    assert_true(isinf(broken.loglik) && broken.loglik < 0);
}

static void diffuse_directions_that_stay_open_are_counted(void **state)
{
    (void)state;
    const double y[3] = {1, NAN, NAN};
    double mean[1], a[2];
    small_model m;
    local_trend(&m, 1, 1, 1);
    assert_int_equal(run(&m.model, y, 3, NULL, NULL).n_diffuse_left, 1);
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_forecast(ctx, &m.model, y, 3, 1, NULL, mean, NULL), SSM_E_DATA);
    assert_string_equal(ssm_context_message(ctx),
                        "the data do not fix 1 direction of the diffuse start; open among the states: 0, 1");
    m.Z[0] = m.T[2] = 0; /* neither is seen nor moves the other, and the first is not diffuse */
    m.P1inf[0] = 0;
    assert_int_equal(ssm_kalman_smooth(ctx, &m.model, y, 1, NULL, &(ssm_kalman_smooth_output){.alpha = a}),
                     SSM_E_DATA);
    assert_string_equal(ssm_context_message(ctx),
                        "the data do not fix 1 direction of the diffuse start; open among the states: 1");
    ssm_context_free(ctx);
}

static void scaling_by_a_power_of_two_scales_every_bit(void **state)
{
    (void)state;
    double y[MOST_ROWS], a[101], scaled[101], z[MOST_ROWS];
    small_model m, big;
    const double factor = 0x1p300;
    read_nile(y);
    for (size_t t = 0; t < 100; t++) z[t] = y[t] * factor;
    local_level(&m, 15099, 1469.1);
    local_level(&big, 15099, 1469.1);
    ssm_kalman_output out = {.a = a};
    run(&m.model, y, 100, NULL, &out);
    out.a = scaled;
    run(&big.model, z, 100, NULL, &out); /* the gain depends on the ratio of the variances only */
    for (size_t t = 1; t <= 100; t++) assert_true(scaled[t] == a[t] * factor);
}

static void unusable_models_and_data_are_refused(void **state)
{
    (void)state;
    double y[3] = {1, INFINITY, 2};
    small_model m;
    ssm_context *ctx = open_context();
    ssm_kalman_summary summary = {.loglik = 7};
    local_level(&m, 1, 1);
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 3, NULL, NULL, &summary), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(ctx), "row 1"));
    assert_true(summary.loglik == 7);
    m.model.r = 2;
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 1, NULL, NULL, &summary), SSM_E_ARGUMENT);
    m.model.r = 1;
    m.model.Z.data = NULL;
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 1, NULL, NULL, &summary), SSM_E_ARGUMENT);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_likelihood_agrees_in_each_convention),
        cmocka_unit_test(nile_filter_has_the_numbers_of_the_book),
        cmocka_unit_test(local_level_settles_at_the_closed_form),
        cmocka_unit_test(nile_forecast_errors_are_those_of_the_reference),
        cmocka_unit_test(structural_models_agree_with_kfas),
        cmocka_unit_test(seasonal_model_uses_thirteen_diffuse_observations),
        cmocka_unit_test(short_series_agree_with_stata),
        cmocka_unit_test(diffuse_trend_start_has_its_closed_form),
        cmocka_unit_test(nile_level_shift_agrees_with_kfas),
        cmocka_unit_test(stationary_arma_agrees_with_r),
        cmocka_unit_test(steady_state_changes_nothing_but_the_time),
        cmocka_unit_test(missing_rows_are_a_forecast),
        cmocka_unit_test(observations_without_variance_pass_through),
        cmocka_unit_test(certain_observations_are_skipped_and_contradictions_are_impossible),
        cmocka_unit_test(diffuse_directions_that_stay_open_are_counted),
        cmocka_unit_test(scaling_by_a_power_of_two_scales_every_bit),
        cmocka_unit_test(unusable_models_and_data_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
