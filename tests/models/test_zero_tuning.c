/* The pretrained network trained further: that it learns, that it never loses, and that what was learned is
 * kept. */
#include "models/tuned.h"

#include "base/context.h"
#include "models/zero_tuning.h"
#include "models/zero_weights.h"
#include "neural/arrays.h"

#include <unistd.h>

#define WEIGHTS SSMCAST_DATASETS "/pretrained/ssmcast-zero-3m.safetensors"

enum { ROOM = 16 << 20 /* bytes of a file with weights */ };

static ssm_context *context(void)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 1);
    return ctx;
}

/* Same function, another order of sums in single precision. */
static void the_trainable_network_is_the_one_that_forecasts(void **state)
{
    (void)state;
    enum { TOKENS = 40, FROM = 34, SHOWN = (TOKENS - FROM) * SSMI_ZERO_OUT };
    ssm_context *ctx = context();
    ssm_arena arena;
    ssmi_zero_network net;
    ssmi_parameters table = {0};
    keeper k = {0};
    ssmi_arena_init(&arena, ctx);
    assert_int_equal(ssmi_zero_load(&net, "", 0, &arena), SSM_OK);
    const ssmi_zero_size size = ssmi_zero_size_of(&net);
    const ssmi_zero_trainable own = ssmi_zero_trainable_layout(&table, &size);
    float *params = zeros_f32(&k, table.size), *quantile = zeros_f32(&k, SHOWN), *same = zeros_f32(&k, SHOWN);
    assert_int_equal(ssmi_zero_read(params, &table, "", &arena), SSM_OK);
    const float *feature =
        narrow(&k, numbers(&k, TOKENS * SSMI_ZERO_FEATURES, -1, 1, 3), TOKENS * SSMI_ZERO_FEATURES);
    const ssmi_zero_pass pass = {
        .batch = 1, .tokens = TOKENS, .from = FROM, .feature = feature, .quantile = quantile};
    assert_int_equal(ssmi_zero_forward(&net, &pass, ssmi_cpu_isa(), &arena), SSM_OK);
    ssmi_zero_trainable_forward_f32(same, zeros_f32(&k, ssmi_zero_trainable_record_f32(&own, TOKENS, FROM)),
                                    zeros_f32(&k, ssmi_zero_trainable_scratch_f32(&own, TOKENS, FROM)),
                                    feature, params, &own, TOKENS, FROM, ssmi_kernels_of_f32(ssmi_cpu_isa()));
    double *expected = zeros(&k, SHOWN);
    for (size_t i = 0; i < SHOWN; i++) expected[i] = (double)quantile[i];
    assert_true(far_f32(same, expected, SHOWN) < 1e-4);

    /* and the weights come back into a network that forecasts, all or one of them changed */
    ssmi_zero_network again;
    assert_int_equal(ssmi_zero_load_tuned(&again, "", 0, &table, params, &arena), SSM_OK);
    const ssmi_zero_pass second = {
        .batch = 1, .tokens = TOKENS, .from = FROM, .feature = feature, .quantile = same};
    assert_int_equal(ssmi_zero_forward(&again, &second, ssmi_cpu_isa(), &arena), SSM_OK);
    assert_true(far_f32(same, expected, SHOWN) < 1e-5);
    params[own.head.pair.b2] += 0.25f; /* the first quantile of the first step */
    assert_int_equal(ssmi_zero_load_tuned(&again, "", 0, &table, params, &arena), SSM_OK);
    assert_int_equal(ssmi_zero_forward(&again, &second, ssmi_cpu_isa(), &arena), SSM_OK);
    assert_float_equal((double)same[0] - expected[0], 0.25, 1e-4);
    assert_float_equal((double)same[1] - expected[1], 0, 1e-4);
    release(&k);
    ssmi_arena_clear(&arena);
    ssm_context_free(ctx);
}

/* Mean squared error of one-step forecasts of rows that follow. */
static double error_of(ssm_forecaster *f, const double *value, size_t rows)
{
    double square = 0;
    fixture_answer a;
    for (size_t i = 0; i < rows; i++) {
        fixture_predict(f, 1, &a);
        square += (a.mean[0] - value[i]) * (a.mean[0] - value[i]);
        assert_int_equal(ssm_forecaster_update(f, &value[i]), SSM_OK);
    }
    return square / (double)rows;
}

