/* Maximum likelihood against fits of R, KFAS and statsmodels, at the tolerances to which those agree. */
#include "kalman/cases.h"

enum { most = 8 };

/* ---- structural models: H and diagonal elements of Q ---- */

typedef struct structural {
    small_model m;
    size_t n, shock[most]; /* parameter k + 1 is Q[shock[k], shock[k]] and its `count` followers */
    size_t count[most];
} structural;

static ssm_status set_structural(void *user, const double *x)
{
    structural *s = user;
    s->m.H[0] = x[0];
    for (size_t k = 1; k < s->n; k++) {
        for (size_t j = 0; j < s->count[k - 1]; j++)
            s->m.Q[(s->shock[k - 1] + j) * (s->m.model.n + 1)] = x[k];
    }
    return SSM_OK;
}

static void slope_structural(void *user, const double *x, const ssm_kalman_score *score, double *gradient)
{
    const structural *s = user;
    (void)x;
    gradient[0] = score->H[0];
    for (size_t k = 1; k < s->n; k++) {
        gradient[k] = 0.0;
        for (size_t j = 0; j < s->count[k - 1]; j++)
            gradient[k] += score->Q[(s->shock[k - 1] + j) * (s->m.model.n + 1)];
    }
}

static ssm_estimation structural_task(structural *s, const ssm_parameter *parameter, int with_slope)
{
    return (ssm_estimation){.n = s->n,
                            .parameter = parameter,
                            .model = &s->m.model,
                            .set = set_structural,
                            .gradient = with_slope ? slope_structural : NULL,
                            .user = s};
}

static const ssm_parameter nile_parameter[2] = {{"irregular", SSM_VARIANCE, 1e4, 0, 0, 0},
                                                {"level", SSM_VARIANCE, 1e4, 0, 0, 0}};

static void open_nile(structural *s, double *y)
{
    *s = (structural){.n = 2, .shock = {0}, .count = {1}};
    read_nile(y);
    local_level(&s->m, 1, 1);
}

static void nile_has_the_maximum_of_the_book(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2], se[2], opg[2], covariance[4], theta[2];
    int boundary[2];
    structural s;
    open_nile(&s, y);
    for (int with_slope = 0; with_slope < 2; with_slope++) {
        const ssm_estimation task = structural_task(&s, nile_parameter, with_slope);
        const ssm_estimate_output out = {x, theta, se, opg, covariance, boundary};
        ssm_estimate_summary summary;
        ssm_context *ctx = open_context();
        assert_int_equal(ssm_estimate(ctx, &task, y, 100, NULL, &out, &summary), SSM_OK);
        ssm_context_free(ctx);
        assert_close(x[0], 15098.5179, 1e-5);
        assert_close(x[1], 1469.1769, 1e-4);
        assert_close(summary.loglik, -633.4645636362459, 1e-12);
        assert_true(summary.converged && summary.n_boundary == 0 && boundary[0] == 0);
        /* statsmodels 0.15.0: numeric Hessian, and outer products of numeric scores, on the log scale */
        assert_close(se[0], 3145.5479, 2e-4);
        assert_close(se[1], 1280.3756, 2e-4);
        assert_close(opg[0], 2590.0928, 2e-4);
        assert_close(opg[1], 846.4510, 2e-4);
        assert_close(covariance[3], se[1] * se[1], 1e-12);
        assert_close(theta[0], log(x[0]), 1e-12);
        assert_true(s.m.H[0] == x[0] && s.m.Q[0] == x[1]);
    }
}

/* H is held at 1, the factor comes out of the likelihood. */
static ssm_status set_ratio(void *user, const double *x)
{
    structural *s = user;
    s->m.H[0] = 1.0;
    s->m.Q[0] = x[0];
    return SSM_OK;
}

static void slope_ratio(void *user, const double *x, const ssm_kalman_score *score, double *gradient)
{
    (void)user, (void)x;
    gradient[0] = score->Q[0];
}

static ssm_status set_scale_and_ratio(void *user, const double *x)
{
    structural *s = user;
    s->m.H[0] = x[0];
    s->m.Q[0] = x[0] * x[1];
    return SSM_OK;
}

