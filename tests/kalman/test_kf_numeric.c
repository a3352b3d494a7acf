/* Numeric torture of the filter for control code: cases that break the covariance form in single precision,
 * the edges of what may come in, and long runs. */
#include "cases.h"
#include "dense_filter.h"
#include "kalman/kf.h"

#include <float.h>

/* ---- log AirPassengers, trend and dummy seasons, in single precision ---- */

enum { BSM_STATES = 13, BSM_SKIP = 13, BSM_ROWS = 144 };
static const double bsm_h = 1e-4, bsm_q[3] = {7e-4, 1e-7, 6e-5};

/* Level, slope, 11 seasonal dummies. */
static void bsm_matrices(double *T, double *G, double *z)
{
    memset(T, 0, BSM_STATES * BSM_STATES * sizeof *T);
    memset(G, 0, BSM_STATES * 3 * sizeof *G);
    memset(z, 0, BSM_STATES * sizeof *z);
    T[0] = T[BSM_STATES] = T[1 + BSM_STATES] = 1;
    for (size_t j = 2; j < BSM_STATES; j++) {
        T[2 + j * BSM_STATES] = -1;
        if (j + 1 < BSM_STATES) T[j + 1 + j * BSM_STATES] = 1;
    }
    G[0] = G[1 + BSM_STATES] = G[2 + 2 * BSM_STATES] = z[0] = z[2] = 1;
}

