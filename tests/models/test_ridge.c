#include "models/ridge_choice.h"
#include "models/ridge_solve.h"

#include "base/random.h"
#include "models/fixture.h"

#include <gsl/gsl_randist.h>

enum { ROWS = 400, LOOKBACK = 13, HORIZON = 7, WIDTH = LOOKBACK + 1, SERIES = 2, VALIDATION = 100 };

typedef struct world {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_window_series panel[SERIES];
} world;

/* A random walk with a season, and a noisy one; the second has gaps of one row and of many. */
static int make_world(void **state)
{
    static world w;
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    w.ctx = ctx;
    ssmi_arena_init(&w.arena, ctx);
    gsl_rng *rng = ssmi_random_stream(&w.arena, 7);
    for (int k = 0; k < SERIES; k++) {
        double *y = SSMI_ALLOC(&w.arena, double, ROWS), level = 100 * k;
        assert_non_null(y);
        for (int t = 0; t < ROWS; t++) {
            level += gsl_ran_gaussian(rng, k == 0);
            y[t] = level + 3 * sin(0.9 * t) + gsl_ran_gaussian(rng, 0.5);
            if (k == 1 && (t % 37 == 20 || (t > 200 && t < 218))) y[t] = NAN;
        }
        ssm_series series = fixture_series(y, ROWS, 0);
        assert_int_equal(ssmi_windows_prepare(&w.panel[k], &series, ROWS - VALIDATION, &w.arena), SSM_OK);
    }
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

/* The slow way: every window on its own. */
static void add_window(double *gram, double *cross, double *target, const double *x, ssmi_ridge_centre kind)
{
    ssmi_ridge shape = {.lookback = LOOKBACK,
                        .horizon = HORIZON,
                        .centre = kind,
                        .n_bands = 1,
                        .band = {{.end = HORIZON, .n_parts = 1, .part = {{.lookback = LOOKBACK}}}}};
    double z[WIDTH], c;
    ssmi_ridge_regressors(z, &c, x, &shape);
    for (int i = 0; i < WIDTH; i++) {
        for (int j = 0; j < WIDTH; j++) gram[i * WIDTH + j] += z[i] * z[j];
        for (int h = 0; h < HORIZON; h++) cross[i * HORIZON + h] += z[i] * (x[LOOKBACK + h] - c);
    }
    for (int h = 0; h < HORIZON; h++) target[h] += pow(x[LOOKBACK + h] - c, 2);
}

static size_t add_windows(double *gram, double *cross, double *target, const ssmi_window_series *s,
                          size_t first, size_t last, ssmi_ridge_centre kind)
{
    size_t n = 0;
    for (size_t o = first; o <= last; o++) {
        if (!ssmi_windows_usable(s, o, LOOKBACK, HORIZON)) continue;
        add_window(gram, cross, target, s->value + o - LOOKBACK, kind);
        n++;
    }
    return n;
}

/* Errors are measured against the raw sums (about one per window), which is what is added and subtracted. */
static void assert_sums(const double *fast, const double *slow, size_t n, double size)
{
    for (size_t i = 0; i < n; i++) {
        if (!(fabs(fast[i] - slow[i]) <= 1e-11 * size))
            fail_msg("%zu: %.17g is not %.17g", i, fast[i], slow[i]);
    }
}

static void sliding_sums_equal_the_sums_over_single_windows(void **state)
{
    world *w = *state;
    for (int kind = SSMI_RIDGE_MEAN; kind <= SSMI_RIDGE_LAST; kind++) {
        double gram[WIDTH * WIDTH] = {0}, cross[WIDTH * HORIZON] = {0}, target[HORIZON] = {0};
        ssmi_ridge_sums sums;
        ssmi_ridge_moments m;
        size_t n = 0;
        assert_int_equal(ssmi_ridge_sums_new(&sums, LOOKBACK, HORIZON, &w->arena), SSM_OK);
        for (int k = 0; k < SERIES; k++) {
            n += add_windows(gram, cross, target, &w->panel[k], 1, 350, (ssmi_ridge_centre)kind);
            assert_int_equal(ssmi_ridge_sums_add(&sums, &w->panel[k], 1, 350, &w->arena), SSM_OK);
        }
        assert_int_equal(ssmi_ridge_centre_sums(&m, &sums, (ssmi_ridge_centre)kind, 0, 1, &w->arena), SSM_OK);
        assert_int_equal(m.n_windows, n);
        assert_in_range(n, 450, 670);
        for (int i = 0; i < WIDTH; i++)
            assert_sums(m.gram + i * WIDTH + i, gram + i * WIDTH + i, (size_t)(WIDTH - i), (double)n);
        assert_sums(m.cross, cross, WIDTH * HORIZON, (double)n);
        assert_sums(m.target, target, HORIZON, (double)n);
    }
}

static void thinned_targets_are_columns_of_the_full_ones(void **state)
{
    world *w = *state;
    ssmi_ridge_sums sums;
    ssmi_ridge_moments full, thin;
    assert_int_equal(ssmi_ridge_sums_new(&sums, LOOKBACK, HORIZON, &w->arena), SSM_OK);
    assert_int_equal(ssmi_ridge_sums_add(&sums, &w->panel[0], 1, 350, &w->arena), SSM_OK);
    assert_int_equal(ssmi_ridge_centre_sums(&full, &sums, SSMI_RIDGE_MEAN, 0, 1, &w->arena), SSM_OK);
    assert_int_equal(ssmi_ridge_centre_sums(&thin, &sums, SSMI_RIDGE_MEAN, 2, 2, &w->arena), SSM_OK);
    assert_int_equal(thin.horizon, 3);
    for (size_t k = 0; k < 3; k++) { /* steps 2, 4, 6 of 7 */
        assert_true(thin.target[k] == full.target[2 + 2 * k]);
        for (size_t i = 0; i < WIDTH; i++)
            assert_true(thin.cross[i * 3 + k] == full.cross[i * HORIZON + 2 + 2 * k]);
    }
}

/* As the header has it. */
static double penalty_of(int i, int lookback, double fade)
{
    double sum = 0;
    if (i == lookback) return 1;
    for (int age = 1; age <= lookback; age++) sum += pow((double)age / lookback + 0.1, fade);
    return lookback * pow((double)(lookback - i) / lookback + 0.1, fade) / sum;
}

static void the_penalty_grows_with_the_lag(void **state)
{
    (void)state;
    double p[WIDTH], even[2];
    ssmi_ridge_penalty(p, LOOKBACK, 2);
    for (int i = 0; i < WIDTH; i++) assert_near(p[i], penalty_of(i, LOOKBACK, 2), 1e-14);
    for (int i = 1; i < LOOKBACK; i++) assert_true(p[i] < p[i - 1]);
    ssmi_ridge_penalty(p, LOOKBACK, 0);
    for (int i = 0; i < WIDTH; i++) assert_near(p[i], 1, 1e-14);
    ssmi_ridge_penalty(even, 1, 10);
    assert_near(even[0], 1, 1e-14);
    assert_true(even[1] == 1);
}

static void the_weights_solve_the_normal_equations_of_the_training_windows(void **state)
{
    world *w = *state;
    ssmi_ridge ridge;
    ssmi_ridge_task task = {.panel = w->panel,
                            .n_series = SERIES,
                            .horizon = HORIZON,
                            .n_validation = VALIDATION,
                            .lookback = LOOKBACK,
                            .alpha = 3,
                            .fade = 1.5,
                            .centre = SSMI_RIDGE_MEAN};
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    double gram[WIDTH * WIDTH] = {0}, cross[WIDTH * HORIZON] = {0}, target[HORIZON] = {0};
    size_t n = 0;
    for (int k = 0; k < SERIES; k++)
        n += add_windows(gram, cross, target, &w->panel[k], 1, ROWS - VALIDATION - HORIZON, SSMI_RIDGE_MEAN);
    assert_int_equal(ssmi_ridge_main(&ridge)->n_windows, n);
    for (int i = 0; i < WIDTH; i++) {
        for (int h = 0; h < HORIZON; h++) {
            double sum = 3 * penalty_of(i, LOOKBACK, 1.5) * ridge.weight[i * HORIZON + h];
            for (int j = 0; j < WIDTH; j++) sum += gram[i * WIDTH + j] * ridge.weight[j * HORIZON + h];
            assert_true(fabs(sum - cross[i * HORIZON + h]) < 1e-10 * (double)n);
        }
    }
}

/* Squared error of the forecasts of windows of series k with targets in rows [from, to). */
static double square_error(const world *w, const ssmi_ridge *ridge, int k, size_t from, size_t to, size_t *n)
{
    double z[ROWS], c, y[HORIZON], sum = 0;
    for (size_t o = from; o + HORIZON <= to; o++) {
        if (!ssmi_windows_usable(&w->panel[k], o, ridge->lookback, HORIZON)) continue;
        ssmi_ridge_regressors(z, &c, w->panel[k].value + o - ridge->lookback, ridge);
        ssmi_ridge_apply(y, z, ridge, 1, HORIZON);
        for (size_t h = 0; h < HORIZON; h++) sum += pow(c + y[h] - w->panel[k].value[o + h], 2);
        ++*n;
    }
    return sum;
}

static void the_error_of_a_choice_is_that_of_forecasts_over_folds(void **state)
{
    world *w = *state;
    enum { FOLDS = 5, FOLD = ROWS / FOLDS };
    ssmi_ridge ridge;
    ssmi_ridge_task task = {.panel = w->panel,
                            .n_series = SERIES,
                            .horizon = HORIZON,
                            .n_validation = VALIDATION,
                            .lookback = LOOKBACK,
                            .alpha = 3,
                            .centre = SSMI_RIDGE_MEAN};
    double sum = 0;
    size_t n = 0;
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    task.refit_all = 1;
    task.n_folds = FOLDS;
    for (task.fold = 0; task.fold < FOLDS; task.fold++) {
        ssmi_ridge without = ridge;
        assert_int_equal(ssmi_ridge_refit(&without, &task, &w->arena, &w->arena), SSM_OK);
        for (int k = 0; k < SERIES; k++)
            sum += square_error(w, &without, k, task.fold == 0 ? LOOKBACK : task.fold * FOLD,
                                (task.fold + 1) * FOLD, &n);
    }
    assert_int_equal(ridge.n_judged, n);
    assert_near(ridge.mse, sum / (double)(n * HORIZON), 1e-9);
}

static void without_room_for_folds_the_validation_rows_judge(void **state)
{
    world *w = *state;
    ssmi_ridge ridge;
    ssmi_ridge_task task = {.panel = w->panel,
                            .n_series = SERIES,
                            .horizon = HORIZON,
                            .n_validation = VALIDATION,
                            .lookback = 250,
                            .centre = SSMI_RIDGE_LAST};
    double sum = 0;
    size_t n = 0;
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    for (int k = 0; k < SERIES; k++) sum += square_error(w, &ridge, k, ROWS - VALIDATION, ROWS, &n);
    assert_int_equal(ridge.n_judged, n);
    assert_near(ridge.mse, sum / (double)(n * HORIZON), 1e-9);
}

static void a_choice_left_open_is_no_worse_than_a_given_one(void **state)
{
    world *w = *state;
    ssmi_ridge open, given;
    ssmi_ridge_task task = {.panel = w->panel,
                            .n_series = SERIES,
                            .horizon = HORIZON,
                            .n_validation = VALIDATION,
                            .lookback = 12};
    assert_int_equal(ssmi_ridge_fit(&open, &task, &w->arena, &w->arena), SSM_OK);
    for (int kind = SSMI_RIDGE_MEAN; kind <= SSMI_RIDGE_LAST; kind++) {
        task.centre = (ssmi_ridge_centre)kind;
        assert_int_equal(ssmi_ridge_fit(&given, &task, &w->arena, &w->arena), SSM_OK);
        assert_true(open.mse <= given.mse);
    }
}

static void a_mean_of_maps_forecasts_the_mean(void **state)
{
    world *w = *state;
    ssmi_ridge all = {.lookback = 20,
                      .horizon = HORIZON,
                      .centre = SSMI_RIDGE_LAST,
                      .n_bands = 1,
                      .band = {{HORIZON,
                                SSMI_RIDGE_PARTS,
                                {{LOOKBACK, SSMI_RIDGE_MEAN, 3, 1},
                                 {20, SSMI_RIDGE_LAST, 40, 1},
                                 {1, SSMI_RIDGE_LAST, 5, 1},
                                 {6, SSMI_RIDGE_MEAN, 0.5, 1}}}}};
    ssmi_ridge_task task = {.panel = w->panel, .n_series = SERIES, .horizon = HORIZON, .alpha = 3, .fade = 1};
    double z[WIDTH + 20], c, y[HORIZON], mean[HORIZON];
    assert_int_equal(ssmi_ridge_refit(&all, &task, &w->arena, &w->arena), SSM_OK);
    for (size_t o = 20; o < 60; o++) {
        memset(mean, 0, sizeof mean);
        for (int k = 0; k < SSMI_RIDGE_PARTS; k++) {
            const ssmi_ridge_part *part = &all.band[0].part[k];
            ssmi_ridge one = {.lookback = part->lookback,
                              .horizon = HORIZON,
                              .centre = part->centre,
                              .n_bands = 1,
                              .band = {{HORIZON, 1, {*part}}}};
            assert_int_equal(ssmi_ridge_refit(&one, &task, &w->arena, &w->arena), SSM_OK);
            ssmi_ridge_regressors(z, &c, w->panel[1].value + o - one.lookback, &one);
            ssmi_ridge_apply(y, z, &one, 1, HORIZON);
            for (size_t h = 0; h < HORIZON; h++) mean[h] += (c + y[h]) / SSMI_RIDGE_PARTS;
        }
        ssmi_ridge_regressors(z, &c, w->panel[1].value + o - all.lookback, &all);
        ssmi_ridge_apply(y, z, &all, 1, HORIZON);
        for (size_t h = 0; h < HORIZON; h++) assert_near(c + y[h], mean[h], 1e-11);
    }
}

/* The others are look-backs of their own whose error comes within a fiftieth of the best: for a noisy level
 * there are several. */
static void settings_about_as_good_are_averaged(void **state)
{
    world *w = *state;
    ssmi_ridge_choice choice[SSMI_RIDGE_PARTS];
    double y[ROWS];
    ssmi_window_series panel;
    ssmi_ridge ridge;
    size_t n;
    gsl_rng *rng = ssmi_random_stream(&w->arena, 5);
    for (int t = 0; t < ROWS; t++) y[t] = gsl_ran_gaussian(rng, 1);
    const ssm_series series = fixture_series(y, ROWS, 0);
    assert_int_equal(ssmi_windows_prepare(&panel, &series, ROWS, &w->arena), SSM_OK);
    const ssmi_ridge_task task = {
        .panel = &panel, .n_series = 1, .horizon = HORIZON, .n_validation = VALIDATION, .fade = 1};
    assert_int_equal(ssmi_ridge_choose(choice, &n, &task, &w->arena), SSM_OK);
    assert_in_range(n, 3, SSMI_RIDGE_PARTS);
    for (size_t k = 1; k < n; k++) {
        assert_true(choice[k].mse >= choice[k - 1].mse && choice[k].mse <= 1.02 * choice[0].mse);
        for (size_t i = 0; i < k; i++) assert_int_not_equal(choice[i].part.lookback, choice[k].part.lookback);
    }
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(ridge.band[0].n_parts, n);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(ridge.band[0].part[k].lookback, choice[k].part.lookback);
        assert_true(ridge.band[0].part[k].lookback <= ridge.lookback);
    }
}

