/* The steady-state filter against closed forms and against the filter's own recursion run for long. */
#include "core/fixture.h"

#include "core/dense.h"
#include "core/lapack.h"
#include "core/riccati.h"

static void the_local_level_has_its_golden_ratio(void **state)
{
    fixture *f = *state;
    for (double q = 1e-8; q < 1e9; q *= 10) {
        const double one = 1;
        double P, K, F;
        assert_int_equal(ssmi_riccati(&P, &K, &F, &one, &one, &q, &one, 1, 1, &f->arena), SSM_OK);
        /* Durbin & Koopman (2012), eq. 2.41: x = (q + sqrt(q^2 + 4q)) / 2 */
        const double expected = (q + sqrt(q * q + 4 * q)) / 2;
        /* rounding of T - K Z counts 1 / (1 - radius) times, about 1 / sqrt q */
        const double tolerance = 1e-15 * (1 + 1 / sqrt(q));
        assert_true(fabs(P - expected) <= tolerance * expected);
        assert_true(fabs(F - (1 + expected)) <= 1e-15 * F);
        assert_true(fabs(K - expected / (1 + expected)) <= tolerance * K);
    }
}

/* P after `steps` steps of the covariance filter from P0 = V, in Joseph form with F solved by elimination. */
static double *by_iteration(fixture *f, const double *T, const double *Z, const double *V, const double *H,
                            size_t n, size_t p, size_t steps)
{
    double *P = copied(f, V, n * n), *M = zeros(f, p * n), *F = zeros(f, p * p), *K = zeros(f, n * p);
    double *Phi = zeros(f, n * n), *S = zeros(f, n * n), *work = zeros(f, n * n + p * n);
    for (size_t t = 0; t < steps; t++) {
        ssmi_mul(M, Z, P, p, n, n);
        ssmi_mul_nt(F, M, Z, p, n, p);
        ssmi_axpy(F, 1, H, p * p);
        assert_true(ssmi_solve(M, F, p, n));
        ssmi_mul_nt(K, T, M, n, n, p); /* K = T (F^-1 Z P)' */
        ssmi_mul(Phi, K, Z, n, p, n);
        for (size_t i = 0; i < n * n; i++) Phi[i] = T[i] - Phi[i];
        ssmi_sandwich(P, Phi, copied(f, P, n * n), work, n, n);
        ssmi_sandwich(S, K, H, work, n, p);
        for (size_t i = 0; i < n * n; i++) P[i] += S[i] + V[i];
    }
    return P;
}

static void random_systems_agree_with_the_filter_run_for_long(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 12; n += 2) {
        for (size_t p = 1; p < 5; p++) {
            const double *T = draws(f, n * n), *Z = draws(f, p * n);
            const double *V = positive_definite(f, n, 0.1), *H = positive_definite(f, p, 0.1);
            double *P = zeros(f, n * n), *K = zeros(f, n * p), *F = zeros(f, p * p);
            assert_int_equal(ssmi_riccati(P, K, F, T, Z, V, H, n, p, &f->arena), SSM_OK);
            /* badly observed unstable states make P up to 1e5 times as large as H: five digits less */
            assert_close(P, by_iteration(f, T, Z, V, H, n, p, 500), n * n, 1e-10);
        }
    }
}

static void without_observation_noise_the_state_noise_sets_the_pace(void **state)
{
    fixture *f = *state;
    /* ARMA(1,1) with an invertible moving average: the innovations are the shocks, F = sigma2, P = V */
    const double phi = 0.7, theta = 0.4, sigma2 = 1.3;
    const double T[4] = {phi, 0, 1, 0}, Z[2] = {1, 0};
    const double V[4] = {sigma2, theta * sigma2, theta * sigma2, theta * theta * sigma2};
    double P[4], K[2], F;
    assert_int_equal(ssmi_riccati(P, K, &F, T, Z, V, NULL, 2, 1, &f->arena), SSM_OK);
    assert_close(P, V, 4, 1e-14);
    assert_true(fabs(F - sigma2) < 1e-14 && fabs(K[0] - (phi + theta)) < 1e-14 && fabs(K[1]) < 1e-14);
}

