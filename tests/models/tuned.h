/* What the tests of tuning share: a series that a network can learn, and a forecaster tuned on it. */
#ifndef SSMCAST_TESTS_MODELS_TUNED_H
#define SSMCAST_TESTS_MODELS_TUNED_H

#include "models/fixture.h"

enum { ROWS = 500, FEW = 260 /* enough to tune on, at half the time */, NEXT = 3 };

/* A rule that no season or trend tells: the logistic map, x' = 3.8 x (1 - x). */
static inline ssm_series logistic(double *value, size_t rows)
{
    value[0] = 0.3;
    for (size_t t = 1; t < rows; t++) value[t] = 3.8 * value[t - 1] * (1 - value[t - 1]);
    return fixture_series(value, rows, 0);
}

/* Names and values, ended by NULL; with short contexts, so that it takes seconds. */
static inline ssm_forecaster *tune(ssm_context *ctx, const ssm_series *series, const char *const *option)
{
    ssm_forecaster *f = NULL;
    const ssm_fit_task task = {.panel = series, .n_series = 1, .horizon = NEXT};
    assert_int_equal(ssm_forecaster_new(ctx, "zero", &f), SSM_OK);
    assert_int_equal(ssm_forecaster_set(f, "context", "64"), SSM_OK);
    for (; option[0] != NULL; option += 2)
        assert_int_equal(ssm_forecaster_set(f, option[0], option[1]), SSM_OK);
    const ssm_status status = ssm_forecaster_fit(f, &task);
    if (status != SSM_OK) print_message("%s\n", ssm_context_message(ctx));
    assert_int_equal(status, SSM_OK);
    assert_int_equal(ssm_forecaster_condition(f, series), SSM_OK);
    return f;
}

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static inline void forget(ssm_context *ctx, ssm_forecaster *f)
{
    ssm_forecaster_free(f);
    ssm_context_free(ctx);
}

static inline void assert_same_forecast(ssm_forecaster *f, ssm_forecaster *g)
{
    fixture_answer a, b;
    fixture_predict(f, NEXT, &a);
    fixture_predict(g, NEXT, &b);
    assert_memory_equal(a.mean, b.mean, NEXT * sizeof *a.mean);
    assert_memory_equal(a.quantile, b.quantile, NEXT * FIXTURE_LEVELS * sizeof *a.quantile);
}

#endif