/* The last quarter has no season: a choice by these rows alone would take that for the rule. */
static void a_choice_heeds_all_rows(void **state)
{
    world *w = *state;
    enum { LONG = 2000 };
    double *y = SSMI_ALLOC(&w->arena, double, LONG);
    gsl_rng *rng = ssmi_random_stream(&w->arena, 3);
    ssmi_window_series panel;
    ssmi_ridge ridge;
    assert_non_null(y);
    for (int t = 0; t < LONG; t++)
        y[t] = (t < 1500 ? 3 * sin(6.283185307179586 * t / 40) : 0) + gsl_ran_gaussian(rng, 1);
    ssm_series series = fixture_series(y, LONG, 0);
    assert_int_equal(ssmi_windows_prepare(&panel, &series, LONG, &w->arena), SSM_OK);
    ssmi_ridge_task task = {.panel = &panel, .n_series = 1, .horizon = 20, .n_validation = 400};
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    /* the validation rows are noise, which asks for no weights at all: alpha of 1000 per window */
    assert_true(ssmi_ridge_main(&ridge)->alpha < 10 * (double)ssmi_ridge_main(&ridge)->n_windows);
    assert_true(ridge.lookback >= 24);
}

static void the_result_does_not_depend_on_the_thread_count(void **state)
{
    world *w = *state;
    ssmi_ridge one, four;
    ssmi_ridge_task task = {.panel = w->panel,
                            .n_series = SERIES,
                            .horizon = HORIZON,
                            .n_validation = VALIDATION,
                            .refit_all = 1};
    ssm_context_set_threads(w->ctx, 1);
    assert_int_equal(ssmi_ridge_fit(&one, &task, &w->arena, &w->arena), SSM_OK);
    ssm_context_set_threads(w->ctx, 4);
    assert_int_equal(ssmi_ridge_fit(&four, &task, &w->arena, &w->arena), SSM_OK);
    assert_int_equal(one.lookback, four.lookback);
    assert_memory_equal(one.weight, four.weight, ssmi_ridge_width(&one) * HORIZON * sizeof(double));
}

