#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "differences.h"
#include "neural/layers.h"
#include "neural/selective_scan.h"

enum { ROWS = 7, IN = 5, OUT = 4, TAPS = 4, CHANNELS = 11, LENGTH = 9 };

/* The loss of every check here is the inner product of the output with fixed weights. */
static double product(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

typedef struct dense {
    double x[ROWS * IN], w[OUT * IN], bias[OUT], y[ROWS * OUT], dy[ROWS * OUT];
} dense;

static double dense_loss(void *user)
{
    dense *d = user;
    ssmi_linear_forward_f64(d->y, OUT, d->x, IN, d->w, d->bias, ROWS, IN, OUT);
    return product(d->y, d->dy, ROWS * OUT);
}

static void the_gradient_of_linear_matches_differences(void **state)
{
    (void)state;
    dense d;
    double dx[ROWS * IN] = {0}, dw[OUT * IN] = {0}, dbias[OUT] = {0};
    fill_numbers((double *)&d, sizeof d / sizeof(double), -1, 1, 3);
    ssmi_linear_backward_f64(dx, 0, dw, dbias, d.dy, OUT, d.x, IN, d.w, ROWS, IN, OUT);
    assert_true(gradient_error(dense_loss, &d, d.x, dx, ROWS * IN, 1) < 1e-9);
    assert_true(gradient_error(dense_loss, &d, d.w, dw, OUT * IN, 1) < 1e-9);
    assert_true(gradient_error(dense_loss, &d, d.bias, dbias, OUT, 1) < 1e-9);
}

typedef struct norm {
    double x[ROWS * IN], w[IN], y[ROWS * IN], dy[ROWS * IN];
} norm;

static double norm_loss(void *user)
{
    norm *d = user;
    ssmi_rmsnorm_forward_f64(d->y, d->x, d->w, 1e-5, ROWS, IN);
    return product(d->y, d->dy, ROWS * IN);
}

static void the_gradient_of_rmsnorm_matches_differences(void **state)
{
    (void)state;
    norm d;
    double dx[ROWS * IN] = {0}, dw[IN] = {0};
    fill_numbers((double *)&d, sizeof d / sizeof(double), -1, 1, 5);
    ssmi_rmsnorm_backward_f64(dx, dw, d.dy, d.x, d.w, 1e-5, ROWS, IN);
    assert_true(gradient_error(norm_loss, &d, d.x, dx, ROWS * IN, 1) < 1e-8);
    assert_true(gradient_error(norm_loss, &d, d.w, dw, IN, 1) < 1e-8);
}

static void rmsnorm_of_three_and_four_is_known(void **state)
{
    (void)state;
    float y[2];
    ssmi_rmsnorm_forward_f32(y, (float[]){3, 4}, (float[]){1, 1}, 1e-5f, 1, 2);
    assert_float_equal(y[0], 3 / sqrtf(12.5f), 1e-6);
    assert_float_equal(y[1], 4 / sqrtf(12.5f), 1e-6);
}

typedef struct gate {
    double x[ROWS], y[ROWS], dy[ROWS];
} gate;

static double gate_loss(void *user)
{
    gate *d = user;
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->silu_forward(d->y, d->x, ROWS);
    return product(d->y, d->dy, ROWS);
}

static void the_gradient_of_silu_matches_differences(void **state)
{
    (void)state;
    gate d;
    double dx[ROWS];
    fill_numbers((double *)&d, sizeof d / sizeof(double), -3, 3, 7);
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->silu_backward(dx, d.dy, d.x, ROWS);
    assert_true(gradient_error(gate_loss, &d, d.x, dx, ROWS, 1) < 1e-9);
}

static double gelu_loss(void *user)
{
    gate *d = user;
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->gelu_forward(d->y, d->x, ROWS);
    return product(d->y, d->dy, ROWS);
}

static void the_gradient_of_gelu_matches_differences_and_gelu_of_one_is_known(void **state)
{
    (void)state;
    gate d;
    double dx[ROWS];
    float y, one = 1;
    fill_numbers((double *)&d, sizeof d / sizeof(double), -3, 3, 8);
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->gelu_backward(dx, d.dy, d.x, ROWS);
    assert_true(gradient_error(gelu_loss, &d, d.x, dx, ROWS, 1) < 1e-9);
    ssmi_kernels_of_f32(SSMI_ISA_PORTABLE)->gelu_forward(&y, &one, 1);
    assert_float_equal(y, 0.84134475f, 2e-7);
}

/* Arrays of any length on every path, against libm: 1e-7 of what they are of. */
static void activations_agree_with_their_definitions_on_every_path(void **state)
{
    (void)state;
    enum { N = 37 };
    double x[N], share;
    float narrow[N], y[N], one[N], slope[N];
    fill_numbers(x, N, -9, 9, 21);
    for (size_t i = 0; i < N; i++) narrow[i] = (float)x[i], one[i] = 1;
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
        kernels->sigmoid(y, narrow, N);
        for (size_t i = 0; i < N; i++) assert_float_equal(y[i], 1 / (1 + exp(-(double)narrow[i])), 2e-7);
        kernels->silu_forward(y, narrow, N);
        kernels->silu_backward(slope, one, narrow, N);
        for (size_t i = 0; i < N; i++) {
            const double v = (double)narrow[i];
            share = 1 / (1 + exp(-v));
            assert_float_equal(y[i], v * share, 2e-6);
            assert_float_equal(slope[i], share * (1 + v * (1 - share)), 2e-6);
        }
        kernels->gelu_forward(y, narrow, N);
        kernels->gelu_backward(slope, one, narrow, N);
        for (size_t i = 0; i < N; i++) {
            const double v = (double)narrow[i], density = exp(-v * v / 2) / sqrt(2 * 3.14159265358979324);
            share = erfc(-v / sqrt(2)) / 2;
            assert_float_equal(y[i], v * share, 2e-6);
            assert_float_equal(slope[i], share + v * density, 2e-6);
        }
        kernels->exponential(y, narrow, 9, N);
        for (size_t i = 0; i < N; i++) {
            const double expected = exp((double)narrow[i] - 9);
            assert_true(fabs((double)y[i] - expected) < 2e-6 * expected);
        }
    }
}

