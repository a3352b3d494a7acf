/* A ridge map whose settings change along the horizon. */
#include "models/ridge.h"

#include "base/random.h"
#include "models/fixture.h"

#include <gsl/gsl_randist.h>

enum { ROWS = 400, VALIDATION = 100, FAR = 48, NEAR = 12 };

typedef struct world {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_window_series panel;
    ssmi_ridge_task task;
} world;

/* A random walk with a season. */
static int make_world(void **state)
{
    static world w;
    double level = 0;
    assert_int_equal(ssm_context_new(NULL, &w.ctx), SSM_OK);
    ssmi_arena_init(&w.arena, w.ctx);
    gsl_rng *rng = ssmi_random_stream(&w.arena, 7);
    double *y = SSMI_ALLOC(&w.arena, double, ROWS);
    assert_non_null(y);
    for (int t = 0; t < ROWS; t++) {
        level += gsl_ran_gaussian(rng, 0.3);
        y[t] = level + 3 * sin(0.9 * t) + gsl_ran_gaussian(rng, 0.5);
    }
    const ssm_series series = fixture_series(y, ROWS, 0);
    assert_int_equal(ssmi_windows_prepare(&w.panel, &series, ROWS - VALIDATION, &w.arena), SSM_OK);
    w.task = (ssmi_ridge_task){.panel = &w.panel,
                               .n_series = 1,
                               .horizon = FAR,
                               .n_validation = VALIDATION,
                               .fade = 1,
                               .bands = SSMI_RIDGE_BANDS};
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

/* y (steps): what a map forecasts from row `origin` on. */
static void forecast(double *y, const ssmi_ridge *ridge, const world *w, size_t origin, size_t steps)
{
    double z[ROWS], centre;
    ssmi_ridge_regressors(z, &centre, w->panel.value + origin - ridge->lookback, ridge);
    ssmi_ridge_apply(y, z, ridge, 1, steps);
    for (size_t h = 0; h < steps; h++) y[h] += centre;
}

static const double rounding = 1e-11; /* of sums in another order */

/* A band's settings as a map of one band. */
static ssmi_ridge alone(const ssmi_ridge *ridge, size_t b, world *w)
{
    const ssmi_ridge_band *band = &ridge->band[b];
    ssmi_ridge_task task = w->task;
    ssmi_ridge map = {.lookback = ridge->lookback,
                      .horizon = band->end,
                      .centre = band->n_parts == 1 ? band->part[0].centre : SSMI_RIDGE_LAST,
                      .n_bands = 1,
                      .band = {*band}};
    task.horizon = band->end;
    assert_int_equal(ssmi_ridge_refit(&map, &task, &w->arena, &w->arena), SSM_OK);
    return map;
}

/* The bands of 48 steps end at 12 and 48. Each is what a map of its own would be, with weights from every
 * window whose targets it does not look beyond. */
static void each_band_is_a_map_of_its_own(void **state)
{
    world *w = *state;
    ssmi_ridge both;
    double y[FAR], expected[FAR];
    assert_int_equal(ssmi_ridge_fit(&both, &w->task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(both.n_bands, 2);
    assert_int_equal(both.band[0].end, NEAR);
    assert_int_equal(both.band[1].end, FAR);
    const ssmi_ridge near = alone(&both, 0, w), far = alone(&both, 1, w);
    for (size_t o = both.lookback; o < ROWS - VALIDATION; o += 17) {
        forecast(y, &both, w, o, FAR);
        forecast(expected, &far, w, o, FAR);
        for (size_t h = NEAR; h < FAR; h++) assert_near(y[h], expected[h], rounding);
        forecast(expected, &near, w, o, NEAR);
        for (size_t h = 0; h < NEAR; h++) assert_near(y[h], expected[h], rounding);
    }
}

/* A longer horizon does not change what is said of the first steps. */
static void the_first_band_is_the_fit_of_a_shorter_horizon(void **state)
{
    world *w = *state;
    ssmi_ridge both, near;
    double y[FAR], expected[FAR];
    ssmi_ridge_task task = w->task;
    task.horizon = NEAR;
    assert_int_equal(ssmi_ridge_fit(&both, &w->task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(ssmi_ridge_fit(&near, &task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(near.n_bands, 1);
    for (size_t b = 0; b < 2; b++) {
        const ssmi_ridge_part *part = &both.band[b].part[0];
        assert_int_equal(part->n_windows, ROWS - VALIDATION - both.band[b].end - part->lookback + 1);
    }
    for (size_t o = both.lookback; o < ROWS - VALIDATION; o += 17) {
        forecast(y, &both, w, o, FAR);
        forecast(expected, &near, w, o, NEAR);
        for (size_t h = 0; h < NEAR; h++) assert_near(y[h], expected[h], rounding);
    }
}

static void there_is_one_band_where_nothing_is_left_to_choose(void **state)
{
    world *w = *state;
    ssmi_ridge ridge;
    ssmi_ridge_task task = w->task;
    task.lookback = 20;
    task.alpha = 3;
    task.centre = SSMI_RIDGE_MEAN;
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(ridge.n_bands, 1);
    assert_int_equal(ssmi_ridge_width(&ridge), 21);
    task.alpha = 0;
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(ridge.n_bands, 2);
    task.bands = 1;
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(ridge.n_bands, 1);
}

static void the_last_value_needs_no_solution(void **state)
{
    world *w = *state;
    ssmi_ridge map;
    double y[FAR];
    assert_int_equal(ssmi_ridge_fit(&map, &w->task, &w->arena, &w->arena), SSM_OK);
    map.last = 1;
    assert_int_equal(ssmi_ridge_refit(&map, &w->task, &w->arena, &w->arena), SSM_OK);
    forecast(y, &map, w, 250, FAR);
    for (size_t h = 0; h < FAR; h++) assert_near(y[h], w->panel.value[249], rounding);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(each_band_is_a_map_of_its_own),
        IN_WORLD(the_first_band_is_the_fit_of_a_shorter_horizon),
        IN_WORLD(there_is_one_band_where_nothing_is_left_to_choose),
        IN_WORLD(the_last_value_needs_no_solution),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
