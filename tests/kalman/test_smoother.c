/* The smoother against published numbers and against the conditional distribution of the joint normal. */
#include "kalman/joint_normal.h"
#include "kalman/reference_case.h"

static void smooth(const ssm_statespace *model, const double *y, size_t length,
                   const ssm_kalman_smooth_output *out)
{
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_smooth(ctx, model, y, length, NULL, out), SSM_OK);
    ssm_context_free(ctx);
}

static void nile_smoother_has_the_numbers_of_the_reference(void **state)
{
    (void)state;
    double y[MOST_ROWS], alpha[100], V[100], V_lag[100], epsilon[100], eta[100];
    small_model m;
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    smooth(
        &m.model, y, 100,
        &(ssm_kalman_smooth_output){.alpha = alpha, .V = V, .V_lag = V_lag, .epsilon = epsilon, .eta = eta});
    assert_close(alpha[0], 1111.66831913, 1e-11);
    assert_close(alpha[1], 1110.85766462, 1e-11);
    assert_close(alpha[49], 834.7632591, 1e-10);
    assert_close(alpha[99], 798.37029261, 1e-11);
    assert_close(V[0], 4032.15794181, 1e-11);
    assert_close(V[1], 3242.93007322, 1e-11);
    assert_close(V[49], 2326.75686981, 1e-11);
    assert_close(V[99], 4032.15794181, 1e-11);
    assert_close(V_lag[0], 2955.37817707643, 1e-11); /* inverse of the joint precision matrix */
    assert_close(epsilon[0], 8.33168087, 1e-9);
    assert_close(epsilon[1], 49.14233538, 1e-9);
    assert_close(eta[0], -0.8106545, 1e-7);
    assert_close(eta[1], -5.59209731, 1e-8);
}

static void local_trend_variance_at_the_diffuse_start_agrees_with_kfas(void **state)
{
    (void)state;
    double y[MOST_ROWS], V[400];
    small_model m;
    read_nile(y);
    local_trend(&m, 15099, 1469.1, 10);
    smooth(&m.model, y, 100, &(ssm_kalman_smooth_output){.V = V});
    assert_close(V[0], 4820.413631755, 1e-11);
    assert_close(V[1], -320.602426465, 1e-11);
    assert_close(V[2], -320.602426465, 1e-11);
    assert_close(V[3], 140.354927179, 1e-11);
}

static void assert_near(const double *found, const wide *expected, size_t count, double tolerance)
{
    wide largest = 1.0;
    for (size_t k = 0; k < count; k++) largest = fmaxl(largest, fabsl(expected[k]));
    for (size_t k = 0; k < count; k++) {
        if (!(fabsl(found[k] - expected[k]) <= tolerance * largest))
            fail_msg("element %zu is %.15g, expected %.15Lg", k, found[k], expected[k]);
    }
}

/* Conditional moments of all states, all errors and all shocks by brute force. */
static void compare_states(joint_system *j, const double *alpha, const double *V, const double *V_lag,
                           double tolerance)
{
    const size_t n = j->n, L = j->length, N = n * L;
    joint_condition(j, j->s_mean, j->s_var, j->s_y, N);
    assert_near(alpha, j->s_mean, N, tolerance);
    for (size_t t = 0; t < L; t++) {
        wide block[JOINT_MOST];
        for (size_t a = 0; a < n; a++) {
            for (size_t b = 0; b < n; b++) block[a + b * n] = j->s_var[t * n + a + (t * n + b) * N];
        }
        assert_near(V + t * n * n, block, n * n, tolerance);
        if (t + 1 == L) break;
        for (size_t a = 0; a < n; a++) {
            for (size_t b = 0; b < n; b++) block[a + b * n] = j->s_var[(t + 1) * n + a + (t * n + b) * N];
        }
        assert_near(V_lag + t * n * n, block, n * n, tolerance);
    }
}

/* Covariance of the errors of row t with the observed values: H where the rows agree. */
static void error_covariance(const joint_system *j, size_t t, wide *C)
{
    const size_t p = j->p;
    for (size_t k = 0, l = 0; k < p * j->length; k++) {
        if (isnan(j->y[k])) continue;
        for (size_t a = 0; a < p; a++) C[a + l * p] = k / p == t ? j->H[t * p * p + a + k % p * p] : 0.0;
        l++;
    }
}