/* The log-likelihood of the rows behind the first BSM_SKIP, prior variance kappa for all states. */
#define BSM_LOGLIK(real, suffix)                                                                             \
    static double bsm_loglik_##suffix(const double *y, double kappa)                                         \
    {                                                                                                        \
        double wide_T[BSM_STATES * BSM_STATES], wide_G[BSM_STATES * 3], wide_z[BSM_STATES], sum = 0;         \
        real T[BSM_STATES * BSM_STATES], G[BSM_STATES * 3], z[BSM_STATES], P[BSM_STATES], q[3],              \
            h = (real)bsm_h, memory[SSM_KF_REALS(BSM_STATES, 1, 3)];                                         \
        bsm_matrices(wide_T, wide_G, wide_z);                                                                \
        for (size_t i = 0; i < BSM_STATES * BSM_STATES; i++) T[i] = (real)wide_T[i];                         \
        for (size_t i = 0; i < BSM_STATES * 3; i++) G[i] = (real)wide_G[i];                                  \
        for (size_t i = 0; i < 3; i++) q[i] = (real)bsm_q[i];                                                \
        for (size_t i = 0; i < BSM_STATES; i++) z[i] = (real)wide_z[i], P[i] = (real)kappa;                  \
        const ssmi_kf_model_##suffix m = {                                                                   \
            .n = BSM_STATES, .p = 1, .r = 3, .T = T, .G = G, .q = q, .Zt = z, .h = &h};                      \
        ssmi_kf_##suffix f;                                                                                  \
        assert_int_equal(ssmi_kf_init_##suffix(&f, &m, memory, sizeof memory / sizeof *memory), SSM_KF_OK);  \
        assert_int_equal(ssmi_kf_prior_diagonal_##suffix(&f, NULL, P), SSM_KF_OK);                           \
        for (size_t t = 0; t < BSM_ROWS; t++) {                                                              \
            ssmi_kf_innovation_##suffix in;                                                                  \
            assert_int_equal(ssmi_kf_update_sensor_##suffix(&f, 0, (real)y[t], &in), SSM_KF_OK);             \
            const double v = (double)in.v, F = (double)in.F;                                                 \
            if (t >= BSM_SKIP) sum -= 0.5 * (log(2 * 3.14159265358979323846) + log(F) + v * v / F);          \
            assert_int_equal(ssmi_kf_predict_##suffix(&f, NULL), SSM_KF_OK);                                 \
        }                                                                                                    \
        return sum;                                                                                          \
    }
BSM_LOGLIK(float, f32)
BSM_LOGLIK(double, f64)

/* The textbook P <- (I - K z) P in single precision: rows on which a variance was not positive. */
static int bsm_textbook_failures(const double *y, float kappa)
{
    double T[BSM_STATES * BSM_STATES], G[BSM_STATES * 3], z[BSM_STATES];
    float P[BSM_STATES][BSM_STATES] = {{0}}, A[BSM_STATES][BSM_STATES], x[BSM_STATES] = {0};
    int failures = 0;
    bsm_matrices(T, G, z);
    for (size_t i = 0; i < BSM_STATES; i++) P[i][i] = kappa;
    for (size_t t = 0; t < BSM_ROWS; t++) {
        float M[BSM_STATES] = {0}, zP[BSM_STATES] = {0}, F = (float)bsm_h, v = (float)y[t], next[BSM_STATES];
        for (size_t i = 0; i < BSM_STATES; i++) {
            for (size_t k = 0; k < BSM_STATES; k++) {
                M[i] += P[i][k] * (float)z[k];
                zP[i] += (float)z[k] * P[k][i];
            }
            F += (float)z[i] * M[i];
            v -= (float)z[i] * x[i];
        }
        int failed = !(F > 0);
        for (size_t i = 0; i < BSM_STATES; i++) {
            for (size_t k = 0; k < BSM_STATES; k++) P[i][k] -= M[i] / F * zP[k];
            failed |= P[i][i] < 0;
            x[i] += M[i] / F * v;
        }
        failures += failed;
        for (size_t i = 0; i < BSM_STATES; i++) {
            next[i] = 0;
            for (size_t k = 0; k < BSM_STATES; k++) {
                next[i] += (float)T[i + k * BSM_STATES] * x[k];
                A[i][k] = 0;
                for (size_t l = 0; l < BSM_STATES; l++) A[i][k] += (float)T[i + l * BSM_STATES] * P[l][k];
            }
        }
        for (size_t i = 0; i < BSM_STATES; i++) {
            for (size_t k = 0; k < BSM_STATES; k++) {
                P[i][k] = i == k && i < 3 ? (float)bsm_q[i] : 0;
                for (size_t l = 0; l < BSM_STATES; l++) P[i][k] += A[i][l] * (float)T[k + l * BSM_STATES];
            }
        }
        memcpy(x, next, sizeof x);
    }
    return failures;
}

/* Reference: R and statsmodels in double, the same prior. */
static void test_airpassengers(void **state)
{
    (void)state;
    static const double kappa[] = {1e2, 1e4, 1e6, 1e7},
                        want[] = {234.051873, 234.052909, 234.052919, 234.052919};
    double y[MOST_ROWS];
    assert_int_equal(read_log_passengers(y), BSM_ROWS);
    for (size_t i = 0; i < 4; i++) {
        const double narrow = bsm_loglik_f32(y, kappa[i]), wide = bsm_loglik_f64(y, kappa[i]);
        print_message("kappa %g: single %.6f, double %.6f\n", kappa[i], narrow, wide);
        assert_true(fabs(wide - want[i]) < 1e-5);
        assert_true(fabs(narrow - want[i]) < 1e-3);
    }
    const int failures = bsm_textbook_failures(y, 1e6F);
    print_message("the textbook in single, kappa 1e6: a variance is negative on %d of 144 rows\n", failures);
    assert_true(failures > 10);
}

/* ---- small systems with an exact answer ---- */

typedef struct single {
    float T[4], G[4], q[2], z[4], h[2], memory[SSM_KF_REALS(2, 2, 2)];
    ssmi_kf_model_f32 model;
    ssmi_kf_f32 kf;
} single;

static void open_single(single *s, uint16_t n, uint16_t p, const float *P)
{
    s->model =
        (ssmi_kf_model_f32){.n = n, .p = p, .r = n, .T = s->T, .G = s->G, .q = s->q, .Zt = s->z, .h = s->h};
    assert_int_equal(ssmi_kf_init_f32(&s->kf, &s->model, s->memory, (uint32_t)SSM_KF_REALS(n, p, n)),
                     SSM_KF_OK);
    assert_int_equal(ssmi_kf_prior_diagonal_f32(&s->kf, NULL, P), SSM_KF_OK);
}

static float variance_of(const single *s, size_t i)
{
    float P[4];
    ssmi_kf_covariance_f32(&s->kf, P);
    return P[i + i * s->model.n];
}

/* Prior 1e7 and one observation of variance 1: 1 - 1e-7, which the textbook rounds to nonsense. */
static void test_diffuse_step(void **state)
{
    (void)state;
    single s = {.T = {1}, .G = {1}, .z = {1}, .h = {1}};
    open_single(&s, 1, 1, &(float){1e7F});
    assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, 3, NULL), SSM_KF_OK);
    assert_true(fabsf(variance_of(&s, 0) - 1) < 4e-7F && fabsf(s.kf.x[0] - 3) < 2e-6F);
}

/* Grewal & Andrews (2015), example 7.2: rows (1, 1) and (1, 1 + delta), noise delta^2, prior I. In single,
 * 1 + delta^2 is 1. The exact answer for delta -> 0: see dense_update in double. */
static void test_grewal_andrews(void **state)
{
    (void)state;
    const float delta = 0x1p-13F;
    single s = {
        .T = {1, 0, 0, 1}, .G = {1, 0, 0, 1}, .z = {1, 1, 1, 1 + delta}, .h = {delta * delta, delta * delta}};
    dense_system wide = {.n = 2, .P = {1, 0, 0, 1}};
    const float prior[2] = {1, 1};
    double v, F;
    open_single(&s, 2, 2, prior);
    ssmi_kf_update_f32(&s.kf, (float[]){1, 1}, NULL);
    for (size_t k = 0; k < 2; k++)
        dense_update(&wide, (double[]){(double)s.z[2 * k], (double)s.z[2 * k + 1]}, (double)s.h[k], 1, &v,
                     &F);
    for (size_t i = 0; i < 2; i++) {
        print_message("delta 2^-13: P%zu%zu %.7g, double %.7g\n", i, i, (double)variance_of(&s, i),
                      wide.P[3 * i]);
        assert_true(fabs((double)variance_of(&s, i) / wide.P[3 * i] - 1) < 1e-3);
    }
}

/* Constant velocity with prior 1e10 or 1e12 and noise down to 1e-6. */
static void test_wide_ratios(void **state)
{
    (void)state;
    static const double prior[] = {1e10, 1e12}, noise[] = {1, 1e-6};
    for (size_t k = 0; k < 2; k++) {
        single s = {.T = {1, 0, 1, 1}, .G = {1, 0, 0, 1}, .z = {1, 0}, .h = {(float)noise[k]}};
        const float P[2] = {(float)prior[k], (float)prior[k]};
        ssmi_kf_model_f64 m = {.n = 2,
                               .p = 1,
                               .r = 2,
                               .T = (double[]){1, 0, 1, 1},
                               .G = (double[]){1, 0, 0, 1},
                               .q = (double[]){0, 0},
                               .Zt = (double[]){1, 0},
                               .h = noise + k};
        double memory[SSM_KF_REALS(2, 1, 2)], wide[4];
        ssmi_kf_f64 f;
        open_single(&s, 2, 1, P);
        assert_int_equal(ssmi_kf_init_f64(&f, &m, memory, SSM_KF_REALS(2, 1, 2)), SSM_KF_OK);
        ssmi_kf_prior_diagonal_f64(&f, NULL, (double[]){prior[k], prior[k]});
        for (int t = 0; t < 100; t++) {
            ssmi_kf_update_sensor_f32(&s.kf, 0, (float)t, NULL);
            ssmi_kf_update_sensor_f64(&f, 0, t, NULL);
            ssmi_kf_covariance_f64(&f, wide);
            for (size_t i = 0; i < 2; i++)
                assert_true(fabs((double)variance_of(&s, i) / wide[3 * i] - 1) < 1e-4);
            ssmi_kf_predict_f32(&s.kf, NULL);
            ssmi_kf_predict_f64(&f, NULL);
        }
    }
}

/* Two equal rows with noise 1e-9 are one with half of it. */
static void test_equal_rows(void **state)
{
    (void)state;
    single twice = {.T = {1, 0, 0, 1}, .G = {1, 0, 0, 1}, .z = {1, 1, 1, 1}, .h = {1e-9F, 1e-9F}};
    single once = {.T = {1, 0, 0, 1}, .G = {1, 0, 0, 1}, .z = {1, 1}, .h = {0.5e-9F}};
    const float P[2] = {1e4F, 1e4F};
    open_single(&twice, 2, 2, P);
    open_single(&once, 2, 1, P);
    ssmi_kf_update_f32(&twice.kf, (float[]){1, 1}, NULL);
    ssmi_kf_update_f32(&once.kf, (float[]){1}, NULL);
    for (size_t i = 0; i < 2; i++)
        assert_true(fabsf(variance_of(&twice, i) / variance_of(&once, i) - 1) < 1e-5F);
}

/* No noise: the observation passes through; the second one of the same is certain and skipped. A row of zeros
 * changes nothing. An unobserved state follows its prediction alone. */
static void test_no_noise(void **state)
{
    (void)state;
    single s = {.T = {1, 0, 0, 1}, .G = {1, 0, 0, 1}, .q = {1, 1}, .z = {1, 0, 0, 0}, .h = {0, 1}};
    const float P[2] = {4, 4};
    ssmi_kf_innovation_f32 in;
    open_single(&s, 2, 2, P);
    for (int t = 0; t < 5; t++) {
        assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, (float)(3 * t), &in), SSM_KF_OK);
        assert_true(s.kf.x[0] == (float)(3 * t) && variance_of(&s, 0) == 0);
        assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, 7, &in), SSM_KF_CERTAIN);
        assert_true(s.kf.x[0] == (float)(3 * t));
        assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 1, 7, &in), SSM_KF_OK);
        assert_true(in.F == 1 && s.kf.x[1] == 0 && variance_of(&s, 1) == (float)(4 + t));
        ssmi_kf_predict_f32(&s.kf, NULL);
    }
}