static double ratio_error_with_the_scale_as_a_parameter(void)
{
    double y[MOST_ROWS], opg[2];
    structural s;
    const ssm_parameter parameter[2] = {{"scale", SSM_VARIANCE, 1e4, 0, 0, 0},
                                        {"ratio", SSM_VARIANCE, 1, 0, 0, 0}};
    ssm_context *ctx = open_context();
    open_nile(&s, y);
    const ssm_estimation task = {
        .n = 2, .parameter = parameter, .model = &s.m.model, .set = set_scale_and_ratio, .user = &s};
    assert_int_equal(ssm_estimate(ctx, &task, y, 100, NULL, &(ssm_estimate_output){.se_opg = opg}, NULL),
                     SSM_OK);
    ssm_context_free(ctx);
    return opg[1];
}

static void concentrated_scale_finds_the_same_maximum(void **state)
{
    (void)state;
    double y[MOST_ROWS], x, opg;
    structural s;
    open_nile(&s, y);
    const ssm_parameter parameter = {"ratio", SSM_VARIANCE, 1, 0, 0, 0};
    const ssm_estimate_options options = {.filter.concentrate = 1};
    for (int with_slope = 0; with_slope < 2; with_slope++) {
        const ssm_estimation task = {.n = 1,
                                     .parameter = &parameter,
                                     .model = &s.m.model,
                                     .set = set_ratio,
                                     .gradient = with_slope ? slope_ratio : NULL,
                                     .user = &s};
        ssm_estimate_summary summary;
        ssm_context *ctx = open_context();
        assert_int_equal(ssm_estimate(ctx, &task, y, 100, &options,
                                      &(ssm_estimate_output){.x = &x, .se_opg = &opg}, &summary),
                         SSM_OK);
        ssm_context_free(ctx);
        assert_close(summary.scale, 15098.5179, 1e-5);
        assert_close(summary.scale * x, 1469.1769, 1e-4);
        assert_close(summary.loglik, -633.4645636362459, 1e-12);
        assert_close(opg, ratio_error_with_the_scale_as_a_parameter(), 1e-4);
    }
}

static ssm_status set_fading(void *user, const double *x)
{
    structural *s = user;
    s->m.H[0] = x[0];
    s->m.T[0] = x[1];
    return SSM_OK;
}

static double marginal_at(structural *s, const double *y, const double *x)
{
    const ssm_kalman_options options = {.convention = SSM_LOGLIK_MARGINAL};
    ssm_kalman_summary summary;
    ssm_context *ctx = open_context();
    set_fading(s, x);
    assert_int_equal(ssm_kalman_filter(ctx, &s->m.model, y, 100, &options, NULL, &summary), SSM_OK);
    ssm_context_free(ctx);
    return summary.loglik;
}

/* A level that fades from an unknown start: what the start weighs depends on how it fades, so the marginal
 * likelihood has its maximum elsewhere than the diffuse one. Of the local level X'X is
 * the number of rows, and the row that the start uses up has no constant. */