/* Covariance of the shocks of row t with the observed values: through the states of later rows. */
static void shock_covariance(const joint_system *j, size_t t, wide *C)
{
    const size_t n = j->n, p = j->p, r = j->r;
    wide G[JOINT_MOST] = {0}, next[JOINT_MOST];
    for (size_t s = 0, l = 0; s < j->length; s++) {
        for (size_t a = 0; a < n; a++) {
            for (size_t b = 0; b < r; b++) {
                wide sum = 0.0;
                if (s == t + 1) {
                    for (size_t k = 0; k < r; k++)
                        sum += j->R[t * n * r + a + k * n] * j->Q[t * r * r + k + b * r];
                } else if (s > t + 1) {
                    for (size_t k = 0; k < n; k++) sum += j->T[(s - 1) * n * n + a + k * n] * G[k + b * n];
                }
                next[a + b * n] = sum;
            }
        }
        memcpy(G, next, sizeof G);
        for (size_t i = 0; i < p; i++) {
            if (isnan(j->y[s * p + i])) continue;
            for (size_t b = 0; b < r; b++) {
                C[b + l * r] = 0.0;
                for (size_t a = 0; a < n; a++) C[b + l * r] += j->Z[s * p * n + i + a * p] * G[a + b * n];
            }
            l++;
        }
    }
}

static void compare_block(joint_system *j, const wide *C, const double *prior, const double *mean,
                          const double *variance, size_t m, double tolerance)
{
    wide want_mean[JOINT_MOST] = {0}, want[JOINT_MOST];
    for (size_t k = 0; k < m * m; k++) want[k] = prior[k];
    joint_condition(j, want_mean, want, C, m);
    assert_near(mean, want_mean, m, tolerance);
    assert_near(variance, want, m * m, tolerance);
}

static void check_system(unsigned seed, int diffuse, double kappa, double tolerance)
{
    enum { most = 512 };
    joint_system j;
    double alpha[most], V[most], V_lag[most], epsilon[most], epsilon_var[most], eta[most], eta_var[most];
    wide C[most];
    joint_random(&j, seed, diffuse);
    smooth(&j.model, j.y, j.length,
           &(ssm_kalman_smooth_output){.alpha = alpha,
                                       .V = V,
                                       .V_lag = V_lag,
                                       .epsilon = epsilon,
                                       .epsilon_var = epsilon_var,
                                       .eta = eta,
                                       .eta_var = eta_var});
    joint_moments(&j, kappa);
    joint_cholesky(j.y_var, j.n_observed);
    compare_states(&j, alpha, V, V_lag, tolerance);
    const size_t p = j.p, r = j.r;
    for (size_t t = 0; t < j.length; t++) {
        error_covariance(&j, t, C);
        compare_block(&j, C, j.H + t * p * p, epsilon + t * p, epsilon_var + t * p * p, p, tolerance);
        shock_covariance(&j, t, C);
        compare_block(&j, C, j.Q + t * r * r, eta + t * r, eta_var + t * r * r, r, tolerance);
    }
    joint_close(&j);
}

static void smoothed_moments_are_the_conditional_ones(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) check_system(seed, 0, 0.0, 1e-9);
}

static void diffuse_smoothed_moments_are_the_limit_of_the_conditional_ones(void **state)
{
    (void)state;
    /* brute force is off by 1/kappa and by rounding times kappa */
    for (unsigned seed = 1; seed <= 40; seed++) check_system(seed, 1, 1e11, 1e-6);
}

static void assert_same(const double *found, const double *expected, size_t count, double tolerance)
{
    wide copy[2500];
    for (size_t k = 0; k < count; k++) copy[k] = expected[k];
    assert_near(found, copy, count, tolerance);
}

