/* Tuning on several threads: the same bits. */
#include "models/tuned.h"

static ssm_context *context(size_t threads)
{
    ssm_context *ctx;
    assert_int_equal(ssm_context_new(NULL, &ctx), SSM_OK);
    ssm_context_set_threads(ctx, threads);
    return ctx;
}

static void tuning_gives_the_same_bits_with_any_thread_count(void **state)
{
    (void)state;
    static double value[ROWS];
    static const char *const what[] = {"head", "all"}, *const windows[] = {"480", "128"},
                             *const rate[] = {"0.004", "0.0003"};
    char note[512];
    const ssm_series series = logistic(value, ROWS);
    for (size_t i = 0; i < 2; i++) {
        ssm_context *one = context(1), *three = context(3);
        ssm_forecaster *f =
            tune(one, &series, OPTIONS("tune", what[i], "tune_windows", windows[i], "tune_rate", rate[i]));
        ssm_forecaster *g =
            tune(three, &series, OPTIONS("tune", what[i], "tune_windows", windows[i], "tune_rate", rate[i]));
        assert_int_equal(ssm_forecaster_note(f, note, sizeof note), SSM_OK);
        assert_non_null(strstr(note, "tuned on"));
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