static void marginal_likelihood_can_be_maximised(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[2], diffuse[2], opg[2];
    structural s;
    ssm_estimate_summary summary;
    const ssm_estimate_options options = {.filter.convention = SSM_LOGLIK_MARGINAL};
    ssm_context *ctx = open_context();
    open_nile(&s, y);
    ssm_estimation task = structural_task(&s, nile_parameter, 1);
    assert_int_equal(
        ssm_estimate(ctx, &task, y, 100, &options, &(ssm_estimate_output){.x = x, .se_opg = opg}, &summary),
        SSM_OK);
    assert_close(x[0], 15098.5179, 1e-5);
    assert_close(summary.loglik, -633.4645636362459 + 0.5 * log(100 * 2 * 3.14159265358979323846), 1e-12);
    assert_true(isnan(opg[0]));
    s.m.Q[0] = 0.0;
    const ssm_parameter fading[2] = {{"irregular", SSM_VARIANCE, 1e4, 0, 0, 0},
                                     {"fading", SSM_INTERVAL, 0.99, 0.5, 1.1, 0}};
    task = (ssm_estimation){.n = 2, .parameter = fading, .model = &s.m.model, .set = set_fading, .user = &s};
    assert_int_equal(ssm_estimate(ctx, &task, y, 100, NULL, &(ssm_estimate_output){.x = diffuse}, NULL),
                     SSM_OK);
    assert_int_equal(ssm_estimate(ctx, &task, y, 100, &options, &(ssm_estimate_output){.x = x}, &summary),
                     SSM_OK);
    assert_true(fabs(x[1] / diffuse[1] - 1) > 1e-5);
    assert_close(marginal_at(&s, y, x), summary.loglik, 1e-12);
    for (size_t k = 0; k < 4; k++) {
        const double near[2] = {x[0] * (1 + 1e-2 * (k == 0) - 1e-2 * (k == 1)),
                                x[1] * (1 + 1e-5 * (k == 2) - 1e-5 * (k == 3))};
        assert_true(marginal_at(&s, y, near) < summary.loglik);
    }
    ssm_context_free(ctx);
}

/* Reference row 12: level 6.995e-4, slope to 0, seasonal 6.413e-5, irregular 1.295e-4, 229.3652 with KFAS'
 * constants, to 2e-3. The slope's variance is reported at its boundary. */
static void log_passengers_agree_with_kfas(void **state)
{
    (void)state;
    static const ssm_parameter parameter[4] = {{"irregular", SSM_VARIANCE, 1e-3, 0, 0, 0},
                                               {"level", SSM_VARIANCE, 1e-3, 0, 0, 0},
                                               {"slope", SSM_VARIANCE, 1e-5, 0, 0, 0},
                                               {"seasonal", SSM_VARIANCE, 1e-3, 0, 0, 0}};
    double y[MOST_ROWS], x[4], se[4];
    int boundary[4];
    structural s = {.n = 4, .shock = {0, 1, 2}, .count = {1, 1, 1}};
    read_log_passengers(y);
    dummy_seasonal(&s.m, 1, 1, 1, 1);
    for (int with_slope = 0; with_slope < 2; with_slope++) {
        const ssm_estimation task = structural_task(&s, parameter, with_slope);
        const ssm_estimate_options options = {.filter.convention = SSM_LOGLIK_KFAS};
        const ssm_estimate_output out = {.x = x, .se = se, .boundary = boundary};
        ssm_estimate_summary summary;
        ssm_context *ctx = open_context();
        assert_int_equal(ssm_estimate(ctx, &task, y, 144, &options, &out, &summary), SSM_OK);
        ssm_context_free(ctx);
        assert_close(summary.loglik, 229.3652, 2e-3 / 229);
        assert_true(x[2] == 0.0 && boundary[2] == 1 && summary.n_boundary == 1 && isnan(se[2]));
        assert_close(x[0], 1.295e-4, 1e-2); /* the sources differ in the third digit */
        assert_close(x[1], 6.995e-4, 1e-2);
        assert_close(x[3], 6.413e-5, 1e-2);
        assert_true(se[0] > 0 && se[1] > 0 && se[3] > 0);
    }
}

