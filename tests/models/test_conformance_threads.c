/* Every registered forecaster: handles in several threads, and threads in one handle. A file of its own,
 * because it is one for the thread sanitizer, under which a fit takes fifty times as long: so the series are
 * short. */
#include "models/conformance.h"

#include <pthread.h>

enum { FEW = 24, SHORT_SEASON = 4 };

typedef struct worker {
    const char *model;
    ssm_series series;
    size_t threads;
    answer out;
    ssm_status status;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    ssm_context *ctx;
    w->status = ssm_context_new(NULL, &ctx);
    if (w->status != SSM_OK) return NULL;
    ssm_context_set_threads(ctx, w->threads);
    w->status = whole_way(ctx, w->model, &w->series, &w->out);
    ssm_context_free(ctx);
    return NULL;
}

static void alone(worker *w)
{
    work(w);
    assert_int_equal(w->status, SSM_OK);
}

static void together(worker *w, size_t n)
{
    pthread_t thread[2];
    for (size_t k = 0; k < n; k++) assert_int_equal(pthread_create(&thread[k], NULL, work, &w[k]), 0);
    for (size_t k = 0; k < n; k++) pthread_join(thread[k], NULL);
    for (size_t k = 0; k < n; k++) assert_int_equal(w[k].status, SSM_OK);
}

static ssm_series few_rows(const double *y)
{
    ssm_series series = series_of(y, FEW);
    series.n_periods = 1, series.period[0] = SHORT_SEASON;
    return series;
}

static void threads_change_no_forecast(void **state)
{
    (void)state;
    double y[2][ROWS];
    make_rows(y[0], 10);
    make_rows(y[1], 11);
    FOR_EACH_MODEL(type)
    {
        worker once = {.model = type->name, .series = few_rows(y[0]), .threads = 1};
        worker inside = {.model = type->name, .series = few_rows(y[1]), .threads = 4}, beside[2];
        beside[0] = once;
        beside[1] = inside;
        beside[1].threads = 1;
        together(beside, 2);
        alone(&once);
        alone(&inside);
        assert_same(&once.out, &beside[0].out, type->name, "another thread");
        assert_same(&inside.out, &beside[1].out, type->name, "another thread, or their number,");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_forecast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