enum { HALF = 3 };

typedef struct turning {
    double x[ROWS * 2 * HALF], angle[ROWS * HALF], y[ROWS * 2 * HALF], dy[ROWS * 2 * HALF];
} turning;

static double turning_loss(void *user)
{
    turning *d = user;
    ssmi_turn_forward_f64(d->y, 2 * HALF, d->x, 2 * HALF, d->angle, HALF, ROWS, HALF);
    return product(d->y, d->dy, ROWS * 2 * HALF);
}

static void the_gradient_of_a_rotation_matches_differences(void **state)
{
    (void)state;
    turning d;
    double dx[ROWS * 2 * HALF] = {0}, dangle[ROWS * HALF] = {0};
    fill_numbers((double *)&d, sizeof d / sizeof(double), -3, 3, 9);
    turning_loss(&d);
    ssmi_turn_backward_f64(dx, 2 * HALF, dangle, HALF, d.dy, d.y, 2 * HALF, d.angle, ROWS, HALF);
    assert_true(gradient_error(turning_loss, &d, d.x, dx, ROWS * 2 * HALF, 1) < 1e-9);
    assert_true(gradient_error(turning_loss, &d, d.angle, dangle, ROWS * HALF, 1) < 1e-9);
}

typedef struct convolution {
    double x[2 * LENGTH * CHANNELS], weight[TAPS * CHANNELS], bias[CHANNELS], y[2 * LENGTH * CHANNELS],
        dy[2 * LENGTH * CHANNELS];
} convolution;