/* Mixed rows without noise: what three rows say of two states leaves the third nothing to say. */
static void test_certain_combination(void **state)
{
    (void)state;
    single s = {.T = {1, 0, 0, 1}, .G = {1, 0, 0, 1}, .z = {0.3F, 0.7F, 0.9F, -0.2F}, .h = {0, 0}};
    const float P[2] = {4, 0.01F};
    open_single(&s, 2, 2, P);
    assert_int_equal(ssmi_kf_update_f32(&s.kf, (float[]){1, 1}, NULL), SSM_KF_OK);
    const float x[2] = {s.kf.x[0], s.kf.x[1]};
    assert_int_equal(ssmi_kf_update_row_f32(&s.kf, (float[]){0.5F, 0.4F}, 0, 100, NULL), SSM_KF_CERTAIN);
    assert_true(x[0] == s.kf.x[0] && x[1] == s.kf.x[1]);
}

/* T zero, nilpotent, and a rotation: the norm drifts less than 1e-4 in a million turns. */
static void test_transitions(void **state)
{
    (void)state;
    single s = {.T = {0, 0, 1, 0}, .G = {1, 0, 0, 1}, .z = {1, 0}, .h = {1}};
    const float P[2] = {4, 9};
    open_single(&s, 2, 1, P);
    ssmi_kf_predict_f32(&s.kf, NULL);
    assert_true(variance_of(&s, 0) == 9 && variance_of(&s, 1) == 0);
    ssmi_kf_predict_f32(&s.kf, NULL);
    assert_true(variance_of(&s, 0) == 0 && variance_of(&s, 1) == 0);
    assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, 5, NULL), SSM_KF_OK);
    assert_true(s.kf.x[0] == 0);
    single turn = {.T = {0.6F, 0.8F, -0.8F, 0.6F}, .G = {1, 0, 0, 1}, .z = {1, 0}, .h = {1}};
    open_single(&turn, 2, 1, P);
    turn.kf.x[0] = 1;
    for (int t = 0; t < 1000; t++) ssmi_kf_predict_f32(&turn.kf, NULL);
    /* 0.6 and 0.8 are not exact in single: their own norm is off by up to 6e-8 a turn */
    assert_true(fabsf(turn.kf.x[0] * turn.kf.x[0] + turn.kf.x[1] * turn.kf.x[1] - 1) < 2e-4F);
    assert_true(fabsf(variance_of(&turn, 0) + variance_of(&turn, 1) - 13) < 13 * 4e-4F);
}

