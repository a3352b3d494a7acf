/* The official scores of the M4 and M3 competitions, recomputed from the published forecasts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wide.h"
#include <math.h>
#include <ssmcast/eval.h>

enum { HOURLY_PERIOD = 24, HOURLY_HORIZON = 48 };

typedef struct scores {
    double smape, mase;
} scores;

static char folder[1024];

static int open_folder(const char *competition)
{
    const char *root = getenv("SSMCAST_DATA");
    if (root == NULL) {
        print_message("skipped: SSMCAST_DATA does not name a folder with the competitions' data\n");
        return 0;
    }
    snprintf(folder, sizeof folder, "%s/competitions/%s", root, competition);
    return 1;
}

static scores score_one(const double *truth, const double *forecast, size_t n, double scale)
{
    ssm_score smape = {0, 0}, mase = {0, 0};
    for (size_t h = 0; h < n; h++) {
        ssm_judged row = {.truth = truth[h], .mean = forecast[h], .low = NAN, .high = NAN, .scale = scale};
        ssm_score_add(&smape, ssm_metric_find("smape"), &row);
        ssm_score_add(&mase, ssm_metric_find("mase"), &row);
    }
    return (scores){ssm_score_value(&smape, ssm_metric_find("smape")),
                    ssm_score_value(&mase, ssm_metric_find("mase"))};
}

/* The competitions' convention: the mean over series of each series' score. */
static scores mean_scores(const wide_table *train, const wide_table *test, const wide_table *forecast,
                          size_t period)
{
    scores sum = {0, 0};
    for (size_t i = 0; i < train->length; i++) {
        assert_string_equal(train->row[i].id, test->row[i].id);
        assert_string_equal(train->row[i].id, forecast->row[i].id);
        double scale = ssm_seasonal_scale(train->row[i].value, train->row[i].length, period);
        scores s = score_one(test->row[i].value, forecast->row[i].value, test->row[i].length, scale);
        sum.smape += s.smape / (double)train->length;
        sum.mase += s.mase / (double)train->length;
    }
    return sum;
}

static void assert_scores(const char *name, scores found, double smape, double mase, double tolerance)
{
    print_message("%-16s sMAPE %.3f  MASE %.3f\n", name, found.smape, found.mase);
    assert_float_equal(found.smape, smape, tolerance);
    assert_float_equal(found.mase, mase, tolerance);
}

/* sMAPE, MASE and overall weighted average as published on the competition's page. */
static const struct {
    const char *file;
    double smape, mase, owa;
} hourly[] = {
    {"Naive", 43.003, 11.608, 3.593022},
    {"sNaive", 13.912, 1.193, 0.627453},
    {"Naive2", 18.383, 2.395, 1},
    {"SES", 18.094, 2.385, 0.990052},
};

static void m4_hourly_scores_are_the_official_ones(void **state)
{
    (void)state;
    if (!open_folder("M4")) skip();
    wide_table train = wide_read(folder, "Hourly-train.csv"), test = wide_read(folder, "Hourly-test.csv");
    scores found[4];
    assert_int_equal(train.length, 414);
    for (size_t k = 0; k < 4; k++) {
        char name[64];
        snprintf(name, sizeof name, "Hourly-forecast-%s.csv", hourly[k].file);
        wide_table forecast = wide_read(folder, name);
        found[k] = mean_scores(&train, &test, &forecast, HOURLY_PERIOD);
        /* half a unit of the third decimal, which is all that was published */
        assert_scores(hourly[k].file, found[k], hourly[k].smape, hourly[k].mase, 0.0005);
        wide_free(forecast);
    }
    for (size_t k = 0; k < 4; k++) {
        double owa = (found[k].smape / found[2].smape + found[k].mase / found[2].mase) / 2;
        assert_float_equal(owa, hourly[k].owa, 0.0005);
    }
    wide_free(train);
    wide_free(test);
}

