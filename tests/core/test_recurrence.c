/* Every instance of the recurrence against the definition, and every instance against the others bit by bit.
 */
#include "core/fixture.h"

#include "core/recurrence.h"

#include <stdio.h>

enum { WIDEST = 70, LONGEST = 40 };

/* Every width up to two strips of the widest vectors, and some lengths; the last go over several tiles. */
enum { WIDTHS = 140 };
static const struct {
    size_t T, n;
} sizes[] = {{0, 3}, {1, 1}, {5, 0}, {40, 70}, {2100, 33}, {300, 131}, {37, 4099}};
enum { N_SIZES = WIDTHS + sizeof sizes / sizeof sizes[0] };

static size_t steps_of(size_t i)
{
    return i < WIDTHS ? 3 : sizes[i - WIDTHS].T;
}

static size_t width_of(size_t i)
{
    return i < WIDTHS ? i + 1 : sizes[i - WIDTHS].n;
}

/* The kernels of one element type as one table row; complex rows have twice the columns. */
typedef struct element {
    const char *name;
    size_t size, parts;
} element;

static const element elements[] = {{"f32", sizeof(float), 1},
                                   {"f64", sizeof(double), 1},
                                   {"c32", sizeof(float), 2},
                                   {"c64", sizeof(double), 2}};
enum { N_ELEMENTS = 4 };

typedef struct problem {
    size_t T, n, row, a_step, size;
    void *a, *b, *h0, *G;    /* inputs */
    void *h, *gb, *ga, *gh0; /* outputs, one guard row behind each */
    size_t h_count, ga_count;
} problem;

static void *random_values(fixture *f, size_t size, size_t count)
{
    void *values = ssmi_arena_alloc(&f->arena, count, size);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++) {
        double x = 2 * gsl_rng_uniform(f->rng) - 1;
        if (size == sizeof(float))
            ((float *)values)[i] = (float)x;
        else
            ((double *)values)[i] = x;
    }
    return values;
}

static problem make_problem(fixture *f, element e, size_t T, size_t n, int varies)
{
    problem p = {.T = T, .n = n, .row = e.parts * n, .size = e.size};
    p.a_step = varies ? p.row : 0;
    p.h_count = T * p.row;
    p.ga_count = varies ? T * p.row : p.row;
    p.a = random_values(f, e.size, p.ga_count);
    p.b = random_values(f, e.size, p.h_count);
    p.G = random_values(f, e.size, p.h_count);
    p.h0 = random_values(f, e.size, p.row);
    p.h = random_values(f, e.size, p.h_count + 16);
    p.gb = random_values(f, e.size, p.h_count + 16);
    p.ga = random_values(f, e.size, p.ga_count + 16);
    p.gh0 = random_values(f, e.size, p.row + 16);
    return p;
}

static void run(const ssmi_kernels *k, size_t which, problem *p)
{
#define RUN(type)                                                                                            \
    k->recur_##type(p->h, p->a, p->b, p->h0, p->a_step, p->T, p->n);                                         \
    k->recur_adjoint_##type(p->gb, p->ga, p->gh0, p->G, p->a, p->h, p->h0, p->a_step, p->T, p->n)
    switch (which) {
    case 0:
        RUN(f32);
        break;
    case 1:
        RUN(f64);
        break;
    case 2:
        RUN(c32);
        break;
    default:
        RUN(c64);
        break;
    }
#undef RUN
}

static problem with_fresh_outputs(fixture *f, problem p)
{
    const void *outputs[] = {p.h, p.gb, p.ga, p.gh0};
    const size_t counts[] = {p.h_count + 16, p.h_count + 16, p.ga_count + 16, p.row + 16};
    void *copies[4];
    for (size_t i = 0; i < 4; i++) {
        copies[i] = ssmi_arena_alloc(&f->arena, counts[i], p.size);
        assert_non_null(copies[i]);
        memcpy(copies[i], outputs[i], counts[i] * p.size);
    }
    p.h = copies[0], p.gb = copies[1], p.ga = copies[2], p.gh0 = copies[3];
    return p;
}

