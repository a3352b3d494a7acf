/* Every registered forecaster: files of models and of states in which one number is another. They are refused
 * as damaged, or read and used without touching memory outside of them. */
#include "models/conformance.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONG = 260, SHORT = 3, VECTOR = 2, LENGTH = 8 };

/* What a number is replaced by. */
static const char *const other[] = {"0", "1", "2", "5", "1000003", "9007199254740992", "-1", "1e300"};

typedef struct file {
    char *bytes;
    size_t size, head; /* head: where the tensors' bytes begin */
} file;

static file read_file(const char *path)
{
    file f = {0};
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    assert_int_equal(fseek(in, 0, SEEK_END), 0);
    f.size = (size_t)ftell(in);
    f.bytes = malloc(f.size + 1);
    rewind(in);
    assert_int_equal(fread(f.bytes, 1, f.size, in), f.size);
    fclose(in);
    for (size_t i = LENGTH; i-- > 0;) f.head = 256 * f.head + (unsigned char)f.bytes[i];
    f.head += LENGTH;
    assert_true(f.head <= f.size);
    return f;
}

/* The file with bytes [at, end) of its header as `text`. */
static void write_changed(const char *path, const file *f, size_t at, size_t end, const char *text)
{
    const size_t n = strlen(text), head = f->head - LENGTH - (end - at) + n, pad = (8 - head % 8) % 8;
    unsigned char length[LENGTH];
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    for (size_t i = 0; i < LENGTH; i++) length[i] = (unsigned char)((head + pad) >> (8 * i));
    fwrite(length, 1, LENGTH, out);
    fwrite(f->bytes + LENGTH, 1, at - LENGTH, out);
    fwrite(text, 1, n, out);
    fwrite(f->bytes + end, 1, f->head - end, out);
    fprintf(out, "%*s", (int)pad, "");
    fwrite(f->bytes + f->head, 1, f->size - f->head, out);
    assert_int_equal(fclose(out), 0);
}

/* A noisy bend, which linear models leave something of, around a season. */
static void make_bent(double y[VECTOR][LONG])
{
    double x = 0.3;
    for (size_t t = 0; t < LONG; t++) {
        x = 3.9 * x * (1 - x);
        for (size_t v = 0; v < VECTOR; v++)
            y[v][t] = 20 + 4 * x + (double)(v + 1) * sin(2 * 3.14159265358979 * (double)t / SEASON);
    }
}

typedef struct bench {
    ssm_context *ctx;
    double y[VECTOR][LONG];
    ssm_series series[VECTOR];
    size_t width;
} bench;

static ssm_forecaster *fit_small(bench *b, const ssm_forecaster_type *type)
{
    static const char *const small[][2] = {{"lookback", "16"}, {"patch", "4"},   {"stride", "4"},
                                           {"width", "8"},     {"hidden", "8"},  {"windows", "4000"},
                                           {"rate", "0.01"},   {"dropout", "0"}, {"context", "64"}};
    ssm_forecaster *f;
    must(ssm_forecaster_new(b->ctx, type->name, &f), b->ctx, type->name);
    for (size_t i = 0; i < sizeof small / sizeof *small; i++)
        for (const ssm_option *o = type->options; o != NULL && o->name != NULL; o++)
            if (strcmp(o->name, small[i][0]) == 0)
                must(ssm_forecaster_set(f, small[i][0], small[i][1]), b->ctx, type->name);
    b->width = type->caps & SSM_CAP_MULTIVARIATE && !(type->caps & SSM_CAP_SYSTEM) ? VECTOR : 1;
    must(ssm_forecaster_fit(f, &(ssm_fit_task){.panel = b->series, .n_series = b->width, .horizon = SHORT}),
         b->ctx, type->name);
    must(ssm_forecaster_condition(f, b->series), b->ctx, type->name);
    return f;
}

/* Whatever comes out: the tools that watch memory are what this is for. */
static void use(bench *b, ssm_forecaster *f, int condition)
{
    double mean[VECTOR][SHORT], quantile[VECTOR][SHORT * LEVELS];
    const double row[VECTOR] = {21, 22};
    ssm_forecast out[VECTOR];
    for (size_t v = 0; v < VECTOR; v++) out[v] = (ssm_forecast){SHORT, LEVELS, level, mean[v], quantile[v]};
    if (ssm_forecaster_width(f) > b->width) return; /* the caller would have been asked for more series */
    if (condition && ssm_forecaster_condition(f, b->series) != SSM_OK) return;
    if (ssm_forecaster_predict(f, out) != SSM_OK) return;
    if (ssm_forecaster_type_of(f)->caps & SSM_CAP_ONLINE && ssm_forecaster_update(f, row) == SSM_OK)
        ssm_forecaster_predict(f, out);
}

