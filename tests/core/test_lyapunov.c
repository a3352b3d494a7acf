#include "core/fixture.h"

#include "core/dense.h"
#include "core/lapack.h"
#include "core/lyapunov.h"

/* A random matrix of the given spectral radius. */
static double *with_radius(fixture *f, size_t n, double wanted)
{
    double *T = draws(f, n * n), radius = 0;
    assert_int_equal(ssmi_spectral_radius(&radius, T, n, &f->arena), SSM_OK);
    ssmi_scale(T, wanted / radius, n * n);
    return T;
}

static void eigenvalues_of_a_companion_matrix_are_the_roots(void **state)
{
    fixture *f = *state;
    /* (x - 0.5) (x^2 + 0.25): roots 0.5 and +-0.5 i */
    const double A[9] = {0.5, 1, 0, -0.25, 0, 1, 0.125, 0, 0};
    double lambda[6], radius = 0;
    int found = 0;
    assert_int_equal(ssmi_eigen(lambda, NULL, A, 3, &f->arena), SSM_OK);
    for (size_t i = 0; i < 3; i++) {
        found += fabs(lambda[i] - 0.5) < 1e-14 && lambda[3 + i] == 0;
        found += fabs(lambda[i]) < 1e-14 && fabs(fabs(lambda[3 + i]) - 0.5) < 1e-14;
    }
    assert_int_equal(found, 3);
    assert_int_equal(ssmi_spectral_radius(&radius, A, 3, &f->arena), SSM_OK);
    assert_true(fabs(radius - 0.5) < 1e-14);
    assert_int_equal(ssmi_spectral_radius(&radius, (double[]){NAN}, 1, &f->arena), SSM_E_DATA);
}

static void an_autoregression_has_its_textbook_variance(void **state)
{
    fixture *f = *state;
    for (double phi = -0.9999; phi < 1; phi += 0.25) {
        double P, V = 2;
        assert_int_equal(ssmi_lyapunov(&P, &phi, &V, 1, &f->arena), SSM_OK);
        assert_true(fabs(P - V / (1 - phi * phi)) <= 1e-12 * P);
    }
    /* ARMA(2,1), phi 0.6 0.1, theta 0.2, sigma2 0.19: Harvey form, reference value recomputed with R's arima
     */
    const double T[4] = {0.6, 0.1, 1, 0}, V[4] = {0.19, 0.038, 0.038, 0.0076};
    const double expected[4] = {0.4513939393939, 0.0723151515152, 0.0723151515152, 0.0121139393939};
    double P[4];
    assert_int_equal(ssmi_lyapunov(P, T, V, 2, &f->arena), SSM_OK);
    assert_close(P, expected, 4, 1e-12);
}

static void the_solution_solves_the_equation_up_to_the_edge_of_stability(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 30; n += 7) {
        for (double gap = 0.5; gap > 2e-8; gap /= 10) {
            const double *T = with_radius(f, n, 1 - gap), *V = positive_definite(f, n, 0);
            double *P = zeros(f, n * n), *S = zeros(f, n * n), *work = zeros(f, n * n);
            assert_int_equal(ssmi_lyapunov(P, T, V, n, &f->arena), SSM_OK);
            ssmi_sandwich(S, T, P, work, n, n);
            ssmi_axpy(S, 1, V, n * n);
            assert_close(S, P, n * n, 1e-13);
            ssmi_transpose(work, P, n, n);
            assert_memory_equal(work, P, n * n * sizeof *P);
            assert_true(ssmi_cholesky_semidefinite(S, P, work, n));
        }
    }
}

static void the_solution_is_the_sum_of_its_series(void **state)
{
    fixture *f = *state;
    enum { N = 6 };
    const double *T = with_radius(f, N, 0.8), *V = positive_definite(f, N, 0);
    double *P = zeros(f, N * N), *sum = copied(f, V, N * N), *S = zeros(f, N * N), *work = zeros(f, N * N);
    assert_int_equal(ssmi_lyapunov(P, T, V, N, &f->arena), SSM_OK);
    for (int k = 0; k < 400; k++) {
        ssmi_sandwich(S, T, sum, work, N, N);
        for (size_t i = 0; i < N * N; i++) sum[i] = S[i] + V[i];
    }
    assert_close(P, sum, N * N, 1e-13);
}

static void states_that_are_not_stationary_are_refused(void **state)
{
    fixture *f = *state;
    double P = 7, V = 1;
    const double radii[] = {1 - 1e-9, 1, -1, 1.5, 1e300};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ssmi_lyapunov(&P, &radii[i], &V, 1, &f->arena), SSM_E_NUMERIC);
        assert_non_null(strstr(ssm_context_message(f->ctx), "spectral radius"));
    }
    assert_true(P == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(eigenvalues_of_a_companion_matrix_are_the_roots),
        TEST(an_autoregression_has_its_textbook_variance),
        TEST(the_solution_solves_the_equation_up_to_the_edge_of_stability),
        TEST(the_solution_is_the_sum_of_its_series),
        TEST(states_that_are_not_stationary_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
