/* The simulation smoother: its map of the noise by exact algebra, its draws by Monte Carlo. */
#include "core/dense.h"
#include "kalman/joint_normal.h"
#include "kalman/simulation.h"

enum { most = 512 };

static void ignore(void *user, size_t t, const ssmi_smoothed *row)
{
    (void)user, (void)t, (void)row;
}

/* A path that follows from the noise x = (alpha_1 - a1, each eta, each eps), or from offsets alone when x is
 * NULL. */
static void path_of(const joint_system *j, const double *x, double *y, double *alpha, double *eta)
{
    const size_t n = j->n, p = j->p, r = j->r, L = j->length;
    for (size_t a = 0; a < n; a++) alpha[a] = j->a1[a] + (x != NULL ? x[a] : 0.0);
    for (size_t k = 0; k < r * L; k++) eta[k] = x != NULL ? x[n + k] : 0.0;
    for (size_t t = 0; t < L; t++) {
        for (size_t i = 0; i < p; i++) {
            double *value = y + t * p + i;
            *value = j->d[t * p + i] + (x != NULL ? x[n + r * L + t * p + i] : 0.0);
            for (size_t a = 0; a < n; a++) *value += j->Z[t * p * n + i + a * p] * alpha[t * n + a];
        }
        for (size_t a = 0; t + 1 < L && a < n; a++) {
            double *next = alpha + (t + 1) * n + a;
            *next = j->c[t * n + a];
            for (size_t b = 0; b < n; b++) *next += j->T[t * n * n + a + b * n] * alpha[t * n + b];
            for (size_t b = 0; b < r; b++) *next += j->R[t * n * r + a + b * n] * eta[t * r + b];
        }
    }
}

/* Column `k` of a factor of the noise's variance, which is block diagonal; 0 when there is none left. */
static int noise_factor(const joint_system *j, size_t k, double *x)
{
    const size_t n = j->n, p = j->p, r = j->r, L = j->length;
    size_t place = 0;
    memset(x, 0, (n + (r + p) * L) * sizeof *x);
    for (size_t block = 0; block < 1 + 2 * L; block++) {
        const size_t size = block == 0 ? n : block <= L ? r : p;
        const double *S = block == 0   ? j->P1
                          : block <= L ? j->Q + (block - 1) * r * r
                                       : j->H + (block - 1 - L) * p * p;
        if (k < place + size) {
            double L_[JOINT_MOST], work[JOINT_MOST];
            assert_true(ssmi_cholesky_semidefinite(L_, S, work, size));
            memcpy(x + place, L_ + (k - place) * size, size * sizeof *x);
            return 1;
        }
        place += size;
    }
    return 0;
}

typedef struct workshop {
    ssm_context *ctx;
    ssm_arena arena;
    ssm_statespace centred;
    ssmi_smoother gains, s;
} workshop;

static void open_workshop(workshop *w, const joint_system *j)
{
    w->ctx = open_context();
    ssmi_arena_init(&w->arena, w->ctx);
    w->centred = ssmi_centred(&j->model);
    assert_int_equal(ssmi_smoother_init(&w->gains, &w->centred, j->length, 0, &w->arena), SSM_OK);
    assert_int_equal(ssmi_smoother_run(&w->gains, j->y, j->length, NULL, NULL, ignore, NULL), SSM_OK);
    assert_int_equal(ssmi_smoother_share(&w->s, &w->gains, &w->centred, j->length, &w->arena), SSM_OK);
}

static void close_workshop(workshop *w)
{
    ssmi_arena_clear(&w->arena);
    ssm_context_free(w->ctx);
}

/* The draw that belongs to the noise x: states into out[0], shocks into out[1], observations into out[2]. */
static void draw_of(workshop *w, const joint_system *j, const double *x, double out[3][most])
{
    double y[most], alpha[most], eta[most], difference[most];
    path_of(j, x, y, alpha, eta);
    const ssmi_path plus = {y, alpha, eta};
    ssmi_simulation_correct(&w->s, &j->model, j->y, j->length, &plus, difference, 0,
                            &(ssm_kalman_draws){.alpha = out[0], .eta = out[1], .y = out[2]});
}

static void assert_near(double found, wide expected, wide size, double tolerance, const char *what)
{
    if (!(fabsl(found - expected) <= tolerance * (fabsl(expected) + size)))
        fail_msg("%s is %.15g, expected %.15Lg", what, found, expected);
}