/* The whole arrays are compared, with what lies behind the outputs: nothing else may be written. */
static void paths_agree(fixture *f, ssmi_isa isa)
{
    if (ssmi_cpu_isa() < isa) {
        print_message("skipped: this processor lacks the instruction set\n");
        skip();
    }
    for (size_t i = 0; i < 2 * N_SIZES * N_ELEMENTS; i++) {
        ssmi_mark mark = ssmi_arena_mark(&f->arena);
        const size_t which = i % N_ELEMENTS, s = i / N_ELEMENTS % N_SIZES;
        problem p = make_problem(f, elements[which], steps_of(s), width_of(s), i / N_ELEMENTS / N_SIZES != 0);
        problem q = with_fresh_outputs(f, p);
        run(ssmi_kernels_for(SSMI_ISA_PORTABLE), which, &p);
        run(ssmi_kernels_for(isa), which, &q);
        assert_memory_equal(p.h, q.h, (p.h_count + 16) * p.size);
        assert_memory_equal(p.gb, q.gb, (p.h_count + 16) * p.size);
        assert_memory_equal(p.ga, q.ga, (p.ga_count + 16) * p.size);
        assert_memory_equal(p.gh0, q.gh0, (p.row + 16) * p.size);
        ssmi_arena_rewind(&f->arena, mark);
    }
}

static void avx2_gives_the_bits_of_portable(void **state)
{
    paths_agree(*state, SSMI_ISA_AVX2);
}

static void avx512_gives_the_bits_of_portable(void **state)
{
    paths_agree(*state, SSMI_ISA_AVX512);
}

static void forward_is_the_recurrence(void **state)
{
    fixture *f = *state;
    const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());
    for (int varies = 0; varies < 2; varies++) {
        problem p = make_problem(f, elements[1], LONGEST, WIDEST, varies);
        const double *a = p.a, *b = p.b, *h0 = p.h0, *h = p.h;
        k->recur_f64(p.h, a, b, h0, p.a_step, LONGEST, WIDEST);
        for (size_t t = 0; t < LONGEST; t++) {
            for (size_t j = 0; j < WIDEST; j++) {
                double before = t > 0 ? h[(t - 1) * WIDEST + j] : h0[j];
                double product = a[t * p.a_step + j] * before;
                assert_true(h[t * WIDEST + j] == product + b[t * WIDEST + j]);
            }
        }
    }
}

static void complex_forward_is_the_recurrence_of_complex_numbers(void **state)
{
    fixture *f = *state;
    const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());
    problem p = make_problem(f, elements[3], LONGEST, WIDEST, 1);
    const double *a = p.a, *b = p.b, *h = p.h, *before = p.h0;
    k->recur_c64(p.h, a, b, before, p.a_step, LONGEST, WIDEST);
    for (size_t t = 0; t < LONGEST; t++, a += 2 * WIDEST, b += 2 * WIDEST, before = h, h += 2 * WIDEST) {
        for (size_t re = 0, im = WIDEST; re < WIDEST; re++, im++) {
            /* products first: the kernels round each operation on its own */
            double rr = a[re] * before[re], ii = a[im] * before[im];
            double ri = a[re] * before[im], ir = a[im] * before[re];
            assert_true(h[re] == (rr - ii) + b[re]);
            assert_true(h[im] == (ri + ir) + b[im]);
        }
    }
}

static void without_a_start_the_state_starts_at_zero(void **state)
{
    fixture *f = *state;
    const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());
    problem p = make_problem(f, elements[1], LONGEST, WIDEST, 1);
    problem q = with_fresh_outputs(f, p);
    q.h0 = zeros(f, WIDEST);
    p.h0 = NULL;
    run(k, 1, &p);
    run(k, 1, &q);
    assert_memory_equal(p.h, q.h, p.h_count * sizeof(double));
    assert_memory_equal(p.ga, q.ga, p.ga_count * sizeof(double));
}

