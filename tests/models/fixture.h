/* What the tests of the forecasters share: one call from values to a forecast, and two bundled series. */
#ifndef SSMCAST_TESTS_MODELS_FIXTURE_H
#define SSMCAST_TESTS_MODELS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>
#include <ssmcast/ssmcast.h>

static const double fixture_level[] = {0.1, 0.5, 0.9};

enum { FIXTURE_LEVELS = 3, FIXTURE_ROWS = 5000, FIXTURE_HORIZON = 400 };

typedef struct fixture_answer {
    double mean[FIXTURE_HORIZON], quantile[FIXTURE_HORIZON * FIXTURE_LEVELS];
} fixture_answer;

static inline ssm_series fixture_series(const double *value, size_t length, size_t period)
{
    ssm_series series = {.name = "test", .value = value, .length = length, .n_periods = period > 1};
    series.period[0] = period;
    return series;
}

static inline void fixture_predict(ssm_forecaster *f, size_t horizon, fixture_answer *out)
{
    ssm_forecast forecast = {horizon, FIXTURE_LEVELS, fixture_level, out->mean, out->quantile};
    assert_in_range(horizon, 1, FIXTURE_HORIZON);
    assert_int_equal(ssm_forecaster_predict(f, &forecast), SSM_OK);
}

/* Makes, sets one option (NULL: none), fits, conditions. */
static inline ssm_forecaster *fixture_fit(ssm_context *ctx, const char *model, const char *option,
                                          const char *value, const ssm_series *series, size_t horizon)
{
    ssm_forecaster *f = NULL;
    ssm_fit_task task = {.panel = series, .n_series = 1, .horizon = horizon};
    assert_int_equal(ssm_forecaster_new(ctx, model, &f), SSM_OK);
    if (option != NULL) assert_int_equal(ssm_forecaster_set(f, option, value), SSM_OK);
    ssm_status status = ssm_forecaster_fit(f, &task);
    if (status != SSM_OK) print_message("%s: %s\n", model, ssm_context_message(ctx));
    assert_int_equal(status, SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    return f;
}

/* Fit on a series and forecast its next rows. */
static inline void fixture_forecast(const char *model, const char *option, const char *value,
                                    const ssm_series *series, size_t horizon, fixture_answer *out)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_forecaster *f = fixture_fit(ctx, model, option, value, series, horizon);
    fixture_predict(f, horizon, out);
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

/* Last column of a bundled CSV; an empty cell is missing. Returns the number of rows. */
static inline size_t fixture_read(const char *name, double *value)
{
    char path[512], line[256];
    snprintf(path, sizeof path, "%s/%s", SSMCAST_DATASETS, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    size_t n = 0;
    while (n < FIXTURE_ROWS && fgets(line, sizeof line, file) != NULL) {
        const char *cell = strrchr(line, ',') + 1;
        char *end;
        value[n] = strtod(cell, &end);
        if (end == cell) value[n] = NAN;
        n++;
    }
    fclose(file);
    return n;
}

static inline void assert_near(double value, double expected, double relative)
{
    if (!(fabs(value - expected) <= relative * fabs(expected)))
        fail_msg("%.17g is not %.17g within %g relative", value, expected, relative);
}

#endif
