#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "base/arena.h"
#include "neural/s4d.h"
#include <complex.h>

typedef struct shape {
    size_t batch, length, channels, pairs;
    ssmi_rule rule;
    int uneven; /* steps scaled row by row, some by 0 */
} shape;

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "s4d_check_body.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "s4d_check_body.h"
#include "neural/real_end.h"
/* clang-format on */

static const shape shapes[] = {{1, 1, 1, 1, SSMI_ZERO_ORDER_HOLD, 0},  {2, 33, 3, 4, SSMI_ZERO_ORDER_HOLD, 0},
                               {1, 65, 5, 2, SSMI_BILINEAR, 0},        {2, 40, 3, 3, SSMI_EULER_B, 0},
                               {2, 37, 3, 2, SSMI_ZERO_ORDER_HOLD, 1}, {1, 40, 2, 3, SSMI_BILINEAR, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const ssmi_kernels *kernels(void)
{
    return ssmi_kernels_for(ssmi_cpu_isa());
}

/* The definition in complex arithmetic, discretised by the text-book formulas. */
static void brute_force(double *y, const ssmi_s4d_f64 *s)
{
    const size_t n = s->pairs * s->channels;
    for (size_t i = 0; i < s->batch * s->channels; i++) {
        const size_t b = i / s->channels, e = i % s->channels;
        double complex h[8] = {0};
        for (size_t t = 0; t < s->length; t++) {
            const size_t row = b * s->length + t;
            const double x = s->x[row * s->channels + e],
                         dt = s->dt[e] * (s->step != NULL ? s->step[row] : 1);
            double complex sum = 0;
            for (size_t k = 0; k < s->pairs; k++) {
                const size_t j = k * s->channels + e;
                const double complex l = s->lambda[j] + s->lambda[n + j] * I, c = s->C[j] + s->C[n + j] * I;
                double complex a = cexp(l * dt), w = dt;
                if (s->rule == SSMI_ZERO_ORDER_HOLD) w = (a - 1) / l;
                if (s->rule == SSMI_BILINEAR)
                    w = dt / (1 - l * dt / 2), a = (1 + l * dt / 2) / (1 - l * dt / 2);
                h[k] = a * h[k] + w * x;
                sum += c * h[k];
            }
            y[row * s->channels + e] = 2 * creal(sum) + s->D[e] * x;
        }
    }
}

static void the_recurrence_agrees_with_brute_force(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        layer_f64 l = open_layer_f64(&shapes[i]);
        layer_f32 single = open_layer_f32(&shapes[i]);
        const size_t n = l.s.batch * l.s.length * l.s.channels;
        double *expected = calloc(n, sizeof *expected);
        float *portable = calloc(n, sizeof *portable);
        brute_force(expected, &l.s);
        forward_f64(&l, kernels());
        assert_true(far(l.y, expected, n) < 1e-13);
        forward_f32(&single, ssmi_kernels_for(SSMI_ISA_PORTABLE));
        memcpy(portable, single.y, n * sizeof *portable);
        assert_true(far_f32(portable, expected, n) < 3e-6);
        forward_f32(&single, kernels());
        assert_memory_equal(single.y, portable, n * sizeof *portable);
        free(expected);
        free(portable);
        close_layer_f64(&l);
        close_layer_f32(&single);
    }
}

/* Differences over 1e-3 in a step that is passed forty times leave truncation of 1e-7. */
static double loss(void *user)
{
    layer_f64 *l = user;
    double sum = 0;
    forward_f64(l, kernels());
    for (size_t i = 0; i < l->s.batch * l->s.length * l->s.channels; i++) sum += l->y[i] * l->dy[i];
    return sum;
}

static void the_gradients_match_differences_for_every_rule_and_uneven_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        layer_f64 l = open_layer_f64(&shapes[i]);
        const size_t E = l.s.channels, n = 2 * l.s.pairs * E, plane = l.s.batch * l.s.length * E;
        loss(&l);
        ssmi_s4d_backward_f64(&l.grad, l.dy, l.checkpoints, l.scratch, &l.s, kernels());
        const struct {
            const double *x;
            const double *gradient;
            size_t n;
        } checks[] = {{l.s.x, l.grad.dx, plane},
                      {l.s.lambda, l.grad.dlambda, n},
                      {l.s.C, l.grad.dC, n},
                      {l.s.dt, l.grad.ddt, E},
                      {l.s.D, l.grad.dD, E}};
        for (size_t k = 0; k < sizeof checks / sizeof *checks; k++) {
            double *x = (double *)(uintptr_t)checks[k].x;
            const double error = gradient_error(loss, &l, x, checks[k].gradient, checks[k].n, 1);
            if (!(error < 1e-6)) print_error("shape %zu, gradient %zu: error %g\n", i, k, error);
            assert_true(error < 1e-6);
        }
        close_layer_f64(&l);
    }
}

