#include "models/ensemble_pool.h"

#include "models/fixture.h"

static const double three[] = {0.1, 0.5, 0.9}, five[] = {0.025, 0.1, 0.5, 0.9, 0.975};

static void points_are_kept_within_the_judges_bounds(void **state)
{
    (void)state;
    double mean[] = {0, 8}, q[2][2] = {{-1, 2}, {7, 9}}, out_mean;
    const ssm_forecast part[] = {{1, 2, ssmi_ensemble_bounds, &mean[0], q[0]},
                                 {1, 2, ssmi_ensemble_bounds, &mean[1], q[1]}};
    ssm_forecast out = {.horizon = 1, .mean = &out_mean};
    ssmi_ensemble_pool pool = {2, {0.5, 0.5}, {1, 1}, 0};
    ssmi_ensemble_combine(&out, &pool, part);
    assert_near(out_mean, 1, 1e-15);
    pool.judge = 1;
    ssmi_ensemble_combine(&out, &pool, part);
    assert_near(out_mean, 7.5, 1e-15);
    pool.judge = 2;
    ssmi_ensemble_combine(&out, &pool, part);
    assert_near(out_mean, 4, 1e-15);
}

/* Two members, two steps, and levels of which some are asked for. */
typedef struct parts {
    double mean[2][2], quantile[2][10];
    ssm_forecast part[2];
    double pooled_mean[2], pooled[6];
    ssm_forecast out;
} parts;

static void make(parts *p)
{
    *p = (parts){.mean = {{1, 2}, {3, 5}}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 10; k++)
            p->quantile[i][k] = p->mean[i][k / 5] + (double)(i + 1) * ((double)(k % 5) - 1.5);
        p->part[i] = (ssm_forecast){2, 5, five, p->mean[i], p->quantile[i]};
    }
    p->out = (ssm_forecast){2, 3, three, p->pooled_mean, p->pooled};
}

static void equal_trust_and_no_judge_average_quantiles(void **state)
{
    (void)state;
    parts p;
    make(&p);
    const ssmi_ensemble_pool pool = {2, {0.3, 0.7}, {2, 2}, 2};
    ssmi_ensemble_combine(&p.out, &pool, p.part);
    for (size_t h = 0; h < 2; h++) {
        assert_near(p.pooled_mean[h], 0.3 * p.mean[0][h] + 0.7 * p.mean[1][h], 1e-14);
        for (size_t k = 0; k < 3; k++)
            assert_near(p.pooled[h * 3 + k],
                        0.3 * p.quantile[0][h * 5 + k + 1] + 0.7 * p.quantile[1][h * 5 + k + 1], 1e-14);
    }
}

static void trusted_spreads_count_more_around_the_same_centre(void **state)
{
    (void)state;
    parts p;
    make(&p);
    const ssmi_ensemble_pool pool = {2, {0.25, 0.75}, {9, 1}, 2};
    ssmi_ensemble_combine(&p.out, &pool, p.part); /* spreads weigh 3 : 1 */
    for (size_t h = 0; h < 2; h++) {
        const double centre = 0.25 * p.mean[0][h] + 0.75 * p.mean[1][h];
        assert_near(p.pooled_mean[h], centre, 1e-14);
        for (size_t k = 0; k < 3; k++)
            assert_near(p.pooled[h * 3 + k], centre + (0.75 + 0.25 * 2) * ((double)k - 0.5), 1e-14);
    }
}

static void a_member_without_weight_has_no_say(void **state)
{
    (void)state;
    parts p;
    make(&p);
    const ssmi_ensemble_pool pool = {2, {0, 1}, {8, 1}, 2};
    ssmi_ensemble_combine(&p.out, &pool, p.part);
    for (size_t h = 0; h < 2; h++)
        for (size_t k = 0; k < 3; k++) assert_near(p.pooled[h * 3 + k], p.quantile[1][h * 5 + k + 1], 1e-14);
}

static void members_are_asked_for_the_bounds_once(void **state)
{
    (void)state;
    static const double near[] = {0.01, 0.025, 0.03}, outer[] = {0.001, 0.999};
    const struct {
        size_t n, asked;
        const double *level;
        double expected[5];
    } cases[] = {{0, 2, NULL, {0.025, 0.975}},
                 {3, 5, three, {0.025, 0.1, 0.5, 0.9, 0.975}},
                 {5, 5, five, {0.025, 0.1, 0.5, 0.9, 0.975}},
                 {3, 4, near, {0.01, 0.025, 0.03, 0.975}},
                 {2, 4, outer, {0.001, 0.025, 0.975, 0.999}}};
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ssm_forecast out = {.horizon = 7, .n_levels = cases[i].n, .level = cases[i].level};
        ssm_forecast request;
        ssmi_ensemble_pool pool = {.n = 1, .judge = 0};
        assert_int_equal(ssmi_ensemble_request(&request, &pool, &out, &arena), SSM_OK);
        assert_int_equal(request.horizon, 7);
        assert_int_equal(request.n_levels, cases[i].asked);
        assert_memory_equal(request.level, cases[i].expected, cases[i].asked * sizeof(double));
        pool.judge = 1; /* none: as asked */
        assert_int_equal(ssmi_ensemble_request(&request, &pool, &out, &arena), SSM_OK);
        assert_int_equal(request.n_levels, cases[i].n);
        assert_ptr_equal(request.level, cases[i].level);
    }
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_kept_within_the_judges_bounds),
        cmocka_unit_test(equal_trust_and_no_judge_average_quantiles),
        cmocka_unit_test(trusted_spreads_count_more_around_the_same_centre),
        cmocka_unit_test(a_member_without_weight_has_no_say),
        cmocka_unit_test(members_are_asked_for_the_bounds_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
