/* The linear map beside the pretrained network: that it helps where it can, counts for nothing where it would
 * have lost, and goes with the network into streams and files. */
#include "models/tuned.h"

#include "base/context.h"
#include "models/zero_adapter.h"
#include "models/zero_adapter_share.h"
#include "models/zero_blocks.h"
#include "models/zero_fan.h"

#include <float.h>
#include <unistd.h>

enum { AHEAD = 60 };

static ssm_context *context(void)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 1);
    return ctx;
}

/* y_t = a y_{t-7} + noise with a = -0.9, which has no period that a network would see; from row `turn` on
 * the sign is the other one in every other block of fifty rows. */
static ssm_series signed_lag(double *value, size_t rows, size_t turn)
{
    unsigned random = 12345;
    for (size_t t = 0; t < rows; t++) {
        double noise = 0;
        for (int k = 0; k < 4; k++) {
            random = random * 1664525U + 1013904223U;
            noise += (double)(random >> 8) / (1 << 24) - 0.5;
        }
        const double a = t >= turn && t / 50 % 2 == 0 ? 0.9 : -0.9;
        value[t] = (t >= 7 ? a * value[t - 7] : 0) + noise;
    }
    return fixture_series(value, rows, 0);
}

/* Mean squared error of forecasts of rows that follow. */
static double error_of(ssm_forecaster *f, const double *value)
{
    double square = 0;
    fixture_answer a;
    for (size_t i = 0; i + NEXT <= AHEAD; i++) {
        fixture_predict(f, NEXT, &a);
        for (size_t h = 0; h < NEXT; h++) square += (a.mean[h] - value[i + h]) * (a.mean[h] - value[i + h]);
        assert_int_equal(ssm_forecaster_update(f, &value[i]), SSM_OK);
    }
    return square;
}

static void a_map_that_gained_in_all_blocks_counts_in_streams_and_files(void **state)
{
    (void)state;
    static double value[ROWS + AHEAD];
    char path[] = "/tmp/ssmcast-adapter-XXXXXX", note[512], again[512];
    signed_lag(value, ROWS + AHEAD, ROWS + AHEAD);
    const ssm_series series = fixture_series(value, ROWS, 0);
    ssm_context *ctx = context();
    ssm_forecaster *f = tune(ctx, &series, OPTIONS("tune", "linear", "fresh", "true"));
    ssm_forecaster *g = tune(ctx, &series, OPTIONS("tune", "no", "fresh", "true"));
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    print_message("%s\n", note);
    assert_non_null(strstr(note, "a linear map counts"));
    close(mkstemp(path));
    assert_int_equal(ssm_forecaster_save(f, path), SSM_OK);
    const double own = error_of(f, value + ROWS), pretrained = error_of(g, value + ROWS);
    print_message("%g of %g\n", own, pretrained);
    assert_true(own < 0.9 * pretrained);

    /* rows added one by one, or all at once, and from the file */
    const ssm_series longer = fixture_series(value, ROWS + AHEAD - NEXT + 1, 0);
    ssm_forecaster *loaded;
    ssm_context *other = context();
    assert_int_equal(ssm_forecaster_load(other, path, &loaded), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(loaded, &longer), SSM_OK);
    assert_same_forecast(f, loaded);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(loaded, &series), SSM_OK);
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    assert_int_equal(ssm_forecaster_note(loaded, again, sizeof again), SSM_OK);
    assert_string_equal(note, again);
    unlink(path);
    forget(other, loaded);
    ssm_forecaster_free(g);
    forget(ctx, f);
}

/* Before one block the map learns what is wrong in the next. */
static void a_map_that_lost_in_every_other_block_counts_for_nothing(void **state)
{
    (void)state;
    static double value[ROWS];
    char note[512];
    const ssm_series series = signed_lag(value, ROWS, 200);
    ssm_context *ctx = context();
    ssm_forecaster *f = tune(ctx, &series, OPTIONS("tune", "linear")),
                   *g = tune(ctx, &series, OPTIONS("tune", "no"));
    assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
    print_message("%s\n", note);
    assert_non_null(strstr(note, "no linear map"));
    assert_same_forecast(f, g);
    ssm_forecaster_free(g);
    forget(ctx, f);
}