/* The settled recursion against every row in full. */
static void settled_smoother_equals_the_full_one(void **state)
{
    (void)state;
    enum { rows = 3000, n = 13 };
    static double y[rows], alpha[2][rows * n], V[2][rows * n * n], lag[2][rows * n * n], eta[2][rows * n],
        eta_var[2][rows * n * n], epsilon[2][rows], epsilon_var[2][rows];
    small_model m;
    uint32_t noise = 7;
    for (size_t t = 0; t < rows; t++) {
        noise = noise * 1664525u + 1013904223u;
        y[t] = (double)noise / 4294967296.0 * 5.0 + sin((double)t);
    }
    y[1700] = NAN;
    trigonometric_seasonal(&m, 1.0, 0.3, 0.01, 0.02);
    ssm_context *ctx = open_context();
    const ssm_kalman_options never = {.steady_tolerance = -1.0};
    for (int k = 0; k < 2; k++) {
        const ssm_kalman_smooth_output out = {.alpha = alpha[k],
                                              .V = V[k],
                                              .V_lag = lag[k],
                                              .eta = eta[k],
                                              .eta_var = eta_var[k],
                                              .epsilon = epsilon[k],
                                              .epsilon_var = epsilon_var[k]};
        assert_int_equal(ssm_kalman_smooth(ctx, &m.model, y, rows, k == 0 ? NULL : &never, &out), SSM_OK);
    }
    ssm_context_free(ctx);
    for (size_t t = 0; t < rows; t++) {
        assert_same(alpha[0] + t * n, alpha[1] + t * n, n, 1e-9);
        assert_same(V[0] + t * n * n, V[1] + t * n * n, n * n, 1e-9);
        assert_same(eta[0] + t * n, eta[1] + t * n, n, 1e-9);
        assert_same(eta_var[0] + t * n * n, eta_var[1] + t * n * n, n * n, 1e-9);
        if (t + 1 < rows) assert_same(lag[0] + t * n * n, lag[1] + t * n * n, n * n, 1e-9);
    }
    for (size_t t = 0; t < rows; t++) {
        assert_true(fabs(epsilon[0][t] - epsilon[1][t]) <= 1e-9);
        assert_true(fabs(epsilon_var[0][t] - epsilon_var[1][t]) <= 1e-9);
    }
}

/* Two observations with correlated errors, a gap in one of them. */
static void settled_smoother_of_correlated_errors_equals_the_full_one(void **state)
{
    (void)state;
    enum { rows = 400 };
    static double y[2 * rows], epsilon[2][2 * rows], variance[2][4 * rows];
    const double Z[2] = {1, 0.5}, H[4] = {2, 0.7, 0.7, 1}, one = 1, Q = 0.5;
    const ssm_statespace model = {
        .n = 1, .p = 2, .r = 1, .Z = {Z, 0}, .H = {H, 0}, .T = {&one, 0}, .Q = {&Q, 0}, .P1inf = &one};
    uint32_t noise = 7;
    for (size_t k = 0; k < 2 * rows; k++) {
        noise = noise * 1664525u + 1013904223u;
        y[k] = (double)noise / 4294967296.0 * 5.0;
    }
    y[2 * 200 + 1] = NAN;
    ssm_context *ctx = open_context();
    const ssm_kalman_options never = {.steady_tolerance = -1.0};
    for (int k = 0; k < 2; k++) {
        const ssm_kalman_smooth_output out = {.epsilon = epsilon[k], .epsilon_var = variance[k]};
        assert_int_equal(ssm_kalman_smooth(ctx, &model, y, rows, k == 0 ? NULL : &never, &out), SSM_OK);
    }
    ssm_context_free(ctx);
    for (size_t k = 0; k < 2 * rows; k++) assert_true(fabs(epsilon[0][k] - epsilon[1][k]) <= 1e-10);
    for (size_t k = 0; k < 4 * rows; k++) assert_true(fabs(variance[0][k] - variance[1][k]) <= 1e-10);
}

/* Without variances the pass back carries means alone, through diffuse and missing rows alike. */
static void means_alone_equal_means_with_variances(void **state)
{
    (void)state;
    double alpha[2][512], epsilon[2][512], eta[2][512], V[512];
    for (unsigned seed = 1; seed <= 40; seed++) {
        joint_system j;
        joint_random(&j, seed, seed % 2 == 0);
        const size_t L = j.length;
        for (int k = 0; k < 2; k++)
            smooth(&j.model, j.y, L,
                   &(ssm_kalman_smooth_output){
                       .alpha = alpha[k], .epsilon = epsilon[k], .eta = eta[k], .V = k == 0 ? NULL : V});
        assert_same(alpha[0], alpha[1], j.n * L, 1e-9);
        assert_same(epsilon[0], epsilon[1], j.p * L, 1e-9);
        assert_same(eta[0], eta[1], j.r * L, 1e-9);
        joint_close(&j);
    }
}

