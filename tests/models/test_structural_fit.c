/* Maximum likelihood against published maxima. */
#include "kalman/cases.h"
#include "models/structural.h"

#include <nlopt.h>

static void nile_variances_are_the_published_maximum(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    const size_t length = read_nile(y);
    ssm_context *ctx = open_context();
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    for (size_t t = 0; t < length; t++) y[t] = y[t] / 128; /* to a standard deviation of about 1 */
    ssmi_structural s = {.parameter = {[SSMI_IRREGULAR] = 0.5, [SSMI_LEVEL] = 0.5}};
    ssmi_structural_fit fit;
    assert_int_equal(ssmi_structural_estimate(&s, y, length, 1, 3, 1e-9, &fit, &tmp), SSM_OK);
    assert_close(s.parameter[SSMI_IRREGULAR] * 128 * 128, 15098.519, 1e-4);
    assert_close(s.parameter[SSMI_LEVEL] * 128 * 128, 1469.176, 1e-4);
    assert_close(fit.loglik - 99 * log(128), -633.4645636, 1e-8);
    assert_int_equal(fit.n_conditional, 99);
    assert_close(fit.conditional, fit.loglik + 0.5 * log(2 * 3.14159265358979323846), 1e-12);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

typedef struct passengers {
    double y[MOST_ROWS], best;
    small_model m;
    ssm_context *ctx;
} passengers;

/* The dummy seasonal, which the forecaster does not use, on four logarithms of variances. */
static double climb(unsigned n, const double *theta, double *gradient, void *user)
{
    passengers *a = user;
    double H[1], Q[169], loglik;
    (void)n;
    dummy_seasonal(&a->m, exp(theta[0]), exp(theta[1]), exp(theta[2]), exp(theta[3]));
    const ssm_kalman_score out = {.H = H, .Q = Q};
    const ssm_kalman_options kfas = {.convention = SSM_LOGLIK_KFAS};
    assert_int_equal(ssm_kalman_loglik_score(a->ctx, &a->m.model, a->y, 144, &kfas, &loglik, &out), SSM_OK);
    if (gradient != NULL) {
        gradient[0] = H[0] * exp(theta[0]);
        for (size_t k = 0; k < 3; k++) gradient[k + 1] = Q[k * 14] * exp(theta[k + 1]);
    }
    return loglik;
}

static void passengers_reach_the_published_maximum(void **state)
{
    (void)state;
    passengers a = {.ctx = open_context()};
    double theta[4] = {-9, -8, -14, -10}, best;
    read_log_passengers(a.y);
    nlopt_opt opt = nlopt_create(NLOPT_LD_SLSQP, 4);
    nlopt_set_max_objective(opt, climb, &a);
    nlopt_set_lower_bounds1(opt, -40);
    nlopt_set_upper_bounds1(opt, 0);
    nlopt_set_ftol_abs(opt, 1e-7);
    nlopt_set_maxeval(opt, 300);
    assert_true(nlopt_optimize(opt, theta, &best) > 0);
    nlopt_destroy(opt);
    /* KFAS stops at 229.3652, statsmodels at 229.3665 */
    assert_true(best > 229.3652 - 2e-3 && best < 229.3665 + 2e-3);
    assert_close(exp(theta[1]), 6.995e-4, 0.02);
    assert_close(exp(theta[3]), 6.413e-5, 0.02);
    assert_close(exp(theta[0]), 1.295e-4, 0.05);
    ssm_context_free(a.ctx);
}

/* The score that the optimiser is given, on a model that has everything. */
static void a_fit_ends_where_no_parameter_wants_to_move(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    const size_t length = read_log_passengers(y);
    ssm_context *ctx = open_context();
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    for (size_t t = 0; t < length; t++) y[t] = (y[t] - 5.5) / 0.44;
    ssmi_structural s = {.slope = SSMI_SLOPE_DAMPED, .cycle = 1, .n_lines = 6};
    for (size_t j = 0; j < 6; j++) s.line[j] = (ssmi_line){.multiple = j + 1, .period = 12};
    for (size_t i = 0; i < SSMI_PHI; i++) s.parameter[i] = 0.01;
    s.parameter[SSMI_PHI] = 0.6;
    s.parameter[SSMI_DAMPING] = 0.93;
    ssmi_structural_fit fit;
    assert_int_equal(ssmi_structural_estimate(&s, y, length, 14, 3, 1e-7, &fit, &tmp), SSM_OK);
    ssmi_structural other = s;
    for (size_t i = 0; i < SSMI_STRUCTURAL_PARAMETERS; i++) {
        for (int up = 0; up < 2; up++) {
            other = s;
            other.parameter[i] *= up ? 1.02 : 0.98;
            if (!ssmi_structural_uses(&s, i) || other.parameter[SSMI_DAMPING] > 0.995 ||
                other.parameter[SSMI_PHI] > 0.995)
                continue;
            ssmi_structural_matrices m;
            assert_int_equal(ssmi_structural_build(&m, &other, &tmp), SSM_OK);
            ssm_kalman_summary summary;
            assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, length, NULL, NULL, &summary), SSM_OK);
            assert_true(summary.loglik <= fit.loglik + 1e-4);
        }
    }
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_variances_are_the_published_maximum),
        cmocka_unit_test(passengers_reach_the_published_maximum),
        cmocka_unit_test(a_fit_ends_where_no_parameter_wants_to_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
