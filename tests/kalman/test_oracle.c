/* The filter against brute force: the joint normal density of all observed values of a small random system,
 * with whole and partly missing rows, correlated errors, time-varying matrices, and a diffuse start by the
 * marginal likelihood. */
#include "kalman/joint_normal.h"

static void check_loglik(joint_system *j, double tolerance)
{
    ssm_context *ctx = open_context();
    ssm_kalman_summary s;
    assert_int_equal(ssm_kalman_filter(ctx, &j->model, j->y, j->length, NULL, NULL, &s), SSM_OK);
    assert_close(s.loglik, joint_loglik(j), tolerance);
    ssm_context_free(ctx);
}

static void known_start_gives_the_joint_density(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) {
        joint_system j;
        joint_random(&j, seed, 0);
        check_loglik(&j, 1e-9);
        joint_close(&j);
    }
}

/* With a diffuse start the likelihood is that of the joint density with variance P1 + kappa P1inf, with
 * kappa^(q/2) taken out, as kappa goes to infinity; two large kappas extrapolate to the limit. */
static void diffuse_start_gives_the_limit_of_the_joint_density(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) {
        joint_system j;
        joint_random(&j, seed, 1);
        check_loglik(&j, 1e-7); /* brute force is off by 1/kappa and by rounding times kappa */
        joint_close(&j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_start_gives_the_joint_density),
        cmocka_unit_test(diffuse_start_gives_the_limit_of_the_joint_density),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
