#include "forecast/conformal.h"

#include "base/random.h"
#include "models/fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

typedef struct world {
    ssm_context *ctx;
    ssm_arena arena;
    gsl_rng *rng;
} world;

static int make_world(void **state)
{
    static world w;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    w.ctx = ctx;
    ssmi_arena_init(&w.arena, ctx);
    w.rng = ssmi_random_stream(&w.arena, 3);
    *state = &w;
    return 0;
}

static int free_world(void **state)
{
    world *w = *state;
    ssmi_arena_clear(&w->arena);
    ssm_context_free(w->ctx);
    return 0;
}

static void one_to_nine_have_their_ranks_as_quantiles(void **state)
{
    world *w = *state;
    const double error[] = {5, 9, 1, 3, 7, 2, 8, 6, 4};
    ssmi_conformal c;
    assert_int_equal(ssmi_conformal_fit(&c, error, 9, 1, 9, &w->arena, &w->arena), SSM_OK);
    for (int k = 1; k <= 9; k++) assert_near(ssmi_conformal_offset(&c, 0, k / 10.0), k, 1e-14);
    /* rank 10 of 9: a normal tail of the root mean square beyond the largest */
    double tail = gsl_cdf_ugaussian_Pinv(0.95) - gsl_cdf_ugaussian_Pinv(0.9);
    assert_near(ssmi_conformal_offset(&c, 0, 0.95), 9 + sqrt(285.0 / 9) * tail, 1e-12);
}

static void new_errors_are_covered_at_the_nominal_rate(void **state)
{
    world *w = *state;
    enum { N = 19, REPEATS = 4000 };
    size_t inside = 0, below = 0;
    for (int i = 0; i < REPEATS; i++) {
        double error[N], fresh = gsl_ran_exponential(w->rng, 1);
        ssmi_conformal c;
        for (int k = 0; k < N; k++) error[k] = gsl_ran_exponential(w->rng, 1);
        ssmi_mark mark = ssmi_arena_mark(&w->arena);
        assert_int_equal(ssmi_conformal_fit(&c, error, N, 1, N, &w->arena, &w->arena), SSM_OK);
        below += fresh <= ssmi_conformal_offset(&c, 0, 0.9);
        inside += fresh <= ssmi_conformal_offset(&c, 0, 0.9) && fresh >= ssmi_conformal_offset(&c, 0, 0.1);
        ssmi_arena_rewind(&w->arena, mark);
    }
    /* exact rates 18/20 and 16/20; four standard errors of 4000 draws are 0.019 and 0.025 */
    assert_true(fabs((double)below / REPEATS - 0.9) < 0.019);
    assert_true(fabs((double)inside / REPEATS - 0.8) < 0.025);
}

static void quantiles_never_cross_and_widths_never_shrink_over_steps(void **state)
{
    world *w = *state;
    enum { N = 12, H = 60 };
    double error[N * H];
    for (int i = 0; i < N * H; i++) error[i] = i % 11 == 0 ? NAN : gsl_ran_cauchy(w->rng, 1 + i % H);
    ssmi_conformal c;
    assert_int_equal(ssmi_conformal_fit(&c, error, N, H, N, &w->arena, &w->arena), SSM_OK);
    const double p[] = {1e-6, 0.0005, 0.001, 0.02, 0.1, 0.33, 0.5, 0.51, 0.6, 0.9, 0.977, 0.999, 0.9999999};
    for (size_t h = 0; h < H; h++) {
        for (size_t k = 1; k < sizeof p / sizeof *p; k++)
            assert_true(ssmi_conformal_offset(&c, h, p[k]) >= ssmi_conformal_offset(&c, h, p[k - 1]));
        if (h == 0) continue;
        double now = ssmi_conformal_offset(&c, h, 0.9) - ssmi_conformal_offset(&c, h, 0.1);
        double before = ssmi_conformal_offset(&c, h - 1, 0.9) - ssmi_conformal_offset(&c, h - 1, 0.1);
        assert_true(now >= before * (1 - 1e-12));
    }
}

static void widths_are_the_isotonic_fit_of_the_raw_ones(void **state)
{
    world *w = *state;
    /* spreads 1, 5, 3, 9 at four steps: the middle two pool to 4 */
    const double spread[] = {1, 5, 3, 9};
    double error[9 * 4];
    for (int i = 0; i < 9; i++)
        for (int h = 0; h < 4; h++) error[i * 4 + h] = spread[h] * (i - 4);
    ssmi_conformal c;
    assert_int_equal(ssmi_conformal_fit(&c, error, 9, 4, 9, &w->arena, &w->arena), SSM_OK);
    const double expected[] = {1, 4, 4, 9};
    for (size_t h = 0; h < 4; h++) {
        assert_near(ssmi_conformal_offset(&c, h, 0.9), 4 * expected[h], 1e-13);
        assert_near(ssmi_conformal_offset(&c, h, 0.1), -4 * expected[h], 1e-13);
    }
}

static void steps_without_errors_borrow_and_none_at_all_is_an_error(void **state)
{
    world *w = *state;
    const double error[] = {NAN, 1, NAN, NAN, -1, NAN, NAN, NAN, NAN};
    ssmi_conformal c;
    assert_int_equal(ssmi_conformal_fit(&c, error, 2, 3, 2, &w->arena, &w->arena), SSM_OK);
    for (size_t h = 0; h < 3; h++) {
        assert_near(ssmi_conformal_offset(&c, h, 0.9), ssmi_conformal_offset(&c, 1, 0.9), 1e-15);
        assert_true(ssmi_conformal_offset(&c, h, 0.9) > 0);
    }
    assert_int_equal(ssmi_conformal_fit(&c, error + 6, 1, 3, 1, &w->arena, &w->arena), SSM_E_DATA);
}

static void quantiles_are_offsets_in_units_of_the_scale(void **state)
{
    world *w = *state;
    const double error[] = {-2, -1, 0, 1, 2}, level[] = {0.2, 0.8};
    double mean[] = {10}, quantile[2];
    ssm_forecast out = {1, 2, level, mean, quantile};
    ssmi_conformal c;
    assert_int_equal(ssmi_conformal_fit(&c, error, 5, 1, 5, &w->arena, &w->arena), SSM_OK);
    ssmi_conformal_quantiles(&out, &c, 3);
    for (int k = 0; k < 2; k++)
        assert_near(quantile[k], 10 + 3 * ssmi_conformal_offset(&c, 0, level[k]), 1e-15);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(one_to_nine_have_their_ranks_as_quantiles),
        IN_WORLD(new_errors_are_covered_at_the_nominal_rate),
        IN_WORLD(quantiles_never_cross_and_widths_never_shrink_over_steps),
        IN_WORLD(widths_are_the_isotonic_fit_of_the_raw_ones),
        IN_WORLD(steps_without_errors_borrow_and_none_at_all_is_an_error),
        IN_WORLD(quantiles_are_offsets_in_units_of_the_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
