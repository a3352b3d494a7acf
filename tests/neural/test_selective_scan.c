#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "golden.h"
#include "neural/selective_scan.h"

/* The order matters. */
/* clang-format off */
#include "neural/real_f32.h"
#include "scan_check_body.h"
#include "neural/real_end.h"
#include "neural/real_f64.h"
#include "scan_check_body.h"
#include "neural/real_end.h"
/* clang-format on */

/* Double precision differs from the reference only by the order of sums; single precision loses up to about a
 * hundred roundings of 6e-8. */
static void check_file(const char *name)
{
    golden g;
    if (!golden_open(&g, name)) {
        print_message("%s: needs SSMCAST_REFERENCE, the folder of reference vectors\n", name);
        skip();
    }
    check_golden_f64(&g, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE), 1e-10);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++)
        check_golden_f32(&g, ssmi_kernels_of_f32((ssmi_isa)isa), 1e-5);
    golden_free(&g);
}

static void a_plain_scan_matches_the_reference(void **state)
{
    (void)state;
    check_file("scan_plain");
}

static void a_scan_with_skip_matches_the_reference(void **state)
{
    (void)state;
    check_file("scan_skip");
}

static void a_scan_with_softplus_matches_the_reference(void **state)
{
    (void)state;
    check_file("scan_softplus");
}

static void a_gated_scan_matches_the_reference(void **state)
{
    (void)state;
    check_file("scan_full");
}

static void a_scan_of_a_thousand_rows_matches_the_reference(void **state)
{
    (void)state;
    check_file("scan_long");
}

/* A problem of any size with every input present, filled from a small generator. */
static golden random_problem(size_t b, size_t e, size_t l, size_t n)
{
    const struct {
        const char *name;
        size_t dim[3];
        double low, high;
    } parts[] = {
        {"u", {b, e, l}, -1, 1}, {"delta", {b, e, l}, -3, 3}, {"z", {b, e, l}, -3, 3},
        {"B", {b, n, l}, -1, 1}, {"C", {b, n, l}, -1, 1},     {"A", {e, n, 1}, -16, -0.1},
        {"D", {e, 1, 1}, -1, 1}, {"dy", {b, e, l}, -1, 1},    {"delta_bias", {e, 1, 1}, -2, 0},
    };
    golden g = {0};
    uint32_t seed = 20251;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        golden_tensor *t = &g.tensor[g.n++];
        snprintf(t->name, sizeof t->name, "%s", parts[i].name);
        memcpy(t->dim, parts[i].dim, sizeof parts[i].dim);
        t->size = t->dim[0] * t->dim[1] * t->dim[2];
        t->value = calloc(t->size, sizeof *t->value);
        for (size_t k = 0; k < t->size; k++) {
            seed = 1664525u * seed + 1013904223u;
            t->value[k] = parts[i].low + (parts[i].high - parts[i].low) * (seed >> 8) / 16777216.0;
        }
    }
    return g;
}

static void rows_given_one_by_one_or_in_odd_pieces_give_the_same_bits(void **state)
{
    (void)state;
    golden g = random_problem(1, 21, 77, 18);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
        run_f32 whole = open_run_f32(&g), parts = open_run_f32(&g);
        kernels->scan_forward(whole.y, whole.state, NULL, &whole.scan);
        for (size_t t = 0, piece = 1; t < 77; t += piece) {
            piece = t < 20 ? 1 : t < 41 ? 7 : 36;
            ssmi_scan_f32 s = parts.scan;
            s.length = piece;
            s.x += t * s.x_stride, s.delta += t * s.delta_stride, s.z += t * s.z_stride;
            s.B += t * s.bc_stride, s.C += t * s.bc_stride;
            kernels->scan_forward(parts.y + t * s.channels, parts.state, NULL, &s);
        }
        assert_memory_equal(parts.y, whole.y, sizeof(float) * 77 * 21);
        assert_memory_equal(parts.state, whole.state, sizeof(float) * 21 * 18);
        close_run_f32(&whole);
        close_run_f32(&parts);
    }
    golden_free(&g);
}

