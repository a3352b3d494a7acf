#include "models/ensemble_weights.h"

#include "models/fixture.h"

#include <float.h>

static void two_members_are_weighed_by_hand(void **state)
{
    (void)state;
    const double prior[] = {0.5, 0.5};
    double weight[2];
    const ssmi_ensemble_errors errors = {2, {{1, 0}, {0, 4}}, 1, 1};
    ssmi_ensemble_weigh(weight, prior, &errors);
    assert_near(weight[0], 0.62, 1e-12);
    assert_near(weight[1], 0.38, 1e-12);
}

/* A number in [-1, 1). */
static double draw(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / 8388608.0 - 1;
}

/* Members that share noise, each with some of its own. */
static void fill(ssmi_ensemble_errors *errors, unsigned *seed, size_t rows)
{
    for (size_t t = 0; t < rows; t++) {
        double error[SSMI_ENSEMBLE_MEMBERS], shared = draw(seed);
        for (size_t i = 0; i < errors->n; i++) error[i] = shared + (0.3 + 0.2 * (double)i) * draw(seed);
        ssmi_ensemble_add(errors, error);
    }
}

static double objective(const double *w, const double *prior, const ssmi_ensemble_errors *errors)
{
    double own = 0, of_prior = 0, distance = 0;
    for (size_t i = 0; i < errors->n; i++) {
        distance += (w[i] - prior[i]) * (w[i] - prior[i]);
        for (size_t j = 0; j < errors->n; j++) {
            own += w[i] * errors->cross[i][j] * w[j];
            of_prior += prior[i] * errors->cross[i][j] * prior[j];
        }
    }
    return own / of_prior + 3 / errors->windows * distance;
}

static void no_other_weights_do_better(void **state)
{
    (void)state;
    unsigned seed = 3;
    for (size_t n = 1; n <= SSMI_ENSEMBLE_MEMBERS; n++) {
        ssmi_ensemble_errors errors = {.n = n, .unit = 0.5, .windows = 0.5 + (double)n};
        double prior[SSMI_ENSEMBLE_MEMBERS], weight[SSMI_ENSEMBLE_MEMBERS], sum = 0;
        for (size_t i = 0; i < n; i++) prior[i] = 1 / (double)n;
        fill(&errors, &seed, 40);
        ssmi_ensemble_weigh(weight, prior, &errors);
        const double best = objective(weight, prior, &errors);
        for (size_t i = 0; i < n; i++) sum += weight[i], assert_true(weight[i] >= 0);
        assert_near(sum, 1, 1e-12);
        for (size_t i = 0; i < n; i++) {
            double other[SSMI_ENSEMBLE_MEMBERS]; /* convex: a step towards each corner decides */
            for (size_t j = 0; j < n; j++) other[j] = 0.99 * weight[j] + (i == j ? 0.01 : 0);
            assert_true(objective(other, prior, &errors) >= best * (1 - 1e-12));
        }
    }
}

static void long_backtests_outweigh_the_prior(void **state)
{
    (void)state;
    const double prior[] = {0.9, 0.1};
    double few[2], many[2];
    ssmi_ensemble_errors errors = {2, {{9, 0}, {0, 1}}, 1, 1};
    ssmi_ensemble_weigh(few, prior, &errors);
    errors.windows = 1e9;
    ssmi_ensemble_weigh(many, prior, &errors);
    assert_true(few[0] > many[0]);
    assert_near(many[0], 0.1, 1e-6); /* variances 9 and 1 alone */
}

static void errors_that_say_nothing_leave_the_prior(void **state)
{
    (void)state;
    const double prior[] = {0.7, 0.3}, huge[] = {DBL_MAX, -DBL_MAX};
    double weight[2];
    ssmi_ensemble_errors errors = {.n = 2, .unit = 1, .windows = 1};
    ssmi_ensemble_weigh(weight, prior, &errors); /* all zero */
    assert_memory_equal(weight, prior, sizeof prior);
    ssmi_ensemble_add(&errors, huge);
    ssmi_ensemble_weigh(weight, prior, &errors);
    assert_memory_equal(weight, prior, sizeof prior);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_members_are_weighed_by_hand),
        cmocka_unit_test(no_other_weights_do_better),
        cmocka_unit_test(long_backtests_outweigh_the_prior),
        cmocka_unit_test(errors_that_say_nothing_leave_the_prior),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
