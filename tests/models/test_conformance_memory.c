/* Every registered forecaster: saving and loading, failing allocations. */
#include "models/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void a_saved_model_forecasts_the_same_after_loading(void **state)
{
    (void)state;
    double y[ROWS];
    char path[512], note[512], note_again[512];
    const char *folder = getenv("TMPDIR");
    snprintf(path, sizeof path, "%s/ssmcast-conformance-%ld.safetensors", folder != NULL ? folder : "/tmp",
             (long)getpid());
    make_rows(y, 8);
    ssm_series series = series_of(y, ROWS);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *f, *loaded;
        answer a, b;
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        must(fit(f, &series), ctx, type->name);
        must(ssm_forecaster_condition(f, &series), ctx, type->name);
        must(ask(f, &a), ctx, type->name);
        must(ssm_forecaster_save(f, path), ctx, type->name);
        must(ssm_forecaster_load(ctx, path, &loaded), ctx, type->name);
        assert_string_equal(ssm_forecaster_type_of(loaded)->name, type->name);
        assert_int_equal(ask(loaded, &b), SSM_E_STATE);
        must(ssm_forecaster_condition(loaded, &series), ctx, type->name);
        must(ask(loaded, &b), ctx, type->name);
        assert_same(&a, &b, type->name, "saving and loading");
        must(ssm_forecaster_note(f, note, sizeof note), ctx, type->name);
        must(ssm_forecaster_note(loaded, note_again, sizeof note_again), ctx, type->name);
        assert_string_equal(note, note_again);
        ssm_forecaster_free(f);
        ssm_forecaster_free(loaded);
        ssm_context_free(ctx);
        remove(path);
    }
}

/* An allocator that fails once, at a given call, and knows what is out. */
typedef struct faulty {
    size_t calls, fail_at, blocks;
} faulty;

static void *faulty_resize(void *user, void *pointer, size_t size)
{
    faulty *f = user;
    if (size == 0) {
        f->blocks -= pointer != NULL;
        free(pointer);
        return NULL;
    }
    if (++f->calls == f->fail_at) return NULL;
    f->blocks += pointer == NULL;
    return realloc(pointer, size);
}

static ssm_status try_with_failure(const char *model, const ssm_series *series, faulty *f, size_t fail_at)
{
    *f = (faulty){.fail_at = fail_at};
    ssm_allocator allocator = {faulty_resize, f};
    ssm_context *ctx;
    answer a;
    ssm_status status = ssm_context_new(&allocator, &ctx);
    if (status != SSM_OK) return status;
    ssm_context_set_threads(ctx, 1);
    status = whole_way(ctx, model, series, &a);
    if (status != SSM_OK) assert_true(ssm_context_message(ctx)[0] != '\0');
    ssm_context_free(ctx);
    return status;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Every early allocation, then ever sparser ones, as many as fit into about a second. */
static void a_failing_allocation_is_a_clean_error_without_a_leak(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 9);
    ssm_series series = series_of(y, ROWS);
    FOR_EACH_MODEL(type)
    {
        faulty f;
        double start = seconds();
        assert_int_equal(try_with_failure(type->name, &series, &f, 0), SSM_OK);
        assert_int_equal(f.blocks, 0);
        size_t calls = f.calls, runs = (size_t)fmin(fmax(1 / (seconds() - start), 6), 60), fail_at = 1;
        double growth = pow((double)calls, 1 / (double)runs);
        for (double next = 1; fail_at <= calls; next *= growth) {
            ssm_status status = try_with_failure(type->name, &series, &f, fail_at);
            if (status != SSM_E_MEMORY)
                fail_msg("%s: allocation %zu of %zu fails and gives \"%s\"", type->name, fail_at, calls,
                         ssm_status_text(status));
            if (f.blocks != 0)
                fail_msg("%s: allocation %zu fails and leaks %zu blocks", type->name, fail_at, f.blocks);
            fail_at = (size_t)next > fail_at ? (size_t)next : fail_at + 1;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_model_forecasts_the_same_after_loading),
        cmocka_unit_test(a_failing_allocation_is_a_clean_error_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
