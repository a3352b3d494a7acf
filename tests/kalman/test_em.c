/* EM: monotone on random systems, at a stationary point when it ends, and where the optimiser ends. */
#include "kalman/joint_normal.h"

enum { most_path = 400 };

static void assert_monotone(const double *path, size_t iterations)
{
    for (size_t k = 1; k <= iterations; k++) {
        /* up to the rounding of two log-likelihoods */
        if (!(path[k] >= path[k - 1] - 1e-9 * (1 + fabs(path[k]))))
            fail_msg("iteration %zu: %.12g after %.12g", k, path[k], path[k - 1]);
    }
    assert_true(path[iterations] > path[0]);
}

static void nile_ends_at_the_maximum(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    static double path[20001];
    small_model m;
    ssm_em_summary summary;
    read_nile(y);
    local_level(&m, 10000, 10000);
    const ssm_em_task task = {.model = &m.model, .H = m.H, .Q = m.Q};
    const ssm_em_options options = {.tolerance = 1e-11, .most_iterations = 20000};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_em(ctx, &task, y, 100, &options, path, &summary), SSM_OK);
    ssm_context_free(ctx);
    assert_monotone(path, summary.iterations);
    assert_close(summary.loglik, -633.4645636362459, 1e-11);
    assert_close(m.H[0], 15098.518, 1e-4);
    assert_close(m.Q[0], 1469.177, 1e-3); /* the steps are what is left of the way, times a small number */
}

static void structural_model_with_gaps_climbs(void **state)
{
    (void)state;
    double y[MOST_ROWS], path[most_path + 1];
    small_model m;
    ssm_em_summary summary;
    read_log_passengers(y);
    for (size_t t = 60; t < 70; t++) y[t] = NAN;
    dummy_seasonal(&m, 1e-3, 1e-3, 1e-4, 1e-3);
    double R[13 * 3] = {0}, Q[9] = {1e-3, 0, 0, 0, 1e-4, 0, 0, 0, 1e-3};
    for (size_t k = 0; k < 3; k++) R[k + 13 * k] = 1;
    m.model.R.data = R;
    m.model.Q.data = Q;
    m.model.r = 3;
    const ssm_em_task task = {.model = &m.model, .H = m.H, .Q = Q, .Q_diagonal = 1};
    const ssm_em_options options = {.most_iterations = 60};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_em(ctx, &task, y, 144, &options, path, &summary), SSM_E_CONVERGENCE);
    ssm_context_free(ctx);
    assert_int_equal(summary.iterations, 60);
    assert_monotone(path, 60);
    assert_true(Q[1] == 0 && Q[3] == 0 && m.H[0] > 0 && m.H[0] < 1e-3);
}

/* All of Z, H, T, Q, a1, P1, full or in patterns, with missing rows and parts of rows. */
static void check_random(unsigned seed, int kind)
{
    enum { rows = 40 };
    double path[most_path + 1], y[rows * 3];
    unsigned char Z_free[16], T_free[16];
    joint_system j;
    ssm_em_summary summary;
    joint_random(&j, seed, 0);
    const size_t n = j.n, p = j.p;
    j.model.Z.stride = j.model.H.stride = j.model.T.stride = j.model.Q.stride = 0;
    j.model.R = (ssm_system_matrix){0};
    j.model.r = n;
    j.model.c = j.model.d = (ssm_system_matrix){0};
    double Q[16];
    joint_variance(&j, Q, n, n);
    for (size_t k = 0; k < n; k++) Q[k * (n + 1)] += 0.5;
    joint_variance(&j, j.H, p, p);
    for (size_t k = 0; k < p; k++) j.H[k * (p + 1)] += 0.5;
    j.model.Q.data = Q;
    for (size_t k = 0; k < n; k++) j.P1[k * (n + 1)] += 0.5;
    for (size_t k = 0; k < n * n; k++) T_free[k] = joint_uniform(&j) < 0.6;
    for (size_t k = 0; k < p * n; k++) Z_free[k] = joint_uniform(&j) < 0.5;
    for (size_t k = 0; k < rows * p; k++) y[k] = joint_uniform(&j) < 0.2 ? NAN : 2 * joint_number(&j);
    double before[16];
    memcpy(before, j.T, n * n * sizeof *before);
    const ssm_em_task task = {.model = &j.model,
                              .Z = kind != 1 ? j.Z : NULL,
                              .H = kind != 2 ? j.H : NULL,
                              .T = j.T,
                              .Q = Q,
                              .a1 = kind == 1 ? j.a1 : NULL,
                              .P1 = kind == 1 ? j.P1 : NULL,
                              .Z_free = kind == 0 ? Z_free : NULL,
                              .T_free = kind == 0 ? T_free : NULL,
                              .Q_diagonal = 0};
    const ssm_em_options options = {.most_iterations = 100, .tolerance = 1e-10};
    ssm_context *ctx = open_context();
    const ssm_status status = ssm_em(ctx, &task, y, rows, &options, path, &summary);
    if (status != SSM_OK && status != SSM_E_CONVERGENCE) fail_msg("%s", ssm_context_message(ctx));
    assert_monotone(path, summary.iterations);
    for (size_t k = 0; k < n * n && kind == 0; k++) {
        if (!T_free[k]) assert_true(j.T[k] == before[k]);
    }
    ssm_context_free(ctx);
    joint_close(&j);
}

