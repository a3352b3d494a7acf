/* The downdate of a triangular root against products formed in full. */
#include "kalman/root_downdate.h"
#include "kalman/square_root.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { most = 64 };

static double number(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 11) / 9007199254740992.0 - 0.5;
}

static void gram(double *S, const double *A, size_t m, size_t n)
{
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b < n; b++) {
            S[a + b * n] = 0;
            for (size_t k = 0; k < m; k++) S[a + b * n] += A[k + a * m] * A[k + b * m];
        }
    }
}

static void assert_same(const double *found, const double *expected, size_t count)
{
    for (size_t k = 0; k < count; k++) assert_true(fabs(found[k] - expected[k]) <= 1e-13);
}

static void known_downdate(void **state)
{
    (void)state;
    double U = 5, x = 3, work;
    assert_int_equal(ssmi_root_downdate(&U, &x, &work, 1), 1);
    assert_true(fabs(U - 4) <= 1e-15);
}

static void downdate_takes_away_what_was_there(void **state)
{
    (void)state;
    uint64_t seed = 9;
    enum { n = 5, m = 8 };
    double A[m * n], x[n], U[n * n], want[n * n], found[n * n], work[n * n];
    for (int trial = 0; trial < 50; trial++) {
        for (size_t k = 0; k < m * n; k++) A[k] = number(&seed);
        for (size_t j = 0; j < n; j++) x[j] = A[m - 1 + j * m];
        double rest[(m - 1) * n];
        for (size_t j = 0; j < n; j++) memcpy(rest + j * (m - 1), A + j * m, (m - 1) * sizeof *rest);
        gram(want, rest, m - 1, n);
        ssmi_root_triangle(U, A, m, n);
        assert_int_equal(ssmi_root_downdate(U, x, work, n), 1);
        gram(found, U, n, n);
        assert_same(found, want, n * n);
    }
}

static void downdate_that_would_be_indefinite_leaves_the_root(void **state)
{
    (void)state;
    double U[4] = {2, 0, 1, 1}, x[2] = {1, 3}, work[4];
    const double before[4] = {2, 0, 1, 1};
    assert_int_equal(ssmi_root_downdate(U, x, work, 2), 0);
    assert_memory_equal(U, before, sizeof before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_downdate),
        cmocka_unit_test(downdate_takes_away_what_was_there),
        cmocka_unit_test(downdate_that_would_be_indefinite_leaves_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
