/* The front door with a model that only writes down what it is given: vectors of series, exogenous rows,
 * times off the grid, decomposition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "forecast/handle.h"
#include "forecast/rolling.h"

#include <math.h>
#include <string.h>

enum { ROWS = 6, WIDTH = 2, COLUMNS = 2, FUTURE = 3 };

typedef struct recorder {
    size_t width;
    double last[WIDTH];
} recorder;

static ssm_status fit(void *self, const ssm_fit_task *task, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    ((recorder *)self)->width = task->n_series;
    return SSM_OK;
}

static ssm_status condition(void *self_, const ssm_series *history, ssm_arena *mem, ssm_arena *tmp)
{
    (void)mem, (void)tmp;
    recorder *self = self_;
    for (size_t i = 0; i < self->width; i++) self->last[i] = history[i].value[history[i].length - 1];
    return SSM_OK;
}

static ssm_status update(void *self_, const double *y)
{
    recorder *self = self_;
    memcpy(self->last, y, self->width * sizeof *y);
    return SSM_OK;
}

static ssm_status update_at(void *self, int64_t time, const double *y)
{
    (void)time;
    return update(self, y);
}

static ssm_status predict(const void *self_, ssm_forecast *out, ssm_arena *tmp)
{
    (void)tmp;
    const recorder *self = self_;
    for (size_t i = 0; i < self->width; i++) {
        for (size_t h = 0; h < out[i].horizon; h++) out[i].mean[h] = self->last[i];
    }
    return SSM_OK;
}

static ssm_status decompose(const void *self_, ssm_decomposition *out, ssm_arena *tmp)
{
    (void)tmp;
    const recorder *self = self_;
    for (size_t i = 0; i < self->width; i++) out[i].signal[0] = self->last[i];
    return SSM_OK;
}

static const char *component(const void *self, size_t i)
{
    (void)self;
    return i == 0 ? "level" : NULL;
}

static ssm_forecaster_type type_with(unsigned caps)
{
    return (ssm_forecaster_type){.name = "recorder",
                                 .caps = caps,
                                 .self_size = sizeof(recorder),
                                 .fit = fit,
                                 .condition = condition,
                                 .update = update,
                                 .update_at = caps & SSM_CAP_IRREGULAR ? update_at : NULL,
                                 .predict = predict,
                                 .decompose = decompose,
                                 .component = component};
}

typedef struct bench {
    ssm_context *ctx;
    ssm_forecaster_type type;
    recorder self;
    ssm_forecaster f;
    double value[WIDTH][ROWS], exogenous[(ROWS + FUTURE) * COLUMNS];
    int64_t stamp[ROWS];
    ssm_series series[WIDTH];
} bench;

static void open_bench(bench *b, unsigned caps)
{
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    b->type = type_with(caps);
    b->f = (ssm_forecaster){.ctx = b->ctx, .type = &b->type, .self = &b->self};
    ssmi_arena_init(&b->f.fitted, b->ctx);
    ssmi_arena_init(&b->f.history, b->ctx);
    ssmi_arena_init(&b->f.scratch, b->ctx);
    for (size_t t = 0; t < ROWS; t++) b->stamp[t] = (int64_t)(t * t + t);
    for (size_t k = 0; k < (ROWS + FUTURE) * COLUMNS; k++) b->exogenous[k] = (double)k;
    for (size_t i = 0; i < WIDTH; i++) {
        for (size_t t = 0; t < ROWS; t++) b->value[i][t] = (double)(10 * i + t);
        b->series[i] = (ssm_series){.name = i == 0 ? "a" : "b", .value = b->value[i], .length = ROWS};
    }
}

static void close_bench(bench *b)
{
    ssmi_arena_clear(&b->f.fitted);
    ssmi_arena_clear(&b->f.history);
    ssmi_arena_clear(&b->f.scratch);
    ssm_context_free(b->ctx);
}

static ssm_status fit_width(bench *b, size_t n)
{
    return ssm_forecaster_fit(&b->f, &(ssm_fit_task){.panel = b->series, .n_series = n, .horizon = 1});
}

static void several_series_are_one_vector(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, SSM_CAP_MULTIVARIATE | SSM_CAP_ONLINE);
    double mean[WIDTH] = {-1, -1};
    ssm_forecast out[WIDTH] = {{.horizon = 1, .mean = mean}, {.horizon = 1, .mean = mean + 1}};
    assert_int_equal(ssm_forecaster_width(&b.f), 0);
    assert_int_equal(fit_width(&b, WIDTH), SSM_OK);
    assert_int_equal(ssm_forecaster_width(&b.f), WIDTH);
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(&b.f, out), SSM_OK);
    assert_true(mean[0] == ROWS - 1 && mean[1] == 10 + ROWS - 1);
    assert_int_equal(ssm_forecaster_update(&b.f, (double[]){7, 8}), SSM_OK);
    assert_int_equal(ssm_forecaster_update(&b.f, (double[]){7, INFINITY}), SSM_E_DATA);
    assert_int_equal(ssm_forecaster_predict(&b.f, out), SSM_OK);
    assert_true(mean[0] == 7 && mean[1] == 8);
    out[1].horizon = 2;
    assert_int_equal(ssm_forecaster_predict(&b.f, out), SSM_E_ARGUMENT);
    b.series[1].length--;
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_E_ARGUMENT);
    assert_int_equal(fit_width(&b, WIDTH), SSM_E_ARGUMENT);
    assert_non_null(strstr(ssm_context_message(b.ctx), "\"a\" and \"b\""));
    close_bench(&b);
}

static void times_off_the_grid_want_a_model_that_takes_them(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, SSM_CAP_ONLINE);
    b.series[0].stamp = b.stamp;
    assert_int_equal(fit_width(&b, 1), SSM_E_UNSUPPORTED);
    b.type.caps |= SSM_CAP_IRREGULAR;
    assert_int_equal(fit_width(&b, 1), SSM_OK);
    b.stamp[3] = b.stamp[2];
    assert_int_equal(fit_width(&b, 1), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(b.ctx), "row 4"));
    close_bench(&b);
}

static void a_new_row_may_have_a_time_of_its_own(void **state)
{
    (void)state;
    bench b;
    const double y = 3;
    double mean;
    open_bench(&b, SSM_CAP_ONLINE);
    assert_int_equal(fit_width(&b, 1), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_OK);
    assert_int_equal(ssm_forecaster_update_at(&b.f, 100, &y), SSM_E_UNSUPPORTED);
    assert_int_equal(ssm_forecaster_predict_at(&b.f, 100, &(ssm_forecast){.horizon = 1, .mean = &mean}),
                     SSM_E_UNSUPPORTED);
    close_bench(&b);
    open_bench(&b, SSM_CAP_ONLINE | SSM_CAP_IRREGULAR);
    b.series[0].stamp = b.stamp; /* the last is 30 */
    b.series[0].time = (ssm_time_index){b.stamp[0], {SSM_STEP_NANOSECONDS, 5}};
    assert_int_equal(fit_width(&b, 1), SSM_OK);
    assert_int_equal(ssm_forecaster_update_at(&b.f, 31, &y), SSM_E_STATE);
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_OK);
    assert_int_equal(ssm_forecaster_update_at(&b.f, 30, &y), SSM_E_DATA);
    assert_int_equal(ssm_forecaster_update_at(&b.f, 31, &y), SSM_OK);
    assert_int_equal(ssm_forecaster_update(&b.f, &y), SSM_OK); /* stands at 36 */
    assert_int_equal(ssm_forecaster_update_at(&b.f, 36, &y), SSM_E_DATA);
    assert_int_equal(ssm_forecaster_update_at(&b.f, 37, &y), SSM_OK);
    b.series[0].stamp = NULL;
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_OK); /* rows 0, 5, ..., 25 */
    assert_int_equal(ssm_forecaster_update_at(&b.f, 25, &y), SSM_E_DATA);
    assert_int_equal(ssm_forecaster_update_at(&b.f, 26, &y), SSM_OK);
    close_bench(&b);
}