/* A draw is mean + B u with B linear in the noise, so its mean is the draw of no noise and its variance the
 * sum of outer products over a factor of the noise: no sampling error. */
static void check_moments(unsigned seed, int diffuse, double kappa, double tolerance)
{
    static double mean[3][most], draw[3][most], variance[most * most];
    double x[most];
    joint_system j;
    workshop w;
    joint_random(&j, seed, diffuse);
    const size_t N = j.n * j.length;
    open_workshop(&w, &j);
    draw_of(&w, &j, NULL, mean);
    memset(variance, 0, sizeof variance);
    for (size_t k = 0; noise_factor(&j, k, x); k++) {
        draw_of(&w, &j, x, draw);
        for (size_t a = 0; a < N; a++) {
            for (size_t b = 0; b < N; b++)
                variance[a + b * N] += (draw[0][a] - mean[0][a]) * (draw[0][b] - mean[0][b]);
        }
    }
    joint_moments(&j, kappa);
    joint_cholesky(j.y_var, j.n_observed);
    joint_condition(&j, j.s_mean, j.s_var, j.s_y, N);
    wide largest = 1.0, spread = 1.0;
    for (size_t a = 0; a < N; a++) {
        largest = fmaxl(largest, fabsl(j.s_mean[a]));
        spread = fmaxl(spread, fabsl(j.s_var[a + a * N]));
    }
    for (size_t a = 0; a < N; a++) {
        assert_near(mean[0][a], j.s_mean[a], largest, tolerance, "mean");
        for (size_t b = 0; b < N; b++)
            assert_near(variance[a + b * N], j.s_var[a + b * N], spread, tolerance, "variance");
    }
    close_workshop(&w);
    joint_close(&j);
}

static void draws_have_the_conditional_mean_and_variance(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 40; seed++) check_moments(seed, 0, 0.0, 1e-9);
}

static void draws_from_a_diffuse_start_have_the_limit_of_them(void **state)
{
    (void)state;
    /* brute force is off by 1/kappa and by rounding times kappa */
    for (unsigned seed = 1; seed <= 30; seed++) check_moments(seed, 1, 1e11, 1e-6);
}

/* alpha_{t+1} = c + T alpha_t + R eta_t,  y = d + Z alpha + eps  within each draw. */
static void draws_obey_the_equations_of_the_model(void **state)
{
    (void)state;
    enum { draws = 3 };
    static double alpha[draws * most], eta[draws * most], epsilon[draws * most], y[draws * most];
    for (unsigned seed = 1; seed <= 20; seed++) {
        joint_system j;
        joint_random(&j, seed, seed % 2 == 0);
        const size_t n = j.n, p = j.p, r = j.r, L = j.length;
        ssm_context *ctx = open_context();
        const ssm_kalman_draws out = {alpha, epsilon, eta, y};
        assert_int_equal(ssm_kalman_simulate(ctx, &j.model, j.y, L, NULL, 3, draws, &out), SSM_OK);
        for (size_t k = 0; k < draws; k++) {
            const double *a = alpha + k * n * L, *e = eta + k * r * L;
            for (size_t t = 0; t < L; t++) {
                for (size_t i = 0; i < n && t + 1 < L; i++) {
                    double next = j.c[t * n + i], size = 1.0;
                    for (size_t b = 0; b < n; b++) next += j.T[t * n * n + i + b * n] * a[t * n + b];
                    for (size_t b = 0; b < r; b++) next += j.R[t * n * r + i + b * n] * e[t * r + b];
                    for (size_t b = 0; b < n; b++) size = fmax(size, fabs(a[t * n + b]));
                    assert_true(fabs(next - a[(t + 1) * n + i]) <= 1e-9 * size);
                }
                for (size_t i = 0; i < p; i++) {
                    const size_t at = k * p * L + t * p + i;
                    double value = j.d[t * p + i] + epsilon[at], size = 1.0;
                    for (size_t b = 0; b < n; b++) {
                        value += j.Z[t * p * n + i + b * p] * a[t * n + b];
                        size = fmax(size, fabs(a[t * n + b]));
                    }
                    assert_true(fabs(value - y[at]) <= 1e-9 * size);
                    if (!isnan(j.y[t * p + i])) assert_true(y[at] == j.y[t * p + i]);
                }
            }
        }
        ssm_context_free(ctx);
        joint_close(&j);
    }
}