/* Of states: also more of them than there is room for, and of a model that cannot keep any. */
static int is_refusal(ssm_status status, int whole)
{
    return status == SSM_E_FORMAT || (whole && (status == SSM_E_ARGUMENT || status == SSM_E_UNSUPPORTED));
}

/* Loads what stands at `path`; `whole`: a file of states. */
static void load_and_use(bench *b, const char *path, int whole, const char *model, const char *what)
{
    ssm_forecaster *f = NULL;
    size_t n = 0;
    const ssm_status status =
        whole ? ssm_forecaster_load_state(b->ctx, path, 1, &f, &n) : ssm_forecaster_load(b->ctx, path, &f);
    if (status == SSM_OK) {
        if (!whole || n == 1) use(b, f, !whole);
        ssm_forecaster_free(f);
    } else if (!is_refusal(status, whole) || ssm_context_message(b->ctx)[0] == '\0') {
        fail_msg("%s: %s: %s: %s", model, what, ssm_status_text(status), ssm_context_message(b->ctx));
    }
}

/* The file itself, written as those with another number are, loads: it is the number that is refused. */
static void write_unchanged(bench *b, const char *path, const file *f, int whole, const char *model)
{
    ssm_forecaster *loaded = NULL;
    size_t n = 1;
    write_changed(path, f, f->head, f->head, "");
    must(whole ? ssm_forecaster_load_state(b->ctx, path, 1, &loaded, &n)
               : ssm_forecaster_load(b->ctx, path, &loaded),
         b->ctx, model);
    assert_int_equal(n, 1);
    ssm_forecaster_free(loaded);
}

/* Every scalar of the header, one after the other. */
static void damage(bench *b, const char *path, int whole, const char *model)
{
    const file f = read_file(path);
    for (size_t i = LENGTH; i + 8 < f.head; i++) {
        if (memcmp(f.bytes + i, "scalar.", 7) != 0) continue;
        const char *colon = memchr(f.bytes + i, ':', f.head - i), *value = colon + 2;
        assert_non_null(colon);
        const char *close = memchr(value, '"', f.head - (size_t)(value - f.bytes));
        char what[200];
        for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
            snprintf(what, sizeof what, "%.*s as %s", (int)(close - f.bytes - (long)i), f.bytes + i,
                     other[k]);
            write_changed(path, &f, (size_t)(value - f.bytes), (size_t)(close - f.bytes), other[k]);
            load_and_use(b, path, whole, model, what);
        }
    }
    free(f.bytes);
}

/* Eight bytes of the tensors, at places spread over all of them, as another number. */
static void damage_tensors(bench *b, const char *path, int whole, const char *model)
{
    enum { PLACES = 24 };
    static const double number[] = {0, -1, 1e300, 1e-300, 0.5};
    const file f = read_file(path);
    const size_t slots = (f.size - f.head) / sizeof *number;
    for (size_t i = 0; i < PLACES && i < slots; i++) {
        char *at = f.bytes + f.head + (slots < PLACES ? i : i * slots / PLACES) * sizeof *number;
        for (size_t k = 0; k < sizeof number / sizeof *number; k++) {
            char before[sizeof *number], what[64];
            memcpy(before, at, sizeof before);
            memcpy(at, &number[k], sizeof *number);
            snprintf(what, sizeof what, "byte %td as %g", at - f.bytes, number[k]);
            write_changed(path, &f, f.head, f.head, "");
            memcpy(at, before, sizeof before);
            load_and_use(b, path, whole, model, what);
        }
    }
    write_unchanged(b, path, &f, whole, model);
    free(f.bytes);
}

static void a_number_that_is_another_is_refused_or_harmless(void **state)
{
    (void)state;
    bench b;
    make_bent(b.y);
    for (size_t v = 0; v < VECTOR; v++) {
        b.series[v] = series_of(b.y[v], LONG);
        b.series[v].name = v == 0 ? "a" : "b";
    }
    FOR_EACH_MODEL(type)
    {
        char path[] = "/tmp/ssmcast_files_XXXXXX";
        if (type->caps & SSM_CAP_SYSTEM) continue; /* wants a system */
        b.ctx = new_context();
        ssm_forecaster *f = fit_small(&b, type);
        close(mkstemp(path));
        must(ssm_forecaster_save(f, path), b.ctx, type->name);
        damage_tensors(&b, path, 0, type->name);
        damage(&b, path, 0, type->name);
        if (ssm_forecaster_save_state(&f, 1, path) == SSM_OK) {
            damage_tensors(&b, path, 1, type->name);
            damage(&b, path, 1, type->name);
        }
        ssm_forecaster_free(f);
        ssm_context_free(b.ctx);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_number_that_is_another_is_refused_or_harmless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