static ssmi_conv_f64 conv_of(const convolution *c)
{
    return (ssmi_conv_f64){2, LENGTH, CHANNELS, TAPS, c->x, CHANNELS, c->weight, c->bias};
}

static double conv_loss(void *user)
{
    convolution *c = user;
    ssmi_conv_f64 task = conv_of(c);
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->conv_forward(c->y, NULL, &task);
    return product(c->y, c->dy, 2 * LENGTH * CHANNELS);
}

static void the_gradient_of_the_convolution_matches_differences(void **state)
{
    (void)state;
    convolution c;
    double dx[2 * LENGTH * CHANNELS], dw[TAPS * CHANNELS] = {0}, dbias[CHANNELS] = {0},
                                                scratch[LENGTH * CHANNELS];
    fill_numbers((double *)&c, sizeof c / sizeof(double), -2, 2, 11);
    ssmi_conv_f64 task = conv_of(&c);
    ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)->conv_backward(dx, dw, dbias, c.dy, scratch, &task);
    assert_true(gradient_error(conv_loss, &c, c.x, dx, 2 * LENGTH * CHANNELS, 1) < 1e-8);
    assert_true(gradient_error(conv_loss, &c, c.weight, dw, TAPS * CHANNELS, 1) < 1e-8);
    assert_true(gradient_error(conv_loss, &c, c.bias, dbias, CHANNELS, 1) < 1e-8);
}

static void a_convolution_in_pieces_gives_the_same_bits(void **state)
{
    (void)state;
    float x[LENGTH * CHANNELS], whole[LENGTH * CHANNELS], parts[LENGTH * CHANNELS], weight[TAPS * CHANNELS],
        bias[CHANNELS];
    uint32_t seed = 13;
    for (size_t i = 0; i < LENGTH * CHANNELS; i++) x[i] = (float)next_number(&seed, -1, 1);
    for (size_t i = 0; i < TAPS * CHANNELS; i++) weight[i] = (float)next_number(&seed, -1, 1);
    for (size_t i = 0; i < CHANNELS; i++) bias[i] = (float)next_number(&seed, -1, 1);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
        ssmi_conv_f32 task = {1, LENGTH, CHANNELS, TAPS, x, CHANNELS, weight, bias};
        float window[(TAPS - 1) * CHANNELS] = {0};
        kernels->conv_forward(whole, NULL, &task);
        for (size_t t = 0; t < LENGTH; t += task.length) {
            task.length = t == 0 ? 1 : t == 1 ? 2 : 6;
            task.x = x + t * CHANNELS;
            kernels->conv_forward(parts + t * CHANNELS, window, &task);
        }
        assert_memory_equal(parts, whole, sizeof whole);
    }
}

/* Largest size of the next test, which has two sequences. */
enum { LONGEST = 21, WIDEST = 200, MOST = 2 * LONGEST * WIDEST };

typedef struct conv_run {
    float x[MOST], dy[MOST], weight[SSMI_CONV_TAPS * WIDEST], bias[WIDEST];
    float dx[MOST], dweight[SSMI_CONV_TAPS * WIDEST], dbias[WIDEST], scratch[LONGEST * WIDEST];
    double want_dx[MOST], want_dweight[SSMI_CONV_TAPS * WIDEST], want_dbias[WIDEST];
} conv_run;

