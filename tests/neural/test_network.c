#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "differences.h"
#include "neural/network.h"

enum { BATCH = 3, LOOKBACK = 27, HORIZON = 5, MAX_PHASE = 96, MAX_COLUMNS = 2 };

enum {
    KNOWN = BATCH * (LOOKBACK + HORIZON) * MAX_COLUMNS,
    MAX_TOKENS = BATCH * 10,
    MAX_TOLD = MAX_TOKENS * 40
};

static const size_t newest[BATCH] = {9, 4, 0};

/* A small network with its data in both precisions. */
typedef struct fixture {
    ssmi_parameters table;
    ssmi_network net;
    double *params, *dparams, *record, *scratch, *out, *dout;
    double value[BATCH * LOOKBACK], mask[BATCH * LOOKBACK], scale[BATCH], phase[MAX_PHASE], columns[KNOWN];
    double token[MAX_TOLD], step[MAX_TOKENS]; /* of a carried network */
    double dropout;
} fixture;

static ssmi_network_input_f64 input_of(const fixture *f)
{
    return (ssmi_network_input_f64){BATCH,      f->value, f->mask, f->scale, f->phase,
                                    f->columns, f->token, f->step, newest};
}

/* A smooth function of the raw outputs: their product with fixed weights. */
static double output_product(void *user)
{
    fixture *f = user;
    const ssmi_network_input_f64 in = input_of(f);
    double sum = 0;
    ssmi_network_forward_f64(f->out, f->record, f->scratch, &in, f->params, &f->net, f->dropout, 99,
                             ssmi_kernels_of_f64(SSMI_ISA_PORTABLE));
    for (size_t i = 0; i < BATCH * f->net.outputs; i++) sum += f->out[i] * f->dout[i];
    return sum;
}

static int open_network(void **state, ssmi_network_size size)
{
    fixture *f = calloc(1, sizeof *f);
    size.lookback = LOOKBACK, size.horizon = HORIZON, size.patch = 8, size.stride = 4, size.hidden = 6;
    size.backbone.width = 8;
    f->net = ssmi_network_layout(&f->table, &size);
    assert_true(BATCH * f->net.tokens * size.phases <= MAX_PHASE);
    f->params = calloc(f->table.size, sizeof(double));
    f->dparams = calloc(f->table.size, sizeof(double));
    f->record = calloc(ssmi_network_record_f64(&f->net, BATCH), sizeof(double));
    f->scratch = calloc(ssmi_network_scratch_f64(&f->net, BATCH), sizeof(double));
    f->out = calloc(BATCH * f->net.outputs, sizeof(double));
    f->dout = calloc(BATCH * f->net.outputs, sizeof(double));
    fill_numbers(f->params, f->table.size, -0.5, 0.5, 17);
    fill_numbers(f->value, BATCH * LOOKBACK, -1, 1, 19);
    fill_numbers(f->scale, BATCH, -1, 1, 23);
    fill_numbers(f->phase, MAX_PHASE, -1, 1, 29);
    fill_numbers(f->columns, KNOWN, -1, 1, 31);
    assert_true(BATCH * f->net.tokens * f->net.features <= MAX_TOLD || !size.carried);
    fill_numbers(f->token, MAX_TOLD, -1, 1, 37);
    for (size_t i = 0; i < MAX_TOKENS; i++) f->step[i] = i % 4 == 0 ? 0.5 : 1;
    for (size_t i = 0; i < BATCH * LOOKBACK; i++) f->mask[i] = i % 5 == 0 ? 0 : 1;
    f->dropout = 0.3;
    *state = f;
    return 0;
}

static int open_fixture(void **state)
{
    const ssmi_mixer_size block = {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 5, .taps = 4};
    return open_network(state, (ssmi_network_size){.backbone = {.n_blocks = 2, .block = {block, block}}});
}

/* One block of every other kind, forwards and backwards, phases, and known columns. */
static int open_mixed(void **state)
{
    return open_network(
        state, (ssmi_network_size){
                   .phases = 3,
                   .columns = MAX_COLUMNS,
                   .backbone = {
                       .n_blocks = 4,
                       .bidirectional = 1,
                       .block = {{.kind = SSMI_MIXER_S4D, .states = 4},
                                 {.kind = SSMI_MIXER_MAMBA2, .expand = 2, .states = 4, .taps = 2, .heads = 2},
                                 {.kind = SSMI_MIXER_ATTENTION, .heads = 2, .causal = 1},
                                 {.kind = SSMI_MIXER_MLP, .expand = 2}}}});
}

