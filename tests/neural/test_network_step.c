/* A carried network one token at a time against whole sequences of tokens, on every path. */
#include "core/fixture.h"

#include "neural/network_step.h"

enum { TOKENS = 24, LOOKBACK = 100, PATCH = 4, HORIZON = 3 };

static const ssmi_mixer_size
    mamba = {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 6, .taps = 4},
    tied = {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 5, .taps = 3, .tied = 1},
    s4d = {.kind = SSMI_MIXER_S4D, .states = 6, .start = SSMI_S4D_LIN},
    heads = {.kind = SSMI_MIXER_MAMBA2, .expand = 2, .states = 6, .taps = 4, .heads = 4},
    turned = {.kind = SSMI_MIXER_MAMBA2,
              .expand = 2,
              .states = 4,
              .taps = 3,
              .heads = 2,
              .trapezoid = 1,
              .turn = SSMI_TURN_DATA},
    timed =
        {.kind = SSMI_MIXER_MAMBA2, .expand = 1, .states = 8, .taps = 1, .heads = 3, .turn = SSMI_TURN_TIME},
    attention = {.kind = SSMI_MIXER_ATTENTION, .heads = 2, .causal = 1};

static const struct {
    size_t width;
    ssmi_mixer_size first, second;
} nets[] = {{16, mamba, tied},   {5, tied, s4d},      {24, s4d, s4d},
            {16, heads, turned}, {12, turned, mamba}, {24, timed, heads}};
enum { NETS = sizeof nets / sizeof *nets };

static float *singles(fixture *f, size_t count, double low, double high)
{
    float *x = SSMI_ALLOC(&f->arena, float, count);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) x[i] = (float)(low + (high - low) * gsl_rng_uniform(f->rng));
    return x;
}

static ssmi_network network(ssmi_parameters *table, size_t k)
{
    const ssmi_network_size size = {
        .lookback = LOOKBACK,
        .horizon = HORIZON,
        .patch = PATCH,
        .stride = PATCH,
        .phases = 2,
        .hidden = 8,
        .carried = 1,
        .backbone = {.width = nets[k].width, .n_blocks = 2, .block = {nets[k].first, nets[k].second}}};
    return ssmi_network_layout(table, &size);
}

/* The largest difference of the two over `n` numbers, in units of the largest number. */
static float difference(const float *a, const float *b, size_t n)
{
    float worst = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmaxf(most, fabsf(a[i]));
        worst = fmaxf(worst, isnan(a[i]) || isnan(b[i]) ? INFINITY : fabsf(a[i] - b[i]));
    }
    assert_true(most > 0.01f);
    return worst / most;
}

/* Sums run in another order and pass through five products and two states: 3e-5 of the largest output. */
static void tokens_one_by_one_give_what_sequences_give(void **state)
{
    fixture *f = *state;
    for (size_t k = 0; k < NETS; k++) {
        ssmi_parameters table = {0};
        const ssmi_network net = network(&table, k);
        assert_true(net.tokens >= TOKENS && net.tokens % 2 == 0);
        float *params = singles(f, table.size, 0, 0), *token = singles(f, net.tokens * net.features, -2, 2);
        float *step = singles(f, net.tokens, 0, 1.5), *out = singles(f, net.outputs, 0, 0);
        float *record = singles(f, ssmi_network_record_f32(&net, 1), 0, 0);
        float *scratch = singles(f, ssmi_network_scratch_f32(&net, 1), 0, 0);
        float *memory = singles(f, ssmi_network_step_memory(&net), 0, 0),
              *one = singles(f, net.outputs, 0, 0);
        float *small = singles(f, ssmi_network_step_scratch(&net), 0, 0), *read = singles(f, net.read, 0, 0);
        float *head = singles(f, ssmi_network_head_size_f32(&net, 1), 0, 0);
        ssmi_network_step single;
        assert_int_equal(ssmi_network_init(params, &net, f->rng, &f->arena), SSM_OK);
        for (size_t i = 0; i < net.outputs * net.size.hidden; i++)
            params[net.head_weight + i] = (float)(gsl_rng_uniform(f->rng) - 0.5);
        for (size_t t = 0; t < net.tokens; t++) step[t] = step[t] < 0.5f ? 1 : step[t] - 0.5f;
        assert_int_equal(ssmi_network_step_open(&single, params, &net, &f->arena), SSM_OK);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_kernels_f32 *kernels = ssmi_kernels_of_f32((ssmi_isa)isa);
            memset(memory, 0, ssmi_network_step_memory(&net) * sizeof *memory);
            for (size_t t = 0; t < TOKENS; t++) {
                const ssmi_network_input_f32 in = {.batch = 1, .token = token, .step = step, .newest = &t};
                ssmi_network_forward_f32(out, record, scratch, &in, params, &net, 0, 0, kernels);
                ssmi_network_step_run(read, memory, small, token + t * net.features, step[t], &single,
                                      (ssmi_isa)isa);
                ssmi_network_head_f32(one, head, read, NULL, params, &net, 1, kernels);
                const float worst = difference(out, one, net.outputs);
                if (worst > 3e-5f) fail_msg("network %zu, path %d, token %zu: %g", k, isa, t, worst);
            }
        }
    }
}

/* A token that is not read moves the memory alike. */
static void what_is_not_read_is_remembered(void **state)
{
    fixture *f = *state;
    ssmi_parameters table = {0};
    const ssmi_network net = network(&table, 1);
    const size_t size = ssmi_network_step_memory(&net);
    float *params = singles(f, table.size, 0, 0), *token = singles(f, net.features, -2, 2);
    float *scratch = singles(f, ssmi_network_step_scratch(&net), 0, 0), *read = singles(f, net.read, 0, 0);
    float *memory[2] = {singles(f, size, 0, 0), singles(f, size, 0, 0)};
    ssmi_network_step single;
    assert_int_equal(ssmi_network_init(params, &net, f->rng, &f->arena), SSM_OK);
    assert_int_equal(ssmi_network_step_open(&single, params, &net, &f->arena), SSM_OK);
    for (int i = 0; i < 2; i++)
        ssmi_network_step_run(i ? read : NULL, memory[i], scratch, token, 1, &single, ssmi_cpu_isa());
    assert_memory_equal(memory[0], memory[1], size * sizeof **memory);
    assert_true(memory[0][size - 1] != 0);
}

static void what_looks_back_or_ahead_is_not_carried(void **state)
{
    (void)state;
    ssmi_backbone_size size = {.width = 8, .n_blocks = 2, .block = {mamba, s4d}};
    assert_true(ssmi_backbone_carries(&size));
    size.bidirectional = 1;
    assert_false(ssmi_backbone_carries(&size));
    size.bidirectional = 0;
    size.block[1] = attention;
    assert_false(ssmi_backbone_carries(&size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_one_by_one_give_what_sequences_give),
        TEST(what_is_not_read_is_remembered),
        cmocka_unit_test(what_looks_back_or_ahead_is_not_carried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