static void an_innovation_variance_that_starts_at_zero_grows_into_the_steady_state(void **state)
{
    fixture *f = *state;
    /* integrated random walk observed without noise: Z V Z' = 0, so a first step has nothing to divide by */
    const double T[4] = {1, 0, 1, 1}, Z[2] = {1, 0}, V[4] = {0, 0, 0, 2}, H[1] = {0};
    double P[4], K[2], F;
    ssm_status status = ssmi_riccati(P, K, &F, T, Z, V, H, 2, 1, &f->arena);
    assert_int_equal(status, SSM_OK);
    /* y_t - 2 y_{t-1} + y_{t-2} is white noise of variance 2 */
    assert_true(fabs(F - 2) < 1e-13);
    assert_close(P, by_iteration(f, T, Z, (double[]){1e-9, 0, 0, 2}, H, 2, 1, 200), 4, 1e-4);
}

static void a_seasonal_model_of_many_states_is_solved(void **state)
{
    fixture *f = *state;
    enum { N = 13 }; /* level, slope, eleven seasonal dummies: unit roots, all of them excited */
    double T[N * N] = {0}, Z[N] = {0}, V[N * N] = {0}, P[N * N], K[N], F, H = 1, radius = 0;
    T[0] = T[N] = T[1 + N] = Z[0] = Z[2] = 1;
    for (size_t j = 2; j < N; j++) T[2 + j * N] = -1;
    for (size_t j = 2; j + 1 < N; j++) T[j + 1 + j * N] = 1;
    V[0] = 0.1, V[1 + N] = 1e-4, V[2 + 2 * N] = 0.01;
    assert_int_equal(ssmi_riccati(P, K, &F, T, Z, V, &H, N, 1, &f->arena), SSM_OK);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) T[i + j * N] -= K[i] * Z[j];
    }
    assert_int_equal(ssmi_spectral_radius(&radius, T, N, &f->arena), SSM_OK);
    assert_true(radius < 1);
    for (size_t i = 0; i < N; i++) { /* back to T */
        for (size_t j = 0; j < N; j++) T[i + j * N] += K[i] * Z[j];
    }
    assert_close(P, by_iteration(f, T, Z, V, &H, N, 1, 5000), N * N, 1e-10);
}

static void filters_without_a_steady_state_are_refused(void **state)
{
    fixture *f = *state;
    const double one = 1, none = 0, two = 2;
    double P = 7, K = 7, F = 7;
    /* an unseen random walk, a random walk that is never shocked, an unseen explosion, nothing but zeros */
    assert_int_equal(ssmi_riccati(&P, &K, &F, &one, &none, &one, &one, 1, 1, &f->arena), SSM_E_NUMERIC);
    assert_int_equal(ssmi_riccati(&P, &K, &F, &one, &one, &none, &one, 1, 1, &f->arena), SSM_E_NUMERIC);
    assert_int_equal(ssmi_riccati(&P, &K, &F, &two, &none, &one, &one, 1, 1, &f->arena), SSM_E_NUMERIC);
    assert_int_equal(ssmi_riccati(&P, &K, &F, &one, &one, &none, NULL, 1, 1, &f->arena), SSM_E_NUMERIC);
    assert_true(P == 7 && K == 7 && F == 7);
}

static void a_stable_state_that_is_never_shocked_has_no_variance(void **state)
{
    fixture *f = *state;
    const double half = 0.5, one = 1, none = 0;
    double P, K, F;
    assert_int_equal(ssmi_riccati(&P, &K, &F, &half, &one, &none, &one, 1, 1, &f->arena), SSM_OK);
    assert_true(P == 0 && K == 0 && F == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_local_level_has_its_golden_ratio),
        TEST(random_systems_agree_with_the_filter_run_for_long),
        TEST(without_observation_noise_the_state_noise_sets_the_pace),
        TEST(an_innovation_variance_that_starts_at_zero_grows_into_the_steady_state),
        TEST(a_seasonal_model_of_many_states_is_solved),
        TEST(filters_without_a_steady_state_are_refused),
        TEST(a_stable_state_that_is_never_shocked_has_no_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
