#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "neural/chunk_scan.h"
#include "neural/inference.h"

typedef struct shape {
    size_t batch, length, heads, width, states, groups;
    int plain; /* neither direct term nor skip */
} shape;

static const shape shapes[] = {{1, 2, 1, 1, 1, 1, 1},
                               {2, 64, 2, 3, 4, 1, 0},
                               {1, 65, 4, 2, 3, 2, 0},
                               {2, 130, 3, 5, 2, 3, 0},
                               {1, 70, 2, 4, 6, 1, 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

typedef struct fixture {
    keeper k;
    ssmi_chunk_scan_f64 s;
    ssmi_chunk_scan_grad_f64 grad;
    size_t plane, mixed, factors, states; /* sizes of x, of B, of gain, of a state */
    double *y, *dy, *state, *checkpoints, *scratch;
} fixture;

static void open_fixture(fixture *f, const shape *p)
{
    const size_t rows = p->batch * p->length;
    memset(f, 0, sizeof *f);
    f->s = (ssmi_chunk_scan_f64){.batch = p->batch,
                                 .length = p->length,
                                 .heads = p->heads,
                                 .width = p->width,
                                 .states = p->states,
                                 .groups = p->groups};
    f->plane = rows * p->heads * p->width, f->mixed = rows * p->groups * p->states;
    f->factors = rows * p->heads, f->states = p->batch * p->heads * p->states * p->width;
    f->s.x = numbers(&f->k, f->plane, -1, 1, 1);
    f->s.B = numbers(&f->k, f->mixed, -1, 1, 2);
    f->s.C = numbers(&f->k, f->mixed, -1, 1, 3);
    f->s.x_stride = p->heads * p->width, f->s.bc_stride = p->groups * p->states;
    f->s.log_decay = numbers(&f->k, f->factors, -0.9, -0.05, 4);
    f->s.gain = numbers(&f->k, f->factors, 0.1, 1, 5);
    if (!p->plain) f->s.direct = numbers(&f->k, f->factors, -0.5, 0, 6);
    if (!p->plain) f->s.D = numbers(&f->k, p->heads, -1, 1, 7);
    f->y = zeros(&f->k, f->plane);
    f->dy = numbers(&f->k, f->plane, -1, 1, 8);
    f->state = zeros(&f->k, f->states);
    f->checkpoints = zeros(&f->k, ssmi_chunks(p->length) * f->states);
    f->scratch = zeros(&f->k, ssmi_chunk_scan_scratch_f64(p->heads, p->width, p->states));
    f->grad = (ssmi_chunk_scan_grad_f64){
        zeros(&f->k, f->plane),   zeros(&f->k, f->mixed),   zeros(&f->k, f->mixed), zeros(&f->k, f->factors),
        zeros(&f->k, f->factors), zeros(&f->k, f->factors), zeros(&f->k, p->heads)};
}

static void forward(fixture *f)
{
    memset(f->state, 0, f->states * sizeof *f->state);
    ssmi_chunk_scan_forward_f64(f->y, f->state, f->checkpoints, f->scratch, &f->s);
}

/* The definition, one row at a time. */
static void brute_force(double *y, const ssmi_chunk_scan_f64 *s)
{
    for (size_t i = 0; i < s->batch * s->heads * s->width; i++) {
        const size_t b = i / (s->heads * s->width), head = i / s->width % s->heads, e = i % s->width;
        const size_t group = head / (s->heads / s->groups);
        double state[8] = {0};
        for (size_t t = 0; t < s->length; t++) {
            const size_t row = b * s->length + t, k = row * s->heads + head;
            const double x = s->x[row * s->x_stride + head * s->width + e];
            double out = s->D != NULL ? s->D[head] * x : 0;
            for (size_t n = 0; n < s->states; n++) {
                const size_t at = row * s->bc_stride + group * s->states + n;
                state[n] = exp(s->log_decay[k]) * state[n] + s->gain[k] * s->B[at] * x;
                out += s->C[at] * (state[n] + (s->direct != NULL ? s->direct[k] * s->B[at] * x : 0));
            }
            y[row * s->heads * s->width + head * s->width + e] = out;
        }
    }
}

static void the_chunks_agree_with_brute_force(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        fixture f;
        open_fixture(&f, &shapes[i]);
        double *expected = zeros(&f.k, f.plane);
        brute_force(expected, &f.s);
        forward(&f);
        assert_true(far(f.y, expected, f.plane) < 1e-13);
        release(&f.k);
    }
}

static double loss(void *user)
{
    fixture *f = user;
    forward(f);
    return inner_product(f->y, f->dy, f->plane);
}

static void check_gradient(fixture *f, const char *name, const double *x, const double *gradient, size_t n,
                           size_t every)
{
    if (x == NULL) return;
    const double error = gradient_error(loss, f, (double *)(uintptr_t)x, gradient, n, every);
    if (!(error < 1e-8)) print_error("%s: error %g\n", name, error);
    assert_true(error < 1e-8);
}

static void the_gradients_match_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        fixture f;
        open_fixture(&f, &shapes[i]);
        forward(&f);
        ssmi_chunk_scan_backward_f64(&f.grad, f.dy, f.checkpoints, f.scratch, &f.s);
        check_gradient(&f, "x", f.s.x, f.grad.dx, f.plane, 7);
        check_gradient(&f, "B", f.s.B, f.grad.dB, f.mixed, 5);
        check_gradient(&f, "C", f.s.C, f.grad.dC, f.mixed, 5);
        check_gradient(&f, "log decay", f.s.log_decay, f.grad.dlog_decay, f.factors, 3);
        check_gradient(&f, "gain", f.s.gain, f.grad.dgain, f.factors, 3);
        check_gradient(&f, "direct", f.s.direct, f.grad.ddirect, f.factors, 3);
        check_gradient(&f, "D", f.s.D, f.grad.dD, f.s.heads, 1);
        release(&f.k);
    }
}

