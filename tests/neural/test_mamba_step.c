/* The block one token at a time against the block over the whole sequence, on every path. */
#include "core/fixture.h"

#include "neural/mamba_step.h"

enum { TOKENS = 37 };

static const struct {
    size_t width, expand, states, taps;
    int tied;
    ssmi_rule rule;
} blocks[] = {{16, 2, 16, 4, 0, SSMI_EULER_B}, {5, 1, 3, 3, 0, SSMI_EULER_B},
              {24, 2, 11, 4, 0, SSMI_EULER_B}, {16, 2, 16, 4, 1, SSMI_EULER_B},
              {8, 2, 4, 2, 0, SSMI_BILINEAR},  {80, 2, 16, 4, 0, SSMI_EULER_B}};
enum { N_BLOCKS = sizeof blocks / sizeof *blocks };

static float *singles(fixture *f, size_t count, double low, double high)
{
    float *x = SSMI_ALLOC(&f->arena, float, count);
    assert_non_null(x);
    for (size_t i = 0; i < count; i++) x[i] = (float)(low + (high - low) * gsl_rng_uniform(f->rng));
    return x;
}

/* Every path from zeros, a quarter of the tokens missing. Sums run in another order and pass through at most
 * three products and a state: 2e-5 of the largest output. */
static void tokens_one_by_one_give_what_the_sequence_gives(void **state)
{
    fixture *f = *state;
    for (size_t k = 0; k < N_BLOCKS; k++) {
        ssmi_parameters table = {0};
        const size_t d = blocks[k].width;
        ssmi_mamba m = ssmi_mamba_layout(&table, "", d, blocks[k].expand, blocks[k].states, blocks[k].taps,
                                         blocks[k].tied);
        m.rule = blocks[k].rule;
        float *params = singles(f, table.size, 0, 0), *x = singles(f, TOKENS * d, -2, 2);
        float *gap = singles(f, TOKENS, 0, 1), *y = singles(f, TOKENS * d, 0, 0);
        float *record = singles(f, ssmi_mamba_record_f32(&m, 1, TOKENS), 0, 0);
        for (size_t t = 0; t < TOKENS; t++) gap[t] = gap[t] < 0.25f ? 0 : 1 + gap[t];
        ssmi_mamba_init(params, &m, 1, f->rng);
        ssmi_mamba_step step;
        assert_int_equal(ssmi_mamba_step_open(&step, params, &m, &f->arena), SSM_OK);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            float *memory = singles(f, ssmi_mamba_step_memory(&m), 0, 0), *row = singles(f, d, 0, 0);
            float *scratch = singles(f, ssmi_mamba_step_scratch(&m), 0, 0), most = 0, worst = 0;
            ssmi_mamba_forward_f32(y, record, NULL, NULL, x, gap, params, &m, 1, TOKENS,
                                   ssmi_kernels_of_f32((ssmi_isa)isa));
            for (size_t t = 0; t < TOKENS; t++) {
                ssmi_mamba_step_run(row, memory, scratch, x + t * d, gap + t, &step, (ssmi_isa)isa);
                for (size_t j = 0; j < d; j++) {
                    most = fmaxf(most, fabsf(y[t * d + j]));
                    worst = fmaxf(worst, isnan(row[j]) ? INFINITY : fabsf(row[j] - y[t * d + j]));
                }
            }
            assert_true(most > 0.01f);
            if (worst > 2e-5f * most) fail_msg("block %zu, path %d: %g of %g", k, isa, worst, most);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(tokens_one_by_one_give_what_the_sequence_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
