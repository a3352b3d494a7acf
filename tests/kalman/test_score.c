/* The analytic score against central differences of the log-likelihood, and its zero at a published maximum.
 */
#include "kalman/joint_normal.h"

static double loglik(const ssm_statespace *model, const double *y, size_t length,
                     const ssm_kalman_options *options)
{
    ssm_context *ctx = open_context();
    ssm_kalman_summary s;
    assert_int_equal(ssm_kalman_filter(ctx, model, y, length, options, NULL, &s), SSM_OK);
    ssm_context_free(ctx);
    return s.loglik;
}

/* Derivative with respect to one number, or to two kept equal, by central differences of two step lengths,
 * extrapolated. */
static double difference(const ssm_statespace *model, const double *y, size_t length, double *x,
                         double *mirror)
{
    const double old = *x, size = old != 0.0 ? 1e-3 * fabs(old) : 1e-4;
    double estimate[2];
    for (int k = 0; k < 2; k++) {
        const double step = k == 0 ? size : size / 2;
        *x = *mirror = old + step;
        const double above = loglik(model, y, length, NULL);
        *x = *mirror = old - step;
        estimate[k] = (above - loglik(model, y, length, NULL)) / (2 * step);
    }
    *x = *mirror = old;
    return (4 * estimate[1] - estimate[0]) / 3;
}

#define assert_slope(found, expected, size)                                                                  \
    do {                                                                                                     \
        const double found_ = (found), expected_ = (expected);                                               \
        if (!(fabs(found_ - expected_) <= 1e-6 * (fabs(expected_) + (size))))                                \
            fail_msg("%s is %.12g, differences give %.12g", #found, found_, expected_);                      \
    } while (0)

static void check_variances(small_model *m, const double *y, size_t length)
{
    double H[1], Q[MOST_STATES * MOST_STATES], value;
    const size_t n = m->model.n;
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.H = H, .Q = Q};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &m->model, y, length, NULL, &value, &out), SSM_OK);
    assert_close(value, loglik(&m->model, y, length, NULL), 1e-12);
    assert_slope(H[0], difference(&m->model, y, length, m->H, m->H), 1 / m->H[0]);
    for (size_t k = 0; k < n; k++) {
        double *q = m->Q + k * (n + 1);
        if (*q > 0) assert_slope(Q[k * (n + 1)], difference(&m->model, y, length, q, q), 1 / *q);
    }
    ssm_context_free(ctx);
}

static void structural_models_have_the_score_of_central_differences(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    read_nile(y);
    y[30] = y[31] = y[70] = NAN;
    local_level(&m, 12000, 2500);
    check_variances(&m, y, 100);
    local_trend(&m, 12000, 2500, 20);
    check_variances(&m, y, 100);
    read_log_passengers(y);
    y[3] = y[50] = NAN;
    dummy_seasonal(&m, 2e-4, 5e-4, 1e-6, 5e-5);
    check_variances(&m, y, 144);
    trigonometric_seasonal(&m, 2e-4, 5e-4, 1e-6, 5e-6);
    check_variances(&m, y, 144);
}

static void score_vanishes_at_the_maximum(void **state)
{
    (void)state;
    double y[MOST_ROWS], H[1], Q[1];
    small_model m;
    read_nile(y);
    local_level(&m, 15098.519, 1469.176);
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.H = H, .Q = Q};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &m.model, y, 100, NULL, NULL, &out), SSM_OK);
    /* on the log scale; the printed maximum has six digits, the log-likelihood a curvature of about 30 */
    assert_true(fabs(H[0] * m.H[0]) < 1e-3 && fabs(Q[0] * m.Q[0]) < 1e-3);
    ssm_context_free(ctx);
}

static void settled_recursions_give_the_same_score(void **state)
{
    (void)state;
    enum { rows = 3000 };
    static double y[rows];
    double H[2][1], Q[2][169];
    small_model m;
    uint32_t noise = 7;
    for (size_t t = 0; t < rows; t++) {
        noise = noise * 1664525u + 1013904223u;
        y[t] = (double)noise / 4294967296.0 * 5.0 + sin((double)t);
    }
    y[1700] = NAN;
    trigonometric_seasonal(&m, 1.0, 0.3, 0.01, 0.02);
    ssm_context *ctx = open_context();
    const ssm_kalman_options never = {.steady_tolerance = -1.0};
    for (int k = 0; k < 2; k++) {
        const ssm_kalman_score out = {.H = H[k], .Q = Q[k]};
        assert_int_equal(ssm_kalman_loglik_score(ctx, &m.model, y, rows, k == 0 ? NULL : &never, NULL, &out),
                         SSM_OK);
    }
    assert_close(H[0][0], H[1][0], 1e-9);
    for (size_t k = 0; k < 13; k++) assert_close(Q[0][k * 14], Q[1][k * 14], 1e-9);
    ssm_context_free(ctx);
}

