#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/file.h"
#include "eval/plot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS = 400, HORIZON = 48, LEVELS = 4 };

typedef struct fixture {
    ssm_context *ctx;
    double value[ROWS], mean[HORIZON], quantile[HORIZON * LEVELS];
    ssm_series series;
    ssm_forecast forecast;
} fixture;

static const double levels[LEVELS] = {0.025, 0.1, 0.9, 0.975};

/* A half-hourly wave with two gaps, and its continuation. */
static int set_up(void **state)
{
    static fixture f;
    assert_int_equal(ssm_context_new(NULL, &f.ctx), SSM_OK);
    for (int t = 0; t < ROWS; t++)
        f.value[t] = 27000 + 5000 * sin(t * 2 * 3.14159265 / 48) + 300 * cos(t * 1.7);
    f.value[370] = f.value[371] = NAN;
    for (int t = 0; t < HORIZON; t++) {
        f.mean[t] = 27000 + 5000 * sin((t + ROWS) * 2 * 3.14159265 / 48);
        for (int k = 0; k < LEVELS; k++) {
            f.quantile[t * LEVELS + k] = f.mean[t] + (k - 1.5) * 400 * sqrt(1 + t);
        }
    }
    f.series =
        (ssm_series){.name = "load <MW>", .value = f.value, .length = ROWS, .n_periods = 1, .period = {48}};
    f.series.time = (ssm_time_index){.start = INT64_C(960163200000000000),
                                     .step = {SSM_STEP_NANOSECONDS, INT64_C(1800000000000)}};
    f.forecast = (ssm_forecast){HORIZON, LEVELS, levels, f.mean, f.quantile};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    ssm_context_free(((fixture *)*state)->ctx);
    return 0;
}

static void temporary(char *path, size_t size, const char *suffix)
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/ssmcast-plot-%ld%s", folder != NULL ? folder : "/tmp", (long)getpid(), suffix);
}

static void suffix_decides_the_file_format(void **state)
{
    fixture *f = *state;
    static const char *const kind[][2] = {{".svg", "<?xml"}, {".png", "\x89PNG"}, {".pdf", "%PDF"}};
    if (!ssmi_plots_available()) skip();
    for (size_t i = 0; i < 3; i++) {
        char path[512];
        unsigned char *bytes;
        size_t size;
        ssm_arena arena;
        temporary(path, sizeof path, kind[i][0]);
        assert_int_equal(ssmi_plot_forecast(f->ctx, path, &f->series, &f->forecast, NULL), SSM_OK);
        ssmi_arena_init(&arena, f->ctx);
        assert_int_equal(ssmi_file_read(&arena, path, 10000000, &bytes, &size), SSM_OK);
        assert_memory_equal(bytes, kind[i][1], strlen(kind[i][1]));
        assert_true(size > 2000);
        ssmi_arena_clear(&arena);
        if (getenv("SSMCAST_KEEP") == NULL) remove(path);
    }
}

static void unknown_suffix_is_refused_and_named(void **state)
{
    fixture *f = *state;
    if (!ssmi_plots_available()) skip();
    assert_int_equal(ssmi_plot_forecast(f->ctx, "x.gif", &f->series, &f->forecast, NULL), SSM_E_ARGUMENT);
    assert_non_null(strstr(ssm_context_message(f->ctx), "\"x.gif\""));
}

static void build_without_plots_says_so(void **state)
{
    fixture *f = *state;
    if (ssmi_plots_available()) skip();
    assert_int_equal(ssmi_plot_forecast(f->ctx, "x.svg", &f->series, &f->forecast, NULL), SSM_E_UNSUPPORTED);
    assert_non_null(strstr(ssm_context_message(f->ctx), "SSMCAST_PLOTS"));
}

static void draw_inline(fixture *f, const char *id, ssmi_text *out)
{
    static const double y[] = {1, 5, 2, 8};
    ssmi_layer layer = {.kind = SSMI_LAYER_LINE, .n = 4, .y = y, .ink = SSMI_INK_SERIES + 1, .label = "one"};
    ssmi_panel panel = {.title = "a", .n_layers = 1, .layer = &layer};
    ssmi_figure figure = {.width = 300, .height = 200, .columns = 1, .n_panels = 1, .panel = &panel};
    assert_int_equal(ssmi_figure_inline(f->ctx, &figure, id, "a <b> & \"c\"", out), SSM_OK);
}

static void inline_figure_uses_variables_and_its_own_ids(void **state)
{
    fixture *f = *state;
    ssmi_text out;
    if (!ssmi_plots_available()) skip();
    ssmi_text_init(&out, f->ctx);
    draw_inline(f, "f7", &out);
    assert_memory_equal(out.bytes, "<svg ", 5);
    assert_null(strstr(out.bytes, "<?xml"));
    assert_non_null(strstr(out.bytes, "aria-label=\"a &lt;b&gt; &amp; &quot;c&quot;\""));
    assert_non_null(strstr(out.bytes, "var(--ink-1)"));
    assert_non_null(strstr(out.bytes, "var(--ink-grid)"));
    assert_null(strstr(out.bytes, "rgb("));
    for (const char *p = strstr(out.bytes, " id=\""); p != NULL; p = strstr(p + 1, " id=\"")) {
        assert_memory_equal(p, " id=\"f7-", 8);
    }
    for (const char *p = strstr(out.bytes, "href=\"#"); p != NULL; p = strstr(p + 1, "href=\"#")) {
        assert_memory_equal(p, "href=\"#f7-", 10);
    }
    ssmi_text_clear(&out);
}