static void convolution_recurrence_and_single_steps_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        if (shapes[i].uneven) continue;
        layer_f64 l = open_layer_f64(&shapes[i]), c = open_layer_f64(&shapes[i]);
        const size_t E = l.s.channels, L = l.s.length, plane = l.s.batch * L * E, size = 2 * l.s.pairs * E;
        forward_f64(&l, kernels());
        ssmi_s4d_convolve_f64(c.y, c.record, c.scratch, &c.s, kernels());
        assert_true(far(c.y, l.y, plane) < 1e-12);
        memset(c.state, 0, l.s.batch * size * sizeof *c.state);
        for (size_t k = 0; k < l.s.batch * L; k++) {
            ssmi_s4d_f64 one = c.s;
            one.batch = one.length = 1;
            one.x += k * E;
            ssmi_s4d_forward_f64(c.y + k * E, c.state + k / L * size, NULL, c.scratch, &one, kernels());
        }
        assert_memory_equal(c.y, l.y, plane * sizeof *c.y);
        assert_memory_equal(c.state, l.state, l.s.batch * size * sizeof *c.state);
        close_layer_f64(&l);
        close_layer_f64(&c);
    }
}

static void the_gradients_of_convolution_and_recurrence_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        if (shapes[i].uneven) continue;
        layer_f64 l = open_layer_f64(&shapes[i]), c = open_layer_f64(&shapes[i]);
        const size_t E = l.s.channels, n = 2 * l.s.pairs * E, plane = l.s.batch * l.s.length * E;
        forward_f64(&l, kernels());
        ssmi_s4d_backward_f64(&l.grad, l.dy, l.checkpoints, l.scratch, &l.s, kernels());
        ssmi_s4d_convolve_f64(c.y, c.record, c.scratch, &c.s, kernels());
        ssmi_s4d_convolve_backward_f64(&c.grad, c.dy, c.record, c.scratch, &c.s, kernels());
        assert_true(far(c.grad.dx, l.grad.dx, plane) < 1e-12);

        assert_true(far(c.grad.dlambda, l.grad.dlambda, n) < 1e-11);
        assert_true(far(c.grad.dC, l.grad.dC, n) < 1e-12);
        assert_true(far(c.grad.ddt, l.grad.ddt, E) < 1e-11);
        assert_true(far(c.grad.dD, l.grad.dD, E) < 1e-12);
        close_layer_f64(&l);
        close_layer_f64(&c);
    }
}

static void a_long_convolution_in_single_precision_stays_accurate(void **state)
{
    (void)state;
    const shape p = {1, 3000, 2, 4, SSMI_ZERO_ORDER_HOLD, 0};
    layer_f64 l = open_layer_f64(&p);
    layer_f32 c = open_layer_f32(&p);
    forward_f64(&l, kernels());
    ssmi_s4d_convolve_f32(c.y, c.record, c.scratch, &c.s, kernels());

    assert_true(far_f32(c.y, l.y, p.length * p.channels) <
                2e-5); /* log2 of the size times rounding, with room */
    close_layer_f64(&l);
    close_layer_f32(&c);
}

/* A continuous-time Kalman filter carries its mean over a gap by exp(A gap), whatever A's form; a layer with
 * the same poles and no input does the same. ssmi_discretise is what the filter uses. */
