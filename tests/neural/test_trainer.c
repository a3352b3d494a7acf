#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "line.h"
#include "neural/adamw.h"
#include "neural/deck.h"

static ssm_status train(ssmi_training_result *result, float *params, const line *l, size_t threads)
{
    const ssmi_training how = line_training();
    return train_with(result, params, l, threads, &how, NULL, NULL);
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

static void the_rate_stays_until_the_cooldown(void **state)
{
    (void)state;
    assert_float_equal(ssmi_wsd_rate(2, 1, 4, 20, 100), 1, 1e-12);
    assert_true(ssmi_wsd_rate(2, 4, 4, 20, 100) == 2 && ssmi_wsd_rate(2, 80, 4, 20, 100) == 2);
    assert_float_equal(ssmi_wsd_rate(2, 90, 4, 20, 100), 1, 1e-12);
    assert_true(ssmi_wsd_rate(2, 100, 4, 20, 100) == 0);
    /* without cooldown: constant to the end; without warm-up: from the first step */
    assert_true(ssmi_wsd_rate(2, 0, 0, 0, 100) == 2 && ssmi_wsd_rate(2, 99, 0, 0, 100) == 2);
}

/* Two batches of 20 in one step are a batch of 40 but for the order of sums. */
static void accumulated_batches_are_one_larger_batch(void **state)
{
    (void)state;
    static line l;
    ssmi_training how = line_training();
    ssmi_training_result result;
    float whole[INPUTS] = {0}, parts[INPUTS] = {0}, again[INPUTS] = {0};
    fill(&l);
    how.steps = 60, how.batch = 40;
    assert_int_equal(train_with(&result, whole, &l, 1, &how, NULL, NULL), SSM_OK);
    how.batch = 20, how.accumulate = 2;
    assert_int_equal(train_with(&result, parts, &l, 1, &how, NULL, NULL), SSM_OK);
    assert_int_equal(train_with(&result, again, &l, 3, &how, NULL, NULL), SSM_OK);
    assert_memory_equal(again, parts, sizeof parts);
    for (size_t k = 0; k < INPUTS; k++) assert_float_equal(parts[k], whole[k], 1e-4);
}

/* With a rate that stays, the weights jump about; their plain mean lies nearer. */
static void averaging_and_schedule_are_what_the_options_say(void **state)
{
    (void)state;
    static line l;
    ssmi_training how = line_training();
    ssmi_training_result last, mean;
    float params[INPUTS] = {0}, averaged[INPUTS] = {0};
    fill(&l);
    for (size_t i = 0; i < WINDOWS; i++) l.y[i] += (float)(i % 7) - 3;
    how.schedule = SSMI_WSD, how.average = 0, how.patience = 1000;
    assert_int_equal(train_with(&last, params, &l, 1, &how, NULL, NULL), SSM_OK);
    how.plain_average_from = 200;
    assert_int_equal(train_with(&mean, averaged, &l, 1, &how, NULL, NULL), SSM_OK);
    assert_int_equal(mean.n_curve, 20);
    assert_true(mean.curve[19].validation[0] < last.curve[19].validation[0]);
    assert_true(mean.curve[19].step == 400 && mean.curve[5].rate == 0.05);
    assert_true(mean.curve[19].train[0] < mean.curve[0].train[0]);
    for (size_t k = 0; k < mean.n_curve; k++) assert_true(mean.curve[k].validation[0] >= mean.best[0]);
}

static void every_card_is_dealt_once_an_order_and_a_place_can_be_found_again(void **state)
{
    (void)state;
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_deck deck, other;
    size_t seen[10] = {0}, item[7], expected[7];
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_deck_open(&deck, 10, 5, &arena), SSM_OK);
    assert_int_equal(ssmi_deck_open(&other, 10, 5, &arena), SSM_OK);
    for (size_t i = 0; i < 30; i++) {
        ssmi_deck_deal(item, 1, &deck);
        seen[item[0]]++;
        if (i % 10 == 9)
            for (size_t k = 0; k < 10; k++) assert_int_equal(seen[k], i / 10 + 1);
    }
    ssmi_deck_deal(item, 7, &deck);
    const uint64_t order = deck.order;
    const size_t at = deck.at;
    ssmi_deck_deal(expected, 7, &deck);
    ssmi_deck_place(&other, order, at);
    ssmi_deck_deal(item, 7, &other);
    assert_memory_equal(item, expected, sizeof item);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
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
        cmocka_unit_test(the_rate_stays_until_the_cooldown),
        cmocka_unit_test(accumulated_batches_are_one_larger_batch),
        cmocka_unit_test(averaging_and_schedule_are_what_the_options_say),
        cmocka_unit_test(every_card_is_dealt_once_an_order_and_a_place_can_be_found_again),
        cmocka_unit_test(clipping_keeps_the_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
