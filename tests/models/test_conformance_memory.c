/* Every registered forecaster: saving and loading, failing allocations. */
#include "models/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void make_path(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/ssmcast-conformance-%ld.safetensors", folder != NULL ? folder : "/tmp",
             (long)getpid());
}

static void a_saved_model_forecasts_the_same_after_loading(void **state)
{
    (void)state;
    double y[ROWS];
    char path[512], note[512], note_again[512];
    make_path(path, sizeof path);
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

/* A pair of handles that must not differ: one went on, the other was saved and loaded in between. */
static void go_on(ssm_context *ctx, ssm_forecaster *through, ssm_forecaster *resumed, const double *y,
                  const char *model)
{
    answer a, b;
    must(ask(through, &a), ctx, model);
    must(ask(resumed, &b), ctx, model);
    assert_same(&a, &b, model, "saving and loading the state");
    must(ssm_forecaster_update(through, y), ctx, model);
    must(ssm_forecaster_update(resumed, y), ctx, model);
}

/* Saved at every row of a stream: among missing rows, before and after a steady state. */
static void a_stream_goes_on_after_loading_as_if_uninterrupted(void **state)
{
    (void)state;
    enum { KNOWN = 20 };
    double y[ROWS];
    char path[512];
    make_path(path, sizeof path);
    make_rows(y, 21);
    y[KNOWN + 3] = y[ROWS - 10] = y[ROWS - 9] = NAN;
    ssm_series all = series_of(y, ROWS), early = series_of(y, KNOWN);
    FOR_EACH_MODEL(type)
    {
        ssm_context *ctx = new_context();
        ssm_forecaster *through, *resumed;
        size_t n = 0;
        must(ssm_forecaster_new(ctx, type->name, &through), ctx, type->name);
        must(fit(through, &all), ctx, type->name);
        assert_int_equal(ssm_forecaster_save_state(&through, 1, path), SSM_E_STATE);
        must(ssm_forecaster_condition(through, type->caps & SSM_CAP_ONLINE ? &early : &all), ctx, type->name);
        if (!(type->caps & SSM_CAP_ONLINE)) {
            assert_int_equal(ssm_forecaster_save_state(&through, 1, path), SSM_E_UNSUPPORTED);
            ssm_forecaster_free(through);
            ssm_context_free(ctx);
            continue;
        }
        for (int t = KNOWN; t < ROWS; t += 7) {
            must(ssm_forecaster_save_state(&through, 1, path), ctx, type->name);
            must(ssm_forecaster_load_state(ctx, path, 1, &resumed, &n), ctx, type->name);
            assert_int_equal(n, 1);
            for (int k = t; k < t + 7 && k < ROWS; k++) go_on(ctx, through, resumed, y + k, type->name);
            ssm_forecaster_free(resumed);
        }
        ssm_forecaster_free(through);
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
        size_t calls = f.calls, runs = (size_t)fmin(fmax(0.5 / (seconds() - start), 3), 60), fail_at = 1;
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

/* After the first row and the first forecast a stream asks for no memory. */
static void a_stream_does_not_allocate(void **state)
{
    (void)state;
    double y[ROWS];
    make_rows(y, 22);
    y[ROWS - 30] = NAN;
    ssm_series series = series_of(y, ROWS / 2);
    FOR_EACH_MODEL(type)
    {
        if (!(type->caps & SSM_CAP_ONLINE)) continue;
        faulty counter = {0};
        ssm_allocator allocator = {faulty_resize, &counter};
        ssm_context *ctx;
        ssm_forecaster *f;
        answer a;
        assert_int_equal(ssm_context_new(&allocator, &ctx), SSM_OK);
        ssm_context_set_threads(ctx, 1);
        must(ssm_forecaster_new(ctx, type->name, &f), ctx, type->name);
        must(fit(f, &series), ctx, type->name);
        must(ssm_forecaster_condition(f, &series), ctx, type->name);
        must(ssm_forecaster_update(f, y + ROWS / 2), ctx, type->name);
        must(ask(f, &a), ctx, type->name);
        must(ask(f, &a), ctx, type->name); /* the scratch has found its size */
        const size_t before = counter.calls;
        for (int t = ROWS / 2 + 1; t < ROWS; t++) {
            must(ssm_forecaster_update(f, y + t), ctx, type->name);
            must(ask(f, &a), ctx, type->name);
        }
        if (counter.calls != before)
            fail_msg("%s: %zu allocations in a stream", type->name, counter.calls - before);
        ssm_forecaster_free(f);
        ssm_context_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_model_forecasts_the_same_after_loading),
        cmocka_unit_test(a_stream_goes_on_after_loading_as_if_uninterrupted),
        cmocka_unit_test(a_stream_does_not_allocate),
        cmocka_unit_test(a_failing_allocation_is_a_clean_error_without_a_leak),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