/* All weights take a hundred times the head's time for a pass, so they get few rows, windows and tokens. */
static const struct {
    const char *what, *rate, *windows, *context;
    size_t rows;
    double share; /* of the pretrained network's error that may be left */
} courses[] = {{"head", "0.004", "480", "64", ROWS, 0.9}, {"all", "0.001", "96", "32", FEW, 0.7}};

static void tuning_learns_a_rule_and_keeps_it_in_streams_and_files(void **state)
{
    (void)state;
    enum { AHEAD = 40 };
    static double value[ROWS + AHEAD];
    logistic(value, ROWS + AHEAD);
    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
        const size_t rows = courses[i].rows;
        const ssm_series series = fixture_series(value, rows, 0);
        const char *const *option =
            OPTIONS("tune", courses[i].what, "tune_rate", courses[i].rate, "tune_windows", courses[i].windows,
                    "context", courses[i].context);
        char path[] = "/tmp/ssmcast-tuned-XXXXXX", note[512];
        close(mkstemp(path));
        ssm_context *ctx = context();
        ssm_forecaster *f = tune(ctx, &series, OPTIONS("tune", "no", "context", courses[i].context));
        const double pretrained = error_of(f, value + rows, AHEAD);
        forget(ctx, f);
        ctx = context();
        f = tune(ctx, &series, option);
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "tuned on"));
        assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
        const double own = error_of(f, value + rows, AHEAD);
        print_message("%s: %g of %g; %s\n", courses[i].what, own, pretrained, note);
        assert_true(own < courses[i].share * pretrained);
        forget(ctx, f);
        ctx = context();
        assert_int_equal(ssm_forecaster_load(ctx, path, &f), SSM_OK);
        assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
        assert_true(error_of(f, value + rows, AHEAD) == own);
        forget(ctx, f);
        unlink(path);
    }
}

/* A rate that ruins the network at once: what is left is the linear map, if that is trusted. */
static void tuning_that_only_does_harm_returns_the_pretrained_network(void **state)
{
    (void)state;
    static double value[FEW];
    const ssm_series series = logistic(value, FEW);
    char note[512];
    ssm_context *ctx = context();
    ssm_forecaster *f = tune(ctx, &series, OPTIONS("tune", "head", "tune_rate", "1", "tune_windows", "240"));
    ssm_forecaster *g = tune(ctx, &series, OPTIONS("tune", "linear"));
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_non_null(strstr(note, "pretrained weights kept"));
    assert_same_forecast(f, g);
    ssm_forecaster_free(g);
    forget(ctx, f);
}

static int stop_third(void *user, const char *stage, double done, double value, double rate)
{
    size_t *left = user;
    (void)done, (void)value, (void)rate;
    return strcmp(stage, "training") == 0 && --*left == 0;
}

static void tuning_that_was_stopped_goes_on_from_its_checkpoint_to_the_same_bytes(void **state)
{
    (void)state;
    static double value[FEW];
    const ssm_series series = logistic(value, FEW);
    char folder[] = "/tmp/ssmcast-tuning-XXXXXX", path[64], previous[80];
    size_t left = 3;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run", folder);
    snprintf(previous, sizeof previous, "%s.previous", path);
    const char *const *option =
        OPTIONS("tune", "head", "tune_rate", "0.004", "tune_windows", "240", "checkpoint", path);
    ssm_context *ctx = context();
    ssm_forecaster *f = NULL, *whole = tune(ctx, &series, option);
    unlink(path);
    unlink(previous);
    assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "context", "64"), SSM_OK);
    for (const char *const *o = option; o[0] != NULL; o += 2)
        assert_int_equal(ssm_forecaster_set(f, o[0], o[1]), SSM_OK);
    const ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = NEXT};
    ssm_context_set_progress(ctx, (ssm_progress){stop_third, &left});
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_CANCELLED);
    ssm_context_set_progress(ctx, (ssm_progress){NULL, NULL});
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    assert_same_forecast(f, whole);
    value[9] += 0.01; /* other data */
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(ctx), "other data or options"));
    unlink(path);
    unlink(previous);
    assert_int_equal(rmdir(folder), 0);
    ssm_forecaster_free(whole);
    forget(ctx, f);
}

