/* Every instance of the inference kernels against plain double-precision loops, and the Mamba-2 recurrence
 * against the diagonal recurrence of the core. */
#include "core/fixture.h"

#include "core/recurrence.h"
#include "neural/inference.h"

static float *singles(fixture *f, size_t count)
{
    float *x = SSMI_ALLOC(&f->arena, float, count);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) x[i] = (float)(2 * gsl_rng_uniform(f->rng) - 1);
    return x;
}

/* |x - y| <= tolerance * max(1, largest |y|). */
static void assert_singles(const float *x, const double *y, size_t count, double tolerance)
{
    double scale = 1, worst = 0;
    for (size_t i = 0; i < count; i++) {
        scale = fmax(scale, fabs(y[i]));
        worst = fmax(worst, isnan(x[i]) ? INFINITY : fabs(x[i] - y[i]));
    }
    if (worst > tolerance * scale) fail_msg("difference %g exceeds %g * %g", worst, tolerance, scale);
}

static const struct {
    size_t rows, in, out;
} shapes[] = {{1, 1, 1}, {2, 3, 16}, {5, 7, 17}, {6, 90, 33}, {13, 64, 4}, {25, 33, 40}, {37, 128, 31}};
enum { N_SHAPES = sizeof shapes / sizeof *shapes };

/* y (rows, out) = x W' + bias + start, the slow way; NULL: zeros. */
static double *slow_product(fixture *f, const float *x, const float *w, const float *bias, const float *start,
                            size_t k)
{
    const size_t in = shapes[k].in, out = shapes[k].out;
    double *y = zeros(f, shapes[k].rows * out);
    for (size_t i = 0; i < shapes[k].rows * out; i++) {
        y[i] = (bias != NULL ? bias[i % out] : 0) + (start != NULL ? start[i] : 0);
        for (size_t j = 0; j < in; j++) y[i] += (double)x[i / out * in + j] * w[i % out * in + j];
    }
    return y;
}

/* Sums of up to 128 products of numbers below one: 128 half units in the last place. */
static void products_equal_the_definition(void **state)
{
    fixture *f = *state;
    for (size_t k = 0; k < N_SHAPES; k++) {
        const size_t rows = shapes[k].rows, in = shapes[k].in, out = shapes[k].out;
        const float *x = singles(f, rows * in), *w = singles(f, out * in), *bias = singles(f, out);
        const float *start = singles(f, rows * out);
        const double *plain = slow_product(f, x, w, NULL, NULL, k),
                     *added = slow_product(f, x, w, bias, start, k);
        ssmi_packed bare, full;
        assert_int_equal(ssmi_pack(&bare, w, NULL, out, in, 0, &f->arena), SSM_OK);
        assert_int_equal(ssmi_pack(&full, w, bias, out, in, 0, &f->arena), SSM_OK);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
            float *y = singles(f, rows * out + 1);
            y[rows * out] = 42;
            run->product(y, out, x, in, &bare, rows, 0);
            assert_singles(y, plain, rows * out, 1e-5);
            memcpy(y, start, rows * out * sizeof *y);
            run->product(y, out, x, in, &full, rows, 1);
            assert_singles(y, added, rows * out, 1e-5);
            assert_true(y[rows * out] == 42); /* nothing written behind the end */
            run->vector(y, x, &bare);
            assert_singles(y, plain, out, 1e-5);
            assert_true(rows > 1 || y[out] == 42);
        }
    }
}

static void rows_do_not_depend_on_their_neighbours(void **state)
{
    fixture *f = *state;
    enum { ROWS = 29, IN = 40, OUT = 24 };
    const float *x = singles(f, (size_t)ROWS * IN), *w = singles(f, (size_t)OUT * IN);
    ssmi_packed packed;
    assert_int_equal(ssmi_pack(&packed, w, NULL, OUT, IN, 0, &f->arena), SSM_OK);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
        float *all = singles(f, (size_t)ROWS * OUT), one[OUT];
        run->product(all, OUT, x, IN, &packed, ROWS, 0);
        for (size_t r = 0; r < ROWS; r++) {
            run->product(one, OUT, x + r * IN, IN, &packed, 1, 0);
            assert_memory_equal(one, all + r * OUT, sizeof one);
        }
    }
}

