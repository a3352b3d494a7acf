/* The pretrained network against vectors of the program that trained it: features, blocks, quantiles. */
#include "core/fixture.h"

#include "models/zero_weights.h"
#include "neural/golden.h"
#include "neural/zero_network.h"

enum { LEVELS = SSMI_ZERO_LEVELS, SHOWN = 3 };

static const char *const series[] = {
    "airpassengers_h24", "co2_weekly_gaps_h52", "constant_h12", "etth1_ot_h96", "nile_h10",
    "short_h8",          "taylor_h336"};
enum { N_SERIES = sizeof series / sizeof *series };

static const char *const isa_names[] = {"portable", "avx2", "avx512"};

typedef struct example {
    golden vectors;
    ssmi_zero_context context;
    ssmi_zero_view view;
} example;

static const golden_tensor *vector(const example *e, const char *name)
{
    const golden_tensor *t = golden_find(&e->vectors, name);
    if (t == NULL) fail_msg("the vectors have no \"%s\"", name);
    return t;
}

static void open_example(fixture *f, example *e, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/golden/zero/%s.txt", SSMCAST_TEST_DATA, name);
    assert_true(golden_read(&e->vectors, path));
    const golden_tensor *y = vector(e, "context");
    const size_t skipped = y->size > SSMI_ZERO_CONTEXT ? y->size - SSMI_ZERO_CONTEXT : 0;
    e->context =
        (ssmi_zero_context){y->value + skipped, y->size - skipped, vector(e, "quantiles")->dim[0], 0};
    assert_int_equal(ssmi_zero_look(&e->context, &e->view, &f->arena), SSM_OK);
}

static void load(fixture *f, ssmi_zero_network *net, int integer)
{
    assert_int_equal(ssmi_zero_load(net, "", integer, &f->arena), SSM_OK);
}

/* The token whose values stand in row i of the vectors, of which there are all or three. */
static size_t shown_token(size_t i, size_t rows, size_t tokens)
{
    const size_t three[SHOWN] = {0, tokens / 2, tokens - 1};
    return rows == SHOWN ? three[i] : i;
}

/* Largest difference over the largest magnitude of each row. */
static double worst_of_rows(const float *got, const golden_tensor *t, size_t tokens)
{
    const size_t rows = t->dim[0], width = t->dim[1];
    double worst = 0;
    for (size_t i = 0; i < rows; i++) {
        const float *g = got + shown_token(i, rows, tokens) * width;
        double largest = 0, difference = 0;
        for (size_t j = 0; j < width; j++) {
            largest = fmax(largest, fabs(t->value[i * width + j]));
            difference = fmax(difference, isnan(g[j]) ? INFINITY : fabs(g[j] - t->value[i * width + j]));
        }
        worst = fmax(worst, difference / largest);
    }
    return worst;
}

/* Single-precision means on their side: 1e-6 of the location. */
static void features_are_those_of_the_training_program(void **state)
{
    fixture *f = *state;
    for (size_t s = 0; s < N_SERIES; s++) {
        example e;
        open_example(f, &e, series[s]);
        const double loc = vector(&e, "loc")->value[0], scale = vector(&e, "scale")->value[0];
        const double worst = worst_of_rows(e.view.feature, vector(&e, "features"), e.view.tokens);
        print_message("%s: features within %.1e\n", series[s], worst);
        assert_true(fabs(e.view.frame.loc - loc) <= 1e-6 * fabs(loc));
        assert_true(fabs(e.view.frame.scale - scale) <= 1e-5 * scale);
        assert_true(worst <= 1e-5);
        golden_free(&e.vectors);
    }
}

