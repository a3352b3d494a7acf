/* Starts made from the model, and the filter of constant gain. */
#include "kalman/cases.h"

/* A level, a slope, an AR(2) and a random walk: T, what is observed, and the shocks, block by block. */
enum { N = 5, LENGTH = 80 };
static const double T[N * N] = {1, 0, 0, 0, 0,    1, 1, 0, 0, 0, 0, 0, 0.6,
                                1, 0, 0, 0, -0.3, 0, 0, 0, 0, 0, 0, 1};
static const double Z[2 * N] = {1, 0, 0, 0, 1, 0.5, 0, 0, 0, 1}, H[4] = {1, 0.3, 0.3, 2};
static const double Q[N * N] = {0.4, 0, 0, 0, 0, 0, 0.1, 0, 0, 0, 0, 0,  2,
                                0,   0, 0, 0, 0, 0, 0,   0, 0, 0, 0, 0.7};
static const double C[N] = {0, 0, 1, 0, 0};

static void draw(double *y, size_t count)
{
    uint32_t noise = 7;
    for (size_t k = 0; k < count; k++) {
        noise = noise * 1664525u + 1013904223u;
        y[k] = (double)noise / 4294967296.0 * 6.0 - 3.0;
    }
}

static ssm_statespace block_model(void)
{
    return (ssm_statespace){
        .n = N, .p = 2, .r = N, .Z = {Z, 0}, .H = {H, 0}, .T = {T, 0}, .Q = {Q, 0}, .c = {C, 0}};
}

static void mixed_start_is_stationary_where_the_state_is(void **state)
{
    (void)state;
    double a1[N], P1[N * N], P1inf[N * N];
    const ssm_statespace m = block_model();
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_statespace_start(ctx, &m, a1, P1, P1inf), SSM_OK);
    /* AR(2), phi = (0.6, -0.3): variance sigma2 (1 - phi2) / ((1 + phi2) ((1 - phi2)^2 - phi1^2)), mean
     * c / (1 - phi1 - phi2); its second state is the one before. */
    const double variance = 2 * 1.3 / (0.7 * (1.3 * 1.3 - 0.36)), lag = variance * 0.6 / 1.3;
    assert_close(P1[2 + 2 * N], variance, 1e-12);
    assert_close(P1[3 + 3 * N], variance, 1e-12);
    assert_close(P1[2 + 3 * N], lag, 1e-12);
    assert_close(a1[2], 1 / 0.7, 1e-12);
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            const int diffuse = i == j && i != 2 && i != 3;
            assert_true(fabs(P1inf[i + j * N] - (diffuse ? 1.0 : 0.0)) < 1e-14);
        }
    }
    ssm_context_free(ctx);
}

/* alpha = S beta: T -> S^-1 T S and so on. S is a product of shears, so its inverse is exact. */
static void shear(double *X, size_t rows, size_t i, size_t j, double s, int from_left)
{
    if (from_left) {
        for (size_t k = 0; k < N; k++) X[i + k * rows] += s * X[j + k * rows];
    } else {
        for (size_t k = 0; k < rows; k++) X[k + j * rows] += s * X[k + i * rows];
    }
}

static double marginal(const ssm_statespace *m, const double *y)
{
    const ssm_kalman_options options = {.convention = SSM_LOGLIK_MARGINAL};
    ssm_kalman_summary s;
    double a1[N], P1[N * N], P1inf[N * N];
    ssm_statespace started = *m;
    ssm_context *ctx = open_context();
    assert_int_equal(ssm_statespace_start(ctx, m, a1, P1, P1inf), SSM_OK);
    started.a1 = a1;
    started.P1 = P1;
    started.P1inf = P1inf;
    assert_int_equal(ssm_kalman_filter(ctx, &started, y, LENGTH, &options, NULL, &s), SSM_OK);
    assert_int_equal(s.n_diffuse, 3);
    ssm_context_free(ctx);
    return s.loglik;
}

static void mixed_start_does_not_depend_on_the_coordinates(void **state)
{
    (void)state;
    static const struct {
        size_t i, j;
        double s;
    } shears[] = {{0, 2, 0.5}, {2, 1, -0.25}, {4, 3, 1}, {3, 0, 0.5}, {1, 4, -0.5}, {2, 4, 0.75}};
    double y[2 * LENGTH], Ts[N * N], Zs[2 * N], Qs[N * N], Cs[N];
    ssm_statespace m = block_model();
    draw(y, 2 * LENGTH);
    const double expected = marginal(&m, y);
    memcpy(Ts, T, sizeof T);
    memcpy(Zs, Z, sizeof Z);
    memcpy(Qs, Q, sizeof Q);
    memcpy(Cs, C, sizeof C);
    for (size_t k = 0; k < sizeof shears / sizeof *shears; k++) { /* S = I + s e_i e_j' */
        const size_t i = shears[k].i, j = shears[k].j;
        shear(Ts, N, i, j, shears[k].s, 0);
        shear(Ts, N, i, j, -shears[k].s, 1);
        shear(Zs, 2, i, j, shears[k].s, 0);
        shear(Qs, N, i, j, -shears[k].s, 1);
        for (size_t l = 0; l < N; l++) Qs[l + i * N] -= shears[k].s * Qs[l + j * N];
        Cs[i] -= shears[k].s * Cs[j];
    }
    m.T.data = Ts;
    m.Z.data = Zs;
    m.Q.data = Qs;
    m.c.data = Cs;
    assert_close(marginal(&m, y), expected, 1e-10);
}