/* Reference row 15: level and trigonometric seasonal of the drivers (Durbin & Koopman, sec. 8.2). */
static void drivers_agree_with_kfas(void **state)
{
    (void)state;
    static const ssm_parameter parameter[3] = {{"irregular", SSM_VARIANCE, 1e-3, 0, 0, 0},
                                               {"level", SSM_VARIANCE, 1e-3, 0, 0, 0},
                                               {"seasonal", SSM_VARIANCE, 1e-5, 0, 0, 0}};
    double y[MOST_ROWS], x[3];
    structural s = {.n = 3, .shock = {0, 2}, .count = {1, 11}};
    assert_int_equal(read_column(SSMCAST_TEST_DATA "/golden/kalman/uk_drivers.txt", y, MOST_ROWS), 192);
    for (size_t t = 0; t < 192; t++) y[t] = log(y[t]);
    trigonometric_seasonal(&s.m, 1, 1, 0, 1);
    s.m.T[13] = s.m.P1inf[14] = 0.0; /* without its slope */
    const ssm_estimation task = structural_task(&s, parameter, 1);
    const ssm_estimate_options options = {.filter.convention = SSM_LOGLIK_KFAS};
    ssm_estimate_summary summary;
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_estimate(ctx, &task, y, 192, &options, &(ssm_estimate_output){.x = x}, &summary),
                     SSM_OK);
    ssm_context_free(ctx);
    assert_close(summary.loglik, 179.886014, 1e-6);
    assert_close(x[0], 3.41596e-3, 1e-3);
    assert_close(x[1], 9.35879e-4, 1e-3);
    assert_close(x[2], 5.00976e-7, 1e-2); /* flat: the sources agree to 1e-3 with each other's optimisers */
}

/* ---- autoregressive moving averages around a mean, in Harvey's form ---- */

typedef struct arma {
    size_t p, q, n; /* n states */
    double Z[most], T[most * most], R[most], Q[1], P1[most * most], d[1];
    ssm_statespace model;
    ssm_context *ctx;
} arma;

static void open_arma(arma *a, size_t p, size_t q)
{
    memset(a, 0, sizeof *a);
    const size_t n = p > q + 1 ? p : q + 1;
    a->p = p;
    a->q = q;
    a->n = n;
    a->Z[0] = a->R[0] = 1.0;
    for (size_t i = 0; i + 1 < n; i++) a->T[i + (i + 1) * n] = 1.0;
    a->model = (ssm_statespace){.n = n,
                                .p = 1,
                                .r = 1,
                                .Z.data = a->Z,
                                .T.data = a->T,
                                .R.data = a->R,
                                .Q.data = a->Q,
                                .d.data = a->d,
                                .P1 = a->P1};
    a->ctx = open_context();
}

/* phi, theta, mean, variance */
static ssm_status set_arma(void *user, const double *x)
{
    arma *a = user;
    double mean[most];
    for (size_t i = 0; i < a->p; i++) a->T[i] = x[i];
    for (size_t i = 0; i < a->q; i++) a->R[i + 1] = x[a->p + i];
    a->d[0] = x[a->p + a->q];
    a->Q[0] = x[a->p + a->q + 1];
    ssm_statespace process = a->model;
    process.P1 = NULL; /* that of the last point must not matter */
    return ssm_statespace_stationary(a->ctx, &process, mean, a->P1);
}

static void fit_arma(size_t p, size_t q, double mean, const double *y, size_t length, double *x,
                     ssm_estimate_summary *summary)
{
    ssm_parameter parameter[most] = {{0}};
    arma a;
    open_arma(&a, p, q);
    for (size_t i = 0; i < p; i++)
        parameter[i] = (ssm_parameter){.transform = SSM_STATIONARY, .start = i == 0 ? 0.3 : 0.0};
    for (size_t i = 0; i < q; i++) parameter[p + i] = (ssm_parameter){.transform = SSM_INVERTIBLE};
    if (p > 0) parameter[0].order = p;
    if (q > 0) parameter[p].order = q;
    parameter[p + q] = (ssm_parameter){.name = "mean", .start = mean};
    parameter[p + q + 1] = (ssm_parameter){.name = "variance", .transform = SSM_VARIANCE, .start = 1};
    const ssm_estimation task = {
        .n = p + q + 2, .parameter = parameter, .model = &a.model, .set = set_arma, .user = &a};
    assert_int_equal(ssm_estimate(a.ctx, &task, y, length, NULL, &(ssm_estimate_output){.x = x}, summary),
                     SSM_OK);
    ssm_context_free(a.ctx);
}