/* Writes the pretrained weights with one bit of a tensor changed. */
static void change_weights(const char *path, const char *tensor)
{
    FILE *from = fopen(WEIGHTS, "rb"), *to = fopen(path, "wb");
    unsigned char *bytes = calloc(1, ROOM + 1);
    assert_true(from != NULL && to != NULL && bytes != NULL);
    const size_t size = fread(bytes, 1, ROOM, from);
    unsigned long header = 0;
    long long begin = -1;
    for (size_t i = 8; i > 0; i--) header = 256 * header + bytes[i - 1];
    assert_in_range(size, header + 9, ROOM);
    for (char *at = (char *)bytes + 8; begin < 0 && (at = strstr(at, tensor)) != NULL; at++) {
        const char *offsets = strstr(at, "data_offsets");
        assert_non_null(offsets);
        begin = strtoll(strchr(offsets, '[') + 1, NULL, 10);
    }
    assert_true(begin >= 0);
    bytes[8 + header + (size_t)begin] ^= 1; /* the lowest bit of a number */
    assert_int_equal(fwrite(bytes, 1, size, to), size);
    assert_int_equal(fclose(to), 0);
    fclose(from);
    free(bytes);
}

/* Also where they differ in what is not trained: its features go into the losses. */
static void tuning_does_not_go_on_under_other_weights(void **state)
{
    (void)state;
    static double value[FEW];
    const ssm_series series = logistic(value, FEW);
    static const char *const tensors[] = {"\"h2.bias\"", "\"blocks.0.D\""};
    char folder[] = "/tmp/ssmcast-weights-XXXXXX", path[64], previous[80], weights[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/run", folder);
    snprintf(previous, sizeof previous, "%s.previous", path);
    snprintf(weights, sizeof weights, "%s/weights", folder);
    const char *const *option = OPTIONS("context", "64", "tune", "head", "tune_rate", "0.004", "tune_windows",
                                        "240", "checkpoint", path);
    const ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = NEXT};
    for (size_t i = 0; i < 2; i++) {
        ssm_context *ctx = context();
        ssm_forecaster *f = NULL;
        size_t left = 2;
        assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
        for (const char *const *o = option; o[0] != NULL; o += 2)
            assert_int_equal(ssm_forecaster_set(f, o[0], o[1]), SSM_OK);
        ssm_context_set_progress(ctx, (ssm_progress){stop_third, &left});
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_CANCELLED);
        ssm_context_set_progress(ctx, (ssm_progress){NULL, NULL});
        change_weights(weights, tensors[i]);
        assert_int_equal(ssm_forecaster_set(f, "weights", weights), SSM_OK);
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_E_DATA);
        assert_non_null(strstr(ssm_context_message(ctx), "other data or options"));
        assert_int_equal(ssm_forecaster_set(f, "weights", ""), SSM_OK);
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
        unlink(path);
        unlink(previous);
        unlink(weights);
        forget(ctx, f);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* Gaps, a turned twin of each window, eight-bit products: all of it goes through, and quantiles are in order.
 */
static void gaps_and_the_other_options_go_together_with_tuning(void **state)
{
    (void)state;
    static double value[ROWS];
    const ssm_series series = logistic(value, ROWS);
    for (size_t t = 0; t < ROWS; t++)
        if (t % 11 == 4 || (t > 200 && t < 280)) value[t] = NAN;
    ssm_context *ctx = context();
    ssm_forecaster *f = tune(ctx, &series,
                             OPTIONS("tune", "head", "flip", "true", "tune_windows", "800", "precision",
                                     "int8", "calibrate", "true"));
    fixture_answer a;
    fixture_predict(f, NEXT, &a);
    for (size_t h = 0; h < NEXT; h++) {
        const double *q = a.quantile + h * FIXTURE_LEVELS;
        assert_true(isfinite(a.mean[h]) && q[0] <= q[1] && q[1] <= q[2]);
    }
    forget(ctx, f);
}

