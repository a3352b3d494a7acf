#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "differences.h"
#include "neural/adamw.h"
#include "neural/trainer.h"

enum { INPUTS = 40, WINDOWS = 300, VALIDATION = 50 };

/* A line to fit: targets are x . truth; loss parts are the squared and the absolute error. `poison` makes
 * some windows give infinite losses, `backwards` gives the gradient the wrong sign. */
typedef struct line {
    float x[WINDOWS + VALIDATION][INPUTS], y[WINDOWS + VALIDATION];
    int poison_all, poison_some, backwards;
} line;

static float miss(const line *l, const float *params, size_t i)
{
    float sum = -l->y[i];
    for (size_t k = 0; k < INPUTS; k++) sum += l->x[i][k] * params[k];
    return sum;
}

static void gradient(const void *user, double *loss, float *grad, float *workspace, const float *params,
                     const size_t *item, size_t n, uint64_t key)
{
    const line *l = user;
    (void)workspace, (void)key;
    for (size_t i = 0; i < n; i++) {
        const float e = miss(l, params, item[i]);
        loss[0] += (double)(e * e);
        loss[1] += l->poison_all || (l->poison_some && item[i] == 7) ? INFINITY : fabs((double)e);
        for (size_t k = 0; k < INPUTS; k++) grad[k] += (l->backwards ? -2 : 2) * e * l->x[item[i]][k];
    }
}

static void judge(const void *user, double *loss, float *workspace, const float *params, size_t first,
                  size_t n)
{
    (void)workspace;
    for (size_t i = WINDOWS + first; i < WINDOWS + first + n; i++) {
        const double e = (double)miss(user, params, i);
        loss[0] += e * e;
        loss[1] += fabs(e);
    }
}

static void fill(line *l)
{
    uint32_t seed = 61;
    memset(l, 0, sizeof *l);
    for (size_t i = 0; i < WINDOWS + VALIDATION; i++) {
        for (size_t k = 0; k < INPUTS; k++) {
            l->x[i][k] = (float)next_number(&seed, -1, 1);
            l->y[i] += l->x[i][k] * (float)(k % 3);
        }
    }
}

static ssm_status train(ssmi_training_result *result, float *params, const line *l, size_t threads)
{
    const ssmi_training how = {.batch = 24,
                               .slot = 5,
                               .steps = 400,
                               .warmup = 10,
                               .check = 20,
                               .patience = 5,
                               .rate = 0.05,
                               .clip = 100,
                               .average = 0.9,
                               .stream = 4};
    const ssmi_training_problem problem = {l, WINDOWS, VALIDATION, 1, gradient, judge};
    ssmi_parameters table = {0};
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_parameters_add(&table, "", "w", SSMI_DECAY, INPUTS, 0, 0);
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, threads);
    ssmi_arena_init(&tmp, ctx);
    ssm_status status = ssmi_train(result, params, &table, &problem, &how, &tmp);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
    return status;
}

static void training_finds_the_line_and_gives_the_same_bits_with_any_thread_count(void **state)
{
    (void)state;
    static line l;
    ssmi_training_result result;
    float params[3][INPUTS] = {{0}};
    fill(&l);
    for (size_t k = 0; k < 3; k++) assert_int_equal(train(&result, params[k], &l, 1 + 3 * k), SSM_OK);
    assert_true(result.best[0] < 1e-4 * result.start[0]);
    assert_true(result.best_step > 0);
    for (size_t k = 0; k < INPUTS; k++) assert_float_equal(params[0][k], (float)(k % 3), 0.05);
    assert_memory_equal(params[1], params[0], sizeof params[0]);
    assert_memory_equal(params[2], params[0], sizeof params[0]);
}

static void training_that_only_does_harm_returns_its_start(void **state)
{
    (void)state;
    static line l;
    ssmi_training_result result;
    float params[INPUTS] = {0.5f}, kept[INPUTS] = {0.5f};
    fill(&l);
    l.backwards = 1;
    assert_int_equal(train(&result, params, &l, 2), SSM_OK);
    assert_int_equal(result.best_step, 0);
    assert_memory_equal(params, kept, sizeof params);
}

static void steps_that_are_not_finite_are_skipped_and_never_end_in_the_weights(void **state)
{
    (void)state;
    static line l;
    ssmi_training_result result;
    float params[INPUTS] = {0};
    fill(&l);
    l.poison_some = 1;
    assert_int_equal(train(&result, params, &l, 2), SSM_OK);
    assert_true(result.skipped > 0 && result.skipped < result.steps);
    assert_true(result.best[0] < 1e-3 * result.start[0]);
    memset(params, 0, sizeof params);
    l.poison_all = 1;
    assert_int_equal(train(&result, params, &l, 2), SSM_OK);
    assert_int_equal(result.steps, SSMI_MAX_SKIPS);
    for (size_t k = 0; k < INPUTS; k++) assert_true(params[k] == 0);
}

static void the_first_step_of_adamw_moves_by_the_rate_and_decays_only_what_it_should(void **state)
{
    (void)state;
    ssmi_parameters table = {0};
    float w[4] = {0, 0, 2, 2}, grad[4] = {0.3f, -7, 0, 0}, m[4] = {0}, v[4] = {0};
    ssmi_adamw adam = {0.9, 0.999, 1e-8, 0.1, m, v, 0};
    ssmi_parameters_add(&table, "", "moved", SSMI_NO_DECAY, 2, 0, 0);
    ssmi_parameters_add(&table, "", "free", SSMI_NO_DECAY, 1, 0, 0);
    ssmi_parameters_add(&table, "", "decayed", SSMI_DECAY, 1, 0, 0);
    ssmi_adamw_update(&adam, w, grad, &table, 0.01);
    assert_float_equal(w[0], -0.01f, 1e-6);
    assert_float_equal(w[1], 0.01f, 1e-6);
    assert_true(w[2] == 2);
    assert_float_equal(w[3], 2 * (1 - 0.01f * 0.1f), 1e-6);
}

static void the_rate_warms_up_and_ends_at_zero(void **state)
{
    (void)state;
    assert_float_equal(ssmi_cosine_rate(2, 0, 4, 100), 0.5, 1e-12);
    assert_float_equal(ssmi_cosine_rate(2, 4, 4, 100), 2, 1e-12);
    assert_float_equal(ssmi_cosine_rate(2, 52, 4, 100), 1, 1e-12);
    assert_true(ssmi_cosine_rate(2, 100, 4, 100) == 0);
}

static void clipping_keeps_the_direction(void **state)
{
    (void)state;
    float x[2] = {3, 4};
    assert_float_equal(ssmi_clip_norm(x, 2, 10), 5, 1e-6);
    assert_true(x[0] == 3 && x[1] == 4);
    ssmi_clip_norm(x, 2, 1);
    assert_float_equal(x[0], 0.6, 1e-6);
    assert_float_equal(x[1], 0.8, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_finds_the_line_and_gives_the_same_bits_with_any_thread_count),
        cmocka_unit_test(training_that_only_does_harm_returns_its_start),
        cmocka_unit_test(steps_that_are_not_finite_are_skipped_and_never_end_in_the_weights),
        cmocka_unit_test(the_first_step_of_adamw_moves_by_the_rate_and_decays_only_what_it_should),
        cmocka_unit_test(the_rate_warms_up_and_ends_at_zero),
        cmocka_unit_test(clipping_keeps_the_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
