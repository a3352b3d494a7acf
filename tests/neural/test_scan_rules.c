#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "neural/selective_scan.h"

enum { B = 2, L = 35, E = 11, N = 6, ROWS = B * L };

typedef struct fixture {
    keeper k;
    ssmi_scan_f64 s;
    ssmi_scan_grad_f64 grad;
    double *A, *A2, *y, *dy, *state, *checkpoints, *scratch;
} fixture;

static const ssmi_rule rules[] = {SSMI_EULER_B, SSMI_ZERO_ORDER_HOLD, SSMI_BILINEAR};
enum { RULES = sizeof rules / sizeof *rules };

static void open_fixture(fixture *f, ssmi_rule rule, int uneven)
{
    memset(f, 0, sizeof *f);
    f->A = numbers(&f->k, N * E, -3, -0.01, 1);
    f->A2 = zeros(&f->k, N * E);
    f->s = (ssmi_scan_f64){.batch = B, .length = L, .channels = E, .states = N, .softplus = 1, .rule = rule};
    f->s.x = numbers(&f->k, ROWS * E, -1, 1, 2);
    f->s.delta = numbers(&f->k, ROWS * E, -2, 2, 3);
    f->s.z = numbers(&f->k, ROWS * E, -2, 2, 4);
    f->s.x_stride = f->s.delta_stride = f->s.z_stride = E;
    f->s.B = numbers(&f->k, ROWS * N, -1, 1, 5);
    f->s.C = numbers(&f->k, ROWS * N, -1, 1, 6);
    f->s.bc_stride = N;
    f->s.A2 = f->A2;
    f->s.D = numbers(&f->k, E, -1, 1, 7);
    f->s.delta_bias = numbers(&f->k, E, -1, 0, 8);
    double *step = numbers(&f->k, ROWS, -1, 3, 9);
    for (size_t i = 0; i < ROWS; i++) step[i] = fmax(step[i], 0);
    if (uneven) f->s.step = step;
    f->y = zeros(&f->k, ROWS * E);
    f->dy = numbers(&f->k, ROWS * E, -1, 1, 10);
    f->state = zeros(&f->k, B * N * E);
    f->checkpoints = zeros(&f->k, B * ssmi_scan_tiles(L) * N * E);
    f->scratch = zeros(&f->k, ssmi_scan_scratch(E, N));
    f->grad = (ssmi_scan_grad_f64){zeros(&f->k, ROWS * E), zeros(&f->k, ROWS * E), zeros(&f->k, ROWS * E),
                                   zeros(&f->k, ROWS * N), zeros(&f->k, ROWS * N), zeros(&f->k, N * E),
                                   zeros(&f->k, E),        zeros(&f->k, E)};
}

static void forward(fixture *f)
{
    for (size_t i = 0; i < N * E; i++) f->A2[i] = f->A[i] / log(2);
    memset(f->state, 0, B * N * E * sizeof *f->state);
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->scan_forward(f->y, f->state, f->checkpoints, &f->s);
}

static void backward(fixture *f)
{
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->scan_backward(&f->grad, f->dy, f->checkpoints, f->scratch, &f->s);
}

static void brute_force(double *y, const fixture *f)
{
    const ssmi_scan_f64 *s = &f->s;
    for (size_t i = 0; i < B * E; i++) {
        double h[N] = {0};
        for (size_t t = 0; t < L; t++) {
            const size_t row = i / E * L + t, at = row * E + i % E;
            const double raw = s->delta[at] + s->delta_bias[i % E], z = s->z[at];
            const double dt = log1p(exp(raw)) * (s->step != NULL ? s->step[row] : 1);
            double out = s->D[i % E] * s->x[at];
            for (size_t n = 0; n < N; n++) {
                const double A = f->A[n * E + i % E], half = dt * A / 2;
                double a = exp(dt * A), w = dt;
                if (s->rule == SSMI_ZERO_ORDER_HOLD) w = expm1(dt * A) / A;
                if (s->rule == SSMI_BILINEAR) a = (1 + half) / (1 - half), w = dt / (1 - half);
                h[n] = a * h[n] + w * s->B[row * N + n] * s->x[at];
                out += s->C[row * N + n] * h[n];
            }
            y[at] = out * z / (1 + exp(-z));
        }
    }
}

static void every_rule_agrees_with_brute_force(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * RULES; i++) {
        fixture f;
        open_fixture(&f, rules[i / 2], i % 2);
        double *expected = zeros(&f.k, ROWS * E);
        forward(&f);
        brute_force(expected, &f);
        assert_true(far(f.y, expected, ROWS * E) < 1e-13);
        release(&f.k);
    }
}