static void random_systems_climb_at_every_step(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (unsigned seed = 1; seed <= 15; seed++) check_random(seed, kind);
    }
}

/* Where EM stops, the exact score of what it estimates is zero: two algorithms, one answer. */
static void it_ends_where_the_score_vanishes(void **state)
{
    (void)state;
    double y[MOST_ROWS], H[1], Q[1], T[1];
    small_model m;
    ssm_em_summary summary;
    read_nile(y);
    y[10] = y[55] = NAN;
    for (size_t t = 0; t < 100; t++) y[t] -= 919.35;
    local_level(&m, 8000, 3000);
    m.T[0] = 0.7;
    m.P1inf[0] = 0.0;
    m.P1[0] = 1e4;
    m.model.P1inf = NULL;
    const ssm_em_task task = {.model = &m.model, .H = m.H, .Q = m.Q, .T = m.T};
    const ssm_em_options options = {.tolerance = 1e-12, .most_iterations = 20000};
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_em(ctx, &task, y, 100, &options, NULL, &summary), SSM_OK);
    const ssm_kalman_score out = {.H = H, .Q = Q, .T = T};
    assert_int_equal(ssm_kalman_loglik_score(ctx, &m.model, y, 100, NULL, NULL, &out), SSM_OK);
    ssm_context_free(ctx);
    /* on the log scale of the variances, where the curvature is of order 10 */
    assert_true(fabs(H[0] * m.H[0]) < 1e-3 && fabs(Q[0] * m.Q[0]) < 1e-3 && fabs(T[0]) < 1e-2);
}

static void tasks_that_make_no_sense_leave_the_model_alone(void **state)
{
    (void)state;
    const double y[4] = {1, 2, NAN, 4};
    double other[1] = {1}, R[2] = {1, 0}, Q[1] = {1};
    small_model m;
    ssm_context *ctx = open_context();
    local_level(&m, 2, 1);
    const ssm_em_task elsewhere = {.model = &m.model, .H = other}, diffuse = {.model = &m.model, .T = m.T},
                      start = {.model = &m.model, .P1 = m.P1}, none = {.H = m.H};
    assert_int_equal(ssm_em(ctx, &elsewhere, y, 4, NULL, NULL, NULL), SSM_E_ARGUMENT);
    assert_int_equal(ssm_em(ctx, &diffuse, y, 4, NULL, NULL, NULL), SSM_E_UNSUPPORTED);
    assert_int_equal(ssm_em(ctx, &start, y, 4, NULL, NULL, NULL), SSM_E_UNSUPPORTED);
    assert_int_equal(ssm_em(ctx, &none, y, 4, NULL, NULL, NULL), SSM_E_ARGUMENT);
    /* the second row of T has no shock */
    local_trend(&m, 1, 1, 1);
    m.model.P1inf = NULL;
    m.P1[0] = m.P1[3] = 1;
    m.model.R.data = R;
    m.model.Q.data = Q;
    m.model.r = 1;
    const ssm_em_task shockless = {.model = &m.model, .T = m.T};
    assert_int_equal(ssm_em(ctx, &shockless, y, 4, NULL, NULL, NULL), SSM_E_ARGUMENT);
    assert_true(m.T[0] == 1 && m.T[1] == 0 && m.T[2] == 1 && m.T[3] == 1);
    /* impossible data: what was changed on the way is put back */
    local_level(&m, 0, 0);
    m.model.P1inf = NULL;
    m.P1[0] = 0;
    const ssm_em_task impossible = {.model = &m.model, .H = m.H};
    assert_int_equal(ssm_em(ctx, &impossible, y, 4, NULL, NULL, NULL), SSM_E_NUMERIC);
    assert_true(m.H[0] == 0);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nile_ends_at_the_maximum),
        cmocka_unit_test(structural_model_with_gaps_climbs),
        cmocka_unit_test(random_systems_climb_at_every_step),
        cmocka_unit_test(it_ends_where_the_score_vanishes),
        cmocka_unit_test(tasks_that_make_no_sense_leave_the_model_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