static void smoothed_variance_never_exceeds_the_filtered_one(void **state)
{
    (void)state;
    double y[MOST_ROWS], V[13 * 13 * 144], P[13 * 13 * 144];
    small_model m;
    read_log_passengers(y);
    for (size_t t = 60; t < 70; t++) y[t] = NAN;
    dummy_seasonal(&m, 1e-4, 7e-4, 1e-7, 6e-5);
    smooth(&m.model, y, 144, &(ssm_kalman_smooth_output){.V = V});
    ssm_context *ctx = open_context();
    assert_int_equal(
        ssm_kalman_filter(ctx, &m.model, y, 144, NULL, &(ssm_kalman_output){.P_filtered = P}, NULL), SSM_OK);
    ssm_context_free(ctx);
    for (size_t t = 13; t < 144; t++) {
        for (size_t k = 0; k < 13; k++) {
            const size_t at = t * 169 + k * 14;
            assert_true(V[at] >= 0.0 && V[at] <= P[at] * (1 + 1e-9));
        }
    }
}

static void check_reference(const char *folder)
{
    reference_case c;
    if (!reference_open(&c, folder)) fail_msg("cannot read %s", folder);
    const size_t n = c.model.n, mid = c.length / 2;
    double *alpha = calloc(n * c.length, sizeof *alpha), *V = calloc(n * n * c.length, sizeof *V);
    smooth(&c.model, c.y, c.length, &(ssm_kalman_smooth_output){.alpha = alpha, .V = V});
    double *first = reference_matrix(json_object_get(c.expected, "smoothed_state_first"), 0, n);
    double *middle = reference_matrix(json_object_get(c.expected, "smoothed_state_mid"), 0, n);
    double *cov = reference_matrix(json_object_get(c.expected, "smoothed_cov_mid"), n, n);
    assert_same(alpha, first, n, 1e-8);
    assert_same(alpha + mid * n, middle, n, 1e-8);
    assert_same(V + mid * n * n, cov, n * n, 1e-8);
    free(alpha);
    free(V);
    free(first);
    free(middle);
    free(cov);
    reference_close(&c);
}

static void committed_systems_agree_with_statsmodels(void **state)
{
    (void)state;
    check_reference(SSMCAST_TEST_DATA "/golden/kalman/bsm13_missing");
    check_reference(SSMCAST_TEST_DATA "/golden/kalman/dense_m8p4");
}

static void long_systems_agree_with_statsmodels(void **state)
{
    (void)state;
    static const char *const name[] = {"a_locallevel", "b_bsm13", "b_bsm13_miss", "c_m4p1",  "c_m4p2",
                                       "c_m8p4",       "c_m16p1", "c_m16p4",      "c_m50p10"};
    const char *root = getenv("SSMCAST_REFERENCE");
    if (root == NULL) skip();
    for (size_t k = 0; k < sizeof name / sizeof *name; k++) {
        char folder[1024];
        snprintf(folder, sizeof folder, "%s/kf/%s", root, name[k]);
        check_reference(folder);
    }
}

static void open_diffuse_directions_are_refused(void **state)
{
    (void)state;
    const double y[3] = {1, NAN, NAN};
    double alpha[6];
    small_model m;
    ssm_context *ctx = open_context();
    local_trend(&m, 1, 1, 1);
    assert_int_equal(
        ssm_kalman_smooth(ctx, &m.model, y, 3, NULL, &(ssm_kalman_smooth_output){.alpha = alpha}),
        SSM_E_DATA);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_smoother_has_the_numbers_of_the_reference),
        cmocka_unit_test(local_trend_variance_at_the_diffuse_start_agrees_with_kfas),
        cmocka_unit_test(smoothed_moments_are_the_conditional_ones),
        cmocka_unit_test(diffuse_smoothed_moments_are_the_limit_of_the_conditional_ones),
        cmocka_unit_test(settled_smoother_equals_the_full_one),
        cmocka_unit_test(settled_smoother_of_correlated_errors_equals_the_full_one),
        cmocka_unit_test(means_alone_equal_means_with_variances),
        cmocka_unit_test(smoothed_variance_never_exceeds_the_filtered_one),
        cmocka_unit_test(committed_systems_agree_with_statsmodels),
        cmocka_unit_test(long_systems_agree_with_statsmodels),
        cmocka_unit_test(open_diffuse_directions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