static void rows_in_pieces_go_on_from_the_state(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, &(shape){1, 130, 3, 5, 2, 3, 0});
    double *y = zeros(&f.k, f.plane), *at = zeros(&f.k, f.states);
    forward(&f);
    for (size_t t = 0, piece = 1; t < 130; t += piece) {
        ssmi_chunk_scan_f64 s = f.s;
        piece = t < 3 ? 1 : t < 103 ? 100 : 27;
        s.length = piece;
        s.x += t * s.x_stride, s.B += t * s.bc_stride, s.C += t * s.bc_stride;
        s.log_decay += t * 3, s.gain += t * 3, s.direct += t * 3;
        ssmi_chunk_scan_forward_f64(y + t * 15, at, NULL, f.scratch, &s);
    }
    assert_true(far(y, f.y, f.plane) < 1e-13);
    assert_true(far(at, f.state, f.states) < 1e-13);
    release(&f.k);
}

/* Hundreds of decays multiply up in single precision. */
static void single_precision_agrees_with_double_and_with_the_trained_network_s_kernel(void **state)
{
    (void)state;
    fixture f;
    const shape p = {2, 150, 2, 16, 8, 1, 1};
    open_fixture(&f, &p);
    const double D[2] = {0.5, -1};
    f.s.D = D;
    forward(&f);
    ssmi_chunk_scan_backward_f64(&f.grad, f.dy, f.checkpoints, f.scratch, &f.s);
    const size_t state_size = f.states, chunks = ssmi_chunks(p.length);
    float *decay = zeros_f32(&f.k, f.factors), *y = zeros_f32(&f.k, f.plane);
    ssmi_chunk_scan_f32 s = {.batch = 2, .length = 150, .heads = 2, .width = 16, .states = 8, .groups = 1};
    s.x = narrow(&f.k, f.s.x, f.plane), s.B = narrow(&f.k, f.s.B, f.mixed);
    s.C = narrow(&f.k, f.s.C, f.mixed), s.x_stride = 32, s.bc_stride = 8;
    s.log_decay = narrow(&f.k, f.s.log_decay, f.factors), s.gain = narrow(&f.k, f.s.gain, f.factors);
    s.D = narrow(&f.k, D, 2);
    float *at = zeros_f32(&f.k, state_size), *kept = zeros_f32(&f.k, chunks * state_size);
    float *scratch = zeros_f32(&f.k, ssmi_chunk_scan_scratch_f32(2, 16, 8));
    ssmi_chunk_scan_grad_f32 grad = {zeros_f32(&f.k, f.plane),   zeros_f32(&f.k, f.mixed),
                                     zeros_f32(&f.k, f.mixed),   zeros_f32(&f.k, f.factors),
                                     zeros_f32(&f.k, f.factors), NULL,
                                     zeros_f32(&f.k, 2)};
    ssmi_chunk_scan_forward_f32(y, at, kept, scratch, &s);
    ssmi_chunk_scan_backward_f32(&grad, narrow(&f.k, f.dy, f.plane), kept, scratch, &s);
    assert_true(far_f32(y, f.y, f.plane) < 2e-6);
    assert_true(far_f32(grad.dx, f.grad.dx, f.plane) < 5e-6);
    assert_true(far_f32(grad.dB, f.grad.dB, f.mixed) < 5e-6);
    assert_true(far_f32(grad.dC, f.grad.dC, f.mixed) < 5e-6);
    assert_true(far_f32(grad.dlog_decay, f.grad.dlog_decay, f.factors) < 5e-6);
    assert_true(far_f32(grad.dgain, f.grad.dgain, f.factors) < 5e-6);
    for (size_t i = 0; i < f.factors; i++) decay[i] = expf(s.log_decay[i]);
    const ssmi_ssd ssd = {2, 150, 2, 16, 8, 0, s.x, s.B, s.C, 32, 8, s.gain, decay, s.D};
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        memset(at, 0, state_size * sizeof *at);
        ssmi_inference_for((ssmi_isa)isa)->ssd(y, at, &ssd);
        assert_true(far_f32(y, f.y, f.plane) < 2e-6);
    }
    release(&f.k);
}

