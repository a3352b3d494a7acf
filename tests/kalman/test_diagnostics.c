/* Diagnostics of the Nile against statsmodels 0.15.0 (UnobservedComponents(nile, 'llevel',
 * use_exact_diffuse=True).smooth([15099, 1469.1])), and of series whose answer is known. */
#include "kalman/cases.h"

enum { rows = 100 };

typedef struct nile {
    double y[MOST_ROWS], e[rows], epsilon[rows], eta[rows];
    small_model m;
    ssm_context *ctx;
} nile;

static void open_nile(nile *n)
{
    read_nile(n->y);
    local_level(&n->m, 15099, 1469.1);
    n->ctx = open_context();
}

static void innovations_and_their_tests_agree_with_statsmodels(void **state)
{
    (void)state;
    nile n;
    ssm_test_result r;
    open_nile(&n);
    assert_int_equal(ssm_kalman_innovations(n.ctx, &n.m.model, n.y, rows, NULL, n.e), SSM_OK);
    assert_true(isnan(n.e[0]));
    assert_close(n.e[1], 0.2247790568229, 1e-12);
    assert_close(n.e[2], -1.137486163560711, 1e-12);
    assert_close(n.e[99], -0.5548556522078613, 1e-11);
    assert_int_equal(ssm_test_jarque_bera(n.ctx, n.e, rows, &r), SSM_OK);
    assert_close(r.statistic, 0.046869645176112, 1e-9);
    assert_close(r.p_value, 0.976837640343327, 1e-10);
    assert_close(r.skewness, -0.030551926160613, 1e-9);
    assert_close(r.kurtosis, 3.087342186004346, 1e-10);
    assert_int_equal(ssm_test_ljung_box(n.ctx, n.e, rows, 9, 0, &r), SSM_OK);
    assert_close(r.statistic, 8.843323029531588, 1e-10);
    assert_close(r.p_value, 0.451860902846467, 1e-10);
    assert_int_equal(ssm_test_heteroskedasticity(n.ctx, n.e, rows, 0, &r), SSM_OK);
    assert_close(r.statistic, 0.612958710402195, 1e-10);
    assert_close(r.p_value, 0.165005248706952, 1e-9);
    assert_close(r.df1, 33, 0);
    ssm_context_free(n.ctx);
}

static void missing_rows_shorten_the_ends_of_the_variance_test(void **state)
{
    (void)state;
    nile n;
    ssm_test_result r;
    open_nile(&n);
    for (size_t t = 20; t < 40; t++) n.y[t] = NAN;
    assert_int_equal(ssm_kalman_innovations(n.ctx, &n.m.model, n.y, rows, NULL, n.e), SSM_OK);
    assert_int_equal(ssm_test_heteroskedasticity(n.ctx, n.e, rows, 0, &r), SSM_OK);
    /* Means of statsmodels' squared residuals over what is there; its own test takes the gap for zeros. */
    assert_close(r.statistic, 0.7347768873077957 / (22.34261122984473 / 19), 1e-9);
    assert_true(r.df1 == 33 && r.df2 == 19);
    ssm_context_free(n.ctx);
}

static void auxiliary_residuals_agree_with_statsmodels(void **state)
{
    (void)state;
    nile n;
    open_nile(&n);
    assert_int_equal(ssm_kalman_auxiliary(n.ctx, &n.m.model, n.y, rows, NULL, n.epsilon, n.eta), SSM_OK);
    assert_close(n.epsilon[0], 0.079199195657749, 1e-10);
    assert_close(n.epsilon[1], 0.451320868749628, 1e-11);
    assert_close(n.epsilon[42], -3.0390235542109325, 1e-11);
    assert_close(n.eta[0], -0.079199195657749, 1e-10);
    assert_close(n.eta[27], -3.233713737441641, 1e-11);
    assert_true(isnan(n.eta[99]));
    ssm_context_free(n.ctx);
}

