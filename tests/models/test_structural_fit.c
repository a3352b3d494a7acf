/* Maximum likelihood against published maxima. */
#include "kalman/cases.h"
#include "models/structural_parts.h"

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
    const ssmi_structural_data data = {.y = y, .length = length};
    ssmi_structural s = {0};
    ssmi_structural_fit fit;
    ssmi_structural_add(&s, SSMI_TREND);
    ssmi_structural_lay_out(&s);
    s.parameter[0] = s.parameter[1] = 0.5;
    assert_int_equal(ssmi_structural_estimate(&s, &data, 1, 3, 1e-9, &fit, &tmp), SSM_OK);
    assert_close(s.parameter[0] * 128 * 128, 15098.519, 1e-4);
    assert_close(s.parameter[1] * 128 * 128, 1469.176, 1e-4);
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

/* Every kind of part that has parameters, besides the regressors. */
static void everything(ssmi_structural *s)
{
    *s = (ssmi_structural){.n_lines = 4};
    ssmi_structural_add(s, SSMI_TREND)->form = SSMI_SLOPE_DAMPED;
    ssmi_part *cycle = ssmi_structural_add(s, SSMI_CYCLE);
    cycle->shortest = 18;
    cycle->longest = 100;
    ssmi_structural_add(s, SSMI_AUTOREGRESSION)->count = 3;
    ssmi_part *harmonics = ssmi_structural_add(s, SSMI_HARMONICS);
    harmonics->form = 1;
    harmonics->count = 4;
    harmonics->period = 12;
    for (size_t j = 0; j < 4; j++) s->line[j] = (ssmi_line){.multiple = j + 1, .period = 12};
    ssmi_part *dummies = ssmi_structural_add(s, SSMI_DUMMIES);
    dummies->count = dummies->period = 5;
    ssmi_structural_lay_out(s);
    ssmi_structural_start(s, 1);
}

static double loglik_of(const ssmi_structural *s, const ssmi_structural_data *data, ssm_arena *tmp)
{
    ssmi_structural_matrices m;
    ssmi_kalman_filter f;
    ssm_kalman_summary summary;
    assert_int_equal(ssmi_structural_build(&m, s, &data->rows, tmp), SSM_OK);
    assert_int_equal(ssmi_structural_filter(&f, &m, tmp), SSM_OK);
    assert_int_equal(ssmi_kalman_filter_run(&f, data->y, data->length, NULL, NULL, &summary), SSM_OK);
    return summary.loglik;
}

/* Central differences of the likelihood, with regressors and interventions in the model. */
static void the_score_is_the_slope_of_the_likelihood(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2 * MOST_ROWS], gradient[SSMI_STRUCTURAL_PARAMETERS], loglik;
    const size_t length = read_log_passengers(y);
    ssm_context *ctx = open_context();
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    for (size_t t = 0; t < length; t++) {
        y[t] = (y[t] - 5.5) / 0.44;
        x[2 * t] = sin(0.3 * (double)t);
        x[2 * t + 1] = (double)(t * 37 % 11);
    }
    y[20] = y[70] = NAN;
    const ssmi_structural_data data = {.y = y, .length = length, .rows = {.x = x, .n_x = 2}};
    ssmi_structural s;
    everything(&s);
    ssmi_part *regression = ssmi_structural_add(&s, SSMI_REGRESSION);
    regression->count = s.n_columns = 2;
    regression->form = 1;
    for (size_t j = 0; j < 2; j++) s.center[j] = 0.1, s.spread[j] = 2.0;
    ssmi_structural_add(&s, SSMI_INTERVENTIONS)->count = s.n_interventions = 2;
    s.intervention[0] = (ssmi_intervention){.kind = SSMI_LEVEL_SHIFT, .row = 60};
    s.intervention[1] = (ssmi_intervention){.kind = SSMI_SLOPE_CHANGE, .row = 90};
    ssmi_structural_lay_out(&s);
    ssmi_structural_start(&s, 1);
    assert_int_equal(ssmi_structural_score(&s, &data, &loglik, gradient, &tmp), SSM_OK);
    assert_close(loglik, loglik_of(&s, &data, &tmp), 1e-12);
    for (size_t i = 0; i < s.n_parameters; i++) {
        const double old = s.parameter[i], step = 1e-4 * old;
        s.parameter[i] = old + step;
        const double above = loglik_of(&s, &data, &tmp);
        s.parameter[i] = old - step;
        const double slope = (above - loglik_of(&s, &data, &tmp)) / (2 * step);
        s.parameter[i] = old;
        /* per relative change of the parameter; the differences carry 1e-9 or so of rounding over 1e-4 */
        if (!(fabs(gradient[i] - slope) * fabs(old) <= 1e-5 + 1e-6 * fabs(slope * old)))
            fail_msg("%s (%zu): %.9g, by differences %.9g", ssmi_structural_describe(&s, i).name, i,
                     gradient[i], slope);
    }
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

static void a_fit_ends_where_no_parameter_wants_to_move(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    const size_t length = read_log_passengers(y);
    ssm_context *ctx = open_context();
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    for (size_t t = 0; t < length; t++) y[t] = (y[t] - 5.5) / 0.44;
    const ssmi_structural_data data = {.y = y, .length = length};
    ssmi_structural s = {.n_lines = 6};
    ssmi_structural_fit fit;
    ssmi_structural_add(&s, SSMI_TREND)->form = SSMI_SLOPE_DAMPED;
    ssmi_structural_add(&s, SSMI_AUTOREGRESSION)->count = 1;
    ssmi_part *harmonics = ssmi_structural_add(&s, SSMI_HARMONICS);
    harmonics->count = 6;
    harmonics->period = 12;
    for (size_t j = 0; j < 6; j++) s.line[j] = (ssmi_line){.multiple = j + 1, .period = 12};
    ssmi_structural_lay_out(&s);
    ssmi_structural_start(&s, 0);
    assert_int_equal(ssmi_structural_estimate(&s, &data, 14, 3, 1e-7, &fit, &tmp), SSM_OK);
    for (size_t i = 0; i < s.n_parameters; i++) {
        const ssmi_parameter about = ssmi_structural_describe(&s, i);
        for (int up = 0; up < 2; up++) {
            ssmi_structural other = s;
            other.parameter[i] *= up ? 1.02 : 0.98;
            if (!about.is_variance && !(other.parameter[i] > about.low && other.parameter[i] < about.high))
                continue;
            assert_true(loglik_of(&other, &data, &tmp) <= fit.loglik + 1e-4);
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
        cmocka_unit_test(the_score_is_the_slope_of_the_likelihood),
        cmocka_unit_test(a_fit_ends_where_no_parameter_wants_to_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