/* A random constant system; rows are missing in part and as a whole. */
static void open_constant(joint_system *j, unsigned seed, int diffuse, int correlated)
{
    joint_random(j, seed, diffuse);
    const size_t p = j->p;
    j->model.Z.stride = j->model.H.stride = j->model.T.stride = j->model.R.stride = j->model.Q.stride = 0;
    for (size_t a = 0; a < p; a++) {
        for (size_t b = 0; b < p && !correlated; b++) j->H[a + b * p] = 0.0;
        j->H[a + a * p] += 0.5 + (double)a;
    }
    for (size_t k = 0; k < j->n; k++) j->P1[k * (j->n + 1)] += 0.5;
    for (size_t k = 0; k < j->r; k++) j->Q[k * (j->r + 1)] += 0.5;
}

/* The score of a symmetric matrix (n, n), element by element. */
static void check_symmetric(const joint_system *j, const double *score, double *X, size_t n)
{
    for (size_t a = 0; a < n; a++) {
        for (size_t b = 0; b <= a; b++) {
            assert_slope(score[a + b * n] * (a == b ? 1 : 2),
                         difference(&j->model, j->y, j->length, X + a + b * n, X + b + a * n), 1);
            assert_true(fabs(score[a + b * n] - score[b + a * n]) <= 1e-12 * fabs(score[a + b * n]));
        }
    }
}

/* With a known start: every matrix. */
static void check_all(unsigned seed, int correlated)
{
    joint_system j;
    double H[64], Q[64], P1[64], T[64];
    open_constant(&j, seed, 0, correlated);
    const size_t n = j.n, r = j.r;
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.H = H, .Q = Q, .P1 = P1, .T = T};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &j.model, j.y, j.length, NULL, NULL, &out), SSM_OK);
    check_symmetric(&j, H, j.H, j.p);
    check_symmetric(&j, Q, j.Q, r);
    check_symmetric(&j, P1, j.P1, n);
    for (size_t k = 0; k < n * n; k++)
        assert_slope(T[k], difference(&j.model, j.y, j.length, j.T + k, j.T + k), 1);
    ssm_context_free(ctx);
    joint_close(&j);
}

static void random_systems_have_the_score_of_central_differences(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        check_all(seed, 0);
        check_all(seed, 1);
    }
}

/* With states that start without a distribution. */
static void diffuse_systems_have_the_score_of_central_differences(void **state)
{
    (void)state;
    size_t seen = 0;
    for (unsigned seed = 1; seed <= 40; seed++) {
        joint_system j;
        double H[64], Q[64];
        open_constant(&j, seed, 1, 1);
        ssm_context *ctx = open_context();
        const ssm_kalman_score out = {.H = H, .Q = Q};
        assert_int_equal(ssm_kalman_loglik_score(ctx, &j.model, j.y, j.length, NULL, NULL, &out), SSM_OK);
        check_symmetric(&j, H, j.H, j.p);
        check_symmetric(&j, Q, j.Q, j.r);
        seen += j.p > 1;
        ssm_context_free(ctx);
        joint_close(&j);
    }
    assert_true(seen > 10);
}

/* One row of two errors and nothing else: (H^-1 y y' H^-1 - H^-1) / 2. */
static void correlated_errors_alone_have_their_closed_form(void **state)
{
    (void)state;
    const double Z[2] = {0, 0}, H[4] = {2, 1, 1, 2}, T = 1, y[4] = {1, 2, NAN, 2};
    const double part[4] = {0, 0, 0, 0.5 * (4.0 / 4 - 0.5)}, whole[4] = {-1.0 / 3, 1.0 / 6, 1.0 / 6, 1.0 / 6};
    const ssm_statespace model = {.n = 1, .p = 2, .Z = {Z, 0}, .H = {H, 0}, .T = {&T, 0}};
    double found[4];
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.H = found};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &model, y, 1, NULL, NULL, &out), SSM_OK);
    for (size_t k = 0; k < 4; k++) assert_close(found[k], whole[k], 1e-14);
    assert_int_equal(ssm_kalman_loglik_score(ctx, &model, y + 2, 1, NULL, NULL, &out), SSM_OK);
    for (size_t k = 0; k < 4; k++) assert_close(found[k], part[k], 1e-14);
    ssm_context_free(ctx);
}