/* Reference row 33 (R's arima): lh. */
static void hormone_agrees_with_r(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[most];
    ssm_estimate_summary summary;
    assert_int_equal(read_column(SSMCAST_TEST_DATA "/golden/kalman/lh.txt", y, MOST_ROWS), 48);
    fit_arma(3, 0, 2, y, 48, x, &summary);
    assert_close(x[0], 0.644796517, 1e-4);
    assert_close(x[1], -0.063373529, 1e-3);
    assert_close(x[2], -0.219806192, 1e-4);
    assert_close(x[3], 2.393127, 1e-5);
    assert_close(x[4], 0.178660288, 1e-4);
    assert_close(summary.loglik, -27.09, 0.005 / 27);
    fit_arma(1, 1, 2, y, 48, x, &summary);
    assert_close(summary.loglik, -28.76, 0.005 / 28);
    assert_close(x[0], 0.4522, 2e-4);
    assert_close(x[1], 0.1982, 5e-4);
    fit_arma(1, 0, 2, y, 48, x, &summary);
    assert_close(summary.loglik, -29.3791623874, 1e-9);
}

/* Reference row 35 (R's arima): presidents, with missing quarters. */
static void presidents_agree_with_r(void **state)
{
    (void)state;
    double y[MOST_ROWS], x[most];
    ssm_estimate_summary summary;
    assert_int_equal(read_column(SSMCAST_TEST_DATA "/golden/kalman/presidents.txt", y, MOST_ROWS), 120);
    fit_arma(3, 0, 50, y, 120, x, &summary);
    assert_close(x[0], 0.749607133, 1e-4);
    assert_close(x[1], 0.252256393, 1e-4);
    assert_close(x[2], -0.189031516, 2e-4);
    assert_close(summary.loglik, -414.08, 0.005 / 414);
}

/* ---- the series of KFAS that falls to 1e-109 ---- */

typedef struct falling {
    double Z[120], H[1], Q[1];
} falling;

static ssm_status set_falling(void *user, const double *x)
{
    falling *f = user;
    f->H[0] = x[0];
    f->Q[0] = x[1];
    return SSM_OK;
}

/* Reference row 50: y_t = y_{t-1} alpha_t + eps_t. With H = 0 the maximum is known: Q is the mean of
 * (y_t / y_{t-1})^2, 0.0355431788. KFAS' search ends at 0.03556689 and 14530.62, a little below it. */
static void series_down_to_1e_minus_109_is_fitted(void **state)
{
    (void)state;
    static const ssm_parameter parameter[2] = {{"irregular", SSM_VARIANCE, 0.018, 0, 0, 0},
                                               {"shock", SSM_VARIANCE, 0.018, 0, 0, 0}};
    double y[MOST_ROWS], x[2];
    const double zero = 0.0;
    falling f;
    assert_int_equal(read_column(SSMCAST_TEST_DATA "/golden/kalman/kfas_numerical.txt", y, MOST_ROWS), 118);
    f.Z[0] = 9.469247;
    memcpy(f.Z + 1, y, 117 * sizeof *y);
    const ssm_statespace model = {
        .n = 1, .p = 1, .r = 1, .Z = {f.Z, 1}, .H = {f.H, 0}, .T = {&zero, 0}, .Q = {f.Q, 0}, .P1 = f.Q};
    const ssm_estimation task = {
        .n = 2, .parameter = parameter, .model = &model, .set = set_falling, .user = &f};
    ssm_estimate_summary summary;
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_estimate(ctx, &task, y, 118, NULL, &(ssm_estimate_output){.x = x}, &summary),
                     SSM_OK);
    ssm_context_free(ctx);
    assert_close(summary.loglik, 14530.62, 1e-6);
    assert_true(x[0] == 0.0);
    assert_close(summary.loglik, 14530.630988230381, 1e-12);
    assert_close(x[1], 0.035543178785526465, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_has_the_maximum_of_the_book),
        cmocka_unit_test(concentrated_scale_finds_the_same_maximum),
        cmocka_unit_test(marginal_likelihood_can_be_maximised),
        cmocka_unit_test(log_passengers_agree_with_kfas),
        cmocka_unit_test(drivers_agree_with_kfas),
        cmocka_unit_test(hormone_agrees_with_r),
        cmocka_unit_test(presidents_agree_with_r),
        cmocka_unit_test(series_down_to_1e_minus_109_is_fitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
