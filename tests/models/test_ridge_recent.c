#include "models/ridge_recent.h"

#include "base/random.h"
#include "models/fixture.h"

#include <gsl/gsl_randist.h>

enum {
    ROWS = 120,
    LOOKBACK = 5,
    HORIZON = 10,
    EARLY = 2,
    WIDTH = LOOKBACK + 2,
    STEPS = SSMI_RIDGE_RECENT_STEPS
};

typedef struct world {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_ridge ridge;
    ssmi_window_series series;
    double raw[ROWS], weight[WIDTH * HORIZON];
} world;

/* Any map of two bands, each with its spread, on a noisy series with gaps. */
static int make_world(void **state)
{
    static world w;
    assert_int_equal(ssm_context_new(NULL, &w.ctx), SSM_OK);
    ssmi_arena_init(&w.arena, w.ctx);
    gsl_rng *rng = ssmi_random_stream(&w.arena, 5);
    assert_non_null(rng);
    for (int i = 0; i < WIDTH * HORIZON; i++) w.weight[i] = gsl_ran_gaussian(rng, 0.4);
    for (int h = 0; h < HORIZON; h++) w.weight[(LOOKBACK + (h < EARLY)) * HORIZON + h] = 0;
    for (int t = 0; t < ROWS; t++) w.raw[t] = t % 17 == 11 ? NAN : gsl_ran_gaussian(rng, 2) + sin(0.3 * t);
    const ssm_series raw = fixture_series(w.raw, ROWS, 0);
    assert_int_equal(ssmi_windows_prepare(&w.series, &raw, ROWS, &w.arena), SSM_OK);
    w.ridge = (ssmi_ridge){.lookback = LOOKBACK,
                           .horizon = HORIZON,
                           .centre = SSMI_RIDGE_LAST,
                           .n_bands = 2,
                           .band = {{.end = EARLY, .n_parts = 1, .part = {{.lookback = 3}}},
                                    {.end = HORIZON, .n_parts = 1, .part = {{.lookback = LOOKBACK}}}},
                           .weight = w.weight};
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

static int observed(const world *w, size_t t)
{
    return !isnan(w->raw[t]);
}

/* The slow way: whole forecasts. Gives the mean size over the origins, and the part of them known. */
static double mean_size(double *known, const world *w, size_t origin, size_t step, size_t apart)
{
    double sum = 0, n = 0, possible = 0;
    for (size_t a = 1; a <= 8; a++) {
        if (a * apart <= step) continue; /* the truth is not known yet */
        possible++;
        if (origin < a * apart + LOOKBACK) continue;
        const size_t o = origin - a * apart;
        double z[WIDTH], y[HORIZON], centre;
        if (!observed(w, o - 1) || !observed(w, o + step)) continue;
        ssmi_ridge_regressors(z, &centre, w->series.value + o - LOOKBACK, &w->ridge);
        ssmi_ridge_apply(y, z, &w->ridge, 1, HORIZON);
        sum += fabs(w->series.value[o + step] - centre - y[step]);
        n++;
    }
    *known = n / possible;
    return n > 0 ? sum / n : 0;
}

static void looking_back_is_forecasting_from_earlier_rows(void **state)
{
    world *w = *state;
    static const size_t step[STEPS] = {2, 4, 7, 9}; /* 10/4, 10/2, 30/4 and 10 rows, rounded up */
    ssmi_ridge_recent recent;
    double z[WIDTH], part = 0;
    assert_int_equal(ssmi_ridge_recent_open(&recent, &w->ridge, &w->arena), SSM_OK);
    assert_int_equal(ssmi_ridge_recent_reach(&recent), 8 * 2);
    for (size_t origin = 1; origin <= ROWS; origin++) {
        ssmi_ridge_recent_errors found;
        ssmi_ridge_recent_look(&found, &recent, &w->series, origin, 1, z);
        for (size_t k = 0; k < STEPS; k++) {
            double known;
            const double size = mean_size(&known, w, origin, step[k], 2);
            assert_near(found.known[k], known, 1e-14);
            assert_near(found.size[k], known * size, 1e-12);
            part += known;
        }
    }
    assert_true(part > 0.5 * STEPS * ROWS && part < 0.95 * STEPS * ROWS); /* neither all nor nothing */
}

static void nothing_behind_the_origin_is_read(void **state)
{
    world *w = *state;
    ssmi_ridge_recent recent;
    ssmi_ridge_recent_errors whole, part;
    double z[WIDTH], value[ROWS];
    assert_int_equal(ssmi_ridge_recent_open(&recent, &w->ridge, &w->arena), SSM_OK);
    ssmi_ridge_recent_look(&whole, &recent, &w->series, 80, 1, z);
    for (size_t t = 0; t < ROWS; t++) value[t] = t < 80 ? w->series.value[t] : NAN;
    ssmi_window_series cut = w->series;
    cut.value = value;
    cut.length = 80;
    ssmi_ridge_recent_look(&part, &recent, &cut, 80, 1, z);
    assert_memory_equal(&whole, &part, sizeof part);
}

static void every_horizon_has_its_steps(void **state)
{
    world *w = *state;
    for (size_t H = 1; H <= 800; H++) {
        ssmi_ridge_recent r;
        w->ridge.horizon = w->ridge.band[1].end = H;
        ssmi_ridge_recent_plan(&r, &w->ridge);
        assert_int_equal(r.n_steps, H < STEPS ? H : STEPS);
        assert_int_equal(r.step[r.n_steps - 1], H - 1);
        for (size_t k = 1; k < r.n_steps; k++) assert_true(r.step[k] > r.step[k - 1]);
        assert_true(ssmi_ridge_recent_reach(&r) >= H && ssmi_ridge_recent_reach(&r) < H + 8);
    }
}

static void the_size_is_against_what_is_usual(void **state)
{
    (void)state;
    ssmi_ridge_recent r = {.n_steps = STEPS, .step = {0, 1, 2, 3}};
    const double error[] = {1, -2, NAN, 4, -3, 2, 5, 4};
    ssmi_ridge_recent_learn(&r, error, 2, STEPS);
    const double usual[STEPS] = {2, 2, 5, 4};
    ssmi_ridge_recent_errors none = {{0}, {0}}, twice = none, half_known = none;
    for (size_t k = 0; k < STEPS; k++) {
        assert_near(r.usual[k], usual[k], 1e-15);
        twice.size[k] = 2 * usual[k];
        half_known.size[k] = usual[k];
        twice.known[k] = 1;
        half_known.known[k] = 0.5;
    }
    assert_true(ssmi_ridge_recent_size(&r, &none, 1) == 1);
    assert_near(ssmi_ridge_recent_size(&r, &twice, 1), (1 + 4 * 2) / 5., 1e-15);
    assert_near(ssmi_ridge_recent_size(&r, &twice, 2), 1, 1e-15); /* in a unit of twice the size */
    assert_near(ssmi_ridge_recent_size(&r, &half_known, 1), (1 + 2 * 2) / 3., 1e-15);
    ssmi_ridge_recent flat = {.n_steps = STEPS};
    assert_true(ssmi_ridge_recent_size(&flat, &twice, 1) == 1); /* a map that never erred tells nothing */
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(looking_back_is_forecasting_from_earlier_rows),
        IN_WORLD(nothing_behind_the_origin_is_read),
        IN_WORLD(every_horizon_has_its_steps),
        cmocka_unit_test(the_size_is_against_what_is_usual),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
