/* The blocked scan against the loop it stands for, with an operation that does not commute. */
#include "core/fixture.h"

#include "core/recurrence.h"
#include "core/scan_blocked.h"

/* Affine maps x -> a x + b; left is applied first. */
typedef struct affine {
    double a, b;
} affine;

static void compose(void *out, const void *left, const void *right, const void *user, void *scratch)
{
    const affine *l = left, *r = right;
    (void)user;
    (void)scratch;
    *(affine *)out = (affine){r->a * l->a, r->a * l->b + r->b};
}

static const ssmi_scan_operation affine_operation = {.size = sizeof(affine), .combine = compose};

/* Concatenation of digits modulo a prime, exact in integers: (value, 10^length). */
typedef struct digits {
    uint64_t value, shift;
} digits;

static void concatenate(void *out, const void *left, const void *right, const void *user, void *scratch)
{
    const digits *l = left, *r = right;
    const uint64_t prime = *(const uint64_t *)user;
    memset(scratch, 0xff, 24); /* scratch is ours to use */
    *(digits *)out = (digits){(l->value * r->shift + r->value) % prime, l->shift * r->shift % prime};
}

static void every_prefix_and_suffix_is_the_ordered_product(void **state)
{
    fixture *f = *state;
    const uint64_t prime = 1000003;
    const ssmi_scan_operation operation = {sizeof(digits), 24, concatenate, &prime};
    for (size_t count = 0; count < 2000; count = count < 40 ? count + 1 : 2 * count + 3) {
        for (int reverse = 0; reverse < 2; reverse++) {
            digits *x = SSMI_ALLOC(&f->arena, digits, count), *y = SSMI_ALLOC(&f->arena, digits, count);
            for (size_t i = 0; i < count; i++) x[i] = y[i] = (digits){gsl_rng_uniform_int(f->rng, 10), 10};
            for (size_t i = 1; i < count; i++) {
                unsigned char work[24];
                digits product, *now = reverse ? &y[count - 1 - i] : &y[i];
                if (reverse)
                    concatenate(&product, now, now + 1, &prime, work);
                else
                    concatenate(&product, now - 1, now, &prime, work);
                *now = product;
            }
            ssmi_scan_direction direction = reverse ? SSMI_SCAN_REVERSE : SSMI_SCAN_FORWARD;
            assert_int_equal(ssmi_scan_blocked(&operation, x, count, direction, &f->arena), SSM_OK);
            assert_memory_equal(x, y, count * sizeof *x);
        }
    }
}

static affine *random_maps(fixture *f, size_t count)
{
    affine *x = SSMI_ALLOC(&f->arena, affine, count);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++)
        x[i] = (affine){gsl_rng_uniform(f->rng), 2 * gsl_rng_uniform(f->rng) - 1};
    return x;
}

static void pairs_give_the_recurrence(void **state)
{
    fixture *f = *state;
    enum { COUNT = 5000 };
    affine *x = random_maps(f, COUNT);
    double *a = zeros(f, COUNT), *b = zeros(f, COUNT), *h = zeros(f, COUNT), *scanned = zeros(f, COUNT);
    for (size_t i = 0; i < COUNT; i++) a[i] = x[i].a, b[i] = x[i].b;
    ssmi_kernels_for(SSMI_ISA_PORTABLE)->recur_f64(h, a, b, NULL, 1, COUNT, 1);
    assert_int_equal(ssmi_scan_blocked(&affine_operation, x, COUNT, SSMI_SCAN_FORWARD, &f->arena), SSM_OK);
    for (size_t i = 0; i < COUNT; i++) scanned[i] = x[i].b;
    assert_close(scanned, h, COUNT, 1e-14); /* contracting maps: only rounding of the last few steps */
}

static void the_thread_count_does_not_change_a_bit(void **state)
{
    fixture *f = *state;
    enum { COUNT = 3001 };
    affine *x = random_maps(f, COUNT), *y = SSMI_ALLOC(&f->arena, affine, COUNT);
    affine *first = SSMI_ALLOC(&f->arena, affine, COUNT);
    for (int reverse = 0; reverse < 2; reverse++) {
        ssmi_scan_direction direction = reverse ? SSMI_SCAN_REVERSE : SSMI_SCAN_FORWARD;
        for (size_t threads = 1; threads < 8; threads++) {
            ssm_context_set_threads(f->ctx, threads);
            memcpy(y, x, COUNT * sizeof *x);
            assert_int_equal(ssmi_scan_blocked(&affine_operation, y, COUNT, direction, &f->arena), SSM_OK);
            if (threads == 1) memcpy(first, y, COUNT * sizeof *y);
            assert_memory_equal(first, y, COUNT * sizeof *y);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_prefix_and_suffix_is_the_ordered_product),
        TEST(pairs_give_the_recurrence),
        TEST(the_thread_count_does_not_change_a_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