/* Nothing observed in most of the series, no spread, or hardly any rows. */
static void series_that_nothing_can_be_learned_from_keep_the_pretrained_network(void **state)
{
    (void)state;
    static double constant[ROWS], empty[ROWS], few[20];
    char note[512];
    for (size_t t = 0; t < ROWS; t++) constant[t] = 5, empty[t] = t + 40 < ROWS ? NAN : (double)(t % 7);
    for (size_t t = 0; t < 20; t++) few[t] = (double)(t % 3);
    const ssm_series series[] = {fixture_series(constant, ROWS, 0), fixture_series(empty, ROWS, 0),
                                 fixture_series(few, 20, 0), fixture_series(few, 1, 0)};
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        ssm_context *ctx = context();
        ssm_forecaster *f = tune(ctx, &series[i], OPTIONS("tune", "all")),
                       *g = tune(ctx, &series[i], OPTIONS("tune", "no"));
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "too few windows"));
        assert_non_null(strstr(note, "no linear map"));
        assert_same_forecast(f, g);
        ssm_forecaster_free(g);
        forget(ctx, f);
    }
}

/* Losses (WINDOWS, 1 + STRENGTHS, parts): 1 and 4 before, times exp(-gain) at each strength. */
enum { WINDOWS = 4, STRENGTHS = 2 };
static const ssmi_trust_rule strict = {.level = 0.9, .everywhere = 1}, bold = {.level = 0.8};

static ssmi_trust trust_in(double gain[WINDOWS][STRENGTHS], size_t n, const ssmi_trust_rule *rule)
{
    static const size_t block[] = {0, 3, 3, 4};
    double loss[WINDOWS][1 + STRENGTHS][SSMI_LOSS_PARTS];
    ssmi_trust trust;
    ssm_context *ctx = context();
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    for (size_t i = 0; i < WINDOWS; i++)
        for (size_t k = 0; k <= STRENGTHS; k++)
            for (size_t j = 0; j < SSMI_LOSS_PARTS; j++)
                loss[i][k][j] = (j > 0 ? 4 : 1) * (k > 0 ? exp(-gain[i][k - 1]) : 1);
    assert_int_equal(ssmi_trust_choose(&trust, rule, &loss[0][0][0], block, n, STRENGTHS, 5, &tmp), SSM_OK);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
    return trust;
}

static void the_strength_is_chosen_whose_gain_is_surest_and_by_rule_lost_in_no_block(void **state)
{
    (void)state;
    /* windows 1 and 2 lie in the same block and count once */
    double gain[WINDOWS][STRENGTHS] = {{.01, .02}, {.02, .04}, {.02, .04}, {.03, .06}};
    ssmi_trust trust = trust_in(gain, WINDOWS, &strict);
    assert_int_equal(trust.blocks, 3);
    assert_int_equal(trust.chosen, 2);
    assert_float_equal(trust.gain, 0.04, 1e-7);
    assert_float_equal(trust.error, 0.02 / sqrt(3), 1e-7);
    assert_float_equal(trust.least, 0.02, 1e-7);
    assert_float_equal(trust.low, 0.04 - 1.8856180831641 * 0.02 / sqrt(3), 1e-7); /* t, tables: 1.886 */
    gain[3][1] = -1e-4; /* much gained in two blocks, next to nothing lost in the third */
    trust = trust_in(gain, WINDOWS, &strict);
    assert_int_equal(trust.chosen, 1);
    assert_float_equal(trust.gain, 0.02, 1e-7);
    gain[3][0] = 0.2; /* mean .0767, standard error .0617: low -.040, and at level 0.8 .0112 */
    assert_int_equal(trust_in(gain, WINDOWS, &strict).chosen, 0);
    assert_int_equal(trust_in(gain, WINDOWS, &bold).chosen, 1);
    gain[3][0] =
        0; /* low .0039; strength 2 gains more and varies more, .0200 less 1.061 times .0116: .0077 */
    assert_int_equal(trust_in(gain, WINDOWS, &bold).chosen, 2);
    gain[3][1] = -0.02; /* .0133 less .0187 */
    assert_int_equal(trust_in(gain, WINDOWS, &bold).chosen, 1);
    gain[3][0] = NAN;
    trust = trust_in(gain, WINDOWS, &strict);
    assert_int_equal(trust.chosen, 0);
    assert_true(trust.least < 0);
    gain[3][0] = gain[3][1] = 0.03;
    assert_int_equal(trust_in(gain, 3, &strict).chosen, 0); /* two blocks */
    assert_int_equal(trust_in(gain, 0, &strict).blocks, 0);
}