typedef struct seen {
    size_t n;
    double mean[ROWS][WIDTH];
} seen;

static ssm_status see(void *user, size_t k, size_t origin, const ssm_forecast *forecast)
{
    seen *s = user;
    (void)origin;
    for (size_t i = 0; i < WIDTH; i++) s->mean[k][i] = forecast[i].mean[0];
    s->n++;
    return SSM_OK;
}

static void a_vector_rolls_as_one(void **state)
{
    (void)state;
    for (int refit = 0; refit <= 1; refit++) {
        bench b;
        ssm_arena tmp;
        seen s = {0};
        ssmi_rolling plan = {
            .horizon = 2, .first = 2, .step = 2, .n_origins = 2, .n_series = WIDTH, .refit = refit};
        open_bench(&b, SSM_CAP_MULTIVARIATE);
        ssmi_arena_init(&tmp, b.ctx);
        if (!refit) assert_int_equal(fit_width(&b, WIDTH), SSM_OK);
        assert_int_equal(ssmi_rolling_run(&b.f, b.series, &plan, see, &s, &tmp), SSM_OK);
        assert_int_equal(s.n, 2);
        for (size_t k = 0; k < 2; k++) { /* the last known rows are 1 and 3 */
            assert_true(s.mean[k][0] == (double)(1 + 2 * k));
            assert_true(s.mean[k][1] == (double)(11 + 2 * k));
        }
        ssmi_arena_clear(&tmp);
        close_bench(&b);
    }
}