static double loss(void *user)
{
    fixture *f = user;
    forward(f);
    return inner_product(f->y, f->dy, ROWS * E);
}

static void every_gradient_of_every_rule_matches_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * RULES; i++) {
        fixture f;
        open_fixture(&f, rules[i / 2], i % 2);
        forward(&f);
        backward(&f);
        const struct {
            const double *x, *gradient;
            size_t n, every;
        } checks[] = {{f.s.x, f.grad.dx, ROWS * E, 13}, {f.s.delta, f.grad.ddelta, ROWS * E, 13},
                      {f.s.z, f.grad.dz, ROWS * E, 13}, {f.s.B, f.grad.dB, ROWS * N, 7},
                      {f.s.C, f.grad.dC, ROWS * N, 7},  {f.A, f.grad.dA, N * E, 3},
                      {f.s.D, f.grad.dD, E, 2},         {f.s.delta_bias, f.grad.ddelta_bias, E, 2}};
        for (size_t k = 0; k < sizeof checks / sizeof *checks; k++) {
            double *x = (double *)(uintptr_t)checks[k].x;
            const double error =
                gradient_error(loss, &f, x, checks[k].gradient, checks[k].n, checks[k].every);
            if (!(error < 1e-8)) print_error("rule %zu, gradient %zu: error %g\n", i, k, error);
            assert_true(error < 1e-8);
        }
        release(&f.k);
    }
}

static ssmi_scan_f32 narrowed(fixture *f)
{
    const ssmi_scan_f64 *s = &f->s;
    return (ssmi_scan_f32){.batch = B,
                           .length = L,
                           .channels = E,
                           .states = N,
                           .x = narrow(&f->k, s->x, ROWS * E),
                           .delta = narrow(&f->k, s->delta, ROWS * E),
                           .z = narrow(&f->k, s->z, ROWS * E),
                           .x_stride = E,
                           .delta_stride = E,
                           .z_stride = E,
                           .B = narrow(&f->k, s->B, ROWS * N),
                           .C = narrow(&f->k, s->C, ROWS * N),
                           .bc_stride = N,
                           .A2 = narrow(&f->k, s->A2, N * E),
                           .D = narrow(&f->k, s->D, E),
                           .delta_bias = narrow(&f->k, s->delta_bias, E),
                           .softplus = 1,
                           .step = s->step != NULL ? narrow(&f->k, s->step, ROWS) : NULL,
                           .rule = s->rule};
}

static void single_precision_agrees_with_double_on_every_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * RULES; i++) {
        fixture f;
        open_fixture(&f, rules[i / 2], i % 2);
        forward(&f);
        backward(&f);
        const ssmi_scan_f32 s = narrowed(&f);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
            float *y = zeros_f32(&f.k, ROWS * E), *at = zeros_f32(&f.k, B * N * E);
            float *kept = zeros_f32(&f.k, B * ssmi_scan_tiles(L) * N * E);
            ssmi_scan_grad_f32 grad = {zeros_f32(&f.k, ROWS * E), zeros_f32(&f.k, ROWS * E),
                                       zeros_f32(&f.k, ROWS * E), zeros_f32(&f.k, ROWS * N),
                                       zeros_f32(&f.k, ROWS * N), zeros_f32(&f.k, N * E),
                                       zeros_f32(&f.k, E),        zeros_f32(&f.k, E)};
            kernels->scan_forward(y, at, kept, &s);
            kernels->scan_backward(&grad, narrow(&f.k, f.dy, ROWS * E), kept,
                                   zeros_f32(&f.k, ssmi_scan_scratch(E, N)), &s);
            assert_true(far_f32(y, f.y, ROWS * E) < 2e-6);
            assert_true(far_f32(grad.dx, f.grad.dx, ROWS * E) < 5e-6);
            assert_true(far_f32(grad.ddelta, f.grad.ddelta, ROWS * E) < 5e-6);
            assert_true(far_f32(grad.dB, f.grad.dB, ROWS * N) < 5e-6);
            assert_true(far_f32(grad.dA, f.grad.dA, N * E) < 5e-6);
        }
        release(&f.k);
    }
}

/* With dt = 0 exp(dt A) is 1 and nothing enters: as in a filter that has no measurement and lets no time
 * pass. */