/* Two rows of errors that are no errors: a block that says nothing is not counted. */
static void a_block_without_errors_is_not_counted(void **state)
{
    (void)state;
    static const size_t block[] = {0, 1, 2};
    double loss[3][2][SSMI_LOSS_PARTS] = {{{1, 1}, {.9, .9}}, {{0, 0}, {0, 0}}, {{1, 1}, {.9, .9}}};
    ssmi_trust trust;
    ssm_context *ctx = context();
    ssm_arena tmp;
    ssmi_arena_init(&tmp, ctx);
    assert_int_equal(ssmi_trust_choose(&trust, &strict, &loss[0][0][0], block, 3, 1, 3, &tmp), SSM_OK);
    assert_int_equal(trust.blocks, 2);
    assert_int_equal(trust.chosen, 0);
    loss[1][1][1] = 1; /* an error where there was none */
    assert_int_equal(ssmi_trust_choose(&trust, &strict, &loss[0][0][0], block, 3, 1, 3, &tmp), SSM_OK);
    assert_int_equal(trust.blocks, 3);
    assert_true(trust.least < -1);
    ssmi_arena_clear(&tmp);
    ssm_context_free(ctx);
}

/* The last 100 rows are validation, and of the rule that was learned: both losses fall there. In the fifty
 * rows before them another rule held, and what was learned would have been wrong. */
static void a_rule_that_turned_in_the_past_keeps_the_pretrained_network(void **state)
{
    (void)state;
    static double value[ROWS];
    const ssm_series series = logistic(value, ROWS);
    char note[512];
    for (size_t t = 350; t < 400; t++) { /* a tent map of the same range */
        const double x = value[t - 1] > 0.5 ? 1 - value[t - 1] : value[t - 1];
        value[t] = 0.95 - 1.5 * x;
    }
    for (size_t t = 400; t < ROWS; t++) value[t] = 3.8 * value[t - 1] * (1 - value[t - 1]);
    ssm_context *ctx = context();
    ssm_forecaster *f =
        tune(ctx, &series, OPTIONS("tune", "head", "tune_rate", "0.004", "tune_windows", "480"));
    ssm_forecaster *g = tune(ctx, &series, OPTIONS("tune", "linear"));
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    print_message("%s\n", note);
    assert_non_null(strstr(note, "rehearsal"));
    assert_same_forecast(f, g);
    ssm_forecaster_free(g);
    forget(ctx, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_trainable_network_is_the_one_that_forecasts),
        cmocka_unit_test(the_strength_is_chosen_whose_gain_is_surest_and_by_rule_lost_in_no_block),
        cmocka_unit_test(a_block_without_errors_is_not_counted),
        cmocka_unit_test(a_rule_that_turned_in_the_past_keeps_the_pretrained_network),
        cmocka_unit_test(tuning_learns_a_rule_and_keeps_it_in_streams_and_files),
        cmocka_unit_test(tuning_that_only_does_harm_returns_the_pretrained_network),
        cmocka_unit_test(tuning_that_was_stopped_goes_on_from_its_checkpoint_to_the_same_bytes),
        cmocka_unit_test(tuning_does_not_go_on_under_other_weights),
        cmocka_unit_test(gaps_and_the_other_options_go_together_with_tuning),
        cmocka_unit_test(series_that_nothing_can_be_learned_from_keep_the_pretrained_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
