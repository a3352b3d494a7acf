/* The matrix exponential against closed forms and against its series in small steps. */
#include "core/fixture.h"

#include "core/dense.h"
#include "core/expm.h"

static void diagonal_matrices_exponentiate_elementwise(void **state)
{
    fixture *f = *state;
    enum { N = 6 };
    const double d[N] = {0, 1, -1, 30, -300, 1e-9}, huge = -1e40;
    double A[N * N] = {0}, E[N * N];
    for (size_t n = 1; n <= N; n++) {
        for (size_t i = 0; i < n; i++) ssmi_fill(A + i * n, 0, n), A[i + i * n] = d[i];
        assert_int_equal(ssmi_expm(E, A, n, &f->arena), SSM_OK);
        for (size_t i = 0; i < n * n; i++) {
            double expected = i % (n + 1) == 0 ? exp(d[i / (n + 1)]) : 0;
            assert_true(fabs(E[i] - expected) <= 1e-12 * expected); /* squarings double the error each time */
        }
    }
    assert_int_equal(ssmi_expm(E, &huge, 1, &f->arena), SSM_OK);
    assert_true(E[0] == 0);
}

static void nilpotent_matrices_give_their_polynomial(void **state)
{
    fixture *f = *state;
    for (double x = 1e-8; x < 1e9; x *= 1e4) {
        const double A[9] = {0, 0, 0, x, 0, 0, 0, x, 0}, expected[9] = {1, 0, 0, x, 1, 0, x * x / 2, x, 1};
        double E[9];
        assert_int_equal(ssmi_expm(E, A, 3, &f->arena), SSM_OK);
        for (size_t i = 0; i < 9; i++) assert_true(fabs(E[i] - expected[i]) <= 4e-16 * expected[i]);
    }
}

static void skew_matrices_give_rotations(void **state)
{
    fixture *f = *state;
    for (double w = 0.01; w < 200; w *= 3) {
        const double A[4] = {0, w, -w, 0}, expected[4] = {cos(w), sin(w), -sin(w), cos(w)};
        double E[4];
        assert_int_equal(ssmi_expm(E, A, 2, &f->arena), SSM_OK);
        assert_close(E, expected, 4, 1e-15 * (10 + w)); /* the argument's rounding turns with w */
    }
}

static void matrices_far_from_normal_are_not_scaled_too_far(void **state)
{
    fixture *f = *state;
    /* Al-Mohy & Higham (2009), section 1: exp([1 b; 0 -1]) = [e, b sinh 1; 0, 1/e]; plain scaling by the norm
     * loses half of the digits of the diagonal for b = 1e6 */
    for (double b = 1; b < 1e13; b *= 1e3) {
        const double A[4] = {1, 0, b, -1}, expected[4] = {exp(1), 0, b * sinh(1), exp(-1)};
        double E[4];
        assert_int_equal(ssmi_expm(E, A, 2, &f->arena), SSM_OK);
        for (size_t i = 0; i < 4; i++) assert_true(fabs(E[i] - expected[i]) <= 1e-14 * expected[i]);
    }
}

/* exp(A) as the product of many short Taylor series: slow and independent. */
static double *by_series(fixture *f, const double *A, size_t n)
{
    enum { HALVINGS = 10, TERMS = 14 };
    double *X = copied(f, A, n * n), *E = zeros(f, n * n), *term = zeros(f, n * n), *work = zeros(f, n * n);
    ssmi_scale(X, ldexp(1, -HALVINGS), n * n);
    ssmi_identity(E, n);
    ssmi_identity(term, n);
    for (int k = 1; k < TERMS; k++) {
        ssmi_mul(work, term, X, n, n, n);
        memcpy(term, work, n * n * sizeof *term);
        ssmi_scale(term, 1.0 / k, n * n);
        ssmi_axpy(E, 1, term, n * n);
    }
    for (int k = 0; k < HALVINGS; k++) {
        ssmi_mul(work, E, E, n, n, n);
        memcpy(E, work, n * n * sizeof *E);
    }
    return E;
}

static void every_order_agrees_with_the_series(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 12; n++) {
        for (double size = 1e-3; size < 10; size *= 2) { /* through the thresholds of all five orders */
            double *A = draws(f, n * n), *E = zeros(f, n * n);
            ssmi_scale(A, size, n * n);
            assert_int_equal(ssmi_expm(E, A, n, &f->arena), SSM_OK);
            /* the oracle squares ten times: 2^10 roundings */
            assert_close(E, by_series(f, A, n), n * n, 1e-12);
        }
    }
}

static void the_inverse_is_the_exponential_of_minus(void **state)
{
    fixture *f = *state;
    enum { N = 9 };
    double *A = draws(f, N * N), *E = zeros(f, N * N), *D = zeros(f, N * N), *I = zeros(f, N * N);
    assert_int_equal(ssmi_expm(E, A, N, &f->arena), SSM_OK);
    ssmi_scale(A, -1, N * N);
    assert_int_equal(ssmi_expm(A, A, N, &f->arena), SSM_OK); /* in place */
    ssmi_mul(D, E, A, N, N, N);
    ssmi_identity(I, N);
    assert_close(D, I, N * N, 1e-12);
}

static void what_has_no_exponential_is_refused(void **state)
{
    fixture *f = *state;
    double E[1] = {7};
    assert_int_equal(ssmi_expm(E, (double[]){NAN}, 1, &f->arena), SSM_E_DATA);
    assert_int_equal(ssmi_expm(E, (double[]){-INFINITY}, 1, &f->arena), SSM_E_DATA);
    assert_int_equal(ssmi_expm(E, (double[]){1000}, 1, &f->arena), SSM_E_NUMERIC);
    assert_true(E[0] == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(diagonal_matrices_exponentiate_elementwise),
        TEST(nilpotent_matrices_give_their_polynomial),
        TEST(skew_matrices_give_rotations),
        TEST(matrices_far_from_normal_are_not_scaled_too_far),
        TEST(every_order_agrees_with_the_series),
        TEST(the_inverse_is_the_exponential_of_minus),
        TEST(what_has_no_exponential_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