/* The integers are exact, so all instances agree on them; weights and inputs are within half a step. */
static void integer_products_err_by_their_rounding_only(void **state)
{
    fixture *f = *state;
    for (size_t k = 0; k < N_SHAPES; k++) {
        const size_t rows = shapes[k].rows, in = shapes[k].in, out = shapes[k].out;
        const float *x = singles(f, rows * in), *w = singles(f, out * in), *bias = singles(f, out);
        const double *exact = slow_product(f, x, w, bias, NULL, k);
        ssmi_packed packed;
        assert_int_equal(ssmi_pack(&packed, w, bias, out, in, 1, &f->arena), SSM_OK);
        float *first = NULL;
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
            int16_t *q = SSMI_ALLOC(&f->arena, int16_t, rows * (in + 1));
            float *scale = singles(f, rows), *y = singles(f, rows * out);
            run->quantise(q, scale, x, in, rows, in);
            run->product8(y, out, q, scale, &packed, rows, 0);
            for (size_t i = 0; i < rows * out; i++)
                assert_true(fabs(y[i] - exact[i]) <= (double)in * (0.5 / 127 + 0.5 / 32767) + 1e-5);
            if (first != NULL) assert_memory_equal(first, y, rows * out * sizeof *y);
            first = y;
        }
    }
}

/* 512 columns of the largest integers: the sum is 2130641408, the limit 2147483647. */
static void integer_sums_do_not_overflow_at_the_widest(void **state)
{
    fixture *f = *state;
    enum { IN = SSMI_PACKED8_COLUMNS };
    float x[IN], w[IN], y, scale;
    int16_t q[IN];
    for (size_t j = 0; j < IN; j++) x[j] = w[j] = 1;
    ssmi_packed packed;
    assert_int_equal(ssmi_pack(&packed, w, NULL, 1, IN, 1, &f->arena), SSM_OK);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
        run->quantise(q, &scale, x, IN, 1, IN);
        run->product8(&y, 1, q, &scale, &packed, 1, 0);
        assert_true(fabsf(y - IN) < 1e-3f);
    }
}

static double silu_of(double z)
{
    return z / (1 + exp(-z));
}

static void norms_and_gates_equal_the_definition(void **state)
{
    fixture *f = *state;
    enum { ROWS = 3 };
    static const size_t widths[] = {1, 5, 16, 37, 64};
    for (size_t k = 0; k < 5; k++) {
        const size_t width = widths[k], n = ROWS * width;
        const float *x = singles(f, n), *z = singles(f, n), *w = singles(f, width);
        double *normed = zeros(f, n), *gated = zeros(f, n), *soft = zeros(f, n);
        for (size_t i = 0; i < n; i++) soft[i] = silu_of(z[i]), gated[i] = x[i] * soft[i], normed[i] = x[i];
        for (size_t r = 0; r < ROWS; r++) {
            double a = 0, b = 0;
            for (size_t j = 0; j < width; j++) {
                a += normed[r * width + j] * normed[r * width + j] / (double)width;
                b += gated[r * width + j] * gated[r * width + j] / (double)width;
            }
            for (size_t j = 0; j < width; j++) {
                normed[r * width + j] *= w[j] / sqrt(a + 1e-6);
                gated[r * width + j] *= w[j] / sqrt(b + 1e-6);
            }
        }
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
            float *y = singles(f, n);
            run->norm(y, x, w, ROWS, width);
            assert_singles(y, normed, n, 2e-6);
            memcpy(y, x, n * sizeof *y);
            run->gated_norm(y, z, w, ROWS, width);
            assert_singles(y, gated, n, 2e-6);
            memcpy(y, z, n * sizeof *y);
            run->silu(y, n);
            assert_singles(y, soft, n, 1e-6);
        }
    }
}

enum { BATCH = 2, LENGTH = 23, HEADS = 3, STATES = 6, MOST_WIDTH = 112 };

