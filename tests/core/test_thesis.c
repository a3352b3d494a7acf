/* The idea that carries the project: the Kalman filter and a diagonal state-space layer are the same machine.
 * One system, several ways, the same numbers:
 *
 *     the sequential Kalman filter, started in its steady state,
 *     the steady-state predictor written out with dense matrices,
 *     the same predictor in modal coordinates, run by the diagonal recurrence,
 *     an S4D layer: continuous poles, zero-order hold with its step, the same recurrence,
 *     the convolution with that layer's kernel. */
#include "core/fixture.h"

#include "core/dense.h"
#include "core/discretise.h"
#include "core/predictor.h"
#include "core/recurrence.h"
#include <ssmcast/kalman.h>

enum { N = 5, P = 2, STEPS = 400 };

/* Local level with slope, and a damped cycle: real and complex modes, two observations, offsets.
 * Column-major. */
static const double T[N * N] = {1,   0, 0, 0, 0,  1,  1, 0, 0, 0, 0, 0, .7,
                                -.6, 0, 0, 0, .6, .7, 0, 0, 0, 0, 0, .4};
static const double Z[P * N] = {1, 0, 0, .3, 1, 1, 0, 0, .5, 1};
static const double Q[N * N] = {.3, 0, 0, 0, 0,  0,  .01, 0, 0, 0, 0, 0, .5,
                                .1, 0, 0, 0, .1, .5, 0,   0, 0, 0, 0, .2};
static const double H[P * P] = {1, .3, .3, .8};
static const double c[N] = {.1, 0, .2, 0, -.3}, d[P] = {5, -2}, a1[N] = {1, .1, -1, .5, 2};

typedef struct thesis {
    ssm_statespace model;
    ssmi_predictor predictor;
    double *y, *yhat, *next; /* (STEPS, P), (STEPS, P), (N): the diagonal scan's */
} thesis;

static thesis make_thesis(fixture *f)
{
    thesis x = {.model = {.n = N,
                          .p = P,
                          .r = N,
                          .Z = {Z, 0},
                          .H = {H, 0},
                          .T = {T, 0},
                          .Q = {Q, 0},
                          .c = {c, 0},
                          .d = {d, 0},
                          .a1 = a1}};
    x.y = zeros(f, STEPS * P);
    x.yhat = zeros(f, STEPS * P);
    x.next = zeros(f, N);
    assert_int_equal(ssm_statespace_simulate(f->ctx, &x.model, STEPS, 1, x.y, NULL), SSM_OK);
    assert_int_equal(ssmi_predictor_init(&x.predictor, &x.model, &f->arena, &f->arena), SSM_OK);
    assert_in_range(x.predictor.modal.modes, 3, N - 1); /* at least one complex pair */
    assert_int_equal(ssmi_predictor_run(x.yhat, x.next, &x.predictor, x.y, STEPS, &f->arena), SSM_OK);
    return x;
}

/* The condition of the eigenvectors times rounding, with room for the steps it accumulates over. */
static double tolerance(const thesis *x)
{
    return 100 * 2.2e-16 * x->predictor.modal.condition;
}

static void the_sequential_filter_in_its_steady_state_gives_the_predictions(void **state)
{
    fixture *f = *state;
    thesis x = make_thesis(f);
    double *a = zeros(f, N * (STEPS + 1)), *yhat = zeros(f, STEPS * P);
    const ssm_kalman_options options = {.steady_tolerance = -1};
    x.model.P1 = x.predictor.P;
    const ssm_kalman_output out = {.a = a};
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(f->ctx, &x.model, x.y, STEPS, &options, &out, &summary), SSM_OK);
    ssmi_mul(yhat, Z, a, P, N, STEPS);
    for (size_t t = 0; t < STEPS; t++) ssmi_axpy(yhat + t * P, 1, d, P);
    assert_close(x.yhat, yhat, STEPS * P, tolerance(&x));
    assert_close(x.next, a + STEPS * N, N, tolerance(&x));
}

static void a_filter_started_elsewhere_comes_to_the_same_predictions(void **state)
{
    fixture *f = *state;
    thesis x = make_thesis(f);
    double identity[N * N], *a = zeros(f, N * (STEPS + 1));
    ssmi_identity(identity, N);
    x.model.P1inf = identity; /* knows nothing at the start */
    const ssm_kalman_output out = {.a = a};
    ssm_kalman_summary summary;
    assert_int_equal(ssm_kalman_filter(f->ctx, &x.model, x.y, STEPS, NULL, &out, &summary), SSM_OK);
    assert_close(x.next, a + STEPS * N, N, 1e-10); /* the slowest mode has forgotten its start */
}

