/* Every registered forecaster on series that are more than a grid of values: several of them as one vector,
 * rows at times of their own, and what they are made of. */
#include "models/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STREAMED = 7, COMPONENTS = 64, LENGTH = ROWS + HORIZON };

/* Forecasts of all series of a vector. */
typedef struct answers {
    answer of[PANEL];
} answers;

static ssm_status ask_all(ssm_forecaster *f, answers *out)
{
    ssm_forecast forecast[PANEL];
    for (int i = 0; i < PANEL; i++)
        forecast[i] = (ssm_forecast){HORIZON, LEVELS, level, out->of[i].mean, out->of[i].quantile};
    return ssm_forecaster_predict(f, forecast);
}

static void make_panel(double y[PANEL][ROWS], ssm_series *panel)
{
    for (int i = 0; i < PANEL; i++) {
        make_rows(y[i], 21 + (unsigned)i);
        panel[i] = series_of(y[i], ROWS);
    }
}

/* Fitted on the panel as one vector; NULL when the model is not one of vectors, or one whose own width is
 * another, which it must say. */
static ssm_forecaster *fit_vector(ssm_context *ctx, const ssm_forecaster_type *type, const ssm_series *panel)
{
    ssm_forecaster *f;
    if (!(type->caps & SSM_CAP_MULTIVARIATE)) return NULL;
    must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
    const ssm_status status = ssm_forecaster_fit(f, &(ssm_fit_task){panel, PANEL, HORIZON, 0});
    if (status == SSM_OK) {
        assert_int_equal(ssm_forecaster_width(f), PANEL);
        return f;
    }
    if (status != SSM_E_ARGUMENT) must(status, ctx, type->name);
    assert_true(ssm_context_message(ctx)[0] != '\0');
    ssm_forecaster_free(f);
    return NULL;
}

static void assert_close(const answer *a, const answer *b, const char *model, const char *what)
{
    for (int h = 0; h < HORIZON; h++) {
        if (fabs(a->mean[h] - b->mean[h]) > 1e-8 * fabs(b->mean[h]))
            fail_msg("%s: %s: %.17g and %.17g", model, what, a->mean[h], b->mean[h]);
        for (int k = 0; k < LEVELS; k++) {
            const double p = a->quantile[h * LEVELS + k], q = b->quantile[h * LEVELS + k];
            if (fabs(p - q) > 1e-7 * fabs(q)) fail_msg("%s: %s: quantile %.17g and %.17g", model, what, p, q);
        }
    }
}