/* Three series that are looked at together. */
static int open_variates(void **state)
{
    return open_network(
        state, (ssmi_network_size){
                   .columns = MAX_COLUMNS,
                   .variates = BATCH,
                   .backbone = {.n_blocks = 1, .block = {{.kind = SSMI_MIXER_S4D, .states = 4}}},
                   .across = {.n_blocks = 2,
                              .bidirectional = 1,
                              .block = {{.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 3, .taps = 2},
                                        {.kind = SSMI_MIXER_MLP, .expand = 2}}}});
}

static int open_carried(void **state)
{
    return open_network(
        state, (ssmi_network_size){
                   .phases = 3,
                   .columns = MAX_COLUMNS,
                   .carried = 1,
                   .backbone = {.n_blocks = 2,
                                .block = {{.kind = SSMI_MIXER_S4D, .states = 4},
                                          {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 5, .taps = 4}}}});
}

static int open_nlinear(void **state)
{
    return open_network(state, (ssmi_network_size){.kind = SSMI_NETWORK_NLINEAR});
}

static int open_dlinear(void **state)
{
    return open_network(state, (ssmi_network_size){.kind = SSMI_NETWORK_DLINEAR});
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    double *all[] = {f->params, f->dparams, f->record, f->scratch, f->out, f->dout};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    free(f);
    return 0;
}

/* Some gradients are a hundred-thousandth of the function: rounding leaves six digits of their differences.
 */
static void the_gradient_of_every_parameter_matches_differences(void **state)
{
    fixture *f = *state;
    fill_numbers(f->dout, BATCH * f->net.outputs, -1, 1, 41);
    output_product(f);
    ssmi_network_backward_f64(f->dparams, f->scratch, f->dout, f->record, BATCH, f->params, &f->net,
                              f->dropout, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE));
    for (size_t i = 0; i < f->table.n; i++) {
        const ssmi_parameter *p = &f->table.entry[i];
        double error =
            gradient_error(output_product, f, f->params + p->offset, f->dparams + p->offset, p->size, 3);
        if (!(error < 1e-6)) print_error("%s: error %g\n", p->name, error);
        assert_true(error < 1e-6);
    }
}

static float *narrow(const double *x, size_t n)
{
    float *out = calloc(n, sizeof *out);
    for (size_t i = 0; i < n; i++) out[i] = (float)x[i];
    return out;
}

static void single_precision_agrees_with_double_on_every_path(void **state)
{
    fixture *f = *state;
    const ssmi_network_input_f64 in = input_of(f);
    float *value = narrow(f->value, BATCH * LOOKBACK), *mask = narrow(f->mask, BATCH * LOOKBACK);
    float *scale = narrow(f->scale, BATCH), *params = narrow(f->params, f->table.size);
    float *phase = narrow(f->phase, MAX_PHASE), *columns = narrow(f->columns, KNOWN);
    float *token = narrow(f->token, MAX_TOLD), *step = narrow(f->step, MAX_TOKENS);
    const ssmi_network_input_f32 in32 = {BATCH, value, mask, scale, phase, columns, token, step, newest};
    const size_t n = BATCH * f->net.outputs;
    fill_numbers(f->dout, n, -1, 1, 41);
    float *dout = narrow(f->dout, n), *out = calloc(n, sizeof *out);
    float *record = calloc(ssmi_network_record_f32(&f->net, BATCH), sizeof *record);
    float *scratch = calloc(ssmi_network_scratch_f32(&f->net, BATCH), sizeof *scratch);
    float *dparams = calloc(f->table.size, sizeof *dparams);
    ssmi_network_forward_f64(f->out, f->record, f->scratch, &in, f->params, &f->net, f->dropout, 7,
                             ssmi_kernels_of_f64(SSMI_ISA_PORTABLE));
    ssmi_network_backward_f64(f->dparams, f->scratch, f->dout, f->record, BATCH, f->params, &f->net,
                              f->dropout, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE));
    for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
        const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
        double worst = 0, largest = 0;
        memset(dparams, 0, f->table.size * sizeof *dparams);
        ssmi_network_forward_f32(out, record, scratch, &in32, params, &f->net, f->dropout, 7, kernels);
        ssmi_network_backward_f32(dparams, scratch, dout, record, BATCH, params, &f->net, f->dropout,
                                  kernels);
        for (size_t i = 0; i < n; i++) assert_true(fabs((double)out[i] - f->out[i]) < 2e-6);
        for (size_t i = 0; i < f->table.size; i++) {
            worst = fmax(worst, fabs((double)dparams[i] - f->dparams[i]));
            largest = fmax(largest, fabs(f->dparams[i]));
        }
        assert_true(worst < 1e-5 * largest);
    }
    float *all[] = {value,  mask, scale, phase,  columns, token,  step,
                    params, dout, out,   record, scratch, dparams};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void an_untrained_network_puts_out_zeros(void **state)
{
    fixture *f = *state;
    ssm_context *ctx;
    ssm_arena arena;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    float *params = SSMI_ALLOC(&arena, float, f->table.size);
    assert_int_equal(ssmi_network_init(params, &f->net, ssmi_random_stream(&arena, 1), &arena), SSM_OK);
    for (size_t i = 0; i < f->table.size; i++) f->params[i] = (double)params[i];
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
    output_product(f);
    for (size_t i = 0; i < BATCH * f->net.outputs; i++) assert_true(f->out[i] == 0);
}

