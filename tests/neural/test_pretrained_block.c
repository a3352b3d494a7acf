/* The Mamba-2 block for training, with the pretrained network's tensors, is that network's block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arrays.h"
#include "base/file.h"
#include "forecast/safetensors.h"
#include "models/zero_weights.h"
#include "neural/mamba2_block.h"
#include <stdio.h>

enum { BATCH = 2, TOKENS = 90, ROWS = BATCH * TOKENS, WIDTH = 256 };

/* IEEE half precision; the file has neither infinities nor NaN. */
static float widened(const unsigned char *bytes)
{
    const unsigned half = bytes[0] | (unsigned)bytes[1] << 8, exponent = half >> 10 & 31, low = half & 1023;
    const float size =
        exponent == 0 ? ldexpf((float)low, -24) : ldexpf((float)(low + 1024), (int)exponent - 25);
    return half & 0x8000 ? -size : size;
}

static void take(float *out, const ssmi_safetensors *file, size_t block, const char *name, size_t size)
{
    char full[64];
    snprintf(full, sizeof full, "blocks.%zu.%s", block, name);
    const ssmi_tensor *t = ssmi_safetensors_find(file, full);
    assert_non_null(t);
    assert_int_equal(t->size, size * ssmi_dtype_size(t->dtype));
    if (t->dtype == SSMI_F32) memcpy(out, t->bytes, t->size);
    for (size_t i = 0; t->dtype == SSMI_F16 && i < size; i++) out[i] = widened(t->bytes + 2 * i);
}

/* The network sums in its own order, in single precision. */
static void every_block_of_the_pretrained_network_is_this_block(void **state)
{
    (void)state;
    keeper k = {0};
    ssm_context *ctx;
    ssm_arena arena;
    ssmi_zero_network net;
    ssmi_safetensors file;
    unsigned char *image;
    size_t size;
    ssmi_parameters table = {0};
    const ssmi_mamba2 m = ssmi_mamba2_layout(
        &table, "",
        (ssmi_mamba2_size){
            .width = WIDTH, .heads = 8, .head_width = 64, .states = 64, .taps = 4, .turn = SSMI_TURN_TIME});
    const char *path = SSMCAST_DATASETS "/pretrained/ssmcast-zero-3m.safetensors";
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_zero_load(&net, path, 0, &arena), SSM_OK);
    assert_int_equal(ssmi_file_read(&arena, path, (size_t)1 << 26, &image, &size), SSM_OK);
    assert_int_equal(ssmi_safetensors_parse(&arena, path, image, size, &file), SSM_OK);
    assert_int_equal(net.model, WIDTH);
    double *feature = numbers(&k, ROWS * SSMI_ZERO_FEATURES, -1, 1, 3);
    const size_t plane = ROWS * WIDTH, shown = SSMI_ZERO_PATCH * SSMI_ZERO_LEVELS;
    float *trace = zeros_f32(&k, (1 + net.n_blocks) * plane), *quantile = zeros_f32(&k, ROWS * shown);
    const ssmi_zero_pass pass = {.batch = BATCH,
                                 .tokens = TOKENS,
                                 .feature = narrow(&k, feature, ROWS * SSMI_ZERO_FEATURES),
                                 .quantile = quantile,
                                 .trace = trace};
    assert_int_equal(ssmi_zero_forward(&net, &pass, SSMI_ISA_PORTABLE, &arena), SSM_OK);
    float *params = zeros_f32(&k, table.size), *norm = zeros_f32(&k, WIDTH), *normed = zeros_f32(&k, plane);
    float *y = zeros_f32(&k, plane), *record = zeros_f32(&k, ssmi_mamba2_record_f32(&m, BATCH, TOKENS));
    float *scratch = zeros_f32(&k, ssmi_mamba2_scratch_f32(&m, BATCH, TOKENS));
    double *expected = zeros(&k, plane);
    const ssmi_tokens_f32 tokens = {BATCH, TOKENS, NULL, ssmi_kernels_of_f32(ssmi_cpu_isa())};
    for (size_t b = 0; b < net.n_blocks; b++) {
        const float *before = trace + b * plane, *after = before + plane;
        for (size_t i = 0; i < table.n; i++)
            take(params + table.entry[i].offset, &file, b, table.entry[i].name, table.entry[i].size);
        take(norm, &file, b, "norm.w", WIDTH);
        ssmi_rmsnorm_forward_f32(normed, before, norm, SSMI_MAMBA2_EPSILON, ROWS, WIDTH);
        ssmi_mamba2_forward_f32(y, record, scratch, normed, params, &m, tokens);
        for (size_t i = 0; i < plane; i++) expected[i] = (double)after[i] - (double)before[i];
        assert_true(far_f32(y, expected, plane) < 1e-5);
    }
    release(&k);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_of_the_pretrained_network_is_this_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
