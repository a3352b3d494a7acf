#include "models/ridge_unit.h"

#include "base/random.h"
#include "models/fixture.h"

#include <gsl/gsl_randist.h>

enum { N = 600, HORIZON = 6 };

typedef struct world {
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_ridge_errors errors;
    double error[N * HORIZON], spread[N];
} world;

static int make_world(void **state)
{
    static world w;
    assert_int_equal(ssm_context_new(NULL, &w.ctx), SSM_OK);
    ssmi_arena_init(&w.arena, w.ctx);
    w.errors = (ssmi_ridge_errors){N, HORIZON, w.error, w.spread, NULL, N};
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

/* Errors of the size spread^gamma, one in seven missing; `tail` degrees of freedom. */
static void draw(world *w, double gamma, double tail)
{
    gsl_rng *rng = ssmi_random_stream(&w->arena, 11);
    assert_non_null(rng);
    for (int i = 0; i < N; i++) {
        w->spread[i] = exp(gsl_ran_flat(rng, -2, 2));
        for (int h = 0; h < HORIZON; h++) {
            const int at = i * HORIZON + h;
            w->error[at] = pow(w->spread[i], gamma) * (1 + h) * gsl_ran_tdist(rng, tail);
            if (at % 7 == 3) w->error[at] = NAN;
        }
    }
}

static void the_unit_is_that_in_which_the_errors_are_alike(void **state)
{
    world *w = *state;
    for (int k = 0; k <= 2; k++) {
        double gamma, before[N * HORIZON];
        w->errors.error = w->error;
        draw(w, 0.5 * k, 5);
        memcpy(before, w->error, sizeof before);
        assert_int_equal(ssmi_ridge_errors_scale(&gamma, NULL, &w->errors, &w->arena), SSM_OK);
        assert_true(gamma == 0.5 * k);
        for (int i = 0; i < N * HORIZON; i++) {
            const double unit = pow(w->spread[i / HORIZON], gamma);
            assert_int_equal(isnan(before[i]), isnan(w->errors.error[i]));
            if (!isnan(before[i])) assert_near(w->errors.error[i] * unit, before[i], 1e-13);
        }
    }
}

/* A few windows of hardly any spread with ordinary errors. In units of the spread their errors would be
 * enormous, which a squared loss would be ruled by; most windows say the spread. */
static void a_few_windows_do_not_decide(void **state)
{
    world *w = *state;
    double gamma;
    w->errors.error = w->error;
    draw(w, 1, 30);
    for (int i = 0; i < N; i += 100) w->spread[i] = 0;
    assert_int_equal(ssmi_ridge_errors_scale(&gamma, NULL, &w->errors, &w->arena), SSM_OK);
    assert_true(gamma == 1);
}

static void windows_without_spread_have_a_unit(void **state)
{
    world *w = *state;
    double gamma;
    w->errors.error = w->error;
    draw(w, 0, 30);
    memset(w->spread, 0, sizeof w->spread);
    assert_int_equal(ssmi_ridge_errors_scale(&gamma, NULL, &w->errors, &w->arena), SSM_OK);
    assert_true(gamma == 0); /* all units are alike: the smallest power stands */
    assert_true(ssmi_ridge_spread(0) > 0 && ssmi_ridge_unit(0, 1) == ssmi_ridge_spread(0));
    assert_true(ssmi_ridge_spread(2) == 2);
    assert_true(ssmi_ridge_unit(4, 0.5) == 2 && ssmi_ridge_unit(0, 0) == 1);
}

static void without_an_error_there_is_no_unit(void **state)
{
    world *w = *state;
    double gamma;
    w->errors.error = w->error;
    draw(w, 0, 30);
    for (int i = 0; i < N * HORIZON; i++) w->error[i] = NAN;
    assert_int_equal(ssmi_ridge_errors_scale(&gamma, NULL, &w->errors, &w->arena), SSM_E_DATA);
}

/* Errors that follow the size of those before: power 1/4, 1/2 or 3/4 of it. */
static void the_power_of_recent_errors_is_found(void **state)
{
    world *w = *state;
    static double lately[N];
    for (int k = 1; k <= 3; k++) {
        double gamma, power;
        w->errors.error = w->error;
        draw(w, 0, 8);
        gsl_rng *rng = ssmi_random_stream(&w->arena, 3);
        assert_non_null(rng);
        for (int i = 0; i < N; i++) {
            lately[i] = exp(gsl_ran_flat(rng, -2, 2));
            for (int h = 0; h < HORIZON; h++) w->error[i * HORIZON + h] *= pow(lately[i], 0.25 * k);
        }
        w->errors.lately = lately;
        assert_int_equal(ssmi_ridge_errors_scale(&gamma, &power, &w->errors, &w->arena), SSM_OK);
        assert_true(gamma == 0 && power == 0.25 * k);
        for (int i = 0; i < N * HORIZON; i++) {
            const double unit = pow(lately[i / HORIZON], power);
            if (!isnan(w->error[i])) assert_near(w->errors.error[i] * unit, w->error[i], 1e-13);
        }
    }
    for (int i = 0; i < N; i++) lately[i] = 1; /* histories too short to look back on */
    double gamma, power;
    w->errors.error = w->error;
    assert_int_equal(ssmi_ridge_errors_scale(&gamma, &power, &w->errors, &w->arena), SSM_OK);
    assert_true(power == 0);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, free_world)
    const struct CMUnitTest tests[] = {
        IN_WORLD(the_unit_is_that_in_which_the_errors_are_alike),
        IN_WORLD(the_power_of_recent_errors_is_found),
        IN_WORLD(a_few_windows_do_not_decide),
        IN_WORLD(windows_without_spread_have_a_unit),
        IN_WORLD(without_an_error_there_is_no_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
