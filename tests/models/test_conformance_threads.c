/* Every registered forecaster: handles in several threads, and threads in one handle. A file of its own,
 * because it is one for the thread sanitizer, under which a fit takes fifty times as long: so the series are
 * short. */
#include "models/conformance.h"

#include <pthread.h>

enum { FEW = 48 };

typedef struct worker {
    const char *model;
    ssm_series series;
    answer out;
    ssm_status status;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    ssm_context *ctx;
    w->status = ssm_context_new(NULL, &ctx);
    if (w->status != SSM_OK) return NULL;
    ssm_context_set_threads(ctx, 1);
    w->status = whole_way(ctx, w->model, &w->series, &w->out);
    ssm_context_free(ctx);
    return NULL;
}

static void two_handles_in_two_threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    double y[2][ROWS];
    make_rows(y[0], 10);
    make_rows(y[1], 11);
    FOR_EACH_MODEL(type)
    {
        worker alone[2], together[2];
        pthread_t thread[2];
        for (int k = 0; k < 2; k++) {
            alone[k] = together[k] = (worker){.model = type->name, .series = series_of(y[k], FEW)};
            work(&alone[k]);
            assert_int_equal(alone[k].status, SSM_OK);
        }
        for (int k = 0; k < 2; k++) assert_int_equal(pthread_create(&thread[k], NULL, work, &together[k]), 0);
        for (int k = 0; k < 2; k++) pthread_join(thread[k], NULL);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(together[k].status, SSM_OK);
            assert_same(&alone[k].out, &together[k].out, type->name, "another thread");
        }
    }
}

static void a_repeat_gives_the_same_bytes_with_any_thread_count(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 3);
    ssm_series series = series_of(y, FEW);
    FOR_EACH_MODEL(type)
    {
        answer first, again;
        ssm_context *ctx = new_context();
        must(whole_way(ctx, type->name, &series, &first), ctx, type->name);
        ssm_context_set_threads(ctx, 4);
        must(whole_way(ctx, type->name, &series, &again), ctx, type->name);
        assert_same(&first, &again, type->name, "the number of threads");
        ssm_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeat_gives_the_same_bytes_with_any_thread_count),
        cmocka_unit_test(two_handles_in_two_threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