static void stable_and_unstable_models_have_one_part_only(void **state)
{
    (void)state;
    const double stable[1] = {0.5}, explosive[1] = {1.1}, one[1] = {1};
    double a1[1], P1[1], P1inf[1];
    ssm_context *ctx = open_context();
    ssm_statespace m = {.n = 1, .p = 1, .r = 1, .Z = {one, 0}, .T = {stable, 0}, .Q = {one, 0}};
    assert_int_equal(ssm_statespace_start(ctx, &m, a1, P1, P1inf), SSM_OK);
    assert_close(P1[0], 4.0 / 3, 1e-14);
    assert_true(P1inf[0] == 0.0);
    m.T.data = explosive;
    assert_int_equal(ssm_statespace_start(ctx, &m, a1, P1, P1inf), SSM_OK);
    assert_true(P1[0] == 0.0 && P1inf[0] == 1.0);
    m.T.stride = 1;
    assert_int_equal(ssm_statespace_start(ctx, &m, a1, P1, P1inf), SSM_E_ARGUMENT);
    ssm_context_free(ctx);
}

static void constant_gain_is_the_full_filter_once_it_has_settled(void **state)
{
    (void)state;
    double y[400], full[401], constant[401], P[401];
    small_model m;
    ssm_context *ctx = open_context();
    draw(y, 400);
    y[350] = NAN;
    local_level(&m, 1, 0.5);
    const ssm_kalman_options options = {.form = SSM_KALMAN_CONSTANT_GAIN};
    ssm_kalman_output out = {.a = full};
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 400, NULL, &out, NULL), SSM_OK);
    out = (ssm_kalman_output){.a = constant, .P = P};
    assert_int_equal(ssm_kalman_filter(ctx, &m.model, y, 400, &options, &out, NULL), SSM_OK);
    assert_true(full[1] == constant[1]); /* after the diffuse row */
    assert_true(fabs(full[3] - constant[3]) > 1e-3);
    for (size_t t = 100; t <= 350; t++) assert_true(fabs(full[t] - constant[t]) < 1e-12);
    for (size_t t = 1; t <= 400; t++) assert_close(P[t], 1.0, 1e-12); /* (q + sqrt(q^2 + 4 q)) / 2, q = 1/2 */
    ssm_context_free(ctx);
}

static void constant_gain_loses_in_the_transient_and_says_how_much(void **state)
{
    (void)state;
    double y[MOST_ROWS];
    small_model m;
    ssm_kalman_gain_loss loss;
    ssm_context *ctx = open_context();
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    assert_int_equal(ssm_kalman_constant_gain(ctx, &m.model, y, 100, &loss), SSM_OK);
    assert_close(loss.loglik_full, -633.4645636489, 1e-12);
    assert_true(loss.loglik_constant != loss.loglik_full); /* by luck of a few rows it may even be larger */
    assert_true(fabs(loss.loglik_constant - loss.loglik_full) < 1);
    assert_true(loss.transient > 5 && loss.transient < 100);
    /* by hand: K and h constant, first predicted variance h + q */
    const double h = 15099, q = 1469.1, steady = 5501.257941808, K = steady / (steady + h);
    double P = h + q, S = P, sum = 0.0;
    for (size_t t = 0; t < loss.transient; t++) {
        sum += (S + h) / (P + h);
        P = P - P * P / (P + h) + q;
        S = (1 - K) * (1 - K) * S + K * K * h + q;
    }
    assert_close(loss.excess, sum / (double)loss.transient - 1.0, 1e-9);
    m.model.P1inf = NULL; /* a start in the steady state */
    m.P1[0] = steady;
    assert_int_equal(ssm_kalman_constant_gain(ctx, &m.model, y, 100, &loss), SSM_OK);
    assert_true(fabs(loss.excess) < 1e-12 && loss.transient <= 2);
    assert_close(loss.loglik_constant, loss.loglik_full, 1e-12);
    m.model.Q.stride = 1;
    assert_int_equal(ssm_kalman_constant_gain(ctx, &m.model, y, 1, &loss), SSM_E_UNSUPPORTED);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed_start_is_stationary_where_the_state_is),
        cmocka_unit_test(mixed_start_does_not_depend_on_the_coordinates),
        cmocka_unit_test(stable_and_unstable_models_have_one_part_only),
        cmocka_unit_test(constant_gain_is_the_full_filter_once_it_has_settled),
        cmocka_unit_test(constant_gain_loses_in_the_transient_and_says_how_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