static void exogenous_rows_reach_as_far_as_the_forecast(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, SSM_CAP_EXOGENOUS | SSM_CAP_ONLINE);
    double mean[FUTURE + 1];
    ssm_forecast out = {.horizon = FUTURE, .mean = mean};
    ssm_series plain = b.series[0];
    b.series[0].exogenous = b.exogenous;
    b.series[0].n_exogenous = COLUMNS;
    b.series[0].exogenous_rows = ROWS + FUTURE;
    assert_int_equal(fit_width(&b, 1), SSM_OK);
    assert_int_equal(ssm_forecaster_condition(&b.f, &plain), SSM_E_ARGUMENT);
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(&b.f, &out), SSM_OK);
    assert_int_equal(ssm_forecaster_update(&b.f, (double[]){7}), SSM_OK);
    assert_int_equal(ssm_forecaster_predict(&b.f, &out), SSM_E_ARGUMENT);
    out.horizon = FUTURE - 1;
    assert_int_equal(ssm_forecaster_predict(&b.f, &out), SSM_OK);
    for (int i = 1; i < FUTURE; i++) assert_int_equal(ssm_forecaster_update(&b.f, (double[]){7}), SSM_OK);
    assert_int_equal(ssm_forecaster_update(&b.f, (double[]){7}), SSM_E_ARGUMENT);
    b.exogenous[5] = NAN;
    assert_int_equal(fit_width(&b, 1), SSM_E_DATA);
    assert_non_null(strstr(ssm_context_message(b.ctx), "column 2 is not finite in row 3"));
    b.type.caps = 0; /* a model that does not look at them */
    assert_int_equal(fit_width(&b, 1), SSM_OK);
    close_bench(&b);
}

static void a_slice_takes_its_rows_along(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, 0);
    ssm_series all = b.series[0];
    all.exogenous = b.exogenous;
    all.n_exogenous = COLUMNS;
    all.exogenous_rows = ROWS + FUTURE;
    all.stamp = b.stamp;
    ssm_series part = ssm_series_slice(all, 2, 3);
    assert_true(part.exogenous == b.exogenous + 2 * COLUMNS);
    assert_int_equal(part.exogenous_rows, ROWS + FUTURE - 2);
    assert_true(part.stamp == b.stamp + 2 && part.time.start == b.stamp[2]);
    close_bench(&b);
}

static void components_are_of_the_rows_conditioned_on(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, SSM_CAP_DECOMPOSE | SSM_CAP_ONLINE);
    double signal[ROWS];
    ssm_decomposition out = {.signal = signal};
    assert_null(ssm_forecaster_component(&b.f, 0));
    assert_int_equal(fit_width(&b, 1), SSM_OK);
    assert_int_equal(ssm_forecaster_decompose(&b.f, &out), SSM_E_STATE);
    assert_int_equal(ssm_forecaster_condition(&b.f, b.series), SSM_OK);
    assert_int_equal(ssm_forecaster_decompose(&b.f, &out), SSM_OK);
    assert_true(signal[0] == ROWS - 1);
    assert_string_equal(ssm_forecaster_component(&b.f, 0), "level");
    assert_null(ssm_forecaster_component(&b.f, 1));
    assert_int_equal(ssm_forecaster_update(&b.f, (double[]){7}), SSM_OK);
    assert_int_equal(ssm_forecaster_decompose(&b.f, &out), SSM_E_STATE);
    b.type.decompose = NULL;
    assert_int_equal(ssm_forecaster_decompose(&b.f, &out), SSM_E_UNSUPPORTED);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_series_are_one_vector),
        cmocka_unit_test(times_off_the_grid_want_a_model_that_takes_them),
        cmocka_unit_test(a_new_row_may_have_a_time_of_its_own),
        cmocka_unit_test(a_vector_rolls_as_one),
        cmocka_unit_test(exogenous_rows_reach_as_far_as_the_forecast),
        cmocka_unit_test(a_slice_takes_its_rows_along),
        cmocka_unit_test(components_are_of_the_rows_conditioned_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
