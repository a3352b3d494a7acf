/* Signal and imputation against the conditional distribution of the joint normal. */
#include "kalman/joint_normal.h"

enum { most = 512 };

static void near(double found, wide expected, wide size, double tolerance, const char *what)
{
    if (!(fabsl(found - expected) <= tolerance * (fabsl(expected) + size)))
        fail_msg("%s is %.15g, expected %.15Lg", what, found, expected);
}

/* Covariance of the observation (t, i) with the states and, through H, with another observation. */
static wide with_state(const joint_system *j, size_t t, size_t i, size_t state)
{
    const size_t n = j->n, N = n * j->length;
    wide sum = 0.0;
    for (size_t a = 0; a < n; a++) sum += j->Z[t * j->p * n + i + a * j->p] * j->s_var[t * n + a + state * N];
    return sum;
}

static wide with_observation(const joint_system *j, size_t t, size_t i, size_t s, size_t k)
{
    const size_t n = j->n, p = j->p;
    wide sum = t == s ? j->H[t * p * p + i + k * p] : 0.0;
    for (size_t a = 0; a < n; a++) sum += j->Z[s * p * n + k + a * p] * with_state(j, t, i, s * n + a);
    return sum;
}

/* Mean and variance of all observations of row t given the observed ones, by brute force. */
static void row_given_all(joint_system *j, size_t t, int with_errors, wide *mean, wide *variance)
{
    const size_t n = j->n, p = j->p;
    wide C[JOINT_MOST * 4];
    for (size_t i = 0; i < p; i++) {
        mean[i] = j->d[t * p + i];
        for (size_t a = 0; a < n; a++) mean[i] += j->Z[t * p * n + i + a * p] * j->s_mean[t * n + a];
        for (size_t k = 0; k < p; k++) {
            variance[i + k * p] = with_observation(j, t, i, t, k);
            if (!with_errors) variance[i + k * p] -= j->H[t * p * p + i + k * p];
        }
        for (size_t k = 0, l = 0; k < p * j->length; k++) {
            if (isnan(j->y[k])) continue;
            C[i + l * p] = with_observation(j, t, i, k / p, k % p);
            if (!with_errors && k / p == t) C[i + l * p] -= j->H[t * p * p + i + k % p * p];
            l++;
        }
    }
    joint_condition(j, mean, variance, C, p);
}

static void check(unsigned seed, int diffuse, double kappa, double tolerance)
{
    double signal[most], signal_var[most], y[most], y_var[most];
    wide mean[JOINT_MOST], variance[JOINT_MOST];
    joint_system j;
    joint_random(&j, seed, diffuse);
    const size_t p = j.p;
    ssm_context *ctx = open_context();
    const ssm_kalman_imputed out = {signal, signal_var, y, y_var};
    assert_int_equal(ssm_kalman_impute(ctx, &j.model, j.y, j.length, NULL, &out), SSM_OK);
    ssm_context_free(ctx);
    joint_moments(&j, kappa);
    joint_cholesky(j.y_var, j.n_observed);
    for (size_t t = 0; t < j.length; t++) {
        row_given_all(&j, t, 0, mean, variance);
        wide size = 1.0;
        for (size_t k = 0; k < p; k++) size = fmaxl(size, fmaxl(variance[k * (p + 1)], fabsl(mean[k])));
        for (size_t k = 0; k < p; k++) near(signal[t * p + k], mean[k], size, tolerance, "signal");
        for (size_t k = 0; k < p * p; k++)
            near(signal_var[t * p * p + k], variance[k], size, tolerance, "its variance");
        row_given_all(&j, t, 1, mean, variance);
        for (size_t k = 0; k < p; k++) near(y[t * p + k], mean[k], size, tolerance, "observation");
        for (size_t k = 0; k < p * p; k++)
            near(y_var[t * p * p + k], variance[k], size, tolerance, "its variance");
        for (size_t k = 0; k < p; k++) {
            if (isnan(j.y[t * p + k])) continue;
            assert_true(y[t * p + k] == j.y[t * p + k] && y_var[t * p * p + k * (p + 1)] == 0.0);
        }
    }
    joint_close(&j);
}

static void imputed_rows_have_the_conditional_moments(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) check(seed, 0, 0.0, 1e-9);
}

static void imputed_rows_of_a_diffuse_start_have_the_limit_of_them(void **state)
{
    (void)state;
    /* brute force is off by 1/kappa and by rounding times kappa; their sum is least here */
    for (unsigned seed = 1; seed <= 40; seed++) check(seed, 1, 1e10, 1e-6);
}

/* Twenty missing years; numbers from the inverse of the joint precision matrix. */
static void gap_in_the_nile_is_filled(void **state)
{
    (void)state;
    double y[MOST_ROWS], filled[100], variance[100];
    small_model m;
    read_nile(y);
    for (size_t t = 20; t < 40; t++) y[t] = NAN;
    local_level(&m, 15099, 1469.1);
    ssm_context *ctx = open_context();
    assert_int_equal(
        ssm_kalman_impute(ctx, &m.model, y, 100, NULL, &(ssm_kalman_imputed){.y = filled, .y_var = variance}),
        SSM_OK);
    ssm_context_free(ctx);
    assert_close(filled[30], 893.8098103866871, 1e-12);
    assert_close(variance[30], 24813.99778014537, 1e-12);
    assert_true(filled[0] == y[0] && variance[0] == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gap_in_the_nile_is_filled),
        cmocka_unit_test(imputed_rows_have_the_conditional_moments),
        cmocka_unit_test(imputed_rows_of_a_diffuse_start_have_the_limit_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