static void blocks_are_those_of_the_training_program(void **state)
{
    fixture *f = *state;
    ssmi_zero_network net;
    load(f, &net, 0);
    for (size_t s = 0; s < N_SERIES; s++) {
        example e;
        open_example(f, &e, series[s]);
        const size_t tokens = e.view.tokens, size = tokens * net.model;
        float *trace = SSMI_ALLOC(&f->arena, float, (1 + net.n_blocks) * size);
        float *quantile = SSMI_ALLOC(&f->arena, float, tokens *SSMI_ZERO_PATCH *LEVELS);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_zero_pass pass = {1, tokens, 0, e.view.feature, quantile, trace, NULL, NULL};
            assert_int_equal(ssmi_zero_forward(&net, &pass, (ssmi_isa)isa, &f->arena), SSM_OK);
            double worst = worst_of_rows(trace, vector(&e, "embedding"), tokens);
            for (size_t i = 0; i < net.n_blocks; i++) {
                char name[32];
                snprintf(name, sizeof name, "block%zu", i);
                worst = fmax(worst, worst_of_rows(trace + (i + 1) * size, vector(&e, name), tokens));
            }
            print_message("%s %s: blocks within %.1e\n", series[s], isa_names[isa], worst);
            assert_true(worst <= 1e-4);
        }
        golden_free(&e.vectors);
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Row h of the forecast in data units, sorted. */
static void restore_row(double *row, const example *e, const float *quantile, size_t h)
{
    for (size_t k = 0; k < LEVELS; k++) row[k] = ssmi_zero_restore(&e->view.frame, quantile[h * LEVELS + k]);
    qsort(row, LEVELS, sizeof *row, ascending);
}

/* Largest difference in units of the scale; with `flipped` the average with the pass of the turned series. */
static double quantile_error(const example *e, const float *straight, const float *flipped,
                             const golden_tensor *t)
{
    double worst = 0;
    for (size_t h = 0; h < t->dim[0]; h++) {
        double row[LEVELS], turned[LEVELS];
        example mirror = *e;
        mirror.view.frame.loc = -e->view.frame.loc;
        restore_row(row, e, straight, h);
        if (flipped != NULL) restore_row(turned, &mirror, flipped, h);
        for (size_t k = 0; k < LEVELS; k++) {
            const double q = flipped != NULL ? 0.5 * (row[k] - turned[LEVELS - 1 - k]) : row[k];
            worst = fmax(worst, fabs(q - t->value[h * LEVELS + k]) / e->view.frame.scale);
        }
    }
    return worst;
}

static void quantiles_are_those_of_the_training_program(void **state)
{
    fixture *f = *state;
    ssmi_zero_network net;
    load(f, &net, 0);
    for (size_t s = 0; s < N_SERIES; s++) {
        example e;
        open_example(f, &e, series[s]);
        const size_t rows = e.view.tokens * SSMI_ZERO_FEATURES,
                     out = e.view.n_future * SSMI_ZERO_PATCH * LEVELS;
        float *both = SSMI_ALLOC(&f->arena, float, 2 * rows),
              *quantile = SSMI_ALLOC(&f->arena, float, 2 * out);
        memcpy(both, e.view.feature, rows * sizeof *both);
        ssmi_zero_flip(both + rows, both, e.view.tokens);
        for (int isa = 0; isa <= (int)ssmi_cpu_isa(); isa++) {
            const ssmi_zero_pass pass = {2, e.view.tokens, e.view.from, both, quantile, NULL, NULL, NULL};
            assert_int_equal(ssmi_zero_forward(&net, &pass, (ssmi_isa)isa, &f->arena), SSM_OK);
            const double one = quantile_error(&e, quantile, NULL, vector(&e, "quantiles"));
            const double two = quantile_error(&e, quantile, quantile + out, vector(&e, "quantiles_flip"));
            print_message("%s %s: quantiles within %.1e, averaged %.1e\n", series[s], isa_names[isa], one,
                          two);
            assert_true(one <= 1e-4);
            assert_true(two <= 1e-4);
        }
        golden_free(&e.vectors);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(features_are_those_of_the_training_program),
        TEST(blocks_are_those_of_the_training_program),
        TEST(quantiles_are_those_of_the_training_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