/* The definition, one line per equation; the oracle of every instance. */
static void brute_force(double *y, const run_f64 *r)
{
    const ssmi_scan_f64 *s = &r->scan;
    for (size_t i = 0; i < s->batch * s->channels; i++) {
        const size_t b = i / s->channels, e = i % s->channels;
        double h[64] = {0};
        for (size_t t = 0; t < s->length; t++) {
            const size_t row = b * s->length + t;
            double x = s->x[row * s->channels + e], z = s->z[row * s->channels + e];
            double dt = log1p(exp(s->delta[row * s->channels + e] + s->delta_bias[e])), out = s->D[e] * x;
            for (size_t n = 0; n < s->states; n++) {
                double A = s->A2[n * s->channels + e] * 0.69314718055994531;
                h[n] = exp(dt * A) * h[n] + dt * s->B[row * s->states + n] * x;
                out += s->C[row * s->states + n] * h[n];
            }
            y[row * s->channels + e] = out * z / (1 + exp(-z));
        }
    }
}

static void every_shape_of_edges_agrees_with_brute_force(void **state)
{
    static const size_t shapes[][4] = {{1, 1, 1, 1},   {2, 8, 32, 16},  {1, 9, 33, 5}, {3, 16, 31, 4},
                                       {1, 17, 64, 3}, {2, 31, 65, 16}, {1, 40, 3, 33}};
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t b = shapes[i][0], e = shapes[i][1], l = shapes[i][2], n = shapes[i][3];
        golden g = random_problem(b, e, l, n);
        run_f64 reference = open_run_f64(&g);
        golden_tensor expected = {.size = b * l * e, .value = calloc(b * l * e, sizeof(double))};
        double *got = calloc(b * l * e, sizeof *got);
        brute_force(expected.value, &reference);
        ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)
            ->scan_forward(reference.y, reference.state, NULL, &reference.scan);
        assert_true(golden_error(reference.y, &expected) < 1e-13);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            run_f32 r = open_run_f32(&g);
            ssmi_kernels_of_f32((ssmi_isa)isa)->scan_forward(r.y, r.state, NULL, &r.scan);
            for (size_t k = 0; k < b * l * e; k++) got[k] = (double)r.y[k];
            assert_true(golden_error(got, &expected) < 2e-6);
            close_run_f32(&r);
        }
        free(got);
        free(expected.value);
        close_run_f64(&reference);
        golden_free(&g);
    }
}

static void decays_beyond_the_smallest_float_forget_and_stay_finite(void **state)
{
    (void)state;
    golden g = random_problem(1, 11, 40, 7);
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        run_f32 r = open_run_f32(&g);
        float *A2 = calloc(11 * 7, sizeof *A2), *delta = calloc(40 * 11, sizeof *delta);
        for (size_t i = 0; i < 11 * 7; i++) A2[i] = i % 3 == 0 ? -1e4f : -1.0f;
        for (size_t i = 0; i < 40 * 11; i++) delta[i] = 30.0f;
        ssmi_scan_f32 s = r.scan;
        s.A2 = A2, s.delta = delta;
        ssmi_kernels_of_f32((ssmi_isa)isa)->scan_forward(r.y, r.state, NULL, &s);
        for (size_t n = 0; n < 7; n++) {
            for (size_t e = 0; e < 11; e++) {
                float last = (30.0f + s.delta_bias[e]) * s.x[39 * 11 + e] * s.B[39 * 7 + n];
                if ((n * 11 + e) % 3 == 0)
                    assert_true(fabsf(r.state[n * 11 + e] - last) <= 1e-6f * fabsf(last));
                assert_true(isfinite(r.state[n * 11 + e]));
            }
        }
        free(A2);
        free(delta);
        close_run_f32(&r);
    }
    golden_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_scan_matches_the_reference),
        cmocka_unit_test(a_scan_with_skip_matches_the_reference),
        cmocka_unit_test(a_scan_with_softplus_matches_the_reference),
        cmocka_unit_test(a_gated_scan_matches_the_reference),
        cmocka_unit_test(a_scan_of_a_thousand_rows_matches_the_reference),
        cmocka_unit_test(rows_given_one_by_one_or_in_odd_pieces_give_the_same_bits),
        cmocka_unit_test(every_shape_of_edges_agrees_with_brute_force),
        cmocka_unit_test(decays_beyond_the_smallest_float_forget_and_stay_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
