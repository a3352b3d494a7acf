/* Numeric torture of the smoother; the numbers of cases are those of the project's list of numeric faults. */
#include "kalman/random_system.h"

#include <gsl/gsl_eigen.h>

static void smooth(const ssm_statespace *m, const double *y, size_t length, ssm_kalman_form form,
                   double *alpha, double *V)
{
    const ssm_kalman_options options = {.form = form};
    ssm_context *ctx = open_context();
    if (ssm_kalman_smooth(ctx, m, y, length, &options, &(ssm_kalman_smooth_output){.alpha = alpha, .V = V}) !=
        SSM_OK)
        fail_msg("%s", ssm_context_message(ctx));
    ssm_context_free(ctx);
}

/* Case 31: y_t = b_t y_{t-1} with y_t = e^t or e^-t over 250 rows, as in the tests of KFAS. A coefficient
 * that is new in every row, one that drifts, and one that stays are all e or 1/e throughout. */
static void coefficients_of_exponential_series_are_found_again(void **state)
{
    static const double drift[] = {1e-4, 0.0};
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        double x[250], y[250], alpha[250], V[250];
        for (int t = 0; t < 250; t++) {
            y[t] = exp(sign * (t + 1));
            x[t] = t == 0 ? 1.0 : y[t - 1];
        }
        const double b = exp(sign), none = 0.0, one = 1.0, q = b * b;
        const ssm_statespace fresh = {
            .n = 1, .p = 1, .r = 1, .Z = {x, 1}, .T = {&none, 0}, .Q = {&q, 0}, .P1 = &q};
        smooth(&fresh, y, 250, SSM_KALMAN_UNIVARIATE, alpha, V);
        for (size_t t = 0; t < 250; t++) {
            assert_close(alpha[t], b, 1e-12);
            assert_true(V[t] >= 0.0 && V[t] <= 1e-12 * q);
        }
        for (size_t k = 0; k < 2; k++) {
            const ssm_statespace kept = {
                .n = 1, .p = 1, .r = 1, .Z = {x, 1}, .T = {&one, 0}, .Q = {drift + k, 0}, .P1inf = &one};
            smooth(&kept, y, 250, SSM_KALMAN_UNIVARIATE, alpha, V);
            for (size_t t = 0; t < 250; t++) {
                assert_close(alpha[t], b, 1e-10);
                assert_true(V[t] >= 0.0 && V[t] <= 1e-10);
            }
        }
    }
}

/* The least eigenvalue of B - A, relative to the largest variance in B. */
static double least_of_difference(const double *B, const double *A, size_t n)
{
    double D[MOST_STATES * MOST_STATES], value[MOST_STATES], scale = 0.0, least = INFINITY;
    for (size_t k = 0; k < n * n; k++) D[k] = B[k] - (A != NULL ? A[k] : 0.0);
    for (size_t k = 0; k < n; k++) scale = fmax(scale, B[k * (n + 1)]);
    gsl_eigen_symm_workspace *work = gsl_eigen_symm_alloc(n);
    gsl_matrix_view matrix = gsl_matrix_view_array(D, n, n);
    gsl_vector_view values = gsl_vector_view_array(value, n);
    gsl_eigen_symm(&matrix.matrix, &values.vector, work);
    gsl_eigen_symm_free(work);
    for (size_t k = 0; k < n; k++) least = fmin(least, value[k]);
    return least / fmax(scale, 1e-300);
}

/* Case 45: what is known after all rows is known at least as well as after the row itself, and that as before
 * it, in every direction: the differences of the variances are non-negative definite, at both ends too. */
static void check_order(const random_system *s, ssm_kalman_form form)
{
    const size_t n = s->n, L = s->length, block = n * n;
    double *P = calloc(block * (L + 1), sizeof *P), *Pinf = calloc(block * (L + 1), sizeof *P);
    double *Pf = calloc(block * L, sizeof *P), *V = calloc(block * L, sizeof *P);
    double *alpha = calloc(n * L, sizeof *alpha);
    const ssm_kalman_output out = {.P = P, .Pinf = Pinf, .P_filtered = Pf};
    const ssm_kalman_options options = {.form = form};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_filter(ctx, &s->model, s->y, L, &options, &out, NULL), SSM_OK);
    ssm_context_free(ctx);
    smooth(&s->model, s->y, L, form, alpha, V);
    for (size_t t = 0; t < L; t++) {
        double diffuse = 0.0;
        for (size_t k = 0; k < block; k++) diffuse = fmax(diffuse, fabs(Pinf[t * block + k]));
        assert_true(least_of_difference(V + t * block, NULL, n) >= -1e-12);
        if (diffuse > 0.0) continue; /* nothing finite to compare with */
        assert_true(least_of_difference(Pf + t * block, V + t * block, n) >= -1e-12);
        assert_true(least_of_difference(P + t * block, Pf + t * block, n) >= -1e-12);
    }
    for (size_t k = 0; k < block; k++) /* after the last row both are the same */
        assert_close(V[(L - 1) * block + k], Pf[(L - 1) * block + k], 1e-10);
    free(P);
    free(Pinf);
    free(Pf);
    free(V);
    free(alpha);
}

static void smoothed_variances_are_below_filtered_ones_in_every_direction(void **state)
{
    static const ssm_kalman_form forms[] = {SSM_KALMAN_UNIVARIATE, SSM_KALMAN_MULTIVARIATE,
                                            SSM_KALMAN_SQUARE_ROOT, SSM_KALMAN_UD};
    (void)state;
    for (unsigned seed = 1; seed <= 200; seed++) {
        random_system s;
        random_open(&s, seed);
        check_order(&s, forms[seed % 4]);
        random_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coefficients_of_exponential_series_are_found_again),
        cmocka_unit_test(smoothed_variances_are_below_filtered_ones_in_every_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