static void outlier_of_1913_and_break_of_1899_are_found(void **state)
{
    (void)state;
    nile n;
    ssm_finding found[4];
    size_t count = 0;
    open_nile(&n);
    assert_int_equal(ssm_kalman_findings(n.ctx, &n.m.model, n.y, rows, NULL, 0.0, found, 4, &count), SSM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(found[0].kind, SSM_FINDING_BREAK);
    assert_int_equal(1871 + found[0].row, 1899);
    assert_close(found[0].residual, -3.233713737441641, 1e-11);
    /* 2 (1 - Phi(3.2337137)) = 0.00122200 over 199 residuals */
    assert_close(found[0].p_value, 199 * erfc(3.233713737441641 / sqrt(2.0)), 1e-9);
    assert_int_equal(found[1].kind, SSM_FINDING_OUTLIER);
    assert_int_equal(1871 + found[1].row, 1913);
    assert_int_equal(ssm_kalman_findings(n.ctx, &n.m.model, n.y, rows, NULL, 0.0, NULL, 0, &count), SSM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(ssm_kalman_findings(n.ctx, &n.m.model, n.y, rows, NULL, 2.0, found, 1, &count), SSM_OK);
    assert_true(count > 2 && found[0].row == 28);
    ssm_context_free(n.ctx);
}

/* A level of two observations with correlated errors; one value is spoilt, then the level jumps. */
static void planted_faults_are_named_by_component_and_row(void **state)
{
    (void)state;
    enum { length = 60 };
    double y[2 * length];
    const double Z[2] = {1, 1}, H[4] = {1, 0.5, 0.5, 1}, one = 1, Q = 0.01;
    const ssm_statespace model = {
        .n = 1, .p = 2, .r = 1, .Z = {Z, 0}, .H = {H, 0}, .T = {&one, 0}, .Q = {&Q, 0}, .P1inf = &one};
    ssm_finding found[4];
    size_t count = 0;
    uint32_t noise = 5;
    for (size_t k = 0; k < 2 * length; k++) {
        noise = noise * 1664525u + 1013904223u;
        y[k] = (double)noise / 4294967296.0 * 2 - 1 + (k / 2 >= 40 ? 4 : 0);
    }
    y[2 * 15 + 1] += 6;
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_kalman_findings(ctx, &model, y, length, NULL, 4.0, found, 4, &count), SSM_OK);
    assert_int_equal(count, 2);
    for (size_t k = 0; k < 2; k++) {
        if (found[k].kind == SSM_FINDING_OUTLIER)
            assert_true(found[k].row == 15 && found[k].index == 1 && found[k].residual > 0);
        else
            assert_true(found[k].row == 40 && found[k].residual > 0);
    }
    ssm_context_free(ctx);
}

static void tests_of_nothing_are_refused(void **state)
{
    (void)state;
    const double none[5] = {NAN, NAN, NAN, NAN, NAN}, same[5] = {2, 2, 2, 2, 2};
    ssm_test_result r = {.statistic = -7};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_test_jarque_bera(ctx, none, 5, &r), SSM_E_DATA);
    assert_int_equal(ssm_test_jarque_bera(ctx, same, 5, &r), SSM_E_DATA);
    assert_int_equal(ssm_test_jarque_bera(ctx, same, 0, &r), SSM_E_DATA);
    assert_int_equal(ssm_test_ljung_box(ctx, same, 5, 2, 0, &r), SSM_E_DATA);
    assert_int_equal(ssm_test_ljung_box(ctx, same, 5, 0, 0, &r), SSM_E_ARGUMENT);
    assert_int_equal(ssm_test_ljung_box(ctx, same, 5, 2, 2, &r), SSM_E_ARGUMENT);
    assert_int_equal(ssm_test_ljung_box(ctx, same, 5, 5, 0, &r), SSM_E_DATA);
    assert_int_equal(ssm_test_heteroskedasticity(ctx, none, 5, 0, &r), SSM_E_DATA);
    assert_int_equal(ssm_test_heteroskedasticity(ctx, NULL, 5, 0, &r), SSM_E_ARGUMENT);
    assert_true(r.statistic == -7);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(innovations_and_their_tests_agree_with_statsmodels),
        cmocka_unit_test(missing_rows_shorten_the_ends_of_the_variance_test),
        cmocka_unit_test(auxiliary_residuals_agree_with_statsmodels),
        cmocka_unit_test(outlier_of_1913_and_break_of_1899_are_found),
        cmocka_unit_test(planted_faults_are_named_by_component_and_row),
        cmocka_unit_test(tests_of_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