static void forecast_with(ssm_context *ctx, const char *model, const wide_row *row, double *mean)
{
    ssm_series series = {.name = row->id,
                         .value = row->value,
                         .length = row->length,
                         .n_periods = 1,
                         .period = {HOURLY_PERIOD}};
    ssm_forecast out = {.horizon = HOURLY_HORIZON, .mean = mean};
    ssm_forecaster *f;
    assert_int_equal(ssm_forecaster_new(ctx, model, &f), SSM_OK);
    ssm_fit_task task = {.panel = &series, .n_series = 1, .horizon = HOURLY_HORIZON};
    assert_int_equal(ssm_forecaster_fit(f, &task), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, &series), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(f, &out), SSM_OK);
    ssm_forecaster_free(f);
}

static void own_naive_forecasters_reach_the_official_m4_scores(void **state)
{
    static const char *const model[] = {"naive", "seasonal_naive"};
    ssm_context *ctx;
    (void)state;
    if (!open_folder("M4")) skip();
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    wide_table train = wide_read(folder, "Hourly-train.csv"), test = wide_read(folder, "Hourly-test.csv");
    for (size_t k = 0; k < 2; k++) {
        wide_table forecast = wide_read(folder, "Hourly-forecast-Naive.csv");
        for (size_t i = 0; i < train.length; i++) {
            forecast_with(ctx, model[k], &train.row[i], forecast.row[i].value);
        }
        scores found = mean_scores(&train, &test, &forecast, HOURLY_PERIOD);
        assert_scores(model[k], found, hourly[k].smape, hourly[k].mase, 0.0005);
        wide_free(forecast);
    }
    wide_free(train);
    wide_free(test);
    ssm_context_free(ctx);
}

/* Forecasts are in one file per method with all groups one after the other. */
static scores m3_scores(const wide_table *forecast, size_t *series)
{
    static const struct {
        const char *name;
        size_t period;
    } group[] = {{"yearly", 1}, {"quarterly", 4}, {"monthly", 12}, {"other", 1}};
    scores sum = {0, 0};
    size_t offset = 0;
    for (size_t g = 0; g < 4; g++) {
        char name[64];
        snprintf(name, sizeof name, "M3_%s_train.csv", group[g].name);
        wide_table train = wide_read(folder, name);
        snprintf(name, sizeof name, "M3_%s_test.csv", group[g].name);
        wide_table test = wide_read(folder, name);
        wide_table part = {forecast->row + offset, train.length};
        scores s = mean_scores(&train, &test, &part, group[g].period);
        sum.smape += s.smape * (double)train.length;
        sum.mase += s.mase * (double)train.length;
        offset += train.length;
        wide_free(train);
        wide_free(test);
    }
    *series = offset;
    return (scores){sum.smape / (double)offset, sum.mase / (double)offset};
}

/* As evaluated in R from the Mcomp data, two and three decimals. */
static void m3_scores_are_the_known_ones(void **state)
{
    static const struct {
        const char *method;
        double smape, mase;
    } known[] = {{"THETA", 12.76, 1.395},
                 {"ForecastPro", 13.06, 1.467},
                 {"DAMPEN", 13.28, 1.484},
                 {"NAIVE2", 14.74, 1.665}};
    (void)state;
    if (!open_folder("M3")) skip();
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        char name[64];
        size_t n;
        snprintf(name, sizeof name, "M3_forecast_%s.csv", known[k].method);
        wide_table forecast = wide_read(folder, name);
        scores found = m3_scores(&forecast, &n);
        assert_int_equal(n, 3003);
        print_message("%-16s sMAPE %.3f  MASE %.4f\n", known[k].method, found.smape, found.mase);
        assert_float_equal(found.smape, known[k].smape, 0.005);
        assert_float_equal(found.mase, known[k].mase, 0.0005);
        wide_free(forecast);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(m4_hourly_scores_are_the_official_ones),
        cmocka_unit_test(own_naive_forecasters_reach_the_official_m4_scores),
        cmocka_unit_test(m3_scores_are_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