static void a_vector_is_forecast_jointly_and_streams_as_it_is_read(void **state)
{
    (void)state;
    double y[PANEL][ROWS];
    ssm_series panel[PANEL], early[PANEL];
    make_panel(y, panel);
    for (int i = 0; i < PANEL; i++) early[i] = ssm_series_slice(panel[i], 0, ROWS - STREAMED);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f = fit_vector(ctx, type, panel);
        answers batch, stream;
        if (f != NULL) {
            if (type->caps & SSM_CAP_MISSING) y[1][ROWS - 4] = NAN; /* part of a row */
            must(ssm_forecaster_condition(f, panel), ctx, type->name);
            must(ask_all(f, &batch), ctx, type->name);
            for (int i = 0; i < PANEL; i++) assert_sound(&batch.of[i], type->name);
            must(ssm_forecaster_condition(f, early), ctx, type->name);
            for (int t = ROWS - STREAMED; t < ROWS && type->caps & SSM_CAP_ONLINE; t++) {
                const double row[PANEL] = {y[0][t], y[1][t], y[2][t]};
                must(ssm_forecaster_update(f, row), ctx, type->name);
            }
            must(ask_all(f, &stream), ctx, type->name);
            for (int i = 0; i < PANEL && type->caps & SSM_CAP_ONLINE; i++)
                assert_close(&stream.of[i], &batch.of[i], type->name, "streamed and batch differ");
            early[1].length--;
            assert_int_equal(ssm_forecaster_condition(f, early), SSM_E_ARGUMENT);
            early[1].length++;
            make_rows(y[1], 22);
        }
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

static void a_vector_survives_its_file(void **state)
{
    (void)state;
    double y[PANEL][ROWS];
    ssm_series panel[PANEL];
    char path[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/ssmcast-vector-%ld.safetensors", folder != NULL ? folder : "/tmp",
             (long)getpid());
    make_panel(y, panel);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f = fit_vector(ctx, type, panel), *loaded;
        answers before, after;
        if (f != NULL) {
            must(ssm_forecaster_condition(f, panel), ctx, type->name);
            must(ask_all(f, &before), ctx, type->name);
            must(ssm_forecaster_save(f, path), ctx, type->name);
            must(ssm_forecaster_load(ctx, path, &loaded), ctx, type->name);
            assert_int_equal(ssm_forecaster_width(loaded), PANEL);
            must(ssm_forecaster_condition(loaded, panel), ctx, type->name);
            must(ask_all(loaded, &after), ctx, type->name);
            for (int i = 0; i < PANEL; i++)
                assert_same(&before.of[i], &after.of[i], type->name, "saving and loading a vector");
            ssm_forecaster_free(loaded);
            remove(path);
        }
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

/* Gaps from a quarter to five quarters of the typical one. */
static ssm_series irregular(const double *y, int64_t *stamp, size_t rows)
{
    const int64_t step = INT64_C(600000000000);
    for (size_t t = 0; t < ROWS; t++)
        stamp[t] = (t > 0 ? stamp[t - 1] : 0) + step / 4 + (int64_t)(t * t * 7 % 11) * step / 10;
    return (ssm_series){.name = "rows",
                        .value = y,
                        .length = rows,
                        .time = {stamp[0], {SSM_STEP_NANOSECONDS, step}},
                        .stamp = stamp};
}

static void rows_at_times_of_their_own_are_taken_or_refused_as_declared(void **state)
{
    (void)state;
    double y[ROWS];
    int64_t stamp[ROWS];
    make_rows(y, 31);
    const ssm_series all = irregular(y, stamp, ROWS);
    ssm_series early = all;
    early.length = ROWS - STREAMED;
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f;
        answer batch, stream;
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        const ssm_status status = fit(f, &early);
        if (type->caps & SSM_CAP_IRREGULAR) {
            must(status, ctx, type->name);
            must(ssm_forecaster_condition(f, &all), ctx, type->name);
            must(ask(f, &batch), ctx, type->name);
            assert_sound(&batch, type->name);
            must(ssm_forecaster_condition(f, &early), ctx, type->name);
            for (size_t t = ROWS - STREAMED; t < ROWS && type->caps & SSM_CAP_ONLINE; t++)
                must(ssm_forecaster_update_at(f, stamp[t], y + t), ctx, type->name);
            must(ask(f, &stream), ctx, type->name);
            if (type->caps & SSM_CAP_ONLINE) {
                assert_close(&stream, &batch, type->name, "streamed and batch differ at uneven times");
                assert_int_equal(ssm_forecaster_update_at(f, stamp[ROWS - 1], y), SSM_E_DATA);
            }
        } else {
            assert_int_equal(status, SSM_E_UNSUPPORTED);
            assert_non_null(strstr(ssm_context_message(ctx), "grid"));
        }
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

/* What decompose gives for one series. */
typedef struct parts {
    double signal[LENGTH], signal_sd[LENGTH], observation_sd[LENGTH];
    double component[LENGTH * COMPONENTS], component_sd[LENGTH * COMPONENTS];
    double innovation[ROWS], outlier[ROWS], shift[ROWS];
} parts;

static void check_parts(const ssm_decomposition *d, size_t n, const char *model)
{
    for (size_t t = 0; t < LENGTH; t++) {
        double sum = d->multiplicative ? 1 : 0;
        for (size_t k = 0; k < n; k++) {
            const double part = d->component[t * n + k], sd = d->component_sd[t * n + k];
            if (!isfinite(part) || !(sd >= 0)) fail_msg("%s: component %zu of row %zu", model, k, t);
            sum = d->multiplicative ? sum * part : sum + part;
        }
        if (!d->states && fabs(sum - d->signal[t]) > 1e-6 * fabs(d->signal[t]))
            fail_msg("%s: the components of row %zu come to %g, the signal is %g", model, t, sum,
                     d->signal[t]);
        if (!(d->signal_sd[t] >= 0 && d->observation_sd[t] >= d->signal_sd[t] * (1 - 1e-9)))
            fail_msg("%s: standard deviations of row %zu", model, t);
    }
}

static void components_of_one_series_add_up_on_and_off_the_grid(void **state)
{
    (void)state;
    double y[ROWS];
    int64_t stamp[ROWS];
    parts *p = malloc(sizeof *p);
    assert_non_null(p);
    make_rows(y, 41);
    y[50] = NAN;
    FOR_EACH_MODEL(type)
    {
        if (!(type->caps & SSM_CAP_DECOMPOSE)) continue;
        for (int off_grid = 0; off_grid <= (type->caps & SSM_CAP_IRREGULAR ? 1 : 0); off_grid++) {
            const ssm_series series = off_grid ? irregular(y, stamp, ROWS) : series_of(y, ROWS);
            ssm_context *ctx = new_context();
            ssm_forecaster *f;
            size_t n = 0;
            ssm_decomposition d = {.horizon = HORIZON,
                                   .signal = p->signal,
                                   .signal_sd = p->signal_sd,
                                   .observation_sd = p->observation_sd,
                                   .component = p->component,
                                   .component_sd = p->component_sd,
                                   .innovation = p->innovation,
                                   .outlier = p->outlier,
                                   .shift = p->shift};
            must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
            must(fit(f, &series), ctx, type->name);
            must(ssm_forecaster_condition(f, &series), ctx, type->name);
            while (ssm_forecaster_component(f, n) != NULL) n++;
            assert_in_range(n, 1, COMPONENTS);
            must(ssm_forecaster_decompose(f, &d), ctx, type->name);
            check_parts(&d, n, type->name);
            assert_true(isnan(p->innovation[50]) && isnan(p->outlier[50]));
            ssm_forecaster_free(f);
            ssm_context_free(ctx);
        }
    }
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_vector_is_forecast_jointly_and_streams_as_it_is_read),
        cmocka_unit_test(a_vector_survives_its_file),
        cmocka_unit_test(rows_at_times_of_their_own_are_taken_or_refused_as_declared),
        cmocka_unit_test(components_of_one_series_add_up_on_and_off_the_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