/* The definition of the adjoint, one row and channel at a time. */
static void conv_adjoint(conv_run *r, const ssmi_conv_f32 *c)
{
    const size_t E = c->channels;
    memset(r->want_dx, 0, sizeof r->want_dx);
    memset(r->want_dweight, 0, sizeof r->want_dweight);
    memset(r->want_dbias, 0, sizeof r->want_dbias);
    for (size_t i = 0; i < c->batch * c->length * E; i++) {
        const size_t e = i % E, t = i / E % c->length;
        double sum = (double)c->bias[e];
        for (size_t k = c->taps; k-- > 0 && c->taps - 1 - k <= t;)
            sum += (double)c->weight[k * E + e] * (double)c->x[i - (c->taps - 1 - k) * E];
        const double s = 1 / (1 + exp(-sum)), dc = (double)r->dy[i] * s * (1 + sum * (1 - s));
        r->want_dbias[e] += dc;
        for (size_t k = c->taps; k-- > 0 && c->taps - 1 - k <= t;) {
            r->want_dx[i - (c->taps - 1 - k) * E] += dc * (double)c->weight[k * E + e];
            r->want_dweight[k * E + e] += dc * (double)c->x[i - (c->taps - 1 - k) * E];
        }
    }
}

static void assert_near(const float *got, const double *want, size_t n)
{
    for (size_t i = 0; i < n; i++) /* sums of up to 42 terms of size 1 */
        assert_true(fabs((double)got[i] - want[i]) < 1e-5);
}

static void the_adjoint_of_a_convolution_of_any_shape_follows_its_definition(void **state)
{
    static const size_t shapes[][3] = {/* length, channels, taps */
                                       {1, 1, 4},   {2, 17, 4}, {3, 16, 4},   {4, 40, 4}, {11, 24, 4},
                                       {21, 33, 4}, {5, 9, 2},  {20, 200, 4}, {7, 8, 8},  {3, 5, 1}};
    conv_run *r = calloc(1, sizeof *r);
    uint32_t seed = 17;
    (void)state;
    for (size_t i = 0; i < MOST; i++) r->x[i] = (float)next_number(&seed, -1, 1);
    for (size_t i = 0; i < MOST; i++) r->dy[i] = (float)next_number(&seed, -1, 1);
    for (size_t i = 0; i < SSMI_CONV_TAPS * WIDEST; i++) r->weight[i] = (float)next_number(&seed, -1, 1);
    for (size_t i = 0; i < WIDEST; i++) r->bias[i] = (float)next_number(&seed, -1, 1);
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const size_t E = shapes[k][1], taps = shapes[k][2];
        const ssmi_conv_f32 c = {2, shapes[k][0], E, taps, r->x, E, r->weight, r->bias};
        conv_adjoint(r, &c);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            memset(r->dweight, 0, sizeof r->dweight);
            memset(r->dbias, 0, sizeof r->dbias);
            ssmi_kernels_of_f32((ssmi_isa)isa)
                ->conv_backward(r->dx, r->dweight, r->dbias, r->dy, r->scratch, &c);
            assert_near(r->dx, r->want_dx, 2 * c.length * E);
            assert_near(r->dweight, r->want_dweight, taps * E);
            assert_near(r->dbias, r->want_dbias, E);
        }
    }
    free(r);
}

enum { SYMBOLS = 6 };

typedef struct lookup {
    double w[SYMBOLS * IN], y[ROWS * IN], dy[ROWS * IN], logits[ROWS * SYMBOLS];
    int token[ROWS];
} lookup;

static double embedding_loss(void *user)
{
    lookup *d = user;
    ssmi_embedding_forward_f64(d->y, d->token, d->w, ROWS, IN);
    return product(d->y, d->dy, ROWS * IN);
}

static double entropy_loss(void *user)
{
    const lookup *d = user;
    return ssmi_cross_entropy_f64(NULL, d->logits, d->token, 0, ROWS, SYMBOLS);
}

/* Some symbols come twice, one not at all. */
static lookup make_lookup(void)
{
    lookup d;
    fill_numbers(d.w, SYMBOLS * IN, -1, 1, 31);
    fill_numbers(d.dy, ROWS * IN, -1, 1, 32);
    fill_numbers(d.logits, ROWS * SYMBOLS, -4, 4, 33);
    for (size_t i = 0; i < ROWS; i++) d.token[i] = (int)(i * i % 5);
    return d;
}

