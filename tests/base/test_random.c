#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/counting.h"
#include "base/random.h"

#include <math.h>

enum { DRAWS = 10000 };

typedef struct fixture {
    ssm_context *ctx;
    ssm_arena arena;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    if (ssm_context_new(NULL, &f.ctx) != SSM_OK) return -1;
    ssmi_arena_init(&f.arena, f.ctx);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ssmi_arena_clear(&f->arena);
    ssm_context_free(f->ctx);
    return 0;
}

static gsl_rng *stream(fixture *f, uint64_t seed, uint64_t number)
{
    ssm_context_set_seed(f->ctx, seed);
    gsl_rng *rng = ssmi_random_stream(&f->arena, number);
    assert_non_null(rng);
    return rng;
}

static void equal_seed_and_stream_give_equal_sequences(void **state)
{
    fixture *f = *state;
    gsl_rng *a = stream(f, 42, 7), *b = stream(f, 42, 7);
    for (int i = 0; i < DRAWS; i++) assert_int_equal(gsl_rng_get(a), gsl_rng_get(b));
}

/* First draw of MT19937 seeded with what splitmix64 makes of (seed, stream). If these move, every result
 * that depends on a seed moves with them. */
static void the_sequences_are_pinned(void **state)
{
    fixture *f = *state;
    assert_int_equal(gsl_rng_get(stream(f, 1, 0)), 3445202286UL);
    assert_int_equal(gsl_rng_get(stream(f, 1, 1)), 3639348711UL);
    assert_int_equal(gsl_rng_get(stream(f, 2, 0)), 2615512921UL);
}

static void neighbouring_seeds_and_streams_start_apart(void **state)
{
    fixture *f = *state;
    unsigned long first[32 * 32];
    for (uint64_t seed = 0; seed < 32; seed++) {
        for (uint64_t number = 0; number < 32; number++)
            first[seed * 32 + number] = gsl_rng_get(stream(f, seed, number));
    }
    for (size_t i = 0; i < 32 * 32; i++) {
        for (size_t j = 0; j < i; j++) assert_int_not_equal(first[i], first[j]);
    }
}

/* The correlation of two independent uniform samples has standard deviation 1/sqrt(DRAWS) = 0.01; 0.05 is
 * five of them, and the samples are fixed, so the test cannot fail by chance. */
static void neighbouring_streams_are_uncorrelated(void **state)
{
    fixture *f = *state;
    for (uint64_t number = 0; number < 8; number++) {
        gsl_rng *a = stream(f, 1, number), *b = stream(f, 1, number + 1);
        double sum = 0.0;
        for (int i = 0; i < DRAWS; i++) sum += (gsl_rng_uniform(a) - 0.5) * (gsl_rng_uniform(b) - 0.5);
        assert_true(fabs(sum / DRAWS * 12.0) < 0.05);
    }
}

static void no_memory_gives_no_generator(void **state)
{
    (void)state;
    for (size_t n = 2; n <= 3; n++) {
        counting counter = {.fail_at = n};
        ssm_allocator allocator = counting_allocator(&counter);
        ssm_context *ctx;
        ssm_arena arena;
        assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
        ssmi_arena_init(&arena, ctx);
        assert_null(ssmi_random_stream(&arena, 0));
        ssmi_arena_clear(&arena);
        ssm_context_free(ctx);
        assert_int_equal(counter.blocks_out, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_seed_and_stream_give_equal_sequences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_sequences_are_pinned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(neighbouring_seeds_and_streams_start_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(neighbouring_streams_are_uncorrelated, set_up, tear_down),
        cmocka_unit_test(no_memory_gives_no_generator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