static void the_map_moves_and_scales_with_the_window(void **state)
{
    world *w = *state;
    ssmi_ridge ridge;
    ssmi_ridge_task task = {.panel = w->panel,
                            .n_series = 1,
                            .horizon = HORIZON,
                            .n_validation = VALIDATION,
                            .lookback = LOOKBACK,
                            .alpha = 1,
                            .centre = SSMI_RIDGE_LAST};
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    double window[LOOKBACK], z[WIDTH], c, plain[HORIZON], moved[HORIZON];
    const double scale = 1e150;
    for (int i = 0; i < LOOKBACK; i++) window[i] = w->panel[0].value[50 + i];
    ssmi_ridge_regressors(z, &c, window, &ridge);
    ssmi_ridge_apply(plain, z, &ridge, 1, HORIZON);
    for (int h = 0; h < HORIZON; h++) plain[h] += c;
    for (int i = 0; i < LOOKBACK; i++) window[i] = scale * (window[i] + 5);
    ssmi_ridge_regressors(z, &c, window, &ridge);
    ssmi_ridge_apply(moved, z, &ridge, 1, HORIZON);
    for (int h = 0; h < HORIZON; h++) assert_near(moved[h] + c, scale * (plain[h] + 5), 1e-12);
}

static void too_short_a_series_is_refused_with_the_length_needed(void **state)
{
    world *w = *state;
    ssmi_ridge ridge;
    ssmi_window_series brief = w->panel[0];
    brief.length = HORIZON;
    ssmi_ridge_task task = {.panel = &brief, .n_series = 1, .horizon = HORIZON};
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(w->ctx), "need 8 rows"));
}