/* A mask of ones takes the path without steps; ones that a hair is missing from take the other. */
static void without_gaps_steps_of_one_change_nothing(void **state)
{
    fixture *f = *state;
    for (size_t i = 0; i < BATCH * LOOKBACK; i++) f->mask[i] = 1;
    f->mask[LOOKBACK - 1] = 1 - 1e-2;
    const size_t n = BATCH * f->net.outputs;
    double *near = calloc(n, sizeof *near), worst = 0;
    output_product(f);
    memcpy(near, f->out, n * sizeof *near);
    f->mask[LOOKBACK - 1] = 1;
    output_product(f);
    for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs(near[i] - f->out[i]));
    assert_true(worst > 0 && worst < 1e-2);
    free(near);
}

/* With W = 1 for the newest row and W_m = 2 for the oldest, brute force in the mean. */
static void the_mean_taken_off_is_that_of_the_rows_around(void **state)
{
    fixture *f = *state;
    double mean[2] = {0, 0}, *v = f->value;
    memset(f->params, 0, f->table.size * sizeof *f->params);
    f->params[f->net.map_weight + LOOKBACK - 1] = 1;
    f->params[f->net.mean_weight] = 2;
    for (int k = -12; k <= 12; k++) {
        mean[0] += v[k < 0 ? 0 : k] / 25;
        mean[1] += v[k > 0 ? LOOKBACK - 1 : LOOKBACK - 1 + k] / 25;
    }
    output_product(f);
    assert_float_equal(f->out[0], v[LOOKBACK - 1] - mean[1] + 2 * mean[0], 1e-14);
    assert_true(f->out[HORIZON] == f->out[0] && f->out[1] == 0);
}

/* Of what is known of step 2 the steps before it hear nothing, nor of rows before the taps through the step.
 */
static void a_known_row_speaks_to_its_own_step_and_the_next_three(void **state)
{
    fixture *f = *state;
    double before[SSMI_HEAD_OUTPUTS * HORIZON];
    output_product(f);
    memcpy(before, f->out, sizeof before);
    f->columns[(LOOKBACK + 1) * MAX_COLUMNS] += 1;
    output_product(f);
    for (size_t k = 0; k < SSMI_HEAD_OUTPUTS; k++) {
        assert_true(f->out[k * HORIZON] == before[k * HORIZON]);
        for (size_t h = 1; h < HORIZON; h++) assert_true(f->out[k * HORIZON + h] != before[k * HORIZON + h]);
    }
}

/* Sequences of ten, five and one token: what follows the newest is not heard, the newest itself is. */
static void a_carried_network_hears_nothing_after_its_newest_token(void **state)
{
    fixture *f = *state;
    const size_t n = f->net.outputs, token = f->net.features, row = f->net.tokens * token;
    double *before = calloc(BATCH * n, sizeof *before);
    output_product(f);
    memcpy(before, f->out, BATCH * n * sizeof *before);
    f->token[row + 5 * token] += 1;
    f->token[2 * row + token] += 1;
    f->step[f->net.tokens + 5] = 0;
    output_product(f);
    assert_memory_equal(f->out, before, BATCH * n * sizeof *before);
    f->token[2 * row] += 1;
    output_product(f);
    assert_memory_equal(f->out, before, 2 * n * sizeof *before);
    assert_true(f->out[2 * n] != before[2 * n]);
    free(before);
}