/* Unstable and never observed: saturates, says so, and stays finite. */
static void test_divergence(void **state)
{
    (void)state;
    single s = {.T = {1.1F, 0, 0.5F, 1.1F}, .G = {1, 0, 0, 1}, .q = {1, 1}, .z = {1, 0}, .h = {1}};
    const float P[2] = {1, 1};
    ssm_kf_status status = SSM_KF_OK;
    open_single(&s, 2, 1, P);
    s.kf.x[0] = 1;
    for (int t = 0; t < 5000; t++) {
        status = ssmi_kf_predict_f32(&s.kf, NULL);
        assert_true(isfinite(s.kf.x[0]) && isfinite(s.kf.D[0]) && isfinite(s.kf.D[1]) && isfinite(s.kf.U[0]));
    }
    assert_int_equal(status, SSM_KF_DIVERGED);
    assert_int_equal(ssmi_kf_check_f32(&s.kf), SSM_KF_DIVERGED);
}

/* NaN changes nothing; infinity is refused; the largest and the smallest number that there are do no harm. */
static void test_extreme_observations(void **state)
{
    (void)state;
    single s = {.T = {1}, .G = {1}, .q = {1}, .z = {1}, .h = {1}};
    static const float good[] = {FLT_MIN / 4, -FLT_MIN / 4, 1e18F, -1e18F, 0};
    open_single(&s, 1, 1, &(float){1});
    const single before = s;
    assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, NAN, NULL), SSM_KF_MISSING);
    assert_int_equal(ssmi_kf_update_f32(&s.kf, (float[]){NAN}, NULL), SSM_KF_MISSING);
    assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, INFINITY, NULL), SSM_KF_E_RANGE);
    assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, FLT_MAX, NULL), SSM_KF_E_RANGE);
    assert_memory_equal(s.memory, before.memory, SSM_KF_STATE_REALS(1) * sizeof(float));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(ssmi_kf_update_sensor_f32(&s.kf, 0, good[i], NULL), SSM_KF_OK);
        assert_int_equal(ssmi_kf_predict_f32(&s.kf, NULL), SSM_KF_OK);
        assert_true(isfinite(s.kf.x[0]) && s.kf.D[0] > 0);
    }
}