/* 4000 draws of the Nile with a gap: mean and variance within four standard errors. */
static void sample_moments_are_those_of_the_smoother(void **state)
{
    (void)state;
    enum { draws = 4000, rows = 100 };
    static double drawn[draws * rows];
    double y[MOST_ROWS], alpha[rows], V[rows];
    small_model m;
    read_nile(y);
    for (size_t t = 20; t < 40; t++) y[t] = NAN;
    local_level(&m, 15099, 1469.1);
    ssm_context *ctx = open_context();
    assert_int_equal(
        ssm_kalman_simulate(ctx, &m.model, y, rows, NULL, 0, draws, &(ssm_kalman_draws){.alpha = drawn}),
        SSM_OK);
    assert_int_equal(
        ssm_kalman_smooth(ctx, &m.model, y, rows, NULL, &(ssm_kalman_smooth_output){.alpha = alpha, .V = V}),
        SSM_OK);
    for (size_t t = 0; t < rows; t++) {
        double sum = 0.0, squares = 0.0;
        for (size_t k = 0; k < draws; k++) sum += drawn[k * rows + t] - alpha[t];
        for (size_t k = 0; k < draws; k++) squares += pow(drawn[k * rows + t] - alpha[t], 2);
        assert_true(fabs(sum / draws) <= 4 * sqrt(V[t] / draws));
        assert_true(fabs(squares / draws / V[t] - 1) <= 4 * sqrt(2.0 / draws));
    }
    ssm_context_free(ctx);
}

static void draws_depend_on_seed_and_stream_but_not_on_threads(void **state)
{
    (void)state;
    enum { draws = 20, rows = 100 };
    static double drawn[5][draws * rows];
    static const struct {
        size_t threads, draws;
        uint64_t seed, stream;
    } run[5] = {{1, 20, 1, 0}, {3, 20, 1, 0}, {2, 17, 1, 0}, {1, 20, 2, 0}, {1, 20, 1, 1}};
    double y[MOST_ROWS];
    small_model m;
    read_nile(y);
    local_level(&m, 15099, 1469.1);
    for (size_t k = 0; k < 5; k++) {
        ssm_context *ctx = open_context();
        ssm_context_set_threads(ctx, run[k].threads);
        ssm_context_set_seed(ctx, run[k].seed);
        assert_int_equal(ssm_kalman_simulate(ctx, &m.model, y, rows, NULL, run[k].stream, run[k].draws,
                                             &(ssm_kalman_draws){.alpha = drawn[k]}),
                         SSM_OK);
        ssm_context_free(ctx);
    }
    assert_memory_equal(drawn[0], drawn[1], sizeof drawn[0]);
    assert_memory_equal(drawn[0], drawn[2], 17 * rows * sizeof(double));
    assert_true(drawn[0][0] != drawn[3][0] && drawn[0][0] != drawn[4][0]);
}

static void what_cannot_be_drawn_is_refused(void **state)
{
    (void)state;
    const double y[3] = {1, NAN, NAN};
    double alpha[6];
    small_model m;
    ssm_context *ctx = open_context();
    const ssm_kalman_draws out = {.alpha = alpha};
    local_trend(&m, 1, 1, 1);
    assert_int_equal(ssm_kalman_simulate(ctx, &m.model, y, 3, NULL, 0, 1, &out), SSM_E_DATA);
    assert_int_equal(ssm_kalman_simulate(ctx, &m.model, y, 3, NULL, (uint64_t)1 << 32, 1, &out),
                     SSM_E_ARGUMENT);
    assert_int_equal(ssm_kalman_simulate(ctx, NULL, y, 3, NULL, 0, 1, &out), SSM_E_ARGUMENT);
    m.H[0] = -1;
    assert_int_equal(ssm_kalman_simulate(ctx, &m.model, y, 3, NULL, 0, 1, &out), SSM_E_DATA);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_have_the_conditional_mean_and_variance),
        cmocka_unit_test(draws_from_a_diffuse_start_have_the_limit_of_them),
        cmocka_unit_test(draws_obey_the_equations_of_the_model),
        cmocka_unit_test(sample_moments_are_those_of_the_smoother),
        cmocka_unit_test(draws_depend_on_seed_and_stream_but_not_on_threads),
        cmocka_unit_test(what_cannot_be_drawn_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