/* Of five tokens heard the oldest's weights speak in sequences of ten and five tokens; in one of a single
 * token there is nothing for them to hear. The newest's speak in all. */
static void the_head_of_a_carried_network_hears_its_last_tokens(void **state)
{
    fixture *f = *state;
    const size_t n = f->net.outputs, d = f->net.backbone.width;
    double *before = calloc(BATCH * n, sizeof *before), *oldest = f->params + f->net.mix_weight;
    double *last = oldest + f->net.read - d;
    assert_int_equal(f->net.heard, 5);
    assert_int_equal(f->net.read, 5 * d);
    f->dropout = 0;
    output_product(f);
    memcpy(before, f->out, BATCH * n * sizeof *before);
    oldest[0] += 1;
    output_product(f);
    assert_true(f->out[0] != before[0] && f->out[n] != before[n]);
    assert_memory_equal(f->out + 2 * n, before + 2 * n, n * sizeof *before);
    last[0] += 1;
    output_product(f);
    assert_true(f->out[2 * n] != before[2 * n]);
    free(before);
}

/* 1, 5, 16, 31, 32 and 41 tokens of a look-back: the head hears up to 16, the states hold those and half of
 * all. */
static void a_carried_state_holds_what_the_head_hears(void **state)
{
    static const size_t seen[] = {1, 5, 16, 31, 32, 41}, heard[] = {1, 5, 16, 16, 16, 16},
                        half[] = {1, 5, 16, 16, 16, 21};
    (void)state;
    for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
        ssmi_parameters table = {0};
        const ssmi_network_size size = {
            .lookback = 4 * seen[i],
            .horizon = HORIZON,
            .patch = 4,
            .stride = 4,
            .hidden = 6,
            .carried = 1,
            .backbone = {.width = 8, .n_blocks = 1, .block = {{.kind = SSMI_MIXER_S4D, .states = 4}}}};
        const ssmi_network net = ssmi_network_layout(&table, &size);
        assert_int_equal(net.heard, heard[i]);
        assert_int_equal(net.half, half[i]);
        assert_int_equal(net.tokens, 2 * half[i]);
    }
}

/* And those that are not, do not. */
static void series_that_are_looked_at_together_hear_each_other(void **state)
{
    fixture *f = *state;
    const size_t n = f->net.outputs, last = (BATCH - 1) * n;
    double before[2];
    const size_t heard[] = {last, 0}, said[] = {LOOKBACK - 1, BATCH * LOOKBACK - 1};
    f->dropout = 0;
    for (size_t i = 0; i < 2; i++) {
        output_product(f);
        before[i] = f->out[heard[i]];
        f->value[said[i]] += 1;
        output_product(f);
        assert_true((f->out[heard[i]] != before[i]) == (f->net.size.variates > 1));
    }
}

/* Two origins in one batch, the second with other values: each says what it says alone, and gradients add up.
 */