/* All missing: the variance grows by q a step, exactly. */
static void test_all_missing(void **state)
{
    (void)state;
    single s = {.T = {1}, .G = {1}, .q = {0.25F}, .z = {1}, .h = {1}};
    open_single(&s, 1, 1, &(float){1});
    for (int t = 0; t < 1000; t++) {
        ssmi_kf_update_sensor_f32(&s.kf, 0, NAN, NULL);
        ssmi_kf_predict_f32(&s.kf, NULL);
    }
    assert_true(variance_of(&s, 0) == 251 && s.kf.steps == 1000);
}

/* A constant series without shocks: the mean is the constant, the variance h / n, as far as a float holds it:
 * 1 + 1 / n is rounded to a multiple of 1.2e-7. */
static void test_constant(void **state)
{
    (void)state;
    single s = {.T = {1}, .G = {1}, .q = {0}, .z = {1}, .h = {1}};
    open_single(&s, 1, 1, &(float){1e6F});
    for (int t = 1; t <= 1000000; t++) {
        ssmi_kf_update_sensor_f32(&s.kf, 0, 5, NULL);
        ssmi_kf_predict_f32(&s.kf, NULL);
        if (t == 10000) assert_true(fabsf(variance_of(&s, 0) * 10000 - 1) < 1e-4F);
    }
    assert_true(fabsf(s.kf.x[0] - 5) < 1e-5F);
    print_message("a million equal values: variance times n is 1%+.1e\n",
                  (double)(variance_of(&s, 0) * 1e6F - 1));
    assert_true(fabsf(variance_of(&s, 0) * 1e6F - 1) < 1e-3F);
}

/* Observations times 2^k give states times 2^k, bit for bit, with variances times 4^k. */
static void test_scale(void **state)
{
    (void)state;
    single a = {.T = {0.75F, 0.25F, 0.5F, -0.5F}, .G = {1, 0, 0, 1}, .q = {1, 2}, .z = {1, 0.5F}, .h = {1}};
    single b = a;
    const float scale = 0x1p20F, square = scale * scale, P[2] = {4, 4}, wide[2] = {4 * square, 4 * square};
    uint64_t seed = 1;
    for (size_t i = 0; i < 2; i++) b.q[i] *= square;
    b.h[0] *= square;
    open_single(&a, 2, 1, P);
    open_single(&b, 2, 1, wide);
    for (int t = 0; t < 200; t++) {
        const float y = (float)dense_normal(&seed);
        ssmi_kf_update_sensor_f32(&a.kf, 0, y, NULL);
        ssmi_kf_update_sensor_f32(&b.kf, 0, y * scale, NULL);
        ssmi_kf_predict_f32(&a.kf, NULL);
        ssmi_kf_predict_f32(&b.kf, NULL);
        for (size_t i = 0; i < 2; i++)
            assert_true(a.kf.x[i] * scale == b.kf.x[i] && a.kf.D[i] * square == b.kf.D[i]);
        assert_true(a.kf.U[0] == b.kf.U[0]);
    }
}