static void in_place_and_in_pieces_equal_the_whole(void **state)
{
    fixture *f = *state;
    const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());
    problem p = make_problem(f, elements[1], LONGEST, WIDEST, 1);
    k->recur_f64(p.h, p.a, p.b, p.h0, WIDEST, LONGEST, WIDEST);
    double *x = copied(f, p.b, p.h_count), *a = p.a;
    const double *before = p.h0;
    for (size_t t = 0, rows = 1; t < LONGEST; t += rows, rows += 2) { /* odd pieces: 1, 3, 5, ... */
        if (rows > LONGEST - t) rows = LONGEST - t;
        k->recur_f64(x + t * WIDEST, a + t * WIDEST, x + t * WIDEST, before, WIDEST, rows, WIDEST);
        before = x + (t + rows - 1) * WIDEST;
    }
    assert_memory_equal(x, p.h, p.h_count * sizeof(double));
}

/* L = sum G_t h_t is linear in b and in h0, and quadratic at most in each a_t, so central differences are
 * exact up to rounding: the tolerance is rounding over the step. */
static double loss(const ssmi_kernels *k, size_t which, const problem *p, double *h)
{
    double sum = 0;
    const double *G = p->G;
    if (which == 1)
        k->recur_f64(h, p->a, p->b, p->h0, p->a_step, p->T, p->n);
    else
        k->recur_c64(h, p->a, p->b, p->h0, p->a_step, p->T, p->n);
    for (size_t i = 0; i < p->h_count; i++) sum += G[i] * h[i];
    return sum;
}

static void check_gradient(fixture *f, size_t which, const problem *p, double *x, const double *g,
                           size_t count)
{
    const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());
    const double step = 1e-4;
    double *h = zeros(f, p->h_count);
    for (size_t i = 0; i < count; i += 3) {
        const double kept = x[i];
        x[i] = kept + step;
        const double above = loss(k, which, p, h);
        x[i] = kept - step;
        const double below = loss(k, which, p, h);
        x[i] = kept;
        /* with one a for all steps L is a polynomial in a: the error of the difference is O(step^2) */
        assert_true(fabs((above - below) / (2 * step) - g[i]) < 1e-5 * (1 + fabs(g[i])));
    }
}

static void adjoint_is_the_gradient(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < 4; i++) {
        const size_t which = i < 2 ? 1 : 3;
        problem p = make_problem(f, elements[which], 11, 13, (int)(i % 2));
        run(ssmi_kernels_for(ssmi_cpu_isa()), which, &p);
        check_gradient(f, which, &p, p.a, p.ga, p.ga_count);
        check_gradient(f, which, &p, p.b, p.gb, p.h_count);
        check_gradient(f, which, &p, p.h0, p.gh0, p.row);
    }
}

static void adjoint_in_pieces_equals_the_whole(void **state)
{
    fixture *f = *state;
    const ssmi_kernels *k = ssmi_kernels_for(ssmi_cpu_isa());
    problem p = make_problem(f, elements[1], LONGEST, WIDEST, 1);
    run(k, 1, &p);
    const size_t cut = 13, at = cut * WIDEST;
    double *G = copied(f, p.G, p.h_count), *gh0 = zeros(f, WIDEST);
    double *ga = zeros(f, p.ga_count), *a = p.a, *h = p.h;
    k->recur_adjoint_f64(G + at, ga + at, gh0, G + at, a + at, h + at, h + at - WIDEST, WIDEST, LONGEST - cut,
                         WIDEST);
    for (size_t j = 0; j < WIDEST; j++) G[at - WIDEST + j] += gh0[j];
    k->recur_adjoint_f64(G, ga, gh0, G, a, h, p.h0, WIDEST, cut, WIDEST);
    assert_memory_equal(G, p.gb, p.h_count * sizeof(double));
    assert_memory_equal(ga, p.ga, p.ga_count * sizeof(double));
    assert_memory_equal(gh0, p.gh0, WIDEST * sizeof(double));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(forward_is_the_recurrence),
        TEST(complex_forward_is_the_recurrence_of_complex_numbers),
        TEST(without_a_start_the_state_starts_at_zero),
        TEST(in_place_and_in_pieces_equal_the_whole),
        TEST(adjoint_is_the_gradient),
        TEST(adjoint_in_pieces_equals_the_whole),
        TEST(avx2_gives_the_bits_of_portable),
        TEST(avx512_gives_the_bits_of_portable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
