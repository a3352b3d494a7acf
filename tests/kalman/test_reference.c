/* Reference systems with up to 50 states and 10 observations, dense and sparse, with and without missing
 * values, against statsmodels. The long series are found through SSMCAST_REFERENCE; a plain clone tests the
 * committed head of one of them. */
#include "kalman/cases.h"
#include "kalman/reference_case.h"

/* Largest difference from a JSON list of numbers or of rows, relative to its largest element. */
static double distance(const double *found, const json_t *expected, size_t m, size_t n)
{
    double *want = reference_matrix(expected, m, n), largest = 0.0, off = 0.0;
    for (size_t k = 0; k < (m == 0 ? 1 : m) * n; k++) {
        largest = fmax(largest, fabs(want[k]));
        off = fmax(off, fabs(found[k] - want[k]));
    }
    free(want);
    return off / largest;
}

static void check_case(const char *folder)
{
    reference_case c;
    ssm_context *ctx = open_context();
    print_message("%s\n", folder);
    if (!reference_open(&c, folder)) fail_msg("cannot read %s", folder);
    const size_t n = c.model.n, L = c.length;
    double *a = calloc(n * (L + 1), sizeof *a), *att = calloc(n * L, sizeof *att);
    double *Ptt = calloc(n * n * L, sizeof *Ptt);
    const ssm_kalman_output out = {.a = a, .a_filtered = att, .P_filtered = Ptt};
    ssm_kalman_summary s;
    assert_int_equal(ssm_kalman_filter(ctx, &c.model, c.y, L, NULL, &out, &s), SSM_OK);
    assert_close(s.loglik, json_number_value(json_object_get(c.expected, "loglik")), 1e-10);
    const json_t *e = c.expected;
    assert_true(distance(att + n * (L - 1), json_object_get(e, "last_filtered_state"), 0, n) < 1e-8);
    assert_true(distance(Ptt + n * n * (L - 1), json_object_get(e, "last_filtered_cov"), n, n) < 1e-8);
    assert_true(distance(a + n * L, json_object_get(e, "predicted_state_next"), 0, n) < 1e-8);
    free(a);
    free(att);
    free(Ptt);
    reference_close(&c);
    ssm_context_free(ctx);
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
        check_case(folder);
    }
}

static void committed_systems_agree_with_statsmodels(void **state)
{
    (void)state;
    check_case(SSMCAST_TEST_DATA "/golden/kalman/bsm13_missing");
    check_case(SSMCAST_TEST_DATA "/golden/kalman/dense_m8p4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_systems_agree_with_statsmodels),
        cmocka_unit_test(long_systems_agree_with_statsmodels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