static void origins_of_a_batch_do_not_hear_each_other(void **state)
{
    enum { TWO = 2 * BATCH };
    fixture *f = *state;
    const ssmi_kernels_f64 *kernels = ssmi_kernels_of_f64(SSMI_ISA_PORTABLE);
    const size_t n = BATCH * f->net.outputs, size = f->table.size;
    double value[TWO * LOOKBACK], mask[TWO * LOOKBACK], scale[TWO], columns[2 * KNOWN];
    double *out = calloc(2 * n, sizeof *out), *dout = calloc(2 * n, sizeof *dout),
           *sum = calloc(size, sizeof *sum);
    double *record = calloc(ssmi_network_record_f64(&f->net, TWO), sizeof *record);
    double *scratch = calloc(ssmi_network_scratch_f64(&f->net, TWO), sizeof *scratch);
    f->dropout = 0;
    fill_numbers(value, TWO * LOOKBACK, -1, 1, 43);
    fill_numbers(scale, TWO, -1, 1, 47);
    fill_numbers(columns, 2 * KNOWN, -1, 1, 53);
    fill_numbers(dout, 2 * n, -1, 1, 59);
    for (size_t i = 0; i < TWO * LOOKBACK; i++) mask[i] = 1;
    const ssmi_network_input_f64 both = {TWO, value, mask, scale, NULL, columns, NULL, NULL, NULL};
    ssmi_network_forward_f64(out, record, scratch, &both, f->params, &f->net, 0, 0, kernels);
    ssmi_network_backward_f64(sum, scratch, dout, record, TWO, f->params, &f->net, 0, kernels);
    for (size_t g = 0; g < 2; g++) {
        const ssmi_network_input_f64 one = {BATCH, value + g * BATCH * LOOKBACK, mask, scale + g * BATCH,
                                            NULL,  columns + g * KNOWN,          NULL, NULL,
                                            NULL};
        ssmi_network_forward_f64(f->out, record, scratch, &one, f->params, &f->net, 0, 0, kernels);
        ssmi_network_backward_f64(f->dparams, scratch, dout + g * n, record, BATCH, f->params, &f->net, 0,
                                  kernels);
        for (size_t i = 0; i < n; i++) assert_float_equal(f->out[i], out[g * n + i], 1e-12);
    }
    for (size_t i = 0; i < size; i++) assert_float_equal(f->dparams[i], sum[i], 1e-11);
    double *all[] = {out, dout, sum, record, scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void the_table_covers_the_flat_array_once(void **state)
{
    fixture *f = *state;
    size_t at = 0;
    for (size_t i = 0; i < f->table.n; i++) {
        assert_int_equal(f->table.entry[i].offset, at);
        at += f->table.entry[i].size;
        assert_ptr_equal(ssmi_parameters_find(&f->table, f->table.entry[i].name), &f->table.entry[i]);
    }
    assert_int_equal(at, f->table.size);
    assert_null(ssmi_parameters_find(&f->table, "no such tensor"));
    assert_int_equal(ssmi_parameters_find(&f->table, "layers.1.mixer.A_log")->decay, SSMI_NO_DECAY);
    assert_int_equal(ssmi_parameters_find(&f->table, "mix.weight")->decay, SSMI_DECAY);
}

int main(void)
{
#define WITH(open_mixed, test) cmocka_unit_test_setup_teardown(test, open_mixed, close_fixture)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_carried_state_holds_what_the_head_hears),
        WITH(open_fixture, the_gradient_of_every_parameter_matches_differences),
        WITH(open_fixture, single_precision_agrees_with_double_on_every_path),
        WITH(open_fixture, an_untrained_network_puts_out_zeros),
        WITH(open_mixed, the_gradient_of_every_parameter_matches_differences),
        WITH(open_mixed, single_precision_agrees_with_double_on_every_path),
        WITH(open_mixed, an_untrained_network_puts_out_zeros),
        WITH(open_mixed, without_gaps_steps_of_one_change_nothing),
        WITH(open_mixed, a_known_row_speaks_to_its_own_step_and_the_next_three),
        WITH(open_mixed, series_that_are_looked_at_together_hear_each_other),
        WITH(open_variates, the_gradient_of_every_parameter_matches_differences),
        WITH(open_variates, single_precision_agrees_with_double_on_every_path),
        WITH(open_variates, an_untrained_network_puts_out_zeros),
        WITH(open_variates, series_that_are_looked_at_together_hear_each_other),
        WITH(open_variates, origins_of_a_batch_do_not_hear_each_other),
        WITH(open_carried, the_gradient_of_every_parameter_matches_differences),
        WITH(open_carried, single_precision_agrees_with_double_on_every_path),
        WITH(open_carried, an_untrained_network_puts_out_zeros),
        WITH(open_carried, a_carried_network_hears_nothing_after_its_newest_token),
        WITH(open_carried, the_head_of_a_carried_network_hears_its_last_tokens),
        WITH(open_carried, the_table_covers_the_flat_array_once),
        WITH(open_nlinear, the_gradient_of_every_parameter_matches_differences),
        WITH(open_nlinear, single_precision_agrees_with_double_on_every_path),
        WITH(open_nlinear, an_untrained_network_puts_out_zeros),
        WITH(open_dlinear, the_gradient_of_every_parameter_matches_differences),
        WITH(open_dlinear, single_precision_agrees_with_double_on_every_path),
        WITH(open_dlinear, an_untrained_network_puts_out_zeros),
        WITH(open_dlinear, the_mean_taken_off_is_that_of_the_rows_around),
        WITH(open_fixture, the_table_covers_the_flat_array_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