static void a_constant_series_gives_weights_of_zero(void **state)
{
    world *w = *state;
    double y[50];
    for (int t = 0; t < 50; t++) y[t] = 3;
    ssm_series series = fixture_series(y, 50, 0);
    ssmi_window_series flat;
    ssmi_ridge ridge;
    assert_int_equal(ssmi_windows_prepare(&flat, &series, 40, &w->arena), SSM_OK);
    ssmi_ridge_task task = {.panel = &flat, .n_series = 1, .horizon = 4, .n_validation = 10};
    assert_int_equal(ssmi_ridge_fit(&ridge, &task, &w->arena, &w->arena), SSM_OK);
    for (size_t i = 0; i < ssmi_ridge_width(&ridge) * 4; i++) assert_true(ridge.weight[i] == 0);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(sliding_sums_equal_the_sums_over_single_windows),
        IN_WORLD(thinned_targets_are_columns_of_the_full_ones),
        IN_WORLD(the_penalty_grows_with_the_lag),
        IN_WORLD(the_weights_solve_the_normal_equations_of_the_training_windows),
        IN_WORLD(the_error_of_a_choice_is_that_of_forecasts_over_folds),
        IN_WORLD(without_room_for_folds_the_validation_rows_judge),
        IN_WORLD(a_choice_left_open_is_no_worse_than_a_given_one),
        IN_WORLD(a_mean_of_maps_forecasts_the_mean),
        IN_WORLD(settings_about_as_good_are_averaged),
        IN_WORLD(a_choice_heeds_all_rows),
        IN_WORLD(the_result_does_not_depend_on_the_thread_count),
        IN_WORLD(the_map_moves_and_scales_with_the_window),
        IN_WORLD(too_short_a_series_is_refused_with_the_length_needed),
        IN_WORLD(a_constant_series_gives_weights_of_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
