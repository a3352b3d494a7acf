/* Discretisation against closed forms, against each other for short steps, and against small steps composed.
 */
#include "core/fixture.h"

#include "core/dense.h"
#include "core/discretise.h"

static void the_double_integrator_holds_exactly(void **state)
{
    fixture *f = *state;
    const double A[4] = {0, 0, 1, 0}, B[2] = {0, 1};
    for (double dt = 1e-4; dt < 1e5; dt *= 100) {
        const double expected[6] = {1, 0, dt, 1, dt * dt / 2, dt};
        double Ad[4], Bd[2];
        assert_int_equal(ssmi_discretise(Ad, Bd, A, B, dt, 2, 1, SSMI_ZERO_ORDER_HOLD, &f->arena), SSM_OK);
        for (size_t i = 0; i < 4; i++) assert_true(fabs(Ad[i] - expected[i]) <= 1e-15 * expected[i]);
        for (size_t i = 0; i < 2; i++) assert_true(fabs(Bd[i] - expected[4 + i]) <= 1e-15 * expected[4 + i]);
    }
}

static void constant_velocity_noise_has_its_closed_form(void **state)
{
    fixture *f = *state;
    const double A[4] = {0, 0, 1, 0};
    for (double q = 1e-6; q < 1e7; q *= 1e6) {
        const double Qc[4] = {0, 0, 0, q};
        for (double dt = 1e-3; dt < 1e4; dt *= 10) {
            const double expected[4] = {q * dt * dt * dt / 3, q * dt * dt / 2, q * dt * dt / 2, q * dt};
            double Ad[4], Qd[4];
            assert_int_equal(ssmi_discretise_noise(Ad, Qd, A, Qc, dt, 2, &f->arena), SSM_OK);
            /* every element to its own size: dt^3 is not lost beside dt */
            for (size_t i = 0; i < 4; i++) assert_true(fabs(Qd[i] - expected[i]) <= 1e-13 * expected[i]);
            assert_true(Ad[2] == dt || fabs(Ad[2] - dt) <= 1e-15 * dt);
        }
    }
}

static void ornstein_uhlenbeck_noise_has_its_closed_form(void **state)
{
    fixture *f = *state;
    for (double rate = 1e-6; rate < 1e7; rate *= 10) {
        const double A = -rate, Qc = 2.5;
        double Ad, Qd;
        assert_int_equal(ssmi_discretise_noise(&Ad, &Qd, &A, &Qc, 0.3, 1, &f->arena), SSM_OK);
        const double expected = -Qc / (2 * rate) * expm1(-0.6 * rate);
        assert_true(fabs(Qd - expected) <= 1e-13 * expected); /* also when exp(rate dt) overflows */
        assert_true(fabs(Ad - exp(-0.3 * rate)) <= 1e-12 * exp(-0.3 * rate));
    }
}

static void a_long_step_equals_short_ones(void **state)
{
    fixture *f = *state;
    enum { N = 5, STEPS = 8 };
    const double *A = draws(f, N * N), *Qc = positive_definite(f, N, 0), dt = 0.37;
    double *Ad = zeros(f, N * N), *Qd = zeros(f, N * N), *a = zeros(f, N * N), *q = zeros(f, N * N);
    double *sum = zeros(f, N * N), *S = zeros(f, N * N), *work = zeros(f, N * N);
    assert_int_equal(ssmi_discretise_noise(Ad, Qd, A, Qc, STEPS * dt, N, &f->arena), SSM_OK);
    assert_int_equal(ssmi_discretise_noise(a, q, A, Qc, dt, N, &f->arena), SSM_OK);
    for (size_t k = 0; k < STEPS; k++) {
        ssmi_sandwich(S, a, sum, work, N, N);
        for (size_t i = 0; i < N * N; i++) sum[i] = S[i] + q[i];
    }
    assert_close(Qd, sum, N * N, 1e-13);
    ssmi_transpose(work, Qd, N, N);
    assert_memory_equal(work, Qd, N * N * sizeof *Qd);
    assert_true(ssmi_cholesky(S, Qd, N));
}

/* The rules differ from the hold by O(dt^3) (bilinear) and O(dt^2) (Euler-B) in a step: halving dt must
 * divide the difference by 8 and by 4. */
static void rules_approach_each_other_at_their_order(void **state)
{
    fixture *f = *state;
    enum { N = 4, M = 2 };
    const double *A = draws(f, N * N), *B = draws(f, N * M);
    double *X = zeros(f, N * (N + M)), *Y = zeros(f, N * (N + M));
    const struct {
        ssmi_rule rule;
        double ratio;
    } cases[] = {{SSMI_BILINEAR, 8}, {SSMI_EULER_B, 4}};
    for (size_t c = 0; c < 2; c++) {
        double previous = 0;
        for (double dt = 0.04; dt > 0.004; dt /= 2) {
            assert_int_equal(ssmi_discretise(X, X + N * N, A, B, dt, N, M, SSMI_ZERO_ORDER_HOLD, &f->arena),
                             SSM_OK);
            assert_int_equal(ssmi_discretise(Y, Y + N * N, A, B, dt, N, M, cases[c].rule, &f->arena), SSM_OK);
            const double difference = largest_difference(X + N * N, Y + N * N, N * M);
            if (previous > 0) assert_true(previous / difference > 0.9 * cases[c].ratio);
            previous = difference;
        }
        assert_true(previous > 0);
    }
}