/* States in units of 1e-9 and 1e9, which are coupled. */
static void test_units(void **state)
{
    (void)state;
    single a = {.T = {0.75F, 0.25F, 0.5F, -0.5F}, .G = {1, 0, 0, 1}, .q = {1, 2}, .z = {1, 0.5F}, .h = {1}};
    const float u = 0x1p30F, P[2] = {4, 4}, wide[2] = {4 * u * u, 4 / (u * u)};
    single b = {.T = {0.75F, 0.25F / u / u, 0.5F * u * u, -0.5F},
                .G = {1, 0, 0, 1},
                .q = {u * u, 2 / (u * u)},
                .z = {1 / u, 0.5F * u},
                .h = {1}};
    open_single(&a, 2, 1, P);
    open_single(&b, 2, 1, wide);
    for (int t = 0; t < 200; t++) {
        ssmi_kf_update_sensor_f32(&a.kf, 0, (float)(t % 7), NULL);
        ssmi_kf_update_sensor_f32(&b.kf, 0, (float)(t % 7), NULL);
        ssmi_kf_predict_f32(&a.kf, NULL);
        ssmi_kf_predict_f32(&b.kf, NULL);
        assert_true(a.kf.x[0] * u == b.kf.x[0] && a.kf.x[1] == b.kf.x[1] * u);
    }
}

/* ---- irregular steps ---- */

static void test_discretise(void **state)
{
    (void)state;
    const float A[4] = {0, 0, 1, 0}, Qc[4] = {0, 0, 0, 1}, bad[4] = {1, 0, 0, -1};
    float T[4], G[4], q[2], work[SSM_KF_DISCRETISE_REALS(2)];
    static const float dts[] = {1e-3F, 0.5F, 3, 1000};
    for (size_t i = 0; i < 4; i++) {
        const float dt = dts[i];
        assert_int_equal(ssmi_kf_discretise_f32(A, Qc, dt, 2, T, G, q, work), SSM_KF_OK);
        assert_true(T[0] == 1 && T[1] == 0 && T[3] == 1 && fabsf(T[2] / dt - 1) < 1e-6F);
        assert_true(fabsf(q[0] * 12 / (dt * dt * dt) - 1) < 1e-5F && fabsf(q[1] / dt - 1) < 1e-6F);
        assert_true(fabsf(G[2] * 2 / dt - 1) < 1e-6F && G[0] == 1 && G[1] == 0 && G[3] == 1);
    }
    assert_int_equal(ssmi_kf_discretise_f32(A, Qc, 0, 2, T, G, q, work), SSM_KF_OK);
    assert_true(T[0] == 1 && T[1] == 0 && T[2] == 0 && T[3] == 1 && q[0] == 0 && q[1] == 0);
    T[0] = 42;
    assert_int_equal(ssmi_kf_discretise_f32(A, Qc, -1, 2, T, G, q, work), SSM_KF_E_RANGE);
    assert_int_equal(ssmi_kf_discretise_f32(A, Qc, NAN, 2, T, G, q, work), SSM_KF_E_RANGE);
    assert_int_equal(ssmi_kf_discretise_f32(bad, Qc, 1e9F, 2, T, G, q, work), SSM_KF_E_RANGE);
    assert_int_equal(ssmi_kf_discretise_f32(A, bad, 1, 2, T, G, q, work), SSM_KF_E_VARIANCE);
    assert_int_equal(ssmi_kf_discretise_f32(A, Qc, 1, 0, T, G, q, work), SSM_KF_E_ARGUMENT);
    assert_true(T[0] == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_airpassengers),
        cmocka_unit_test(test_diffuse_step),
        cmocka_unit_test(test_grewal_andrews),
        cmocka_unit_test(test_wide_ratios),
        cmocka_unit_test(test_equal_rows),
        cmocka_unit_test(test_no_noise),
        cmocka_unit_test(test_certain_combination),
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_extreme_observations),
        cmocka_unit_test(test_all_missing),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_discretise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