static void same_figure_gives_the_same_bytes(void **state)
{
    fixture *f = *state;
    ssmi_text first, second;
    if (!ssmi_plots_available()) skip();
    ssmi_text_init(&first, f->ctx);
    ssmi_text_init(&second, f->ctx);
    draw_inline(f, "a", &first);
    draw_inline(f, "a", &second);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.bytes, second.bytes, first.length);
    ssmi_text_clear(&first);
    ssmi_text_clear(&second);
}

/* Where the vertical rules of a figure stand, across; they are what is drawn in the seventh colour. */
static size_t find_rules(const char *svg, double *x, size_t most)
{
    size_t count = 0;
    for (const char *p = strstr(svg, "<path"); p != NULL; p = strstr(p + 1, "<path")) {
        const char *end = strstr(p, "/>"), *ink = strstr(p, "var(--ink-6)"), *d = strstr(p, " d=\"M ");
        if (end == NULL || ink == NULL || d == NULL || ink > end || d > end || count == most) continue;
        x[count++] = strtod(d + 6, NULL);
    }
    return count;
}

/* Two panels, one with points and wide numbers beside it: the same place is equally far across in both. */
static void aligned_panels_have_one_axis(void **state)
{
    fixture *f = *state;
    static const double large[] = {1e6, 5e6, 2e6, 8e6}, small[] = {1, 2, 1, 3}, at[] = {2};
    if (!ssmi_plots_available()) skip();
    for (int aligned = 0; aligned < 2; aligned++) {
        ssmi_layer layer[4] = {
            {.kind = SSMI_LAYER_POINTS, .n = 4, .y = large, .ink = SSMI_INK_SERIES},
            {.kind = SSMI_LAYER_RULE, .n = 1, .x = at, .ink = SSMI_INK_SERIES + 6},
            {.kind = SSMI_LAYER_LINE, .n = 3, .first = 1, .y = small, .ink = SSMI_INK_SERIES},
            {.kind = SSMI_LAYER_RULE, .n = 1, .x = at, .ink = SSMI_INK_SERIES + 6}};
        ssmi_panel panel[2] = {{.n_layers = 2, .layer = layer}, {.n_layers = 2, .layer = layer + 2}};
        ssmi_figure figure = {
            .width = 300, .height = 200, .columns = 1, .aligned = aligned, .n_panels = 2, .panel = panel};
        double x[3] = {0, 0, 0};
        ssmi_text out;
        ssmi_text_init(&out, f->ctx);
        assert_int_equal(ssmi_figure_inline(f->ctx, &figure, "x", "", &out), SSM_OK);
        assert_int_equal(find_rules(out.bytes, x, 3), 2);
        assert_int_equal(fabs(x[0] - x[1]) < 1e-6, aligned);
        assert_true(x[1] > 0 && x[1] < 300);
        ssmi_text_clear(&out);
    }
}

static void degenerate_data_is_drawn_without_failure(void **state)
{
    fixture *f = *state;
    static const double nothing[] = {NAN, NAN}, flat[] = {3, 3}, negative[] = {-1, -2};
    const double *data[] = {nothing, flat, negative};
    if (!ssmi_plots_available()) skip();
    for (size_t i = 0; i < 3; i++) {
        for (int log = 0; log < 2; log++) {
            ssmi_layer layer = {.kind = SSMI_LAYER_POINTS, .n = 2, .y = data[i], .ink = SSMI_INK_SERIES + 9};
            ssmi_panel panel = {.n_layers = 1, .layer = &layer};
            ssmi_figure figure = {.width = 90, .height = 60, .n_panels = 1, .panel = &panel};
            ssmi_text out;
            panel.y.kind = log ? SSMI_SCALE_LOG : SSMI_SCALE_LINEAR;
            ssmi_text_init(&out, f->ctx);
            assert_int_equal(ssmi_figure_inline(f->ctx, &figure, "x", "", &out), SSM_OK);
            assert_null(strstr(out.bytes, "nan"));
            ssmi_text_clear(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suffix_decides_the_file_format),
        cmocka_unit_test(unknown_suffix_is_refused_and_named),
        cmocka_unit_test(build_without_plots_says_so),
        cmocka_unit_test(inline_figure_uses_variables_and_its_own_ids),
        cmocka_unit_test(same_figure_gives_the_same_bytes),
        cmocka_unit_test(aligned_panels_have_one_axis),
        cmocka_unit_test(degenerate_data_is_drawn_without_failure),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
