/* Files of states: several forecasters side by side, and files that are damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ssmcast/ssmcast.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 60, SIDE = 2 };
static const char *const side_by_side[SIDE] = {"seasonal_naive", "kalman"};

typedef struct bench {
    ssm_context *ctx;
    ssm_forecaster *f[SIDE];
    double y[ROWS];
    char path[256];
} bench;

static void open_bench(bench *b)
{
    const char *folder = getenv("TMPDIR");
    snprintf(b->path, sizeof b->path, "%s/ssmcast-state-%ld", folder != NULL ? folder : "/tmp",
             (long)getpid());
    assert_int_equal(ssm_context_new(NULL, &b->ctx), SSM_OK);
    ssm_context_set_threads(b->ctx, 1);
    for (int t = 0; t < ROWS; t++) b->y[t] = 10 + 3 * sin(2 * 3.14159265358979 * t / 4) + 0.1 * (t * 37 % 11);
    const ssm_series series = {.name = "y", .value = b->y, .length = ROWS, .n_periods = 1, .period = {4}};
    for (int i = 0; i < SIDE; i++) {
        assert_int_equal(ssm_forecaster_new(b->ctx, side_by_side[i], &b->f[i]), SSM_OK);
        assert_int_equal(
            ssm_forecaster_fit(b->f[i], &(ssm_fit_task){.panel = &series, .n_series = 1, .horizon = 1}),
            SSM_OK);
        assert_int_equal(ssm_forecaster_condition(b->f[i], &series), SSM_OK);
    }
    assert_int_equal(ssm_forecaster_annotate(b->f[0], "stream", "row 60"), SSM_OK);
    assert_int_equal(ssm_forecaster_save_state(b->f, SIDE, b->path), SSM_OK);
}

static void close_bench(bench *b)
{
    for (int i = 0; i < SIDE; i++) ssm_forecaster_free(b->f[i]);
    ssm_context_free(b->ctx);
    remove(b->path);
}

static double one_step(ssm_forecaster *f)
{
    double mean;
    ssm_forecast out = {.horizon = 1, .mean = &mean};
    assert_int_equal(ssm_forecaster_predict(f, &out), SSM_OK);
    return mean;
}

static void several_forecasters_come_back_in_their_order(void **state)
{
    (void)state;
    bench b;
    ssm_forecaster *got[SIDE + 1];
    size_t n = 7;
    open_bench(&b);
    assert_int_equal(ssm_forecaster_load_state(b.ctx, b.path, SIDE - 1, got, &n), SSM_E_ARGUMENT);
    assert_int_equal(n, 7);
    assert_int_equal(ssm_forecaster_load_state(b.ctx, b.path, SIDE + 1, got, &n), SSM_OK);
    assert_int_equal(n, SIDE);
    assert_string_equal(ssm_forecaster_annotation(got[0], "stream"), "row 60");
    for (int i = 0; i < SIDE; i++) {
        assert_string_equal(ssm_forecaster_type_of(got[i])->name, side_by_side[i]);
        assert_true(one_step(got[i]) == one_step(b.f[i]));
        ssm_forecaster_free(got[i]);
    }
    close_bench(&b);
}

/* The rows are not in the file, so what needs them is refused, and a model file is not a state. */
static void a_state_is_neither_a_history_nor_a_model(void **state)
{
    (void)state;
    bench b;
    ssm_forecaster *got[SIDE];
    size_t n;
    open_bench(&b);
    assert_int_equal(ssm_forecaster_load(b.ctx, b.path, got), SSM_E_FORMAT);
    assert_int_equal(ssm_forecaster_save(b.f[0], b.path), SSM_OK);
    assert_int_equal(ssm_forecaster_load_state(b.ctx, b.path, SIDE, got, &n), SSM_E_FORMAT);
    assert_non_null(strstr(ssm_context_message(b.ctx), "ssmcast-state-1"));
    close_bench(&b);
}

static size_t read_file(const char *path, unsigned char *bytes, size_t room)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    const size_t size = fread(bytes, 1, room, file);
    fclose(file);
    return size;
}

static void write_file(const char *path, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* One changed byte: refused in words, or a number that differs; never a crash or a forecast out of nowhere.
 */
static void damaged_files_are_refused_or_harmless(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    bench b;
    size_t refused = 0, n;
    open_bench(&b);
    const size_t size = read_file(b.path, bytes, sizeof bytes);
    assert_in_range(size, 100, sizeof bytes - 1);
    for (size_t i = 0; i < size; i += 3) {
        ssm_forecaster *got[SIDE];
        const unsigned char old = bytes[i];
        bytes[i] = (unsigned char)(old ^ (1 << i % 8));
        write_file(b.path, bytes, size);
        bytes[i] = old;
        const ssm_status status = ssm_forecaster_load_state(b.ctx, b.path, SIDE, got, &n);
        if (status != SSM_OK) {
            refused++;
            assert_true(ssm_context_message(b.ctx)[0] != '\0');
            continue;
        }
        for (size_t k = 0; k < n; k++) {
            double mean;
            ssm_forecast out = {.horizon = 1, .mean = &mean};
            if (ssm_forecaster_predict(got[k], &out) == SSM_OK) assert_true(isfinite(mean));
            (void)ssm_forecaster_update(got[k], b.y);
            ssm_forecaster_free(got[k]);
        }
    }
    assert_true(refused > size / 20);
    write_file(b.path, bytes, size / 2);
    ssm_forecaster *none[SIDE];
    assert_int_equal(ssm_forecaster_load_state(b.ctx, b.path, SIDE, none, &n), SSM_E_FORMAT);
    close_bench(&b);
}

/* A file as a version would have written it that does not know a name: `name` with another last letter. */
static void rename_in_file(const char *path, const char *name)
{
    static unsigned char bytes[1 << 16];
    const size_t size = read_file(path, bytes, sizeof bytes), length = strlen(name);
    size_t at = 0;
    while (at + length <= size && memcmp(bytes + at, name, length) != 0) at++;
    assert_true(at + length <= size);
    bytes[at + length - 1] = '~';
    write_file(path, bytes, size);
}

static void what_another_version_did_not_write_is_named(void **state)
{
    (void)state;
    static const char *const name[] = {"option.period", "scalar.fit.horizon"};
    bench b;
    open_bench(&b);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        ssm_forecaster *got;
        assert_int_equal(ssm_forecaster_save(b.f[0], b.path), SSM_OK);
        rename_in_file(b.path, name[i]);
        assert_int_equal(ssm_forecaster_load(b.ctx, b.path, &got), SSM_E_FORMAT);
        assert_non_null(strstr(ssm_context_message(b.ctx), name[i]));
        assert_non_null(strstr(ssm_context_message(b.ctx), "written by another version of ssmcast"));
    }
    assert_int_equal(ssm_forecaster_save(b.f[0], b.path), SSM_OK);
    rename_in_file(b.path, "format");
    ssm_forecaster *got;
    assert_int_equal(ssm_forecaster_load(b.ctx, b.path, &got), SSM_E_FORMAT);
    assert_null(strstr(ssm_context_message(b.ctx), "version"));
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_forecasters_come_back_in_their_order),
        cmocka_unit_test(a_state_is_neither_a_history_nor_a_model),
        cmocka_unit_test(what_another_version_did_not_write_is_named),
        cmocka_unit_test(damaged_files_are_refused_or_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