static void the_dense_recursion_gives_the_predictions(void **state)
{
    fixture *f = *state;
    thesis x = make_thesis(f);
    double a[N], v[P], moved[N], gained[N], *yhat = zeros(f, STEPS * P);
    memcpy(a, a1, sizeof a);
    for (size_t t = 0; t < STEPS; t++) {
        ssmi_matvec(yhat + t * P, Z, a, P, N);
        ssmi_axpy(yhat + t * P, 1, d, P);
        for (size_t i = 0; i < P; i++) v[i] = x.y[t * P + i] - yhat[t * P + i];
        ssmi_matvec(moved, T, a, N, N);
        ssmi_matvec(gained, x.predictor.K, v, N, P);
        for (size_t i = 0; i < N; i++) a[i] = moved[i] + gained[i] + c[i];
    }
    assert_close(x.yhat, yhat, STEPS * P, tolerance(&x));
    assert_close(x.next, a, N, tolerance(&x));
}

/* x (2, m) times, or divided by, w (2, m). */
static void times(double *x, const double *w, size_t m, int divided)
{
    for (size_t k = 0; k < m; k++) {
        const double size = divided ? w[k] * w[k] + w[m + k] * w[m + k] : 1;
        const double re = w[k] / size, im = (divided ? -1 : 1) * w[m + k] / size, was = x[k];
        x[k] = was * re - x[m + k] * im;
        x[m + k] = was * im + x[m + k] * re;
    }
}

/* The layer has continuous poles log(lambda) / dt and a continuous input matrix B_c with w B_c = B; a
 * zero-order hold with the step dt leads back. */
static void an_s4d_layer_with_the_same_poles_gives_the_predictions(void **state)
{
    fixture *f = *state;
    thesis x = make_thesis(f);
    const size_t m = x.predictor.modal.modes, row = 2 * m;
    const double dt = 0.01, *lambda = x.predictor.modal.lambda;
    double *pole = zeros(f, row), *a = zeros(f, row), *w = zeros(f, row), *h = zeros(f, (STEPS + 1) * row);
    for (size_t k = 0; k < m; k++) {
        pole[k] = log(hypot(lambda[k], lambda[m + k])) / dt;
        pole[m + k] = atan2(lambda[m + k], lambda[k]) / dt;
    }
    ssmi_discretise_diagonal_complex(a, w, pole, dt, m, SSMI_ZERO_ORDER_HOLD);
    assert_close(a, lambda, row, 1e-14);
    double *input = copied(f, x.predictor.B, row * P), *offset = copied(f, x.predictor.f, row);
    for (size_t i = 0; i < P; i++) times(input + i * row, w, m, 1);
    times(offset, w, m, 1);
    memcpy(h, x.predictor.start, row * sizeof *h);
    ssmi_mul(h + row, input, x.y, row, P, STEPS);
    for (size_t t = 1; t <= STEPS; t++) {
        ssmi_axpy(h + t * row, 1, offset, row);
        times(h + t * row, w, m, 0);
    }
    ssmi_kernels_for(SSMI_ISA_PORTABLE)->recur_c64(h + row, a, h + row, h, 0, STEPS, m);
    double *yhat = zeros(f, STEPS * P);
    ssmi_mul(yhat, x.predictor.C, h, P, row, STEPS);
    for (size_t t = 0; t < STEPS; t++) ssmi_axpy(yhat + t * P, 1, d, P);
    assert_close(x.yhat, yhat, STEPS * P, tolerance(&x));
}

