/* Small versions of tests/bench/bench_selection: layers, trainer and optimiser together learn what needs
 * selection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arrays.h"
#include "base/arena.h"
#include "selection.h"

static const selection_task copying = {"selective-copying", 14, 3, draw_copying, draw_copying};
static const selection_task induction = {"induction-heads", 15, 1, draw_induction, draw_induction_near};

static const selection_model mamba = {"mamba",
                                      2,
                                      {{.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 8, .taps = 4},
                                       {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 8, .taps = 4}},
                                      0};
static const selection_model s4d = {
    "s4d", 2, {{.kind = SSMI_MIXER_S4D, .states = 16}, {.kind = SSMI_MIXER_S4D, .states = 16}}, 0};
static const selection_model attention = {
    "attention",
    4,
    {{.kind = SSMI_MIXER_ATTENTION, .heads = 2, .causal = 1}, {.kind = SSMI_MIXER_MLP, .expand = 2}},
    1};

/* Validation losses at the start and at the best of `steps` steps. */
static ssmi_training_result learn(const selection_model *model, const selection_task *task, size_t steps,
                                  double rate)
{
    enum { BATCH = 16 };
    selection_network net;
    ssm_context *ctx;
    ssm_arena tmp;
    ssmi_training_result result;
    keeper k = {0};
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 1);
    ssmi_arena_init(&tmp, ctx);
    selection_lay_out(&net, model, 24, 1);
    float *params = zeros_f32(&k, net.table.size);
    assert_int_equal(selection_init(params, &net, &tmp), SSM_OK);
    const selection_problem p = {&net, task, 5, 6, 0};
    const ssmi_training_problem problem = selection_problem_of(&p, steps * BATCH, 64);
    const ssmi_training how = {.batch = BATCH,
                               .slot = SELECTION_SLOT,
                               .steps = steps,
                               .warmup = 10,
                               .check = steps / 5,
                               .patience = 6,
                               .rate = rate,
                               .clip = 1,
                               .average = 0.95,
                               .stream = 2};
    assert_int_equal(ssmi_train(&result, params, &net.table, &problem, &how, &tmp), SSM_OK);
    print_message("%s on %s: loss %.3f to %.3f, wrong %.3f to %.3f\n", model->name, task->name,
                  result.start[0], result.best[0], result.start[1], result.best[1]);
    release(&k);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
    return result;
}

/* Chance is 14 symbols, and log 14 = 2.64. */
static void mamba_copies_selectively_and_an_invariant_layer_does_not(void **state)
{
    (void)state;
    const ssmi_training_result own = learn(&mamba, &copying, 700, 0.01),
                               other = learn(&s4d, &copying, 700, 0.01);
    assert_true(own.best[0] < own.start[0] / 4);
    assert_true(own.best[1] < other.best[1] / 2);
}

static void mamba_and_attention_find_what_followed_the_trigger(void **state)
{
    (void)state;
    const ssmi_training_result own = learn(&mamba, &induction, 300, 0.01);
    const ssmi_training_result other = learn(&attention, &induction, 1500, 0.004);
    assert_true(own.best[0] < own.start[0] / 4 && own.best[1] < 0.1);
    assert_true(other.best[0] < other.start[0] / 4);
}

/* Noise, three symbols in order, and markers. */
static void a_copying_sequence_holds_its_answers_in_order(void **state)
{
    (void)state;
    for (uint64_t key = 0; key < 50; key++) {
        int token[17], answer[3];
        size_t found = 0;
        draw_copying(token, answer, &copying, key);
        for (size_t t = 0; t < 14; t++) {
            assert_true(token[t] >= 0 && token[t] < SYMBOLS - 1);
            if (token[t] != 0) assert_int_equal(token[t], answer[found++]);
        }
        assert_int_equal(found, 3);
        for (size_t t = 14; t < 17; t++) assert_int_equal(token[t], SYMBOLS - 1);
    }
}

/* One trigger and its repetition at the end, at any distance; the answer behind the first. */
static void an_induction_sequence_has_one_trigger_before_its_question(void **state)
{
    (void)state;
    size_t seen[2][16] = {{0}};
    for (uint64_t key = 0; key < 600; key++) {
        int token[16], answer;
        (key % 2 ? draw_induction : draw_induction_near)(token, &answer, &induction, ssmi_mix_key(key, 3));
        size_t at = 0, triggers = 0;
        for (size_t t = 0; t < 16; t++) triggers += token[t] == SYMBOLS - 1;
        while (token[at] != SYMBOLS - 1) at++;
        assert_int_equal(triggers, 2);
        assert_int_equal(token[at + 1], answer);
        seen[key % 2][15 - at]++;
    }
    for (size_t d = 2; d <= 15; d++) assert_true(seen[0][d] > 0 && seen[1][d] > 0);
    /* near ones more often in training: log 1.5 / log 7.5 = 0.2 of all against 1/14 */
    assert_true(2 * seen[0][2] > 3 * seen[1][2]);
}

/* Every slope of embedding, blocks, read-out and pull together, in single precision: 1e-2 of the largest. */
static void the_gradient_of_the_whole_network_matches_differences(void **state)
{
    (void)state;
    enum { N = 2 };
    static const selection_task small = {"", 6, 2, draw_copying, draw_copying};
    keeper k = {0};
    selection_network net;
    selection_lay_out(&net, &mamba, 4, 1);
    double *start = numbers(&k, net.table.size, -0.6, 0.6, 8);
    float *params = narrow(&k, start, net.table.size), *grad = zeros_f32(&k, net.table.size);
    const selection_problem p = {&net, &small, 5, 5, 0.4};
    const ssmi_training_problem problem = selection_problem_of(&p, N, N);
    float *workspace = zeros_f32(&k, problem.workspace + 16);
    const size_t item[N] = {0, 1};
    double loss[2] = {0}, largest = 0;
    int token[8], answer[2];
    draw_copying(token, answer, &small, ssmi_mix_key(p.training, 0));
    params[net.bias + answer[0]] += 4; /* the pull is on right answers only */
    problem.gradient(&p, loss, grad, workspace, params, item, N, 0);
    assert_true(loss[1] > 0 && loss[1] < N);
    for (size_t i = 0; i < net.table.size; i++) largest = fmax(largest, fabs((double)grad[i]));
    for (size_t i = 0; i < net.table.size; i += 7) {
        double up[2] = {0}, down[2] = {0};
        const float kept = params[i], step = 1e-2f;
        params[i] = kept + step;
        problem.judge(&p, up, workspace, params, 0, N);
        up[0] += (N - up[1]) * selection_pull(params, &net, p.pull);
        params[i] = kept - step;
        problem.judge(&p, down, workspace, params, 0, N);
        down[0] += (N - down[1]) * selection_pull(params, &net, p.pull);
        params[i] = kept;
        assert_true(fabs((up[0] - down[0]) / (2 * (double)step) - (double)grad[i]) < 1e-2 * largest);
    }
    release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copying_sequence_holds_its_answers_in_order),
        cmocka_unit_test(an_induction_sequence_has_one_trigger_before_its_question),
        cmocka_unit_test(the_gradient_of_the_whole_network_matches_differences),
        cmocka_unit_test(mamba_copies_selectively_and_an_invariant_layer_does_not),
        cmocka_unit_test(mamba_and_attention_find_what_followed_the_trigger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