static void decays_to_nothing_stay_finite(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f, &shapes[1]);
    double *log_decay = (double *)(uintptr_t)f.s.log_decay, *expected = zeros(&f.k, f.plane);
    for (size_t i = 0; i < f.factors; i++) log_decay[i] = i % 5 == 0 ? -1e4 : -40;
    brute_force(expected, &f.s);
    forward(&f);
    assert_true(far(f.y, expected, f.plane) < 1e-12);
    ssmi_chunk_scan_backward_f64(&f.grad, f.dy, f.checkpoints, f.scratch, &f.s);
    for (size_t i = 0; i < f.factors; i++) assert_true(isfinite(f.grad.dlog_decay[i]));
    release(&f.k);
}

/* ---- steps ---- */

typedef struct steps {
    keeper k;
    ssmi_head_steps_f64 s;
    size_t n;
    double *out[4], *weight[4]; /* dt, log decay, gain, direct; what the loss weighs them with */
} steps;

static void open_steps(steps *f, int trapezoid, int uneven)
{
    const size_t H = 3, rows = 2 * 9;
    memset(f, 0, sizeof *f);
    f->n = rows * H;
    f->s = (ssmi_head_steps_f64){.batch = 2, .length = 9, .heads = H, .stride = H};
    f->s.raw = numbers(&f->k, f->n, -2, 2, 11);
    if (trapezoid) f->s.mix = numbers(&f->k, f->n, -2, 2, 12);
    if (uneven) f->s.step = numbers(&f->k, rows, 0.5, 3, 13);
    f->s.bias = numbers(&f->k, H, -1, 1, 14);
    f->s.A = numbers(&f->k, H, -4, -1, 15);
    for (size_t i = 0; i < 4; i++) {
        f->out[i] = zeros(&f->k, f->n);
        f->weight[i] = numbers(&f->k, f->n, i == 3 && !trapezoid ? 0 : -1, i == 3 && !trapezoid ? 0 : 1,
                               (uint32_t)(20 + i));
    }
}

static double steps_loss(void *user)
{
    steps *f = user;
    double sum = 0;
    ssmi_head_steps_forward_f64(f->out[0], f->out[1], f->out[2], f->out[3], &f->s);
    for (size_t i = 0; i < 4; i++) sum += inner_product(f->out[i], f->weight[i], f->n);
    return sum;
}

static void the_gradients_of_steps_match_differences(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        steps f;
        open_steps(&f, kind & 1, kind & 2);
        double *draw = zeros(&f.k, f.n), *dmix = zeros(&f.k, f.n), *dbias = zeros(&f.k, 3),
               *dA = zeros(&f.k, 3);
        ssmi_head_steps_backward_f64(draw, dmix, dbias, dA, f.weight[0], f.weight[1], f.weight[2],
                                     f.weight[3], &f.s);
        double *raw = (double *)(uintptr_t)f.s.raw, *bias = (double *)(uintptr_t)f.s.bias;
        assert_true(gradient_error(steps_loss, &f, raw, draw, f.n, 1) < 1e-9);
        assert_true(gradient_error(steps_loss, &f, bias, dbias, 3, 1) < 1e-9);
        assert_true(gradient_error(steps_loss, &f, (double *)(uintptr_t)f.s.A, dA, 3, 1) < 1e-9);
        if (kind & 1)
            assert_true(gradient_error(steps_loss, &f, (double *)(uintptr_t)f.s.mix, dmix, f.n, 1) < 1e-9);
        release(&f.k);
    }
}