/* yhat_t = d + C (lambda^t z_0 + sum over s < t of lambda^(t-1-s) (B y_s + f)), term by term. */
static void the_convolution_with_the_kernel_gives_the_predictions(void **state)
{
    fixture *f = *state;
    thesis x = make_thesis(f);
    const size_t m = x.predictor.modal.modes, row = 2 * m;
    double *power = zeros(f, STEPS * row), *u = zeros(f, STEPS * row), *yhat = zeros(f, STEPS * P);
    const double *lambda = x.predictor.modal.lambda, *z0 = x.predictor.start;
    ssmi_mul(u, x.predictor.B, x.y, row, P, STEPS);
    for (size_t k = 0; k < m; k++) power[k] = 1;
    for (size_t t = 1; t < STEPS; t++) {
        const double *was = power + (t - 1) * row;
        for (size_t k = 0; k < m; k++) {
            power[t * row + k] = was[k] * lambda[k] - was[m + k] * lambda[m + k];
            power[t * row + m + k] = was[k] * lambda[m + k] + was[m + k] * lambda[k];
        }
    }
    for (size_t t = 0; t < STEPS; t++) {
        double *z = zeros(f, row);
        for (size_t s = 0; s <= t; s++) {
            const double *g = power + (s == 0 ? t : t - s) * row; /* s = 0 is the start, s > 0 is y_{s-1} */
            for (size_t k = 0; k < m; k++) {
                const double re = s == 0 ? z0[k] : u[(s - 1) * row + k] + x.predictor.f[k];
                const double im = s == 0 ? z0[m + k] : u[(s - 1) * row + m + k] + x.predictor.f[m + k];
                z[k] += g[k] * re - g[m + k] * im, z[m + k] += g[k] * im + g[m + k] * re;
            }
        }
        ssmi_matvec(yhat + t * P, x.predictor.C, z, P, row);
        ssmi_axpy(yhat + t * P, 1, d, P);
    }
    assert_close(x.yhat, yhat, STEPS * P, tolerance(&x));
}

/* ---- the tools on their own ---- */

static void the_local_level_is_exponential_smoothing(void **state)
{
    fixture *f = *state;
    const double one = 1, q = 0.25, y[4] = {3, 1, 4, 1};
    const ssm_statespace m = {
        .n = 1, .p = 1, .r = 1, .Z = {&one, 0}, .T = {&one, 0}, .H = {&one, 0}, .Q = {&q, 0}};
    ssmi_predictor predictor;
    double yhat[4], level = 0;
    assert_int_equal(ssmi_predictor_init(&predictor, &m, &f->arena, &f->arena), SSM_OK);
    assert_int_equal(ssmi_predictor_run(yhat, NULL, &predictor, y, 4, &f->arena), SSM_OK);
    for (size_t t = 0; t < 4; t++) {
        assert_true(fabs(yhat[t] - level) < 1e-15);
        level += predictor.K[0] * (y[t] - level);
    }
    assert_int_equal(ssmi_predictor_run(yhat, NULL, &predictor, (double[]){1, NAN}, 2, &f->arena),
                     SSM_E_DATA);
}

static void modal_coordinates_and_back_are_the_identity(void **state)
{
    fixture *f = *state;
    for (size_t n = 1; n < 20; n++) {
        const double *A = draws(f, n * n), *x = draws(f, n);
        ssmi_modal modal;
        assert_int_equal(ssmi_modal_init(&modal, A, n, &f->arena, &f->arena), SSM_OK);
        const size_t m = modal.modes;
        double *z = zeros(f, 2 * m), *h = zeros(f, 2 * m), *none = zeros(f, 2 * m), *back = zeros(f, n);
        double *Ax = zeros(f, n);
        ssmi_matvec(z, modal.to, x, 2 * m, n);
        ssmi_matvec(back, modal.from, z, n, 2 * m);
        assert_close(back, x, n, 1e-14 * modal.condition);
        ssmi_kernels_for(SSMI_ISA_PORTABLE)->recur_c64(h, modal.lambda, none, z, 0, 1, m);
        ssmi_matvec(back, modal.from, h, n, 2 * m);
        ssmi_matvec(Ax, A, x, n, n);
        assert_close(back, Ax, n, 1e-14 * modal.condition);
    }
}

static void a_matrix_without_enough_eigenvectors_is_refused(void **state)
{
    fixture *f = *state;
    ssmi_modal modal;
    assert_int_equal(ssmi_modal_init(&modal, (double[]){1, 0, 1, 1}, 2, &f->arena, &f->arena), SSM_E_NUMERIC);
    assert_int_equal(ssmi_modal_init(&modal, (double[]){1, 0, 0, 1}, 2, &f->arena, &f->arena), SSM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_sequential_filter_in_its_steady_state_gives_the_predictions),
        TEST(a_filter_started_elsewhere_comes_to_the_same_predictions),
        TEST(the_dense_recursion_gives_the_predictions),
        TEST(an_s4d_layer_with_the_same_poles_gives_the_predictions),
        TEST(the_convolution_with_the_kernel_gives_the_predictions),
        TEST(the_local_level_is_exponential_smoothing),
        TEST(modal_coordinates_and_back_are_the_identity),
        TEST(a_matrix_without_enough_eigenvectors_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