typedef struct scan {
    ssmi_ssd ssd;
    float *raw, *bias, *A, *dt, *decay; /* raw (rows, heads) */
} scan;

static scan make_scan(fixture *f, size_t width, double fastest)
{
    const size_t rows = (size_t)BATCH * LENGTH;
    scan s = {.raw = singles(f, rows * HEADS), .bias = singles(f, HEADS), .A = singles(f, HEADS)};
    for (size_t i = 0; i < HEADS; i++) s.A[i] = -(float)fastest * (1.001f + s.A[i]);
    s.dt = singles(f, rows * HEADS);
    s.decay = singles(f, rows * HEADS);
    s.ssd = (ssmi_ssd){.batch = BATCH, .length = LENGTH, .heads = HEADS, .width = width, .states = STATES};
    s.ssd.x = singles(f, rows * (HEADS * width + 5));
    s.ssd.x_stride = HEADS * width + 5;
    s.ssd.B = singles(f, rows * 2 * STATES);
    s.ssd.C = s.ssd.B + STATES;
    s.ssd.bc_stride = (size_t)2 * STATES;
    s.ssd.dt = s.dt;
    s.ssd.decay = s.decay;
    s.ssd.D = singles(f, HEADS);
    return s;
}

/* One head of one sequence by the core's recurrence: lanes are (states, width), a is the same for all of
 * them. */
static void head_by_recurrence(fixture *f, double *y, double *last, const scan *s, const double *start,
                               size_t b, size_t head)
{
    const size_t n = STATES * s->ssd.width, width = s->ssd.width;
    double *a = zeros(f, LENGTH * n), *in = zeros(f, LENGTH * n), *h = zeros(f, LENGTH * n);
    for (size_t t = 0; t < LENGTH; t++) {
        const size_t row = b * LENGTH + t;
        const double step = log1p(exp((double)s->raw[row * HEADS + head] + s->bias[head]));
        for (size_t i = 0; i < n; i++) {
            a[t * n + i] = exp(step * s->A[head]);
            in[t * n + i] = step * s->ssd.B[row * s->ssd.bc_stride + i / width] *
                            s->ssd.x[row * s->ssd.x_stride + head * width + i % width];
        }
    }
    ssmi_kernels_for(SSMI_ISA_PORTABLE)->recur_f64(h, a, in, start, n, LENGTH, n);
    for (size_t t = 0; t < LENGTH; t++) {
        const size_t row = b * LENGTH + t;
        for (size_t e = 0; e < width; e++) {
            double *out = &y[(row * HEADS + head) * width + e];
            *out = (double)s->ssd.D[head] * s->ssd.x[row * s->ssd.x_stride + head * width + e];
            for (size_t i = 0; i < STATES; i++)
                *out += s->ssd.C[row * s->ssd.bc_stride + i] * h[t * n + i * width + e];
        }
    }
    memcpy(last, h + (LENGTH - 1) * n, n * sizeof *last);
}

/* `y`: of the recurrence from zeros. Also when only the last rows are wanted. */
static void assert_dual_agrees(fixture *f, const ssmi_inference *run, const float *y, ssmi_ssd *s)
{
    const size_t row = s->heads * s->width, rows = (size_t)BATCH * LENGTH;
    float *scratch = singles(f, ssmi_ssd_scratch(s)), *all = singles(f, rows * row),
          *some = singles(f, rows * row);
    double *expected = zeros(f, rows * row);
    for (size_t i = 0; i < rows * row; i++) expected[i] = y[i];
    run->ssd_dual(all, scratch, s);
    assert_singles(all, expected, rows * row, 5e-6);
    const float before = some[0];
    s->from = 10;
    run->ssd_dual(some, scratch, s);
    s->from = 0;
    assert_true(some[0] == before);
    for (size_t b = 0; b < BATCH; b++)
        assert_singles(some + (b * LENGTH + 10) * row, expected + (b * LENGTH + 10) * row,
                       (LENGTH - 10) * row, 5e-6);
}

