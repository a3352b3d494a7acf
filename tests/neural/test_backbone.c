#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "neural/backbone.h"
#include <math.h>

/* A whole forecaster of the reference implementation: linear embedding, two residual Mamba blocks, final
 * norm, linear read-out of the last token, mean squared error. Shapes as in its folder's manifest. */
enum { BATCH = 2, LENGTH = 40, INPUTS = 3, WIDTH = 16, OUTPUTS = 24, ROWS = BATCH * LENGTH };

static double *read_doubles(const char *name, size_t n)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/mamba/forecaster_d16_l2_L40_b2_float64/%s.bin",
             getenv("SSMCAST_REFERENCE"), name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    double *x = calloc(n, sizeof *x);
    assert_int_equal(fread(x, sizeof *x, n, file), n);
    fclose(file);
    return x;
}

/* The reference's name of a tensor of ours: layers.0.mixer.A_log -> m.0.A_log, conv1d -> conv. */
static void reference_name(char *out, size_t size, const char *prefix, const char *name)
{
    char mixer[64];
    int used = 0, layer = 0;
    if (sscanf(name, "layers.%d.mixer.%n", &layer, &used) == 1 && used > 0) {
        snprintf(mixer, sizeof mixer, "%s", name + used);
        const char *rest = strncmp(mixer, "conv1d.", 7) == 0 ? mixer + 7 : NULL;
        snprintf(out, size, "%s.m.%d.%s%s", prefix, layer, rest != NULL ? "conv." : "",
                 rest != NULL ? rest : mixer);
    } else if (sscanf(name, "layers.%d.norm", &layer) == 1) {
        snprintf(out, size, "%s.n.%d.w", prefix, layer);
    } else {
        snprintf(out, size, "%s.f.w", prefix);
    }
}

static double largest_error(const double *got, const double *expected, size_t n)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs(got[i] - expected[i]));
        largest = fmax(largest, fabs(expected[i]));
    }
    return worst / largest;
}

static void a_two_layer_forecaster_matches_the_reference_in_loss_and_gradients(void **state)
{
    (void)state;
    if (getenv("SSMCAST_REFERENCE") == NULL) {
        print_message("needs SSMCAST_REFERENCE, the folder of reference vectors\n");
        skip();
    }
    ssmi_parameters table = {0};
    const ssmi_mixer_size block = {.kind = SSMI_MIXER_MAMBA, .expand = 2, .states = 16, .taps = 4};
    const ssmi_backbone_size size = {.width = WIDTH, .n_blocks = 2, .block = {block, block}};
    const ssmi_backbone net = ssmi_backbone_layout(&table, "", &size);
    const ssmi_tokens_f64 tokens = {BATCH, LENGTH, NULL, ssmi_kernels_of_f64(SSMI_ISA_PORTABLE)};
    double *params = calloc(table.size, sizeof *params), *dparams = calloc(table.size, sizeof *params);
    for (size_t i = 0; i < table.n; i++) {
        char name[96];
        reference_name(name, sizeof name, "w", table.entry[i].name);
        double *values = read_doubles(name, table.entry[i].size);
        assert_non_null(values);
        memcpy(params + table.entry[i].offset, values, table.entry[i].size * sizeof *values);
        free(values);
    }
    double *x = read_doubles("x", ROWS * INPUTS), *ew = read_doubles("w.e.weight", WIDTH * INPUTS);
    double *eb = read_doubles("w.e.bias", WIDTH), *ow = read_doubles("w.o.weight", OUTPUTS * WIDTH);
    double *ob = read_doubles("w.o.bias", OUTPUTS), *target = read_doubles("target", BATCH * OUTPUTS);
    double *loss = read_doubles("loss", 1), *dx_expected = read_doubles("grad.x", ROWS * INPUTS);
    double embedded[ROWS * WIDTH], normed[ROWS * WIDTH], y[BATCH * OUTPUTS], dy[BATCH * OUTPUTS], squared = 0;
    double dnormed[ROWS * WIDTH] = {0}, dembedded[ROWS * WIDTH], dx[ROWS * INPUTS], dw[OUTPUTS * WIDTH] = {0};
    double *record = calloc(ssmi_backbone_record_f64(&net, BATCH, LENGTH), sizeof *record);
    double *scratch = calloc(ssmi_backbone_scratch_f64(&net, BATCH, LENGTH), sizeof *scratch);

    ssmi_linear_forward_f64(embedded, WIDTH, x, INPUTS, ew, eb, ROWS, INPUTS, WIDTH);
    ssmi_backbone_forward_f64(normed, record, scratch, embedded, params, &net, tokens, 0, 0);
    const double *last = normed + (LENGTH - 1) * WIDTH;
    ssmi_linear_forward_f64(y, OUTPUTS, last, LENGTH * WIDTH, ow, ob, BATCH, WIDTH, OUTPUTS);
    for (size_t i = 0; i < BATCH * OUTPUTS; i++) {
        squared += (y[i] - target[i]) * (y[i] - target[i]) / (BATCH * OUTPUTS);
        dy[i] = 2 * (y[i] - target[i]) / (BATCH * OUTPUTS);
    }
    assert_true(fabs(squared - loss[0]) < 1e-12 * loss[0]);

    ssmi_linear_backward_f64(dnormed + (LENGTH - 1) * WIDTH, 0, dw, NULL, dy, OUTPUTS, last, LENGTH * WIDTH,
                             ow, BATCH, WIDTH, OUTPUTS);
    ssmi_backbone_backward_f64(dembedded, dparams, scratch, dnormed, record, params, &net, tokens, 0);
    double dew[WIDTH * INPUTS] = {0};
    ssmi_linear_backward_f64(dx, 0, dew, NULL, dembedded, WIDTH, x, INPUTS, ew, ROWS, INPUTS, WIDTH);
    assert_true(largest_error(dx, dx_expected, ROWS * INPUTS) < 1e-10);
    for (size_t i = 0; i < table.n; i++) {
        char name[96];
        reference_name(name, sizeof name, "grad", table.entry[i].name);
        double *expected = read_doubles(name, table.entry[i].size);
        assert_true(largest_error(dparams + table.entry[i].offset, expected, table.entry[i].size) < 1e-10);
        free(expected);
    }
    double *all[] = {params, dparams, x, ew, eb, ow, ob, target, loss, dx_expected, record, scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_two_layer_forecaster_matches_the_reference_in_loss_and_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