/* Gaps, an empty stretch, several columns of which one has few rows, forecasts beyond the horizon of the fit.
 */
static void odd_panels_go_through(void **state)
{
    (void)state;
    enum { FURTHER = 8 };
    static double value[FEW], second[FEW];
    signed_lag(value, FEW, FEW);
    signed_lag(second, FEW, FEW);
    for (size_t t = 0; t < FEW; t++)
        if (t % 13 == 5 || (t > 150 && t < 205)) value[t] = NAN;
    const ssm_series panel[] = {fixture_series(value, FEW, 0), fixture_series(second, FEW, 0),
                                fixture_series(second, 20, 0)};
    for (size_t n = 1; n <= 3; n++) {
        ssm_context *ctx = context();
        ssm_forecaster *f = NULL;
        fixture_answer a;
        const ssm_fit_task task = {.panel = panel, .n_series = n, .horizon = NEXT};
        assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "context", "64"), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "tune", "linear"), SSM_OK);
        assert_int_equal(ssm_forecaster_set(f, "calibrate", "true"), SSM_OK);
        assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
        assert_int_equal(ssm_forecaster_condition(f, &panel[0]), SSM_OK);
        fixture_predict(f, FURTHER, &a);
        for (size_t h = 0; h < FURTHER; h++) {
            const double *q = a.quantile + h * FIXTURE_LEVELS;
            assert_true(isfinite(a.mean[h]) && q[0] <= q[1] && q[1] <= q[2]);
        }
        forget(ctx, f);
    }
}

static void the_map_goes_no_further_than_the_deciles(void **state)
{
    (void)state;
    const double q[SSMI_FAN_LEVELS] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4};
    assert_float_equal(ssmi_zero_adapter_shift(q, 10), 2, 0);
    assert_float_equal(ssmi_zero_adapter_shift(q, -10), -2, 0);
    assert_float_equal(ssmi_zero_adapter_shift(q, 2.5), 0.5, 1e-15);
    assert_float_equal(ssmi_zero_adapter_shift(q, NAN), 0, 0);
    assert_float_equal(ssmi_zero_adapter_shift(q, INFINITY), 0, 0);
    const double wide[SSMI_FAN_LEVELS] = {-DBL_MAX, 0, 0, 0, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX};
    assert_float_equal(ssmi_zero_adapter_shift(wide, -DBL_MAX), 0, 0);
}

/* Blocks that each have an error of 1. */
static double share_of(ssmi_trust *trust, const double *c, const double *v, size_t n)
{
    ssmi_zero_adapter_errors block[8] = {{0}};
    for (size_t k = 0; k < n; k++) block[k] = (ssmi_zero_adapter_errors){1, c[k], v[k]};
    return ssmi_zero_adapter_share(trust, block, n);
}

static void a_share_is_what_was_best_and_no_more_than_a_half(void **state)
{
    (void)state;
    const double c[] = {.1, .2, .3}, v[] = {.5, .5, .5}, more[] = {2, 2, 2}, less[] = {-.1, 0, -.2},
                 unsure[] = {0, .1, .3};
    ssmi_trust trust;
    const double share = share_of(&trust, c, v, 3);
    double gain = 0, square = 0;
    assert_near(share, .4, 1e-5);
    for (size_t k = 0; k < 3; k++) gain -= log(1 - 2 * share * c[k] + share * share * v[k]) / 3;
    for (size_t k = 0; k < 3; k++)
        square += pow(-log(1 - 2 * share * c[k] + share * share * v[k]) - gain, 2) / 6;
    assert_int_equal(trust.blocks, 3);
    assert_int_equal(trust.chosen, 1);
    assert_near(trust.gain, gain, 1e-5);
    assert_near(trust.error, sqrt(square), 1e-5);
    assert_near(trust.low, trust.gain - 1.0606601717798 * trust.error, 1e-9); /* t, tables: 1.061 */
    assert_float_equal(trust.least, -log(1 - 2 * share * c[0] + share * share * v[0]), 1e-6);
    assert_float_equal(share_of(&trust, c, v, 2), 0, 0);      /* too few blocks */
    assert_float_equal(share_of(&trust, more, v, 3), 0.5, 0); /* further is better still */
    assert_float_equal(share_of(&trust, less, v, 3), 0, 0);
    assert_float_equal(share_of(&trust, unsure, v, 3), 0, 0); /* .267 gains .037, standard error .052 */
    assert_true(trust.chosen == 0 && trust.gain > 0 && trust.low < 0);
}