static void the_gradient_of_an_embedding_matches_differences(void **state)
{
    (void)state;
    lookup d = make_lookup();
    double dw[SYMBOLS * IN] = {0};
    ssmi_embedding_backward_f64(dw, d.dy, d.token, ROWS, IN);
    assert_true(gradient_error(embedding_loss, &d, d.w, dw, SYMBOLS * IN, 1) < 1e-9);
    for (size_t j = 0; j < IN; j++) assert_true(dw[(SYMBOLS - 1) * IN + j] == 0);
}

static void the_gradient_of_cross_entropy_matches_differences(void **state)
{
    (void)state;
    lookup d = make_lookup();
    double dlogits[ROWS * SYMBOLS];
    ssmi_cross_entropy_f64(dlogits, d.logits, d.token, 1, ROWS, SYMBOLS);
    assert_true(gradient_error(entropy_loss, &d, d.logits, dlogits, ROWS * SYMBOLS, 1) < 1e-9);
    ssmi_cross_entropy_f64(d.logits, d.logits, d.token, 1, ROWS, SYMBOLS); /* in place */
    assert_memory_equal(d.logits, dlogits, sizeof dlogits);
}

static void equal_logits_cost_the_logarithm_of_their_number_and_large_ones_do_not_overflow(void **state)
{
    (void)state;
    const float equal[4] = {2, 2, 2, 2}, large[2] = {1e30f, 0};
    const int answer[1] = {1};
    float slope[2];
    assert_float_equal(ssmi_cross_entropy_f32(NULL, equal, answer, 1, 1, 4), log(4), 1e-6);
    assert_float_equal(ssmi_cross_entropy_f32(slope, large, answer, 0.5f, 1, 2) / 1e30, 1, 1e-6);
    assert_true(slope[0] == 0.5f && slope[1] == -0.5f);
}

static void dropout_keeps_the_mean_and_follows_its_key(void **state)
{
    (void)state;
    enum { N = 40000 };
    static float mask[N], again[N], other[N];
    double sum = 0;
    size_t different = 0;
    ssmi_dropout_mask_f32(mask, N, 0.25, 1);
    ssmi_dropout_mask_f32(again, N, 0.25, 1);
    ssmi_dropout_mask_f32(other, N, 0.25, 2);
    for (size_t i = 0; i < N; i++) {
        sum += (double)mask[i];
        different += mask[i] != other[i];
        assert_true(mask[i] == 0 || fabsf(mask[i] - 4.0f / 3) < 1e-6f);
    }
    assert_memory_equal(mask, again, sizeof mask);
    assert_true(fabs(sum / N - 1) < 4 * sqrt(1.0 / 3 / N)); /* four standard errors */
    assert_true(different > N / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_of_linear_matches_differences),
        cmocka_unit_test(the_gradient_of_rmsnorm_matches_differences),
        cmocka_unit_test(rmsnorm_of_three_and_four_is_known),
        cmocka_unit_test(the_gradient_of_silu_matches_differences),
        cmocka_unit_test(the_gradient_of_gelu_matches_differences_and_gelu_of_one_is_known),
        cmocka_unit_test(activations_agree_with_their_definitions_on_every_path),
        cmocka_unit_test(the_gradient_of_a_rotation_matches_differences),
        cmocka_unit_test(the_gradient_of_the_convolution_matches_differences),
        cmocka_unit_test(a_convolution_in_pieces_gives_the_same_bits),
        cmocka_unit_test(the_adjoint_of_a_convolution_of_any_shape_follows_its_definition),
        cmocka_unit_test(the_gradient_of_an_embedding_matches_differences),
        cmocka_unit_test(the_gradient_of_cross_entropy_matches_differences),
        cmocka_unit_test(equal_logits_cost_the_logarithm_of_their_number_and_large_ones_do_not_overflow),
        cmocka_unit_test(dropout_keeps_the_mean_and_follows_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
