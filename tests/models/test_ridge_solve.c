#include "models/ridge_solve.h"

#include "base/random.h"
#include "models/fixture.h"

#include <gsl/gsl_randist.h>

enum { ROWS = 300, SERIES = 2, LOOKBACK = 9, HORIZON = 5, SPAN = LOOKBACK + HORIZON, FOLDS = 4 };

typedef struct world {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_window_series panel[SERIES];
    ssmi_ridge_task task;
} world;

/* Two noisy series of different lengths; the second has gaps. */
static int make_world(void **state)
{
    static world w;
    assert_int_equal(ssm_context_new(NULL, &w.ctx), SSM_OK);
    ssmi_arena_init(&w.arena, w.ctx);
    gsl_rng *rng = ssmi_random_stream(&w.arena, 3);
    for (int k = 0; k < SERIES; k++) {
        const size_t rows = ROWS - 37 * (size_t)k;
        double *y = SSMI_ALLOC(&w.arena, double, rows);
        assert_non_null(y);
        for (size_t t = 0; t < rows; t++)
            y[t] = k == 1 && t % 29 == 3 ? NAN : sin(0.4 * (double)t) + gsl_ran_gaussian(rng, 0.5);
        const ssm_series series = fixture_series(y, rows, 0);
        assert_int_equal(ssmi_windows_prepare(&w.panel[k], &series, rows, &w.arena), SSM_OK);
    }
    w.task = (ssmi_ridge_task){.panel = w.panel, .n_series = SERIES, .horizon = HORIZON, .n_folds = FOLDS};
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

static void all_windows_less_those_of_a_fold_are_the_others(void **state)
{
    world *w = *state;
    ssmi_ridge_task all = w->task;
    ssmi_ridge_sums whole, left, others;
    const double rounding = 1e-12; /* of sums of some hundred products of size one */
    all.n_folds = 0;
    assert_int_equal(ssmi_ridge_sum_windows(&whole, &all, LOOKBACK, SSMI_RIDGE_ALL, &w->arena), SSM_OK);
    for (w->task.fold = 0; w->task.fold < FOLDS; w->task.fold++) {
        assert_int_equal(ssmi_ridge_leave_out(&left, &whole, &w->task, &w->arena), SSM_OK);
        assert_int_equal(ssmi_ridge_sum_windows(&others, &w->task, LOOKBACK, SSMI_RIDGE_ALL, &w->arena),
                         SSM_OK);
        assert_int_equal(left.n_windows, others.n_windows);
        assert_in_range(left.n_windows, 1, whole.n_windows - 1);
        for (size_t i = 0; i < LOOKBACK; i++)
            for (size_t j = i; j < SPAN; j++)
                assert_near(left.product[i * SPAN + j], others.product[i * SPAN + j], rounding);
        for (size_t j = 0; j < SPAN; j++) assert_near(left.by_sd[j], others.by_sd[j], rounding);
        for (size_t h = 0; h < HORIZON; h++) assert_near(left.square[h], others.square[h], rounding);
        assert_near(left.sd_sd, others.sd_sd, rounding);
    }
}

static void windows_are_counted_as_they_are_summed(void **state)
{
    world *w = *state;
    ssmi_ridge_sums sums;
    ssmi_ridge_task task = w->task;
    task.n_folds = 0;
    for (task.n_validation = 0; task.n_validation < ROWS + 10; task.n_validation += 31) {
        assert_int_equal(ssmi_ridge_sum_windows(&sums, &task, LOOKBACK, SSMI_RIDGE_TRAINING, &w->arena),
                         SSM_OK);
        assert_int_equal(ssmi_ridge_count_windows(&task, LOOKBACK), sums.n_windows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_windows_less_those_of_a_fold_are_the_others, make_world,
                                        free_world),
        cmocka_unit_test_setup_teardown(windows_are_counted_as_they_are_summed, make_world, free_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
