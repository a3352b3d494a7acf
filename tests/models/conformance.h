/* What the conformance tests share. They hold every registered forecaster to the contract, whatever it is. No
 * model is named: the registry is walked and capabilities are read, so a new model is held to this from its
 * first line in the registry. */
#ifndef SSMCAST_TESTS_MODELS_CONFORMANCE_H
#define SSMCAST_TESTS_MODELS_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <ssmcast/ssmcast.h>
#include <string.h>

enum { ROWS = 96, SEASON = 8, HORIZON = 9, LEVELS = 5, PANEL = 3 };

static const double level[LEVELS] = {0.025, 0.1, 0.5, 0.9, 0.975};

typedef struct answer {
    double mean[HORIZON], quantile[HORIZON * LEVELS];
} answer;

/* A season, a trend, and noise from a small generator, so that the rows are the same everywhere. */
static inline void make_rows(double *y, unsigned seed)
{
    unsigned long x = seed;
    for (int t = 0; t < ROWS; t++) {
        double noise = 0;
        for (int k = 0; k < 4; k++) {
            x = (x * 1103515245UL + 12345UL) % 2147483648UL;
            noise += (double)x / 2147483648.0 - 0.5;
        }
        y[t] = 20 + 0.05 * t + 3 * sin(2 * 3.14159265358979 * t / SEASON) + noise;
    }
}

static inline ssm_series series_of(const double *y, size_t rows)
{
    ssm_series series = {.name = "rows", .value = y, .length = rows};
    if (rows >= 4 * SEASON) series.n_periods = 1, series.period[0] = SEASON;
    return series;
}

static inline ssm_status ask(ssm_forecaster *f, answer *out)
{
    ssm_forecast forecast = {HORIZON, LEVELS, level, out->mean, out->quantile};
    return ssm_forecaster_predict(f, &forecast);
}

static inline ssm_status fit(ssm_forecaster *f, const ssm_series *series)
{
    return ssm_forecaster_fit(f, &(ssm_fit_task){.panel = series, .n_series = 1, .horizon = HORIZON});
}

/* From nothing to a forecast; whatever fails first is returned and nothing is left behind. */
static inline ssm_status whole_way(ssm_context *ctx, const char *model, const ssm_series *series, answer *out)
{
    ssm_forecaster *f = NULL;
    ssm_status status = ssm_forecaster_new(ctx, model, &f);
    if (status == SSM_OK) status = fit(f, series);
    if (status == SSM_OK) status = ssm_forecaster_condition(f, series);
    if (status == SSM_OK) status = ask(f, out);
    ssm_forecaster_free(f);
    return status;
}

static inline ssm_context *new_context(void)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, 1);
    return ctx;
}

static inline void must(ssm_status status, ssm_context *ctx, const char *model)
{
    if (status != SSM_OK) fail_msg("%s: %s: %s", model, ssm_status_text(status), ssm_context_message(ctx));
}

static inline void assert_sound(const answer *a, const char *model)
{
    for (int h = 0; h < HORIZON; h++) {
        if (!isfinite(a->mean[h])) fail_msg("%s: the mean of step %d is not finite", model, h + 1);
        for (int k = 0; k < LEVELS; k++) {
            double q = a->quantile[h * LEVELS + k];
            if (!isfinite(q)) fail_msg("%s: a quantile of step %d is not finite", model, h + 1);
            if (k > 0 && q < a->quantile[h * LEVELS + k - 1])
                fail_msg("%s: quantiles cross at step %d", model, h + 1);
        }
    }
}

static inline void assert_same(const answer *a, const answer *b, const char *model, const char *what)
{
    if (memcmp(a, b, sizeof *a) != 0) fail_msg("%s: %s changes the forecast", model, what);
}

#define FOR_EACH_MODEL(type)                                                                                 \
    const ssm_forecaster_type *type;                                                                         \
    for (size_t i_ = 0; (type = ssm_forecaster_type_at(i_)) != NULL; i_++)

#endif
