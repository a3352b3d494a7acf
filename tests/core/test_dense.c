/* Dense algebra against element-by-element definitions. */
#include "core/fixture.h"

#include "core/dense.h"

/* C (m, n) = op(A) op(B), by definition. */
static double *product(fixture *f, const double *A, int At, const double *B, int Bt, size_t m, size_t k,
                       size_t n)
{
    double *C = zeros(f, m * n);
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            for (size_t l = 0; l < k; l++)
                C[i + j * m] += (At ? A[l + i * k] : A[i + l * m]) * (Bt ? B[j + l * n] : B[l + j * k]);
        }
    }
    return C;
}

static void products_match_their_definition(void **state)
{
    fixture *f = *state;
    for (size_t m = 0; m < 20; m += 3) {
        for (size_t k = 0; k < 20; k += 4) {
            for (size_t n = 1; n < 20; n += 5) {
                const double *A = draws(f, m * k), *B = draws(f, k * n);
                double *C = zeros(f, m * n), *y = zeros(f, m);
                ssmi_mul(C, A, B, m, k, n);
                assert_close(C, product(f, A, 0, B, 0, m, k, n), m * n, 1e-15);
                ssmi_mul_nt(C, A, B, m, k, n);
                assert_close(C, product(f, A, 0, B, 1, m, k, n), m * n, 1e-15);
                ssmi_mul_tn(C, A, B, m, k, n);
                assert_close(C, product(f, A, 1, B, 0, m, k, n), m * n, 1e-15);
                ssmi_matvec(y, A, B, m, k);
                assert_close(y, product(f, A, 0, B, 0, m, k, 1), m, 1e-15);
                ssmi_matvec_t(y, A, B, k, m);
                assert_close(y, product(f, A, 1, B, 0, m, k, 1), m, 1e-15);
            }
        }
    }
}

static void sandwiches_match_their_definition_and_are_exactly_symmetric(void **state)
{
    fixture *f = *state;
    for (size_t m = 1; m < 15; m += 3) {
        for (size_t n = 1; n < 15; n += 4) {
            const double *A = draws(f, m * n), *P = positive_definite(f, n, 0),
                         *O = positive_definite(f, m, 0);
            double *S = zeros(f, m * m), *U = zeros(f, n * n), *work = zeros(f, m * n),
                   *t = zeros(f, m * m + n * n);
            ssmi_sandwich(S, A, P, work, m, n);
            assert_close(S, product(f, product(f, A, 0, P, 0, m, n, n), 0, A, 1, m, n, m), m * m, 1e-14);
            ssmi_transpose(t, S, m, m);
            assert_memory_equal(t, S, m * m * sizeof *S);
            ssmi_sandwich_t(U, A, O, work, m, n);
            assert_close(U, product(f, A, 1, product(f, O, 0, A, 0, m, m, n), 0, n, m, n), n * n, 1e-14);
            ssmi_transpose(t, U, n, n);
            assert_memory_equal(t, U, n * n * sizeof *U);
        }
    }
}

static void cholesky_factor_gives_the_matrix_and_its_solution(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 30; n += 4) {
        const double *A = positive_definite(f, n, 0.5), *x = draws(f, n * 3);
        double *L = zeros(f, n * n), *X = product(f, A, 0, x, 0, n, n, 3);
        assert_true(ssmi_cholesky(L, A, n));
        assert_close(product(f, L, 0, L, 1, n, n, n), A, n * n, 1e-14);
        ssmi_solve_cholesky(X, L, n, 3);
        assert_close(X, x, n * 3, 1e-12); /* condition number up to about 1e2 */
        for (size_t j = 1; j < n; j++) assert_true(L[j * n] == 0);
    }
}

static void a_matrix_that_is_not_positive_definite_has_no_cholesky_factor(void **state)
{
    (void)state;
    double L[4];
    assert_false(ssmi_cholesky(L, (double[]){1, 2, 2, 1}, 2));
    assert_false(ssmi_cholesky(L, (double[]){1, 1, 1, 1}, 2));
    assert_false(ssmi_cholesky(L, (double[]){1, NAN, NAN, 1}, 2));
    assert_false(ssmi_cholesky(L, (double[]){1, 0, 0, INFINITY}, 2));
}

static void a_rank_deficient_matrix_has_a_factor_of_its_rank(void **state)
{
    fixture *f = *state;
    for (size_t n = 2; n < 20; n++) {
        for (size_t rank = 0; rank <= n; rank += 2) {
            const double *B = draws(f, n * rank), *A = product(f, B, 0, B, 1, n, rank, n);
            double *L = zeros(f, n * n), *d = zeros(f, n), zero = 0;
            assert_true(ssmi_ldl(L, d, A, n));
            for (size_t j = 0; j < n; j++) zero += d[j] == 0;
            assert_true(zero == (double)(n - rank));
            assert_true(ssmi_cholesky_semidefinite(L, A, d, n));
            /* a dropped pivot may be 512 n epsilon of its diagonal element: 2e-12 for n = 19 */
            assert_close(product(f, L, 0, L, 1, n, n, n), A, n * n, 1e-11);
        }
    }
}

static void small_variances_beside_large_ones_are_kept(void **state)
{
    (void)state;
    double L[4], d[2];
    assert_true(ssmi_ldl(L, d, (double[]){1e12, 0, 0, 1e-12}, 2));
    assert_true(d[0] == 1e12 && d[1] == 1e-12);
}

static void an_indefinite_matrix_has_no_ldl_factor(void **state)
{
    (void)state;
    double L[4], d[2];
    assert_false(ssmi_ldl(L, d, (double[]){1, 2, 2, 1}, 2));
    assert_false(ssmi_ldl(L, d, (double[]){0, 1, 1, 0}, 2));
    assert_false(ssmi_ldl(L, d, (double[]){-1, 0, 0, 1}, 2));
    assert_false(ssmi_ldl(L, d, (double[]){1, 0, 0, NAN}, 2));
}

static void elimination_pivots(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 25; n += 3) {
        double *A = draws(f, n * n);
        const double *x = draws(f, 2 * n);
        A[0] = 0; /* needs a row swap for n > 1 */
        if (n == 1) A[0] = 0.5;
        double *X = product(f, A, 0, x, 0, n, n, 2);
        assert_true(ssmi_solve(X, A, n, 2));
        assert_close(X, x, 2 * n, 1e-10); /* random matrices: condition number up to about 1e4 */
    }
    double X[2] = {1, 1};
    assert_false(ssmi_solve(X, (double[]){1, 2, 2, 4}, 2, 1));
}

static void the_largest_element_of_an_array_with_nan_is_nan(void **state)
{
    (void)state;
    assert_true(isnan(ssmi_max_abs((double[]){1, NAN, 3}, 3)));
    assert_true(ssmi_max_abs((double[]){1, -4, 3}, 3) == 4);
    assert_true(ssmi_max_abs(NULL, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(products_match_their_definition),
        TEST(sandwiches_match_their_definition_and_are_exactly_symmetric),
        TEST(cholesky_factor_gives_the_matrix_and_its_solution),
        TEST(a_matrix_that_is_not_positive_definite_has_no_cholesky_factor),
        TEST(a_rank_deficient_matrix_has_a_factor_of_its_rank),
        TEST(small_variances_beside_large_ones_are_kept),
        TEST(an_indefinite_matrix_has_no_ldl_factor),
        TEST(elimination_pivots),
        TEST(the_largest_element_of_an_array_with_nan_is_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