/* Two sensors of a level with correlated errors, over rows enough for every recursion to settle. */
static void score_of_correlated_errors(double *H, const double *error, size_t rows, double tolerance)
{
    enum { most = 4000 };
    static double y[2 * most];
    const double Z[2] = {1, 0.5}, one = 1, q = 0.3, zero = 0;
    const ssm_statespace model = {.n = 1,
                                  .p = 2,
                                  .r = 1,
                                  .Z = {Z, 0},
                                  .H = {error, 0},
                                  .T = {&one, 0},
                                  .Q = {&q, 0},
                                  .P1inf = &one,
                                  .a1 = &zero};
    const ssm_kalman_options options = {.steady_tolerance = tolerance};
    uint32_t noise = 5;
    for (size_t k = 0; k < 2 * rows; k++) {
        noise = noise * 1664525u + 1013904223u;
        y[k] = (double)noise / 4294967296.0 * 5.0 + sin((double)(k / 2));
    }
    y[2 * (rows / 2)] = NAN;
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.H = H};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &model, y, rows, &options, NULL, &out), SSM_OK);
    ssm_context_free(ctx);
}

static void correlated_errors_settle_to_the_same_score(void **state)
{
    (void)state;
    const double error[4] = {1, 0.6, 0.6, 2};
    double settled[4], full[4];
    score_of_correlated_errors(settled, error, 3000, 0);
    score_of_correlated_errors(full, error, 3000, -1);
    for (size_t k = 0; k < 4; k++) assert_close(settled[k], full[k], 1e-9);
}

/* An H of rank one has no inverse but a score, the limit of that of its neighbours. */
static void singular_errors_have_the_score_of_the_limit(void **state)
{
    (void)state;
    double singular[4], near[4];
    score_of_correlated_errors(singular, (double[]){1, 2, 2, 4}, 50, 0);
    score_of_correlated_errors(near, (double[]){1 + 1e-7, 2, 2, 4 + 1e-7}, 50, 0);
    for (size_t k = 0; k < 4; k++) assert_close(singular[k], near[k], 1e-5);
}

/* A diffuse level and a stationary autoregression: the part that forecasting models use. */
static void autoregression_beside_a_diffuse_level_has_its_score(void **state)
{
    (void)state;
    double y[MOST_ROWS], T[4], P1[4];
    small_model m;
    read_nile(y);
    open_model(&m, 2, 9000);
    m.Z[0] = m.Z[1] = m.T[0] = 1.0;
    m.T[3] = 0.6;
    m.Q[0] = 1000;
    m.Q[3] = 4000;
    m.P1[3] = 4000 / (1 - 0.36);
    m.P1inf[3] = 0.0;
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.T = T, .P1 = P1};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &m.model, y, 100, NULL, NULL, &out), SSM_OK);
    assert_slope(T[3], difference(&m.model, y, 100, m.T + 3, m.T + 3), 1);
    assert_slope(P1[3], difference(&m.model, y, 100, m.P1 + 3, m.P1 + 3), 1e-4);
    ssm_context_free(ctx);
}

/* With a common factor of the variances taken out, one element at a time. */
static void concentrated_likelihood_has_the_score_of_central_differences(void **state)
{
    (void)state;
    double y[MOST_ROWS], H[1], Q[MOST_STATES * MOST_STATES], value;
    const ssm_kalman_options options = {.concentrate = 1};
    small_model m;
    read_log_passengers(y);
    y[3] = y[50] = NAN;
    dummy_seasonal(&m, 1, 2.5, 5e-3, 0.25);
    ssm_context *ctx = open_context();
    const ssm_kalman_score out = {.H = H, .Q = Q};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &m.model, y, 144, &options, &value, &out), SSM_OK);
    double *const element[] = {m.H, m.Q, m.Q + 14, m.Q + 28};
    const double found[] = {H[0], Q[0], Q[14], Q[28]};
    for (size_t k = 0; k < 4; k++) {
        const double old = *element[k], step = 1e-5 * old;
        double side[2];
        for (int j = 0; j < 2; j++) {
            *element[k] = old + (j == 0 ? step : -step);
            ssm_kalman_summary summary;
            assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 144, &options, NULL, &summary), SSM_OK);
            side[j] = summary.loglik;
        }
        *element[k] = old;
        assert_slope(found[k], (side[0] - side[1]) / (2 * step), 1 / old);
    }
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(structural_models_have_the_score_of_central_differences),
        cmocka_unit_test(score_vanishes_at_the_maximum),
        cmocka_unit_test(settled_recursions_give_the_same_score),
        cmocka_unit_test(random_systems_have_the_score_of_central_differences),
        cmocka_unit_test(diffuse_systems_have_the_score_of_central_differences),
        cmocka_unit_test(correlated_errors_alone_have_their_closed_form),
        cmocka_unit_test(correlated_errors_settle_to_the_same_score),
        cmocka_unit_test(singular_errors_have_the_score_of_the_limit),
        cmocka_unit_test(concentrated_likelihood_has_the_score_of_central_differences),
        cmocka_unit_test(autoregression_beside_a_diffuse_level_has_its_score),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