/* The trapezoid as it is written down, with the input of the row before, against gain and direct term. */
static void the_trapezoid_is_what_its_definition_says(void **state)
{
    (void)state;
    enum { T = 70 };
    fixture f;
    open_fixture(&f, &(shape){1, T, 1, 1, 1, 1, 0});
    const double bias = -0.3, A = -1.3;
    const double *raw = numbers(&f.k, T, -1, 2, 31), *mix = numbers(&f.k, T, -3, 3, 32);
    const ssmi_head_steps_f64 s = {1, T, 1, raw, mix, 1, &bias, &A, NULL};
    double *dt = zeros(&f.k, T), h = 0;
    ssmi_head_steps_forward_f64(dt, (double *)(uintptr_t)f.s.log_decay, (double *)(uintptr_t)f.s.gain,
                                (double *)(uintptr_t)f.s.direct, &s);
    forward(&f);
    for (size_t t = 0; t < T; t++) {
        const double lambda = 1 / (1 + exp(-mix[t])), a = exp(dt[t] * A);
        h = a * h + lambda * dt[t] * f.s.B[t] * f.s.x[t];
        if (t > 0) h += (1 - lambda) * dt[t] * a * f.s.B[t - 1] * f.s.x[t - 1];
        assert_float_equal(f.y[t], f.s.C[t] * h + f.s.D[0] * f.s.x[t], 1e-13);
    }
    release(&f.k);
}

/* Of second order: halving the step divides the error of x' = A x + u by four; Euler's by two. */
static double error_at_one(size_t n, double mix)
{
    keeper k = {0};
    const double A = -0.7, zero = 0;
    double *raw = zeros(&k, n + 1), *mixes = zeros(&k, n + 1), *x = zeros(&k, n + 1), *one = zeros(&k, n + 1);
    double *dt = zeros(&k, n + 1), *decay = zeros(&k, n + 1), *gain = zeros(&k, n + 1),
           *direct = zeros(&k, n + 1);
    double *y = zeros(&k, n + 1), state = 0, *scratch = zeros(&k, ssmi_chunk_scan_scratch_f64(1, 1, 1));
    for (size_t t = 0; t <= n; t++) {
        raw[t] = log(expm1(1.0 / (double)n));
        mixes[t] = mix;
        x[t] = cos((double)t / (double)n);
        one[t] = 1;
    }
    const ssmi_head_steps_f64 s = {1, n + 1, 1, raw, mixes, 1, &zero, &A, NULL};
    ssmi_head_steps_forward_f64(dt, decay, gain, direct, &s);
    const ssmi_chunk_scan_f64 scan = {1, n + 1, 1, 1, 1, 1, x, one, one, 1, 1, decay, gain, direct, NULL};
    ssmi_chunk_scan_forward_f64(y, &state, NULL, scratch, &scan);
    /* exact answer of h' = A h + cos t from the value that row 0 sets */
    const double h0 = y[0], size = 1 + A * A, start = h0 + A / size;
    const double exact = start * exp(A) + (sin(1) - A * cos(1)) / size;
    const double got = y[n];
    release(&k);
    return fabs(got - exact);
}

static void the_trapezoid_is_of_second_order_and_euler_of_first(void **state)
{
    (void)state;
    const double trapezoid = error_at_one(32, 0) / error_at_one(64, 0);
    const double euler = error_at_one(32, 40) / error_at_one(64, 40);
    assert_true(fabs(trapezoid - 4) < 0.2);
    assert_true(fabs(euler - 2) < 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chunks_agree_with_brute_force),
        cmocka_unit_test(the_gradients_match_differences),
        cmocka_unit_test(rows_in_pieces_go_on_from_the_state),
        cmocka_unit_test(single_precision_agrees_with_double_and_with_the_trained_network_s_kernel),
        cmocka_unit_test(decays_to_nothing_stay_finite),
        cmocka_unit_test(the_gradients_of_steps_match_differences),
        cmocka_unit_test(the_trapezoid_is_what_its_definition_says),
        cmocka_unit_test(the_trapezoid_is_of_second_order_and_euler_of_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