static void diagonal_forms_equal_dense_ones(void **state)
{
    fixture *f = *state;
    const double lambdas[] = {-2, -0.5, 0, 1e-9, -1e-7, 0.3, -40};
    enum { N = sizeof lambdas / sizeof lambdas[0] };
    for (int rule = SSMI_ZERO_ORDER_HOLD; rule <= SSMI_EULER_B; rule++) {
        double a[N], w[N];
        ssmi_discretise_diagonal(a, w, lambdas, 0.7, N, (ssmi_rule)rule);
        for (size_t i = 0; i < N; i++) {
            const double one = 1;
            double Ad, Bd;
            assert_int_equal(
                ssmi_discretise(&Ad, &Bd, lambdas + i, &one, 0.7, 1, 1, (ssmi_rule)rule, &f->arena), SSM_OK);
            assert_true(fabs(a[i] - Ad) <= 1e-13 * fabs(Ad));
            assert_true(fabs(w[i] - Bd) <= 1e-13 * fabs(Bd));
        }
    }
}

/* lambda = x + iy is the 2 x 2 block [x -y; y x]; the input drives the real part. */
static void complex_diagonal_forms_equal_their_real_blocks(void **state)
{
    fixture *f = *state;
    const double sizes[] = {1e-12, 1e-8, 0.9e-6, 1.1e-6, 1e-4, 0.1, 1, 5};
    for (int rule = SSMI_ZERO_ORDER_HOLD; rule <= SSMI_EULER_B; rule++) {
        for (size_t i = 0; i < 8 * 16; i++) {
            const double angle = (double)(i % 16) * 0.4, size = sizes[i / 16];
            const double lambda[2] = {size * cos(angle), size * sin(angle)}, B[2] = {1, 0};
            const double A[4] = {lambda[0], lambda[1], -lambda[1], lambda[0]};
            double a[2], w[2], Ad[4], Bd[2];
            ssmi_discretise_diagonal_complex(a, w, lambda, 0.8, 1, (ssmi_rule)rule);
            assert_int_equal(ssmi_discretise(Ad, Bd, A, B, 0.8, 2, 1, (ssmi_rule)rule, &f->arena), SSM_OK);
            assert_close(a, Ad, 2, 1e-14);
            assert_close(w, Bd, 2, 1e-14);
        }
    }
}

static void a_real_lambda_is_a_complex_one_without_imaginary_part(void **state)
{
    (void)state;
    const double lambda[4] = {-0.3, -1e-9, 0, 0};
    for (int rule = SSMI_ZERO_ORDER_HOLD; rule <= SSMI_EULER_B; rule++) {
        double a[2], w[2], ca[4], cw[4];
        ssmi_discretise_diagonal(a, w, lambda, 0.8, 2, (ssmi_rule)rule);
        ssmi_discretise_diagonal_complex(ca, cw, lambda, 0.8, 2, (ssmi_rule)rule);
        assert_close(ca, a, 2, 1e-15);
        assert_close(cw, w, 2, 1e-15);
        assert_true(ca[2] == 0 && ca[3] == 0 && cw[2] == 0 && cw[3] == 0);
    }
}

static void a_step_of_no_time_changes_nothing(void **state)
{
    fixture *f = *state;
    const double A[4] = {-1, 2, 3, -4}, B[2] = {1, 2}, Qc[4] = {2, 1, 1, 2}, I[4] = {1, 0, 0, 1};
    const double none[4] = {0};
    double Ad[4], Bd[2], Qd[4];
    for (int rule = SSMI_ZERO_ORDER_HOLD; rule <= SSMI_EULER_B; rule++) {
        assert_int_equal(ssmi_discretise(Ad, Bd, A, B, 0, 2, 1, (ssmi_rule)rule, &f->arena), SSM_OK);
        assert_close(Ad, I, 4, 0);
        assert_close(Bd, none, 2, 0);
    }
    assert_int_equal(ssmi_discretise_noise(Ad, Qd, A, Qc, 0, 2, &f->arena), SSM_OK);
    assert_close(Qd, none, 4, 0);
}

static void impossible_steps_are_refused(void **state)
{
    fixture *f = *state;
    const double two = 2, nan = NAN, huge = 1e4;
    double a = 7, b = 7;
    assert_int_equal(ssmi_discretise(&a, &b, &two, &two, 1, 1, 1, SSMI_BILINEAR, &f->arena), SSM_E_NUMERIC);
    assert_int_equal(ssmi_discretise(&a, &b, &two, &two, -1, 1, 1, SSMI_BILINEAR, &f->arena), SSM_E_DATA);
    assert_int_equal(ssmi_discretise(&a, &b, &nan, &two, 1, 1, 1, SSMI_EULER_B, &f->arena), SSM_E_DATA);
    assert_int_equal(ssmi_discretise_noise(&a, &b, &two, &nan, 1, 1, &f->arena), SSM_E_DATA);
    assert_int_equal(ssmi_discretise_noise(&a, &b, &huge, &two, 1, 1, &f->arena), SSM_E_NUMERIC);
    assert_true(a == 7 && b == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_double_integrator_holds_exactly),
        TEST(constant_velocity_noise_has_its_closed_form),
        TEST(ornstein_uhlenbeck_noise_has_its_closed_form),
        TEST(a_long_step_equals_short_ones),
        TEST(rules_approach_each_other_at_their_order),
        TEST(diagonal_forms_equal_dense_ones),
        TEST(complex_diagonal_forms_equal_their_real_blocks),
        TEST(a_real_lambda_is_a_complex_one_without_imaginary_part),
        TEST(a_step_of_no_time_changes_nothing),
        TEST(impossible_steps_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
