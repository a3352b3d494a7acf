/* Tuning on several threads: the same bits. */
#include "models/tuned.h"

static ssm_context *context(size_t threads)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, threads);
    return ctx;
}

/* Threads meet in the same places whatever is tuned, so the thread sanitizer, for which all weights take many
 * minutes, sees the head alone. */
#ifdef __SANITIZE_THREAD__
enum { KINDS = 1 };
#else
enum { KINDS = 2 };
#endif

static void tuning_gives_the_same_bits_with_any_thread_count(void **state)
{
    (void)state;
    static double value[FEW];
    static const char *const what[] = {"head", "all"}, *const windows[] = {"240", "64"},
                             *const rate[] = {"0.004", "0.0006"};
    char first[512], second[512];
    const ssm_series series = logistic(value, FEW);
    for (size_t i = 0; i < KINDS; i++) {
        ssm_context *one = context(1), *three = context(3);
        const char *const *option =
            OPTIONS("tune", what[i], "tune_windows", windows[i], "tune_rate", rate[i], "context", "32");
        ssm_forecaster *f = tune(one, &series, option), *g = tune(three, &series, option);
        assert_int_equal(ssm_forecaster_note(f, first, sizeof first), SSM_OK);
        assert_int_equal(ssm_forecaster_note(g, second, sizeof second), SSM_OK);
        assert_string_equal(first, second);
        assert_non_null(strstr(first, "tuned on"));
        assert_same_forecast(f, g);
        forget(one, f);
        forget(three, g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tuning_gives_the_same_bits_with_any_thread_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