static void a_missing_row_holds_the_state(void **state)
{
    (void)state;
    for (size_t i = 0; i < RULES; i++) {
        fixture with, without;
        open_fixture(&with, rules[i], 1);
        open_fixture(&without, rules[i], 1);
        size_t kept = 0;
        with.s.batch = without.s.batch = 1;
        for (size_t t = 0; t < L; t++) {
            if (with.s.step[t] == 0) continue;
            ssmi_scan_f64 *s = &without.s;
            memmove((double *)(uintptr_t)s->x + kept * E, s->x + t * E, E * sizeof(double));
            memmove((double *)(uintptr_t)s->delta + kept * E, s->delta + t * E, E * sizeof(double));
            memmove((double *)(uintptr_t)s->B + kept * N, s->B + t * N, N * sizeof(double));
            ((double *)(uintptr_t)s->step)[kept++] = s->step[t];
        }
        assert_true(kept > 5 && kept < L - 5);
        without.s.length = kept;
        forward(&with);
        forward(&without);
        assert_memory_equal(with.state, without.state, N * E * sizeof(double));
        release(&with.k);
        release(&without.k);
    }
}

/* Three steps with the input held are one step of three times the length: the exact rule alone knows gaps. */
static void a_gap_is_one_longer_step_where_the_input_is_held(void **state)
{
    (void)state;
    fixture f, g;
    open_fixture(&f, SSMI_ZERO_ORDER_HOLD, 1);
    open_fixture(&g, SSMI_ZERO_ORDER_HOLD, 1);
    f.s.batch = g.s.batch = 1;
    f.s.length = 3, g.s.length = 1;
    for (size_t t = 0; t < 3; t++) {
        memcpy((double *)(uintptr_t)f.s.x + t * E, g.s.x, E * sizeof(double));
        memcpy((double *)(uintptr_t)f.s.delta + t * E, g.s.delta, E * sizeof(double));
        memcpy((double *)(uintptr_t)f.s.B + t * N, g.s.B, N * sizeof(double));
        ((double *)(uintptr_t)f.s.step)[t] = 1;
    }
    ((double *)(uintptr_t)g.s.step)[0] = 3;
    forward(&f);
    forward(&g);
    assert_true(far(f.state, g.state, N * E) < 1e-14);
    release(&f.k);
    release(&g.k);
}

/* Tied rates are the same as rates in the ratio 1, 2, ..., forward and backward, on every path. */
static void tied_rates_are_multiples_of_the_first(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, SSMI_EULER_B, 1);
    double *dA = zeros(&f.k, E), *first = zeros(&f.k, E);
    for (size_t i = 0; i < N * E; i++) f.A[i] = f.A[i % E] * (double)(i / E + 1);
    forward(&f);
    backward(&f);
    for (size_t i = 0; i < N * E; i++) dA[i % E] += f.grad.dA[i] * (double)(i / E + 1);
    for (size_t i = 0; i < E; i++) first[i] = f.A2[i];
    ssmi_scan_f32 s = narrowed(&f);
    s.A2 = narrow(&f.k, first, E);
    s.tied = 1;
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
        float *y = zeros_f32(&f.k, ROWS * E), *at = zeros_f32(&f.k, B * N * E);
        float *kept = zeros_f32(&f.k, B * ssmi_scan_tiles(L) * N * E);
        ssmi_scan_grad_f32 grad = {zeros_f32(&f.k, ROWS * E), zeros_f32(&f.k, ROWS * E),
                                   zeros_f32(&f.k, ROWS * E), zeros_f32(&f.k, ROWS * N),
                                   zeros_f32(&f.k, ROWS * N), zeros_f32(&f.k, E),
                                   zeros_f32(&f.k, E),        zeros_f32(&f.k, E)};
        kernels->scan_forward(y, at, kept, &s);
        kernels->scan_backward(&grad, narrow(&f.k, f.dy, ROWS * E), kept,
                               zeros_f32(&f.k, ssmi_scan_scratch(E, N)), &s);
        assert_true(far_f32(y, f.y, ROWS * E) < 3e-6);
        assert_true(far_f32(grad.dx, f.grad.dx, ROWS * E) < 5e-6);
        assert_true(far_f32(grad.ddelta, f.grad.ddelta, ROWS * E) < 5e-6);
        assert_true(far_f32(grad.dC, f.grad.dC, ROWS * N) < 5e-6);
        assert_true(far_f32(grad.dA, dA, E) < 5e-6);
    }
    release(&f.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_agrees_with_brute_force),
        cmocka_unit_test(every_gradient_of_every_rule_matches_differences),
        cmocka_unit_test(single_precision_agrees_with_double_on_every_path),
        cmocka_unit_test(tied_rates_are_multiples_of_the_first),
        cmocka_unit_test(a_missing_row_holds_the_state),
        cmocka_unit_test(a_gap_is_one_longer_step_where_the_input_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