static void blocks_that_say_nothing_and_blocks_without_errors(void **state)
{
    (void)state;
    ssmi_zero_adapter_errors block[4] = {{100, 10, 50}, {0, 0, 0}, {1, .2, .5}, {10, 3, 5}};
    ssmi_trust trust;
    assert_near(ssmi_zero_adapter_share(&trust, block, 4), .4, 1e-4); /* in its own units each */
    assert_int_equal(trust.blocks, 3);
    block[1].change = 1; /* the network was right to the digit, the map was not */
    assert_float_equal(ssmi_zero_adapter_share(&trust, block, 4), 0, 0);
    assert_int_equal(trust.blocks, 4);
    block[1].square = INFINITY;
    assert_float_equal(ssmi_zero_adapter_share(&trust, block, 4), 0, 0);
    assert_float_equal(ssmi_zero_adapter_share(&trust, block, 0), 0, 0);
}

/* By the definition: squared errors of rows with that share. */
static void sums_of_a_block_are_its_squared_error_at_any_share(void **state)
{
    (void)state;
    const double q[SSMI_FAN_LEVELS] = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4}, line[] = {3, -1, 9},
                 y[] = {5, 1, 2.5};
    ssmi_zero_adapter_errors block = {0};
    for (size_t i = 0; i < 3; i++) ssmi_zero_adapter_errors_add(&block, q, line[i], y[i], 0.5, 2);
    for (double share = 0; share <= 1; share += 0.25) {
        double with = 0, without = 0;
        for (size_t i = 0; i < 3; i++) {
            with += pow(y[i] - 2 - share * (fmin(fmax(line[i], 0), 4) - 2), 2);
            without += pow(y[i] - 2, 2);
        }
        assert_near(exp(ssmi_zero_adapter_log_ratio(&block, share, 0)), with / without, 1e-12);
    }
}

static void blocks_are_whole_parts_of_validation(void **state)
{
    (void)state;
    static const struct {
        size_t rows, horizon, validation, n, held, width;
    } cases[] = {
        {11520, 96, 2880, 5, 2, 1440}, /* ETTh */
        {6071, 96, 760, 5, 1, 760},    /* exchange rates */
        {500, 3, 0, 6, 2, 50},
        {500, 96, 0, 3, 1, 100},
        {100, 60, 0, 0, 0, 0}, /* no validation rows to spare */
        {100, 10, 100, 0, 0, 0},
        {100, 10, 5, 0, 0, 0}, /* validation rows that hold no horizon */
        {1, 1, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ssm_series panel[] = {{.length = 20000}, {.length = cases[i].rows}};
        const ssm_fit_task task = {panel, 2, cases[i].horizon, cases[i].validation};
        const ssmi_zero_blocks b = ssmi_zero_blocks_of(&task);
        assert_int_equal(b.n, cases[i].n);
        assert_int_equal(b.held, cases[i].held);
        assert_int_equal(b.width, cases[i].width);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_whole_parts_of_validation),
        cmocka_unit_test(a_share_is_what_was_best_and_no_more_than_a_half),
        cmocka_unit_test(blocks_that_say_nothing_and_blocks_without_errors),
        cmocka_unit_test(sums_of_a_block_are_its_squared_error_at_any_share),
        cmocka_unit_test(the_map_goes_no_further_than_the_deciles),
        cmocka_unit_test(a_map_that_gained_in_all_blocks_counts_in_streams_and_files),
        cmocka_unit_test(a_map_that_lost_in_every_other_block_counts_for_nothing),
        cmocka_unit_test(odd_panels_go_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