static void a_gap_moves_the_state_as_a_continuous_time_filter_predicts(void **state)
{
    (void)state;
    const double re = -0.3, im = 1.7, dt = 0.2, gap = 3.25, A[4] = {re, im, -im, re}; /* column-major */
    const double lambda[2] = {re, im}, C[2] = {0.5, 0}, zero = 0, step = gap;
    double h[2] = {0.8, -0.4}, y, scratch[2048], Ad[4];
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_discretise(Ad, NULL, A, NULL, gap * dt, 2, 0, SSMI_ZERO_ORDER_HOLD, &arena),
                     SSM_OK);
    const double mean[2] = {Ad[0] * h[0] + Ad[2] * h[1], Ad[1] * h[0] + Ad[3] * h[1]};
    ssmi_s4d_f64 s = {1, 1, 1, 1, &zero, 1, lambda, C, &dt, NULL, &step, SSMI_ZERO_ORDER_HOLD};
    assert_true(ssmi_s4d_scratch_f64(1, 1, 1) <= 2048);
    ssmi_s4d_forward_f64(&y, h, NULL, scratch, &s, kernels());
    assert_float_equal(h[0], mean[0], 1e-14);
    assert_float_equal(h[1], mean[1], 1e-14);
    assert_float_equal(y, mean[0], 1e-14);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

/* No measurement, no time: the state is held and the row leaves no trace, as in a filter without update. */
static void a_step_of_zero_is_a_row_that_was_not_there(void **state)
{
    (void)state;
    const shape p = {1, 34, 3, 2, SSMI_ZERO_ORDER_HOLD, 1};
    layer_f64 with = open_layer_f64(&p), without = open_layer_f64(&p);
    double *x = (double *)(uintptr_t)without.s.x, *step = (double *)(uintptr_t)without.s.step;
    size_t kept = 0;
    for (size_t t = 0; t < p.length; t++) {
        if (step[t] == 0) continue;
        memmove(x + kept * 3, x + t * 3, 3 * sizeof *x);
        step[kept++] = step[t];
    }
    assert_true(kept > 5 && kept < p.length - 5);
    without.s.length = kept;
    forward_f64(&with, kernels());
    forward_f64(&without, kernels());
    assert_memory_equal(with.state, without.state, 2 * 2 * 3 * sizeof(double));
    close_layer_f64(&with);
    close_layer_f64(&without);
}

static void the_starting_poles_are_known(void **state)
{
    (void)state;
    double lambda[64];
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_s4d_poles(lambda, 1, SSMI_S4D_LEGS, &arena), SSM_OK);
    assert_float_equal(lambda[1], sqrt(3) / 2, 1e-14);
    assert_int_equal(ssmi_s4d_poles(lambda, 32, SSMI_S4D_LIN, &arena), SSM_OK);
    assert_float_equal(lambda[32 + 7], 7 * 3.14159265358979, 1e-12);
    assert_int_equal(ssmi_s4d_poles(lambda, 32, SSMI_S4D_INV, &arena), SSM_OK);
    assert_float_equal(lambda[32 + 31], 64 / 3.14159265358979 * (64.0 / 63 - 1), 1e-12);
    assert_float_equal(lambda[32], 64 / 3.14159265358979 * 63, 1e-10);
    /* "LegS and Inv look alike": the slowest pole of size 64 differs little from pi/2 (eq. 9's limit). */
    assert_int_equal(ssmi_s4d_poles(lambda, 32, SSMI_S4D_LEGS, &arena), SSM_OK);
    for (size_t n = 0; n < 32; n++) {
        assert_true(lambda[n] == -0.5 && lambda[32 + n] > 0);
        if (n > 0) assert_true(lambda[32 + n] > lambda[32 + n - 1]);
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_recurrence_agrees_with_brute_force),
        cmocka_unit_test(the_gradients_match_differences_for_every_rule_and_uneven_steps),
        cmocka_unit_test(convolution_recurrence_and_single_steps_agree),
        cmocka_unit_test(the_gradients_of_convolution_and_recurrence_agree),
        cmocka_unit_test(a_long_convolution_in_single_precision_stays_accurate),
        cmocka_unit_test(a_gap_moves_the_state_as_a_continuous_time_filter_predicts),
        cmocka_unit_test(a_step_of_zero_is_a_row_that_was_not_there),
        cmocka_unit_test(the_starting_poles_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