static void the_recurrence_and_its_dual_are_that_of_the_core(void **state)
{
    fixture *f = *state;
    static const size_t widths[] = {16, 32, 48, 64, MOST_WIDTH};
    static const double fastest[] = {0.02, 2, 400}; /* slow decays, usual ones, and some that underflow */
    for (size_t k = 0; k < 15; k++) {
        const size_t width = widths[k % 5], rows = (size_t)BATCH * LENGTH, n = STATES * width;
        scan s = make_scan(f, width, fastest[k / 5]);
        const float *start = singles(f, BATCH * HEADS * n);
        double *y = zeros(f, rows * HEADS * width), *last = zeros(f, BATCH * HEADS * n), *first = zeros(f, n);
        for (size_t i = 0; i < (size_t)BATCH * HEADS; i++) {
            for (size_t j = 0; j < n; j++) first[j] = start[i * n + j];
            head_by_recurrence(f, y, last + i * n, &s, first, i / HEADS, i % HEADS);
        }
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
            float *got = singles(f, rows * HEADS * width), *h = singles(f, BATCH * HEADS * n);
            memcpy(h, start, BATCH * HEADS * n * sizeof *h);
            run->steps(s.dt, s.decay, s.raw, HEADS, s.bias, s.A, rows, HEADS);
            run->ssd(got, h, &s.ssd);
            assert_singles(got, y, rows * HEADS * width, 5e-6);
            assert_singles(h, last, BATCH * HEADS * n, 5e-6);
            memset(h, 0, BATCH * HEADS * n * sizeof *h);
            run->ssd(got, h, &s.ssd);
            assert_dual_agrees(f, run, got, &s.ssd);
        }
    }
}

static void rows_that_are_not_wanted_are_not_written_and_change_nothing(void **state)
{
    fixture *f = *state;
    enum { WIDTH = 32, FROM = 9 };
    const size_t rows = (size_t)BATCH * LENGTH, row = HEADS * WIDTH;
    scan s = make_scan(f, WIDTH, 2);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_inference *run = ssmi_inference_for((ssmi_isa)isa);
        float *all = singles(f, rows * row), *some = singles(f, rows * row);
        const float *kept = memcpy(SSMI_ALLOC(&f->arena, float, rows *row), some, rows * row * sizeof *some);
        float *h1 = SSMI_ALLOC(&f->arena, float, (size_t)BATCH *STATES *row);
        float *h2 = SSMI_ALLOC(&f->arena, float, (size_t)BATCH *STATES *row);
        run->steps(s.dt, s.decay, s.raw, HEADS, s.bias, s.A, rows, HEADS);
        s.ssd.from = 0;
        run->ssd(all, h1, &s.ssd);
        s.ssd.from = FROM;
        run->ssd(some, h2, &s.ssd);
        for (size_t r = 0; r < rows; r++) {
            const float *expected = r % LENGTH < FROM ? kept : all;
            assert_memory_equal(some + r * row, expected + r * row, row * sizeof *some);
        }
        assert_memory_equal(h1, h2, (size_t)BATCH * STATES * row * sizeof *h1);
    }
}

static void turning_is_multiplication_by_a_complex_number(void **state)
{
    fixture *f = *state;
    float v[6] = {1, 2, 3, 0, 1, -1}, turn[6];
    const double angle[3] = {0, 1.5707963267948966, 1};
    (void)f;
    for (size_t i = 0; i < 3; i++) turn[i] = (float)cos(angle[i]), turn[i + 3] = (float)sin(angle[i]);
    const double expected[6] = {1, -1, 3 * cos(1) + sin(1), 0, 2, 3 * sin(1) - cos(1)};
    ssmi_inference_for(ssmi_cpu_isa())->rotate(v, 6, turn, 1, 3);
    assert_singles(v, expected, 6, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(products_equal_the_definition),
        TEST(rows_do_not_depend_on_their_neighbours),
        TEST(integer_products_err_by_their_rounding_only),
        TEST(integer_sums_do_not_overflow_at_the_widest),
        TEST(norms_and_gates_equal_the_definition),
        TEST(the_recurrence_and_its_dual_are_that_of_the_core),
        TEST(rows_that_are_not_wanted_are_not_written_and_change_nothing),
        TEST(turning_is_multiplication_by_a_complex_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
